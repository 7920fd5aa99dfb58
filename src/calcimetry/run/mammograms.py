"""The way of a mammogram: map, detect, describe, measure; then what only all views together tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from calcimetry import describe, detect, grade, locate, measure
from calcimetry.assign.breast import SeenBreast, side_notes, two_views
from calcimetry.core.case import ImageInfo
from calcimetry.core.image import Contrast, Projection
from calcimetry.core.measurement import Grade
from calcimetry.core.note import Note
from calcimetry.core.study import Subject
from calcimetry.run.looked import Looked, Progress, timed

__all__ = ["REFUSALS", "TABLES", "graded", "look_mammogram", "together"]

TABLES = describe.TABLES
"""Tables that are read for mammograms alone."""
REFUSALS = ("no-breast", "radiograph")
"""Notes that say why a projection was not looked at."""
_RADIOGRAPH = "a radiograph of another part than the breast (read without fault): not assessed in this version"
_NO_BREAST = "no breast was found in this projection: nothing in it was looked at"


def look_mammogram(projection: Projection, seconds: dict[str, float], tell: Progress) -> Looked:
    """Locate, detect, describe and measure in one projection."""
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
        lesions = measure.projected(projection, said.lesions)
        scores = measure.breast_scores(projection, lesions, said.groups)
    arteries = grade.csbi_score(scores)
    return Looked(
        projection,
        _info(projection, (*found.notes, *seen.notes, *said.notes), True),
        (found.regions,),
        lesions,
        said.groups,
        (*scores, arteries) if arteries else scores,
        looked_at={"breast": ()},
        breast=found,
    )


def together(looked: Sequence[Looked], seconds: dict[str, float]) -> list[Looked]:
    """What two views of a breast and two breasts tell together: partners, quadrants, and notes on the sides."""
    with timed(seconds, "assign"):
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
