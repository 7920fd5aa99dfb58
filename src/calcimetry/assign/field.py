"""Which structures an image shows, so that a zero can be told from what was not looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calcimetry.assign.settings import AssignSettings
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions

__all__ = ["Shown", "shown"]

_HEART = ("coronary_artery", "aortic_valve", "mitral_annulus", "pericardium", "myocardium")
_ARTERIES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")
_PARTS = {
    "coronary_artery": _ARTERIES,
    "aorta_thoracic": ("ascending", "arch", "descending"),
}
_VESSELS = ("ascending", "arch", "descending")
_HEART_MM = 90.0
"""From the left main to the bottom of the heart: a field with less lung than this shows no whole heart."""
_CUT_MM = 8.0
"""The field may end so far above the bottom of the heart before it is said: the spread of that height."""
_CUT_SHARE = 0.25
"""A heart that still has this share of its largest section where the field ends goes on beyond it."""
_RIGHT_MM = 2.0
"""The middle of a heart lies left of the spine; so far right of it something is the other way round."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Sites that were looked at with the structures that get a row even where nothing was found.

    ``missing``: site -> why it was not looked at. ``notes`` on the image. ``chest``: whether both lungs
    are shown over the height of a heart.
    """

    sites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    chest: bool = True


def shown(volume: Volume, anatomy: Anatomy, body: Regions | None, settings: AssignSettings = AssignSettings()) -> Shown:
    """What this image shows of heart and great vessels.

    Parameters
    ----------
    volume : Volume
    anatomy : Anatomy
    body : Regions or None
        Of :func:`calcimetry.locate.body`; tells a chest from other parts where no landmark was found.
    settings : AssignSettings
    """
    sites: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}
    notes: list[Note] = []
    root = anatomy.points.get("root")
    if root is None or anatomy.confidence < settings.min_confidence:
        chest = _lungs_mm(body) >= _HEART_MM
        reason = (
            "the heart and the aorta were not found with confidence; give a region (--regions) to have it assessed"
            if chest
            else "the image shows no chest"
        )
        return Shown(
            {}, dict.fromkeys((*_HEART, "aorta_thoracic", "aorta_abdominal", "great_vessel"), reason), chest=chest
        )
    for site in _HEART:
        sites[site] = _PARTS.get(site, ())
    if any(name in anatomy.tubes for name in _VESSELS):
        sites["aorta_thoracic"] = tuple(name for name in _VESSELS if name in anatomy.tubes)
    else:
        missing["aorta_thoracic"] = "the thoracic aorta was not found"
    if "abdominal" in anatomy.tubes:
        sites["aorta_abdominal"] = ()
    else:
        missing["aorta_abdominal"] = "outside the field, or not found"
    if "arch" in anatomy.tubes:
        sites["great_vessel"] = ()
    else:
        missing["great_vessel"] = "the field does not reach the arch of the aorta"
    notes += _covered(volume, anatomy)
    if anatomy.confidence < settings.sure:
        text = (
            f"The landmarks of the heart are uncertain (confidence {anatomy.confidence:.2f}, 0 to 1): names of vessels "
            "must be checked by eye."
        )
        notes.append(Note("heart-landmarks", text, "caution"))
    right_mm = _right_of_spine(anatomy)
    if right_mm > _RIGHT_MM:
        text = (
            f"The middle of the heart lies {right_mm:.0f} mm right of the spine: a mirrored image, dextrocardia, or a "
            "displaced heart. Names of vessels must be checked by eye."
        )
        notes.append(Note("heart-landmarks", text, "caution"))
    return Shown(sites, missing, tuple(notes))


def _right_of_spine(anatomy: Anatomy) -> float:
    """How far the middle of the heart lies right of the spine at its height [mm]; negative: left, as expected."""
    heart, spine = anatomy.points.get("heart"), anatomy.tubes.get("spine")
    if heart is None or spine is None or len(spine.points_mm) == 0:
        return -np.inf
    beside = spine.points_mm[int(np.abs(spine.points_mm[:, 2] - heart.mm[2]).argmin())]
    return float(beside[0]) - heart.mm[0]


def _lungs_mm(body: Regions | None) -> float:
    """Height over which both lungs are shown [mm]."""
    if body is None:
        return 0.0
    lungs = [body.named(name) for name in ("lung_left", "lung_right")]
    if any(one is None for one in lungs):
        return 0.0
    both = np.logical_and.reduce([(body.labels == one.label).any(axis=(1, 2)) for one in lungs if one is not None])
    return float(both.sum()) * body.geometry.spacing_mm[0]


def _covered(volume: Volume, anatomy: Anatomy) -> list[Note]:
    """Whether the field holds the heart from the left main to its bottom."""
    grid = volume.geometry
    ends = np.asarray(grid.to_lps_mm(np.array([[0.0, 0.0, 0.0], [grid.shape[0] - 1.0, 0.0, 0.0]])))[:, 2]
    low, high = float(ends.min()), float(ends.max())
    origin, bottom = anatomy.points.get("left_ostium", anatomy.points["root"]).mm[2], anatomy.planes.get("heart_bottom")
    below, above = _cut_ends(anatomy.tissue)
    out = []
    if bottom is not None and low > bottom.mm[2] + _CUT_MM:
        text = f"The field ends about {low - bottom.mm[2]:.0f} mm above the bottom of the heart: calcium below it is "
        out.append(Note("heart-cut", text + "not in the numbers.", "caution"))
    elif below:
        text = "The field ends amid the heart: calcium below it is not in the numbers."
        out.append(Note("heart-cut", text, "caution"))
    if above:
        # Amid the heart there is no telling how far away its upper end is: what was taken for the root may be another.
        text = "The field begins amid the heart: calcium above it is not in the numbers."
        out.append(Note("heart-cut", text, "caution"))
    elif high < origin + _CUT_MM:
        text = (
            f"The field begins about {high - origin:.0f} mm above the origin of the coronary arteries: calcium above "
        )
        out.append(Note("heart-cut", text + "it is not in the numbers.", "caution"))
    return out


def _cut_ends(tissue: Regions | None) -> tuple[bool, bool]:
    """Whether the heart goes on beyond the lower and the upper end of the field."""
    labels = [] if tissue is None else [region.label for region in tissue.regions if region.name == "heart"]
    if tissue is None or not labels:
        return False, False
    areas = np.isin(tissue.labels, labels).sum(axis=(1, 2))
    cut = areas[[0, -1]] >= _CUT_SHARE * max(int(areas.max()), 1)
    first, last = np.asarray(tissue.geometry.to_lps_mm(np.array([[0.0, 0.0, 0.0], [len(areas) - 1.0, 0.0, 0.0]])))
    return (bool(cut[0]), bool(cut[1])) if first[2] < last[2] else (bool(cut[1]), bool(cut[0]))
