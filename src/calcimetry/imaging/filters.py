"""Filters of two-dimensional images: numpy and scipy, or OpenCV where the extra ``fast`` is installed.

OpenCV does only what it does exactly as scipy: extremes, labels and distances to the last bit, means but for one pixel
in thousands that is rounded up instead of down. So both find the same, but for the last digits of a confidence (tested
on simulated films). Gaussians, which it would round otherwise, are made by numpy alone.
"""

from __future__ import annotations

import importlib
import os
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "SWITCH",
    "distance",
    "gaussian",
    "greatest",
    "labelled",
    "least",
    "median",
    "medians",
    "opencv",
    "percentile",
    "uniform",
]

SWITCH = "CALCIMETRY_FAST"
"""Variable of the environment that leaves OpenCV aside where it is ``0``."""

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]
Mode = Literal["reflect", "nearest"]
Tile = tuple[slice, slice, F32]

_TILE = 32
"""Places along an axis that one product makes. Wider tiles multiply by more zeros, narrower ones call more often."""
_PRODUCTS = 250_000
"""At most so many multiplications in one product. OpenBLAS takes a second thread from 262144 on."""
_CROSS = ndimage.generate_binary_structure(2, 1)
_FAR = 1e6
"""Greatest square of a distance that is a whole number for sure when it was rounded to single precision twice."""
_SMALL = 96
"""Axes up to this length are filtered by one product."""


@cache
def opencv() -> ModuleType | None:
    """OpenCV, if it is there and not switched off."""
    if os.environ.get(SWITCH) == "0":
        return None
    try:
        return importlib.import_module("cv2")
    except ImportError:
        return None


def gaussian(image: NDArray[np.generic], sigma: float, truncate: float = 4.0, mode: Mode = "reflect") -> F32:
    """Gaussian of a standard deviation in pixels, cut off at ``truncate`` of them.

    Beyond its borders the image is mirrored (``reflect``) or goes on as it ends (``nearest``).
    As ``scipy.ndimage.gaussian_filter`` to some units in the last place of the largest value: products with narrow
    matrices, which run five to ten times as fast.

    >>> gaussian(np.eye(3), 0.5).astype(float).round(3).tolist()
    [[0.809, 0.179, 0.012], [0.179, 0.641, 0.179], [0.012, 0.179, 0.809]]
    """
    pixels = np.array(image, np.float32, order="C")
    if pixels.size == 0 or int(truncate * sigma + 0.5) < 1:
        return pixels
    # Sums of small numbers are rounded less: differences of two results keep their last places.
    ground = pixels.mean()
    pixels -= ground
    rows, columns = (_tiles(n, sigma, truncate, mode) for n in pixels.shape)
    down = np.empty_like(pixels)
    for there, here, weights in rows:
        for part in _parts(pixels.shape[1], weights.size):
            np.matmul(weights, pixels[here, part], out=down[there, part])
    for there, here, weights in columns:
        for part in _parts(len(down), weights.size):
            np.matmul(down[part, here], weights.T, out=pixels[part, there])
    pixels += ground
    return pixels


