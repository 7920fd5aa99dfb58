"""How well the great vessels and the heights of the heart are found; prints Markdown.

Run from the checkout: ``python bench/heart_locate.py [--persons N] [--data FOLDER] [--labels DIR] [--changed]``.
Persons drawn at random are judged by their truth, real chests by labels drawn by eye where there are any. ``--changed``
also spoils each image (slices or sides cut away, turned, thinned, noise): what was found must not move.

Root: the middle between both ostia. Surface: distance of points on the true wall of the aorta to its wall as found,
where it was found. Missed: share of the true line, inside the image, that was not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calcimetry
from calcimetry import locate, phantom
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions

F64 = NDArray[np.float64]
CHESTS = (
    *(f"coca_gated_{n}" for n in (0, 1, 3)),
    *(f"coca_nongated_{n}" for n in (2, 5)),
    "lung1_001_lowdose",
    "lungdx_a0001_philips",
)
AORTA = ("ascending", "arch", "descending", "abdominal")


@dataclass(frozen=True)
class Truth:
    """What is known of one image: walls of the aorta with their middles, points and heights."""

    walls: dict[str, tuple[F64, F64]]  # (n, m, 3) points of rings, (n, 3) their middles
    root: F64 | None = None
    carina: F64 | None = None
    valve: F64 | None = None
    bottom_z: float | None = None
    mitral: F64 | None = None


@dataclass(frozen=True)
class Case:
    """An image, and its truth (``None``: itself as found unspoilt)."""

    name: str
    volume: Volume
    truth: Truth | None


def rings(points: F64, radius: F64, around: int = 24) -> F64:
    """Points (n, m, 3) on the wall of a tube, across its line."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.cross(along, np.array([0.0, 1.0, 0.0]))
    thin = np.linalg.norm(side, axis=1) < 0.2
    side[thin] = np.cross(along[thin], np.array([1.0, 0.0, 0.0]))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(along, side)
    turn = np.linspace(0.0, 2 * np.pi, around, endpoint=False)[:, None]
    return np.asarray(
        points[:, None] + radius[:, None, None] * (np.cos(turn) * side[:, None] + np.sin(turn) * other[:, None])
    )


def truth_of(anatomy: Anatomy, volume: Volume) -> Truth:
    """Rings every 4 mm of what lies inside the image; the ascending aorta from the ostia up."""
    walls = {}
    root = anatomy.points.get("root")
    for name in AORTA:
        tube = anatomy.tubes.get(name)
        if tube is None or len(tube.points_mm) < 2:
            continue
        points, radius = thinned(tube.points_mm, tube.radius_mm, 4.0)
        keep = inside(points, volume)
        if name == "ascending" and root is not None:
            keep &= points[:, 2] > root.mm[2]
        if keep.sum() >= 2:
            walls[name] = (rings(points, radius)[keep], points[keep])
    at = {name: np.array(point.mm) for name, point in anatomy.points.items()}
    valve, bottom = anatomy.planes.get("aortic_valve"), anatomy.planes.get("heart_bottom")
    return Truth(
        walls,
        at.get("root"),
        at.get("carina"),
        None if valve is None else np.array(valve.mm),
        None if bottom is None else bottom.mm[2],
        None if "mitral" not in anatomy.planes else np.array(anatomy.planes["mitral"].mm),
    )


