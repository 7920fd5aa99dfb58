"""The nipple: a bump of the outline or a bright spot behind it near its farthest point, or that point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.breast.air import _opened
from calcimetry.locate.breast.coarse import Bits, Coarse

__all__ = ["Nipple", "nipple"]

_BUMP_MM = 9.0
"""Ours: a disc of this radius fits into a breast everywhere but into its nipple."""
_REACH_MM = 30.0
"""Ours: a nipple lies within this of the farthest point, along the outline."""


@dataclass(frozen=True, slots=True)
class Nipple:
    """Row and column on the reduced image, and how sure."""

    row: float
    column: float
    confidence: float


def nipple(pixels: NDArray[np.float32], breast: Bits, chest: str, image: Coarse) -> Nipple | None:
    """Where the nipple is seen, or must lie.

    ``breast`` on the reduced ``pixels``, the chest wall at ``chest``; ``None`` without an outline against air.
    """
    if chest in ("top", "bottom"):
        turned = nipple(pixels.T, breast.T, {"top": "left", "bottom": "right"}[chest], image)
        return None if turned is None else Nipple(turned.column, turned.row, turned.confidence)
    if chest == "right":
        flipped = nipple(pixels[:, ::-1], breast[:, ::-1], "left", image)
        return (
            None if flipped is None else Nipple(flipped.row, breast.shape[1] - 1 - flipped.column, flipped.confidence)
        )
    rows = np.flatnonzero(breast.any(axis=1))
    if rows.size < 10:
        return None
    reach = np.where(breast.any(axis=1), breast.shape[1] - 1 - np.argmax(breast[:, ::-1], axis=1), -1)
    smooth_reach = ndimage.gaussian_filter1d(np.where(reach >= 0, reach, 0).astype(np.float64), image.px(4.0))
    # The arm reaches out as far as the breast does; a nipple lies in neither end.
    first, last = int(rows[0] + 0.2 * rows.size), int(rows[-1] - 0.08 * rows.size)
    far = first + int(np.argmax(smooth_reach[first:last]))
    cut = image.px(4.0)
    if far <= first + cut or far >= last - cut:
        return None
    if int(reach[far]) >= breast.shape[1] - 2:
        return None
    radius = image.px(_BUMP_MM)
    bumps = breast & ~_opened(breast, radius)
    labels, count = ndimage.label(ndimage.binary_opening(bumps))
    best: tuple[float, float, float] | None = None
    for n, where in enumerate(ndimage.find_objects(labels), start=1):
        r, c = np.nonzero(labels[where] == n)
        area = len(r) * image.mm**2
        row, column = float(r.mean()) + where[0].start, float(c.mean()) + where[1].start
        off = abs(row - far) * image.mm
        behind = (smooth_reach[far] - column) * image.mm
        if 6.0 <= area <= 350.0 and off <= _REACH_MM and behind <= 15.0:
            score = area - 3.0 * off
            if best is None or score > best[0]:
                best = (score, row, column)
    if best is not None and count:
        return Nipple(best[1], best[2], 0.75)
    bright = _bright(pixels, reach, far, first, last, image)
    if bright is not None:
        return Nipple(float(bright), float(reach[bright]), 0.6)
    return Nipple(float(far), float(reach[far]), 0.4)


def _bright(
    pixels: NDArray[np.float32], reach: NDArray[np.intp], far: int, first: int, last: int, image: Coarse
) -> int | None:
    """Row near the farthest point where the band behind the skin is brighter than along the rest of the outline."""
    rows = np.arange(first, last)
    deep = np.arange(image.px(1.0), image.px(7.0) + 1)
    columns = np.clip(reach[rows][:, None] - deep, 0, pixels.shape[1] - 1)
    band = pixels[rows[:, None], columns].mean(axis=1)
    local = ndimage.gaussian_filter1d(band, image.px(2.0)) - ndimage.gaussian_filter1d(band, image.px(18.0))
    spread = 1.48 * float(np.median(np.abs(local - np.median(local)))) + 1e-6
    near = np.exp(-0.5 * ((rows - far) * image.mm / (0.6 * _REACH_MM)) ** 2)
    score = local / spread * near
    n = int(np.argmax(score))
    return int(rows[n]) if score[n] > 1.5 else None
