"""Objects of known volume: cylinder, sphere, ellipsoid, and a plaque on the wall of a tube. mm, LPS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.core.errors import UsageError

__all__ = ["Cylinder", "Ellipsoid", "Plaque", "Shape", "Sphere", "frame_of"]

Points = NDArray[np.float64]
Vector = tuple[float, float, float]


class Shape(Protocol):
    """What the renderer needs to know of an object."""

    @property
    def kind(self) -> str:
        """The word for it in the truth."""
        ...

    @property
    def finest_mm(self) -> float:
        """Its smallest dimension: the renderer's cells are a fraction of it."""
        ...

    @property
    def exact_volume_mm3(self) -> float | None:
        """Volume where a formula gives it; None: the renderer counts."""
        ...

    def bounds_mm(self) -> tuple[Points, Points]:
        """Lower and upper corner of a box around it."""
        ...

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Whether each of the points (n, 3) lies in it."""
        ...


def _positive(**sizes_mm: float) -> None:
    for name, size in sizes_mm.items():
        if not (math.isfinite(size) and size > 0):
            raise UsageError(f"{name}: found {size}, expected a length above 0")


def frame_of(direction: Sequence[float]) -> Points:
    """Three unit vectors (3, 3) as rows; the last one points along ``direction``."""
    w = np.asarray(direction, dtype=np.float64)
    length = float(np.linalg.norm(w))
    if not length > 0:
        raise UsageError(f"direction: found {tuple(direction)}, expected a vector that is not zero")
    w = w / length
    helper = np.eye(3)[int(np.argmin(np.abs(w)))]
    u = np.cross(helper, w)
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(w, u), w])


@dataclass(frozen=True)
class Sphere:
    """A ball."""

    center_mm: Vector
    diameter_mm: float
    kind: str = "sphere"

    def __post_init__(self) -> None:
        _positive(diameter_mm=self.diameter_mm)

    @property
    def finest_mm(self) -> float:
        """Diameter."""
        return self.diameter_mm

    @property
    def exact_volume_mm3(self) -> float:
        """π/6 d³.

        >>> round(Sphere((0, 0, 0), 2.0).exact_volume_mm3, 3)
        4.189
        """
        return math.pi / 6 * self.diameter_mm**3

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around it."""
        center = np.array(self.center_mm)
        return center - self.diameter_mm / 2, center + self.diameter_mm / 2

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Nearer to the centre than half a diameter."""
        away = points - np.array(self.center_mm)
        return np.asarray((away**2).sum(axis=1) <= (self.diameter_mm / 2) ** 2)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid; ``diameters_mm`` along two axes across ``direction`` and along it."""

    center_mm: Vector
    diameters_mm: Vector
    direction: Vector = (0.0, 0.0, 1.0)
    kind: str = "ellipsoid"

    def __post_init__(self) -> None:
        for size in self.diameters_mm:
            _positive(diameters_mm=size)
        frame_of(self.direction)

    @property
    def finest_mm(self) -> float:
        """Smallest diameter."""
        return min(self.diameters_mm)

    @property
    def exact_volume_mm3(self) -> float:
        """π/6 abc."""
        return math.pi / 6 * math.prod(self.diameters_mm)

    @cached_property
    def _frame(self) -> Points:
        return frame_of(self.direction)

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around it."""
        half = np.sqrt(((self._frame * (np.array(self.diameters_mm)[:, None] / 2)) ** 2).sum(axis=0))
        center = np.array(self.center_mm)
        return center - half, center + half

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """By the ellipsoid's equation."""
        local = (points - np.array(self.center_mm)) @ self._frame.T / (np.array(self.diameters_mm) / 2)
        return np.asarray((local**2).sum(axis=1) <= 1.0)


