"""Which of the four arteries: what the network says, held against the courses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.assign.classes import CLASSES
from calcimetry.assign.place import ARTERIES

__all__ = ["by_course"]

F64 = NDArray[np.float64]

_FAR = 12.0


def by_course(probabilities: F64, names: Sequence[str], features: F64, *, trust: float, course_mm: float) -> F64:
    """Share the probability of the arteries out anew; their sum, and all else, stays.

    Near the fork three courses lie within millimetres, and a network that was fitted on simulated persons leans on how
    these are built. On persons it had not seen, halving its say beside the courses' own cost nothing.

    Parameters
    ----------
    probabilities : (pieces, classes) float64
    names : sequence of str
        Of the features.
    features : (pieces, features) float64
        With the distances from the courses [mm].
    trust : float
        Power to which the network's shares are raised.
    course_mm : float
        Spread of a course [mm]: a share falls with the square of the distance over it.
    """
    mine = [n for n, one in enumerate(CLASSES) if one.name in ARTERIES]
    at = {name: n for n, name in enumerate(names)}
    if any(f"{CLASSES[n].name}_mm" not in at for n in mine):
        return probabilities
    away = features[:, [at[f"{CLASSES[n].name}_mm"] for n in mine]]
    shares = probabilities[:, mine]
    whole = shares.sum(axis=1, keepdims=True)
    log = trust * np.log(np.maximum(shares / np.maximum(whole, 1e-12), 1e-6))
    cost = np.minimum(0.5 * (away / course_mm) ** 2, _FAR)
    log = log - np.where(np.isfinite(away), cost, _FAR)
    anew = np.exp(log - log.max(axis=1, keepdims=True))
    anew /= anew.sum(axis=1, keepdims=True)
    out = probabilities.copy()
    # Where no course was found the network speaks alone.
    found = np.isfinite(away).any(axis=1)
    out[np.ix_(found, np.array(mine))] = (anew * whole)[found]
    return np.asarray(out)
