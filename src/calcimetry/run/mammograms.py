"""The way of a mammogram: map, detect, describe, measure; then what only all views together tell."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

import numpy as np

from calcimetry import describe, detect, grade, locate, measure
from calcimetry.assign.breast import SeenBreast, over_slices, side_notes, stack_of, two_views
from calcimetry.core.case import ImageInfo
from calcimetry.core.errors import InputError
from calcimetry.core.image import Contrast, Projection
from calcimetry.core.measurement import Grade, Score
from calcimetry.core.note import Note
from calcimetry.core.study import Subject
from calcimetry.core.views import single_slice
from calcimetry.run.looked import Looked, Progress, timed

__all__ = ["REFUSALS", "TABLES", "graded", "look_mammogram", "together"]

TABLES = (*describe.TABLES, *measure.PROJECTION_TABLES)
"""Tables that are read for mammograms alone."""
REFUSALS = ("no-breast", "radiograph")
"""Notes that say why a projection was not looked at."""
_RADIOGRAPH = "a radiograph of another part than the breast (read without fault): not assessed in this version"
_LINKED = (
    "slices of tomosynthesis: what neighboring ones show at one place is counted once, where it is sharpest, and "
    "groups within about 10 mm of height are one; tried on simulated slices only"
)
_NO_BREAST = "no breast was found in this projection: nothing in it was looked at"


def look_mammogram(
    projection: Projection, seconds: dict[str, float], tell: Progress, *, intervals: bool = True
) -> Looked:
    """Locate, detect, describe and measure in one projection.

    Raises
    ------
    InputError
        A pixel is no finite number.
    """
    _finite(projection)
    if not projection.breast and projection.kind != "picture":
        return Looked(projection, _info(projection, (Note("radiograph", _RADIOGRAPH),), False))
    with timed(seconds, "locate"):
        tell(f"locating in {projection.id}", 0, 0)
        found = locate.breast_map(projection)
    if found is None:
        return Looked(projection, _info(projection, (Note("no-breast", _NO_BREAST),), False))
    with timed(seconds, "detect"):
        tell(f"detecting in {projection.id}", 0, 0)
        seen = detect.look_breast(projection, found.regions, found.mm)
    with timed(seconds, "describe"):
        tell(f"describing in {projection.id}", 0, 0)
        mm = None if found.assumed else found.mm
        said = describe.breast(
            projection, seen.lesions, seen.groups, found.regions, mm, nipple_index=found.nipple_index
        )  # fmt: skip
    with timed(seconds, "measure"):
        lesions = measure.projected(projection, said.lesions, intervals=intervals)
    made = Looked(
        projection,
        _info(projection, (*found.notes, *seen.notes, *said.notes), True),
        (found.regions,),
        lesions,
        measure.with_extents(said.groups) if intervals else said.groups,
        looked_at={"breast": ()},
        breast=found,
        models=(*detect.MODELS, *describe.MODELS),
    )
    with timed(seconds, "measure"):
        return replace(made, scores=_scores(made))


def _finite(projection: Projection) -> None:
    """Refuse pixels that are no numbers: readers never hand them on, callers of the Python API may."""
    pixels = projection.pixels
    if pixels.dtype.kind != "f" or (good := np.isfinite(pixels)).all():
        return
    raise InputError(
        "pixels that are no finite numbers",
        where=next((source.file for source in projection.sources if source.file), projection.id),
        found=f"{good.size - np.count_nonzero(good)} of {good.size} pixels not a number or infinite",
        expected="a finite number for each pixel",
        remedy="Where nothing was measured, give the lowest value and mark it in Projection.padded.",
    )


def together(looked: Sequence[Looked], seconds: dict[str, float]) -> list[Looked]:
    """What several images tell together: slices of one breast linked, then partners, quadrants, notes on the sides."""
    with timed(seconds, "assign"):
        looked = _linked(looked)
        views = [
            SeenBreast(one.image, one.lesions, one.groups, one.breast.nipple_index, one.breast.chest)
            for one in looked
            if isinstance(one.image, Projection) and one.breast is not None
        ]
        known = two_views(views)
        notes = side_notes(views)
    whole = {view.projection.id for view in views if view.family is not None}
    return [
        replace(
            one,
            groups=tuple(known.get(group.id, group) for group in one.groups),
            info=replace(one.info, notes=(*one.info.notes, *notes)) if one.image.id in whole else one.info,
        )
        for one in looked
    ]


def _linked(looked: Sequence[Looked]) -> list[Looked]:
    """What neighboring slices of tomosynthesis show of the same calcium, counted once; their sums anew."""
    views = [
        SeenBreast(one.image, one.lesions, one.groups)
        for one in looked
        if isinstance(one.image, Projection) and single_slice(one.image)
    ]
    lesions, groups = over_slices(views)
    if not lesions and not groups:
        return list(looked)
    made: list[Looked] = []
    linked: dict[tuple[object, ...] | None, int] = {}
    for one in looked:
        mine = replace(
            one,
            lesions=tuple(lesions.get(lesion.id, lesion) for lesion in one.lesions),
            groups=tuple(groups.get(group.id, group) for group in one.groups),
        )
        if isinstance(one.image, Projection) and _changed(one, lesions, groups):
            linked.setdefault(stack_of(one.image), len(made))
        made.append(replace(mine, scores=_scores(mine)) if "breast" in one.looked_at else mine)
    # Said once for each stack in which something was linked.
    for n in linked.values():
        notes = (*made[n].info.notes, Note("slices-linked", _LINKED, "caution"))
        made[n] = replace(made[n], info=replace(made[n].info, notes=notes))
    return made


def _changed(one: Looked, lesions: Container[str], groups: Container[str]) -> bool:
    return any(x.id in lesions for x in one.lesions) or any(x.id in groups for x in one.groups)


def _scores(one: Looked) -> tuple[Score, ...]:
    """Scores of a view, and the grade of its arteries; a slice alone has none."""
    if not isinstance(one.image, Projection):
        return one.scores
    scores = measure.breast_scores(one.image, one.lesions, one.groups)
    arteries = None if single_slice(one.image) else grade.csbi_score(scores)
    return (*scores, arteries) if arteries else scores


def graded(looked: Sequence[Looked], subject: Subject) -> tuple[Grade, ...]:
    """Grades that rest on words and groups, not on a score: the suggested range of each breast."""
    views = [
        grade.BreastView(one.image, one.lesions, one.groups)
        for one in looked
        if isinstance(one.image, Projection) and "breast" in one.looked_at
    ]
    return grade.suggested_ranges(views)


def _info(projection: Projection, notes: tuple[Note, ...], used: bool) -> ImageInfo:
    acquisition = projection.acquisition
    return ImageInfo(
        id=projection.id,
        modality=acquisition.modality,
        series_uid=acquisition.series_uid,
        study_date=acquisition.study_date,
        view=projection.view,
        laterality=projection.laterality,
        thickness_mm=acquisition.thickness_mm,
        files=len({source.file for source in projection.sources}) or 1,
        shape=(1, *projection.pixels.shape),
        spacing_mm=projection.pixel_mm,
        kvp=acquisition.kvp,
        kernel=None,
        contrast=Contrast(),
        gated=None,
        used_for=("breast",) if used else (),
        notes=(*projection.notes, *notes),
        series_description=acquisition.series_description,
        manufacturer=acquisition.manufacturer,
    )
