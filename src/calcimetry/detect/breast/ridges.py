"""Lines on a mammogram, cut into short pieces with numbers of each: what an artery is told from a fiber by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from calcimetry.detect.breast.field import Field, noise_of, over_noise
from calcimetry.detect.breast.settings import ArterySettings
from calcimetry.imaging.filters import gaussian, greatest, uniform
from calcimetry.imaging.threads import side_by_side

__all__ = ["Pieces", "piece_names", "pieces"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Index = NDArray[np.intp]

_ACROSS_MM = np.arange(-12, 13) * 0.2
"""Places across a line at which it is looked at."""
_MIDDLE = 12
_KEPT = 8
"""Places from the middle outwards that become features."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of lines.

    Parameters
    ----------
    points : (n, 2) float
        Row and column in the field of every point, piece by piece, in order along each.
    across : (n,) float
        Direction across the line there [rad], 0 along a row.
    piece : (n,) int
        Number of the piece of each point, growing.
    line : (pieces,) int
        Number of the line that each piece is cut from.
    values : (pieces, features) float32
        See :func:`piece_names`.
    base, height : (pieces,)
        Brightness beside the piece, and how much brighter it is itself.
    half_mm : (pieces,)
        Half of its width where it falls to two fifths of its height.
    """

    points: F64
    across: F64
    piece: Index
    line: Index
    values: F32
    base: F64
    height: F64
    half_mm: F64

    def __len__(self) -> int:
        return len(self.line)


def piece_names() -> tuple[str, ...]:
    """Names of the features in order."""
    return (
        "height", *(f"across_{n}" for n in range(_KEPT)), "peak_at", "steep", "one_sided", "base_step", "second_wall",
        "uneven", "rough", "fine_mean", "fine_high", "middle_mean", "middle_high", "fine_share",
        "thin", "mid", "wide", "length", "whole", "bend", "grey", "depth", "lines", "texture",
    )  # fmt: skip


def pieces(field: Field, settings: ArterySettings) -> Pieces:
    """Lines brighter than what lies beside them, cut into pieces of about ``piece_mm``."""
    strength, angle, scales = _strength(field, settings)
    index = _crest(strength, angle, field, settings.least_ridge)
    none = np.zeros(0, np.intp)
    zero = np.zeros(0)
    empty = Pieces(np.zeros((0, 2)), zero, none, none, np.zeros((0, len(piece_names())), np.float32), zero, zero, zero)
    if len(index) < 2:
        return empty
    turn = angle[index[:, 0], index[:, 1]].astype(np.float64)
    line, along = _lines(index, turn, field.mm)
    longest = np.zeros(int(line.max()) + 1)
    np.maximum.at(longest, line, along)
    best = np.zeros(len(longest))
    np.maximum.at(best, line, strength[index[:, 0], index[:, 1]])
    kept = (longest[line] >= settings.least_piece_mm) & (best[line] >= settings.sure_ridge)
    if not kept.any():
        return empty
    index, turn, line, along = index[kept], turn[kept], line[kept], along[kept]
    count = np.maximum(np.rint(longest / settings.piece_mm), 1)
    part = np.minimum((along / (longest[line] + 1e-9) * count[line]).astype(int), count[line].astype(int) - 1)
    order = np.lexsort((along, part, line))
    index, turn, line, part = index[order], turn[order], line[order], part[order]
    number = np.cumsum(np.concatenate([[0], (np.diff(line) != 0) | (np.diff(part) != 0)])).astype(np.intp)
    first = np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1])
    values, base, height, half = _values(field, index, turn, number, strength, scales, longest[line[first]])
    own = np.asarray(line[first], np.intp)
    return Pieces(index.astype(np.float64), turn, number, own, values, base, height, half)


def _strength(field: Field, settings: ArterySettings) -> tuple[F32, F32, list[F32]]:
    """How much of a bright line each pixel is over the noise, its direction, and the same at each width.

    The direction (across the line) is told where there is as much of one as a crest needs.
    """
    found = side_by_side(lambda sigma_mm: _bent(field, sigma_mm), settings.ridge_mm)
    best, slant, along = found[0]
    for one, yx, xx_yy in found[1:]:
        better = one > best
        best, slant, along = np.where(better, one, best), np.where(better, yx, slant), np.where(better, xx_yy, along)
    # The direction of the strongest bend downwards.
    angle = np.zeros(best.shape, np.float32)
    likely = best > settings.least_ridge
    angle[likely] = 0.5 * np.arctan2(2 * slant[likely], along[likely]) + np.pi / 2
    return best, angle, [one for one, _, _ in found]


def _bent(field: Field, sigma_mm: float) -> tuple[F32, F32, F32]:
    """Strength of bright lines at one width, and from the second derivatives what their direction follows from."""
    s = sigma_mm / field.mm
    even = gaussian(field.pixels, s, truncate=3.0)
    row, column = np.gradient(even)
    (yy, yx), xx = np.gradient(row), np.gradient(column, axis=1)
    half, off = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    bright = np.asarray((off - half) * s**2 - np.abs(off + half) * s**2, np.float32)
    noise = noise_of(bright, field, 12.0)
    return np.asarray(np.maximum(bright, 0) / noise, np.float32), np.asarray(yx, np.float32), np.asarray(xx - yy)


def _crest(strength: F32, angle: F32, field: Field, least: float) -> Index:
    """Pixels (n, 2) that are strongest across their own line."""
    rows, columns = np.nonzero((strength > least) & field.inside & (field.depth_mm > 2.0))
    # ``angle`` points across the line here.
    turn = angle[rows, columns]
    dr, dc = np.rint(np.sin(turn)).astype(int), np.rint(np.cos(turn)).astype(int)
    limits = np.array(strength.shape) - 1
    own = strength[rows, columns]
    held = np.ones(len(rows), bool)
    for sign, strict in ((1, False), (-1, True)):
        other = strength[np.clip(rows + sign * dr, 0, limits[0]), np.clip(columns + sign * dc, 0, limits[1])]
        held &= own > other if strict else own >= other
    return np.stack([rows[held], columns[held]], axis=1)


def _lines(index: Index, angle: F64, mm: float) -> tuple[Index, F64]:
    """Number of the line of each crest pixel, and its way along it [mm]: like directions belong together."""
    rows, columns = index.T
    width = int(columns.max()) + 3
    place = np.full((int(rows.max()) + 3, width), -1, np.intp)
    place[rows + 1, columns + 1] = np.arange(len(index))
    pairs = []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = place[rows + 1 + dr, columns + 1 + dc]
        mine = np.flatnonzero(other >= 0)
        turn = np.abs((angle[mine] - angle[other[mine]] + np.pi / 2) % np.pi - np.pi / 2)
        mine = mine[turn < 0.45]
        pairs.append(np.stack([mine, other[mine], np.full(len(mine), round(100 * mm * np.hypot(dr, dc)))], axis=1))
    a, b, length = np.concatenate(pairs).T
    graph = sparse.coo_matrix((length / 100.0, (a, b)), shape=(len(index), len(index))).tocsr()
    _, line = csgraph.connected_components(graph, directed=False)
    _, start = np.unique(line, return_index=True)
    far = csgraph.dijkstra(graph, directed=False, indices=start, min_only=True)
    order = np.lexsort((far, line))
    last = np.concatenate([np.flatnonzero(np.diff(line[order])), [len(order) - 1]])
    along = csgraph.dijkstra(graph, directed=False, indices=order[last], min_only=True)
    return np.asarray(line, np.intp), np.asarray(along)


def _values(
    field: Field, index: Index, across: F64, number: Index, strength: F32, scales: list[F32], whole: F64
) -> tuple[F32, F64, F64, F64]:
    """(pieces, features); and of each piece the brightness beside it, its height and half its width [mm]."""
    total = int(number[-1]) + 1
    points = np.bincount(number, minlength=total).astype(float)

    def mean(values: NDArray[np.generic]) -> F64:
        return np.asarray(np.bincount(number, values, total) / points)

    (fine, grain), (middle, _) = (over_noise(field, sigma_mm, 1.8, 8.5) for sigma_mm in (0.14, 0.3))
    at = (index[:, 0], index[:, 1])
    sigma = np.maximum(mean(grain[at]), 1e-6)
    offsets = _ACROSS_MM / field.mm
    row = index[:, :1] + offsets * np.sin(across)[:, None]
    column = index[:, 1:] + offsets * np.cos(across)[:, None]
    seen = ndimage.map_coordinates(field.pixels, [row, column], order=1, mode="nearest")
    profile = np.stack([mean(seen[:, n]) for n in range(len(offsets))], axis=1)
    right, left = profile[:, _MIDDLE:], profile[:, _MIDDLE::-1]
    both = (right + left) / 2
    base = both[:, 8:].mean(axis=1)
    height = np.maximum(both[:, :6].max(axis=1) - base, 0.3 * sigma)
    shape = (both - base[:, None]) / height[:, None]
    own = seen[:, _MIDDLE - 1 : _MIDDLE + 2].mean(axis=1) - (seen[:, :5].mean(axis=1) + seen[:, -5:].mean(axis=1)) / 2
    spread = np.sqrt(np.maximum(mean(own**2) - mean(own) ** 2, 0))
    change = np.abs(np.diff(own, prepend=own[:1])) * np.concatenate([[False], number[1:] == number[:-1]])
    high = greatest(fine, 3)[at]
    middling = greatest(middle, 3)[at]
    bend = np.abs((np.diff(across, prepend=across[:1]) + np.pi / 2) % np.pi - np.pi / 2)
    lines = uniform(strength, max(3, round(10.0 / field.mm)))
    grey = (field.pixels[at] - field.low) / (field.high - field.low)
    values = np.asarray(
        np.stack(
            [
                height / sigma, *shape[:, :_KEPT].T, both[:, :8].argmax(axis=1) * 0.2,
                -np.diff(shape, axis=1).min(axis=1),
                np.abs(right - left)[:, 1:8].mean(axis=1) / height,
                np.abs(profile[:, :5].mean(axis=1) - profile[:, -5:].mean(axis=1)) / height,
                np.maximum(_second(right), _second(left)) / height,
                spread / height, mean(change) / sigma, mean(high), _upper(high, number, points),
                mean(middling), _upper(middling, number, points), mean(high > 3.0),
                *(mean(one[at]) for one in scales),
                points * field.mm, np.minimum(whole, 40.0), mean(np.minimum(bend, 0.6)),
                mean(grey), mean(np.minimum(field.depth_mm[at], 20.0)), mean(lines[at]),
                np.log(sigma / max(float(np.median(grain[field.inside])), 1e-6)),
            ],
            axis=1,
        ),
        np.float32,
    )  # fmt: skip
    over = np.cumsum(shape[:, ::-1] > 0.4, axis=1)[:, ::-1] > 0
    return values, base, height, (over[:, :9].sum(axis=1) - 0.5) * 0.2


def _second(side: F64) -> F64:
    """How far the brightness rises again on the way outwards: the other wall."""
    lowest = np.minimum.accumulate(side, axis=1)
    return np.asarray((side - lowest)[:, 3:].max(axis=1))


def _upper(values: NDArray[np.generic], number: Index, points: F64) -> F64:
    """Upper tenth of the values of each piece."""
    order = np.lexsort((values, number))
    first = np.concatenate([[0], np.cumsum(points)[:-1]])
    return np.asarray(values[order][(first + np.floor(0.9 * (points - 1))).astype(int)], np.float64)
