"""Calcium mass by threshold: calibration factor times mean HU times volume of what the rule counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.calibration import Calibration
from calcimetry.measure.pieces import Pieces, find_pieces
from calcimetry.measure.rule import Rule
from calcimetry.measure.rule import rule as preset

__all__ = ["mass_mg", "mass_mg_of"]

_CM3_PER_MM3 = 1e-3


def mass_mg_of(pieces: Pieces, spacing_mm: tuple[float, float, float], calibration: Calibration) -> float:
    """Mass [mg] of the pieces that are kept."""
    voxel_cm3 = spacing_mm[0] * spacing_mm[1] * spacing_mm[2] * _CM3_PER_MM3
    return float(pieces.sum_hu[pieces.kept].sum()) * voxel_cm3 * calibration.mg_cm3_per_hu


def mass_mg(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    calibration: Calibration,
    rule: Rule | None = None,
    inside: NDArray[np.bool_] | None = None,
    *,
    limits: VoltageLimits | None = None,
) -> float:
    """Calcium mass of an array [mg hydroxyapatite].

    Parameters
    ----------
    hu : (slice, row, column) integer or float
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    calibration : Calibration
        From a rod, stated, or nominal.
    rule, inside, limits
        As for :func:`calcimetry.measure.agatston`.

    Examples
    --------
    Mean 300 HU in 50 mm³ at 0.769 mg/cm³ per HU:

    >>> from calcimetry.measure.calibration import stated
    >>> round(mass_mg(np.full((2, 5, 5), 300), (1.0, 1.0, 1.0), stated(0.769)), 2)
    11.54

    References
    ----------
    McCollough CH et al., Radiology 2007;243:527 (source ``mccollough-2007``). On partial volume it overestimates
    dense lesions and misses thin ones: see :func:`calcimetry.measure.integrated_mass_mg`.
    """
    counting = rule or preset()
    applied = counting.at_kvp(120.0) if limits is None else counting.at(limits)
    return mass_mg_of(find_pieces(hu, spacing_mm, counting, applied, inside), spacing_mm, calibration)
