"""Metal along an artery or in the ring of a valve: it keeps that artery or valve from being scored.

The model knows metal as a foreign body wherever it lies; a score must not depend on whether it thinks of a stent. So
place alone decides here, and rather once too often: what the metal is must be settled by eye in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.assign.metal_form import even_length_mm, narrow_mm
from calcimetry.assign.place import ARTERIES
from calcimetry.core.anatomy import Anatomy, Plane, Tube
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.note import Note

__all__ = ["MetalSettings", "metal_notes", "with_metal"]

F64 = NDArray[np.float64]

_VALVES = {"aortic_valve": "aortic_valve", "mitral": "mitral_annulus"}
_OPEN = ("unassigned", "pericardium", "myocardium")
"""Sites that nothing is withheld for: metal there is looked at once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetalSettings:
    """Choices on where metal keeps a structure from a score.

    Parameters
    ----------
    sds : float
        Metal lies along an artery within so many standard deviations of its course.
    reach_mm : float
        And no farther than this from its wall, however uncertain the course [mm].
    share : float
        So much of the metal lies there: a lead or a wire that only passes is none.
    ring_mm : float
        Metal at least so wide can be the ring or frame of a valve [mm].
    aside_mm, above_mm : float
        It then lies within this distance of the valve's middle, in its plane and off it [mm].
    suspect_hu : float
        Calcium of an artery that reaches this may be a stent [HU]: hydroxyapatite of 800 mg/cm³ has about 1300 at
        120 kV, and few plaques are denser.
    even, even_mm, even_hu : float
        So may one whose signal spreads by less than this share along at least so many mm, with this peak: a stent is
        a tube of one make, a plaque is lumpy.
    narrow_mm, narrow_hu : float
        As narrow as blur alone makes a thing, and as dense as this: may be a surgical clip. The narrowest plaque of
        this density of the trial scans was wider.
    """

    sds: float = 2.0
    reach_mm: float = 10.0
    share: float = 0.5
    ring_mm: float = 14.0
    aside_mm: float = 18.0
    above_mm: float = 10.0
    suspect_hu: float = 1500.0
    even: float = 0.2
    even_mm: float = 14.0
    even_hu: float = 500.0
    narrow_mm: float = 1.6
    narrow_hu: float = 900.0


def with_metal(
    volume: Volume, lesions: Sequence[Lesion], anatomy: Anatomy, settings: MetalSettings = MetalSettings()
) -> tuple[Lesion, ...]:
    """The lesions, metal along an artery or in a valve with that site and structure.

    Dense calcium of an artery has its form in ``evidence``: ``even_mm``, the length along which it is even (0: it is
    not), and ``narrow_mm``, its width.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        Named; metal that has the site of an artery, a valve or a vessel keeps it.
    anatomy : Anatomy
        With courses and valve planes; where they were not found nothing changes.
    settings : MetalSettings
    """
    return tuple(_told(volume, one, anatomy, settings) for one in lesions)


def metal_notes(lesions: Sequence[Lesion], settings: MetalSettings = MetalSettings()) -> tuple[Note, ...]:
    """What to say of calcium in arteries that is as dense or as even as a stent, or like a clip: it counts.

    Parameters
    ----------
    lesions : sequence of Lesion
        Named.
    settings : MetalSettings
    """
    dense: dict[str, float] = {}
    even: dict[str, float] = {}
    narrow: dict[str, float] = {}
    for one in lesions:
        if not one.counted or one.site != "coronary_artery":
            continue
        held = one.evidence
        peak, length = held.get("peak_hu", 0.0), held.get("even_mm", 0.0)
        if peak >= settings.suspect_hu:
            dense[one.structure] = max(peak, dense.get(one.structure, peak))
        elif peak >= settings.even_hu and length >= settings.even_mm:
            even[one.structure] = max(length, even.get(one.structure, length))
        elif peak >= settings.narrow_hu and held.get("narrow_mm", np.inf) <= settings.narrow_mm:
            narrow[one.structure] = max(peak, narrow.get(one.structure, peak))
    told = (
        ("stent-suspected", "As dense as a stent", dense, "HU", "artery and total must not be scored"),
        ("stent-suspected", "As even along its length as a stent", even, "mm", "artery and total must not be scored"),
        ("clip-suspected", "As narrow and dense as a surgical clip", narrow, "HU", "it must not be counted"),
    )
    return tuple(
        Note(code, f"{like} ({_listed(found, unit)}), counted as calcium: if it is one, {then}.", "caution")
        for code, like, found, unit, then in told
        if found
    )


