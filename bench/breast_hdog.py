"""Our search on mammograms against a peer written from its paper, on the same films in the same run; prints Markdown.

    python bench/breast_hdog.py --data FOLDER [--data FOLDER ...] [--spacing 0.2] [--every 1]

The peer finds bright blobs as HDoGReg does before its network (Marasinou et al. 2021, arXiv 2102.00754): differences of
Gaussians at several widths, each times its width over the step to the next; maxima over place and width; each blob's
object is the region around it, at its width, in which the Hessian of that difference is negative definite, or its trace
is negative and its determinant small against the trace squared. Its authors used widths of 1.18 to 3.1 pixels of 0.07
mm on digital mammograms, their program by default steps of 1.6, others who followed the paper 1.05. Here the widths are
tried in pixels (both steps), in millimeters (not below 0.6 pixels), and over both ranges. Its network has no public
weights that could be run here, and is left out.

The peer gets the same map as ours, the same filling outside the breast, and what its paper does not give it: responses
over the local noise as well. Objects within 3.6 mm are linked; two or three make a group. The curve is the best, after
the fact and on the very films that are scored, over widths, normalization, threshold, number and way of ranking. So the
peer's figures are what it could reach, not what it would.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from breast_froc import Film, Finding, Outcome, contrasts, films, outcome, sensitivity
from calcimetry import detect, locate, read
from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.locate import BreastMap

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
RATIO, FINE = 1.6, 1.05
HESSIAN = 1.4
PAPER_PX, PAPER_MM = (1.18, 3.1), (1.18 * 0.07, 3.1 * 0.07)
LINK_MM = 3.6
RATES = (0.1, 0.25, 0.5, 1.0, 2.0)
KINDS = (*itertools.product(("mm", "px", "both"), (False, True)), ("px fine", False))
SHUT = ("skin", "edge", "paddle_edge", "scanner_line", "scratch")


@dataclass(frozen=True)
class Objects:
    """Blobs of one film: places (n, 2) in pixels, the strength of each, and its box."""

    places: F64
    strength: F64
    boxes: F64


def widths(kind: str, mm: float) -> list[float]:
    """Gaussian widths in pixels, one more than there are differences."""
    ends = {
        "mm": (max(PAPER_MM[0] / mm, 0.6), max(PAPER_MM[1] / mm, 0.6 * RATIO)),
        "px": PAPER_PX,
        "both": (max(PAPER_MM[0] / mm, 0.6), PAPER_PX[1]),
        "px fine": PAPER_PX,
    }[kind]
    ratio = FINE if kind.endswith("fine") else RATIO
    count = int(np.log(ends[1] / ends[0]) / np.log(ratio)) + 1
    return [ends[0] * ratio**n for n in range(count + 1)]


def filled(projection: Projection, located: BreastMap) -> tuple[F32, NDArray[np.bool_], NDArray[np.bool_]]:
    """The image with the nearest value of the breast outside it, where objects may lie, and the breast."""
    inside = located.inside
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    cut = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    pixels = np.asarray(projection.pixels, np.float32)
    nearest = ndimage.distance_transform_edt(~inside[cut], return_distances=False, return_indices=True)
    pixels[cut] = pixels[cut][nearest[0], nearest[1]]
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] * located.mm
    return pixels, inside & ~located.mask(*SHUT) & (depth > 1.2), inside


def hdog(projection: Projection, located: BreastMap, kind: str, over_noise: bool, most: int = 1500) -> Objects:
    """Blobs of one film, the strongest first."""
    pixels, free, inside = filled(projection, located)
    box = ndimage.find_objects(inside.astype(np.uint8))[0]
    origin = np.array([box[0].start, box[1].start], np.float64)
    part, free = pixels[box], free[box]
    low, high = np.percentile(part[inside[box]], (0.1, 99.9))
    part = (part - low) / max(float(high - low), 1e-6)
    sigmas = widths(kind, located.mm)
    even = [ndimage.gaussian_filter(part, s) for s in sigmas]
    bands = [(a - b) * s / (t - s) for a, b, s, t in zip(even[:-1], even[1:], sigmas[:-1], sigmas[1:], strict=True)]
    weighed = [band / _noise(band, free, located.mm) for band in bands] if over_noise else bands
    cube = np.stack(weighed)
    peaks = (cube == ndimage.maximum_filter(cube, 3, mode="nearest")) & free & (cube > 0)
    scale, rows, columns = np.nonzero(peaks)
    strength = cube[scale, rows, columns].astype(np.float64)
    kept = np.argsort(-strength, kind="stable")[:most]
    places = np.stack([rows, columns], axis=1)[kept]
    strength, scale = strength[kept], scale[kept]
    boxes = np.zeros((len(kept), 4))
    number = np.zeros(len(kept), np.int64)
    for n, band in enumerate(bands):
        labels, _ = ndimage.label(_bent(band))
        regions = ndimage.find_objects(labels)
        mine = np.flatnonzero(scale == n)
        number[mine] = labels[places[mine, 0], places[mine, 1]]
        for k in mine[number[mine] > 0]:
            where = regions[number[k] - 1]
            boxes[k] = where[0].start, where[1].start, where[0].stop, where[1].stop
    # A maximum that lies in no region is no object; of several widths at one place the strongest stands.
    held = number > 0
    places, strength, boxes = places[held].astype(np.float64), strength[held], boxes[held]
    first = _first(places, 2.0)
    boxes = boxes[first] + np.tile(origin, 2)
    return Objects(places[first] + origin, strength[first], boxes)


def _noise(band: F32, free: NDArray[np.bool_], mm: float) -> F32:
    """Standard deviation of the band around each pixel, clipped once so that spots do not raise it."""
    size = round(8.5 / mm) // 2 * 2 + 1
    square = np.where(free, band * band, 0.0).astype(np.float32)
    share = np.maximum(ndimage.uniform_filter(free.astype(np.float32), size, mode="constant"), 1e-3)
    local = ndimage.uniform_filter(square, size, mode="constant") / share
    local = ndimage.uniform_filter(np.minimum(square, 9 * local), size, mode="constant") / share
    return np.asarray(np.sqrt(np.maximum(local, 1e-12)), np.float32)


def _bent(band: F32) -> NDArray[np.bool_]:
    """Where the Hessian is that of a bright blob or ridge."""
    dy, dx = np.gradient(band)
    yy, yx = np.gradient(dy)
    xx = np.gradient(dx, axis=1)
    trace, determinant = yy + xx, yy * xx - yx * yx
    return (trace < 0) & ((determinant > 0) | (np.abs(determinant) < HESSIAN * trace * trace))


def _first(places: F64, apart: float) -> NDArray[np.intp]:
    """Places without those that are near a stronger one."""
    pairs = cKDTree(places).query_pairs(apart, output_type="ndarray")
    gone = np.zeros(len(places), bool)
    for a, b in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if not gone[a]:
            gone[b] = True
    return np.flatnonzero(~gone)


def linked(found: Objects, least: float, count: int, mm: float, ranking: str) -> list[Finding]:
    """Groups of the objects at or above a strength."""
    taking = np.flatnonzero(found.strength >= least)
    if len(taking) < count:
        return []
    places = found.places[taking]
    pairs = cKDTree(places).query_pairs(LINK_MM / mm, output_type="ndarray")
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(taking),) * 2)
    number, which = csgraph.connected_components(graph, directed=False)
    out = []
    for n in range(number):
        mine = taking[which == n]
        if len(mine) < count:
            continue
        strength = found.strength[mine]
        score = {"sum": float(strength.sum()), "third": float(np.sort(strength)[-count]), "number": float(len(mine))}
        low, high = found.boxes[mine, :2].min(axis=0), found.boxes[mine, 2:].max(axis=0)
        middle = found.places[mine].mean(axis=0)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        out.append(Finding(score[ranking], float(middle[0]), float(middle[1]), box))
    return out


def as_finding(group: Group) -> Finding:
    """A group of ours by its surprise."""
    (_, r0, c0), (_, r1, c1) = group.bounds_index
    box = (float(r0), float(c0), float(r1), float(c1))
    return Finding(group.evidence["surprise"], group.center_index[1], group.center_index[2], box)


def ours(projection: Projection, located: BreastMap) -> list[Finding]:
    """Our groups."""
    return [as_finding(one) for one in detect.look_breast(projection, located.regions, located.mm).groups]


def work_s() -> float:
    """Seconds of work of all threads."""
    spent = os.times()
    return spent.user + spent.system


def looked(chosen: list[Film], spacing_mm: float) -> tuple[list[Outcome], dict[tuple[str, bool], list[Objects]], dict]:
    """Both searches on all films, and the work of each."""
    mine: list[Outcome] = []
    theirs: dict[tuple[str, bool], list[Objects]] = defaultdict(list)
    spent: dict[str, list[float]] = defaultdict(list)
    for film in chosen:
        projection = read.study(film.file, spacing_mm=spacing_mm).images[0]
        assert isinstance(projection, Projection)
        located = locate.breast_map(projection)
        assert located is not None
        start = work_s()
        groups = ours(projection, located)
        spent["ours"].append(work_s() - start)
        mine.append(outcome(film, groups))
        for kind, over_noise in KINDS:
            start = work_s()
            theirs[kind, over_noise].append(hdog(projection, located, kind, over_noise))
            spent[f"peer {kind}{' over noise' if over_noise else ''}"].append(work_s() - start)
    return mine, theirs, spent


Way = tuple[str, bool, int, str, float]


def ways(chosen: list[Film], theirs: dict, mm: float) -> dict[Way, list[Outcome]]:
    """The peer's outcomes for every way of using it."""
    out = {}
    for (kind, over_noise), objects in theirs.items():
        strengths = np.sort(np.concatenate([one.strength for one in objects]))[::-1]
        # From two to two hundred objects a film.
        places = np.unique(np.geomspace(2, 200, 24).astype(int) * len(objects))
        for least in strengths[np.minimum(places, len(strengths) - 1)]:
            for count, ranking in itertools.product((2, 3), ("sum", "third", "number")):
                found = [
                    outcome(film, linked(one, least, count, mm, ranking))
                    for film, one in zip(chosen, objects, strict=True)
                ]
                out[kind, over_noise, count, ranking, float(least)] = found
    return out


