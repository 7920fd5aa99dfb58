"""Whether places lie along a line that may fork: a duct and a branch of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["forked"]

F64 = NDArray[np.float64]
_MOST = 60
"""More places than these make no line."""


def forked(places_mm: F64, within_mm: float) -> tuple[float, int, float]:
    """How far two straight lines account for all places.

    Parameters
    ----------
    places_mm : (n, 2)
    within_mm : float
        Distance from a line up to which a place lies on it.

    Returns
    -------
    share : float
        Share of the places that lie on one of the two.
    spare : int
        Places on them beyond the four that two lines always go through.
    span_mm : float
        Length of the first one.

    Examples
    --------
    >>> t = np.arange(6.0)
    >>> fork = np.concatenate([np.stack([0 * t, 2 * t], axis=1), np.stack([t[1:4], 10 + 2 * t[1:4]], axis=1)])
    >>> forked(fork, 0.5)
    (1.0, 5, 10.0)
    """
    if not 4 < len(places_mm) <= _MOST:
        return 0.0, 0, 0.0
    first, span = _best_line(places_mm, within_mm)
    rest = places_mm[~first]
    second = _best_line(rest, within_mm)[0] if len(rest) >= 2 else np.ones(len(rest), bool)
    on = int(first.sum() + second.sum())
    return on / len(places_mm), on - 4, span


def _best_line(places: F64, within: float) -> tuple[NDArray[np.bool_], float]:
    """Places on the line through two of them that most lie on, the closest of several, and their span."""
    i, j = np.triu_indices(len(places), 1)
    run = places[j] - places[i]
    length = np.maximum(np.hypot(*run.T), 1e-9)
    normal = np.stack([-run[:, 1], run[:, 0]], axis=1) / length[:, None]
    off = np.abs(normal @ places.T - (normal * places[i]).sum(axis=1)[:, None])
    on = off <= within
    best = int(np.lexsort(((off * on).sum(axis=1), -on.sum(axis=1)))[0])
    t = places[on[best]] @ (run[best] / length[best])
    return np.asarray(on[best]), float(np.ptp(t))
