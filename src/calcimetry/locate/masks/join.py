"""Landmarks from masks, over those that the image shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from calcimetry.core.anatomy import Anatomy, Landmark, Plane, Tube
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.knowledge.load import table
from calcimetry.locate.heart.anatomy import MITRAL_MM, MITRAL_NORMAL
from calcimetry.locate.heart.courses import courses
from calcimetry.locate.heart.frame import frame
from calcimetry.locate.heart.shape import tissue_regions
from calcimetry.locate.masks.aorta import aorta
from calcimetry.locate.masks.arteries import drawn_to
from calcimetry.locate.masks.block import Masks
from calcimetry.locate.masks.heart import HeartMask, heart, mitral
from calcimetry.locate.masks.named import TABLE, named
from calcimetry.locate.masks.settings import MaskSettings
from calcimetry.locate.masks.tissue import base_of, shape_of
from calcimetry.locate.masks.vessels import (
    airway,
    branches,
    hiatus_mm,
    pulmonary_trunk,
    spine,
    vena_cava,
    vertebra_points,
)

__all__ = ["from_masks"]

AORTA = ("ascending", "arch", "descending", "abdominal")
ARTERIES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary", "posterior_descending")
_USUAL_RADIUS_MM = 16.0


@dataclass
class _Found:
    """What is known so far: first of the image, then of the masks."""

    tubes: dict[str, Tube]
    points: dict[str, Landmark]
    planes: dict[str, Plane]
    notes: list[Note] = field(default_factory=list)


def from_masks(
    volume: Volume,
    regions: Regions,
    found: Anatomy,
    body: Regions | None = None,
    settings: MaskSettings = MaskSettings(),
) -> tuple[Regions, Anatomy]:
    """Regions and landmarks of another program's masks; whatever they do not show stays as it was found.

    Parameters
    ----------
    volume : Volume
    regions : Regions
        Of :func:`calcimetry.read.masks`: one region for each class, under the program's names.
    found : Anatomy
        Of :func:`calcimetry.locate.anatomy` for this volume.
    body : Regions, optional
        Of :func:`calcimetry.locate.body`; with it tissue and courses of the arteries are found anew about the heart
        of the masks.
    settings : MaskSettings

    Returns
    -------
    regions : Regions
        Under the names of the house, ``source`` ``totalsegmentator``.
    anatomy : Anatomy
        With a note ``masks-differ`` where masks and image put the root far apart.
    """
    house = named(regions, Masks(regions))
    masks = Masks(_believed(regions, house, settings))
    own = _Found(dict(found.tubes), dict(found.points), dict(found.planes), list(found.notes))
    bodies = vertebra_points(masks, settings)
    for name, at in bodies.items():
        own.points[f"vertebra_{name}"] = Landmark((float(at[0]), float(at[1]), float(at[2])), (3.0, 3.0, 3.0), 0.9)
    back = spine(bodies, masks, found.tubes.get("spine"), settings)
    if back is not None:
        own.tubes["spine"] = back
    air = airway(masks, settings)
    if air is not None:
        own.tubes["airway"] = air[0]
        if air[1] is not None:
            own.points["carina"] = air[1]
    root, radius_mm = _great_vessels(own, masks, found, hiatus_mm(bodies), settings)
    form = heart(masks, None if root is None else np.array(root.mm), settings)
    if form is not None:
        own.points |= {"heart": form.middle, "apex": form.apex}
        if form.bottom_mm is not None:
            x, y, _ = form.middle.mm
            own.planes["heart_bottom"] = Plane((x, y, form.bottom_mm), (0.0, 0.0, 1.0), 4.0, form.believed)
    plane = mitral(masks, settings)
    if plane is not None:
        own.planes["mitral"] = plane
    tissue = found.tissue
    if form is not None and root is not None and body is not None:
        tissue = _about(volume, masks, body, own, form, root, radius_mm, found.tissue, settings) or tissue
    arteries = {name: own.tubes[name] for name in ARTERIES if name in own.tubes}
    drawn = drawn_to(arteries, masks.voxels_mm("coronary_arteries"), settings)
    own.tubes |= drawn
    for point, name in (("left_ostium", "left_main"), ("right_ostium", "right_coronary")):
        if point in own.points and name in drawn and drawn[name] is not arteries[name]:
            x, y, z = (float(one) for one in drawn[name].points_mm[0])
            own.points[point] = replace(own.points[point], mm=(x, y, z))
    sure = found.confidence
    if root is not None and root is not found.points.get("root"):
        sure = max(root.confidence, sure)
    anatomy = Anatomy(volume.id, own.tubes, own.points, own.planes, tissue, round(sure, 2), tuple(own.notes))
    return house, anatomy


def _believed(regions: Regions, house: Regions, settings: MaskSettings) -> Regions:
    """The classes that can be what they are called, each with the confidence of the region it became."""
    classes = table(TABLE)["class"]
    sure = {one.name: one.confidence for one in house.regions}
    kept = [
        replace(one, confidence=sure[classes[one.name]["region"]])
        for one in regions.regions
        if one.name in classes and sure.get(classes[one.name]["region"], 0.0) >= settings.least
    ]
    return Regions(regions.image, regions.labels, regions.geometry, tuple(kept))


def _great_vessels(
    own: _Found, masks: Masks, found: Anatomy, hiatus: float | None, settings: MaskSettings
) -> tuple[Landmark | None, float]:
    """Aorta, its neighbours and branches; the root with its radius [mm]."""
    root = found.points.get("root")
    radius_mm = _USUAL_RADIUS_MM
    if hiatus is None and "descending" in found.tubes and "abdominal" in found.tubes:
        hiatus = float(found.tubes["abdominal"].points_mm[:, 2].max())
    vessel = aorta(masks, own.tubes.get("spine"), hiatus, settings)
    if vessel is not None:
        if "arch" in vessel.tubes:
            own.tubes = {name: one for name, one in own.tubes.items() if name not in AORTA}
        elif "descending" in vessel.tubes or "abdominal" in vessel.tubes:
            own.tubes = {name: one for name, one in own.tubes.items() if name not in AORTA[2:]}
        own.tubes |= vessel.tubes
        if vessel.root is not None and vessel.valve is not None:
            apart = np.inf if root is None else float(np.linalg.norm(np.array(root.mm) - np.array(vessel.root.mm)))
            if root is not None and apart > settings.differ_mm:
                text = (
                    f"masks and image put the origin of the coronary arteries {apart:.0f} mm apart; the masks were "
                    "followed: look which one is right"
                )
                own.notes.append(Note("masks-differ", text, "caution"))
                # what was found about another root is not what it was taken for
                kept = {"spine", *(name for name, one in own.tubes.items() if one is not found.tubes.get(name))}
                own.tubes = {name: one for name, one in own.tubes.items() if name in kept}
                own.points = {name: one for name, one in own.points.items() if one is not found.points.get(name)}
                own.planes = {}
            root, radius_mm = vessel.root, vessel.radius_mm
            own.points["root"], own.planes["aortic_valve"] = root, vessel.valve
            at = np.array(vessel.valve.mm) + np.array(MITRAL_MM)
            doubt = float(np.hypot(vessel.valve.sd_mm, 8.0))
            own.planes["mitral"] = Plane(
                (float(at[0]), float(at[1]), float(at[2])), MITRAL_NORMAL, doubt, round(0.7 * root.confidence, 2)
            )
    beside = {"vena_cava_superior": vena_cava(masks, settings), "pulmonary_trunk": pulmonary_trunk(masks, settings)}
    own.tubes |= {name: one for name, one in beside.items() if one is not None}
    own.tubes |= branches(masks, own.tubes.get("arch"), settings)
    return root, radius_mm


def _about(
    volume: Volume,
    masks: Masks,
    body: Regions,
    own: _Found,
    form: HeartMask,
    root: Landmark,
    radius_mm: float,
    before: Regions | None,
    settings: MaskSettings,
) -> Regions | None:
    """Tissue about the heart of the masks, and with it the courses of the arteries."""
    grid = frame(volume, body) if min(volume.geometry.shape) >= 4 else None
    if grid is None:
        return None
    base = base_of(grid, root, own.planes.get("aortic_valve"), radius_mm, settings)
    shape = shape_of(grid, masks, form, base, own.tubes, before, settings)
    try:
        arteries = courses(volume, grid, shape, base, root.confidence)
    except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        # a field too odd for the arithmetic: what was found from the image stays
        return tissue_regions(grid, shape, volume.id)
    own.tubes |= arteries.tubes
    own.points |= arteries.points
    return tissue_regions(grid, shape, volume.id)