def main() -> None:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--spacing", type=float, default=0.2)
    parser.add_argument("--every", type=int, default=1, help="only every n-th film")
    arguments = parser.parse_args()
    for folder in arguments.data:
        chosen = films(folder)[:: arguments.every]
        mine, theirs, spent = looked(chosen, arguments.spacing)
        peer = ways(chosen, theirs, arguments.spacing)
        normal = sum(one.normal for one in chosen)
        marks = sum(len(one.hits) for one in mine)
        print(f"\n## {folder.name}: {len(chosen)} films, {normal} normal; {marks} marks\n")
        print("| contrast | system | " + " | ".join(f"{rate:g}" for rate in RATES) + " |")
        print("|---|---|" + "---|" * len(RATES))
        for contrast in contrasts(mine) or [None]:
            own = [sensitivity(mine, rate, contrast) for rate in RATES]
            best = [max((sensitivity(o, rate, contrast), way) for way, o in peer.items()) for rate in RATES]
            plain = [max(sensitivity(o, rate, contrast) for way, o in peer.items() if not way[1]) for rate in RATES]
            name = "" if contrast is None else f"{contrast:g}"
            print(f"| {name} | ours | " + " | ".join(f"{s:.2f}" for s in own) + " |")
            print(f"| {name} | peer, as in its paper | " + " | ".join(f"{s:.2f}" for s in plain) + " |")
            print(f"| {name} | peer, at its best | " + " | ".join(f"{s:.2f}" for s, _ in best) + " |")
            at = RATES.index(0.5)
            ratio = own[at] / best[at][0] if best[at][0] else float("inf")
            print(f"| {name} | ours over it at 0.5 | | | {ratio:.2f} | | |")
            print(f"\nIts best way at 0.5: {best[at][1]}\n")
        print("| work a film, the map not counted | s |\n|---|---|")
        for name, seconds in spent.items():
            print(f"| {name} | {np.median(seconds):.2f} |")


if __name__ == "__main__":
    main()