def _parts(length: int, weights: int) -> list[slice]:
    """Parts of the other axis for one product each: so small that no library shares it out among threads.

    (one that does rounds otherwise than one that does not, and the number of threads would be seen in the last digit)
    """
    step = max(_PRODUCTS // weights, 1)
    return [slice(start, start + step) for start in range(0, length, step)]


@lru_cache(maxsize=512)
def _tiles(length: int, sigma: float, truncate: float, mode: Mode) -> tuple[Tile, ...]:
    """For pieces of an axis: which places they are, which they are made of, and the weights (made, of)."""
    reach = int(truncate * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = weights / weights.sum()
    step = length if length <= _SMALL else _TILE
    inner: F32 | None = None
    out = []
    for start in range(0, length, step):
        stop = min(start + step, length)
        low, high = max(start - reach, 0), min(stop + reach, length)
        plain = low == start - reach and high == stop + reach and stop - start == step
        if not plain or inner is None:
            matrix = np.zeros((stop - start, high - low))
            made = np.repeat(np.arange(stop - start), 2 * reach + 1)
            of = (np.arange(start, stop)[:, None] + np.arange(-reach, reach + 1)).ravel()
            if mode == "nearest":
                of = np.clip(of, 0, length - 1)
            else:
                of = of % (2 * length)
                of = np.where(of < length, of, 2 * length - 1 - of)
            np.add.at(matrix, (made, of - low), np.tile(weights, stop - start))
            single = np.asarray(matrix, np.float32)
        if plain:
            inner = single if inner is None else inner
            single = inner
        out.append((slice(start, stop), slice(low, high), single))
    return tuple(out)


def uniform(image: F32, size: int, mode: Literal["reflect", "constant"] = "reflect", out: F32 | None = None) -> F32:
    """Mean of the square of ``size`` pixels around each: as ``scipy.ndimage.uniform_filter``.

    Beyond its borders the image is mirrored (``reflect``) or zero (``constant``); ``out`` may be given to be written
    into.
    """
    out = np.empty(image.shape, np.float32) if out is None else out
    fast = opencv()
    if fast is not None and min(image.shape) > size:
        border = fast.BORDER_REFLECT if mode == "reflect" else fast.BORDER_CONSTANT
        fast.boxFilter(np.ascontiguousarray(image), fast.CV_32F, (size, size), dst=out, borderType=border)
    else:
        # (in double precision in between, as OpenCV does)
        out[...] = ndimage.uniform_filter(image, size, mode=mode, output=np.float64)
    return out


def labelled(bits: Bits) -> tuple[NDArray[np.int32], int]:
    """Parts that hang together by their sides, numbered from 1 row by row, and how many: as ``scipy.ndimage.label``.

    >>> labelled(np.array([[True, False, True], [True, False, False]]))[0].tolist()
    [[1, 0, 2], [1, 0, 0]]
    """
    fast = opencv()
    if fast is None or not bits.size:
        labels, count = ndimage.label(bits, structure=_CROSS)
        return np.asarray(labels, np.int32), int(count)
    count, labels = fast.connectedComponents(np.ascontiguousarray(bits).view(np.uint8), connectivity=4)
    return np.asarray(labels, np.int32), int(count) - 1


def distance(bits: Bits) -> F32:
    """Distance [pixels] of each to the nearest that is not set: as ``scipy.ndimage.distance_transform_edt``.

    >>> distance(np.array([[True, True, False, True]])).tolist()
    [[2.0, 1.0, 0.0, 1.0]]
    """
    fast = opencv()
    if fast is None or not bits.size or bits.all():
        return np.asarray(ndimage.distance_transform_edt(bits), np.float32)
    given = np.ascontiguousarray(bits).view(np.uint8)
    away: F32 = fast.distanceTransform(given, fast.DIST_L2, fast.DIST_MASK_PRECISE)
    # Its roots may be off in the last place; the squares are whole numbers, as long as they can be told apart.
    np.square(away, out=away)
    if float(away.max()) > _FAR:
        return np.asarray(ndimage.distance_transform_edt(bits), np.float32)
    np.rint(away, out=away)
    return np.sqrt(away, out=away)


def greatest(image: F32, size: int) -> F32:
    """Greatest value in the square of ``size`` pixels around each: as ``scipy.ndimage.maximum_filter``.

    >>> greatest(np.array([[0, 3, 1, 0, 0]], np.float32), 3).tolist()
    [[3.0, 3.0, 3.0, 1.0, 0.0]]
    """
    fast = opencv()
    if fast is not None and image.size:
        return np.asarray(fast.dilate(image, np.ones((size, size), np.uint8), borderType=fast.BORDER_REPLICATE))
    return _extreme(image, size, np.maximum)


def least(image: F32, size: int) -> F32:
    """Least value in the square of ``size`` pixels around each: as ``scipy.ndimage.minimum_filter``."""
    fast = opencv()
    if fast is not None and image.size:
        return np.asarray(fast.erode(image, np.ones((size, size), np.uint8), borderType=fast.BORDER_REPLICATE))
    return _extreme(image, size, np.minimum)


def _extreme(image: F32, size: int, better: np.ufunc) -> F32:
    """The better of all values around each pixel: first of two neighbors, then of two such pairs, and so on."""
    before = size // 2
    for axis in (0, 1) if image.size else ():
        # (mirroring at a border brings in nothing that is not within the square already)
        near = [(0, 0), (0, 0)]
        near[axis] = (before, size - 1 - before)
        image = np.pad(image, near, mode="edge")
        reached = 1
        while reached < size:
            more = min(reached, size - reached)
            ahead = (slice(more, None), slice(None)) if axis == 0 else (slice(None), slice(more, None))
            behind = (slice(None, -more), slice(None)) if axis == 0 else (slice(None), slice(None, -more))
            image = better(image[behind], image[ahead])
            reached += more
    return image


def median(values: NDArray[np.floating[Any]]) -> float:
    """Median of all values, none of which is NaN: ``numpy.median`` at a fraction of its time.

    >>> median(np.array([4.0, 1.0, 3.0, 2.0])), median(np.array([[5.0, 1.0, 2.0]]))
    (2.5, 2.0)
    """
    middle = values.size // 2
    parted = np.partition(values, middle, axis=None)
    upper = parted[middle]
    return float(upper if values.size % 2 else 0.5 * (parted[:middle].max() + upper))


Reals = TypeVar("Reals", F32, NDArray[np.float64], NDArray[np.floating[Any]])


def medians(values: Reals) -> Reals:
    """Median of each row, without NaN: ``numpy.median(values, axis=1)`` at a fraction of its time.

    >>> medians(np.array([[4.0, 1.0, 3.0, 2.0], [0.0, 0.0, 5.0, 6.0]])).tolist()
    [2.5, 2.5]
    """
    middle = values.shape[1] // 2
    parted = np.partition(values, middle, axis=1)
    upper = parted[:, middle]
    return upper if values.shape[1] % 2 else (parted[:, :middle].max(axis=1) + upper) / 2


def percentile(values: NDArray[np.floating[Any]], share: float) -> float:
    """Percentile of all values, none of which is NaN, straight between two of them: as ``numpy.percentile``.

    >>> percentile(np.array([4.0, 1.0, 3.0, 2.0]), 25.0)
    1.75
    """
    place = (values.size - 1) * share / 100.0
    lower = int(place)
    parted = np.partition(values, lower, axis=None)
    low = float(parted[lower])
    if place == lower:
        return low
    return low + (place - lower) * (float(parted[lower + 1 :].min()) - low)