def thinned(points: F64, radius: F64, step_mm: float) -> tuple[F64, F64]:
    """The same line with points every so many mm."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0.0, way[-1], max(2, int(way[-1] / step_mm) + 1))
    return np.stack([np.interp(at, way, one) for one in points.T], axis=1), np.interp(at, way, radius)


def inside(points: F64, volume: Volume) -> NDArray[np.bool_]:
    """Which points lie in the image."""
    inverse = np.linalg.inv(volume.geometry.affine)
    index = points @ inverse[:3, :3].T + inverse[:3, 3]
    return np.asarray(((index > -0.5) & (index < np.array(volume.geometry.shape) - 0.5)).all(axis=1))


def labelled(path: Path, volume: Volume) -> Truth:
    """Truth from labels drawn by eye: circles or polygons in slices."""
    data = json.loads(path.read_text(encoding="utf-8"))
    walls: dict[str, tuple[list[F64], list[F64]]] = {}
    turn = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    to_mm = volume.geometry.affine
    for one in data.get("aorta", []):
        if "polygon" in one:
            line = np.array(one["polygon"], dtype=np.float64)
            line = thinned(np.vstack([line, line[:1]]), np.zeros(len(line) + 1), 3.0)[0]
            line = line[np.linspace(0, len(line) - 1, 24).astype(int)]
        else:
            mm = volume.geometry.spacing_mm
            circle = np.stack([np.sin(turn) / mm[1], np.cos(turn) / mm[2]], axis=1)
            line = np.array(one["center"]) + one["radius_mm"] * circle
        index = np.column_stack([np.full(len(line), one["k"]), line])
        wall = index @ to_mm[:3, :3].T + to_mm[:3, 3]
        part = walls.setdefault(one["part"], ([], []))
        part[0].append(wall)
        part[1].append(wall.mean(axis=0))
    courses = {name: np.array(line, dtype=np.float64) for name, line in data.get("courses", {}).items()}
    starts = [courses[name][0] for name in ("left_main", "right_coronary") if name in courses]
    valve, ring = data.get("planes", {}).get("aortic_valve"), courses.get("mitral_annulus")
    return Truth(
        {name: (np.array(a), np.array(b)) for name, (a, b) in walls.items() if name in AORTA},
        root=np.mean(starts, axis=0) if len(starts) == 2 else None,
        valve=None if valve is None else np.array(valve["center"]),
        mitral=None if ring is None else ring.mean(axis=0),
    )


def surface(found: Anatomy, truth: Truth, part: str) -> tuple[F64, float]:
    """Distances of the true wall to the wall as found, and the share of the line that was not found."""
    wall, middle = truth.walls[part]
    lines = [thinned(one.points_mm, one.radius_mm, 1.0) for n, one in found.tubes.items() if n in AORTA]
    if not lines:
        return np.empty(0), 1.0
    points, radius = (np.concatenate(one) for one in zip(*lines, strict=True))
    reach = np.linalg.norm(middle[:, None] - points, axis=2)
    seen = (reach - radius).min(axis=1) < 0.0
    away = np.abs(np.linalg.norm(wall[seen][:, :, None] - points, axis=3) - radius).min(axis=2)
    return away.ravel(), float(1.0 - seen.mean())


# Spoilt copies -------------------------------------------------------------------------------------------------------

Spoil = Callable[[Volume], tuple[Volume, F64]]


def part(volume: Volume, k: slice, j: slice = slice(None), i: slice = slice(None)) -> Volume:
    """A crop."""
    start = [one.indices(n)[0] for one, n in zip((k, j, i), volume.geometry.shape, strict=True)]
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array(start, dtype=np.float64)
    pixels = np.ascontiguousarray(volume.pixels[k, j, i])
    return replaced(volume, pixels, affine)


def replaced(volume: Volume, pixels: NDArray[np.int16], affine: F64) -> Volume:
    """Other pixels on another grid."""
    return replace(volume, pixels=pixels, geometry=replace(volume.geometry, shape=pixels.shape, affine=affine))


def ends(volume: Volume, top_mm: float, bottom_mm: float) -> Volume:
    """Less at the head and at the feet."""
    n, mm = volume.geometry.shape[0], volume.geometry.spacing_mm[0]
    a, b = round(top_mm / mm), round(bottom_mm / mm)
    low, high = (b, n - a) if volume.geometry.affine[2, 0] > 0 else (a, n - b)
    return part(volume, slice(low, max(low + 8, high)))


def mirrored(volume: Volume) -> Volume:
    """Slices in the other order."""
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (volume.geometry.shape[0] - 1)
    affine[:3, 0] *= -1.0
    return replaced(volume, np.ascontiguousarray(volume.pixels[::-1]), affine)


def every(volume: Volume, n: int) -> Volume:
    """Every n-th slice, thin as it is."""
    affine = volume.geometry.affine.copy()
    affine[:3, 0] *= n
    return replaced(volume, np.ascontiguousarray(volume.pixels[::n]), affine)


def thick(volume: Volume, mm: float) -> Volume:
    """Slices of about this thickness."""
    n = max(1, round(mm / volume.geometry.spacing_mm[0]))
    count = volume.geometry.shape[0] // n
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (n - 1) / 2.0
    affine[:3, 0] *= n
    whole = volume.pixels[: count * n].reshape(count, n, *volume.pixels.shape[1:])
    return replaced(volume, np.rint(whole.mean(axis=1)).astype(np.int16), affine)


def turned(volume: Volume, degrees: float) -> tuple[Volume, F64]:
    """Turned in the plane about the middle of the image, with corners of air."""
    from scipy import ndimage

    angle = np.radians(degrees)
    _, rows, columns = volume.geometry.shape
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([rows - 1, columns - 1]) / 2.0
    out = np.stack(
        [
            ndimage.affine_transform(one, matrix, middle - matrix @ middle, order=1, cval=-1024)
            for one in volume.pixels.astype(np.float32)
        ]
    )
    to_mm = volume.geometry.affine
    centre = to_mm[:3, :3] @ np.array([0.0, *middle]) + to_mm[:3, 3]
    move = np.eye(4)
    move[:2, :2] = matrix  # rows and columns run along y and x: the turn of (y, x) is the opposite turn of (x, y)
    move[:2, 3] = centre[:2] - move[:2, :2] @ centre[:2]
    return replaced(volume, np.rint(out).astype(np.int16), to_mm), move


def noisy(volume: Volume, hu: float) -> Volume:
    """More noise, the same every time."""
    rng = np.random.default_rng(7)
    more = rng.normal(0.0, hu, volume.pixels.shape).astype(np.float32)
    return replaced(volume, np.rint(volume.pixels + more).astype(np.int16), volume.geometry.affine)


def moved(volume: Volume) -> tuple[Volume, F64]:
    """The same elsewhere."""
    move = np.eye(4)
    move[:3, 3] = (180.0, -90.0, 700.0)
    return replaced(volume, volume.pixels, move @ volume.geometry.affine), move


def same(change: Callable[[Volume], Volume]) -> Spoil:
    """A change that leaves everything where it was."""
    return lambda volume: (change(volume), np.eye(4))


def sides(volume: Volume, mm: float) -> Volume:
    """Less at both sides."""
    n = round(mm / volume.geometry.spacing_mm[2])
    return part(volume, slice(None), slice(None), slice(n, volume.geometry.shape[2] - n))


SPOILS: dict[str, Spoil] = {
    "top -20 mm": same(lambda v: ends(v, 20.0, 0.0)),
    "top -35 mm": same(lambda v: ends(v, 35.0, 0.0)),
    "bottom -40 mm": same(lambda v: ends(v, 0.0, 40.0)),
    "bottom -70 mm": same(lambda v: ends(v, 0.0, 70.0)),
    "sides -25 mm": same(lambda v: sides(v, 25.0)),
    "moved": moved,
    "other order": same(mirrored),
    "turned 10": lambda v: turned(v, 10.0),
    "turned -10": lambda v: turned(v, -10.0),
    "every 2nd": same(lambda v: every(v, 2)),
    "8 mm thick": same(lambda v: thick(v, 8.0)),
    "noise +25": same(lambda v: noisy(v, 25.0)),
}


def mapped(truth: Truth, move: F64) -> Truth:
    """The truth after a change."""

    def go(points: F64) -> F64:
        return np.asarray(points @ move[:3, :3].T + move[:3, 3])

    return Truth(
        {name: (go(a), go(b)) for name, (a, b) in truth.walls.items()},
        root=None if truth.root is None else go(truth.root),
        carina=None if truth.carina is None else go(truth.carina),
        valve=None if truth.valve is None else go(truth.valve),
        bottom_z=None if truth.bottom_z is None else float(truth.bottom_z + move[2, 3]),
        mitral=None if truth.mitral is None else go(truth.mitral),
    )


def within(truth: Truth, volume: Volume) -> Truth:
    """Only the rings that the image shows whole."""
    walls = {}
    for name, (wall, middle) in truth.walls.items():
        keep = inside(wall.reshape(-1, 3), volume).reshape(wall.shape[:2]).mean(axis=1) > 0.8
        if keep.any():
            walls[name] = (wall[keep], middle[keep])
    return replace(truth, walls=walls)


# Tables --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Errors of one image [mm]; NaN: not known, or not found."""

    name: str
    sure: float
    root: float
    root_z: float
    valve: float
    mitral: float
    bottom: float
    carina: float
    away: dict[str, F64]
    missed: dict[str, float]
    body_s: float
    heart_s: float

    def line(self) -> str:
        """A row of the table."""
        every = np.concatenate(list(self.away.values())) if self.away else np.empty(0)
        middle, most = np.percentile(every, (50, 95)) if every.size else (np.nan, np.nan)
        cells = [
            f"{self.sure:.2f}",
            *(f"{v:.1f}" for v in (self.root, self.root_z, self.valve, self.mitral, self.bottom)),
        ]
        cells += [f"{self.carina:.1f}", f"{middle:.1f}", f"{most:.1f}"]
        cells += [f"{self.missed[n]:.2f}" if n in self.missed else "" for n in AORTA]
        cells += [f"{self.body_s:.2f}", f"{self.heart_s:.2f}"]
        return f"| {self.name} | " + " | ".join(cells) + " |"


