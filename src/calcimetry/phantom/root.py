"""The root of the aorta of a drawn person: it leans, and this lean puts the right coronary ostium below the left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.figure import Figure

__all__ = ["AorticRoot", "aortic_root"]

Points = NDArray[np.float64]

_LEFT_DEG, _RIGHT_DEG = 27.0, 255.0
"""Direction of the ostia in the horizontal plane, from the left towards the back: the left sinus faces left and back,
the right one to the front."""
_LEAFLETS_MM = 3.0
"""The middle of the leaflets lies so far over the annulus."""


@dataclass(frozen=True, eq=False)
class AorticRoot:
    """Places in LPS mm.

    ``center`` lies on the axis, half way in height between both ostia; ``axis`` (unit) points from the valve to the
    vessel; ``valve`` is the middle of the leaflets; ``left``, ``right`` are the ostia, on the wall of the sinuses.
    """

    center: Points
    axis: Points
    valve: Points
    left: Points
    right: Points


def aortic_root(figure: Figure) -> AorticRoot:
    """Where valve and ostia of this person lie, from the lean of the root and the heights of the ostia over it."""
    to_right, to_front = (float(np.tan(np.radians(one))) for one in figure.lean_deg)
    axis = np.array([-to_right, -to_front, 1.0])
    axis /= np.linalg.norm(axis)
    center = np.array(figure.root_mm)
    middle = sum(figure.ostia_mm) / 2.0

    def mouth(degrees: float, height_mm: float) -> Points:
        angle = np.radians(degrees + figure.turn_deg[0])
        out = np.array([np.cos(angle), np.sin(angle), 0.0])
        out -= (out @ axis) * axis
        out /= np.linalg.norm(out)
        return np.asarray(center + (height_mm - middle) * axis + 0.97 * figure.root_radius_mm * out)

    left, right = (
        mouth(one + off, height)
        for one, off, height in zip(
            (_LEFT_DEG, _RIGHT_DEG), figure.ostia_turn_deg, figure.ostia_mm, strict=True
        )
    )  # fmt: skip
    return AorticRoot(center, axis, center - (middle - _LEAFLETS_MM) * axis, left, right)
