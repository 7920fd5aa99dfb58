"""Lesions and decoys of known mass put into real chests: found? named right? Prints Markdown.

    python bench/heart_truth.py --data FOLDER --labels DIR [--scans a,b] [--lesions 1000] [--seed 0] [--json FILE]

For each scan (a folder of DICOM files) DIR holds ``<scan>.json``, drawn by eye: ``courses`` {name: [[x, y, z], ...]} in
patient space, ``aorta`` [{k, part, center: [row, column], radius_mm} or {k, part, polygon}], ``planes`` {aortic_valve:
{center, radius_mm}}, ``pericardium`` and ``myocardium`` as points. Calcium is inserted along them at the scan's own
resolution and noise, never where something dense lies already; decoys where none of them runs. Then the image is
changed in one of several ways (cardiac crop, shift, rotation, thicker slices, more noise) and analysed from scratch.

A lesion counts as shown where at least 1 mm2 of it reaches the threshold, and as found where a lesion that is not set
aside as noise or metal holds part of it. Its name is that of the lesion that holds most of it. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import calcimetry
from calcimetry import locate, phantom
from calcimetry.core.anatomy import Anatomy, Plane, Tube
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.evaluate import wilson_interval
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.phantom.noise import NoiseSource, Texture, noise_level

ARTERIES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")
PER_IMAGE, DECOYS_PER_IMAGE = 26, 8
SMALL_MM3 = 3.0
_MOST_ROUNDS = 100
_SHOWN_HU = 40.0
"""A voxel belongs to an object where it gained at least this, and a third of the object's largest gain."""

Float = NDArray[np.float64]


# -- what was drawn by eye ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """One scan with its courses."""

    name: str
    volume: Volume
    anatomy: Anatomy
    surfaces: dict[str, Float]


def drawn(name: str, volume: Volume, label: dict[str, Any]) -> Drawn:
    """Courses as an anatomy; spine, airway and carina (for decoys) as the program finds them."""
    found = locate.anatomy(volume, locate.body(volume))
    courses = {k: np.asarray(v, dtype=np.float64) for k, v in label["courses"].items() if len(v) > 1}
    surfaces = {
        k: np.asarray(label.get(k) or courses.pop(k, []), dtype=np.float64) for k in ("pericardium", "myocardium")
    }
    tubes: dict[str, Tube] = {k: v for k, v in found.tubes.items() if k in ("spine", "airway")}
    rings = _radii(volume.geometry, label.get("aorta", ()))
    for key, points in courses.items():
        if key == "mitral_annulus":
            closed = np.vstack([points, points[:1]])
            tubes["mitral_ring"] = Tube(closed, np.full(len(closed), 2.0), np.zeros(len(closed)))
        elif key not in surfaces:
            part = rings.get(key)
            # 0: not drawn; the usual radius of that vessel is taken.
            radius = np.zeros(len(points)) if part is None else np.interp(points[:, 2], part[0], part[1])
            tubes[key] = Tube(points, radius, np.zeros(len(points)))
    planes = {}
    valve = label.get("planes", {}).get("aortic_valve")
    if valve and "ascending" in courses:
        center = np.asarray(valve["center"], dtype=np.float64)
        way = courses["ascending"] - center
        way = way[np.argmin(np.abs(np.linalg.norm(way, axis=1) - 25.0))]
        way /= np.linalg.norm(way)
        planes["aortic_valve"] = Plane(_three(center), _three(way), 0.0)
    points_of = {k: v for k, v in found.points.items() if k in ("carina", "heart")}
    return Drawn(name, volume, Anatomy(volume.id, tubes=tubes, points=points_of, planes=planes), surfaces)


