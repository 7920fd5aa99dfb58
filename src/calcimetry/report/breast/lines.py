"""Mammograms in a terminal: groups first, then larger calcifications and arteries, then what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calcimetry.core.case import Case
from calcimetry.report.breast.answer import BreastAnswer, breast_answers
from calcimetry.report.breast.kinds import Found, found_in, leading, mammograms
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.tables import GroupRow, group_rows
from calcimetry.report.breast.words import percent_text, sure_text
from calcimetry.report.words import visible

__all__ = ["breast_lines"]

_GROUPS = 8
"""Groups of each view that are named; the page and groups.tsv name all."""
_NEAR = 2
"""Groups below the operating point that are named, where fewer are reported."""


def breast_lines(case: Case) -> Iterator[str]:
    """What is said of each breast, then a table of groups for each view; nothing where there are no mammograms."""
    s = BreastPageSettings()
    found = tuple(found_in(case, image, s) for image in mammograms(case))
    if not found:
        return
    for answer in breast_answers(case, found):
        yield from _answer(answer)
    yield ""
    rows = [row for one in leading(found, s.max_views) for row in _rows(case, one)]
    if rows:
        yield from _table(rows, several=len(found) > 1)
        said = ["in brackets: counted by themselves"] if any(row.own < row.count for row in rows) else []
        said += [] if all(row.group.reported for row in rows) else ["?: below the operating point, not reported"]
        if said:
            yield f"  {'; '.join(said)}"
    left = sum(len(one.reported) + len(one.maybe) for one in found) - len(rows)
    if left:
        yield f"  {left} more group{'' if left == 1 else 's'} in groups.tsv"
    yield from _left_out(found)


def _answer(answer: BreastAnswer) -> Iterator[str]:
    yield f"{answer.title}: {answer.sentence}" if answer.sentence else answer.title
    for one in answer.ranges:
        yield f"  {visible(one.grade.scale)}: {visible(one.grade.category or '')}; a proposal, never a final category"
    for one in answer.scales:
        scale = f"{visible(one.grade.scale)} {visible(one.grade.edition)}{f', {one.view}' if one.view else ''}"
        status = "" if one.grade.status == "final" else f", {one.grade.status}"
        yield f"  {scale}: {visible(one.grade.category or '')}{status}"
    for reason in answer.no_range:
        yield f"  ! No range of BI-RADS categories: {reason}"
    for title, what in answer.views:
        yield f"  {title}: {what}"


def _rows(case: Case, found: Found) -> tuple[GroupRow, ...]:
    near = max(0, _NEAR - len(found.reported))
    return group_rows(case, found.image, (*found.reported[:_GROUPS], *found.maybe[:near]))


def _table(rows: Sequence[GroupRow], *, several: bool) -> Iterator[str]:
    cells = [("group", "row, column", "specks", "extent", "arrangement", "form", "sure", "")]
    for row in rows:
        _, down, across = row.group.center_index
        place = " ".join(
            part for part in (row.view if several else "", f"{down:.0f}, {across:.0f}", row.quadrant.lower()) if part
        )
        seen = f"also {', '.join(row.seen_in)}" if row.seen_in else ""
        cells.append(
            (
                row.id if row.group.reported else f"{row.id} ?",
                place,
                str(row.count) if row.own >= row.count else f"{row.count} ({row.own})",
                row.extent,
                _word(row.distribution),
                _word(row.morphology),
                sure_text(row.group.confidence),
                seen,
            )
        )
    wide = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    for shown in cells:
        line = "  ".join(
            f"{cell:>{wide[n]}}" if n in (2, 3, 6) else f"{cell:<{wide[n]}}" for n, cell in enumerate(shown)
        )
        yield f"  {line}".rstrip()


def _word(found: Sequence[tuple[str, float | None]]) -> str:
    if not found:
        return "-"
    title, p = found[0]
    return title if p is None else f"{title} {percent_text(p)}"


def _left_out(found: Sequence[Found]) -> Iterator[str]:
    held: dict[tuple[str, str], int] = {}
    for one in found:
        for kind, why, n in one.left_out():
            held[(kind, why)] = held.get((kind, why), 0) + n
    if held:
        named = "; ".join(
            f"{n} {'' if kind == 'calcification' else f'{kind}, '}{why}" for (kind, why), n in held.items()
        )
        yield f"Not counted: {named}"
