"""Volume of an ellipsoid from its three axes, for comparison with older reports (voxels come first)."""

from __future__ import annotations

import math

__all__ = ["ellipsoid_volume_mm3"]


def ellipsoid_volume_mm3(length_mm: float, width_mm: float, height_mm: float) -> float:
    """pi/6 times the product of the full axes [mm3].

    >>> round(ellipsoid_volume_mm3(10, 8, 6), 1)
    251.3
    """
    return math.pi / 6.0 * length_mm * width_mm * height_mm
