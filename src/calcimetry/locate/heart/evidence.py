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

FEATURES = ("fat", "depth_squared", "groove", "soft", "soft_squared")
"""Names of what :func:`features` measures, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSettings:
    """Choices of the finer grid and of what is measured on it.

    plane_mm, slice_mm : width of a block in the plane, and along the body (thicker slices stay as they are).
    fat_hu, soft_hu : fat and soft tissue; in between is shared.
    thread_mm : softness is taken over this width (Gaussian, one sigma).
    share_mm, groove_mm : widths over which the share of fat is taken, for itself and in a groove.
    walls_mm : width over which the share of muscle is taken: it is high amid the walls of a groove, low on a bulge.
    margin_mm : so much around the heart is looked at.
    """

    plane_mm: float = 1.3
    slice_mm: float = 2.0
    fat_hu: float = -100.0
    soft_hu: float = 30.0
    thread_mm: float = 1.2
    share_mm: float = 4.0
    groove_mm: float = 3.0
    walls_mm: float = 7.0
    margin_mm: float = 12.0


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


def window(volume: Volume, frame: Frame, form: Shape, settings: EvidenceSettings = EvidenceSettings()) -> Window:
    """The heart and a margin around it, from the voxels as they are."""
    low, high = _bounds(form.tissue == TISSUES.index("heart"))
    corners = np.array(np.meshgrid(*zip(low, high - 1, strict=True), indexing="ij")).reshape(3, -1).T
    index = volume.geometry.to_index(frame.to_lps(corners.astype(np.float64)))
    margin = settings.margin_mm / np.array(volume.geometry.spacing_mm)
    first = np.maximum(0, np.floor(index.min(axis=0) - margin)).astype(int)
    end = np.minimum(np.array(volume.geometry.shape), np.ceil(index.max(axis=0) + margin).astype(int) + 1)
    part = volume.geometry.cropped(first.tolist(), end.tolist())
    _, fj, fi = block_factors(part.shape, part.spacing_mm, settings.plane_mm)
    fk = block_factors(part.shape, part.spacing_mm, settings.slice_mm)[0]
    cut = tuple(slice(int(a), int(b)) for a, b in zip(first, end, strict=True))
    return Window(block_mean(volume.pixels[cut], (fk, fj, fi)), block_geometry(part, (fk, fj, fi)))


def features(part: Window, frame: Frame, form: Shape, settings: EvidenceSettings = EvidenceSettings()) -> F32:
    """Features (feature, slice, row, column) of each voxel, as :data:`FEATURES` names them.

    ``fat``: share of fat about it; ``depth``: in the heart's muscle, negative outside of it [cm]; ``groove``: share of
    fat times share of muscle farther around; ``soft``: from fat (0) to muscle (1).
    """
    mm = np.array(part.geometry.spacing_mm)
    soft = np.clip((part.hu - settings.fat_hu) / (settings.soft_hu - settings.fat_hu), 0.0, 1.0)
    lung = part.hu < -250.0
    fat = np.clip(part.hu / -60.0, 0.0, 1.0)
    # On the edge of a lung the mean of lung and muscle looks like fat: voxels that touch lung count little.
    fat[ndimage.binary_dilation(lung, np.ones((1, 3, 3), dtype=bool))] *= 0.3
    fat[lung] = 0.0
    near = ndimage.gaussian_filter(soft, settings.thread_mm / mm, mode="nearest", truncate=2.5)
    share, close = (
        ndimage.gaussian_filter(fat, width / mm, mode="nearest", truncate=2.5)
        for width in (settings.share_mm, settings.groove_mm)
    )
    muscle = form.tissue == TISSUES.index("heart")
    low, high = _bounds(muscle)
    margin = np.ceil((settings.margin_mm + 3.0) / np.array(frame.mm)).astype(int)
    low, high = np.maximum(0, low - margin), np.minimum(np.array(muscle.shape), high + margin)
    muscle = muscle[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    spread = settings.walls_mm / np.array(frame.mm)
    walls = ndimage.gaussian_filter(muscle.astype(np.float32), spread, mode="nearest", truncate=2.0)
    depth = np.clip(_signed(muscle, frame.mm), -15.0, 15.0) / 10.0
    take = np.ix_(*_nearest(part.geometry, frame, low, high))
    return np.stack([share, depth[take] ** 2, close * walls[take], near, near**2]).astype(np.float32)


def _bounds(bits: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last index (and one more) on each axis."""
    ends = [np.flatnonzero(bits.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    return np.array([one[0] for one in ends]), np.array([one[-1] + 1 for one in ends])


def _signed(bits: NDArray[np.bool_], mm: tuple[float, float, float]) -> F64:
    inside = ndimage.distance_transform_edt(bits, sampling=mm)
    outside = ndimage.distance_transform_edt(~bits, sampling=mm)
    return np.asarray(inside - outside)


def _nearest(
    grid: Geometry, frame: Frame, low: NDArray[np.intp], high: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """For each slice, row and column of a grid the nearest one of a part of the frame; both share their axes."""
    out = []
    for axis in range(3):
        index = np.zeros((grid.shape[axis], 3))
        index[:, axis] = np.arange(grid.shape[axis])
        at = np.rint(frame.to_index(grid.to_lps_mm(index))[:, axis]).astype(np.intp)
        out.append(np.clip(at, low[axis], high[axis] - 1) - low[axis])
    return out[0], out[1], out[2]
