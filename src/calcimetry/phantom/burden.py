"""Calcium of a drawn person: plaques and nodules in each of the structures of heart and great vessels."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.objects import Placed
from calcimetry.phantom.organs import Organs
from calcimetry.phantom.shapes import Ellipsoid, Plaque, Shape
from calcimetry.phantom.torso import Torso
from calcimetry.phantom.tubes import Tube

__all__ = ["SITE_OF", "STRUCTURES", "Trimmed", "draw_burden", "lesion_on_course", "triple"]

SITE_OF = {
    "left_main": "coronary_artery",
    "left_anterior_descending": "coronary_artery",
    "left_circumflex": "coronary_artery",
    "right_coronary": "coronary_artery",
    "aortic_valve": "aortic_valve",
    "mitral_annulus": "mitral_annulus",
    "ascending": "aorta_thoracic",
    "arch": "aorta_thoracic",
    "descending": "aorta_thoracic",
    "aorta_abdominal": "aorta_abdominal",
    "great_vessel": "great_vessel",
    "pericardium": "pericardium",
    "myocardium": "myocardium",
}
"""The structures that calcium is placed in -> their sites."""

STRUCTURES = tuple(SITE_OF)

VOLUME_MM3 = (1.0, 300.0)
DENSITY_MG_CM3 = (180.0, 1100.0)

# How many lesions a person has of each, on average over those who have any, and how many people have any (ours: often
# enough that every structure is met, coronaries and aorta more often, as in the clinic).
_COUNT = {
    "left_main": (0.45, 1.3),
    "left_anterior_descending": (0.8, 3.5),
    "left_circumflex": (0.65, 2.2),
    "right_coronary": (0.7, 2.8),
    "aortic_valve": (0.4, 2.5),
    "mitral_annulus": (0.3, 1.8),
    "ascending": (0.4, 2.0),
    "arch": (0.6, 2.2),
    "descending": (0.55, 2.5),
    "aorta_abdominal": (0.5, 1.6),
    "great_vessel": (0.45, 1.6),
    "pericardium": (0.12, 2.0),
    "myocardium": (0.12, 1.5),
}

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


def _volume(rng: np.random.Generator, low: float = VOLUME_MM3[0], high: float = VOLUME_MM3[1]) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _density(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(DENSITY_MG_CM3))))


def _tangent(tube: Tube, at: int) -> Points:
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
            way = _tangent(tube, at)
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


def _valve(organs: Organs, rng: np.random.Generator, volume: float) -> Shape:
    center, axis = organs.valve
    radius = 0.86 * organs.figure.root_radius_mm
    if rng.random() < 0.3:  # along the ring, where the leaflets hang
        u = _across(axis, np.random.default_rng(1))
        v = np.cross(axis, u)
        turn = np.linspace(0, 2 * np.pi, 120)
        ring = center + radius * (np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * v)
        tube = Tube(ring, np.full(len(ring), 1.6))
        return lesion_on_course(tube, rng, min(volume, 150.0), float(rng.uniform(0.1, 0.9)))
    # On a leaflet: from the middle to the wall, along one of three lines of closure, or on its belly.
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


def _annulus(organs: Organs, rng: np.random.Generator, volume: float) -> Shape:
    # The back of the ring calcifies first.
    tube = organs.tubes["mitral_ring"]
    behind = tube.path_mm[:, 1] > np.quantile(tube.path_mm[:, 1], 0.35)
    places = np.flatnonzero(behind if rng.random() < 0.85 else ~behind)
    share = float(rng.choice(places)) / (len(tube.path_mm) - 1)
    thick = float(rng.uniform(1.5, 5.0))
    length = float(np.clip(volume / (math.pi / 4 * thick**2), 1.5, 45.0))
    start = float(np.clip(share * tube.length_mm - length / 2, 0, tube.length_mm - length - 1e-3))
    if volume < 12 or rng.random() < 0.25:
        ball = (6 * volume / math.pi) ** (1 / 3)
        at = int(share * (len(tube.path_mm) - 1))
        return Ellipsoid(triple(tube.path_mm[at]), (ball * 0.9, ball * 0.9, ball / 0.81), triple(_tangent(tube, at)))
    return Plaque(tube.path_mm, 0.0, thick / 2, start, length, 0.0, 360.0)


def _plate(point: Points, normal: Points, rng: np.random.Generator, volume: float, thick: float) -> Shape:
    across = math.sqrt(volume * 6 / math.pi / thick)
    stretch = float(rng.uniform(1.0, 1.8))
    return Ellipsoid(triple(point), (across * stretch, across / stretch, thick), triple(normal))


def _pericardium(torso: Torso, rng: np.random.Generator, volume: float) -> Shape | None:
    organs = torso.organs
    middle = np.mean([c.center for c in organs.chambers.values()], axis=0)
    way = rng.normal(size=3) * np.array([1.0, 1.0, 0.8])
    way /= np.linalg.norm(way)
    way[2] = min(way[2], 0.4)
    point, normal = torso.on_pericardium(middle + 55.0 * organs.figure.heart * way, -0.6)
    return _plate(point, normal, rng, volume, float(rng.uniform(0.9, 2.0)))


def _myocardium(organs: Organs, rng: np.random.Generator, volume: float) -> Shape:
    lv: Chamber = organs.chambers["left_ventricle"]
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    # More often towards the apex and the front: where infarcts lie.
    local = way if rng.random() < 0.3 else np.array([way[0] * 0.6, way[1] * 0.6, abs(way[2])])
    local /= np.linalg.norm(local)
    inner = float(rng.uniform(0.25, 0.8))
    scale = inner * np.array(organs.cavity.half) + (1 - inner) * np.array(lv.half)
    point = np.array(lv.center) + (local * scale) @ lv.frame
    normal = ((local / scale) @ lv.frame).astype(np.float64)
    return _plate(point, normal, rng, min(volume, 200.0), float(rng.uniform(1.2, 3.0)))


def _on_coronary(organs: Organs, artery: str, rng: np.random.Generator, volume: float) -> tuple[Shape, str]:
    branches = [b for b, a in BRANCH_OF.items() if a == artery and b != artery]
    course = str(rng.choice(branches)) if branches and rng.random() < 0.3 else artery
    tube = organs.tubes[course]
    share = float(rng.beta(1.1, 1.7)) if artery != "left_main" else float(rng.uniform(0.05, 0.95))
    most = 60.0 if course != artery else (90.0 if artery == "left_main" else VOLUME_MM3[1])
    return lesion_on_course(tube, rng, min(volume, most), share), course


def _one(torso: Torso, structure: str, rng: np.random.Generator) -> tuple[Shape | None, str]:
    organs = torso.organs
    site = SITE_OF[structure]
    if site == "coronary_artery":
        # Most plaques are small; the large ones are there too.
        volume = _volume(rng, 1.0, 60.0) if rng.random() < 0.7 else _volume(rng)
        return _on_coronary(organs, structure, rng, volume)
    volume = _volume(rng)
    if structure == "aortic_valve":
        return _valve(organs, rng, volume), structure
    if structure == "mitral_annulus":
        return _annulus(organs, rng, volume), structure
    if structure == "pericardium":
        return _pericardium(torso, rng, volume), structure
    if structure == "myocardium":
        return _myocardium(organs, rng, volume), structure
    course = {"aorta_abdominal": "abdominal"}.get(structure, structure)
    if structure == "great_vessel":
        course = str(rng.choice(["brachiocephalic", "left_carotid", "left_subclavian", "right_carotid"],
                                p=[0.4, 0.2, 0.35, 0.05]))  # fmt: skip
    return lesion_on_course(organs.tubes[course], rng, volume, float(rng.uniform(0.02, 0.98)), depth_mm=0.6), course


def draw_burden(torso: Torso, rng: np.random.Generator, often: Mapping[str, float] | None = None) -> list[Placed]:
    """Calcium of this person.

    Parameters
    ----------
    often : mapping, optional
        Structure -> factor on how many people have calcium there.
    """
    placed = []
    for structure, (share, mean) in _COUNT.items():
        draws = rng.random(2), rng.poisson(mean)
        if draws[0][0] >= share * (often or {}).get(structure, 1.0):
            continue
        for n in range(1 + int(draws[1])):
            shape, course = _one(torso, structure, rng)
            if shape is None:
                continue
            site = SITE_OF[structure]
            name = structure if site in ("coronary_artery", "aorta_thoracic") else ""
            if site == "great_vessel":
                name = "brachiocephalic" if course == "right_carotid" else course
            if site == "aorta_abdominal":
                name = "suprarenal"
            placed.append(
                Placed(f"{structure}/{course}/{n + 1}", site, name, Trimmed(shape, "calcification"), _density(rng))
            )
    return placed
