"""Lesions and decoys of known mass along vessels and surfaces of a real image, ready to be inserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.phantom.burden import GREAT, placed_as
from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.lesions import (
    Trimmed,
    draw_density,
    draw_volume,
    lesion_on_course,
    lesion_on_ring,
    lesion_on_valve,
    plate,
    triple,
)
from calcimetry.phantom.objects import Placed
from calcimetry.phantom.shapes import Ellipsoid, Plaque, Shape, Sphere
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["Room", "decoys_along", "lesions_along"]

Points = NDArray[np.float64]

_ARTERY_MM = {"left_main": 2.3, "left_anterior_descending": 1.8, "left_circumflex": 1.7, "right_coronary": 1.9}
_BRANCH_MM = 1.2
_WALL_MM = {"ascending": 17.0, "arch": 14.0, "descending": 12.5, "abdominal": 11.0, "brachiocephalic": 6.0}
_GREAT_MM = 4.5
_VALVE_MM = 13.0
"""Radii where the anatomy gives none."""
_TRIES = 40
_STEP_MM = 0.05  # points nearer than this to the one before are the same point


@dataclass(frozen=True)
class Room:
    """Where something may be put.

    ``gap_mm``: free space around it. ``dense_hu``: what is there must be less dense, seen through a mean over about
    2 mm; ``least_hu``: and, for vessels, no lung.
    """

    gap_mm: float = 4.0
    dense_hu: float = 105.0
    least_hu: float = -250.0


class _Site:
    """The free places of one image."""

    def __init__(self, volume: Volume, room: Room) -> None:
        self.grid, self.room = volume.geometry, room
        spacing = np.array(self.grid.spacing_mm)
        self._margin = np.ceil(room.gap_mm / spacing).astype(int)
        size = [max(1, round(2.0 / s)) for s in spacing]
        self.smooth = uniform_filter(volume.pixels.astype(np.float32), size, mode="nearest")
        self.taken = self.smooth >= room.dense_hu

    def hu(self, point: Points) -> float:
        """Of the tissue there; -2000 outside."""
        at = np.rint(self.grid.to_index(point)).astype(int)
        if (at < 0).any() or (at >= self.grid.shape).any():
            return -2000.0
        return float(self.smooth[tuple(at)])

    def take(self, shape: Shape, *, gap: bool = True, count: int = 600, rng: np.random.Generator) -> bool:
        """Whether the shape lies inside the image and in free space; if so, the space is taken."""
        low, high = shape.bounds_mm()
        corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
        index = self.grid.to_index(corners)
        margin = self._margin if gap else np.zeros(3, dtype=int)
        if (index.min(axis=0) < 1).any() or (index.max(axis=0) > np.array(self.grid.shape) - 2).any():
            return False
        points = rng.uniform(low, high, (count, 3))
        points = points[shape.inside(points)]
        if not len(points):
            points = (low + high)[None] / 2
        voxels = np.unique(np.rint(self.grid.to_index(points)).astype(int), axis=0)
        first = np.maximum(voxels.min(axis=0) - margin, 0)
        last = np.minimum(voxels.max(axis=0) + margin + 1, self.grid.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        if gap and self.taken[box].any():
            return False
        self.taken[box] = True
        return True


def _tube(anatomy: Anatomy, name: str, radius_mm: float) -> Tube | None:
    course = anatomy.tubes.get(name)
    if course is None or len(course.points_mm) < 2:
        return None
    points, radius = (np.asarray(a, dtype=np.float64) for a in (course.points_mm, course.radius_mm))
    moved = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > _STEP_MM])
    points, radius = points[moved], radius[moved]
    if len(points) < 2:
        return None
    path = spline(points)
    if not np.isfinite(radius).all() or (radius <= 0).any():
        radius = np.full(len(points), radius_mm)
    return Tube(path, np.interp(np.linspace(0, 1, len(path)), np.linspace(0, 1, len(radius)), radius))


def _outward(points: Points, rng: np.random.Generator) -> tuple[Points, Points]:
    """A place on a surface known by points: one of them, moved a little toward a neighbour; its outward normal."""
    middle = points.mean(axis=0)
    at = points[int(rng.integers(len(points)))]
    near = points[np.argsort(np.linalg.norm(points - at, axis=1))[1:4]]
    place = at + rng.uniform(0, 0.25) * (near[int(rng.integers(len(near)))] - at) if len(near) else at
    out = place - middle
    return place, out / (np.linalg.norm(out) + 1e-9)


def lesions_along(
    volume: Volume,
    anatomy: Anatomy,
    rng: np.random.Generator,
    count: int,
    *,
    surfaces: Mapping[str, Points] | None = None,
    structures: Sequence[str] | None = None,
    room: Room | None = None,
) -> list[Placed]:
    """Calcium of known mass along the vessels of a real image.

    Structures take turns, as far as the anatomy names them, so that each gets about the same share. A place is refused
    where something dense lies already, where another lesion lies, or in the lung.

    Parameters
    ----------
    volume : Volume
        The image that the objects will be inserted into.
    anatomy : Anatomy
        Tubes (courses of the arteries with branches, ``ascending``, ``arch``, ``descending``, ``abdominal``, great
        arteries, ``mitral_ring``) and the plane ``aortic_valve``. Patient space [mm].
    rng : numpy Generator
    count : int
        How many; fewer come back where there is no room.
    surfaces : mapping, optional
        ``pericardium`` and ``myocardium`` as points (n, 3) [mm].
    structures : sequence of str, optional
        Only these.
    room : Room, optional

    Returns
    -------
    list of Placed
    """
    site = _Site(volume, room or Room())
    makers = _makers(anatomy, surfaces or {})
    names = [name for name in makers if structures is None or name in structures]
    placed: list[Placed] = []
    for n in range(count if names else 0):
        structure = names[n % len(names)]
        for _ in range(_TRIES):
            course, tube = makers[structure][int(rng.integers(len(makers[structure])))]
            shape = _shape(structure, tube, anatomy, surfaces or {}, rng)
            one = placed_as(structure, course, shape, str(n + 1), draw_density(rng))
            low, high = one.shape.bounds_mm()
            if site.hu((low + high) / 2) > site.room.least_hu and site.take(one.shape, rng=rng):
                placed.append(one)
                break
    return placed


def _makers(anatomy: Anatomy, surfaces: Mapping[str, Points]) -> dict[str, list[tuple[str, Tube | None]]]:
    """Structure -> the courses it can be put on."""
    out: dict[str, list[tuple[str, Tube | None]]] = {}

    def add(structure: str, name: str, radius: float) -> None:
        tube = _tube(anatomy, name, radius)
        if tube is not None and tube.length_mm > 3.0:
            out.setdefault(structure, []).append((name, tube))

    for branch, artery in BRANCH_OF.items():
        # The artery itself more often than one of its branches.
        for _ in range(3 if branch == artery else 1):
            add(artery, branch, _ARTERY_MM.get(branch, _BRANCH_MM))
    for part in ("ascending", "arch", "descending"):
        add(part, part, _WALL_MM[part])
    add("aorta_abdominal", "abdominal", _WALL_MM["abdominal"])
    for name in GREAT:
        add("great_vessel", name, _WALL_MM.get(name, _GREAT_MM))
    add("mitral_annulus", "mitral_ring", 2.0)
    if "aortic_valve" in anatomy.planes:
        out["aortic_valve"] = [("aortic_valve", None)]
    for name in ("pericardium", "myocardium"):
        if len(surfaces.get(name, ())) > 3:
            out[name] = [(name, None)]
    return out


def _shape(
    structure: str, tube: Tube | None, anatomy: Anatomy, surfaces: Mapping[str, Points], rng: np.random.Generator
) -> Shape:
    volume = draw_volume(rng, 9.0 if structure in BRANCH_OF else 16.0)
    if structure == "aortic_valve":
        valve = anatomy.planes["aortic_valve"]
        rising = anatomy.tubes.get("ascending")
        radius = float(rising.radius_mm[0]) if rising is not None and rising.radius_mm[0] > 0 else _VALVE_MM
        return lesion_on_valve(np.array(valve.mm), np.array(valve.normal), radius, rng, volume)
    if tube is None:
        point, normal = _outward(np.asarray(surfaces[structure], dtype=np.float64), rng)
        return plate(point, normal, rng, min(volume, 150.0), float(rng.uniform(1.0, 2.5)))
    if structure == "mitral_annulus":
        return lesion_on_ring(tube, rng, volume)
    depth = 0.0 if structure in BRANCH_OF else 0.6
    most = 60.0 if structure in BRANCH_OF else 300.0
    return lesion_on_course(tube, rng, min(volume, most), float(rng.uniform(0.03, 0.97)), depth_mm=depth)


# -- what must not be counted ----------------------------------------------------------------------------------------


def decoys_along(
    volume: Volume, anatomy: Anatomy, rng: np.random.Generator, count: int, *, room: Room | None = None
) -> list[Placed]:
    """Dense things of a real chest that are no calcium of heart or vessel, as far as the anatomy shows where.

    Osteophytes on the ``spine``, cartilage round the ``airway``, nodes round the ``carina``, granulomas in the lung
    near the heart, bone on the inner side of the breastbone, electrodes. Kinds take turns.

    Parameters
    ----------
    volume, anatomy, rng, count, room
        As for :func:`lesions_along`; points ``carina`` and ``heart`` are used where they are.

    Returns
    -------
    list of Placed
        Site ``unassigned``, structure the decoy's name (see ``DECOYS``).
    """
    site = _Site(volume, room or Room())
    kinds = ["granuloma", "sternum_edge", "electrode"]
    kinds += ["osteophyte"] if "spine" in anatomy.tubes else []
    kinds += ["tracheal_cartilage"] if "airway" in anatomy.tubes else []
    kinds += ["mediastinal_node"] if "carina" in anatomy.points else []
    middle = _heart_middle(volume, anatomy)
    placed: list[Placed] = []
    for n in range(count):
        name = kinds[n % len(kinds)]
        for _ in range(_TRIES):
            made = _decoy(name, site, anatomy, middle, rng)
            if made is None:
                continue
            shape, density, kind, free = made
            tight = Trimmed(shape, kind)
            if site.take(tight, gap=free, rng=rng):
                placed.append(Placed(f"{name}/{n + 1}", "unassigned", name, tight, density))
                break
    return placed


def _heart_middle(volume: Volume, anatomy: Anatomy) -> Points:
    if "heart" in anatomy.points:
        return np.array(anatomy.points["heart"].mm)
    known = [anatomy.tubes[name].points_mm for name in BRANCH_OF if name in anatomy.tubes]
    if known:
        return np.asarray(np.concatenate(known).mean(axis=0))
    return np.asarray(volume.geometry.to_lps_mm((np.array(volume.geometry.shape) - 1) / 2))


def _size(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _decoy(
    name: str, site: _Site, anatomy: Anatomy, middle: Points, rng: np.random.Generator
) -> tuple[Shape, float, str, bool] | None:
    """Shape, density, kind, and whether it must lie free; ``None`` where this try found no place."""
    if name == "granuloma":
        place = middle + rng.normal(0, 1, 3) * np.array([55.0, 40.0, 45.0])
        if site.hu(place) > -650:
            return None
        return Sphere(triple(place), _size(rng, 2.0, 8.0)), _size(rng, 250, 1000), "calcification", True
    if name == "osteophyte":
        return _osteophyte(anatomy, rng)
    if name == "tracheal_cartilage":
        tube = _tube(anatomy, "airway", 8.5)
        if tube is None:
            return None
        share, length = float(rng.uniform(0.05, 0.95)), float(rng.uniform(1.2, 3.0))
        start = float(np.clip(share * tube.length_mm, 0, tube.length_mm - length - 1e-3))
        radius = float(np.interp(share, np.linspace(0, 1, len(tube.radius_mm)), tube.radius_mm)) + 0.6
        ring = Plaque(tube.path_mm, radius, radius + float(rng.uniform(0.8, 1.6)), start, length,
                      float(rng.uniform(-100, 100)), float(rng.uniform(25, 160)))  # fmt: skip
        return ring, _size(rng, 200, 600), "calcification", True
    if name == "mediastinal_node":
        stations = ((-14, -10, 18), (18, -12, 1), (1, 2, -16), (-16, -22, 8), (-30, 4, -18), (36, 8, -14))
        place = np.array(anatomy.points["carina"].mm) + stations[int(rng.integers(6))] + rng.normal(0, 3.0, 3)
        if not -150 < site.hu(place) < 90:
            return None
        a, b = np.exp(rng.uniform(-0.35, 0.35, 2))
        d = _size(rng, 2, 11)
        lump = Ellipsoid(triple(place), (d * float(a), d * float(b), d / float(a * b)), triple(rng.normal(size=3)))
        return lump, _size(rng, 180, 1300), "calcification", True
    # Forward from the heart to the breastbone, or to the skin.
    start = middle + np.array([rng.uniform(-25, 45), 0.0, rng.uniform(-40, 45)])
    line = start + np.arange(0.0, 190.0, 0.7)[:, None] * np.array([0.0, -1.0, 0.0])
    hu = np.array([site.hu(p) for p in line])
    if name == "electrode":
        body = np.flatnonzero(hu > -250)
        if not len(body) or body[-1] + 3 >= len(line) or hu[body[-1] + 3] < -1500:
            return None
        place = line[body[-1] + 2]
        return Ellipsoid(triple(place), (_size(rng, 4, 9), 5.0, 2.0), (0.0, -1.0, 0.0)), 1600.0, "marker", True
    bone = np.flatnonzero((hu > 130) & (np.arange(len(hu)) > 20))
    if not len(bone):
        return None
    place = line[bone[0] - 1]
    return Sphere(triple(place), _size(rng, 2.5, 6.0)), _size(rng, 250, 700), "bone", False


def _osteophyte(anatomy: Anatomy, rng: np.random.Generator) -> tuple[Shape, float, str, bool]:
    spine = anatomy.tubes["spine"]
    at = int(rng.integers(len(spine.points_mm)))
    angle, size = float(rng.uniform(-2.7, -0.4)), _size(rng, 3, 10)
    out = np.array([np.cos(angle), np.sin(angle), 0.0])
    place = spine.points_mm[at] + out * (float(spine.radius_mm[at]) + 0.2 * size)
    return Ellipsoid(triple(place), (size, size * 0.8, size * 0.7)), _size(rng, 300, 800), "bone", False
