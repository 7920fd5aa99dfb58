"""Lines that no breast has: of the scanner (a row or column), of a scratch, of the paddle's edge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.imaging.filters import uniform
from calcimetry.locate.breast.coarse import Bits, Coarse, smooth
from calcimetry.locate.breast.settings import LineSettings

__all__ = ["paddle_edges", "scanner_lines", "scratches"]


def scanner_lines(pixels: NDArray[Any], live: tuple[slice, slice], mm: float, settings: LineSettings) -> Bits:
    """Rows and columns, one to three pixels wide, whose fine residual keeps its sign over a long way.

    Works on the whole image; ``mm`` is its pixel.
    """
    part = pixels[live]
    with ThreadPoolExecutor(2) as pool:
        columns, rows = pool.map(lambda axis: _lines_along(part, axis, mm, settings), (0, 1))
    out = np.zeros(pixels.shape, bool)
    inner = out[live]
    for start, stop, column in columns:
        inner[start:stop, max(column - 1, 0) : column + 2] = True
    for start, stop, row in rows:
        inner[max(row - 1, 0) : row + 2, start:stop] = True
    return out


def _lines_along(part: NDArray[Any], axis: int, mm: float, settings: LineSettings) -> list[tuple[int, int, int]]:
    """Pieces of columns (``axis`` 0) or rows (1) that are a line: from, to, and which."""
    block = max(16, round(settings.scanner_mm / mm))
    if part.shape[axis] < block or part.shape[1 - axis] < 16:
        return []
    some = tuple(_some(n) for n in part.shape)
    sample = _fine(part[some[0]], 0, None, 0)[:, some[1]] if axis == 0 else _fine(part[:, some[1]], 0, None, 1)[some[0]]
    scale = 1.48 * float(np.median(np.abs(sample))) or 1.0
    starts = _starts(part.shape[axis], block)
    means, signs = _block_means(part, axis, starts, block, 4 * scale)
    # The bend of a skin line that runs along the block is as wide as its blur; a line of the scanner is not.
    means = means - ndimage.median_filter(means, size=(1, 11))
    spread = 1.48 * np.median(np.abs(means - np.median(means, axis=1, keepdims=True)), axis=1, keepdims=True)
    spread = np.maximum(spread, 0.15 * scale)
    hit = (np.abs(means) > settings.scanner_sd * spread) & (np.abs(signs) > 2 * settings.same_sign - 1)
    # A vessel or fiber can be straight along one block; what lasts over two, or stands out by far, is none.
    pairs = hit[1:] & hit[:-1]
    lasting = np.zeros_like(hit)
    lasting[1:] |= pairs
    lasting[:-1] |= pairs
    hit = lasting | (hit & (np.abs(means) > 4 * settings.scanner_sd * spread))
    # The ends of the picture and of the film are steps, not lines.
    hit[:, :4] = hit[:, -4:] = False
    for n in np.flatnonzero(hit.any(axis=1)):
        hit[n] &= ~_beside(part, axis, int(starts[n]), block)
    return [(int(starts[n]), int(starts[n]) + block, int(at)) for n, at in zip(*np.nonzero(hit), strict=True)]


def _beside(part: NDArray[Any], axis: int, start: int, block: int) -> Bits:
    """Places that stand out only because a stronger line lies within three pixels: the filter answers there, too."""
    piece = part[start : start + block] if axis == 0 else part[:, start : start + block]
    mean = np.median(_fine(piece, 0, None, axis), axis=axis)
    out = np.zeros(len(mean), bool)
    for off in (1, 2, 3):
        low, high = mean[:-off], mean[off:]
        against = low * high < 0
        out[:-off] |= against & (np.abs(low) < np.abs(high))
        out[off:] |= against & (np.abs(high) < np.abs(low))
    return out


def _starts(length: int, block: int) -> NDArray[np.intp]:
    """An even number of blocks, half over each other or more, the same from either end."""
    rest = length - block
    half = max(1, -(-rest // (block // 2)) // 2 + 1)
    lower = np.linspace(0, rest, 2 * half)[:half].astype(np.intp)
    return np.concatenate([lower, rest - lower[::-1]])


def _some(length: int) -> slice:
    """About one in four places, the same from either end where any such step is."""
    for step in (4, 5, 3, 7):
        if (length - 1) % step % 2 == 0:
            return slice((length - 1) % step // 2, None, step)
    return slice(0, None, 4)


def _fine(part: NDArray[Any], start: int, stop: int | None, axis: int) -> NDArray[np.float32]:
    """What stands out of the neighbours at two and three pixels on both sides, for the rows from start to stop.

    A line of up to three pixels along ``axis`` does, a slope does not.
    """
    stop = part.shape[0] if stop is None else stop
    if axis == 0:
        wide = np.empty((stop - start, part.shape[1] + 6), np.float32)
        wide[:, 3:-3] = part[start:stop]
        wide[:, :3], wide[:, -3:] = wide[:, 3:4], wide[:, -4:-3]
        near = [wide[:, n : n + part.shape[1]] for n in (0, 6, 1, 5, 3)]
    else:
        wide = part[np.clip(np.arange(start - 3, stop + 3), 0, part.shape[0] - 1)].astype(np.float32)
        near = [wide[n : n + stop - start] for n in (0, 6, 1, 5, 3)]
    beside = near[0] + near[1]
    beside += near[2] + near[3]
    beside *= np.float32(-0.25)
    beside += near[4]
    return beside


_STRIP = 32
"""Rows that are looked at in one go: a strip stays in the processor's cache."""


