"""What speaks for an artery at a place: a soft thread, fat round it, the surface of the heart; as log odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.imaging.grid import block_factors, block_geometry, block_mean
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.shape import TISSUES, Shape

__all__ = ["FEATURES", "Evidence", "EvidenceSettings", "Window", "features", "window"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

FEATURES = ("thread", "fat", "thread_in_fat", "depth", "depth_squared", "lung", "other", "soft", "soft_squared")
"""Names of what :func:`features` measures, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """Choices of the finer grid and of what is measured on it.

    plane_mm, slice_mm : width of a block in the plane, and along the body (thicker slices stay as they are).
    fat_hu, soft_hu : fat and soft tissue; in between is shared.
    thread_mm, round_mm : a thread is softer inside the first width than inside the second (Gaussian, one sigma).
    share_mm : width over which the share of fat is taken.
    """

    plane_mm: float = 1.3
    slice_mm: float = 2.0
    fat_hu: float = -100.0
    soft_hu: float = 30.0
    thread_mm: float = 1.2
    round_mm: float = 3.5
    share_mm: float = 4.0


@dataclass(frozen=True, eq=False)
class Window:
    """A part of the volume on the finer grid: CT numbers (slice, row, column) and where they lie."""

    hu: F32
    geometry: Geometry


@dataclass(frozen=True, eq=False)
class Evidence:
    """Values on a grid, asked by place."""

    values: F32
    geometry: Geometry

    def at(self, lps_mm: F64, outside: float) -> F64:
        """Nearest values (...) at places (..., 3); ``outside`` beyond the grid."""
        index = np.rint(self.geometry.to_index(lps_mm)).astype(np.intp)
        inside = np.asarray(((index >= 0) & (index < np.array(self.geometry.shape))).all(axis=-1))
        index = np.where(inside[..., None], index, 0)
        found = self.values[index[..., 0], index[..., 1], index[..., 2]]
        return np.where(inside, found, outside).astype(np.float64)


def window(
    volume: Volume, frame: Frame, form: Shape, margin_mm: float = 12.0, settings: EvidenceSettings = EvidenceSettings()
) -> Window:
    """The heart and a margin around it, from the voxels as they are."""
    where = np.argwhere(form.tissue == TISSUES.index("heart"))
    corners = np.array(np.meshgrid(*zip(where.min(axis=0), where.max(axis=0), strict=True), indexing="ij"))
    index = volume.geometry.to_index(frame.to_lps(corners.reshape(3, -1).T.astype(np.float64)))
    margin = margin_mm / np.array(volume.geometry.spacing_mm)
    low = np.maximum(0, np.floor(index.min(axis=0) - margin)).astype(int)
    high = np.minimum(np.array(volume.geometry.shape), np.ceil(index.max(axis=0) + margin).astype(int) + 1)
    part = volume.geometry.cropped(low.tolist(), high.tolist())
    _, fj, fi = block_factors(part.shape, part.spacing_mm, settings.plane_mm)
    fk = block_factors(part.shape, part.spacing_mm, settings.slice_mm)[0]
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return Window(block_mean(volume.pixels[cut], (fk, fj, fi)), block_geometry(part, (fk, fj, fi)))


def features(part: Window, frame: Frame, form: Shape, settings: EvidenceSettings = EvidenceSettings()) -> F32:
    """Features (feature, slice, row, column) of each voxel, as :data:`FEATURES` names them.

    ``thread``: how much softer it is than what lies around; ``fat``: share of fat about it; ``depth``: in the heart's
    muscle, negative outside of it [cm]; ``lung``: nearness of the lung; ``other``: it is wall, abdomen or lung;
    ``soft``: fat (0) to muscle (1).
    """
    mm = np.array(part.geometry.spacing_mm)
    soft = np.clip((part.hu - settings.fat_hu) / (settings.soft_hu - settings.fat_hu), 0.0, 1.0)
    lung = part.hu < -250.0
    # On the edge of a lung the mean of lung and muscle looks like fat: voxels that touch lung count little.
    edge = ndimage.binary_dilation(lung, np.ones((1, 3, 3), dtype=bool))
    fat = np.clip((0.0 - part.hu) / 60.0, 0.0, 1.0)
    fat[edge] *= 0.3
    fat[lung] = 0.0
    near, wide = (
        ndimage.gaussian_filter(soft, sigma / mm, mode="nearest", truncate=2.5)
        for sigma in (settings.thread_mm, settings.round_mm)
    )
    share = ndimage.gaussian_filter(fat, settings.share_mm / mm, mode="nearest", truncate=2.5)
    thread = near - wide
    muscle = form.tissue == TISSUES.index("heart")
    deep = _signed(muscle, frame.mm)
    away = ndimage.distance_transform_edt(~frame.lung, sampling=frame.mm)
    k, j, i = _nearest(part.geometry, frame)
    take = np.ix_(k, j, i)
    depth = np.clip(deep[take], -15.0, 15.0) / 10.0
    air = np.exp(-away[take] / 4.0)
    other = np.isin(form.tissue[take], [TISSUES.index(one) for one in ("chest_wall", "abdomen", "behind", "lung")])
    return np.stack([thread, share, thread * share, depth, depth**2, air, other, near, near**2]).astype(np.float32)


def _signed(bits: NDArray[np.bool_], mm: tuple[float, float, float]) -> F64:
    inside = ndimage.distance_transform_edt(bits, sampling=mm)
    outside = ndimage.distance_transform_edt(~bits, sampling=mm)
    return np.asarray(inside - outside)


def _nearest(grid: Geometry, frame: Frame) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """For each slice, row and column of a grid the nearest one of the frame: both run along the same axes."""
    out = []
    for axis in range(3):
        index = np.zeros((grid.shape[axis], 3))
        index[:, axis] = np.arange(grid.shape[axis])
        at = np.rint(frame.to_index(grid.to_lps_mm(index))[:, axis]).astype(np.intp)
        out.append(np.clip(at, 0, frame.shape[axis] - 1))
    return out[0], out[1], out[2]
