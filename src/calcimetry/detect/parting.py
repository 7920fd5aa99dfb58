"""Calcium that touches bone: parted from it where a valley lies between both, at full resolution.

A plaque of the aorta on the front of the spine joins it at the threshold. As the threshold rises it comes loose as an
island. Grains of the bone come loose too; what tells the plaque: bone follows close behind it, and
nothing lies before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.imaging.components import Bodies, Runs, connect, find_bodies

__all__ = ["Parted", "Profile", "bodies_of", "part", "runs_of"]

Bits = NDArray[np.bool_]
Whole = NDArray[np.int64]

STEPS_HU = (0.0, 40.0, 100.0, 200.0, 350.0, 550.0)
"""Steps above the threshold at which an island may come loose."""

LEAST_VOXELS = 6
"""An island of fewer voxels is the grain of the bone itself."""

GROW_VOXELS = 4
"""So far an island grows back over what meets the threshold around it."""

BEHIND_MM = 8.0
"""So far behind an island its valley and the bone are looked for ..."""

AHEAD_MM = (4.0, 12.0)
"""... and so far before it there must be no bone."""


_NOBODY, _BONE = -1, -2


@dataclass(frozen=True, slots=True)
class Profile:
    """What lies before and behind an island, along its columns from the peak of each, on average [HU].

    crest_hu : the peaks themselves.
    valley_hu : lowest value behind it, before values rise again: soft tissue behind a plaque, marrow behind a cortex.
    rise_hu : how far they rise again: bone close behind a plaque; within a bone they only fall.
    ahead_hu : highest value before it.
    """

    crest_hu: float
    valley_hu: float
    rise_hu: float
    ahead_hu: float


@dataclass(frozen=True, eq=False)
class Parted:
    """Islands, each with its profile."""

    bodies: Bodies
    profiles: tuple[Profile, ...]


@dataclass(frozen=True, eq=False)
class _Voxels:
    """Voxels of the skeleton worth a look, sorted by flat index."""

    flat: Whole
    hu: NDArray[Any]
    free: Bits
    shape: tuple[int, int, int]

    def at(self, goal: Whole) -> tuple[Whole, Bits]:
        """Where flat indices stand in ``flat``, and whether they do."""
        at = np.minimum(np.searchsorted(self.flat, goal), len(self.flat) - 1)
        return at, self.flat[at] == goal


def part(volume: Volume, skeleton: Runs, free: Bits, threshold_hu: float) -> Parted:
    """Islands that come loose from bone, grown back to the threshold.

    Parameters
    ----------
    volume : Volume
    skeleton : Runs
        Runs of the bodies that hold bone.
    free : (runs,) bool
        Which runs may be something else: outside bone of the locator, or in its foremost layer.
    threshold_hu : float
    """
    near = free | _near(skeleton, free)
    keep = skeleton[near]
    if not len(keep) or not free.any():
        return Parted(Bodies(keep[:0], np.zeros(1, dtype=np.int64)), ())
    flat = keep.voxels()
    hu = volume.pixels[np.unravel_index(flat, skeleton.shape)]
    voxels = _Voxels(flat, hu, np.repeat(free[near], keep.lengths), skeleton.shape)
    owner = np.full(len(flat), _NOBODY, dtype=np.int64)
    sure = np.zeros(len(flat), dtype=bool)
    count = 0
    for step in STEPS_HU:
        above = np.flatnonzero(hu >= threshold_hu + step)
        if len(above) < LEAST_VOXELS:
            break
        numbers, bound = _bound(voxels, above, owner)
        size = np.bincount(numbers)
        fresh = np.flatnonzero(~bound & (size >= LEAST_VOXELS))
        if not len(fresh):
            continue
        tied = np.zeros(len(flat), dtype=bool)
        tied[above] = bound[numbers]
        sure = tied.copy()
        order = above[np.argsort(numbers, kind="stable")]
        ends = np.cumsum(size)
        for number in fresh:
            mine = order[ends[number] - size[number] : ends[number]]
            owner[mine] = count
            count += 1
    owner[sure & (owner == _NOBODY)] = _BONE
    bodies = _grown(voxels, owner, count)
    # asked once grown: the crest of a ridge of bone also has a drop behind it, the whole ridge has none
    return Parted(bodies, tuple(_profile(volume, bodies.body(number)) for number in range(len(bodies))))


def _near(runs: Runs, free: Bits) -> Bits:
    """Runs of bone whose row or a neighbouring row holds free runs: bone farther off touches nothing free."""
    height = runs.shape[1]
    rows = np.unique(runs.row[free])
    around = np.unique(np.concatenate([rows + dk * height + dj for dk in (-1, 0, 1) for dj in (-1, 0, 1)]))
    return np.isin(runs.row, around)


def _bound(voxels: _Voxels, above: Whole, owner: Whole) -> tuple[Whole, Bits]:
    """Number of the body of each voxel above a step, and which bodies hold bone or an island found before."""
    runs = runs_of(voxels.flat[above], voxels.shape)
    numbers = np.repeat(connect(runs), runs.lengths)
    bound = np.zeros(int(numbers.max()) + 1, dtype=bool)
    bound[numbers[~voxels.free[above]]] = True
    bound[numbers[owner[above] >= 0]] = True
    return numbers, bound


def _profile(volume: Volume, island: Runs) -> Profile:
    shape = volume.geometry.shape
    k, j, i = island.indices().T
    hu = volume.pixels[k, j, i]
    order = np.lexsort((hu, i, k))  # the last of each column is its peak
    k, j, i = (axis[order] for axis in (k, j, i))
    last = np.concatenate([(np.diff(k) != 0) | (np.diff(i) != 0), [True]])
    k, j, i = k[last], j[last], i[last]
    pitch, back = volume.geometry.spacing_mm[1], 1 if volume.geometry.affine[1, 1] >= 0 else -1

    def mean(steps: int) -> float:
        row = j + back * steps
        inside = (row >= 0) & (row < shape[1])
        return float(volume.pixels[k[inside], row[inside], i[inside]].mean()) if inside.any() else -1024.0

    behind = np.array([mean(n) for n in range(max(2, round(BEHIND_MM / pitch)) + 1)])
    lowest = np.minimum.accumulate(behind)
    top = int((behind - lowest).argmax())
    before = [mean(-n) for n in range(max(1, round(AHEAD_MM[0] / pitch)), max(1, round(AHEAD_MM[1] / pitch)) + 1)]
    return Profile(float(behind[0]), float(lowest[top]), float(behind[top] - lowest[top]), max(before))


def runs_of(flat: Whole, shape: tuple[int, int, int]) -> Runs:
    """Runs of sorted flat indices."""
    width = shape[2]
    row = flat // width
    new = np.concatenate([[True], (np.diff(flat) != 1) | (np.diff(row) != 0)])
    starts = np.flatnonzero(new)
    ends = np.concatenate([starts[1:], [len(flat)]]) - 1
    return Runs(shape, row[starts], flat[starts] - row[starts] * width, flat[ends] - row[ends] * width + 1)


def _grown(voxels: _Voxels, owner: Whole, count: int) -> Bodies:
    """Islands with the free voxels around them that neither another island nor sure bone is nearer to."""
    width = voxels.shape[2]
    offsets = [(dk * voxels.shape[1] + dj) * width + di for dk in (-1, 0, 1) for dj in (-1, 0, 1) for di in (-1, 0, 1)]
    front = np.flatnonzero(owner != _NOBODY)
    rows = np.unique(voxels.flat[owner >= 0] // width) if count else voxels.flat[:0]
    if len(rows):  # bone farther off than two growths meets no island
        reach = 2 * GROW_VOXELS
        span = rows[:, None] + np.arange(-reach, reach + 1)
        levels = np.unique(span[:, None, :] + voxels.shape[1] * np.arange(-reach, reach + 1)[None, :, None])
        front = front[np.isin(voxels.flat[front] // width, levels)]
    for _ in range(GROW_VOXELS if count else 0):
        fresh: list[Whole] = []
        for offset in offsets:
            goal = voxels.flat[front] + offset
            at, found = voxels.at(goal)
            open_ = found & (owner[at] == _NOBODY) & voxels.free[at]
            open_ &= np.abs(goal % width - voxels.flat[front] % width) <= 1  # not over the edge of the image
            owner[at[open_]] = owner[front[open_]]
            fresh.append(at[open_])
        front = np.unique(np.concatenate(fresh))
    mine = np.flatnonzero(owner >= 0)
    order = mine[np.lexsort((voxels.flat[mine], owner[mine]))]
    cuts = np.searchsorted(owner[order], np.arange(count + 1))
    return bodies_of([voxels.flat[order[cuts[n] : cuts[n + 1]]] for n in range(count)], voxels.shape)


def bodies_of(flat: Sequence[Whole], shape: tuple[int, int, int]) -> Bodies:
    """Bodies of the sorted flat indices of the voxels of each; empty ones are left out at the end only."""
    if not sum(len(one) for one in flat):
        none = np.zeros(0, dtype=np.int64)
        return Bodies(Runs(shape, none, none, none), np.zeros(1, dtype=np.int64))
    parts = [runs_of(one, shape) for one in flat]
    runs = Runs(shape, *(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "first", "stop")))
    return find_bodies(runs, np.repeat(np.arange(len(parts)), [len(p) for p in parts]))
