"""Calibration rods: straight, even cylinders along the axis of the scanner, in a phantom or under a patient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.detect.shape import Shape
from calcimetry.knowledge.load import table

__all__ = ["is_rod"]


def is_rod(
    shape: Shape, index: NDArray[np.int64], hu: NDArray[np.generic], spacing_mm: tuple[float, float, float]
) -> bool:
    """Whether a body is a calibration rod.

    Its slices (the first and last apart) have one area and one mean, none is far brighter than the rest, their
    centres lie on a straight line, and each is a filled disc: what even the largest vertebra or plaque is not.

    Parameters
    ----------
    shape : Shape
    index : (n, 3) int
        Its voxels.
    hu : (n,)
        Their values [HU].
    spacing_mm : (float, float, float)
    """
    cuts = table("detection")["rod"]
    if shape.slices < max(cuts["slices"], 5) or shape.slices * spacing_mm[0] < cuts["length_mm"]:
        return False
    areas = np.array(shape.pieces_mm2[1:-1])
    if (areas < cuts["area_mm2"]).any() or areas.std() > cuts["area_spread"] * areas.mean():
        return False
    at = index[:, 0] - index[:, 0].min()
    levels = (np.bincount(at, hu) / np.maximum(np.bincount(at), 1))[1:-1]
    if levels.std() > cuts["level_spread"] * levels.mean() or shape.wander_mm > cuts["wander_mm"]:
        return False
    if shape.peak_hu > cuts["peak_over_mean"] * shape.mean_hu:
        return False
    return _disc(index[at == shape.slices // 2], spacing_mm, cuts["roundness"], cuts["fill"])


def _disc(
    index: NDArray[np.int64], spacing_mm: tuple[float, float, float], roundness: float, least_fill: float
) -> bool:
    if len(index) < 3:
        return False
    mm = index[:, 1:] * np.array(spacing_mm[1:])
    half = np.sqrt(4.0 * np.maximum(np.linalg.eigvalsh(np.cov(mm.T)), 0.0))  # half axes of the filled ellipse
    area = len(index) * spacing_mm[1] * spacing_mm[2]
    return bool(half[0] >= roundness * half[1] and area >= least_fill * np.pi * half[0] * half[1])
