"""95 % intervals of the size of a spot on a projection.

What is claimed: of spots that were found and outlined by ``detect``, the interval holds the truth for about 95 %. Truth
is the size of the particle itself, before any blur. The ends are quantiles of truth over measured, of simulated
particles on images that the outlines were not fitted on, by size in pixels and height over the noise (table
``projections/sizes``, written by ``tools/fit_sizes.py``). Particles with an edge that is no edge (amorphous ones) and
neighbors that touch are outside the claim, and so is a wrong size of the pixel.
"""

from __future__ import annotations

from bisect import bisect_left

from calcimetry.knowledge.load import table

__all__ = ["TABLE", "size_interval"]

TABLE = "projections/sizes"


def size_interval(name: str, value: float, across_px: float, snr: float) -> tuple[float, float]:
    """Interval of ``diameter`` (largest), ``diameter_mean`` or ``area`` of one spot, in the unit of the value.

    Parameters
    ----------
    name : str
    value : float
        As measured.
    across_px : float
        Diameter of the circle of the same area [px].
    snr : float
        Height over the noise around.

    >>> low, high = size_interval("diameter_mean", 0.5, 5.0, 12.0)
    >>> 0.3 < low < 0.5 < high < 0.8
    True
    """
    values = table(TABLE)
    rows = values["diameter_mean" if name == "area" else name]
    k, m = bisect_left(values["across_px"], across_px), bisect_left(values["snr"], snr)
    # An area goes with the square of its mean diameter.
    power = 2 if name == "area" else 1
    return value * rows["low"][k][m] ** power, value * rows["high"][k][m] ** power
