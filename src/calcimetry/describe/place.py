"""Where on the breast something lies: how far from its outline, and in a fold or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.regions import Regions

__all__ = ["breast_mm2", "depths_mm", "in_fold"]

F64 = NDArray[np.float64]
_COARSE_MM = 0.5
_OUTSIDE = ("label", "frame")


def _inside(regions: Regions, mm: float) -> tuple[NDArray[np.bool_], int]:
    """The breast on a coarse grid, and the pixels of the image that one of it is wide."""
    step = max(1, round(_COARSE_MM / mm))
    outside = [one.label for one in regions.regions if one.name in _OUTSIDE]
    labels = regions.labels[0][::step, ::step]
    return np.asarray((labels > 0) & ~np.isin(labels, outside), bool), step


def depths_mm(regions: Regions, places: F64, mm: float) -> F64:
    """Distance [mm] of places (n, 2; row, column) to the breast's outline; the image's border is none."""
    inside, step = _inside(regions, mm)
    if inside.all():
        return np.full(len(places), 100.0)
    away = ndimage.distance_transform_edt(inside) * step * mm
    index = np.clip(np.rint(places / step).astype(int), 0, np.array(inside.shape) - 1)
    return np.asarray(away[index[:, 0], index[:, 1]], np.float64)


def breast_mm2(regions: Regions, mm: float) -> float:
    """Area of the breast [mm2]."""
    inside, step = _inside(regions, mm)
    return float(inside.sum()) * (step * mm) ** 2


def in_fold(regions: Regions, place: tuple[float, float]) -> bool:
    """Whether a place lies in a fold of the skin."""
    one = regions.named("skin_fold")
    if one is None:
        return False
    rows, columns = regions.labels[0].shape
    at = min(max(round(place[0]), 0), rows - 1), min(max(round(place[1]), 0), columns - 1)
    return bool(regions.labels[0][at] == one.label)
