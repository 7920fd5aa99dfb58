"""Values of interest -> brightness, as DICOM defines it (PS3.3, C.11.2): windows and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["lookup", "window"]


def window(values: NDArray[Any], center: float, width: float, function: str = "linear") -> NDArray[np.float32]:
    """Brightness 0 to 1.

    ``linear`` has the half pixel offsets of the standard (width 1 is a threshold at center - 0.5); ``linear_exact`` has
    none; ``sigmoid`` has no ends.

    >>> window(np.array([0, 50, 100]), 50, 100, "linear_exact").tolist()
    [0.0, 0.5, 1.0]
    >>> window(np.array([50, 51]), 50.5, 1).tolist()
    [0.0, 1.0]
    """
    x = np.asarray(values, np.float32)
    if function == "sigmoid":
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - center) / max(width, 1e-6), -60, 60))), np.float32)
    if function == "linear":
        center, width = center - 0.5, width - 1.0
    if width <= 0:
        return np.asarray(x >= center if function == "linear_exact" else x > center, np.float32)
    return np.asarray(np.clip((x - center) / width + 0.5, 0.0, 1.0), np.float32)


def lookup(values: NDArray[Any], first: float, table: NDArray[Any]) -> NDArray[Any]:
    """Entry of ``table`` for each value; values before ``first`` take the first entry, later ones the last.

    >>> lookup(np.array([9, 10, 12, 99]), 10, np.array([5, 6, 7])).tolist()
    [5, 5, 7, 7]
    """
    index = np.clip(np.rint(np.asarray(values) - first), 0, len(table) - 1).astype(np.intp)
    return table[index]
