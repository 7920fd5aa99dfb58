"""Each spot outlined to its edge, on the image's own pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["outlined"]

_EDGE = 0.42
"""Ours: the outline is where the spot falls to this share of its height."""
_REACH_MM = 1.4
_RING_MM = 0.9
_EVEN_MM = 0.06


def outlined(
    pixels: NDArray[np.generic], center: tuple[float, float], mm: float
) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """First pixel and bits of the outline around a maximum; one pixel where nothing stands out.

    Parameters
    ----------
    pixels : (row, column)
        The whole image.
    center : (float, float)
        Row and column near the maximum.
    mm : float
        Pixel.
    """
    reach = max(4, round(_REACH_MM / mm))
    row, column = round(center[0]), round(center[1])
    r0, c0 = max(row - reach, 0), max(column - reach, 0)
    patch = np.asarray(pixels[r0 : row + reach + 1, c0 : column + reach + 1], np.float32)
    if _EVEN_MM / mm > 0.4:
        patch = ndimage.gaussian_filter(patch, _EVEN_MM / mm)
    y, x = np.ogrid[: patch.shape[0], : patch.shape[1]]
    away = np.hypot(y - (row - r0), x - (column - c0)) * mm
    ring = patch[away > _RING_MM]
    if ring.size == 0:
        return (row, column), np.ones((1, 1), bool)
    base = float(np.median(ring))
    near = np.where(away <= max(0.3, 1.01 * mm), patch, -np.inf)
    at = np.unravel_index(int(near.argmax()), near.shape)
    top = float(patch[at])
    over = patch > base + _EDGE * (top - base)
    labels, _ = ndimage.label(over)
    bits = labels == labels[at] if labels[at] else np.zeros_like(over)
    bits[at] = True
    box = ndimage.find_objects(bits.astype(np.uint8))[0]
    return (r0 + box[0].start, c0 + box[1].start), np.asarray(bits[box], bool)
