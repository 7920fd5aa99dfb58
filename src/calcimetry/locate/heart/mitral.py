"""Aortic and mitral valve from two sides: from the root down, and in the shape of the heart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Plane
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.shape import Shape
from calcimetry.locate.heart.template import heart_axes

__all__ = ["aortic", "mitral"]

AORTIC = (-0.19, 0.2, -0.04)
AORTIC_SHARE = 0.35
"""The middle of the aortic valve in the axes of the heart (as below), and how much this place counts beside the one
found down the root's axis: on simulated persons either is off by 7 mm (median), the mean of both by 5."""

MIDDLE = (-0.13, -0.09, -0.25)
"""The middle of the mitral valve in the axes of the heart, in cube roots of the heart's volume: mean of simulated
persons, rounded."""

NORMAL = (0.95, 0.02, 0.12)
"""Across it, in the same axes."""

SD_MM = 8.0

F64 = NDArray[np.float64]


def aortic(frame: Frame, form: Shape, base: Root, below: Plane) -> Plane:
    """The aortic valve as found down the root's axis, drawn to where it mostly lies in the heart's shape."""
    inside, _ = _inside(frame, form, base, AORTIC)
    weight = AORTIC_SHARE * form.believed
    center = weight * inside + (1.0 - weight) * np.array(below.mm)
    return Plane(_three(center), below.normal, below.sd_mm, below.confidence)


def _inside(frame: Frame, form: Shape, base: Root, place: tuple[float, float, float]) -> tuple[F64, F64]:
    """A place given in the axes of the heart, and these axes."""
    middle, apex = frame.to_lps(form.centroid), frame.to_lps(form.apex)
    axes = heart_axes(middle, apex, frame.to_lps(base.center(frame)))
    return np.asarray(middle + (np.array(place) * np.cbrt(form.volume_ml * 1000.0)) @ axes), axes


def mitral(frame: Frame, form: Shape, base: Root, beside: Plane) -> Plane:
    """The mean of the plane found beside the aortic valve and of that expected in the heart's shape.

    Their errors are of one size and have little to do with each other: the one hangs on the root, the other on centroid
    and apex.
    """
    inside, axes = _inside(frame, form, base, MIDDLE)
    weight = 0.5 * form.believed
    center = weight * inside + (1.0 - weight) * np.array(beside.mm)
    normal = weight * np.array(NORMAL) @ axes + (1.0 - weight) * np.array(beside.normal)
    apart = float(np.linalg.norm(inside - np.array(beside.mm)))
    sd = float(np.hypot(SD_MM, apart / 4.0)) if weight > 0.0 else beside.sd_mm
    return Plane(_three(center), _three(normal / np.linalg.norm(normal)), sd, beside.confidence)


def _three(values: F64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
