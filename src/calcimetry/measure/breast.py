"""Stage: what one view of a breast adds up to: calcifications, reported groups, and the calcified arteries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum

import numpy as np
from scipy import ndimage

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score, Settings
from calcimetry.measure.projected import feret

__all__ = ["BREAST_SCORE_UNITS", "ArterialSettings", "breast_scores", "coarse"]

BREAST_SCORE_UNITS = {
    "count": "1",
    "group_count": "1",
    "artery_count": "1",
    "coarse_artery_count": "1",
    "arterial_length": "mm",
}
"""Scores of a breast in one view, with their units (UCUM)."""
_VASCULAR = "br_vascular"
_NO_ARTERY = (
    "no calcified artery was found: short or faint ones, and points alone, may be missed, so that no length is told"
)
_FOUND = "of the courses that were found: what is calcified is mostly longer, by how much is not known"
_NO_SCALE = "the size of a pixel is not known (--spacing gives it), and with it no length"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArterialSettings:
    """Choices behind the arteries of a breast; all are ours."""

    run_mm: float = 3.0
    """An artery is coarse or a tram-track where one unbroken part of its outline is at least so long; one that has only
    shorter parts is a row of points, which are mostly below 1 mm."""


def breast_scores(
    projection: Projection,
    lesions: Sequence[Lesion],
    groups: Sequence[Group],
    settings: ArterialSettings = ArterialSettings(),
) -> tuple[Score, ...]:
    """What one view shows, each score exactly once.

    Parameters
    ----------
    projection : Projection
    lesions : sequence of Lesion
        An artery is one with the word ``br_vascular``; its length [mm] stands in its evidence as ``length_mm``.
    groups : sequence of Group
    settings : ArterialSettings

    Returns
    -------
    tuple of Score
        ``count`` of counted calcifications (an artery is one), ``group_count`` of reported groups, ``artery_count``,
        and of the arteries ``coarse_artery_count`` (see :func:`coarse`) and ``arterial_length``, the sum of the lengths
        of their courses [mm]. Where the pixel is unknown the last two are withheld; the length also where no artery was
        found: a length of 0 would be a statement about the vessels, not about the search.
    """
    arteries = [one for one in lesions if one.counted and _VASCULAR in one.pattern]
    values: dict[str, float | None] = {
        "count": float(sum(one.counted for one in lesions)),
        "group_count": float(sum(one.reported for one in groups)),
        "artery_count": float(len(arteries)),
        "coarse_artery_count": None,
        "arterial_length": None,
    }
    why = dict.fromkeys(("coarse_artery_count", "arterial_length"), _NO_SCALE)
    if projection.pixel_mm is not None:
        pitch = projection.pixel_mm
        values["coarse_artery_count"] = float(sum(coarse(one, pitch, settings) for one in arteries))
        if arteries:
            values["arterial_length"] = round(fsum(one.evidence.get("length_mm", 0.0) for one in arteries), 1)
        why = {"arterial_length": _FOUND if arteries else _NO_ARTERY}
    said: dict[str, Settings] = {"coarse_artery_count": asdict(settings)}
    return tuple(_score(projection, name, value, why.get(name), said.get(name, {})) for name, value in values.items())


def coarse(artery: Lesion, pixel_mm: tuple[float, float], settings: ArterialSettings = ArterialSettings()) -> bool:
    """Whether an artery is calcified in coarse pieces or as a tram-track, not in points alone."""
    if artery.mask is None:
        return False
    labels, count = ndimage.label(artery.mask.bits[0], structure=np.ones((3, 3), bool))
    boxes = ndimage.find_objects(labels)
    return any(feret(labels[boxes[n]] == n + 1, pixel_mm) >= settings.run_mm for n in range(count))


def _score(projection: Projection, name: str, value: float | None, why: str | None, said: Settings) -> Score:
    held = value is None
    return Score(
        name, "breast", "total", projection.id, value, BREAST_SCORE_UNITS[name],
        status="withheld" if held else "final", reason=why, settings=said,
    )  # fmt: skip
