"""Each spot outlined to its edge, on the image's own pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["outlined"]

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]

_EDGE = 0.42
"""Ours: a speck of ``_UNIT_MM`` ends where it has fallen to this share of its height."""
_UNIT_MM = 0.42
_LOWEST = 0.2
"""Larger ones are thicker, and end at the same thickness: at a smaller share of their height, at least at this one."""
_OVER_NOISE = 1.5
"""No outline runs where the spot is less than this over the noise."""
_CORE = 0.65
"""What reaches this share is the spot for sure; its outline lies around it, and does not run off along a strand."""
_AROUND_MM = 0.12
_REACH_MM = 1.4
_RING_MM = 0.9
_EVEN_MM = 0.06


def outlined(pixels: NDArray[np.generic], center: tuple[float, float], mm: float) -> tuple[tuple[int, int], Bits]:
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
    noise = 1.4826 * float(np.median(np.abs(ring - base)))
    near = np.where(away <= max(0.3, 1.01 * mm), patch, -np.inf)
    top = np.unravel_index(int(near.argmax()), near.shape)
    bits = _outline(patch - base, (int(top[0]), int(top[1])), noise, mm)
    box = ndimage.find_objects(bits.astype(np.uint8))[0]
    return (r0 + box[0].start, c0 + box[1].start), np.asarray(bits[box], bool)


def _outline(over: F32, at: tuple[int, int], noise: float, mm: float) -> Bits:
    """The spot around its brightest pixel, of brightness over the ground."""
    height = float(over[at])
    least = min(_OVER_NOISE * noise, 0.8 * height)
    bits = _together(over, max(_EDGE * height, least), at)
    size = 2 * np.sqrt(float(bits.sum()) / np.pi) * mm
    if size > _UNIT_MM:
        bits = _together(over, max(max(_EDGE * _UNIT_MM / size, _LOWEST) * height, least), at)
    core = _together(over, _CORE * height, at)
    radius = np.sqrt(float(core.sum()) / np.pi) * mm
    close = ndimage.distance_transform_edt(~core) * mm <= _AROUND_MM + 0.4 * radius
    return np.asarray(bits & close, bool)


def _together(over: F32, level: float, at: tuple[int, int]) -> Bits:
    """What hangs together with a pixel above a level; at least the pixel."""
    labels, _ = ndimage.label(over > level)
    bits = labels == labels[at] if labels[at] else np.zeros(over.shape, bool)
    bits[at] = True
    return np.asarray(bits, bool)
