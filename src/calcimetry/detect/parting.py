"""Calcium that touches bone: parted from it by its own peak, at full resolution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.imaging.components import Bodies, Runs, connect, find_bodies

__all__ = ["part"]

Bits = NDArray[np.bool_]

STEPS_HU = (40.0, 100.0, 200.0, 350.0, 550.0)
"""Steps above the threshold at which a plaque may come loose from the bone it touches."""

LEAST_VOXELS = 6
"""An island of fewer voxels is the grain of the bone itself."""

GROW_VOXELS = 4
"""So far an island grows back over what meets the threshold around it."""


def part(volume: Volume, skeleton: Runs, free: Bits, threshold_hu: float) -> Bodies:
    """Islands that a higher threshold loosens from bone, grown back to the threshold.

    Parameters
    ----------
    volume : Volume
    skeleton : Runs
        Voxels of the bodies that hold bone.
    free : (runs,) bool
        Which runs lie outside bone of the locator, and where something other than bone may be.
    threshold_hu : float

    Returns
    -------
    Bodies
        Disjoint; none touches a bone voxel at the step where it came loose.
    """
    shape = skeleton.shape
    every = skeleton.voxels()
    is_free = np.repeat(free, skeleton.lengths)
    near = _near_free(skeleton, free)
    keep = np.repeat(near | free, skeleton.lengths)
    flat, is_free = every[keep], is_free[keep]
    hu = volume.pixels[np.unravel_index(flat, shape)]
    islands: list[NDArray[np.int64]] = []
    taken = np.zeros(len(flat), dtype=bool)
    for step in STEPS_HU:
        above = np.flatnonzero(hu >= threshold_hu + step)
        if len(above) < LEAST_VOXELS:
            break
        runs = _runs_of(flat[above], shape)
        numbers = np.repeat(connect(runs), runs.lengths)
        bound = np.zeros(int(numbers.max()) + 1, dtype=bool)
        bound[numbers[~is_free[above]]] = True
        bound[numbers[taken[above]]] = True
        size = np.bincount(numbers)
        for number in np.flatnonzero(~bound & (size >= LEAST_VOXELS)):
            mine = above[numbers == number]
            taken[mine] = True
            islands.append(mine)
    return _grown(islands, flat, is_free, taken, shape)


def _near_free(runs: Runs, free: Bits) -> Bits:
    """Runs of bone whose row or a neighbouring row holds free runs: bone farther off touches nothing free."""
    height = runs.shape[1]
    rows = np.unique(runs.row[free])
    around = np.unique(np.concatenate([rows + dk * height + dj for dk in (-1, 0, 1) for dj in (-1, 0, 1)]))
    return np.isin(runs.row, around)


def _runs_of(flat: NDArray[np.int64], shape: tuple[int, int, int]) -> Runs:
    """Runs of sorted flat indices."""
    width = shape[2]
    row = flat // width
    new = np.concatenate([[True], (np.diff(flat) != 1) | (np.diff(row) != 0)])
    starts = np.flatnonzero(new)
    ends = np.concatenate([starts[1:], [len(flat)]]) - 1
    first = flat[starts] - row[starts] * width
    return Runs(shape, row[starts], first, flat[ends] - row[ends] * width + 1)


def _grown(
    islands: list[NDArray[np.int64]], flat: NDArray[np.int64], is_free: Bits, taken: Bits, shape: tuple[int, int, int]
) -> Bodies:
    """Islands with the free voxels around them that no other island is nearer to."""
    owner = np.full(len(flat), -1, dtype=np.int64)
    for number, mine in enumerate(islands):
        owner[mine] = number
    width = shape[2]
    offsets = [(dk * shape[1] + dj) * width + di for dk in (-1, 0, 1) for dj in (-1, 0, 1) for di in (-1, 0, 1)]
    front = np.flatnonzero(owner >= 0)
    for _ in range(GROW_VOXELS if islands else 0):
        fresh: list[NDArray[np.int64]] = []
        for offset in offsets:
            goal = flat[front] + offset
            at = np.minimum(np.searchsorted(flat, goal), len(flat) - 1)
            open_ = (flat[at] == goal) & (owner[at] < 0) & is_free[at] & ~taken[at]
            open_ &= np.abs(goal % width - flat[front] % width) <= 1  # not over the edge of the image
            owner[at[open_]] = owner[front[open_]]
            fresh.append(at[open_])
        front = np.unique(np.concatenate(fresh))
    mine = np.flatnonzero(owner >= 0)
    if not len(mine):
        none = np.zeros(0, dtype=np.int64)
        return Bodies(Runs(shape, none, none, none), np.zeros(1, dtype=np.int64))
    order = mine[np.lexsort((flat[mine], owner[mine]))]
    parts = [_runs_of(flat[order[owner[order] == number]], shape) for number in range(len(islands))]
    runs = Runs(shape, *(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "first", "stop")))
    return find_bodies(runs, np.repeat(np.arange(len(parts)), [len(p) for p in parts]))
