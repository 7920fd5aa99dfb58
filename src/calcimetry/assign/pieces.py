"""A dense body cut into pieces of a few millimetres: one that runs from vessel to vessel is then told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cut", "neighbours"]

Whole = NDArray[np.int64]

_MOST = 48
"""A body is cut into so many pieces at most; larger bodies get larger pieces."""


def cut(index: Whole, spacing_mm: tuple[float, float, float], size_mm: float) -> Whole:
    """Number of the piece of each voxel.

    Parameters
    ----------
    index : (n, 3) int64
        Voxels (slice, row, column) of one body.
    spacing_mm : (float, float, float)
    size_mm : float
        A body no longer than this stays whole; pieces of others reach about half of it from their middle [mm].

    Returns
    -------
    (n,) int64
        From 0, each in use. Seeds are those farthest from all seeds before, so the same body is always cut alike.
    """
    mm = index * np.array(spacing_mm)
    if len(index) < 2 or float(np.ptp(mm, axis=0).max()) <= size_mm:
        return np.zeros(len(index), dtype=np.int64)
    first = int(((mm - mm.mean(axis=0)) ** 2).sum(axis=1).argmax())
    nearest = ((mm - mm[first]) ** 2).sum(axis=1)
    owner = np.zeros(len(index), dtype=np.int64)
    for number in range(1, _MOST):
        farthest = int(nearest.argmax())
        if nearest[farthest] <= (0.75 * size_mm) ** 2:
            break
        away = ((mm - mm[farthest]) ** 2).sum(axis=1)
        closer = away < nearest
        owner[closer] = number
        nearest = np.minimum(nearest, away)
    return np.asarray(np.unique(owner, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def neighbours(index: Whole, owner: Whole) -> NDArray[np.bool_]:
    """(pieces, pieces): which pieces of a body touch (26 neighbours).

    >>> neighbours(np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2]]), np.array([0, 1, 2])).astype(int).tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    count = int(owner.max()) + 1 if len(owner) else 0
    touch = np.zeros((count, count), dtype=bool)
    if count < 2:
        return touch
    low = index.min(axis=0) - 1
    box = np.full(tuple(index.max(axis=0) - low + 2), -1, dtype=np.int64)
    at = index - low
    box[tuple(at.T)] = owner
    for step in np.ndindex(3, 3, 3):
        if step <= (1, 1, 1):
            continue
        other = box[tuple((at + np.array(step) - 1).T)]
        touch[owner[other >= 0], other[other >= 0]] = True
    touch |= touch.T
    np.fill_diagonal(touch, False)
    return touch
