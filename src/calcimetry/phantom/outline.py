"""Outlines of the chest that change with height: skin, muscle, the inside of the rib cage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.canvas import F32

__all__ = ["Cage", "Polar"]

_BINS = 2048
# Height [mm] -> half width and half depth [mm] of the skin and of the inside of the rib cage.
_Z = (-210.0, -150.0, -90.0, -30.0, 20.0, 50.0, 75.0, 100.0, 130.0)
_SKIN_X = (154.0, 159.0, 162.0, 163.0, 166.0, 172.0, 176.0, 178.0, 176.0)
_SKIN_Y = (114.0, 117.0, 119.0, 118.0, 116.0, 114.0, 112.0, 110.0, 108.0)
_CAGE_X = (134.0, 136.0, 135.0, 130.0, 116.0, 100.0, 82.0, 64.0, 52.0)
_CAGE_Y = (84.0, 88.0, 89.0, 86.0, 77.0, 67.0, 56.0, 46.0, 38.0)


class Polar:
    """Angle bin and radius of every pixel, once for all planes."""

    def __init__(self, x: F32, y: F32) -> None:
        self.radius = np.hypot(x, y).astype(np.float32)
        turn = np.arctan2(y, x) / (2 * np.pi) % 1.0
        self.bin = np.minimum(turn * _BINS, _BINS - 1).astype(np.int16)
        self.angle = ((np.arange(_BINS) + 0.5) / _BINS * 2 * np.pi).astype(np.float64)

    def beyond(self, contour: NDArray[np.float64]) -> F32:
        """Distance outward along the ray from a contour given as radius by angle bin [mm]."""
        return np.asarray(self.radius - contour.astype(np.float32)[self.bin], dtype=np.float32)


def _superellipse(angle: NDArray[np.float64], half_x: float, half_y: float, power: float) -> NDArray[np.float64]:
    return np.asarray(
        (np.abs(np.cos(angle) / half_x) ** power + np.abs(np.sin(angle) / half_y) ** power) ** (-1.0 / power)
    )


@dataclass(frozen=True, eq=False)
class Cage:
    """The outlines in one plane, as distances outward [mm] (row, column)."""

    skin_mm: F32
    muscle_mm: F32
    outside_mm: F32
    front_mm: float

    @classmethod
    def at(cls, polar: Polar, z_mm: float) -> Cage:
        """The outlines at this height."""
        a, b, c, d = (float(np.interp(z_mm, _Z, v)) for v in (_SKIN_X, _SKIN_Y, _CAGE_X, _CAGE_Y))
        t = polar.angle
        skin = _superellipse(t, a, b, 2.55)
        skin *= 1 + 0.010 * np.cos(3 * t + 0.4) + 0.006 * np.cos(5 * t + 1.1)
        # Lying on the table flattens the back; the spine leaves a furrow.
        skin = np.minimum(skin, 0.965 * b / np.maximum(np.sin(t), 1e-3) + 400 * (np.sin(t) <= 0))
        skin -= 3.5 * np.exp(-(((t - np.pi / 2) / 0.16) ** 2))
        # Muscle is thick over the shoulder blades and the breast, fat under the arms and in front.
        fat = 13.0 + 4.0 * np.cos(2 * t) - 4.0 * np.sin(t) + 1.5 * np.cos(7 * t + 0.3)
        muscle = skin - np.clip(fat, 6.0, 24.0)
        cage = _superellipse(t, c, d, 2.25) * (1 + 0.012 * np.cos(3 * t + 2.0))
        muscle = np.maximum(muscle, cage + 12.0)
        skin = np.maximum(skin, muscle + 5.0)
        front = int(0.75 * _BINS)
        return cls(polar.beyond(skin), polar.beyond(muscle), polar.beyond(cage), -float(cage[front]))
