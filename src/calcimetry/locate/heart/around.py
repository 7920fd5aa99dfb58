"""What lies around a line through the slices: shares of tissue in sectors beside a vessel, slice by slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.locate.heart.frame import Frame

__all__ = ["mean_between", "sector_share"]

F64 = NDArray[np.float64]


def sector_share(
    frame: Frame,
    slices: NDArray[np.intp],
    row: F64,
    column: F64,
    ring_mm: tuple[F64, F64],
    angle_deg: tuple[float, float],
    hu: tuple[float, float],
) -> F64:
    """Share of samples between two CT numbers in a sector of a ring, for each slice.

    Angles turn from the patient's left (0) over the back (90). Samples lie 2 mm apart along the radius, 8 degrees
    apart around; those outside the frame count as not between.
    """
    inner, outer = ring_mm
    steps = np.linspace(0.0, 1.0, 6)
    radius = inner[:, None] + (outer - inner)[:, None] * steps
    turn = np.radians(np.arange(angle_deg[0], angle_deg[1] + 1e-6, 8.0))
    j = row[:, None, None] + radius[:, :, None] * np.sin(turn) / frame.mm[1]
    i = column[:, None, None] + radius[:, :, None] * np.cos(turn) / frame.mm[2]
    jj, ii = np.rint(j).astype(int), np.rint(i).astype(int)
    inside = (jj >= 0) & (jj < frame.shape[1]) & (ii >= 0) & (ii < frame.shape[2])
    kk = np.broadcast_to(slices[:, None, None], jj.shape)
    value = frame.hu[kk, np.clip(jj, 0, frame.shape[1] - 1), np.clip(ii, 0, frame.shape[2] - 1)]
    weight = np.broadcast_to(radius[:, :, None], value.shape)
    hit = (value > hu[0]) & (value < hu[1]) & inside
    return np.asarray((hit * weight).sum(axis=(1, 2)) / weight.sum(axis=(1, 2)))


def mean_between(values: F64, step_mm: float, below_mm: float, above_mm: float) -> F64:
    """For each slice (from the head down) the mean of the values from ``below_mm`` to ``above_mm`` above it.

    Negative is below. Ranges are cut at the ends.

    >>> mean_between(np.array([4.0, 2.0, 0.0]), 1.0, 0.0, 1.0).tolist()
    [4.0, 3.0, 1.0]
    """
    count = len(values)
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(count)
    first = np.clip(np.rint(at - above_mm / step_mm), 0, count - 1).astype(int)
    last = np.clip(np.rint(at - below_mm / step_mm), 0, count - 1).astype(int) + 1
    return np.asarray((total[last] - total[first]) / (last - first))
