"""The arch of the aorta: the thickest way through soft tissue from the ascending over to the descending aorta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from calcimetry.locate.heart.ascending import Ascending
from calcimetry.locate.heart.circles import Box
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.spine import Spine, spine_bone

__all__ = ["Arch", "ArchSettings", "arch"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchSettings:
    """Where the arch is looked for.

    carina_mm, root_mm : it begins so far above the carina, or above the left main where no carina is shown: the left
        pulmonary artery, as thick, crosses just below.
    least_mm : the field must reach so far above that.
    above_mm, aside_mm : and it is looked for so far above, and so far around both limbs.
    soft_hu : soft tissue, of blocks a little smoothed; plaques are denser.
    thin : price of a thin way: the cost of a mm is this over the share of the least radius that fits there, squared.
    narrow : an arch is at least this share as wide as the ascending aorta all along.
    good : share of that which fits in the narrowest tenth of a way that is believed.
    """

    carina_mm: float = 3.0
    root_mm: float = 52.0
    least_mm: float = 10.0
    above_mm: float = 62.0
    aside_mm: float = 24.0
    soft_hu: float = -15.0
    thin: float = 1.0
    narrow: float = 0.75
    good: float = 0.9


@dataclass(frozen=True, eq=False)
class Arch:
    """Points (n, 3) as (slice, row, column) from the ascending to the descending aorta, radius [mm], belief (0 to 1).

    ``start`` is the slice where both limbs leave it.
    """

    points: F64
    radius_mm: F64
    start: int
    believed: float


def arch(
    frame: Frame,
    spine: Spine,
    up: Ascending,
    down: Descending,
    base: Root,
    heights: Levels,
    settings: ArchSettings = ArchSettings(),
) -> Arch | None:
    """Follow the arch; ``None`` where the field ends below it."""
    mk, mj, mi = frame.mm
    level = base.slice - settings.root_mm / mk if heights.carina is None else heights.carina - settings.carina_mm / mk
    start = round(max(level, float(up.slices[0])))
    if start * mk < settings.least_mm or start > up.slices[-1] or start >= base.slice:
        return None
    n = int(start - up.slices[0])
    ends = np.array([[start, up.row[n], up.column[n]], [start, down.row[start], down.column[start]]])
    aside = settings.aside_mm
    box = Box.of(
        frame,
        (start - settings.above_mm / mk, start),
        (ends[:, 1].min() - aside / mj, ends[:, 1].max() + aside / mj),
        (ends[:, 2].min() - aside / mi, ends[:, 2].max() + aside / mi),
    )
    hu = ndimage.gaussian_filter(frame.hu[box.at], (0.0, 0.5, 0.5), mode="nearest")
    soft = (hu > settings.soft_hu) & ~spine_bone(frame, spine)[box.at]
    # Below the box the limbs go on, above the field nobody knows: neither is a wall.
    whole = np.concatenate([soft[:1], soft, np.repeat(soft[-1:], 3, axis=0)])
    room = ndimage.distance_transform_edt(whole, sampling=frame.mm)[1:-3]
    radius = np.array([up.radius_mm[n], down.radius_mm[start]])
    fits = np.clip(room / (settings.narrow * radius[0]), 0.08, 1.0)
    corner = np.array([box.k0, box.j0, box.i0])
    path = _way(settings.thin / fits**2, frame.mm, *(np.rint(one - corner).astype(int) for one in ends))
    if path is None:
        return None
    # A chain is as strong as its weakest link.
    share = float(np.percentile(fits[tuple(path.T)], 10))
    believed = float(np.clip((share - 0.25) / (settings.good - 0.25), 0.0, 1.0))
    if path[:, 0].min() == 0 and box.k0 == 0:
        believed *= 0.6
    smooth = max(3, round(12.0 / frame.mm[2]))
    points = ndimage.uniform_filter1d((path + corner).astype(np.float64), smooth, axis=0, mode="nearest")
    points[[0, -1]] = ends
    way = np.linspace(0.0, 1.0, len(points))
    fit = ndimage.uniform_filter1d(room[tuple(path.T)], smooth, mode="nearest")
    # The wall is where both limbs have it; room in between tells of narrow and wide places.
    mean = radius[0] + (radius[1] - radius[0]) * way
    return Arch(points, np.clip(fit, 0.85 * mean, 1.1 * mean), start, round(believed, 2))


def _way(
    cost: F64, mm: tuple[float, float, float], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.intp] | None:
    """The cheapest way (n, 3) between two voxels; ``cost`` is that of a mm in each."""
    number = np.arange(cost.size).reshape(cost.shape)
    steps = [(a, b, c) for a in (0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) if (a, b, c) > (0, 0, 0)]
    rows, columns, prices = [], [], []
    for step in steps:
        here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, cost.shape, strict=True))
        there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, cost.shape, strict=True))
        length = float(np.linalg.norm(np.array(step) * mm))
        rows.append(number[here].ravel())
        columns.append(number[there].ravel())
        prices.append((0.5 * length * (cost[here] + cost[there])).ravel())
    size = cost.size
    graph = sparse.csr_matrix(
        (np.concatenate(prices), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )
    limit = np.array(cost.shape) - 1
    a, b = (int(number[tuple(np.clip(one, 0, limit))]) for one in (first, last))
    before = csgraph.dijkstra(graph, directed=False, indices=a, return_predecessors=True)[1]
    chain = [b]
    while chain[-1] != a:
        if before[chain[-1]] < 0:
            return None
        chain.append(int(before[chain[-1]]))
    return np.stack(np.unravel_index(np.array(chain[::-1]), cost.shape), axis=1)
