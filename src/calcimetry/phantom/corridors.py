"""Regions of a simulated body: corridors around its vessels and valves, as a reader would outline them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.phantom.bodies import Anatomy
from calcimetry.phantom.canvas import Canvas
from calcimetry.phantom.heart import AORTIC_VALVE_MM, MITRAL_ANNULUS, Chamber
from calcimetry.phantom.objects import Placed, tubes_of
from calcimetry.phantom.render import Rendered
from calcimetry.phantom.tubes import Tube

__all__ = ["around_objects", "corridors"]

# How far a corridor reaches beyond the wall: blur and a plaque's outer half stay inside.
_MARGIN_MM = {"coronary_artery": 3.5, "aorta_thoracic": 2.5, "great_vessel": 2.5}
_VALVE = Chamber(AORTIC_VALVE_MM, (13.5, 13.5, 7.0), (-0.2, -0.12, 0.95))
_ANNULUS = Chamber(MITRAL_ANNULUS.center, (22.0, 22.0, 11.0), MITRAL_ANNULUS.direction)


# Voxels that hold less than this share of an object are not outlined with it.
_LEAST_SHARE = 1e-3


def around_objects(volume: Volume, objects: Sequence[tuple[Placed, Rendered]]) -> Regions:
    """Label map of bodies without anatomy: one region for each object, every voxel that it reaches.

    A region carries the site and structure of its object; an object of no site has its name as structure.
    """
    labels: NDArray[np.uint16] = np.zeros(volume.geometry.shape, dtype=np.uint16)
    rows = []
    for label, (one, image) in enumerate(objects, 1):
        labels[image.box][image.share > _LEAST_SHARE] = label
        name = one.structure or one.id
        structure = name if one.site == "unassigned" else one.structure
        rows.append(Region(label, name, one.site, structure, source="given"))
    return Regions(volume.id, labels, volume.geometry, tuple(rows))


def corridors(body: Anatomy, volume: Volume) -> Regions:
    """Label map on the volume's grid (uint16); coronary arteries win over valves, valves over the aorta."""
    grid = volume.geometry
    labels: NDArray[np.uint16] = np.zeros(grid.shape, dtype=np.uint16)
    tubes = tubes_of(body.heart)
    canvas = Canvas(
        (grid.affine[0, 3] + np.arange(grid.shape[2]) * grid.spacing_mm[2]).astype(np.float32),
        (grid.affine[1, 3] + np.arange(grid.shape[1]) * grid.spacing_mm[1]).astype(np.float32),
    )
    rows = []
    coronary = [n for n, (site, _) in tubes.items() if site == "coronary_artery"]
    for label, name in enumerate(tubes, 1):
        site = tubes[name][0]
        rows.append(Region(label, name, site, name, source="given"))
    valve, annulus = len(rows) + 1, len(rows) + 2
    rows.append(Region(valve, "aortic_valve", "aortic_valve", "", source="given"))
    rows.append(Region(annulus, "mitral_annulus", "mitral_annulus", "", source="given"))
    label_of = {row.name: row.label for row in rows}
    later = [name for name in tubes if name not in coronary]
    for k in range(grid.shape[0]):
        z = float(grid.affine[2, 3]) + k * grid.spacing_mm[0]
        for name in later:
            _tube(canvas, labels[k], z, tubes[name][1], _MARGIN_MM[tubes[name][0]], label_of[name])
        for shape, label in ((_ANNULUS, annulus), (_VALVE, valve)):
            reach = max(shape.half)
            box = canvas.box(
                shape.center[0] - reach, shape.center[0] + reach, shape.center[1] - reach, shape.center[1] + reach
            )
            if box is not None and abs(z - shape.center[2]) <= reach:
                labels[k][box.at][shape.distance(box.x, box.y, z) <= 0] = label
        for name in reversed(coronary):
            _tube(canvas, labels[k], z, tubes[name][1], _MARGIN_MM["coronary_artery"], label_of[name])
    return Regions(volume.id, labels, grid, tuple(rows))


def _tube(canvas: Canvas, plane: NDArray[np.uint16], z: float, tube: Tube, margin: float, label: int) -> None:
    found = tube.distance(canvas, z, margin)
    if found is not None:
        box, d = found
        plane[box.at][d <= 0] = label
