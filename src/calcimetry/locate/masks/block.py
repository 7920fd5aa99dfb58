"""A part of a label map on an upright grid of even pitch, whatever the image's own slices are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.regions import Regions

__all__ = ["Block", "Masks", "largest"]

Bits = NDArray[np.bool_]
F64 = NDArray[np.float64]
Box = tuple[slice, slice, slice]

_MOST_CELLS = 6e6
"""Ours: a block has no more cells than this; its pitch grows instead."""


@dataclass(frozen=True, eq=False)
class Block:
    """``bits`` (height, row, column) with heights from the head down, rows to the back, columns to the left.

    ``first_mm``: LPS of its first cell. ``mm``: pitch on all axes. ``cut``: the image ends where the part reaches its
    (upper, lower) end.
    """

    bits: Bits
    first_mm: F64
    mm: float
    cut: tuple[bool, bool]

    def to_lps(self, index: NDArray[np.generic]) -> F64:
        """LPS mm (n, 3) of indices (n, 3)."""
        at = np.asarray(index, dtype=np.float64)
        return self.first_mm + self.mm * np.stack([at[:, 2], at[:, 1], -at[:, 0]], axis=1)

    @property
    def points_mm(self) -> F64:
        """LPS mm (n, 3) of all its cells."""
        return self.to_lps(np.argwhere(self.bits))

    @property
    def ml(self) -> float:
        """Volume [ml]."""
        return float(self.bits.sum()) * self.mm**3 / 1000.0

    def only(self, bits: Bits) -> Block:
        """The same grid with other bits."""
        return Block(bits, self.first_mm, self.mm, self.cut)


class Masks:
    """Label map of another program, asked by the program's own names."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self._boxes: Sequence[Box | None] = tuple(ndimage.find_objects(regions.labels))
        there = [one for one in regions.regions if one.label <= len(self._boxes) and self._boxes[one.label - 1]]
        self._labels = {one.name: one.label for one in there}
        self.confidence = {one.name: one.confidence for one in there}

    def has(self, *names: str) -> bool:
        """Whether all of them are there."""
        return all(name in self._labels for name in names)

    def named(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that are there."""
        return tuple(name for name in names if name in self._labels)

    def starting(self, word: str) -> tuple[str, ...]:
        """Those whose name starts so, in the order of the label map."""
        return tuple(name for name in self._labels if name.startswith(word))

    def block(self, names: Sequence[str], mm: float = 2.0, margin_mm: float = 6.0) -> Block | None:
        """Classes together; ``None`` where none of them has a voxel."""
        regions, wanted = self._regions, [self._labels[name] for name in self.named(names)]
        boxes = [box for label in wanted if (box := self._boxes[label - 1]) is not None]
        if not boxes:
            return None
        grid = regions.geometry
        low = np.min([[one.start for one in box] for box in boxes], axis=0)
        high = np.max([[one.stop - 1 for one in box] for box in boxes], axis=0)
        corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
        lps = np.asarray(grid.to_lps_mm(corners))
        start, stop = lps.min(axis=0) - margin_mm, lps.max(axis=0) + margin_mm
        first = np.array([start[0], start[1], stop[2]])
        # specks all over a large image would ask for more than there is memory
        mm = max(mm, float(np.cbrt(np.prod(stop - start) / _MOST_CELLS)))
        size = np.ceil((stop - start) / mm).astype(int)[::-1] + 1
        whole = Block(np.zeros(tuple(size), dtype=bool), first, mm, self._cut(low, high))
        return whole.only(np.isin(self.labels_at(whole), wanted))

    def labels_at(self, block: Block) -> NDArray[np.unsignedinteger]:
        """Labels at all cells of a block; 0 outside the image."""
        plane = np.indices(block.bits.shape[1:]).reshape(2, -1).T
        out = np.zeros(block.bits.shape, dtype=self._regions.labels.dtype)
        for k in range(len(out)):
            index = np.column_stack([np.full(len(plane), k), plane])
            out[k] = self.at(block.to_lps(index)).reshape(out.shape[1:])
        return out

    def at(self, lps_mm: F64) -> NDArray[np.unsignedinteger]:
        """Labels at points (n, 3) [mm]; 0 outside the image."""
        grid = self._regions.geometry
        index = np.rint(np.asarray(grid.to_index(lps_mm))).astype(np.int64)
        inside = ((index >= 0) & (index < np.array(grid.shape))).all(axis=1)
        out = np.zeros(len(index), dtype=self._regions.labels.dtype)
        k, j, i = index[inside].T
        out[inside] = self._regions.labels[k, j, i]
        return out

    def label_of(self, names: Iterable[str]) -> list[int]:
        """Labels of those that are there."""
        return [self._labels[name] for name in self.named(names)]

    def voxels_mm(self, name: str) -> F64:
        """LPS mm (n, 3) of every voxel of a class, at full resolution."""
        box = self._boxes[self._labels[name] - 1] if self.has(name) else None
        if box is None:
            return np.zeros((0, 3))
        own = np.argwhere(self._regions.labels[box] == self._labels[name]) + [one.start for one in box]
        return np.asarray(self._regions.geometry.to_lps_mm(own))

    def border(self, names: Sequence[str]) -> tuple[bool, bool]:
        """Whether the classes reach a side of the slices, and whether they reach the first or the last slice."""
        boxes = [box for label in self.label_of(names) if (box := self._boxes[label - 1]) is not None]
        shape = self._regions.labels.shape
        at_end = [[one.start == 0 or one.stop == n for one, n in zip(box, shape, strict=True)] for box in boxes]
        return any(one[1] or one[2] for one in at_end), any(one[0] for one in at_end)

    def _cut(self, low: NDArray[np.generic], high: NDArray[np.generic]) -> tuple[bool, bool]:
        rises = float(self._regions.geometry.affine[2, 0]) > 0
        at_first, at_last = int(low[0]) == 0, int(high[0]) == self._regions.labels.shape[0] - 1
        return (at_last, at_first) if rises else (at_first, at_last)


def largest(bits: Bits) -> Bits:
    """The largest part that hangs together."""
    labels, count = ndimage.label(bits, np.ones((3,) * bits.ndim, dtype=bool))
    if count < 2:
        return bits
    return np.asarray(labels == np.bincount(labels[bits]).argmax())