@dataclass(frozen=True)
class Cylinder:
    """A round rod, cut flat."""

    center_mm: Vector
    diameter_mm: float
    length_mm: float
    direction: Vector = (0.0, 0.0, 1.0)
    kind: str = "cylinder"

    def __post_init__(self) -> None:
        _positive(diameter_mm=self.diameter_mm, length_mm=self.length_mm)
        frame_of(self.direction)

    @property
    def finest_mm(self) -> float:
        """The smaller of diameter and length."""
        return min(self.diameter_mm, self.length_mm)

    @property
    def exact_volume_mm3(self) -> float:
        """π/4 d² l.

        >>> round(Cylinder((0, 0, 0), 5.0, 5.0).exact_volume_mm3, 1)
        98.2
        """
        return math.pi / 4 * self.diameter_mm**2 * self.length_mm

    @cached_property
    def _frame(self) -> Points:
        return frame_of(self.direction)

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around it."""
        w = np.abs(self._frame[2])
        half = w * self.length_mm / 2 + np.sqrt(np.clip(1 - w**2, 0, 1)) * self.diameter_mm / 2
        center = np.array(self.center_mm)
        return center - half, center + half

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """Near the axis and between the ends."""
        local = (points - np.array(self.center_mm)) @ self._frame.T
        radial = (local[:, :2] ** 2).sum(axis=1) <= (self.diameter_mm / 2) ** 2
        return np.asarray(radial & (np.abs(local[:, 2]) <= self.length_mm / 2))


@dataclass(frozen=True, eq=False)
class Plaque:
    """A partial ring on the wall of a tube.

    Parameters
    ----------
    path_mm : (n, 3)
        Centre line of the tube, closely spaced.
    inner_mm, outer_mm : float
        Radii between which the plaque lies.
    start_mm, length_mm : float
        Where along the centre line it begins, and for how long it runs.
    angle_deg, arc_deg : float
        Middle and width of the arc around the centre line; 360 is a closed ring.
    """

    path_mm: Points
    inner_mm: float
    outer_mm: float
    start_mm: float
    length_mm: float
    angle_deg: float = 0.0
    arc_deg: float = 120.0
    kind: str = "plaque"

    def __post_init__(self) -> None:
        _positive(outer_mm=self.outer_mm, length_mm=self.length_mm, arc_deg=self.arc_deg)
        _positive(thickness_mm=self.outer_mm - self.inner_mm)
        if self.start_mm < 0 or self.start_mm + self.length_mm > self._along[-1] + 1e-6:
            raise UsageError(
                f"plaque: found {self.start_mm:g} to {self.start_mm + self.length_mm:g} mm along a tube of "
                f"{self._along[-1]:.0f} mm"
            )

    @property
    def finest_mm(self) -> float:
        """Thickness of the plaque."""
        return self.outer_mm - self.inner_mm

    @property
    def exact_volume_mm3(self) -> None:
        """None: on a bent tube it is counted."""
        return

    @cached_property
    def _along(self) -> Points:
        steps = np.linalg.norm(np.diff(self.path_mm, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @cached_property
    def _piece(self) -> tuple[Points, Points]:
        # The piece of centre line that the plaque lies on, with a margin, and its distances along the tube.
        margin = self.outer_mm + 1.0
        near = (self._along >= self.start_mm - margin) & (self._along <= self.start_mm + self.length_mm + margin)
        return self.path_mm[near], self._along[near]

    def bounds_mm(self) -> tuple[Points, Points]:
        """Box around the piece of tube."""
        points, along = self._piece
        own = (along >= self.start_mm - 1.0) & (along <= self.start_mm + self.length_mm + 1.0)
        own = own if own.any() else np.ones(len(points), dtype=bool)
        return points[own].min(axis=0) - self.outer_mm, points[own].max(axis=0) + self.outer_mm

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """By the nearest point of the centre line."""
        line, along = self._piece
        tangent = np.gradient(line, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        away, nearest = cKDTree(line).query(points, distance_upper_bound=self.outer_mm + 1.0)
        out = np.isfinite(away)
        chunk, nearest = points[out], nearest[out]
        t = tangent[nearest]
        offset = chunk - line[nearest]
        ahead = (offset * t).sum(axis=1)
        radial = offset - ahead[:, None] * t
        radius = np.linalg.norm(radial, axis=1)
        at = along[nearest] + ahead
        # Zero degrees points to the front of the patient, as far as the tube allows.
        front = np.array([1e-6, -1.0, 0.0]) + t * t[:, 1:2]
        front /= np.linalg.norm(front, axis=1, keepdims=True)
        side = np.cross(t, front)
        angle = np.degrees(np.arctan2((radial * side).sum(axis=1), (radial * front).sum(axis=1)))
        turn = np.abs((angle - self.angle_deg + 180.0) % 360.0 - 180.0)
        out[out] = (
            (radius >= self.inner_mm)
            & (radius <= self.outer_mm)
            & (at >= self.start_mm)
            & (at <= self.start_mm + self.length_mm)
            & (turn <= self.arc_deg / 2)
        )
        return np.asarray(out)
