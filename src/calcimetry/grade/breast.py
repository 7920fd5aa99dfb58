"""The range of BI-RADS categories that the calcium of one breast suggests. It is never more: a reader decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Grade
from calcimetry.core.views import WorkUp, enlarged, single_slice, whole, work_up
from calcimetry.grade.range_rows import Reach, judged, name_and_edition, source_of, spoken, widest
from calcimetry.knowledge.breast_words import arrangements, benign, class_of, forms, forms_of_group

__all__ = ["BreastView", "suggested_ranges"]

_FROM = ("group_count", "count")
_SLICES = "single slices of tomosynthesis: a group reaches through several, so none is judged by them alone"
_SPECIMEN = "a specimen, not a breast"
_NO_SCALE = "the size of a pixel is not known (--spacing gives it), so that sizes and distances are not either"
_IN_PART = "the views show a part of the breast only: nothing found there says nothing of the rest"
_NO_WORD = "no word could be given for the form of {}"
_CALCIUM = "by calcification alone: masses, distortions and asymmetries were not looked at, earlier images not compared"


@dataclass(frozen=True, eq=False)
class BreastView:
    """One view with what was found in it."""

    projection: Projection
    lesions: Sequence[Lesion] = ()
    groups: Sequence[Group] = ()


def suggested_ranges(views: Sequence[BreastView]) -> tuple[Grade, ...]:
    """One row for each breast: the categories that a reader will mostly consider.

    Parameters
    ----------
    views : sequence of BreastView
        All views that were looked at. Those of one side are one breast; a view without a side stands for itself.

    Returns
    -------
    tuple of Grade
        Right before left, then views of unknown side. ``estimated``, or ``withheld`` with the reason. Without
        magnification views nothing but 0, 1 and 2 is said.
    """
    breasts = _breasts(views)
    classes = {side: _scattered(mine) for side, mine in breasts.items()}
    found = []
    for side, mine in breasts.items():
        others = set().union(*(words for other, words in classes.items() if other != side and other in ("L", "R")))
        found.append(_row(mine, side if side in ("L", "R") else None, others if side in ("L", "R") else set()))
    return tuple(found)


def _breasts(views: Iterable[BreastView]) -> dict[str, list[BreastView]]:
    found: dict[str, list[BreastView]] = {}
    for one in views:
        side = one.projection.laterality
        found.setdefault(side if side in ("L", "R") else f"image {one.projection.id}", []).append(one)
    return dict(sorted(found.items(), key=lambda item: (item[0] not in ("L", "R"), item[0] == "L")))


def _scattered(views: Iterable[BreastView]) -> set[str]:
    """Classes of form that lie scattered through a breast."""
    groups = [g for one in views for g in one.groups if g.reported and g.distribution == "diffuse"]
    return {class_of(word) for g in groups for word in forms(g)[:1]}


def _row(views: Sequence[BreastView], side: str | None, other_side: set[str]) -> Grade:
    if all(one.projection.view == "specimen" for one in views):
        return _grade(views, side, None, [_SPECIMEN])
    usable = [one for one in views if not single_slice(one.projection) and one.projection.view != "specimen"]
    if not usable:
        return _grade(views, side, None, [_SLICES])
    far = work_up(one.projection for one in usable)
    reached, lacking = _of_groups(usable, far, other_side)
    if reached is not None:
        # What could not be judged stays open beside it, and is named.
        return _grade(views, side, reached, [*lacking, *_caveats(usable, far)])
    if lacking:
        return _grade(views, side, None, lacking)
    if any(one.projection.pixel_mm is None for one in usable):
        return _grade(views, side, None, [_NO_SCALE])
    if not any(whole(one.projection) for one in usable):
        return _grade(views, side, None, [_IN_PART])
    return _grade(views, side, _without_groups(usable), _caveats(usable, far))


def _of_groups(views: Sequence[BreastView], far: WorkUp, other_side: set[str]) -> tuple[Reach | None, list[str]]:
    """The range of all reported groups together, and why some could not be judged."""
    found: list[Reach] = []
    lacking: list[str] = []
    members = {lesion.id: lesion for one in views for lesion in one.lesions}
    for group in (g for one in views for g in one.groups if g.reported):
        classes: list[str | None] = [*dict.fromkeys(class_of(word) for word in forms_of_group(group, members))] or [
            None
        ]
        spread: tuple[str | None, ...] = arrangements(group) or (None,)
        facts: list[dict[str, Any]] = [
            {"views": far, "form": form, "distribution": lies, "both_sides": form in other_side}
            for form, lies in product(classes, spread)
        ]
        answers = [judged({k: v for k, v in one.items() if v is not None}) for one in facts]
        if any(answer is None for answer in answers):
            lacking.append(_NO_WORD.format(group.id) if classes == [None] else f"no rule holds for {group.id}")
        held = [answer for answer in answers if answer is not None]
        if held:
            found.append(widest(held, one_group=True))
    reached = widest(found, one_group=False) if found else None
    # A benign or probably benign neighbor does not speak for a group that could not be judged.
    return (None, lacking) if lacking and reached is not None and not reached.suspicious else (reached, lacking)


def _without_groups(views: Sequence[BreastView]) -> Reach:
    loose = [x for one in views for x in one.lesions if x.counted and x.kind == "calcification"]
    typed = [x for x in loose if benign(x, or_round=True)]
    if not loose:
        return spoken("1", "1", "no calcification was counted", "memory")
    if len(typed) == len(loose):
        return spoken("2", "2", "calcification of typically benign form alone", "verified")
    rest = len(loose) - len(typed)
    many = "one single calcification has" if rest == 1 else f"{rest} single calcifications have"
    says = f"no group was reported; {many} no word of a benign form"
    return spoken("1", "2", says, "memory")


def _caveats(views: Sequence[BreastView], far: WorkUp) -> list[str]:
    taken = [one.projection for one in views]
    found = [_CALCIUM]
    if far == "screening" and any("spot" in one.view_modifiers for one in taken):
        found.append("spot views without magnification do not settle a group")
    if any(one.implant and "implant_displaced" not in one.view_modifiers for one in taken):
        displaced = any("implant_displaced" in one.view_modifiers for one in taken)
        found.append(
            "an implant hides a part of the breast" + (", less so in the displaced views" if displaced else "")
        )
    if any(one.kind == "synthetic" for one in taken):
        found.append("a view computed from slices may show calcium that is none")
    if any(one.kind == "picture" for one in taken):
        found.append("a picture without header: which view it is, and what others there are, is not known")
    elif len({one.view for one in taken if whole(one)}) < 2 and not any(enlarged(one) for one in taken):
        found.append("one view of this breast only; screening takes two")
    return found


def _grade(views: Sequence[BreastView], side: str | None, reached: Reach | None, why: Sequence[str]) -> Grade:
    name, edition = name_and_edition()
    images = {one.projection.id for one in views}
    return Grade(
        scale=name,
        edition=edition,
        site="breast",
        category=None if reached is None else reached.category,
        from_=_FROM,
        status="withheld" if reached is None else "estimated",
        source=source_of(),
        image=images.pop() if len(images) == 1 else None,
        reason="; ".join(dict.fromkeys([*(reached.says if reached else ()), *why])) or None,
        meaning=None if reached is None else reached.meaning,
        laterality=side,
    )
