"""The case in a terminal: at most forty lines of plain text, the withheld before the numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from calcimetry._version import __version__
from calcimetry.core.case import Case
from calcimetry.core.measurement import Score
from calcimetry.report.answer import Answer, answers, by_weight, cautions, place_text, top_notes, where
from calcimetry.report.breast import without_mammograms
from calcimetry.report.breast.lines import breast_lines
from calcimetry.report.heart.lines import heart_lines, told_sites
from calcimetry.report.words import (
    interval_text,
    number_text,
    score_title,
    site_title,
    structure_title,
    subject_line,
    unit_text,
    visible,
)

__all__ = ["MAX_LINES", "text"]

MAX_LINES = 40
WIDTH = 100
_MAX_ANSWERS, _MAX_LESIONS, _MAX_NOTES = 6, 6, 4


def text(case: Case) -> str:
    """A summary for the terminal: no name, no control characters, no line longer than 100 characters.

    Notes come first where a number is withheld; each number stands with its 95 % interval.

    >>> print(text(Case()).splitlines()[0])
    calcimetry ...: unverified, no medical device
    """
    lines = [f"calcimetry {__version__}: unverified, no medical device", *_head(case), ""]
    rest = without_mammograms(case)
    found = answers(rest)
    lines += [f"! {visible(note.text)}" for note in top_notes(case)[:_MAX_NOTES]]
    projected = list(breast_lines(case))
    lines += [*projected, ""] if projected else []
    told = told_sites(rest)
    # Where sites have calcium of their own, "nothing left without an organ" is no news.
    news = [a for a in found if a.site != "unassigned" or a.lesions or not told]
    full = [a for a in news if (a.site, a.image) not in told]
    in_table = [a for a in found if (a.site, a.image) in told]
    for answer in in_table[:1]:
        lines += [*_answer(answer, brief=False, parts=False), "", *heart_lines(rest)]
    lines += _short(in_table[1:])
    for n, answer in enumerate(full[:_MAX_ANSWERS]):
        lines += [*_answer(answer, brief=bool(in_table or n) and len(found) > 2, parts=True), ""]
    if told and not in_table:
        lines += heart_lines(rest)
    if not found and not projected:
        lines += ["No score was computed.", ""]
    if len(full) > _MAX_ANSWERS:
        lines += [f"{len(full) - _MAX_ANSWERS} further sites stand in the results.", ""]
    if rest.images or not projected:
        lines += _lesions(rest)
    lines += _rest(case)
    shown = [part for line in lines for part in _fit(line)]
    if len(shown) > MAX_LINES:
        shown = [*shown[: MAX_LINES - 1], "... the rest stands in analysis.json and page.html"]
    return "\n".join(shown).rstrip() + "\n"


def _fit(line: str) -> list[str]:
    """The line, folded at words into at most three."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=f"{indent}    ", drop_whitespace=True, max_lines=3, placeholder=" ..."
    )


def _head(case: Case) -> Iterator[str]:
    dates = sorted({image.study_date for image in case.images if image.study_date})
    parts = [
        ", ".join(visible(date) for date in dates),
        subject_line(case.subject, with_name=False),
        f"{len(case.images)} image{'' if len(case.images) == 1 else 's'}",
    ]
    yield "; ".join(part for part in parts if part)


def _short(found: Sequence[Answer]) -> Iterator[str]:
    """Sites in a line each, where a table above holds their structures; those without calcium in one line."""
    empty: list[str] = []
    for answer in found:
        scores = [s for s in (answer.headline, *answer.totals) if s is not None and s.value is not None][:2]
        if not scores:
            yield from (f"! {answer.title}: {names}: {visible(reason)}" for names, reason in answer.withheld)
        elif answer.lesions:
            grades = [f"{visible(g.scale)} {visible(g.category or '')}" for g in answer.grades[:2]]
            yield f"{answer.title}: {'; '.join([*map(_in_a_line, scores), *grades])}"
        else:
            empty.append(answer.title.lower())
    if empty:
        yield f"No calcium counted: {', '.join(empty)}"
    if found:
        yield ""


def _in_a_line(score: Score) -> str:
    title = score_title(score.name)
    parts = (
        title if score.name == "agatston" else title.lower(),
        number_text(score.value, score.name),
        unit_text(score.unit),
        _between(interval_text(score)),
        "" if score.status == "final" else score.status,
    )
    return " ".join(part for part in parts if part)


def _answer(answer: Answer, *, brief: bool, parts: bool) -> Iterator[str]:
    yield f"{answer.title} (image {visible(answer.image)})"
    for names, reason in answer.withheld:
        yield f"  ! {names}: {visible(reason)}"
    rows: list[tuple[str, str, str, str]] = []
    scores = [s for s in (answer.headline, *answer.totals) if s is not None and s.value is not None]
    for score in scores:
        mark = "" if score.status == "final" else score.status
        rows.append((score_title(score.name), number_text(score.value, score.name), unit_text(score.unit), ""))
        rows[-1] = (*rows[-1][:3], "  ".join(part for part in (_between(interval_text(score)), mark) if part))
        if score is answer.headline and parts and not brief:
            rows += [
                (
                    f"  {structure_title(part.structure)}",
                    number_text(part.value, part.name),
                    "",
                    _between(interval_text(part)),
                )
                for part in answer.parts
            ]
    wide = [max((len(row[n]) for row in rows), default=0) for n in range(3)]
    for name, number, unit, rest in rows:
        yield f"  {name:<{wide[0]}}  {number:>{wide[1]}} {unit:<{wide[2]}}  {rest}".rstrip()
    for grade in answer.grades[: 2 if brief else 4]:
        status = "" if grade.status == "final" else f", {grade.status}"
        yield f"  {visible(grade.scale)} {visible(grade.edition)}: {visible(grade.category or '')}{status}"
    if answer.not_graded:
        yield f"  Not graded: {', '.join(visible(grade.scale) for grade in answer.not_graded)}"


def _between(interval: str) -> str:
    return f"({interval})" if interval else ""


def _lesions(case: Case) -> Iterator[str]:
    counted = by_weight([lesion for lesion in case.lesions if lesion.counted])
    yield f"Lesions: {len(case.lesions)} found, {len(counted)} counted{', heaviest first' if len(counted) > 1 else ''}"
    rows = [
        (
            visible(lesion.id),
            where(lesion)[-1],
            f"{visible(lesion.image)} {place_text(lesion)}",
            *(
                number_text(m.value, name) if (m := lesion.measures.get(name)) else ""
                for name in ("agatston", "volume", "peak")
            ),
            f"{lesion.confidence:.2f}",
        )
        for lesion in counted[:_MAX_LESIONS]
    ]
    if not rows:
        return
    rows.insert(0, ("", "", "", "Agatston", "mm³", "peak HU", "confidence"))
    wide = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        left = "  ".join(f"{cell:<{wide[n]}}" for n, cell in enumerate(row[:3]))
        right = "  ".join(f"{cell:>{wide[n]}}" for n, cell in enumerate(row) if n > 2)
        yield f"  {left}  {right}".rstrip()


def _rest(case: Case) -> Iterator[str]:
    if case.not_assessed:
        yield _listed(
            "Not assessed", (f"{site_title(n.site).lower()} ({visible(n.reason)})" for n in case.not_assessed)
        )
    for image, note in cautions(case)[:_MAX_NOTES]:
        yield f"Caution, image {visible(image)}: {visible(note.text)}"


def _listed(title: str, items: Iterable[str]) -> str:
    return f"{title}: " + "; ".join(items)
