"""Area of a lesion in its slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest_area_mm2", "total_area_mm2"]


def largest_area_mm2(inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Area [mm²] in the slice where it is largest.

    >>> largest_area_mm2(np.array([[[True, True]], [[True, False]]]), (3.0, 0.5, 0.5))
    0.5
    """
    return float(inside.sum(axis=(1, 2)).max(initial=0)) * spacing_mm[1] * spacing_mm[2]


def total_area_mm2(inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Sum of the areas [mm²] over all slices.

    >>> total_area_mm2(np.array([[[True, True]], [[True, False]]]), (3.0, 0.5, 0.5))
    0.75
    """
    return float(np.count_nonzero(inside)) * spacing_mm[1] * spacing_mm[2]
