"""Which of several sources is nearest on a way through tissue, where some tissue is hard to cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_source"]

F32 = NDArray[np.float32]


def nearest_source(
    cost: F32, mm: tuple[float, float, float], source: NDArray[np.uint8], start: dict[int, float], *, rounds: int = 3
) -> NDArray[np.uint8]:
    """Label of the source that is reached most cheaply from each voxel (slice, row, column).

    Ways run along the axes of the grid, which are swept forth and back; a few rounds reach round corners.

    Parameters
    ----------
    cost : (slice, row, column) float32
        Price of a mm.
    mm : (float, float, float)
        Spacing.
    source : (slice, row, column) uint8
        Labels of the sources, 0 elsewhere.
    start : dict
        Label -> what it has to pay at its source; labels without an entry pay nothing.
    rounds : int
        How often all axes are swept.
    """
    price = np.full(source.shape, np.inf, dtype=np.float32)
    price[source > 0] = 0.0
    for name, handicap in start.items():
        price[source == name] = handicap
    nearest = source.copy()
    for _ in range(rounds):
        for axis in (1, 2, 0):
            here, label, toll = np.moveaxis(price, axis, 0), np.moveaxis(nearest, axis, 0), np.moveaxis(cost, axis, 0)
            _sweep(here, label, toll, mm[axis])
            _sweep(here[::-1], label[::-1], toll[::-1], mm[axis])
    return nearest


def _sweep(price: F32, label: NDArray[np.uint8], cost: F32, mm: float) -> None:
    half = np.float32(mm / 2.0)
    for n in range(1, len(price)):
        come = price[n - 1] + (cost[n - 1] + cost[n]) * half
        better = come < price[n]
        np.copyto(price[n], come, where=better)
        np.copyto(label[n], label[n - 1], where=better)
