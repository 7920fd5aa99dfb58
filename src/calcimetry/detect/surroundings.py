"""What lies around a body of dense voxels: background and noise, nearness of bone, wall, skin and metal streaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions
from calcimetry.imaging.grid import axis_maps
from calcimetry.imaging.noise import noise_sd

__all__ = ["NEAR_MM", "Around", "Field"]

Bits = NDArray[np.bool_]

_REACH_MM = 4.0
"""Width of the ring that gives background and noise."""
_LAYER_MM = 8.0
_THROUGH_MM = 40.0
_THICK_MM = (12.0, 40.0)
_INSIDE_MM = 12.0
"""The foremost layer of bone is so deep; a vertebra is less than this from front to back."""
_STREAK_MM = 15.0
"""Metal darkens and brightens tissue this far away."""
_SIDE_MM = 2.0
"""Where the image ends inside the person, the outermost pixels are too bright: what lies outside is missing."""
_SHELL_PIXELS = 16
"""Fewer pixels in a slice enclose nothing to speak of."""
NEAR_MM = 12.0
"""Farther from bone than this is far."""


@dataclass(frozen=True, slots=True)
class Around:
    """Numbers of the surroundings of one body.

    background_hu, noise_sd_hu : median and noise of the tissue around.
    rim_hu : mean just outside: near the threshold round a soft blob, far below it round calcium.
    bone_share : share of the body inside bone of the locator.
    bone_mm, bone_behind : shortest way to that bone (``NEAR_MM`` if farther), and how far it points to the back
        (cosine; 1 for something right in front of the spine).
    skin_mm : shortest way to the outside of the body, in the plane (``NEAR_MM`` if farther).
    wall_share, wall_mm : share inside a wall of the trunk, and shortest way to one (``NEAR_MM`` if farther;
        only asked of hollow bodies).
    hollow_share : share of what the body encloses, slice by slice, in itself and that together.
    gas_share : share of air in the ring.
    dark_share : share of tissue to ``_STREAK_MM`` that is darker than fat by far, though not air.
    cut : whether the body reaches to ``_SIDE_MM`` from a side of the image.
    """

    background_hu: float
    noise_sd_hu: float
    rim_hu: float
    bone_share: float
    bone_mm: float
    bone_behind: float
    skin_mm: float
    wall_share: float
    wall_mm: float
    hollow_share: float
    gas_share: float
    dark_share: float
    cut: bool


class Field:
    """An image with its body regions, ready to be asked about the surroundings of many bodies."""

    def __init__(self, volume: Volume, body: Regions | None, threshold_hu: float, noise_floor_hu: float) -> None:
        self.volume, self.body, self.threshold_hu = volume, body, threshold_hu
        self.spacing_mm = volume.geometry.spacing_mm
        sd, by_slice = noise_sd(volume.pixels, self.spacing_mm[1:])
        self.noise_sd_hu = noise_floor_hu if np.isnan(sd) else max(sd, noise_floor_hu)
        self._by_slice = np.maximum(np.nan_to_num(by_slice, nan=self.noise_sd_hu), noise_floor_hu)
        names = {} if body is None else {region.name: region.label for region in body.regions}
        self._bone = names.get("bone", -1)
        self._walls = [label for name, label in names.items() if name.endswith("_wall")]
        apart = ("bone", "lung_left", "lung_right", "airway")
        self._inner = [n for name, n in names.items() if n not in self._walls and name not in apart]
        self._words = np.full(256, "unknown", dtype=object)
        self._maps = None if body is None else axis_maps(volume.geometry, body.geometry)
        if body is not None:
            for region in body.regions:
                self._words[region.label] = region.structure or "unknown"

    def labels(self, index: NDArray[np.int64]) -> NDArray[np.unsignedinteger]:
        """Body labels at indices (n, 3); 0 is outside. Everything is inside where no body is known."""
        if self.body is None:
            return np.full(len(index), 255, dtype=np.uint8)
        if self._maps is None:
            return self.body.at(self.volume.geometry, index)
        k, j, i = (axis[index[:, n]] for n, axis in enumerate(self._maps))
        found = self.body.labels[np.maximum(k, 0), np.maximum(j, 0), np.maximum(i, 0)]
        return np.where((k < 0) | (j < 0) | (i < 0), 0, found)

    def labels_on(self, axes: Sequence[NDArray[np.int64]]) -> NDArray[np.unsignedinteger]:
        """Body labels (slices, rows, columns) where given slices, rows and columns cross."""
        if self._maps is None or self.body is None:
            index = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
            return self.labels(index.reshape(-1, 3)).reshape(index.shape[:3])
        maps = [one[axis] for one, axis in zip(self._maps, axes, strict=True)]
        found = self.body.labels[np.ix_(*(np.maximum(one, 0) for one in maps))]
        for axis, one in enumerate(maps):
            found[(slice(None),) * axis + (one < 0,)] = 0
        return found

    def is_bone(self, labels: NDArray[np.unsignedinteger]) -> Bits:
        """Which labels are the locator's bone."""
        return np.asarray(labels == self._bone)

    def is_inner(self, labels: NDArray[np.unsignedinteger]) -> Bits:
        """Which labels are the inside of the trunk apart from bone, lungs and airway."""
        inner = np.zeros(256, dtype=bool)
        inner[self._inner] = True
        return np.asarray(inner[labels])

    def is_free(self, labels: NDArray[np.unsignedinteger], index: NDArray[np.int64]) -> Bits:
        """Which voxels (their labels and indices) may hold calcium of other organs.

        Those inside the body that are neither bone nor wall of the trunk, and those in the foremost layer of bone.
        """
        free = ~(self.is_bone(labels) | np.isin(labels, self._walls) | (labels == 0))
        if self.body is None or self._maps is None or self._bone < 0:
            return free
        k, j, i = (axis[index[:, n]] for n, axis in enumerate(self._maps))
        return np.asarray(free | (self.is_bone(labels) & self._front[k, j, i]))

    @cached_property
    def _front(self) -> Bits:
        """Blocks at the front of thick bone towards the inside of the body.

        Less than ``_LAYER_MM`` but no farther (to ``_THROUGH_MM``) bone lies before them, some follows in
        ``_THICK_MM`` behind, and tissue that is no wall within ``_INSIDE_MM`` before: a vertebra, not a rib.
        """
        assert self.body is not None
        turned = self.body.geometry.affine[1, 1] < 0
        bone = self.body.labels == self._bone
        bone = bone[:, ::-1] if turned else bone
        pitch, rows = self.body.geometry.spacing_mm[1], bone.shape[1]
        inside = np.isin(self.body.labels, self._inner)
        inside = inside[:, ::-1] if turned else inside
        ahead, behind, opens = np.zeros_like(bone), np.zeros_like(bone), np.zeros_like(bone)
        for n in range(1, min(max(1, round(_INSIDE_MM / pitch)), rows - 1) + 1):
            opens[:, n:] |= inside[:, : rows - n]
        for n in range(max(1, round(_LAYER_MM / pitch)), min(max(2, round(_THROUGH_MM / pitch)), rows - 1) + 1):
            ahead[:, n:] |= bone[:, : rows - n]
        for n in range(max(1, round(_THICK_MM[0] / pitch)), min(round(_THICK_MM[1] / pitch), rows - 1) + 1):
            behind[:, :-n] |= bone[:, n:]
        front = ~ahead & behind & opens
        return front[:, ::-1] if turned else front

    def front_index(self) -> NDArray[np.int64]:
        """Indices (n, 3) in the image of the middles of the blocks at the front of thick bone; none without a body."""
        if self.body is None or self._bone < 0:
            return np.zeros((0, 3), dtype=np.int64)
        mm = self.body.geometry.to_lps_mm(np.argwhere(self._front))
        index = np.rint(self.volume.geometry.to_index(mm)).astype(np.int64)
        return np.clip(index, 0, np.array(self.volume.geometry.shape) - 1)

    def word(self, index: NDArray[np.int64]) -> str:
        """The part of the body in which most voxels lie; where all are bone or outside, the part of their slice."""
        found = self.labels(index).astype(np.int64)
        votes = np.bincount(found, minlength=256).astype(np.float64)
        votes[0] = 0.0
        if self._bone >= 0:
            votes[self._bone] = 0.0
        if votes.any():
            return str(self._words[int(votes.argmax())])
        if self._maps is None:
            return "unknown"
        k = self._maps[0][int(np.median(index[:, 0]))]
        return str(self._words[self._of_slice[max(int(k), 0)]])

    @cached_property
    def _of_slice(self) -> NDArray[np.intp]:
        """The commonest label of each slice of the locator's grid, bone, lungs and outside apart."""
        assert self.body is not None
        parts = [r.label for r in self.body.regions if r.name not in ("bone", "lung_left", "lung_right", "airway")]
        counts = np.array([np.bincount(one.ravel(), minlength=256)[parts] for one in self.body.labels])
        return np.asarray(np.array(parts, dtype=np.intp)[counts.argmax(axis=1)])

    def spine_mm(self, index: NDArray[np.int64]) -> float:
        """Distance in the plane between a body's centre and the largest bone of its slice [mm]; 0 without one."""
        if self.body is None or self._maps is None:
            return 0.0
        k, j, i = (int(np.median(self._maps[axis][index[:, axis]])) for axis in range(3))
        pieces, count = ndimage.label(self.body.labels[max(k, 0)] == self._bone)
        if not count:
            return 0.0
        largest = int(np.bincount(pieces.ravel())[1:].argmax()) + 1
        away = (np.argwhere(pieces == largest) - np.array([j, i])) * np.array(self.body.geometry.spacing_mm[1:])
        return float(np.sqrt((away**2).sum(axis=1).min()))

    def around(self, start: tuple[int, int, int], bits: Bits, index: NDArray[np.int64]) -> Around:
        """Surroundings of a body: its box, its voxels in that box, and their indices (n, 3) in the image."""
        shape = self.volume.geometry.shape
        reach = [max(2, round(_REACH_MM / mm)) for mm in self.spacing_mm[1:]]
        low = (start[0], max(start[1] - reach[0], 0), max(start[2] - reach[1], 0))
        stop = (
            start[0] + bits.shape[0],
            min(start[1] + bits.shape[1] + reach[0], shape[1]),
            min(start[2] + bits.shape[2] + reach[1], shape[2]),
        )
        hu = np.asarray(self.volume.pixels[low[0] : stop[0], low[1] : stop[1], low[2] : stop[2]])
        mine = np.zeros(hu.shape, dtype=np.uint8)
        at = (start[1] - low[1], start[2] - low[2])
        mine[:, at[0] : at[0] + bits.shape[1], at[1] : at[1] + bits.shape[2]] = bits
        close = ndimage.maximum_filter(mine, (1, 3, 3), mode="constant").view(bool)
        ring = (
            ndimage.maximum_filter(mine, (1, 2 * reach[0] + 1, 2 * reach[1] + 1), mode="constant").view(bool) & ~close
        )
        below = hu < self.threshold_hu
        rim = hu[close & ~mine.view(bool) & below]
        values = hu[ring & below]
        noise = float(self._by_slice[index[:, 0]].mean())
        background, sd = _background(values, noise)
        labels = self.labels(index)
        bone_mm, behind = self._nearest(index, [self._bone], plane=False)
        n = max(len(index), 1)
        hollow = _hollow_share(bits)
        return Around(
            background_hu=background,
            noise_sd_hu=sd,
            rim_hu=float(rim.mean()) if len(rim) else background,
            bone_share=float((labels == self._bone).sum()) / n,
            bone_mm=bone_mm,
            bone_behind=behind,
            skin_mm=self._nearest(index, [0], plane=True)[0],
            wall_share=float(np.isin(labels, self._walls).sum()) / n,
            wall_mm=self._nearest(index, self._walls, plane=True)[0] if hollow > 0.0 else NEAR_MM,
            hollow_share=hollow,
            gas_share=float((values < -500.0).mean()) if len(values) else 0.0,
            dark_share=self._dark_share(start, bits),
            cut=any(
                start[axis] < side or start[axis] + bits.shape[axis] > shape[axis] - side
                for axis, side in ((n, max(1, round(_SIDE_MM / self.spacing_mm[n]))) for n in (1, 2))
            ),
        )

    def _nearest(self, index: NDArray[np.int64], labels: Sequence[int], *, plane: bool) -> tuple[float, float]:
        """Shortest way from a body to blocks of these labels [mm], at most ``NEAR_MM``; its cosine with the back."""
        if self.body is None or max(labels, default=-1) < 0:
            return NEAR_MM, 0.0
        grid = self.body.geometry
        at = np.rint(grid.to_index(self.volume.geometry.to_lps_mm(index))).astype(np.int64)
        reach = np.array([int(np.ceil(NEAR_MM / mm)) for mm in grid.spacing_mm])
        reach[0] = 0 if plane else reach[0]
        shape = np.array(grid.shape)
        low, stop = np.maximum(at.min(axis=0) - reach, 0), np.minimum(at.max(axis=0) + reach + 1, shape)
        if (stop <= low).any():
            return NEAR_MM, 0.0
        box = self.body.labels[low[0] : stop[0], low[1] : stop[1], low[2] : stop[2]]
        there = np.logical_or.reduce([box == label for label in labels])
        if not there.any():
            return NEAR_MM, 0.0
        far = ndimage.distance_transform_edt(~there, sampling=grid.spacing_mm, return_indices=True)
        k, j, i = (np.clip(at, low, stop - 1) - low).T
        nearest = int(far[0][k, j, i].argmin())
        mm = float(far[0][k[nearest], j[nearest], i[nearest]])
        if mm == 0.0 or mm >= NEAR_MM:
            return min(mm, NEAR_MM), 0.0
        goal = far[1][:, k[nearest], j[nearest], i[nearest]]
        way = grid.affine[:3, :3] @ (goal - np.array([k[nearest], j[nearest], i[nearest]]))
        return mm, float(way[1] / max(float(np.linalg.norm(way)), 1e-9))

    def _dark_share(self, start: tuple[int, int, int], bits: Bits) -> float:
        """Share of dark streaks (-700 to -250 HU: neither fat nor lung nor free air) in the tissue around."""
        shape = self.volume.geometry.shape
        reach = [max(2, round(_STREAK_MM / mm)) for mm in self.spacing_mm[1:]]
        box = self.volume.pixels[
            start[0] : start[0] + bits.shape[0],
            max(start[1] - reach[0], 0) : min(start[1] + bits.shape[1] + reach[0], shape[1]),
            max(start[2] - reach[1], 0) : min(start[2] + bits.shape[2] + reach[1], shape[2]),
        ]
        tissue = float((box > -700).sum())
        return float(((box > -700) & (box < -250)).sum()) / max(tissue, 1.0)


def _hollow_share(bits: Bits) -> float:
    if min(bits.shape[1:]) < 3:
        return 0.0
    sizes = bits.sum(axis=(1, 2))
    shells = np.flatnonzero(sizes >= _SHELL_PIXELS)
    enclosed = sum(int(ndimage.binary_fill_holes(bits[k]).sum()) - int(sizes[k]) for k in shells)
    return enclosed / max(float(sizes.sum()) + enclosed, 1.0)


def _background(values: NDArray[Any], noise: float) -> tuple[float, float]:
    """Median of the soft tissue around (of everything, where there is little of it), and noise there.

    The spread around is believed from the image's noise up to 1.6 times it: streaks raise it, but so does every edge
    between muscle and fat.
    """
    if not len(values):
        return 40.0, noise
    soft = values[values > -20.0]
    if len(soft) < max(8, 0.2 * len(values)):
        return float(np.median(values)), noise
    middle = float(np.median(soft))
    spread = 1.4826 * float(np.median(np.abs(soft - middle)))
    return middle, float(np.clip(spread, noise, 1.6 * noise))
