"""All landmarks of the heart and great vessels of one image, joined in patient space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Anatomy, Landmark, Plane
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions
from calcimetry.locate.contrast import contrast
from calcimetry.locate.heart.airway import airway
from calcimetry.locate.heart.ascending import Ascending, ascending
from calcimetry.locate.heart.courses import courses
from calcimetry.locate.heart.descending import descending
from calcimetry.locate.heart.frame import Frame, frame
from calcimetry.locate.heart.levels import heart_bottom, levels
from calcimetry.locate.heart.mitral import aortic, mitral
from calcimetry.locate.heart.root import Root, root
from calcimetry.locate.heart.shape import heart_points, shape, tissue_regions
from calcimetry.locate.heart.spine import spine
from calcimetry.locate.heart.vessels import great_vessels, tube

__all__ = ["anatomy"]

F64 = NDArray[np.float64]

AGAIN_MM = 5.0
"""The ascending aorta is followed once more if its root lies further than this from where it was expected."""
MITRAL_MM = (13.0, 25.0, -10.0)
"""From the middle of the aortic to that of the mitral valve: left, back, head."""
MITRAL_NORMAL = (0.74, -0.47, -0.47)
"""Across the mitral valve, towards the apex."""


def anatomy(volume: Volume, regions: Regions) -> Anatomy:
    """Landmarks of the chest.

    Parameters
    ----------
    volume : Volume
        Any CT. Where it shows no chest the result is empty with confidence 0; nothing is ever raised.
    regions : Regions
        Of :func:`calcimetry.locate.body` for this volume.

    Returns
    -------
    Anatomy
        What was found; what was not is left out.
    """
    try:
        return _anatomy(volume, regions, contrast(volume, regions).state == "given")
    except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        # A field too odd for the arithmetic (two slices, one lung in a corner): no landmark is better than a guess.
        return Anatomy(volume.id)


def _anatomy(volume: Volume, regions: Regions, enhanced: bool) -> Anatomy:
    grid = frame(volume, regions) if min(volume.geometry.shape) >= 4 else None
    back = None if grid is None else spine(grid)
    if grid is None or back is None:
        return Anatomy(volume.id)
    line = np.stack([np.arange(grid.shape[0]), back.row, back.column], axis=1)
    tubes = {"spine": tube(grid, line, 16.0, 4.0, back.confidence)}
    points: dict[str, Landmark] = {}
    planes: dict[str, Plane] = {}
    air = airway(grid, back)
    down = descending(grid, back)
    heights = levels(grid, back, down, air)
    if air is not None and air.parted and heights.carina is None:
        air = None
    if air is not None:
        width = np.sqrt(air.area_mm2 / np.pi)
        tubes["airway"] = tube(grid, np.stack([air.slices, air.row, air.column], axis=1), width, 2.0, 0.9)
    if heights.carina is not None and air is not None:
        points["carina"] = _point(grid, (heights.carina, air.row[-1], air.column[-1]), (4.0, 4.0, 4.0), 0.9)
    up = ascending(grid, back, down, heights)
    if up is None:
        return Anatomy(volume.id, tubes, points, planes)
    base = root(grid, up, heights)
    if abs(base.slice - heights.ostia) * grid.mm[0] > AGAIN_MM:
        # How the aorta is followed hangs on where its root is expected: now more is known of that.
        known = replace(heights, ostia=base.slice, ostia_sd_mm=base.sd_mm[1])
        up = ascending(grid, back, down, known) or up
        base = root(grid, up, heights)
    sure = _sure(up, base)
    if enhanced:
        # What is told apart here is blood from bone and from fat: where blood is as dense as bone, nothing is sure.
        sure = round(0.2 * sure, 2)
    tubes |= great_vessels(grid, back, air, up, down, base, heights, sure)
    points["root"] = _point(grid, base.center(grid), (*_across(base), base.sd_mm[1]), sure)
    planes |= _valves(grid, base, sure)
    low = heart_bottom(grid, heights, base.slice, base.sd_mm[1])
    heights = replace(heights, bottom=None if low is None else low[0])
    form = shape(grid, back, down, heights, base)
    if form is None:
        return Anatomy(volume.id, tubes, points, planes, None, sure)
    arteries = courses(volume, grid, form, base, sure)
    points |= heart_points(grid, form) | arteries.points
    planes["aortic_valve"] = aortic(grid, form, base, planes["aortic_valve"])
    planes["mitral"] = mitral(grid, form, base, planes["mitral"])
    if low is not None:
        middle = (low[0], float(form.centroid[1]), float(form.centroid[2]))
        planes["heart_bottom"] = Plane(_three(grid.to_lps(np.array(middle))), (0.0, 0.0, 1.0), low[1], sure)
    tubes |= arteries.tubes
    return Anatomy(volume.id, tubes, points, planes, tissue_regions(grid, form, volume.id), sure)


def _sure(up: Ascending, base: Root) -> float:
    """0 to 1: is it a circle, is there no other explanation, do the heights agree."""
    above = up.slices <= base.slice
    ring = float(np.mean(up.ring[above])) if above.any() else 0.0
    circle = float(np.clip((ring - 1.0) / 2.5, 0.0, 1.0))
    alone = float(np.clip(0.15 + up.margin / 2.0, 0.0, 1.0))
    return round(circle * alone * base.agreement, 2)


def _across(base: Root) -> tuple[float, float]:
    return base.sd_mm[0], base.sd_mm[0]


def _valves(grid: Frame, base: Root, sure: float) -> dict[str, Plane]:
    """The plane of the aortic valve across the axis of the root, and of the mitral valve beside it."""
    center = np.array([base.slice, base.row, base.column])
    aortic = grid.to_lps(center + np.array(base.axis) * base.valve_mm / np.array(grid.mm))
    down = aortic - grid.to_lps(center)
    spread = float(np.hypot(base.sd_mm[1], 5.0))
    mitral = aortic + np.array(MITRAL_MM)
    return {
        "aortic_valve": Plane(_three(aortic), _three(-down / np.linalg.norm(down)), spread, sure),
        "mitral": Plane(_three(mitral), MITRAL_NORMAL, float(np.hypot(spread, 8.0)), round(0.7 * sure, 2)),
    }


def _three(values: F64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _point(
    grid: Frame, index: tuple[float, float, float] | F64, sd_mm: tuple[float, float, float], confidence: float
) -> Landmark:
    return Landmark(_three(grid.to_lps(np.array(index))), sd_mm, confidence)
