"""The mitral valve from two sides: beside the aortic valve, and in the shape of the heart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Plane
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.shape import Shape
from calcimetry.locate.heart.template import heart_axes

__all__ = ["mitral"]

MIDDLE = (-0.09, -0.02, -0.27)
"""Its middle in the axes of the heart, in cube roots of the heart's volume: mean of simulated persons, rounded."""

NORMAL = (0.96, 0.05, 0.2)
"""Across it, in the same axes."""

SD_MM = 8.0


def mitral(frame: Frame, form: Shape, base: Root, beside: Plane) -> Plane:
    """The mean of the plane found beside the aortic valve and of that expected in the heart's shape.

    Their errors are of one size and have little to do with each other: the one hangs on the root, the other on centroid
    and apex.
    """
    middle, apex = frame.to_lps(form.centroid), frame.to_lps(form.apex)
    axes = heart_axes(middle, apex, frame.to_lps(np.array([base.slice, base.row, base.column])))
    inside = middle + (np.array(MIDDLE) * np.cbrt(form.volume_ml * 1000.0)) @ axes
    weight = 0.5 * form.believed
    center = weight * inside + (1.0 - weight) * np.array(beside.mm)
    normal = weight * np.array(NORMAL) @ axes + (1.0 - weight) * np.array(beside.normal)
    apart = float(np.linalg.norm(inside - np.array(beside.mm)))
    sd = float(np.hypot(SD_MM, apart / 4.0)) if weight > 0.0 else beside.sd_mm
    return Plane(_three(center), _three(normal / np.linalg.norm(normal)), sd, beside.confidence)


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
