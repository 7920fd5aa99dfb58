"""Shapes of calcium: plaques and nodules on a vessel's wall, on a valve, on a ring, on a surface."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.shapes import Ellipsoid, Plaque, Shape
from calcimetry.phantom.tubes import Tube

__all__ = [
    "Trimmed",
    "draw_density",
    "draw_volume",
    "lesion_on_course",
    "lesion_on_ring",
    "lesion_on_valve",
    "plate",
    "tangent",
    "triple",
]

VOLUME_MM3 = (1.0, 300.0)
DENSITY_MG_CM3 = (180.0, 1100.0)

Points = NDArray[np.float64]
_TRIM = 20
_ARTERY_MM = 3.0  # below this radius calcium fills a vessel; above it lines the wall
_STRAIGHT_MM = 8.0


def triple(values: Points) -> tuple[float, float, float]:
    """Three plain numbers."""
    x, y, z = (float(v) for v in values)
    return x, y, z


class Trimmed:
    """A shape in a tight box: a plaque's own box is that of its piece of tube, and mostly empty.

    ``kind`` is the word of the truth: ``calcification``, ``bone``, ``metal``, ``artefact``, ``marker``.
    """

    def __init__(self, shape: Shape, kind: str) -> None:
        self._shape, self.kind = shape, kind
        low, high = shape.bounds_mm()
        if isinstance(shape, Plaque):
            step = (high - low) / _TRIM
            axes = [a + (np.arange(_TRIM) + 0.5) * d for a, d in zip(low, step, strict=True)]
            points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
            own = points[shape.inside(points)]
            if len(own):
                low, high = np.maximum(own.min(axis=0) - step, low), np.minimum(own.max(axis=0) + step, high)
        self._bounds = low, high

    @property
    def finest_mm(self) -> float:
        """Coarser cells than the shape's own where it is thin and long: the volume stays right to about 1 %."""
        return max(self._shape.finest_mm, 0.25 * float((self._bounds[1] - self._bounds[0]).max()))

    @property
    def exact_volume_mm3(self) -> float | None:
        """As the shape has it."""
        return self._shape.exact_volume_mm3

    def bounds_mm(self) -> tuple[Points, Points]:
        """The tight box."""
        return self._bounds

    def inside(self, points: Points) -> NDArray[np.bool_]:
        """As the shape has it."""
        return self._shape.inside(points)


def draw_volume(
    rng: np.random.Generator, median_mm3: float = 9.0, spread: float = 1.25, most_mm3: float = VOLUME_MM3[1]
) -> float:
    """A volume [mm3]: most are small, some are large."""
    for _ in range(20):
        volume = median_mm3 * float(np.exp(rng.normal(0.0, spread)))
        if VOLUME_MM3[0] <= volume <= most_mm3:
            return volume
    return median_mm3


def draw_density(rng: np.random.Generator) -> float:
    """Hydroxyapatite [mg/cm3]."""
    return float(np.exp(rng.uniform(*np.log(DENSITY_MG_CM3))))


def tangent(tube: Tube, at: int) -> Points:
    """Direction of a tube at one of its points."""
    n = len(tube.path_mm)
    way = tube.path_mm[min(at + 3, n - 1)] - tube.path_mm[max(at - 3, 0)]
    return np.asarray(way / (np.linalg.norm(way) + 1e-9))


def _across(way: Points, rng: np.random.Generator) -> Points:
    out = np.cross(way, rng.normal(size=3))
    return np.asarray(out / (np.linalg.norm(out) + 1e-9))


