"""The chest on a grid of about 2 mm that always runs the same way: head to feet, front to back, right to left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions
from calcimetry.imaging.grid import axis_maps, block_factors, block_geometry, block_mean, spread

__all__ = ["Frame", "FrameSettings", "frame"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]

AIR_HU = -1024.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSettings:
    """Choices of the working grid.

    plane_mm, slice_mm : width of a block in the plane, and along the body (thicker slices stay as they are).
    margin_mm : so much around the lungs, front and back, is kept; the sides of the lungs are cut.
    side_mm : and so much to each side of the middle between the lungs.
    max_voxels : blocks grow beyond this number.
    """

    plane_mm: float = 2.0
    slice_mm: float = 2.5
    margin_mm: float = 40.0
    side_mm: float = 150.0
    max_voxels: int = 6_000_000


@dataclass(frozen=True, eq=False)
class Frame:
    """Block means and what is known of them.

    Parameters
    ----------
    hu : (slice, row, column) float32
        Slices from the head down, rows from front to back, columns from the patient's right to the left.
    affine : (4, 4)
        (slice, row, column, 1) to LPS mm.
    mm : (float, float, float)
        Spacing.
    lung, bone : (slice, row, column) bool
        Both lungs; skeleton.
    """

    hu: F32
    affine: F64
    mm: tuple[float, float, float]
    lung: Bits
    bone: Bits

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return self.hu.shape[0], self.hu.shape[1], self.hu.shape[2]

    @cached_property
    def inverse(self) -> F64:
        """LPS mm to (slice, row, column, 1)."""
        return np.asarray(np.linalg.inv(self.affine))

    def to_lps(self, index: NDArray[np.floating]) -> F64:
        """LPS mm (..., 3) of indices (..., 3)."""
        return np.asarray(np.asarray(index, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, lps: NDArray[np.floating]) -> F64:
        """Indices (..., 3), not rounded, of LPS mm (..., 3)."""
        return np.asarray(np.asarray(lps, dtype=np.float64) @ self.inverse[:3, :3].T + self.inverse[:3, 3])

    def slices(self, mm: float) -> int:
        """So many mm along the body, in slices, rounded."""
        return round(mm / self.mm[0])

    def columns(self, mm: float) -> int:
        """So many mm in the plane, in columns, rounded."""
        return round(mm / self.mm[2])

    def window(self, mm: float) -> int:
        """An odd number of columns that reaches ``mm`` to each side."""
        return 2 * max(1, round(mm / self.mm[2])) + 1


def frame(volume: Volume, regions: Regions, settings: FrameSettings = FrameSettings()) -> Frame | None:
    """The working grid of a volume; ``None`` where it shows no lung or its slices are not across the body."""
    order, flips = _axes(volume.geometry)
    if order != (0, 1, 2):
        return None
    target = settings.plane_mm
    while True:
        fk, fj, fi = block_factors(volume.geometry.shape, volume.geometry.spacing_mm, target)
        fk = block_factors(volume.geometry.shape, volume.geometry.spacing_mm, target * settings.slice_mm / 2.0)[0]
        if int(np.prod([-(-n // f) for n, f in zip(volume.geometry.shape, (fk, fj, fi), strict=True)])) <= (
            settings.max_voxels
        ):
            break
        target *= 1.2
    hu = block_mean(volume.pixels, (fk, fj, fi))
    np.maximum(hu, AIR_HU, out=hu)
    grid = block_geometry(volume.geometry, (fk, fj, fi))
    labels = _labels(grid, regions)
    named = {one.name: one.label for one in regions.regions}
    lung = np.isin(labels, [named[one] for one in ("lung_left", "lung_right") if one in named])
    bone = labels == named.get("bone", 255)
    affine = grid.affine.copy()
    for axis, flip in enumerate(flips):
        if flip:
            hu, lung, bone = np.flip(hu, axis), np.flip(lung, axis), np.flip(bone, axis)
            affine[:3, 3] += affine[:3, axis] * (grid.shape[axis] - 1)
            affine[:3, axis] *= -1.0
    lung &= ~_padding(hu)
    if not lung.any():
        return None
    whole = Frame(hu, affine, grid.spacing_mm, lung, bone)
    return _cropped(whole, settings)


def _padding(hu: F32) -> Bits:
    """What was never measured: blocks of nothing but one lowest value, joined to the edge of the image, and a rim.

    Corners of a turned or round image hold it. Air that was measured has noise.
    """
    low = float(hu.min())
    pad = hu <= low
    edge = np.zeros(hu.shape[1:], dtype=bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    plane = np.ones((1, 3, 3), dtype=bool)
    pad = ndimage.binary_propagation(pad & edge, plane, mask=pad)
    return np.asarray(ndimage.binary_dilation(pad, plane, iterations=2)) if pad.any() else pad


def _axes(grid: Geometry) -> tuple[tuple[int, ...], tuple[bool, bool, bool]]:
    """Which axis of the array runs along z, y, x, and whether each must be turned (z: head first)."""
    step = grid.affine[:3, :3]
    order = tuple(int(np.abs(step[world] / np.linalg.norm(step, axis=0)).argmax()) for world in (2, 1, 0))
    return order, (bool(step[2, 0] > 0), bool(step[1, 1] < 0), bool(step[0, 2] < 0))


def _labels(grid: Geometry, regions: Regions) -> NDArray[np.generic]:
    maps = axis_maps(grid, regions.geometry)
    if maps is not None:
        return spread(regions.labels, maps, 0, grid.shape[0])
    index = np.indices(grid.shape).reshape(3, -1).T
    return regions.at(grid, index).reshape(grid.shape)


def _cropped(whole: Frame, settings: FrameSettings) -> Frame:
    """The part around the mediastinum: from the front of the lungs to behind them, the same to both sides."""
    rows = np.flatnonzero(whole.lung.any(axis=(0, 2)))
    share = np.cumsum(whole.lung.sum(axis=(0, 1)))
    low, high = np.searchsorted(share, np.array([0.02, 0.98]) * share[-1])
    middle = (low + high) / 2.0
    margin, side = whole.columns(settings.margin_mm), whole.columns(settings.side_mm)
    j0, j1 = max(0, int(rows[0]) - margin), min(whole.shape[1], int(rows[-1]) + 1 + margin)
    i0, i1 = max(0, int(middle) - side), min(whole.shape[2], int(middle) + side + 1)
    affine = whole.affine.copy()
    affine[:3, 3] = whole.to_lps(np.array([0.0, j0, i0]))
    cut = (slice(None), slice(j0, j1), slice(i0, i1))
    lung, bone = np.ascontiguousarray(whole.lung[cut]), np.ascontiguousarray(whole.bone[cut])
    return Frame(np.ascontiguousarray(whole.hu[cut]), affine, whole.mm, lung, bone)
