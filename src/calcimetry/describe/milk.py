"""Milk of calcium: sediment in small cysts, which on a true lateral ends upwards in a level or a crescent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.lesion import Mask

__all__ = ["TRUE_LATERAL", "level"]

TRUE_LATERAL = ("ML", "LM")
_LEAST_ROWS = 4
_FLAT = 0.12
"""Ours: greatest spread of the upper border over the width from which on it is a level."""
_FADES = 1.6
"""Ours: the upper edge must be sharper than the lower one by this factor."""


def level(pixels: NDArray[np.generic], mask: Mask) -> float:
    """How surely the upper border is a level and the lower one a bowl (0 to 1).

    Parameters
    ----------
    pixels : (row, column)
        The whole image; up is up, as on a true lateral.
    mask : Mask
    """
    bits = mask.bits[0]
    rows, columns = bits.shape
    if rows < _LEAST_ROWS or columns < 1.2 * rows:
        return 0.0
    middle = slice(round(0.15 * columns), max(round(0.85 * columns), round(0.15 * columns) + 1))
    inner = bits[:, middle]
    inner = inner[:, inner.any(axis=0)]
    upper, lower = inner.argmax(axis=0), rows - 1 - inner[::-1].argmax(axis=0)
    at = np.arange(len(upper)) - (len(upper) - 1) / 2
    flat = float(np.std(upper)) / columns
    sags = np.polyfit(at, upper, 2)[0] if len(at) >= 3 else 0.0
    bowl = -np.polyfit(at, lower, 2)[0] * columns if len(at) >= 3 else 0.0
    _, r, c = mask.box
    patch = np.asarray(pixels[max(r.start - 2, 0) : r.stop + 2, c.start : c.stop], np.float64)
    fall = np.abs(ndimage.gaussian_filter1d(patch, 0.7, axis=0, order=1))
    half = max(len(fall) // 2, 1)
    sharper = float(np.median(fall[:half].max(axis=0))) / max(float(np.median(fall[half:].max(axis=0))), 1e-6)
    level_or_crescent = flat < _FLAT or (sags > 0 and flat < 2 * _FLAT)
    if not level_or_crescent or bowl <= 0.5:
        return 0.0
    return 0.8 if sharper >= _FADES else 0.5
