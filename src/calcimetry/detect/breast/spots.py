"""Candidates for single calcifications: small bright maxima over the image's own noise, far too many on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.field import Field, bands, noise_of
from calcimetry.detect.breast.settings import SpotSettings

__all__ = ["Spots", "candidates"]

F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Spots:
    """Candidates of one field, the highest first.

    Parameters
    ----------
    index : (n, 2) int
        Row and column in the field.
    z : (n,) float32
        Height over the noise, the largest of all widths.
    levels : tuple of (row, column) float32
        Every filtered image over its own noise.
    sigma : (row, column) float32
        Noise of the finest filter, in the image's values.
    """

    index: NDArray[np.intp]
    z: F32
    levels: tuple[F32, ...]
    sigma: F32

    def __len__(self) -> int:
        return len(self.index)


def candidates(field: Field, settings: SpotSettings) -> Spots:
    """Local maxima of the largest of several filters, each over its own noise."""
    levels = []
    sigma: F32 | None = None
    for band in bands(field.pixels, field.mm, settings.sigma_mm, settings.surround):
        noise = noise_of(band, field, settings.noise_mm)
        sigma = noise if sigma is None else sigma
        levels.append(np.asarray(band / noise, np.float32))
    best = np.maximum.reduce(levels)
    size = 2 * max(1, round(settings.apart_mm / field.mm)) + 1 if field.mm < settings.apart_mm else 3
    peak = (best == ndimage.maximum_filter(best, size)) & field.open & (best > settings.least_z)
    rows, columns = np.nonzero(peak)
    heights = best[rows, columns]
    order = np.lexsort((columns, rows, -heights))[: settings.most]
    index = np.stack([rows[order], columns[order]], axis=1)
    return Spots(index, heights[order], tuple(levels), levels[0] if sigma is None else sigma)
