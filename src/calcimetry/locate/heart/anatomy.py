"""All landmarks of the heart and great vessels of one image, joined in patient space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Anatomy, Landmark, Plane, Tube
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions
from calcimetry.locate.heart.airway import airway
from calcimetry.locate.heart.ascending import Ascending, ascending
from calcimetry.locate.heart.courses import courses
from calcimetry.locate.heart.descending import Descending, descending
from calcimetry.locate.heart.frame import Frame, frame
from calcimetry.locate.heart.levels import Levels, levels
from calcimetry.locate.heart.root import Root, root
from calcimetry.locate.heart.shape import heart_points, shape, tissue_regions
from calcimetry.locate.heart.spine import spine

__all__ = ["anatomy"]

F64 = NDArray[np.float64]


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
        return _anatomy(volume, regions)
    except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
        # A field too odd for the arithmetic (two slices, one lung in a corner): no landmark is better than a guess.
        return Anatomy(volume.id)


def _anatomy(volume: Volume, regions: Regions) -> Anatomy:
    grid = frame(volume, regions) if min(volume.geometry.shape) >= 4 else None
    back = None if grid is None else spine(grid)
    if grid is None or back is None:
        return Anatomy(volume.id)
    tubes = {"spine": _tube(grid, np.arange(grid.shape[0]), back.row, back.column, 16.0, 4.0, back.confidence)}
    points: dict[str, Landmark] = {}
    planes: dict[str, Plane] = {}
    air = airway(grid, back)
    if air is not None:
        width = np.sqrt(air.area_mm2 / np.pi)
        tubes["airway"] = _tube(grid, air.slices, air.row, air.column, width, 2.0, 0.9)
    down = descending(grid, back)
    heights = levels(grid, back, down, air)
    if heights.carina is not None and air is not None:
        points["carina"] = _point(grid, (heights.carina, air.row[-1], air.column[-1]), (4.0, 4.0, 4.0), 0.9)
    up = ascending(grid, back, down, heights)
    if up is None:
        return Anatomy(volume.id, tubes, points, planes)
    base = root(grid, up, heights)
    sure = _sure(up, base)
    tubes |= _aorta(grid, up, down, base, heights, sure)
    points["root"] = _point(grid, (base.slice, base.row, base.column), (*_across(base), base.sd_mm[1]), sure)
    planes["aortic_valve"] = _valve(grid, base, sure)
    form = shape(grid, back, down, heights, base)
    if form is None:
        return Anatomy(volume.id, tubes, points, planes, None, sure)
    arteries = courses(volume, grid, form, base, sure)
    points |= heart_points(grid, form) | arteries.points
    tubes |= arteries.tubes
    return Anatomy(volume.id, tubes, points, planes, tissue_regions(grid, form, volume.id), sure)


def _sure(up: Ascending, base: Root) -> float:
    """0 to 1: is it a circle, is there no other explanation, do the heights agree."""
    above = up.slices <= base.slice
    ring = float(np.mean(up.ring[above])) if above.any() else 0.0
    circle = float(np.clip((ring - 1.0) / 2.5, 0.0, 1.0))
    alone = float(np.clip(0.5 + up.margin / 1.5, 0.0, 1.0))
    return round(circle * alone * base.agreement, 2)


def _across(base: Root) -> tuple[float, float]:
    return base.sd_mm[0], base.sd_mm[0]


def _aorta(grid: Frame, up: Ascending, down: Descending, base: Root, heights: Levels, sure: float) -> dict[str, Tube]:
    """Ascending from the root up, descending from the arch down."""
    above = up.slices <= base.slice
    out = {}
    if above.sum() >= 2:
        row, column, radius = (one[above][::-1] for one in (up.row, up.column, up.radius_mm))
        out["ascending"] = _tube(grid, up.slices[above][::-1], row, column, radius, 2.5, sure)
    first = int(up.slices[0]) if heights.carina is not None else 0
    ks = np.arange(first, grid.shape[0])
    seen = float(np.clip(np.median(down.score[ks]) / 6.0, 0.0, 1.0))
    out["descending"] = _tube(grid, ks, down.row[ks], down.column[ks], down.radius_mm[ks], 2.0, round(seen, 2))
    return out


def _valve(grid: Frame, base: Root, sure: float) -> Plane:
    mm = np.array(base.axis) * 14.0
    center = np.array([base.slice, base.row, base.column]) + mm / np.array(grid.mm)
    ahead = grid.to_lps(center + np.array(base.axis) / np.array(grid.mm)) - grid.to_lps(center)
    normal = ahead / np.linalg.norm(ahead)
    mean = grid.to_lps(center)
    sd = float(np.hypot(base.sd_mm[1], 5.0))
    return Plane(_three(mean), _three(-normal), sd, sure)


def _three(values: F64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _point(
    grid: Frame, index: tuple[float, float, float], sd_mm: tuple[float, float, float], confidence: float
) -> Landmark:
    return Landmark(_three(grid.to_lps(np.array(index))), sd_mm, confidence)


def _tube(
    grid: Frame,
    k: NDArray[np.intp],
    row: F64,
    column: F64,
    radius_mm: F64 | float,
    sd_mm: F64 | float,
    confidence: float,
) -> Tube:
    points = grid.to_lps(np.stack([k.astype(np.float64), row, column], axis=1))
    radius, sd = (
        np.broadcast_to(np.asarray(one, dtype=np.float64), (len(points),)).copy() for one in (radius_mm, sd_mm)
    )
    return Tube(points, radius, sd, confidence)
