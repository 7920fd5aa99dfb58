"""The image on a grid of about 2 mm, and the few operations on it that the locators share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.imaging.grid import block_factors, block_geometry, block_mean

__all__ = ["Coarse", "coarse", "dilated", "enclosed", "eroded", "parts", "reach"]

Bits = NDArray[np.bool_]

AIR_HU = -1024.0
"""Everything below (padding of -1500, -2048, -3024) is set to this value."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """Block means ``hu`` (slice, row, column) [HU] on ``grid``."""

    hu: NDArray[np.float32]
    grid: Geometry

    @property
    def mm(self) -> tuple[float, float, float]:
        """Spacing [mm]."""
        return self.grid.spacing_mm

    @property
    def voxel_ml(self) -> float:
        """Volume of a block [ml]."""
        return self.grid.voxel_mm3 / 1000.0

    @property
    def depth_mm(self) -> float:
        """Length of the stack [mm]."""
        return len(self.hu) * self.mm[0]

    @cached_property
    def left_mm(self) -> NDArray[np.float64]:
        """Coordinate towards the patient's left along the columns [mm], from the first column."""
        return np.arange(self.hu.shape[2], dtype=np.float64) * self.mm[2] * self._sign(0, 2)

    @cached_property
    def back_mm(self) -> NDArray[np.float64]:
        """Coordinate towards the patient's back along the rows [mm], from the first row."""
        return np.arange(self.hu.shape[1], dtype=np.float64) * self.mm[1] * self._sign(1, 1)

    @property
    def head_sign(self) -> float:
        """+1 where slices rise towards the head, -1 where they fall."""
        return self._sign(2, 0)

    def _sign(self, world: int, axis: int) -> float:
        return -1.0 if self.grid.affine[world, axis] < 0 else 1.0


def coarse(volume: Volume, grid_mm: float, max_voxels: int) -> Coarse:
    """Block means of a volume; blocks grow beyond ``grid_mm`` where there would be more than ``max_voxels``."""
    target = grid_mm
    while True:
        factors = block_factors(volume.geometry.shape, volume.geometry.spacing_mm, target)
        grid = block_geometry(volume.geometry, factors)
        if int(np.prod(grid.shape)) <= max_voxels or min(factors) >= 64:
            break
        target *= 1.25
    hu = block_mean(volume.pixels, factors)
    np.maximum(hu, AIR_HU, out=hu)
    return Coarse(hu, grid)


def reach(mm: float, spacing: tuple[float, float, float], shape: tuple[int, ...], *, plane: bool) -> tuple[int, ...]:
    """Odd window sizes of about ``2 mm + 1 voxel`` on each axis, never larger than a quarter of the image."""
    sizes = []
    for axis, (one, size) in enumerate(zip(spacing, shape, strict=True)):
        half = 0 if plane and axis == 0 else min(round(mm / one), max(size // 8, 0))
        sizes.append(2 * half + 1)
    return tuple(sizes)


def eroded(bits: Bits, sizes: tuple[int, ...]) -> Bits:
    """Erosion by a box; the image's border does not erode (an organ cut by the field goes on behind it)."""
    return np.asarray(ndimage.minimum_filter(bits.view(np.uint8), sizes, mode="nearest").view(bool))


def dilated(bits: Bits, sizes: tuple[int, ...]) -> Bits:
    """Dilation by a box."""
    return np.asarray(ndimage.maximum_filter(bits.view(np.uint8), sizes, mode="nearest").view(bool))


def parts(bits: Bits, *, corners: bool = False) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Connected parts (by faces, or also by edges and corners) and their sizes [voxels]; entry 0 of the sizes is 0."""
    labels, count = ndimage.label(bits, np.ones((3,) * bits.ndim, dtype=bool) if corners else None)
    return labels, np.bincount(labels[bits], minlength=count + 1)


def filled(bits: Bits) -> Bits:
    """``bits`` with the holes of each slice: what no way inside the slice joins with the slice's border."""
    plane = np.zeros((3, 3, 3), dtype=bool)
    plane[1, 1, :] = plane[1, :, 1] = True
    labels, count = ndimage.label(~bits, plane)
    outer = np.zeros(count + 1, dtype=bool)
    for side in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        outer[side] = True
    outer[0] = True
    return np.asarray(bits | ~outer[labels])


def enclosed(bits: Bits) -> NDArray[np.uint8]:
    """From how many of the four sides of its slice (0 to 4) a voxel sees a voxel of ``bits``."""
    sides = np.zeros(bits.shape, dtype=np.uint8)
    for axis in (1, 2):
        sides += np.logical_or.accumulate(bits, axis=axis)
        sides += np.flip(np.logical_or.accumulate(np.flip(bits, axis), axis=axis), axis)
    return sides