def _listed(found: dict[str, float], unit: str) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.0f} {unit}" for name, value in sorted(found.items()))


def _told(volume: Volume, lesion: Lesion, anatomy: Anatomy, settings: MetalSettings) -> Lesion:
    if lesion.kind == "metal" and lesion.site in _OPEN:
        return _placed(volume, lesion, anatomy, settings)
    dense = lesion.evidence.get("peak_hu", 0.0) >= min(settings.even_hu, settings.narrow_hu)
    if not (lesion.counted and lesion.site == "coronary_artery" and dense and lesion.mask is not None):
        return lesion
    form = {
        "even_mm": round(even_length_mm(volume, lesion, even=settings.even), 1),
        "narrow_mm": round(narrow_mm(volume, lesion), 2),
    }
    return replace(lesion, evidence={**lesion.evidence, **form})


def _placed(volume: Volume, lesion: Lesion, anatomy: Anatomy, settings: MetalSettings) -> Lesion:
    if lesion.mask is None or not lesion.mask.bits.any():
        return lesion
    mm = np.asarray(volume.geometry.to_lps_mm(lesion.mask.indices()), dtype=np.float64)
    if _in_chest_wall(mm, anatomy) >= settings.share:
        return lesion
    for name, site in _VALVES.items():
        plane = anatomy.planes.get(name)
        if plane is not None and _is_ring(mm, plane, settings):
            return _named(lesion, site, site)
    near: list[tuple[float, str]] = []
    for artery, courses in ARTERIES.items():
        found = [_beside(mm, anatomy.tubes[name], settings) for name in courses if name in anatomy.tubes]
        near += [(sds, artery) for share, sds in found if share >= settings.share]
    return _named(lesion, "coronary_artery", min(near)[1]) if near else lesion


def _beside(mm: F64, tube: Tube, settings: MetalSettings) -> tuple[float, float]:
    """Share of the voxels that lie along the course, and their mean distance in standard deviations."""
    if len(tube.points_mm) == 0:
        return 0.0, np.inf
    away, number = cKDTree(tube.points_mm).query(mm)
    beyond = np.maximum(away - tube.radius_mm[number], 0.0)
    # A course that is seen still wanders by about a vessel's width.
    sds = beyond / np.hypot(tube.sd_mm[number], 2.0)
    along = (sds <= settings.sds) & (beyond <= settings.reach_mm)
    return float(along.mean()), float(sds.mean())


def _is_ring(mm: F64, plane: Plane, settings: MetalSettings) -> bool:
    if float(np.ptp(mm, axis=0).max()) < settings.ring_mm:
        return False
    away = mm - np.array(plane.mm)
    above = away @ np.array(plane.normal)
    aside = np.sqrt(np.maximum((away**2).sum(axis=1) - above**2, 0.0))
    inside = (np.abs(above) <= settings.above_mm) & (aside <= settings.aside_mm)
    return bool(inside.mean() >= settings.share)


def _in_chest_wall(mm: F64, anatomy: Anatomy) -> float:
    """Share of the voxels in the wall of the chest: wires of the sternum."""
    tissue = anatomy.tissue
    if tissue is None:
        return 0.0
    wall = [region.label for region in tissue.regions if region.name == "chest_wall"]
    at = np.rint(np.asarray(tissue.geometry.to_index(mm))).astype(np.int64)
    at = np.clip(at, 0, np.array(tissue.geometry.shape) - 1)
    return float(np.isin(tissue.labels[tuple(at.T)], wall).mean())


def _named(lesion: Lesion, site: str, structure: str) -> Lesion:
    said = {one.structure: one.probability for one in lesion.alternatives}
    rest = tuple(one for one in lesion.alternatives if one.structure != structure)
    return replace(lesion, site=site, structure=structure, probability=said.get(structure, 0.0), alternatives=rest)
