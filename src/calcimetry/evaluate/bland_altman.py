"""Differences of two methods: bias and limits of agreement."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["BlandAltman", "bland_altman"]


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """In the unit of the numbers: mean difference (second less first), its interval, and the 95 % limits.

    ``bias_interval95`` is the large-sample one (normal, not Student: wide enough from about 30 pairs on).
    """

    n: int
    bias: float
    bias_interval95: tuple[float, float]
    sd: float
    lower: float
    upper: float


def bland_altman(first: ArrayLike, second: ArrayLike) -> BlandAltman:
    """Bias and limits of agreement of paired numbers.

    Parameters
    ----------
    first, second : (n,) arrays
        The same things by two methods, n at least 2, no missing values.

    >>> found = bland_altman([1, 2, 3, 4], [2, 2, 4, 6])
    >>> found.bias, round(found.lower, 3), round(found.upper, 3)
    (1.0, -0.6, 2.6)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2 or not np.isfinite([a, b]).all():
        raise ValueError(f"two equally long series of numbers are needed, found shapes {a.shape} and {b.shape}")
    difference = b - a
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    z = NormalDist().inv_cdf(0.975)
    half = z * sd / float(np.sqrt(len(a)))
    return BlandAltman(len(a), bias, (bias - half, bias + half), sd, bias - z * sd, bias + z * sd)
