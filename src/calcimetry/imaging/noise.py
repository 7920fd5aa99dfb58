"""Noise of a CT image, from the flattest places of its soft tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["noise_sd"]


def noise_sd(
    pixels: NDArray[np.generic],
    pixel_mm: tuple[float, float],
    *,
    block_mm: float = 8.0,
    tissue: tuple[float, float] = (-30.0, 110.0),
    percentile: float = 30.0,
    slices: int = 24,
) -> tuple[float, NDArray[np.float64]]:
    """Standard deviation of the noise in soft tissue.

    Square blocks of ``block_mm`` whose mean is soft tissue and whose extremes stay within 250 HU of it; of their
    standard deviations the given percentile, so that blocks with edges inside do not count.

    Parameters
    ----------
    pixels : (slice, row, column) [HU]
    pixel_mm : row and column pitch [mm]
    block_mm, tissue, percentile : see above
    slices : int
        At most so many slices are looked at, evenly spread.

    Returns
    -------
    sd : float
        Over all slices looked at [HU]; NaN where there is no soft tissue.
    by_slice : (slice,) float64
        For each slice of the image, interpolated; ``sd`` where a slice has too few blocks.
    """
    depth, height, width = pixels.shape
    bj, bi = (max(3, round(block_mm / mm)) for mm in pixel_mm)
    bj, bi = min(bj, max(height, 1)), min(bi, max(width, 1))
    looked = np.unique(np.linspace(0, max(depth - 1, 0), min(slices, depth)).round().astype(int))
    every: list[NDArray[np.float64]] = []
    for k in looked:
        plane = np.asarray(pixels[k, : height // bj * bj, : width // bi * bi]).astype(np.float32)
        plane = np.nan_to_num(plane, nan=-1024.0, posinf=4096.0, neginf=-4096.0)
        blocks = plane.reshape(height // bj, bj, width // bi, bi)
        mean = blocks.mean(axis=(1, 3))
        flat = (mean > tissue[0]) & (mean < tissue[1])
        flat &= (blocks.max(axis=(1, 3)) - mean < 250.0) & (mean - blocks.min(axis=(1, 3)) < 250.0)
        every.append(blocks.std(axis=(1, 3))[flat].astype(np.float64))
    together = np.concatenate(every) if every else np.zeros(0)
    if not len(together):
        return float("nan"), np.full(depth, np.nan)
    sd = float(np.percentile(together, percentile))
    single = np.array([np.percentile(one, percentile) if len(one) >= 8 else sd for one in every])
    return sd, np.interp(np.arange(depth), looked, single)
