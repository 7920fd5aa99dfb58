"""The centre line of a tube that is known as a mask: middles of the fronts of a wave that runs through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from calcimetry.locate.masks.block import Block, largest

__all__ = ["Line", "LineSettings", "by_height", "centre_line", "way"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Choices of the centre line.

    step_mm : distance of its nodes.
    face_mm : cells this near to the far end together are the face from which the wave starts.
    smooth_mm : nodes are smoothed over about so much.
    cells : larger masks are thinned out first.
    """

    step_mm: float = 4.0
    face_mm: float = 5.0
    smooth_mm: float = 6.0
    cells: int = 60_000


@dataclass(frozen=True, eq=False)
class Line:
    """Nodes (n, 3) in LPS [mm] and the radius of a circle of the same area [mm]."""

    points_mm: F64
    radius_mm: F64

    def turned(self) -> Line:
        """The other way round."""
        return Line(self.points_mm[::-1], self.radius_mm[::-1])

    def part(self, first: int, stop: int) -> Line:
        """Some of its nodes."""
        return Line(self.points_mm[first:stop], self.radius_mm[first:stop])


def centre_line(block: Block, settings: LineSettings = LineSettings()) -> Line | None:
    """From one end of the longest way through a mask to the other; ``None`` where there is no length to it."""
    bits, thin = block.bits, 1
    while bits.sum() > settings.cells:
        thin += 1
        bits = block.bits[::thin, ::thin, ::thin]
    index = np.argwhere(bits)
    if len(index) < 8:
        return None
    step = block.mm * thin
    graph = _graph(bits, index, step)
    middle = np.linalg.norm(index - index.mean(axis=0), axis=1)
    one = _wave(graph, np.array([middle.argmax()]))
    if not np.isfinite(one).all():
        return None
    other = _wave(graph, np.array([one.argmax()]))
    # The wave from one corner ends on a plane across the tube: that face is where the real one starts.
    face = np.flatnonzero(other >= other.max() - max(settings.face_mm, 1.5 * step))
    along = _wave(graph, face)
    count = int(along.max() / max(settings.step_mm, 1.5 * step))
    if count < 3:
        return None
    front = np.minimum((along / along.max() * count).astype(int), count - 1)
    cells = np.bincount(front, minlength=count)
    points = np.stack(
        [np.bincount(front, axis, count) / np.maximum(cells, 1) for axis in index.T.astype(float)], axis=1
    )
    lps = _smooth(block.to_lps(points * thin), settings.smooth_mm / settings.step_mm)
    length = np.linalg.norm(np.gradient(lps, axis=0), axis=1)
    area = cells * step**3 / np.maximum(length, 0.5 * step)
    line = Line(lps, ndimage.median_filter(np.sqrt(area / np.pi), 3, mode="nearest"))
    cells_mm = block.to_lps(index * thin)
    for _ in range(2):
        line = _ended(line, cells_mm, front, step).turned()
        front = count - 1 - front
    return line


