"""The same objects put into any real series, at its own resolution and noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calcimetry.core.errors import UsageError
from calcimetry.core.image import Volume
from calcimetry.phantom.materials import KVP_RANGE, hu_per_mg_cm3
from calcimetry.phantom.objects import Placed, truth_of
from calcimetry.phantom.render import Optics, render
from calcimetry.phantom.truth import TruthObject

__all__ = ["insert"]

# Where a kernel says nothing: blur of a soft kernel, at least the pixel's own.
_SOFT_SIGMA_MM = 0.6


def insert(
    volume: Volume,
    objects: Sequence[Placed],
    *,
    seed: int = 0,
    kvp: float | None = None,
    psf_sigma_mm: float | None = None,
    thickness_mm: float | None = None,
) -> tuple[Volume, tuple[TruthObject, ...]]:
    """A copy of the volume with objects of known mass in it.

    Each voxel gains its share of the object times the object's CT number less that of the tissue it replaces (the
    mean around it); the noise that is there stays as it is. Voxels that no object reaches keep their value.

    Parameters
    ----------
    volume : Volume
        Any series; oblique and sheared stacks too.
    objects : sequence of Placed
        Where they lie in patient space [mm].
    seed : int
        Decides how halves are rounded to whole HU, nothing else.
    kvp, psf_sigma_mm, thickness_mm : float, optional
        Instead of the header's voltage and thickness, and of a soft kernel's blur.

    Returns
    -------
    Volume, tuple of TruthObject
        Objects that lie outside the image are left out of the truth.

    Raises
    ------
    UsageError
        If the voltage is neither given nor in the header, or outside the table.
    """
    voltage = kvp if kvp is not None else volume.acquisition.kvp
    if voltage is None or not KVP_RANGE[0] <= voltage <= KVP_RANGE[1]:
        raise UsageError(f"tube voltage: found {voltage}, expected {KVP_RANGE[0]:g} to {KVP_RANGE[1]:g} kV; give kvp")
    grid = volume.geometry
    thick = thickness_mm or volume.acquisition.thickness_mm or grid.spacing_mm[0]
    sigma = psf_sigma_mm or max(_SOFT_SIGMA_MM, 0.45 * max(grid.spacing_mm[1:]))
    optics = Optics(psf_sigma_mm=sigma, thickness_mm=thick, edge_sigma_mm=0.1 * thick)
    rng = np.random.default_rng(seed)
    pixels = np.array(volume.pixels)
    truth = []
    for one in objects:
        image = render(one.shape, grid, optics)
        if image is None or not image.share.any():
            continue
        hu = hu_per_mg_cm3(voltage) * one.density_mg_cm3
        before = pixels[image.box].astype(np.float64)
        around = float((image.share * before).sum() / image.share.sum())
        after = before + image.share * (hu - around)
        if np.issubdtype(pixels.dtype, np.integer):
            # Rounding with a random threshold keeps the sum right; untouched voxels are whole already.
            after = np.where(image.share > 1e-6, np.floor(after + rng.random(after.shape)), before)
            limits = np.iinfo(pixels.dtype)
            after = np.clip(after, limits.min, limits.max)
        pixels[image.box] = after.astype(pixels.dtype)
        truth.append(truth_of(one, image, hu))
    return replace(volume, pixels=pixels), tuple(truth)
