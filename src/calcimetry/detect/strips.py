"""Calcium in the wall of the aorta that runs into bone: parted by form, where no valley lies between both.

A plaque that reaches the spine is a thin strip: bone ends where a square of some millimetres no longer fits in, and
what leaves it there lies along the rim of a round soft body, the vessel. Lips of bone and heads of ribs leave bone
too; no such body lies at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Volume
from calcimetry.detect.parting import bodies_of, runs_of
from calcimetry.detect.shape import shape_of
from calcimetry.detect.surroundings import Field
from calcimetry.imaging.components import Bodies, Runs, find_bodies
from calcimetry.knowledge.load import table

__all__ = ["Strips", "part_strips", "without"]

Bits = NDArray[np.bool_]
Whole = NDArray[np.int64]
Box = tuple[slice, slice, slice]

_POOL_MM = (2.5, 1.0)
"""Looked at in blocks of about this size, along the axis and in the plane."""
_ASIDE_MM, _AHEAD_MM, _BACK_MM = 45.0, 28.0, 12.0
"""From the front of the spine so far to either side, to the front and to the back."""
_BONE_MM = 7.0
"""Where a square of this side fits in is bone; the wall of an aorta is never so thick."""
_VESSEL_MM = 12.0
"""A square of this side fits in the lumen: the aorta is at least 17 mm wide."""
_WALL_MM = 3.5
"""The wall lies within this distance of such squares."""
_REACH_MM = 2.0
"""A strip reaches at least so far out of the bone: a rough cortex does not."""
_FREE_SHARE = 0.5
"""So much of it lies in the front of bone or before it: not in ribs, nor in the arches of the spine."""
_SOFT_HU = -20.0
"""Soft tissue starts here: fat is darker."""


@dataclass(frozen=True, eq=False)
class Strips:
    """Strips, each with the share of it that lies along the rim of a round soft body."""

    bodies: Bodies
    rim_shares: tuple[float, ...]


def part_strips(volume: Volume, field: Field, skeleton: Runs, threshold_hu: float) -> Strips:
    """Strips that leave bone in front of the spine and beside it.

    Parameters
    ----------
    volume : Volume
    field : Field
    skeleton : Runs
        Runs of the bodies that hold bone.
    threshold_hu : float
    """
    none = Strips(find_bodies(skeleton[:0]), ())
    box = _box(volume, field)
    if box is None or not len(skeleton):
        return none
    dense = _painted(skeleton, box)
    steps = _steps(volume.geometry.spacing_mm)
    mm = tuple(step * one for step, one in zip(steps, volume.geometry.spacing_mm, strict=True))
    blocks = _pooled(dense, steps, np.bool_)
    mean = _pooled(volume.pixels[box], steps, np.float32) / np.float32(np.prod(steps))
    bulk = _opened(_filled(blocks), _BONE_MM, mm)
    left = blocks & ~_wider(bulk, mm[1], mm)
    numbers, count = ndimage.label(left, np.ones((3, 3, 3)))
    if not count:
        return none
    far = np.unique(numbers[left & ~_wider(bulk, _REACH_MM, mm)])
    bound = np.unique(numbers[left & _wider(bulk, 2.0 * mm[1], mm)])
    soft = (mean > _SOFT_HU) & (mean < threshold_hu) & ~blocks & _pooled_free(field, box, steps, blocks.shape)
    wall = _wider(_opened(soft, _VESSEL_MM, mm), _WALL_MM, mm)
    shares = np.bincount(numbers[wall], minlength=count + 1) / np.maximum(np.bincount(numbers.ravel()), 1)
    chosen = [
        int(n) for n in np.intersect1d(far, bound) if n > 0 and shares[n] >= table("detection")["strip"]["rim_share"]
    ]
    return _as_bodies(field, box, dense, numbers, steps, chosen, shares)


def without(runs: Runs, taken: Runs) -> Runs:
    """Runs less the voxels of others that lie inside them."""
    if not len(taken):
        return runs
    hit = np.isin(runs.row, taken.row)
    left = np.setdiff1d(runs[hit].voxels(), taken.voxels())
    parts = [runs[~hit]] + ([runs_of(left, runs.shape)] if len(left) else [])
    row, first, stop = (np.concatenate([getattr(one, name) for one in parts]) for name in ("row", "first", "stop"))
    order = np.lexsort((first, row))
    return Runs(runs.shape, row[order], first[order], stop[order])


def _box(volume: Volume, field: Field) -> Box | None:
    """Where the spine and what lies before it and beside it are in the image."""
    front = field.front_index()
    if front is None or not len(front):
        return None
    spacing, shape = volume.geometry.spacing_mm, volume.geometry.shape
    middle = np.median(front[:, 2])
    near = front[np.abs(front[:, 2] - middle) * spacing[2] <= 20.0]
    top, bottom = np.percentile(near[:, 1], (2.0, 98.0))
    ahead, back = (_AHEAD_MM, _BACK_MM) if volume.geometry.affine[1, 1] >= 0 else (_BACK_MM, _AHEAD_MM)
    low = (near[:, 0].min(), top - ahead / spacing[1], middle - _ASIDE_MM / spacing[2])
    stop = (near[:, 0].max() + 1, bottom + back / spacing[1], middle + _ASIDE_MM / spacing[2])
    k, j, i = (slice(max(int(a), 0), min(int(b) + 1, n)) for a, b, n in zip(low, stop, shape, strict=True))
    return k, j, i


def _steps(spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    k, j, i = (max(1, round(_POOL_MM[min(axis, 1)] / mm)) for axis, mm in enumerate(spacing_mm))
    return k, j, i


def _pooled_free(field: Field, box: Box, steps: tuple[int, int, int], count: tuple[int, ...]) -> Bits:
    """Blocks of the inside of the trunk: no wall, no bone, not outside."""
    axes = [one.start + step // 2 + step * np.arange(n) for one, step, n in zip(box, steps, count, strict=True)]
    return field.is_inner(field.labels_on(axes))


def _painted(runs: Runs, box: Box) -> Bits:
    """The voxels of runs inside a box."""
    first = np.array([one.start for one in box])
    stop = np.array([one.stop for one in box])
    chosen = (runs.slices >= first[0]) & (runs.slices < stop[0]) & (runs.rows >= first[1]) & (runs.rows < stop[1])
    chosen &= (runs.stop > first[2]) & (runs.first < stop[2])
    runs = runs[chosen]
    size = stop - first
    row = (runs.slices - first[0]) * size[1] + runs.rows - first[1]
    edges = np.zeros((size[0] * size[1], size[2] + 1), dtype=np.int8)
    np.add.at(edges, (row, np.maximum(runs.first - first[2], 0)), 1)
    np.add.at(edges, (row, np.minimum(runs.stop - first[2], size[2])), -1)
    inside = np.cumsum(edges[:, :-1], axis=1, dtype=np.int8) > 0
    return np.asarray(inside.reshape(tuple(size)))


def _pooled(values: NDArray[Any], steps: tuple[int, int, int], dtype: Any) -> NDArray[Any]:
    """Sum (any, of bits) over blocks; what fills no block is left out."""
    count = [n // step for n, step in zip(values.shape, steps, strict=True)]
    total = np.zeros(count, dtype=dtype)
    for first in np.ndindex(*steps):
        cut = (slice(one, one + n * step, step) for one, n, step in zip(first, count, steps, strict=True))
        total += values[tuple(cut)]
    return total


def _wider(bits: Bits, mm: float, spacing_mm: tuple[float, ...]) -> Bits:
    """Everything within so many mm along rows and columns."""
    for axis in (1, 2):
        half = max(1, round(mm / spacing_mm[axis]))
        bits = _swept(bits, axis, half, half)
    return bits


def _opened(bits: Bits, mm: float, spacing_mm: tuple[float, ...]) -> Bits:
    """What a square of this side covers that fits in; beyond the box everything does."""
    sides = {axis: max(2, round(mm / spacing_mm[axis])) - 1 for axis in (1, 2)}
    edge = max(sides.values())
    bare = np.pad(~bits, ((0, 0), (edge, edge), (edge, edge)))
    for axis, side in sides.items():
        bare = _swept(bare, axis, side, 0)
    fits = ~bare
    for axis, side in sides.items():
        fits = _swept(fits, axis, 0, side)
    return fits[:, edge:-edge, edge:-edge]


def _swept(bits: Bits, axis: int, back: int, ahead: int) -> Bits:
    """Every voxel with a set one from ``back`` before it to ``ahead`` after it, in steps that double."""
    out = bits.copy()
    for reach, sign in ((back, 1), (ahead, -1)):
        done = 0
        while done < reach:
            step = min(done + 1, reach - done, out.shape[axis])
            first, last = (slice(None),) * axis + (slice(step, None),), (slice(None),) * axis + (slice(0, -step),)
            to, of = (first, last) if sign < 0 else (last, first)
            out[to] |= out[of].copy()
            done += step
    return out


def _filled(bits: Bits) -> Bits:
    """With what each slice encloses: marrow and the canal of the spine."""
    in_plane = np.zeros((3, 3, 3), dtype=bool)
    in_plane[1] = ndimage.generate_binary_structure(2, 1)
    numbers, count = ndimage.label(~bits, in_plane)
    open_ = np.zeros(count + 1, dtype=bool)
    for side in (numbers[:, 0], numbers[:, -1], numbers[:, :, 0], numbers[:, :, -1]):
        open_[side] = True
    open_[0] = False
    return np.asarray(~open_[numbers])


def _is_strip(field: Field, index: Whole) -> bool:
    """Whether a piece is as thin as the wall of an aorta, longer than thick, and lies where the aorta runs."""
    cuts = table("detection")["strip"]
    pixels = field.volume.pixels[tuple(index.T)]
    thin, _, long = (2.0 * half for half in shape_of(index, pixels, field.spacing_mm).axes_mm)
    return bool(thin <= cuts["thick_mm"] and long >= cuts["longer"] * thin and field.word(index) in cuts["words"])


def _as_bodies(
    field: Field,
    box: Box,
    dense: Bits,
    numbers: NDArray[np.int32],
    steps: tuple[int, int, int],
    chosen: list[int],
    shares: NDArray[np.float64],
) -> Strips:
    """Blocks as voxels of the image."""
    boxes = ndimage.find_objects(numbers)
    first = np.array([one.start for one in box])
    shape = field.volume.geometry.shape
    flat: list[Whole] = []
    kept: list[float] = []
    for number in chosen:
        at = boxes[number - 1]
        mine = numbers[at] == number
        for axis, step in enumerate(steps):
            mine = mine.repeat(step, axis=axis)
        start = np.array([one.start * step for one, step in zip(at, steps, strict=True)])
        mine &= dense[tuple(slice(int(a), int(a) + n) for a, n in zip(start, mine.shape, strict=True))]
        index = np.argwhere(mine) + start + first
        if field.is_free(field.labels(index), index).mean() < _FREE_SHARE or not _is_strip(field, index):
            continue
        kept.append(float(shares[number]))
        flat.append(np.ravel_multi_index(tuple(index.T), shape))
    return Strips(bodies_of(flat, shape), tuple(kept))