def _ended(line: Line, cells_mm: F64, front: NDArray[np.integer], step: float) -> Line:
    """The first nodes anew, from slices across the tube: the wave began in a corner, its first fronts lie askew."""
    nodes, count = line.points_mm, len(line.points_mm)
    wide = float(np.median(line.radius_mm))
    first = min(int(np.searchsorted(way(nodes), 2.0 * wide)), count // 2)
    # slices near the first front need cells from behind it, as it lies askew itself
    own = cells_mm[front < first + int(np.ceil(1.5 * wide / max(float(np.median(np.diff(way(nodes)))), 1.0)))]
    if first < 1 or count - first < 2 or not len(own):
        return line
    inner = (nodes[first - 1] + nodes[first]) / 2.0
    usual = np.pi * float(np.median(line.radius_mm[first : first + 4])) ** 2
    axis = inner - nodes[min(first + 3, count - 1)]
    middles, heights, areas = inner[None], np.zeros(1), np.array([usual])
    for _ in range(2):
        axis = axis / max(float(np.linalg.norm(axis)), 1e-6)
        ahead = (own - inner) @ axis
        thick = 2.0 * step
        number = np.floor(ahead / thick).astype(int)
        sizes = np.array([np.sum(number == n) for n in range(max(int(number.max(initial=-1)) + 1, 0))])
        whole = [
            n for n, size in enumerate(sizes) if size * step**3 / thick > 0.7 * min(usual, _largest(sizes, step, thick))
        ]
        middles = np.array([inner, *(own[number == n].mean(axis=0) for n in whole)])
        heights = (middles - inner) @ axis
        areas = np.array([usual, *(sizes[n] * step**3 / thick for n in whole)])
        axis = middles[-1] - inner if whole else axis
    # A tube that is cut askew ends, on its axis, where one cut straight would hold as much.
    last = float(np.sum(ahead > heights[-1])) * step**3 / float(areas[-1])
    end = middles[-1] + axis / max(float(np.linalg.norm(axis)), 1e-6) * last
    known, at = np.concatenate([[end], middles[::-1]]), np.linspace(0.0, 1.0, first, endpoint=False)
    along = way(known) / max(float(way(known)[-1]), 1e-6)
    new = np.stack([np.interp(at, along, axis) for axis in known.T], axis=1)
    radius = np.interp(at, along, np.sqrt(np.concatenate([areas[-1:], areas[::-1]]) / np.pi))
    return Line(np.concatenate([new, nodes[first:]]), np.concatenate([radius, line.radius_mm[first:]]))


def _largest(sizes: NDArray[np.integer], step: float, thick: float) -> float:
    return float(sizes.max(initial=0)) * step**3 / thick


def by_height(block: Block) -> Line | None:
    """Middles of the slices of an upright vessel from below up; for one that is hardly longer than it is wide."""
    bits = largest(block.bits)
    heights = np.flatnonzero(bits.any(axis=(1, 2)))[::-1]
    if len(heights) < 3:
        return None
    slices = [np.argwhere(largest(bits[k])) for k in heights]
    line = np.array([(float(k), *one.mean(axis=0)) for k, one in zip(heights, slices, strict=True)])
    line[:, 1:] = ndimage.uniform_filter1d(line[:, 1:], 5, axis=0, mode="nearest")
    area = np.array([len(one) * block.mm**2 for one in slices])
    return Line(block.to_lps(line), ndimage.uniform_filter1d(np.sqrt(area / np.pi), 5, mode="nearest"))


def way(points_mm: F64) -> F64:
    """Way along a line at each of its nodes [mm]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))])


def _smooth(points: F64, sigma: float) -> F64:
    """Smoothed, with both ends kept in place."""
    pad = min(len(points) - 1, max(1, round(3 * sigma)))
    before, behind = 2 * points[0] - points[pad:0:-1], 2 * points[-1] - points[-2 : -pad - 2 : -1]
    longer = np.concatenate([before, points, behind])
    return np.asarray(ndimage.gaussian_filter1d(longer, sigma / 2.0, axis=0)[pad : pad + len(points)])


def _graph(bits: NDArray[np.bool_], index: NDArray[np.intp], step: float) -> sparse.csr_matrix:
    """Neighbours by faces, edges and corners with their distance."""
    number = np.full(np.array(bits.shape) + 2, -1, dtype=np.int64)
    inner = index + 1
    number[tuple(inner.T)] = np.arange(len(index))
    rows, columns, lengths = [], [], []
    for offset in np.ndindex(3, 3, 3):
        if offset <= (1, 1, 1):
            continue
        move = np.array(offset) - 1
        to = number[tuple((inner + move).T)]
        there = np.flatnonzero(to >= 0)
        rows.append(there)
        columns.append(to[there])
        lengths.append(np.full(len(there), step * float(np.linalg.norm(move))))
    shape = (len(index), len(index))
    return sparse.csr_matrix((np.concatenate(lengths), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _wave(graph: sparse.csr_matrix, seeds: NDArray[np.integer]) -> F64:
    """Distance of each cell from the nearest seed."""
    return np.asarray(csgraph.dijkstra(graph, directed=False, indices=seeds, min_only=True))
