"""Circles beside a circle: the pulmonary trunk left of the ascending aorta, the upper caval vein right of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.locate.heart.circles import Box, Moves, track
from calcimetry.locate.heart.frame import Frame

__all__ = ["Beside", "Neighbour", "best_beside", "path_beside"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_NOWHERE = -9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A circle to be looked for beside another: radii, and offset to the left and to the back (mean, spread) [mm].

    ``weight``: how much it speaks for a place, or against it. ``reach``: so many spreads to each side
    are looked through.
    """

    radius_mm: tuple[float, float]
    left_mm: tuple[float, float]
    back_mm: tuple[float, float]
    weight: float
    reach: float = 1.6


@dataclass(frozen=True, eq=False)
class Beside:
    """Row, column, radius [mm] and score [HU/mm], less the price of its offset, in each slice of the other's track."""

    row: F64
    column: F64
    radius_mm: F64
    score: F64


def best_beside(score: F32, frame: Frame, one: Neighbour) -> F32:
    """For each place of (slice, row, column) the best score in the window of a neighbour, less its offset's price."""
    rows, columns = score.shape[1:]
    best = np.full_like(score, _NOWHERE)
    for dj, di, price in _offsets(frame, one, 2):
        to = (slice(None), slice(max(0, -dj), rows - max(0, dj)), slice(max(0, -di), columns - max(0, di)))
        come = (slice(None), slice(max(0, dj), rows - max(0, -dj)), slice(max(0, di), columns - max(0, -di)))
        if to[1].stop > to[1].start and to[2].stop > to[2].start:
            np.maximum(best[to], score[come] - np.float32(price), out=best[to])
    return best


def path_beside(
    score: F32, radii: F64, box: Box, frame: Frame, at: tuple[F64, F64, F64], one: Neighbour, overlap_mm: float = 3.0
) -> Beside:
    """The best track of a neighbour that runs along another one and does not lie in it.

    Parameters
    ----------
    score : (slice, radius, row, column) float32
        Of circles of all ``radii`` in ``box``.
    at : (slice,) rows, columns and radii
        The other track; rows and columns of the frame, radius in mm.
    overlap_mm : float
        The two may overlap so far: both walls are drawn to the middle of a blurred edge.
    """
    offsets = _offsets(frame, one, 1)
    dj = np.unique([dj for dj, _, _ in offsets])
    di = np.unique([di for _, di, _ in offsets])
    use = np.flatnonzero((radii >= one.radius_mm[0] - 1e-6) & (radii <= one.radius_mm[1] + 1e-6))
    price = np.array([p for _, _, p in offsets]).reshape(len(dj), len(di))
    rows = np.rint(at[0]).astype(int)[:, None, None, None] - box.j0 + dj[:, None]
    columns = np.rint(at[1]).astype(int)[:, None, None, None] - box.i0 + di
    inside = (rows >= 0) & (rows < score.shape[2]) & (columns >= 0) & (columns < score.shape[3])
    ks = np.arange(len(score))[:, None, None, None]
    part = score[
        ks, use[:, None, None], np.clip(rows, 0, score.shape[2] - 1), np.clip(columns, 0, score.shape[3] - 1)
    ] - price.astype(np.float32)
    apart = np.hypot(dj[:, None] * frame.mm[1], di * frame.mm[2])
    least = at[2][:, None, None, None] + radii[use][:, None, None] - overlap_mm
    part[~np.broadcast_to(inside & (apart >= least), part.shape)] = _NOWHERE
    moves = Moves(max(1, round((0.5 * frame.mm[0] + 1.0) / frame.mm[2])), 0.3, 0.3)
    path = track(part, Box(0, len(score), 0, len(dj), 0, len(di)), moves)
    row = np.rint(at[0]) + dj[path.row.astype(int)]
    column = np.rint(at[1]) + di[path.column.astype(int)]
    return Beside(row, column, radii[use][path.radius], path.score)


def _offsets(frame: Frame, one: Neighbour, step: int) -> list[tuple[int, int, float]]:
    """Rows and columns to go, and the price, inside ``reach`` spreads of the mean."""
    _, mj, mi = frame.mm
    ranges = []
    for (mean, spread), mm in ((one.back_mm, mj), (one.left_mm, mi)):
        low, high = mean - one.reach * spread, mean + one.reach * spread
        ranges.append(range(round(low / mm), round(high / mm) + 1, step))
    out = []
    for dj in ranges[0]:
        for di in ranges[1]:
            u, v = (dj * mj - one.back_mm[0]) / one.back_mm[1], (di * mi - one.left_mm[0]) / one.left_mm[1]
            out.append((dj, di, u * u + v * v))
    return out
