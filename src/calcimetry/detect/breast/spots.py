"""Candidates for single calcifications: small bright maxima over the image's own noise, far too many on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.detect.breast.field import Field, doubled, halved, over_noise
from calcimetry.detect.breast.settings import SpotSettings
from calcimetry.imaging.filters import greatest

__all__ = ["Spots", "candidates"]

F32 = NDArray[np.float32]

_WIDE_PX = 2.2
"""Filters wider than this many pixels are run on pixels twice as wide."""


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
    half = halved(field)
    for width in settings.widths(field.mm):
        # Wide filters need no fine pixels.
        own = half if half is not None and width / field.mm > _WIDE_PX else field
        level, noise = over_noise(own, width, settings.surround, settings.noise_mm)
        sigma = noise if sigma is None else sigma
        levels.append(level if own is field else doubled(level, field.pixels.shape))
    best = levels[0].copy()
    for level in levels[1:]:
        np.maximum(best, level, out=best)
    fine = settings.finest(field.mm)
    apart = settings.finest_apart_mm if fine else settings.apart_mm
    size = 2 * max(1, round(apart / field.mm)) + 1 if field.mm < apart else 3
    peak = (best == greatest(best, size)) & field.open & (best > settings.least_z)
    rows, columns = np.nonzero(peak)
    heights = best[rows, columns]
    order = np.lexsort((columns, rows, -heights))[: settings.finest_most if fine else settings.most]
    index = np.stack([rows[order], columns[order]], axis=1)
    return Spots(index, heights[order], tuple(levels), levels[0] if sigma is None else sigma)
