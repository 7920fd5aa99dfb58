"""Calcified volume after linear interpolation to isotropic voxels. Never mixed with the voxel volume."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.pieces import find_pieces, meets
from calcimetry.measure.rule import Rule
from calcimetry.measure.rule import rule as preset
from calcimetry.measure.volume import volume_mm3_of

__all__ = ["volume_isotropic_mm3"]

_SLAB_VOXELS = 1 << 22
"""Interpolated voxels held at a time, for a rule that counts slice by slice."""
_BELOW_HU = 1.0
"""Calcium of a neighbouring region counts as this much below the threshold [HU], so that regions do not mix."""


def volume_isotropic_mm3(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    rule: Rule | None = None,
    inside: NDArray[np.bool_] | None = None,
    *,
    limits: VoltageLimits | None = None,
    voxel_mm: float | None = None,
) -> float:
    """Calcified volume [mm³] counted in isotropic voxels, with the minimum size of the rule.

    Parameters
    ----------
    hu : (slice, row, column) integer or float
        Should reach one voxel beyond the calcium, else the outer half voxel is taken as constant.
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    rule, inside, limits
        As for :func:`calcimetry.measure.agatston`. Neighbours below the threshold take part in the interpolation
        wherever they lie; calcium outside ``inside`` does not.
    voxel_mm : float, optional
        Side of the isotropic voxel [mm]; the smaller pixel pitch where not given.

    Examples
    --------
    A block of 3 mm between two empty slices grows or shrinks with its density:

    >>> hu = np.zeros((3, 6, 6)); hu[1, 1:5, 1:5] = 260
    >>> volume_isotropic_mm3(hu, (3.0, 0.5, 0.5))
    14.0
    >>> hu[1, 1:5, 1:5] = 520
    >>> volume_isotropic_mm3(hu, (3.0, 0.5, 0.5))
    18.0

    References
    ----------
    Callister TQ et al., Radiology 1998;208:807 (source ``callister-1998``); against the voxel volume it was
    30 % lower on average (source ``van-ooijen-2005``).
    """
    counting = rule or preset()
    applied = counting.at_kvp(120.0) if limits is None else counting.at(limits)
    side = min(spacing_mm[1], spacing_mm[2]) if voxel_mm is None else voxel_mm
    values = hu.astype(np.float64)
    if inside is not None:
        foreign = meets(values, applied.threshold_hu, counting.comparison) & ~inside
        values[foreign] = applied.threshold_hu - _BELOW_HU
    for axis in (1, 2):
        if abs(spacing_mm[axis] - side) > 1e-9:
            values = _linear(values, axis, _positions(hu.shape[axis], spacing_mm[axis], side))
    heights = _positions(hu.shape[0], spacing_mm[0], side)
    plane = max(values.shape[1] * values.shape[2], 1)
    step = max(1, _SLAB_VOXELS // plane) if counting.dimensions == 2 and not _in_space(counting) else len(heights)
    iso = (side, side, side)
    total = 0.0
    for start in range(0, len(heights), step):
        slab = _linear(values, 0, heights[start : start + step])
        total += volume_mm3_of(find_pieces(slab, iso, counting, applied), iso)
    return total


def _in_space(rule: Rule) -> bool:
    return any(minimum.unit in ("mm3", "voxels") for minimum in rule.minimum)


def _positions(count: int, pitch_mm: float, side_mm: float) -> NDArray[np.float64]:
    """Sample positions in voxels: the first centre is one of them, and the outer half voxels are covered."""
    ratio = side_mm / pitch_mm
    before = max(0, int(np.floor(0.5 / ratio - 0.5 + 1e-9)))
    after = max(0, int(np.floor((count - 0.5) / ratio - 0.5 + 1e-9)))
    return np.arange(-before, after + 1, dtype=np.float64) * ratio


def _linear(values: NDArray[np.float64], axis: int, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    last = values.shape[axis] - 1
    where = np.clip(positions, 0.0, last)
    lower = np.minimum(where.astype(np.int64), max(last - 1, 0))
    shape = [1] * values.ndim
    shape[axis] = len(where)
    weight = (where - lower).reshape(shape)
    a = values.take(lower, axis)
    b = values.take(np.minimum(lower + 1, last), axis)
    return np.asarray(a + (b - a) * weight)
