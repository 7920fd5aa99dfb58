"""Agatston score: area of each piece of calcium times a factor from its peak, summed over slices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.pieces import Pieces, find_pieces
from calcimetry.measure.rule import Rule
from calcimetry.measure.rule import rule as preset

__all__ = ["agatston", "agatston_of", "density_factor"]


def density_factor(peak_hu: NDArray[np.float64], limits: VoltageLimits) -> NDArray[np.int64]:
    """Factor 0 to 4 of peaks [HU] -> [1].

    >>> from calcimetry.knowledge.tube_voltage import limits
    >>> density_factor(np.array([129.0, 130.0, 315.0, 400.0]), limits(120.0)).tolist()
    [0, 1, 3, 4]
    """
    return np.searchsorted(np.array(limits.steps_hu), peak_hu, side="right")


def agatston_of(
    pieces: Pieces,
    spacing_mm: tuple[float, float, float],
    rule: Rule,
    limits: VoltageLimits,
    thickness_mm: float | None = None,
) -> float:
    """Agatston score of pieces that were found under the same rule and limits [1]."""
    peak = pieces.object_peak_hu if rule.peak == "object" else pieces.peak_hu
    areas_mm2 = pieces.pixels * (spacing_mm[1] * spacing_mm[2])
    each = areas_mm2 * density_factor(peak, limits) * rule.slice_factor(spacing_mm[0], thickness_mm)
    each = each[pieces.kept]
    if rule.rounding == "object" and len(each):
        each = np.rint(np.bincount(pieces.object[pieces.kept], weights=each))
    return float(each.sum())


def agatston(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    rule: Rule | None = None,
    inside: NDArray[np.bool_] | None = None,
    *,
    limits: VoltageLimits | None = None,
    thickness_mm: float | None = None,
) -> float:
    """Agatston score of an array [1].

    Parameters
    ----------
    hu : (slice, row, column) integer or float
        Hounsfield units.
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    rule : Rule, optional
        How to count; the preset ``agatston-1990`` where not given.
    inside : (slice, row, column) bool, optional
        Only voxels here count.
    limits : VoltageLimits, optional
        From :func:`calcimetry.knowledge.tube_voltage.limits`; those of 120 kV where not given.
    thickness_mm : float, optional
        Slice thickness [mm], for rules that normalize by it.

    Raises
    ------
    ValueError
        Where no limits are published for the tube voltage.

    Examples
    --------
    Four pixels of 0.5 mm in one 3 mm slice, peak 250 HU: 1 mm² times 2.

    >>> hu = np.zeros((1, 4, 4)); hu[0, 1:3, 1:3] = 250
    >>> agatston(hu, (3.0, 0.5, 0.5))
    2.0

    References
    ----------
    Agatston AS et al., J Am Coll Cardiol 1990;15:827 (source ``agatston-1990``).
    """
    counting = rule or preset()
    applied = counting.at_kvp(120.0) if limits is None else counting.at(limits)
    if applied.refusal is not None:
        raise ValueError(f"no Agatston score: {applied.refusal}")
    pieces = find_pieces(hu, spacing_mm, counting, applied, inside)
    return agatston_of(pieces, spacing_mm, counting, applied, thickness_mm)
