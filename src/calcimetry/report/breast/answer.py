"""What is said of each breast: groups in one sentence, what each view shows, and the scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcimetry.core.case import Case
from calcimetry.core.errors import UnknownIdError
from calcimetry.core.group import Group
from calcimetry.core.measurement import Grade
from calcimetry.knowledge.load import source
from calcimetry.report.breast.kinds import Found, leading
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.tables import counted_in, extent_of, told_of
from calcimetry.report.breast.words import SIDES, percent_text, side_title, view_title, word_short
from calcimetry.report.words import number_text, visible

__all__ = ["BreastAnswer", "Scale", "breast_answers", "shows"]

_NAMED = 3
"""Groups that the sentence names."""
_PLAIN = 0.9
"""Words at least so likely stand without their probability."""
_RANGE = "BI-RADS"


@dataclass(frozen=True, slots=True)
class Scale:
    """One grade with the title of its source; ``view``: of which view it is, where it is of one of several."""

    grade: Grade
    source: str
    view: str = ""


@dataclass(frozen=True, slots=True)
class BreastAnswer:
    """One breast. ``views``: title of each view and what it shows; ``ranges``: categories that are proposed.

    ``no_range``: why none is.
    """

    title: str
    laterality: str | None
    sentence: str
    views: tuple[tuple[str, str], ...]
    ranges: tuple[Scale, ...]
    no_range: tuple[str, ...]
    scales: tuple[Scale, ...]
    not_graded: tuple[Grade, ...]


def breast_answers(case: Case, found: Sequence[Found]) -> tuple[BreastAnswer, ...]:
    """One answer for each breast, the right one first; images of unknown side each by itself."""
    sides: dict[str, list[Found]] = {}
    for one in found:
        side = one.image.laterality or ""
        sides.setdefault(side if side in SIDES else f"?{one.image.id}", []).append(one)
    order = {"R": 0, "L": 1, "B": 2}
    keys = sorted(sides, key=lambda key: (order.get(key, 3), key))
    out = [_answer(case, key, sides[key], len(keys)) for key in keys]
    common = _common(case, len(keys))
    return (*out, common) if common is not None else tuple(out)


def _answer(case: Case, key: str, found: Sequence[Found], breasts: int) -> BreastAnswer:
    side = key if key in SIDES else None
    images = {one.image.id for one in found}
    order = [one.image.id for one in found]
    grades = [g for g in case.grades if g.site == "breast" and _about(g, side, images, breasts)]
    grades.sort(key=lambda g: order.index(g.image) if g.image in order else -1)
    title = side_title(side)
    if side is None and breasts > 1:
        title += f" ({', '.join(visible(name) for name in sorted(images))})"
    titles = {one.image.id: view_title(one.image) for one in found} if len(found) > 1 else {}
    return BreastAnswer(title, side, _sentence(case, found), _views(found), *_scales(grades, titles))


def _about(grade: Grade, side: str | None, images: set[str], breasts: int) -> bool:
    if grade.laterality is not None:
        return grade.laterality == side
    return grade.image in images if grade.image is not None else breasts == 1


def _common(case: Case, breasts: int) -> BreastAnswer | None:
    """Grades of the person, where there is more than one breast."""
    grades = [g for g in case.grades if g.site == "breast" and g.laterality is None and g.image is None]
    if breasts < 2 or not grades:
        return None
    return BreastAnswer("Both breasts together", None, "", (), *_scales(grades, {}))


def _scales(
    grades: Sequence[Grade], titles: Mapping[str, str]
) -> tuple[tuple[Scale, ...], tuple[str, ...], tuple[Scale, ...], tuple[Grade, ...]]:
    """Ranges, why there is none, other scales, and those that were not graded."""
    ranges = [g for g in grades if g.scale.startswith(_RANGE)]
    others = [g for g in grades if g not in ranges]
    return (
        tuple(Scale(g, _source(g.source)) for g in ranges if g.category is not None),
        tuple(visible(g.reason or "no reason is given") for g in ranges if g.category is None),
        tuple(Scale(g, _source(g.source), titles.get(g.image or "", "")) for g in others if g.category is not None),
        tuple(g for g in others if g.category is None),
    )


def _source(source_id: str) -> str:
    try:
        row = source(source_id)
    except UnknownIdError:
        return visible(source_id)
    return f"{row.title} ({row.year})" if row.year else row.title


def _sentence(case: Case, found: Sequence[Found]) -> str:
    """The groups of a breast in one sentence; a group that several views show is counted once."""
    reported = sorted((g for one in found for g in one.reported), key=lambda g: -g.confidence)
    if not reported:
        some = any(one.counted for one in found)
        views = "" if len(found) == 1 else " in any of its views"
        return f"No group of calcifications is reported{views}{'' if some else ', and none was counted'}."
    sets = _same(reported)
    titles = {image.id: view_title(image) for image in case.images}
    images = {image.id: image for image in case.images}
    several, counted = len(found) > 1, counted_in(case)
    named = []
    for held in sets[:_NAMED]:
        first = held[0]
        parts = [_sure(first, word) for word in (first.distribution, first.morphology) if word]
        parts.append(f"{told_of(first, counted)} over {extent_of(first, images[first.image])}")
        seen = " and ".join(f"{g.id} in {titles[g.image]}" if several else g.id for g in held)
        named.append(f"{visible(seen)} ({', '.join(parts)})")
    more = f", and {len(sets) - _NAMED} more" if len(sets) > _NAMED else ""
    head = "One group of calcifications is" if len(sets) == 1 else f"{len(sets)} groups of calcifications are"
    return f"{head} reported: {'; '.join(named)}{more}."


def _sure(group: Group, word: str) -> str:
    """The word, with its probability where others are nearly as likely."""
    sure = next((one.probability for one in group.words if one.word == word), None)
    return word_short(word) if sure is None or sure >= _PLAIN else f"{word_short(word)} {percent_text(sure)}"


def _same(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups put together that are likely the same calcium in several views, the surest first."""
    sets: list[list[Group]] = []
    for group in groups:
        joined = [held for held in sets if any(group.id in g.seen_in or g.id in group.seen_in for g in held)]
        if joined:
            joined[0].append(group)
            for other in joined[1:]:
                joined[0].extend(other)
                sets.remove(other)
        else:
            sets.append([group])
    return sets


def _views(found: Sequence[Found]) -> tuple[tuple[str, str], ...]:
    most = BreastPageSettings().max_views
    told = tuple((view_title(one.image), shows(one)) for one in leading(found, most))
    return told if len(found) <= most else (*told, ("further", f"{len(found) - most} views stand in the files"))


def shows(found: Found) -> str:
    """What one view shows, in numbers."""
    n = len(found.reported)
    counted = found.counted
    parts = [f"{n} group{'' if n == 1 else 's'}", f"{counted} calcification{'' if counted == 1 else 's'} counted"]
    if found.larger and found.image.spacing_mm is not None:
        parts.append(f"{len(found.larger)} of them larger than {BreastPageSettings().larger_mm:g} mm")
    kinds = found.benign_kinds()
    if kinds:
        parts.append(f"of a typically benign form: {', '.join(f'{name} {k}' for name, k in kinds)}")
    if found.arteries:
        many = len(found.arteries)
        length = found.scores.get("arterial_length")
        along = "" if length is None else f", {number_text(length)} mm in all"
        parts.append(f"{many} stretch{'' if many == 1 else 'es'} of calcified artery{along}")
    elif "artery_count" in found.scores:
        parts.append("no calcified artery found, short or faint ones aside")
    return "; ".join(parts)
