"""Density score: the mean density factor of the plaque, 1 to 4. Reported, never graded."""

from __future__ import annotations

__all__ = ["density_score"]


def density_score(agatston: float, volume_mm3: float, increment_mm: float, slice_factor: float = 1.0) -> float | None:
    """Agatston score divided by the plaque area [1]; ``None`` where there is no calcium.

    Parameters
    ----------
    agatston : float
        Agatston score [1].
    volume_mm3 : float
        Voxel volume [mm³] under the same rule.
    increment_mm : float
        Slice increment [mm]: area is volume / increment.
    slice_factor : float
        Factor of the slice normalization that the score carries; it is taken out again.

    Examples
    --------
    >>> density_score(120.0, 180.0, 3.0)
    2.0

    References
    ----------
    Criqui MH et al., JAMA 2014;311:271 (source ``criqui-2014``).
    """
    if volume_mm3 <= 0:
        return None
    return agatston / slice_factor / (volume_mm3 / increment_mm)