COLUMNS = (
    "image", "confidence", "root", "root z", "valve", "mitral", "bottom", "carina", "surface median", "95 %",
    *(f"missed: {one}" for one in AORTA), "body s", "anatomy s",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def judged(name: str, volume: Volume, truth: Truth | None) -> tuple[Row, Anatomy]:
    """Locate and compare."""
    start = time.perf_counter()
    regions: Regions = locate.body(volume)
    middle = time.perf_counter()
    found = locate.anatomy(volume, regions)
    end = time.perf_counter()
    truth = truth or truth_of(found, volume)

    def gap(point: F64 | None, mine: tuple[float, float, float] | None) -> F64:
        return np.full(3, np.nan) if point is None or mine is None else np.array(mine) - point

    point = {name: one.mm for name, one in found.points.items()}
    plane = {name: one.mm for name, one in found.planes.items()}
    root = gap(truth.root, point.get("root"))
    bottom = plane.get("heart_bottom")
    low = np.nan if truth.bottom_z is None or bottom is None else bottom[2] - truth.bottom_z
    away, missed = {}, {}
    for one in truth.walls:
        away[one], missed[one] = surface(found, truth, one)
    row = Row(
        name,
        found.confidence,
        float(np.linalg.norm(root)),
        float(root[2]),
        float(np.linalg.norm(gap(truth.valve, plane.get("aortic_valve")))),
        float(np.linalg.norm(gap(truth.mitral, plane.get("mitral")))),
        float(low),
        float(np.linalg.norm(gap(truth.carina, point.get("carina")))),
        away,
        missed,
        middle - start,
        end - middle,
    )
    return row, found


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Persons, then real chests."""
    for protocol in ("gated", "chest"):
        for seed in range(options.first, options.first + options.persons):
            one = phantom.person(seed, protocol)
            assert one.anatomy is not None
            yield Case(f"{protocol} {seed}", one.volume, truth_of(one.anatomy, one.volume))
    for name in options.chests:
        path = options.data / "ct" / name
        if not path.exists():
            continue
        stacks = [one for one in calcimetry.read(path).images if isinstance(one, Volume)]
        volume = max(stacks, key=lambda one: one.geometry.shape[0])
        label = options.labels / f"{name}.json" if options.labels else None
        yield Case(name, volume, labelled(label, volume) if label and label.exists() else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("--persons", type=int, default=6, help="so many of each protocol")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--data", type=Path, default=here.parent / "shared" / "data")
    parser.add_argument("--labels", type=Path, default=None)
    parser.add_argument("--chests", nargs="*", default=list(CHESTS))
    parser.add_argument("--changed", action="store_true", help="spoil each image in every way")
    options = parser.parse_args()
    print(HEAD)
    rows: list[Row] = []
    for case in cases(options):
        row, found = judged(case.name, case.volume, case.truth)
        rows.append(row)
        print(row.line(), flush=True)
        if not options.changed:
            continue
        truth = case.truth or truth_of(found, case.volume)
        for name, spoil in SPOILS.items():
            volume, move = spoil(case.volume)
            row, _ = judged(f"{case.name}, {name}", volume, within(mapped(truth, move), volume))
            rows.append(row)
            print(row.line(), flush=True)
    print("\n" + summary(rows))


def summary(rows: list[Row]) -> str:
    """Over all images: middles and ends, and how often the confidence warned."""
    lines = ["| | median | 90 % | worst | of |", "|---|---|---|---|---|"]
    for name in ("root", "root_z", "valve", "mitral", "bottom", "carina", "heart_s"):
        values = np.abs([getattr(row, name) for row in rows])
        known = values[np.isfinite(values)]
        if known.size:
            middle, most = np.percentile(known, (50, 90))
            lines.append(f"| {name} | {middle:.1f} | {most:.1f} | {known.max():.1f} | {known.size} |")
    for part_ in AORTA:
        parts = [row.away[part_] for row in rows if part_ in row.away and row.away[part_].size]
        if parts:
            each = np.concatenate(parts)
            middle, most = np.percentile(each, (50, 95))
            missed = np.mean([row.missed[part_] for row in rows if part_ in row.missed])
            lines.append(f"| {part_} surface (95 %) | {middle:.1f} | {most:.1f} | missed {missed:.2f} | {len(parts)} |")
    wrong = [row for row in rows if np.isfinite(row.root) and row.root > 15.0]
    lines.append(f"\nroot more than 15 mm off: {len(wrong)}, of these with confidence over 0.5: "
                 f"{sum(row.sure > 0.5 for row in wrong)}; not found at all: "
                 f"{sum(not np.isfinite(row.root) for row in rows)} of {len(rows)}")  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    main()
