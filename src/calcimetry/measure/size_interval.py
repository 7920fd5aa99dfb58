"""95 % intervals of sizes on a projection: of spots, and of the extent of a group.

What is claimed: of spots that were found and outlined by ``detect``, the interval holds the truth for about 95 %. Truth
is the size of the particle itself, before any blur. The ends are quantiles of truth over measured, of simulated
particles on images that the outlines were not fitted on, by size in pixels and height over the noise (table
``projections/sizes``, written by ``tools/fit_sizes.py``). Particles with an edge that is no edge (amorphous ones) and
neighbors that touch are outside the claim, and so is a wrong size of the pixel. What ``describe`` says to be amorphous
has none; neighbors that touch are not told from one particle, and have one.

The extent of a group is off by what the search misses and by what it adds. Its ends are quantiles of truth over
measured in simulated mammograms (table ``projections/extents``, written by ``tools/fit_extents.py``), of groups that
were reported, are one, and are said to be ``grouped``. Of a pattern that is wider the reported groups are pieces: they
have none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from calcimetry.core.group import Group
from calcimetry.core.measurement import Measurement
from calcimetry.knowledge.load import table

__all__ = ["TABLES", "size_interval", "with_extents"]

SIZES, EXTENTS = "projections/sizes", "projections/extents"
TABLES = (SIZES, EXTENTS)


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
    values = table(SIZES)
    rows = values["diameter_mean" if name == "area" else name]
    k, m = bisect_left(values["across_px"], across_px), bisect_left(values["snr"], snr)
    # An area goes with the square of its mean diameter.
    power = 2 if name == "area" else 1
    return value * rows["low"][k][m] ** power, value * rows["high"][k][m] ** power


def with_extents(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Reported groups that are ``grouped`` with the interval of their ``extent``, where that is in millimeters."""
    return tuple(_with_extent(group) for group in groups)


def _with_extent(group: Group) -> Group:
    held = group.measures.get("extent")
    if not group.reported or group.distribution != "grouped":
        return group
    if held is None or held.value is None or held.unit != "mm":
        return group
    rows = table(EXTENTS)["extent"]
    count = group.measures.get("count")
    k = bisect_right(rows["members"], len(group.lesions) if count is None or count.value is None else count.value)
    ends = (held.value * rows["low"][k], held.value * rows["high"][k])
    return replace(group, measures={**group.measures, "extent": Measurement(held.value, "mm", ends, held.method)})
