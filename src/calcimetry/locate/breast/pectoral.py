"""The pectoral muscle of an oblique view: the best straight edge across the upper corner, bent to fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.breast.coarse import Bits, Coarse, smooth
from calcimetry.locate.breast.settings import PectoralSettings

__all__ = ["Muscle", "pectoral"]

_SAMPLES = 60


@dataclass(frozen=True, eq=False)
class Muscle:
    """The muscle on the reduced image, and how sure."""

    mask: Bits
    confidence: float
    contrast: float


def pectoral(
    image: Coarse, breast: Bits, chest: str, grey: tuple[float, float], settings: PectoralSettings
) -> Muscle | None:
    """The corner of the muscle; ``None`` where no line across the corner is an edge.

    ``grey`` is that of air and of dense tissue. The muscle is looked for at the upper end of the chest wall, and at the
    lower end only where the upper one has none (images stored upside down).
    """
    if chest in ("top", "bottom"):
        return None
    found = _corner(image, breast, chest, grey, settings)
    if found is not None:
        return found
    flipped = Coarse(image.pixels[::-1], image.step, image.mm)
    upside = _corner(flipped, breast[::-1], chest, grey, settings)
    if upside is None or upside.contrast < 2 * settings.least_contrast:
        return None
    return Muscle(upside.mask[::-1], 0.5 * upside.confidence, upside.contrast)


def _corner(
    image: Coarse, breast: Bits, chest: str, grey: tuple[float, float], settings: PectoralSettings
) -> Muscle | None:
    if chest == "right":
        mirrored = Coarse(image.pixels[:, ::-1], image.step, image.mm)
        found = _corner(mirrored, breast[:, ::-1], "left", grey, settings)
        return None if found is None else Muscle(found.mask[:, ::-1], found.confidence, found.contrast)
    rows, columns = np.flatnonzero(breast.any(axis=1)), np.flatnonzero(breast.any(axis=0))
    if rows.size < 20 or columns.size < 20:
        return None
    top, wall = int(rows[0]), int(columns[0])
    even = smooth(np.where(breast, image.pixels, np.float32(grey[0])), 1.2 / image.mm)
    weight = smooth(breast.astype(np.float32), 1.2 / image.mm)
    even = np.where(weight > 0.2, even, grey[0])
    (near, far), (high, low) = settings.across_mm, settings.down_mm
    across = np.arange(near / image.mm, far / image.mm, max(1.0, 2.5 / image.mm))
    down = np.arange(high / image.mm, low / image.mm, max(1.0, 3.5 / image.mm))
    across = across[across < 0.95 * columns.size]
    down = down[down < 1.6 * rows.size]
    if not across.size or not down.size:
        return None
    b, h = (v.ravel() for v in np.meshgrid(across, down, indexing="ij"))
    steep = (h > 0.8 * b) & (h < 12 * b)
    b, h = b[steep], h[steep]
    contrast, share = _across(even, breast, top, wall, b, h, image, settings)
    score = np.where(share >= settings.least_share, contrast * share, -1.0)
    n = int(np.argmax(score))
    size = float(grey[1] - grey[0])
    if size <= 0 or score[n] <= settings.least_contrast * size:
        return None
    mask = _bent(even, breast, top, wall, float(b[n]), float(h[n]), image, settings)
    inside, outside = even[mask], even[breast & ~mask]
    if not inside.size or not outside.size:
        return None
    relative = float(contrast[n]) / size
    confidence = float(np.clip(0.35 + 2.0 * relative + 0.5 * (float(share[n]) - settings.least_share), 0.3, 0.95))
    return Muscle(mask, confidence, relative)


def _across(
    even: NDArray[np.float32],
    breast: Bits,
    top: int,
    wall: int,
    b: NDArray[np.float64],
    h: NDArray[np.float64],
    image: Coarse,
    settings: PectoralSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean difference across each line from (top, wall + b) to (top + h, wall), and the share where it is positive."""
    t = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * 0.85 + 0.05
    row, column = top + h[:, None] * t, wall + b[:, None] * (1 - t)
    length = np.hypot(b, h)[:, None]
    off = settings.band_mm / image.mm
    drow, dcolumn = b[:, None] / length * off, h[:, None] / length * off
    inside = ndimage.map_coordinates(even, [row - drow, column - dcolumn], order=1, mode="nearest")
    outside = ndimage.map_coordinates(even, [row + drow, column + dcolumn], order=1, mode="nearest")
    held = ndimage.map_coordinates(
        breast.astype(np.float32), [row + 2 * drow, column + 2 * dcolumn], order=0, mode="constant"
    )
    # Beyond the lower end of the image or over air there is no muscle's edge to be seen.
    seen = (row < even.shape[0]) & (held > 0)
    count = np.maximum(seen.sum(axis=1), 1)
    difference = np.where(seen, inside - outside, 0.0)
    # Long edges are worth more than short ones: a bright spot near the corner has short ones all around it.
    extent = np.minimum(1.0, count / _SAMPLES * length[:, 0] * image.mm / 60.0)
    mean = difference.sum(axis=1) / count * extent
    share = (difference > 0).sum(axis=1) / count
    return mean, np.where(count > 0.35 * _SAMPLES, share, 0.0)


def _bent(
    even: NDArray[np.float32],
    breast: Bits,
    top: int,
    wall: int,
    b: float,
    h: float,
    image: Coarse,
    settings: PectoralSettings,
) -> Bits:
    """The corner with its edge moved, row by row, to the steepest fall near the line, and smoothed."""
    rows = np.arange(top, min(int(top + h), even.shape[0]))
    if rows.size == 0:
        return np.zeros_like(breast)
    line = wall + b * (1 - (rows - top) / h)
    reach = max(1, round(settings.bend_mm / image.mm))
    fall = -np.gradient(even, axis=1)
    offsets = np.arange(-reach, reach + 1)
    columns = np.clip(np.rint(line[:, None] + offsets).astype(int), 0, even.shape[1] - 1)
    worth = fall[rows[:, None], columns] * np.exp(-0.5 * (offsets / (0.6 * reach)) ** 2)
    moved = offsets[np.argmax(worth, axis=1)].astype(np.float64)
    steepness = np.maximum(worth.max(axis=1), 0.0) + 1e-6
    sigma = max(1.0, 10.0 / image.mm)
    moved = ndimage.gaussian_filter1d(moved * steepness, sigma) / ndimage.gaussian_filter1d(steepness, sigma)
    edge = np.clip(line + moved, 0, even.shape[1])
    mask = np.zeros_like(breast)
    mask[rows] = np.arange(even.shape[1])[None, :] < edge[:, None]
    return mask & breast
