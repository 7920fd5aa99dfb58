"""Coarse copies of an image, and the way between two grids that share their axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.geometry import Geometry

__all__ = ["axis_maps", "block_factors", "block_geometry", "block_mean", "spread"]

Triple = tuple[int, int, int]

SLAB_VOXELS = 2_000_000
"""Voxels summed in one go: fits the cache, keeps the temporaries small."""


def block_factors(shape: Triple, spacing_mm: tuple[float, float, float], target_mm: float) -> Triple:
    """Voxels per block on each axis so that blocks are about ``target_mm`` wide, at least one voxel.

    >>> block_factors((250, 512, 512), (1.25, 0.7, 0.7), 2.0)
    (2, 3, 3)
    """
    k, j, i = (
        max(1, min(round(target_mm / max(abs(mm), 1e-3)), max(size, 1)))
        for size, mm in zip(shape, spacing_mm, strict=True)
    )
    return k, j, i


def block_geometry(grid: Geometry, factors: Triple) -> Geometry:
    """Grid of the blocks: an incomplete block at the far end of an axis is a block too."""
    affine = grid.affine.copy()
    affine[:3, :3] = affine[:3, :3] * np.array(factors, dtype=float)
    affine[:3, 3] = grid.to_lps_mm((np.array(factors, dtype=float) - 1) / 2)
    k, j, i = (-(-size // f) for size, f in zip(grid.shape, factors, strict=True))
    return Geometry((k, j, i), affine, grid.frame_uid)


def block_mean(pixels: NDArray[Any], factors: Triple) -> NDArray[np.float32]:
    """Mean of each block (slice, row, column), float32; blocks at the far ends average what they hold.

    Works slab by slab: besides the result only some megabytes are used. NaN counts as air (-1024).
    """
    fk, fj, fi = factors
    depth, height, width = pixels.shape
    coarse = np.zeros((-(-depth // fk), -(-height // fj), -(-width // fi)), dtype=np.float32)
    step = max(1, SLAB_VOXELS // max(fk * height * width, 1))
    for at in range(0, len(coarse), step):
        slab = np.asarray(pixels[at * fk : (at + step) * fk])
        if not np.issubdtype(slab.dtype, np.integer):
            slab = np.nan_to_num(slab.astype(np.float32), nan=-1024.0, posinf=32767.0, neginf=-32768.0)
        coarse[at : at + step] = _mean(_mean(_mean(slab, fk, 0), fj, 1), fi, 2)
    return coarse


def _mean(array: NDArray[Any], factor: int, axis: int) -> NDArray[np.float32]:
    if factor == 1:
        return array.astype(np.float32, copy=False)
    size = array.shape[axis]
    out = None
    for offset in range(factor):
        part = _stride(array, offset, factor, axis)
        if out is None:
            out = part.astype(np.float32)
        else:
            here = [slice(None)] * array.ndim
            here[axis] = slice(0, part.shape[axis])
            out[tuple(here)] += part
    assert out is not None
    full = size // factor
    here = [slice(None)] * array.ndim
    here[axis] = slice(0, full)
    out[tuple(here)] /= factor
    if size % factor:
        here[axis] = slice(full, None)
        out[tuple(here)] /= size % factor
    return out


def _stride(array: NDArray[Any], offset: int, factor: int, axis: int) -> NDArray[Any]:
    here = [slice(None)] * array.ndim
    here[axis] = slice(offset, None, factor)
    return array[tuple(here)]


def axis_maps(grid: Geometry, other: Geometry) -> tuple[NDArray[np.intp], ...] | None:
    """For each axis of ``grid`` the nearest index on ``other``, or ``None`` where their axes are not parallel.

    Indices that fall outside ``other`` become -1.
    """
    link = np.linalg.inv(other.affine) @ grid.affine
    across = link[:3, :3] - np.diag(np.diag(link[:3, :3]))
    if np.abs(across * np.array(grid.shape)).max() > 0.25:
        return None
    maps = []
    for axis in range(3):
        nearest = np.rint(link[axis, axis] * np.arange(grid.shape[axis]) + link[axis, 3]).astype(np.intp)
        nearest[(nearest < 0) | (nearest >= other.shape[axis])] = -1
        maps.append(nearest)
    return tuple(maps)


def spread(labels: NDArray[Any], maps: tuple[NDArray[np.intp], ...], k0: int, k1: int) -> NDArray[Any]:
    """Labels of slices ``k0`` to ``k1`` of the finer grid of :func:`axis_maps`; 0 outside."""
    k, j, i = maps[0][k0:k1], maps[1], maps[2]
    out = labels[np.ix_(np.maximum(k, 0), np.maximum(j, 0), np.maximum(i, 0))]
    if (k < 0).any() or (j < 0).any() or (i < 0).any():
        out[k < 0], out[:, j < 0], out[:, :, i < 0] = 0, 0, 0
    return out
