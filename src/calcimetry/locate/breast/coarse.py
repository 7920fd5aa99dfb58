"""The reduced image on which large things are found, and the part of it that was exposed at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.imaging.filters import gaussian

__all__ = ["Coarse", "enlarged", "left_over", "live_box", "reduced"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Coarse:
    """A reduced image: (row, column) means of ``step`` x ``step`` pixels, and the millimeters of one of them."""

    pixels: NDArray[np.float32]
    step: int
    mm: float

    def px(self, mm: float) -> int:
        """A length in whole pixels, at least one."""
        return max(1, round(mm / self.mm))


def left_over(shape: tuple[int, ...], step: int) -> tuple[int, int]:
    """Rows and columns before the first whole block: what is left over is shared by both sides.

    So a mirrored image has the mirrored blocks, but for one pixel where an odd number is left over.
    """
    return shape[0] % step // 2, shape[1] % step // 2


def reduced(pixels: NDArray[Any], step: int, mm: float) -> Coarse:
    """Block means; what is left over at the edges is repeated from the nearest whole block."""
    rows, columns = (n // step for n in pixels.shape)
    first = left_over(pixels.shape, step)
    pixels = pixels[first[0] :, first[1] :]
    # Whole lines first: they lie together in memory.
    lines = np.zeros((rows, columns * step), np.float32)
    for n in range(step):
        lines += pixels[n : rows * step : step, : columns * step]
    total = np.zeros((rows, columns), np.float32)
    for n in range(step):
        total += lines[:, n::step]
    return Coarse(np.asarray(total / (step * step), np.float32), step, mm)


def enlarged(mask: NDArray[Any], step: int, shape: tuple[int, int]) -> NDArray[Any]:
    """A mask of the reduced image on the grid of the whole one; left-over pixels take their neighbour's value."""
    rows, columns = (
        np.clip((np.arange(n) - first) // step, 0, most - 1)
        for n, first, most in zip(shape, left_over(shape, step), mask.shape, strict=True)
    )
    # (columns first, while there are few rows: whole rows are copied as they lie)
    return mask[:, columns][rows]


def live_box(pixels: NDArray[np.float32]) -> tuple[slice, slice]:
    """The rectangle that holds grey at all: outside it every pixel has the image's lowest value (padding).

    A line is dead where all but one in a hundred pixels are exactly the lowest value.
    """
    dead = pixels == pixels.min()
    found = []
    for axis in (1, 0):
        alive = np.flatnonzero(dead.mean(axis=axis) < 0.99)
        # Digital mammograms show air as the lowest value everywhere: their dead lines hold no cut.
        found.append(slice(int(alive[0]), int(alive[-1]) + 1) if alive.size else slice(0, pixels.shape[1 - axis]))
    return found[0], found[1]


def smooth(pixels: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian smoothing."""
    return gaussian(pixels, sigma, mode="nearest")
