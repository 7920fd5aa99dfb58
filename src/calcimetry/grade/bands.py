"""From a number to its class: half-open bands on the unrounded value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from calcimetry.grade.scales import Band

__all__ = ["place", "reach"]


def place(value: float, bands: Sequence[Band]) -> Band:
    """The band that holds a value.

    Parameters
    ----------
    value : float
        Unrounded; rounding before placing moves people across limits.
    bands : sequence of Band
        Without gap or overlap, as loaded.

    Raises
    ------
    ValueError
        The value is negative or no number: a defect upstream, never a class.

    >>> from calcimetry.grade.scales import scale
    >>> [place(v, scale("rumberger").editions[0].groups[0].bands).category for v in (0, 0.4, 10, 10.5)]
    ['none', 'minimal', 'minimal', 'mild']
    """
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"a score cannot be {value}")
    return next(band for band in bands if band.holds(value))


def reach(interval: tuple[float, float], bands: Sequence[Band]) -> tuple[Band, ...]:
    """All bands that a 95 % interval touches, lowest first.

    >>> from calcimetry.grade.scales import scale
    >>> [b.category for b in reach((80, 120), scale("cac_drs").editions[0].groups[0].bands)]
    ['A1', 'A2']
    """
    low, high = place(max(0.0, interval[0]), bands), place(max(0.0, interval[1]), bands)
    return tuple(bands[list(bands).index(low) : list(bands).index(high) + 1])
