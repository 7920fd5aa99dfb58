"""Calcified volume: voxels that the rule counts times the volume of a voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.pieces import Pieces, find_pieces
from calcimetry.measure.rule import Rule
from calcimetry.measure.rule import rule as preset

__all__ = ["volume_mm3", "volume_mm3_of"]


def volume_mm3_of(pieces: Pieces, spacing_mm: tuple[float, float, float]) -> float:
    """Volume [mm³] of the pieces that are kept."""
    return float(pieces.pixels[pieces.kept].sum()) * spacing_mm[0] * spacing_mm[1] * spacing_mm[2]


def volume_mm3(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    rule: Rule | None = None,
    inside: NDArray[np.bool_] | None = None,
    *,
    limits: VoltageLimits | None = None,
) -> float:
    """Calcified volume of an array [mm³], with the minimum size of the rule.

    Where ``limits`` carries a refusal (tube voltage unknown or not published) the volume is still given, at its
    threshold: "at 130 HU, not adapted".

    Parameters
    ----------
    hu : (slice, row, column) integer or float
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    rule, inside, limits
        As for :func:`calcimetry.measure.agatston`.

    Examples
    --------
    >>> hu = np.zeros((1, 4, 4)); hu[0, 1:3, 1:3] = 250
    >>> volume_mm3(hu, (3.0, 0.5, 0.5))
    3.0
    """
    counting = rule or preset()
    applied = counting.at_kvp(120.0) if limits is None else counting.at(limits)
    return volume_mm3_of(find_pieces(hu, spacing_mm, counting, applied, inside), spacing_mm)
