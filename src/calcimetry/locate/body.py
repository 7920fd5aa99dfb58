"""Body, lungs and bone on a coarse grid: enough to know where a dense thing lies, cheap enough for every scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.imaging.grid import block_factors, block_geometry, block_mean

__all__ = ["BodySettings", "body"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySettings:
    """Choices of the body locator."""

    grid_mm: float = 2.0
    max_voxels: int = 8_000_000
    tissue_hu: float = -300.0
    bone_hu: float = 165.0
    bone_min_ml: float = 1.5


def body(volume: Volume, settings: BodySettings = BodySettings()) -> Regions:
    """Body, lungs and bone of a CT volume on a grid of about 2 mm; never raises."""
    factors, grid, hu = coarse(volume, settings)
    tissue = hu > settings.tissue_hu
    opened = ndimage.binary_opening(tissue, np.ones((1, 5, 5))) if min(hu.shape[1:]) > 8 else tissue
    labels, count = ndimage.label(opened)
    out = np.zeros(hu.shape, dtype=np.uint8)
    if count:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        keep = sizes >= 0.1 * sizes.max()
        inside = keep[labels]
        for k in range(len(inside)):
            inside[k] = ndimage.binary_fill_holes(inside[k])
        out[inside] = 1
    voxel_ml = grid.voxel_mm3 / 1000
    labels, count = ndimage.label((hu > settings.bone_hu) & (out > 0), np.ones((3, 3, 3)))
    if count:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        out[(sizes * voxel_ml >= settings.bone_min_ml)[labels]] = 4
    regions = (
        Region(1, "body", confidence=0.5, complete=False),
        Region(4, "bone", confidence=0.5, complete=False),
    )
    return Regions(volume.id, out, grid, regions)


def coarse(
    volume: Volume, settings: BodySettings
) -> tuple[tuple[int, int, int], Geometry, NDArray[np.float32]]:
    """Factors, grid and block means of the image."""
    target = settings.grid_mm
    while True:
        factors = block_factors(volume.geometry.shape, volume.geometry.spacing_mm, target)
        grid = block_geometry(volume.geometry, factors)
        if int(np.prod(grid.shape)) <= settings.max_voxels or target > 64:
            break
        target *= 1.25
    return factors, grid, np.maximum(block_mean(volume.pixels, factors), -1024.0)