def _three(values: Float) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _radii(grid: Geometry, outlines: Sequence[dict[str, Any]]) -> dict[str, tuple[Float, Float]]:
    """Part of the aorta -> heights, rising, and radius there."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for one in outlines:
        height = float(grid.to_lps_mm((float(one["k"]), 0.0, 0.0))[2])
        if "polygon" in one:
            p = np.asarray(one["polygon"], dtype=np.float64)
            q = np.roll(p, -1, axis=0)
            area = 0.5 * abs(float((p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]).sum()))
            radius = float(np.sqrt(area * grid.spacing_mm[1] * grid.spacing_mm[2] / np.pi))
        else:
            radius = float(one["radius_mm"])
        rows.setdefault(one["part"], []).append((height, radius))
    return {k: (np.array(sorted(v))[:, 0], np.array(sorted(v))[:, 1]) for k, v in rows.items()}


# -- an image with known truth, changed --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """An image and the number of the object (from 1) in each voxel that shows one."""

    volume: Volume
    owner: NDArray[np.int16]


def inserted(scan: Drawn, rng: np.random.Generator) -> tuple[Known, list[phantom.TruthObject]]:
    """The scan with lesions and decoys in it."""
    volume = scan.volume
    objects = phantom.lesions_along(volume, scan.anatomy, rng, PER_IMAGE, surfaces=scan.surfaces)
    with_lesions, truth = phantom.insert(volume, objects, seed=int(rng.integers(1 << 30)), kvp=_kvp(volume))
    decoys = phantom.decoys_along(with_lesions, scan.anatomy, rng, DECOYS_PER_IMAGE)
    after, more = phantom.insert(with_lesions, decoys, seed=int(rng.integers(1 << 30)), kvp=_kvp(volume))
    gained = after.pixels.astype(np.int32) - volume.pixels
    owner = np.zeros(gained.shape, dtype=np.int16)
    bounds = {one.id: one.shape.bounds_mm() for one in (*objects, *decoys)}
    known = [*truth, *more]
    for n, one in enumerate(known, start=1):
        box = _box(volume.geometry, *bounds[one.id])
        part = gained[box]
        owner[box][(part >= max(_SHOWN_HU, part.max() / 3)) & (owner[box] == 0)] = n
    return Known(after, owner), known


def _kvp(volume: Volume) -> float:
    return volume.acquisition.kvp or 120.0


def _box(grid: Geometry, low: Float, high: Float) -> tuple[slice, slice, slice]:
    corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
    index = grid.to_index(corners)
    first = np.maximum(np.floor(index.min(axis=0)) - 1, 0).astype(int)
    last = np.minimum(np.ceil(index.max(axis=0)) + 2, grid.shape).astype(int)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return k, j, i


def crop(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """A cardiac field: 200 to 250 mm wide, 120 to 160 mm long, about the heart."""
    grid = known.volume.geometry
    lines = [t.points_mm for name, t in scan.anatomy.tubes.items() if name in ARTERIES]
    middle = grid.to_index(np.concatenate(lines).mean(axis=0)) if lines else (np.array(grid.shape) - 1) / 2
    size = np.array([rng.uniform(120, 160), *[rng.uniform(200, 250)] * 2]) / grid.spacing_mm
    middle = middle + rng.normal(0, 8, 3) / grid.spacing_mm
    first = np.clip(np.rint(middle - size / 2), 0, None).astype(int)
    last = np.minimum(np.rint(middle + size / 2).astype(int), grid.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps_mm(first)
    return _as(known, known.volume.pixels[box], known.owner[box], affine)


def shift(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """Another origin, and a few rows and columns less on one side."""
    affine = known.volume.geometry.affine.copy()
    affine[:3, 3] += rng.uniform(-40, 40, 3)
    j, i = (int(n) for n in rng.integers(4, 20, 2))
    return _as(known, known.volume.pixels[:, j:, i:], known.owner[:, j:, i:], affine)


def turn(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """Turned about the long axis of the body by up to 10 degrees."""
    angle = float(rng.uniform(3, 10) * rng.choice([-1, 1]))
    pixels = np.stack(
        [ndimage.rotate(p.astype(np.float32), angle, reshape=False, order=1, cval=-1024) for p in known.volume.pixels]
    )
    owner = np.stack([ndimage.rotate(p, angle, reshape=False, order=0) for p in known.owner])
    return _as(known, np.rint(pixels).astype(np.int16), owner, known.volume.geometry.affine)


def thick(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """Slices averaged in twos."""
    grid = known.volume.geometry
    slices = grid.shape[0] // 2
    pairs = known.volume.pixels[: 2 * slices].reshape(slices, 2, *grid.shape[1:])
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, 0] / 2
    affine[:3, 0] *= 2
    owner = known.owner[: 2 * slices].reshape(slices, 2, *grid.shape[1:]).max(axis=1)
    out = _as(known, np.rint(pairs.mean(axis=1)).astype(np.int16), owner, affine)
    was = known.volume.acquisition.thickness_mm or grid.spacing_mm[0]
    return replace(out, volume=replace(out.volume, acquisition=replace(known.volume.acquisition, thickness_mm=2 * was)))


def noise(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """Half as much noise again as the image has, in its square."""
    pixels = known.volume.pixels.astype(np.float32)
    pitch = known.volume.geometry.spacing_mm[1]
    soft = (pixels > 0) & (pixels < 90)
    rough = (pixels - ndimage.uniform_filter(pixels, (1, 5, 5)))[soft]
    sd = 0.5 * float(np.median(np.abs(rough)) * 1.48) * 1.1
    source = NoiseSource(pixels.shape[1:], (pitch, pitch), rng, Texture(blur_mm=0.55))
    for plane in pixels:
        plane += source.next() * noise_level(plane, pitch) * np.float32(sd)
    return _as(known, np.rint(pixels).astype(np.int16), known.owner, known.volume.geometry.affine)


def same(known: Known, scan: Drawn, rng: np.random.Generator) -> Known:
    """As it is."""
    return known


def _as(known: Known, pixels: NDArray[np.int16], owner: NDArray[np.int16], affine: Float) -> Known:
    volume = known.volume
    pixels = np.ascontiguousarray(pixels)
    grid = Geometry(pixels.shape, affine, volume.geometry.frame_uid)
    return Known(replace(volume, pixels=pixels, geometry=grid, sources=()), owner)


CHANGES: dict[str, Callable[[Known, Drawn, np.random.Generator], Known]] = {
    "as it is": same, "cardiac crop": crop, "shift": shift, "turned": turn, "thicker": thick, "noise": noise,
}  # fmt: skip


# -- comparison --------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Counts of one scan or one change."""

    inserted: int = 0
    large: int = 0
    found_large: int = 0
    shown: int = 0
    found: int = 0
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    decoys: int = 0
    decoys_coronary: int = 0
    coronary_mm3: float = 0.0
    false_mm3: float = 0.0

    def add(self, other: Tally) -> None:
        """Sum."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def name_of(site: str, structure: str) -> str:
    """One of the thirteen, or the site."""
    return structure if site in ("coronary_artery", "aorta_thoracic") else site


def compare(known: Known, truth: Sequence[phantom.TruthObject], lesions: Sequence[Lesion]) -> Tally:
    """What became of each object."""
    tally = Tally()
    held: dict[int, Counter[int]] = {}
    voxel = known.volume.geometry.voxel_mm3
    for number, body in enumerate(lesions):
        if body.mask is None:
            continue
        k, j, i = body.mask.indices().T
        values, counts = np.unique(known.owner[k, j, i], return_counts=True)
        for value, count in zip(values, counts, strict=True):
            held.setdefault(int(value), Counter())[number] += int(count)
    threshold = limits(_kvp(known.volume), known.volume.acquisition.kernel).threshold_hu
    pixel = known.volume.geometry.spacing_mm[1] * known.volume.geometry.spacing_mm[2]
    for n, one in enumerate(truth, start=1):
        voxels = np.argwhere((known.owner == n) & (known.volume.pixels >= threshold))
        area = np.bincount(voxels[:, 0]).max() * pixel if len(voxels) else 0.0
        inside = bool((known.owner == n).any())
        best = held.get(n, Counter()).most_common(1)
        lesion: Lesion | None = lesions[best[0][0]] if best else None
        said = name_of(lesion.site, lesion.structure) if lesion is not None and lesion.counted else "-"
        coronary = lesion is not None and lesion.counted and lesion.site == "coronary_artery"
        if one.site == "unassigned":
            if area >= 1.0:
                tally.decoys += 1
                tally.decoys_coronary += coronary
                tally.false_mm3 += len(voxels) * voxel * coronary
            continue
        tally.inserted += inside
        if inside and one.volume_mm3 >= SMALL_MM3:
            tally.large += 1
            tally.found_large += lesion is not None and lesion.kind == "calcification"
        if area < 1.0 or one.volume_mm3 < SMALL_MM3:
            continue
        tally.shown += 1
        tally.found += lesion is not None and lesion.kind == "calcification"
        tally.coronary_mm3 += len(voxels) * voxel * coronary
        tally.named[name_of(one.site, one.structure), said] += 1
    return tally


def share(part: float, whole: int) -> str:
    """Percent with its interval."""
    if not whole:
        return "-"
    low, high = wilson_interval(int(part), whole)
    return f"{100 * part / whole:.0f} ({100 * low:.0f} to {100 * high:.0f})"


def row(name: str, tally: Tally) -> str:
    """A line of the table."""
    named = tally.named
    right = sum(n for (truth, said), n in named.items() if truth == said)
    arteries = {pair: n for pair, n in named.items() if pair[0] in ARTERIES}
    all_of = sum(arteries.values())
    coronary = sum(n for (_, said), n in arteries.items() if said in ARTERIES)
    artery = sum(n for (truth, said), n in arteries.items() if truth == said)
    false = 100 * tally.false_mm3 / max(tally.coronary_mm3 + tally.false_mm3, 1e-9)
    return (
        f"| {name} | {tally.inserted} | {share(tally.found_large, tally.large)} | {tally.shown} | "
        f"{share(tally.found, tally.shown)} | {share(right, tally.shown)} | {share(coronary, all_of)} | "
        f"{share(artery, all_of)} | {share(tally.decoys_coronary, tally.decoys)} | {false:.1f} |"
    )


HEAD = (
    "| | lesions | found, of all >= 3 mm3, % | shown | found, % | right structure, % | artery called coronary, % | "
    "right artery, % | decoys called coronary, % | of coronary calcium false, % |\n|" + 10 * "---|"
)


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with one folder of DICOM files for each scan")
    parser.add_argument("--labels", type=Path, help="folder with <scan>.json")
    parser.add_argument("--scans", default="")
    parser.add_argument("--lesions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(argv)
    if arguments.data is None or arguments.labels is None:
        print("needs --data and --labels: nothing to insert into")
        return
    files = sorted(arguments.labels.glob("*.json"))
    wanted = arguments.scans.split(",") if arguments.scans else [f.stem for f in files]
    files = [f for f in files if f.stem in wanted and (arguments.data / f.stem).is_dir()]
    scans = []
    for file in files:
        label = json.loads(file.read_text(encoding="utf-8"))
        if not any(name in label.get("courses", {}) for name in ARTERIES):
            print(f"{file.stem}: no artery is drawn, left out")
            continue
        volumes = [v for v in calcimetry.read(arguments.data / file.stem).images if isinstance(v, Volume)]
        scans.append(drawn(file.stem, volumes[0], label))
    by_scan, by_change = {s.name: Tally() for s in scans}, {name: Tally() for name in CHANGES}
    total, seconds = Tally(), []
    turn_no = -1
    # Some end outside of a crop: images are made until that many lesions lie inside.
    while scans and total.inserted < arguments.lesions and turn_no < _MOST_ROUNDS:
        turn_no += 1
        for number, scan in enumerate(scans):
            rng = np.random.default_rng([arguments.seed, turn_no, number])
            known, truth = inserted(scan, rng)
            change = list(CHANGES)[(turn_no + number) % len(CHANGES)]
            known = CHANGES[change](known, scan, rng)
            start = time.perf_counter()
            case = calcimetry.analyze(known.volume)
            seconds.append(time.perf_counter() - start)
            tally = compare(known, truth, case.lesions)
            for one in (by_scan[scan.name], by_change[change], total):
                one.add(tally)
    print(f"{len(seconds)} images, {np.median(seconds) if seconds else 0:.1f} s each (median)\n\n{HEAD}")
    for name, tally in (*by_scan.items(), *by_change.items(), ("all", total)):
        print(row(name, tally))
    print("\nnot right (truth: said, how often):")
    for truth_name in sorted({pair[0] for pair in total.named}):
        said = {s: n for (t, s), n in total.named.items() if t == truth_name}
        wrong = ", ".join(f"{s} {n}" for s, n in sorted(said.items(), key=lambda p: -p[1]) if s != truth_name)
        print(f"  {truth_name}: {said.get(truth_name, 0)} of {sum(said.values())} right; {wrong}")
    if arguments.json:
        plain = {k: v for k, v in vars(total).items() if k != "named"}
        plain["named"] = [[t, s, n] for (t, s), n in total.named.items()]
        arguments.json.write_text(json.dumps(plain, indent=1, default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
