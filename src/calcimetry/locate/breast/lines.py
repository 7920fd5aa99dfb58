"""Lines that no breast has: of the scanner (a row or column), of a scratch, of the paddle's edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.breast.coarse import Bits, Coarse
from calcimetry.locate.breast.settings import LineSettings

__all__ = ["paddle_edges", "scanner_lines", "scratches"]


def scanner_lines(pixels: NDArray[Any], live: tuple[slice, slice], mm: float, settings: LineSettings) -> Bits:
    """Rows and columns, one to three pixels wide, whose fine residual keeps its sign over a long way.

    Works on the whole image; ``mm`` is its pixel.
    """
    out = np.zeros(pixels.shape, bool)
    part = np.asarray(pixels[live], np.float32)
    inner = out[live]
    _columns(part, inner, mm, settings)
    _columns(part.T, inner.T, mm, settings)
    return out


def _columns(part: NDArray[np.float32], out: Bits, mm: float, settings: LineSettings) -> None:
    block = max(16, round(settings.scanner_mm / mm))
    if part.shape[0] < block or part.shape[1] < 16:
        return
    # Neighbours at two and three pixels on both sides: a line of up to three pixels stands out, a slope does not.
    beside = ndimage.convolve1d(part, np.array([1, 1, 0, 0, 0, 1, 1], np.float32) / 4, axis=1, mode="nearest")
    fine = part - beside
    scale = 1.48 * float(np.median(np.abs(fine[::4, ::4]))) or 1.0
    clipped = np.clip(fine, -4 * scale, 4 * scale)
    half = block // 2
    starts = range(0, part.shape[0] - block + 1, half)
    means = np.stack([clipped[s : s + block].mean(axis=0) for s in starts])
    signs = np.stack([(np.sign(clipped[s : s + block])).mean(axis=0) for s in starts])
    # The bend of a skin line that runs along the block is as wide as its blur; a line of the scanner is not.
    means = means - ndimage.median_filter(means, size=(1, 11))
    spread = 1.48 * np.median(np.abs(means - np.median(means, axis=1, keepdims=True)), axis=1, keepdims=True)
    spread = np.maximum(spread, 0.15 * scale)
    hit = (np.abs(means) > settings.scanner_sd * spread) & (np.abs(signs) > 2 * settings.same_sign - 1)
    # A vessel or fiber can be straight along one block; what lasts over two, or stands out by far, is none.
    lasting = hit.copy()
    lasting[1:] &= hit[:-1]
    lasting[:-1] |= hit[1:] & hit[:-1]
    hit = lasting | (hit & (np.abs(means) > 4 * settings.scanner_sd * spread))
    # The ends of the picture and of the film are steps, not lines.
    hit[:, :4] = hit[:, -4:] = False
    for n, s in enumerate(starts):
        for column in np.flatnonzero(hit[n]):
            out[s : s + block, max(column - 1, 0) : column + 2] = True


def scratches(pixels: NDArray[Any], inside: Bits, mm: float, settings: LineSettings) -> Bits:
    """Straight, hair-thin, long lines, sharper than any tissue, bright or dark. For film only."""
    from calcimetry.locate.breast.coarse import smooth

    image = np.asarray(pixels, np.float32)
    width = max(3, round(settings.scratch_width_mm / mm))
    fine = image - smooth(image, 0.8 * width)
    scale = np.sqrt(np.maximum(ndimage.uniform_filter(fine * fine, 12 * width), 0.0))
    out = np.zeros(image.shape, bool)
    for sign in (1, -1):
        strong = (sign * fine > 2.5 * scale + 1e-6) & inside
        labels, count = ndimage.label(strong, structure=np.ones((3, 3)))
        long = np.bincount(labels.ravel()) * mm >= 0.7 * settings.scratch_mm
        long[0] = False
        if not count or not long.any():
            continue
        labels, _ = ndimage.label(long[labels], structure=np.ones((3, 3)))
        for n, where in enumerate(ndimage.find_objects(labels), start=1):
            extent = max(s.stop - s.start for s in where)
            if extent * mm < settings.scratch_mm:
                continue
            r, c = np.nonzero(labels[where] == n)
            if _straight(r, c, mm, settings):
                out[r + where[0].start, c + where[1].start] = True
    return np.asarray(ndimage.binary_dilation(out, iterations=2), bool) if out.any() else out


def _straight(r: NDArray[np.intp], c: NDArray[np.intp], mm: float, settings: LineSettings) -> bool:
    points = np.stack([r, c], axis=1).astype(np.float64)
    points -= points.mean(axis=0)
    values, vectors = np.linalg.eigh(points.T @ points / len(points))
    along = points @ vectors[:, 1]
    length = float(np.ptp(along)) * mm
    thin = len(points) * mm * mm / max(length, 1e-6)
    straight = float(np.sqrt(max(values[0], 0.0))) * mm
    gaps = len(np.unique(np.rint(along))) / max(float(np.ptp(along)), 1.0)
    return (
        length >= settings.scratch_mm
        and thin <= settings.scratch_width_mm + mm
        and straight <= max(0.5 * settings.scratch_width_mm, 0.7 * mm)
        and gaps > 0.7
    )


def paddle_edges(image: Coarse, breast: Bits, size: float, settings: LineSettings) -> Bits:
    """Rows or columns where the grey makes one straight step across much of the breast."""
    out = np.zeros(breast.shape, bool)
    for pixels, mask, marks in ((image.pixels, breast, out), (image.pixels.T, breast.T, out.T)):
        run = image.px(settings.paddle_mm)
        if pixels.shape[0] < run:
            continue
        step = np.zeros_like(pixels)
        step[:, 2:-2] = pixels[:, 3:-1] + pixels[:, 4:] - pixels[:, :-4] - pixels[:, 1:-3]
        step *= 0.5
        # A slope (the fall towards the skin) has the same step beside it; an edge stands alone.
        step = step - 0.5 * (np.roll(step, 6, axis=1) + np.roll(step, -6, axis=1))
        held = mask & np.roll(mask, 9, axis=1) & np.roll(mask, -9, axis=1)
        value = np.where(held, step, 0.0)
        mean = ndimage.uniform_filter1d(value, run, axis=0, mode="constant")
        sign = ndimage.uniform_filter1d(np.sign(value) * (np.abs(value) > 0.015 * size), run, axis=0, mode="constant")
        hit = (np.abs(mean) > 0.035 * size) & (np.abs(sign) > 0.9)
        hit[:, :10] = hit[:, -10:] = False
        for row, column in zip(*np.nonzero(hit), strict=True):
            marks[max(row - run // 2, 0) : row + run // 2, max(column - 1, 0) : column + 2] = True
    return out & breast
