"""A plane to paint tissue on: signed distances in mm become smooth-edged coverage, only inside small boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Canvas", "smooth_union"]

F32 = NDArray[np.float32]


class Box:
    """A rectangle of a canvas: its slices, and coordinates that broadcast over it [mm]."""

    __slots__ = ("at", "x", "y")

    def __init__(self, at: tuple[slice, slice], x: F32, y: F32) -> None:
        self.at, self.x, self.y = at, x, y


class Canvas:
    """One plane of CT numbers while it is being painted.

    Parameters
    ----------
    x_mm, y_mm : (column,), (row,) float32
        Patient coordinates of the pixel centres, rising.
    """

    def __init__(self, x_mm: F32, y_mm: F32) -> None:
        self.x = x_mm[None, :].astype(np.float32)
        self.y = y_mm[:, None].astype(np.float32)
        self.pixel_mm = float(abs(x_mm[1] - x_mm[0]))
        self._inverse = np.float32(1.0 / self.pixel_mm)
        self.hu = np.empty((len(y_mm), len(x_mm)), dtype=np.float32)

    def clear(self, hu: float) -> None:
        """One value everywhere."""
        self.hu.fill(hu)

    def box(self, x0: float, x1: float, y0: float, y1: float) -> Box | None:
        """The pixels between these coordinates [mm], or ``None`` where there are none."""
        i0, i1 = np.searchsorted(self.x[0], (x0 - self.pixel_mm, x1 + self.pixel_mm))
        j0, j1 = np.searchsorted(self.y[:, 0], (y0 - self.pixel_mm, y1 + self.pixel_mm))
        if i1 <= i0 or j1 <= j0:
            return None
        at = (slice(int(j0), int(j1)), slice(int(i0), int(i1)))
        return Box(at, self.x[:, at[1]], self.y[at[0]])

    def whole(self) -> Box:
        """All of it."""
        return Box((slice(None), slice(None)), self.x, self.y)

    def cover(self, distance_mm: F32) -> F32:
        """Coverage 0 to 1 of pixels at this signed distance from an outline; negative is inside."""
        covered = distance_mm * -self._inverse
        covered += np.float32(0.5)
        return np.asarray(np.clip(covered, 0.0, 1.0, out=covered), dtype=np.float32)

    def blend(self, box: Box, coverage: F32, hu: float | F32) -> None:
        """Lay a tissue over what is there."""
        target = self.hu[box.at]
        target += coverage * (np.asarray(hu, dtype=np.float32) - target)

    def fill(self, box: Box, distance_mm: F32, hu: float | F32) -> None:
        """Lay a tissue inside an outline."""
        self.blend(box, self.cover(distance_mm), hu)

    def disc(self, x: float, y: float, radius: float, hu: float) -> None:
        """A round patch."""
        self.oval(x, y, radius, radius, hu)

    def oval(self, x: float, y: float, half_x: float, half_y: float, hu: float) -> None:
        """An elliptic patch."""
        if min(half_x, half_y) <= 0:
            return
        box = self.box(x - half_x, x + half_x, y - half_y, y + half_y)
        if box is not None:
            self.fill(box, oval_distance(box, x, y, half_x, half_y), hu)

    def capsule(self, start: tuple[float, float], end: tuple[float, float], radius: float, hu: float) -> None:
        """A straight stroke with round ends."""
        box = self.box(
            min(start[0], end[0]) - radius,
            max(start[0], end[0]) + radius,
            min(start[1], end[1]) - radius,
            max(start[1], end[1]) + radius,
        )
        if box is not None:
            self.fill(box, stroke_distance(box, start, end) - np.float32(radius), hu)


def oval_distance(box: Box, x: float, y: float, half_x: float, half_y: float) -> F32:
    """Signed distance from an ellipse, right to first order [mm]."""
    u, v = (box.x - np.float32(x)) / np.float32(half_x), (box.y - np.float32(y)) / np.float32(half_y)
    level = np.sqrt(u * u + v * v)
    slope = np.sqrt((u / np.float32(half_x)) ** 2 + (v / np.float32(half_y)) ** 2) + np.float32(1e-6)
    return np.asarray(level * (level - 1) / slope, dtype=np.float32)


def stroke_distance(box: Box, start: tuple[float, float], end: tuple[float, float]) -> F32:
    """Distance from a line segment [mm]."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    u, v = box.x - np.float32(start[0]), box.y - np.float32(start[1])
    t = np.clip((u * np.float32(dx) + v * np.float32(dy)) / np.float32(dx * dx + dy * dy + 1e-9), 0, 1)
    return np.asarray(np.hypot(u - t * np.float32(dx), v - t * np.float32(dy)), dtype=np.float32)


def smooth_union(first: F32, second: F32, blend_mm: float) -> F32:
    """Union of two signed distances, the crease rounded over ``blend_mm``."""
    k = np.float32(blend_mm)
    h = np.clip(np.float32(0.5) + (second - first) / (2 * k), 0, 1)
    return np.asarray(second + (first - second) * h - k * h * (1 - h), dtype=np.float32)
