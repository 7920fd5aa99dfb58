"""What lies beside the breast and is cut off with it: the fold below it, and an implant inside."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from calcimetry.locate.breast.air import _opened
from calcimetry.locate.breast.coarse import Bits, Coarse, smooth

__all__ = ["fold", "implant"]

_NOTCH_MM = 2.5
"""Ours: a fold shows as a notch of the outline at least this deep."""
_NEAR_MM = 45.0
"""Ours: and not farther from the chest wall than this."""
_LOWER = 0.65
"""Ours: and in the lower third of the breast."""


def fold(breast: Bits, chest: str, image: Coarse, nipple_row: float | None) -> Bits | None:
    """Skin of the belly below the fold under the breast: what lies beyond the notch of the outline, near the wall."""
    if chest not in ("left", "right"):
        return None
    if chest == "right":
        found = fold(breast[:, ::-1], "left", image, nipple_row)
        return None if found is None else found[:, ::-1]
    rows = np.flatnonzero(breast.any(axis=1))
    if rows.size < 20:
        return None
    wall = int(np.flatnonzero(breast.any(axis=0))[0])
    reach = np.where(breast.any(axis=1), breast.shape[1] - np.argmax(breast[:, ::-1], axis=1), 0).astype(np.float64)
    reach = ndimage.gaussian_filter1d(reach, max(1.0, 1.0 / image.mm))
    start = int(nipple_row) if nipple_row is not None else int(rows[0] + 0.5 * rows.size)
    below = np.arange(start, int(rows[-1]) + 1)
    if below.size < 10:
        return None
    lowest = np.minimum.accumulate(reach[below])
    rising = reach[below] - lowest
    beyond = np.flatnonzero(rising * image.mm >= _NOTCH_MM)
    if not beyond.size:
        return None
    notch = int(below[: int(beyond[0]) + 1][np.argmin(reach[below[: int(beyond[0]) + 1]])])
    low = notch > rows[0] + _LOWER * rows.size
    if not low or (reach[notch] - wall) * image.mm > _NEAR_MM:
        return None
    out = np.zeros_like(breast)
    out[notch:] = breast[notch:]
    return out if out.sum() * image.mm**2 > 20.0 else None


def implant(image: Coarse, breast: Bits, grey: tuple[float, float]) -> Bits | None:
    """The large even bright body of an implant. Only asked for where the header says that one is there."""
    even = smooth(image.pixels, 1.5 / image.mm)
    inside = even[breast]
    if inside.size < 100:
        return None
    high = float(np.percentile(inside, 98))
    bright = breast & (even > high - 0.25 * (high - grey[0]))
    rough = np.abs(image.pixels - even)
    calm = smooth(np.asarray(rough, np.float32), 2.0 / image.mm) < 0.06 * (high - grey[0])
    body = _opened(bright & calm, image.px(8.0))
    labels, count = ndimage.label(body)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    n = int(np.argmax(sizes))
    if sizes[n] < 0.08 * float(breast.sum()):
        return None
    return np.asarray(ndimage.binary_fill_holes(labels == n), bool)
