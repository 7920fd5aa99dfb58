"""Stage: what each lesion of a chest belongs to, with its probability; bodies between two structures are parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.assign.arteries import by_course
from calcimetry.assign.classes import CLASSES, Structure
from calcimetry.assign.features import Table, table
from calcimetry.assign.model import Model, shipped
from calcimetry.assign.parting import Part, parts
from calcimetry.assign.pieces import neighbours
from calcimetry.assign.settings import AssignSettings
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Alternative, Kind, Lesion, Mask
from calcimetry.core.regions import Regions

__all__ = ["assign"]

F64 = NDArray[np.float64]
Whole = NDArray[np.int64]

_SITES = tuple(dict.fromkeys(one.site for one in CLASSES if one.scored))
_GROUPS = np.array([n if one.scored else len(CLASSES) for n, one in enumerate(CLASSES)], dtype=np.int64)
"""What is not scored is one answer where bodies are parted: a rib is not parted into bone and cartilage."""
_AORTA = ("ascending", "arch", "descending", "abdominal")
_GREAT = ("brachiocephalic", "left_carotid", "left_subclavian")


def assign(
    volume: Volume,
    lesions: Sequence[Lesion],
    anatomy: Anatomy,
    body: Regions | None,
    *,
    settings: AssignSettings = AssignSettings(),
    model: Model | None = None,
) -> tuple[Lesion, ...]:
    """Name the structure of each lesion.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        As found, with masks.
    anatomy : Anatomy
        Landmarks of this image. Where they are missing or weak nothing is named.
    body : Regions or None
        Body, walls, bone.
    settings : AssignSettings
    model : Model, optional
        In place of the one that ships.

    Returns
    -------
    tuple of Lesion
        The same voxels: a lesion that belongs to two structures has become two. Those in structures that are scored
        have their site, structure, probability and alternatives; calcium that belongs to something else (node,
        airway, lung, bone) has that site and the reason why it does not count for the heart and its vessels.
    """
    if anatomy.confidence < settings.min_confidence or "root" not in anatomy.points:
        return tuple(lesions)
    fitted = shipped() if model is None else model
    asked = [n for n, one in enumerate(lesions) if _worth(one, settings) and _within(one, anatomy, settings)]
    rows = table(volume, [lesions[n] for n in asked], anatomy, body, piece_mm=settings.piece_mm)
    if not len(rows.values):
        return tuple(lesions)
    row_of = {number: n for n, number in enumerate(asked)}
    features = rows.columns(fitted.names)
    probabilities = by_course(
        fitted.probabilities(features),
        fitted.names,
        features,
        trust=settings.artery_trust,
        course_mm=settings.course_mm,
    )
    out: list[Lesion] = []
    for number, lesion in enumerate(lesions):
        mine = np.flatnonzero(rows.lesion == row_of.get(number, -1))
        if not len(mine):
            out.append(lesion)
            continue
        out += _named(volume, lesion, rows, mine, probabilities[mine], anatomy, settings)
    return tuple(out)


def _named(
    volume: Volume,
    lesion: Lesion,
    rows: Table,
    mine: Whole,
    probabilities: F64,
    anatomy: Anatomy,
    settings: AssignSettings,
) -> list[Lesion]:
    index = [rows.index[n] for n in mine]
    owner = np.repeat(np.arange(len(mine)), [len(one) for one in index])
    volumes = np.array([len(one) for one in index]) * volume.geometry.voxel_mm3
    found = parts(
        probabilities,
        neighbours(np.concatenate(index), owner),
        volumes,
        groups=_GROUPS,
        lean=settings.lean,
        least_mm3=settings.part_mm3,
        least_odds=settings.part_odds,
    )
    out = []
    for part in found:
        piece = lesion if len(found) == 1 else _cut(volume, lesion, [index[n] for n in part.pieces])
        out.append(_one(piece, part, anatomy, settings))
    return out


def _one(lesion: Lesion, part: Part, anatomy: Anatomy, settings: AssignSettings) -> Lesion:
    likely = part.probabilities
    sites = {
        site: float(likely[[n for n, c in enumerate(CLASSES) if c.scored and c.site == site]].sum()) for site in _SITES
    }
    others = {n: float(likely[n]) for n, c in enumerate(CLASSES) if not c.scored}
    site = max(sites, key=lambda name: sites[name])
    # A lesion between two structures that are scored is of heart or vessels, though neither outweighs the rest alone.
    if sum(others.values()) >= sum(sites.values()):
        return _other(lesion, CLASSES[max(others, key=lambda n: others[n])], likely, settings)
    number = max((n for n, c in enumerate(CLASSES) if c.site == site), key=lambda n: float(likely[n]))
    chosen = CLASSES[number]
    if sites[site] < settings.least:
        named = tuple(one for one in _alternatives(likely, None, settings) if one.site in _SITES)
        return replace(lesion, probability=round(sum(others.values()), 3), alternatives=named)
    return replace(
        lesion,
        site=chosen.site,
        structure=chosen.structure or _detail(chosen, lesion, anatomy),
        probability=round(float(likely[number]), 3),
        alternatives=_alternatives(likely, chosen, settings),
        evidence={**lesion.evidence, "site_probability": round(sites[site], 3)},
    )


def _other(lesion: Lesion, chosen: Structure, likely: F64, settings: AssignSettings) -> Lesion:
    """Not of heart or vessels: it stays in the list with what it looks like, and enters none of their scores."""
    own, share = (
        float(likely[CLASSES.index(chosen)]),
        float(likely[[n for n, c in enumerate(CLASSES) if not c.scored]].sum()),
    )
    # The share is that of all answers beside heart and vessels: what else it may be is then one of these alone.
    rest = tuple(one for one in _alternatives(likely, chosen, settings) if one.site in _SITES)
    named = replace(lesion, alternatives=rest, probability=round(share, 3))
    if lesion.kind != "calcification":
        return named
    reason = lesion.reason or f"looks like {chosen.said} ({own:.0%}), not of heart or vessels ({share:.0%})"
    kind: Kind = "bone" if chosen.name == "bone" and own >= settings.sure else lesion.kind
    site, structure = "unassigned", lesion.structure
    if chosen.site != "unassigned" and own >= settings.least:
        site, structure = chosen.site, chosen.structure
        named = replace(
            named,
            probability=round(own, 3),
            alternatives=_alternatives(likely, chosen, settings),
            evidence={**lesion.evidence, "site_probability": round(own, 3)},
        )
    return replace(named, kind=kind, site=site, structure=structure, counted=False, reason=reason)


def _worth(lesion: Lesion, settings: AssignSettings) -> bool:
    """Noise and bone that are sure to be no calcium need no name; metal does: a stent keeps its artery from a score."""
    return lesion.kind == "metal" or lesion.confidence >= settings.worth


def _within(lesion: Lesion, anatomy: Anatomy, settings: AssignSettings) -> bool:
    """Whether a lesion lies where the model knows its way: from neck to bottom of the heart, and at the aorta."""
    at = np.array(lesion.center_mm)
    for name in _AORTA:
        tube = anatomy.tubes.get(name)
        if tube is None:
            continue
        away = np.linalg.norm(tube.points_mm - at, axis=1) - tube.radius_mm
        if float(away.min()) <= settings.aorta_mm:
            return True
    root, bottom = anatomy.points["root"].mm[2], anatomy.planes.get("heart_bottom")
    low = root - settings.below_root_mm if bottom is None else bottom.mm[2] - settings.below_heart_mm
    return low <= at[2] <= root + settings.above_root_mm


def _alternatives(likely: F64, chosen: Structure | None, settings: AssignSettings) -> tuple[Alternative, ...]:
    order = np.argsort(-likely, kind="stable")
    return tuple(
        Alternative(CLASSES[n].structure or CLASSES[n].name, round(float(likely[n]), 3), CLASSES[n].site)
        for n in order
        if CLASSES[n] is not chosen and likely[n] >= settings.alternative
    )


def _detail(chosen: Structure, lesion: Lesion, anatomy: Anatomy) -> str:
    """Which vessel of the arch, and which part of the abdominal aorta."""
    if chosen.name != "great_vessel":
        return "suprarenal"
    at = np.array(lesion.center_mm)
    found = {
        name: float(np.linalg.norm(anatomy.tubes[name].points_mm - at, axis=1).min())
        for name in _GREAT
        if name in anatomy.tubes
    }
    if found:
        return min(found, key=lambda name: found[name])
    airway = anatomy.tubes.get("airway")
    if airway is None:
        return ""
    nearest = int(np.abs(airway.points_mm[:, 2] - at[2]).argmin())
    left, back = at[0] - airway.points_mm[nearest, 0], at[1] - airway.points_mm[nearest, 1]
    if left < 0.0:
        return "brachiocephalic"
    return "left_subclavian" if back > 0.0 or left > 22.0 else "left_carotid"


def _cut(volume: Volume, lesion: Lesion, pieces: Sequence[Whole]) -> Lesion:
    """A part of a lesion as a lesion of its own."""
    index = np.concatenate(pieces)
    start = index.min(axis=0)
    bits = np.zeros(tuple(index.max(axis=0) - start + 1), dtype=bool)
    bits[tuple((index - start).T)] = True
    mask = Mask((int(start[0]), int(start[1]), int(start[2])), bits)
    hu = volume.pixels[tuple(index.T)]
    peak = index[int(hu.argmax())]
    center = index.mean(axis=0)
    mm = np.asarray(volume.geometry.to_lps_mm(center))
    source = volume.sources[int(peak[0])] if int(peak[0]) < len(volume.sources) else None
    return replace(
        lesion,
        center_index=(float(center[0]), float(center[1]), float(center[2])),
        center_mm=(float(mm[0]), float(mm[1]), float(mm[2])),
        bounds_index=(mask.start, mask.stop),
        peak_index=(int(peak[0]), int(peak[1]), int(peak[2])),
        sop_instance_uid=source.sop_instance_uid if source else None,
        instance_number=source.instance_number if source else None,
        mask=mask,
        evidence={
            **lesion.evidence,
            "peak_hu": float(hu.max()),
            "mean_hu": round(float(hu.mean()), 3),
            "voxels": float(len(index)),
            "parted": 1.0,
        },
    )