def lesion_on_course(
    tube: Tube, rng: np.random.Generator, volume_mm3: float, share: float, *, depth_mm: float = 0.0
) -> Shape:
    """A plaque on the wall of a tube, or a nodule in it, at this share of its length (0 to 1).

    ``depth_mm`` sinks it into the wall. Its volume is about ``volume_mm3``: less where the tube is short or thin.
    """
    at = int(np.clip(share, 0.01, 0.99) * (len(tube.path_mm) - 1))
    radius = float(tube.radius_mm[at])
    thin = radius < _ARTERY_MM
    ball = (6 * volume_mm3 / math.pi) ** (1 / 3)
    if rng.random() < (0.4 if thin else 0.45):
        # A nodule: thick across a thin artery, sunk into the wall of a wide one. Long ones must bend with the vessel.
        across = float(min(ball, rng.uniform(1.0, 2.0) * radius) if thin else ball * rng.uniform(0.6, 0.95))
        other = across * float(rng.uniform(0.7, 1.0))
        length = max(0.7, 6 * volume_mm3 / math.pi / (across * other))
        if length <= _STRAIGHT_MM:
            way = tangent(tube, at)
            out = radius * float(rng.uniform(0.2, 0.9)) if thin else radius - depth_mm
            center = tube.path_mm[at] + _across(way, rng) * out
            return Ellipsoid(triple(center), (across, other, length), triple(way))
    arc = float(rng.uniform(60, 300)) if thin else float(rng.uniform(12, 110))
    thick = float(rng.uniform(0.7, min(2.2, 1.2 * radius))) if thin else float(rng.uniform(0.7, 3.0))
    if thin and volume_mm3 > 60:
        arc, thick = float(rng.uniform(180, 360)), 1.25 * radius
    inner = max(0.0, radius - thick / 2 - depth_mm)
    area = math.radians(arc) * (inner + thick / 2) * thick
    length = float(np.clip(volume_mm3 / area, 0.7, min(45.0, 0.8 * tube.length_mm)))
    start = float(np.clip(share * tube.length_mm - length / 2, 0.0, tube.length_mm - length - 1e-3))
    return Plaque(tube.path_mm, inner, inner + thick, start, length, float(rng.uniform(-180, 180)), arc)


def lesion_on_valve(center: Points, axis: Points, radius_mm: float, rng: np.random.Generator, volume: float) -> Shape:
    """Calcium of a valve with three leaflets: on a leaflet, or along the ring they hang on."""
    radius = 0.86 * radius_mm
    if rng.random() < 0.3:
        u = _across(axis, np.random.default_rng(1))
        v = np.cross(axis, u)
        turn = np.linspace(0, 2 * np.pi, 120)
        ring = center + radius * (np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * v)
        tube = Tube(ring, np.full(len(ring), 1.6))
        return lesion_on_course(tube, rng, min(volume, 150.0), float(rng.uniform(0.1, 0.9)))
    # From the middle to the wall, along one of three lines of closure, or on a leaflet's belly.
    line = rng.integers(3) * 2 * np.pi / 3 + rng.normal(0, 0.25) + 0.5
    u = np.cross(axis, [0.0, 1.0, 0.0])
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    way = np.cos(line) * u + np.sin(line) * v
    place = center + way * radius * rng.uniform(0.1, 0.95) + axis * rng.uniform(-2, 6)
    flat = float(rng.uniform(0.45, 1.0))
    ball = (6 * volume / math.pi) ** (1 / 3)
    d = (ball / flat**0.5, ball / flat**0.5 * 0.8, ball * flat / 0.8)
    return Ellipsoid(triple(place), d, triple(axis + 0.5 * rng.normal(size=3)))


def lesion_on_ring(tube: Tube, rng: np.random.Generator, volume: float) -> Shape:
    """Calcium of the mitral annulus; the back of the ring calcifies first."""
    behind = tube.path_mm[:, 1] > np.quantile(tube.path_mm[:, 1], 0.35)
    places = np.flatnonzero(behind if rng.random() < 0.85 else ~behind)
    share = float(rng.choice(places)) / (len(tube.path_mm) - 1)
    if volume < 12 or rng.random() < 0.25:
        ball = (6 * volume / math.pi) ** (1 / 3)
        at = int(share * (len(tube.path_mm) - 1))
        return Ellipsoid(triple(tube.path_mm[at]), (ball * 0.9, ball * 0.9, ball / 0.81), triple(tangent(tube, at)))
    thick = float(rng.uniform(1.5, 5.0))
    length = float(np.clip(volume / (math.pi / 4 * thick**2), 1.5, min(45.0, 0.8 * tube.length_mm)))
    start = float(np.clip(share * tube.length_mm - length / 2, 0, tube.length_mm - length - 1e-3))
    return Plaque(tube.path_mm, 0.0, thick / 2, start, length, 0.0, 360.0)


def plate(point: Points, normal: Points, rng: np.random.Generator, volume: float, thick: float) -> Shape:
    """A flat piece on a surface."""
    across = math.sqrt(volume * 6 / math.pi / thick)
    stretch = float(rng.uniform(1.0, 1.8))
    return Ellipsoid(triple(point), (across * stretch, across / stretch, thick), triple(normal))
