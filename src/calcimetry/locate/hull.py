"""The inside of the trunk: what lies deeper than the lungs' outer surface and the ring of bones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["hulls"]

Bits = NDArray[np.bool_]


def hulls(bits: Bits, *, slices: int = 0) -> Bits:
    """Convex hull of each slice, filled; with ``slices`` > 0, of everything that many slices up and down.

    >>> hulls(np.array([[[1, 0, 0], [0, 0, 0], [0, 0, 1]]], dtype=bool))[0].astype(int).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    depth, _height, width = bits.shape
    any_row = bits.any(axis=2)
    left = np.where(any_row, bits.argmax(axis=2), width).astype(np.int32)
    right = np.where(any_row, width - 1 - bits[:, :, ::-1].argmax(axis=2), -1).astype(np.int32)
    if slices > 0:
        left = ndimage.minimum_filter1d(left, 2 * slices + 1, axis=0, mode="nearest")
        right = ndimage.maximum_filter1d(right, 2 * slices + 1, axis=0, mode="nearest")
    out = np.zeros(bits.shape, dtype=bool)
    columns = np.arange(width)
    for k in range(depth):
        rows = np.flatnonzero(right[k] >= 0)
        if not len(rows):
            continue
        span = np.arange(rows[0], rows[-1] + 1)
        low = _envelope(rows, left[k, rows], span)
        high = -_envelope(rows, -right[k, rows], span)
        out[k, span] = (columns >= np.rint(low)[:, None]) & (columns <= np.rint(high)[:, None])
    return out


def _envelope(x: NDArray[np.integer], y: NDArray[np.integer], at: NDArray[np.integer]) -> NDArray[np.float64]:
    """Lower convex envelope of points, at other places between the first and the last."""
    chain: list[tuple[int, int]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2], chain[-1]
            if (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0) > 0:
                break
            chain.pop()
        chain.append(point)
    xs, ys = zip(*chain, strict=True)
    return np.interp(at, xs, ys)