def _block_means(
    part: NDArray[Any], axis: int, starts: NDArray[np.intp], block: int, limit: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means (block, line) of the fine residual, clipped, and of its sign, over blocks that overlap by half.

    Each pixel is added once, to the sum of its piece of a line between two ends of blocks.
    """
    edges = np.unique(np.concatenate([starts, starts + block]))
    high, wide = part.shape
    sums = np.zeros((2, len(edges) - 1, wide) if axis == 0 else (2, high, len(edges) - 1), np.float32)
    strips = [
        (number, row, min(row + _STRIP, int(stop)))
        for number, (start, stop) in enumerate(pairwise(edges) if axis == 0 else [(0, high)])
        for row in range(int(start), int(stop), _STRIP)
    ]
    for number, start, stop in strips:
        fine = _fine(part, start, stop, axis)
        np.clip(fine, -limit, limit, out=fine)
        for kept, values in zip(sums, (fine, np.sign(fine)), strict=True):
            if axis == 0:
                kept[number] += values.sum(axis=0)
            else:
                np.add.reduceat(values[:, : edges[-1]], edges[:-1], axis=1, out=kept[start:stop])
    first, last = np.searchsorted(edges, starts), np.searchsorted(edges, starts + block)
    along = [one if axis == 0 else one.T for one in sums]
    means = [np.stack([one[a:b].sum(axis=0) for a, b in zip(first, last, strict=True)]) / block for one in along]
    return np.asarray(means[0], np.float32), np.asarray(means[1], np.float32)


def scratches(pixels: NDArray[Any], inside: Bits, mm: float, settings: LineSettings) -> Bits:
    """Straight, hair-thin, long lines, sharper than any tissue, bright or dark. For film only."""
    out = np.zeros(pixels.shape, bool)
    if inside.any():
        width = max(3, round(settings.scratch_width_mm / mm))
        # The part that matters, with what the filters reach beyond it.
        near = tuple(_span(np.asarray(inside.any(axis=axis)), 10 * width) for axis in (1, 0))
        part = np.asarray(pixels[near], np.float32)
        fine = part - smooth(part, 0.8 * width)
        scale = np.sqrt(np.maximum(uniform(fine * fine, 12 * width + 1), 0.0))
        _hairs(fine, scale, inside[near], out[near], mm, settings)
    return np.asarray(ndimage.binary_dilation(out, iterations=2), bool) if out.any() else out


def _span(held: Bits, margin: int) -> slice:
    """From the first to the last place that is held, and a margin."""
    places = np.flatnonzero(held)
    return slice(max(int(places[0]) - margin, 0), int(places[-1]) + 1 + margin)


def _hairs(
    fine: NDArray[np.float32], scale: NDArray[np.float32], inside: Bits, out: Bits, mm: float, settings: LineSettings
) -> None:
    """Mark in ``out`` what stands out and is long, thin and straight."""
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
        run = image.px(settings.paddle_mm) // 2 * 2 + 1
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
            marks[max(row - run // 2, 0) : row + run // 2 + 1, max(column - 1, 0) : column + 2] = True
    return out & breast
