"""The word for the form of a whole group, from the forms of its members."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.word import Word
from calcimetry.describe.model import FormModel
from calcimetry.describe.settings import MorphologySettings
from calcimetry.describe.shape import SHAPE
from calcimetry.knowledge.breast_words import ROUND, suspicious, typically_benign

__all__ = ["group_input_names", "group_inputs", "morphology"]

F64 = NDArray[np.float64]

_LEVELS = (
    "diameter_mm",
    "length_mm",
    "width_mm",
    "thickness_mm",
    "elongation",
    "long_sd_mm",
    "short_sd_mm",
    "circularity",
    "solidity",
    "roughness",
    "contrast",
    "unevenness",
    "edge_mm",
    "halo",
)
"""Numbers of particles of which a group's quartiles are looked at."""
_VARIED = ("diameter_mm", "length_mm", "elongation", "contrast", "solidity")
"""Numbers of which the group's variety is looked at: pleomorphic means that no particle is like the other."""


@cache
def group_input_names() -> tuple[str, ...]:
    """What the fitted model of groups takes, in order.

    Mean and upper quartile of the particles' probabilities, quartiles and variety of their forms.
    """
    return (
        *(f"share_{word}" for word in _shared()),
        *(f"upper_{word}" for word in _shared()),
        *(f"{name}_{level}" for name in _LEVELS for level in ("low", "median", "high")),
        *(f"{name}_variety" for name in _VARIED),
        "count",
        "pixel_mm",
    )


def _shared() -> tuple[str, ...]:
    """Words of particles whose probabilities the model of groups takes."""
    return (ROUND, *suspicious(), "none")


def group_inputs(rows: F64, shares: F64, classes: Sequence[str], weights: F64, pixel_mm: float) -> F64:
    """Inputs of one group.

    Parameters
    ----------
    rows : (particle, SHAPE)
    shares : (particle, classes)
        Probabilities of the particles' words.
    weights : (particle,)
        How sure each is calcium.
    pixel_mm : float
    """
    weights = weights / weights.sum()
    own = shares[:, [list(classes).index(word) for word in _shared()]]
    columns = [SHAPE.index(name) for name in _LEVELS]
    quartiles = np.stack([_quantile(rows[:, columns], weights, q) for q in (0.25, 0.5, 0.75)], axis=1)
    varied = np.log(np.maximum(rows[:, [SHAPE.index(name) for name in _VARIED]], 1e-3))
    variety = np.sqrt(weights @ (varied - weights @ varied) ** 2)
    return np.concatenate(
        [
            weights @ own,
            _quantile(own, weights, 0.75),
            quartiles.ravel(),
            variety,
            [float(len(rows)), pixel_mm],
        ]
    )


def _quantile(values: F64, weights: F64, q: float) -> F64:
    """Weighted quantile of each column."""
    order = np.argsort(values, axis=0)
    out = np.empty(values.shape[1])
    for n in range(values.shape[1]):
        total = np.cumsum(weights[order[:, n]])
        out[n] = np.interp(q, total - 0.5 * weights[order[:, n]], values[order[:, n], n])
    return out


def morphology(
    rows: F64, words: Sequence[dict[str, float]], shares: F64, weights: F64, pixel_mm: float, model: FormModel,
    settings: MorphologySettings,
) -> tuple[Word, ...]:  # fmt: skip
    """Words of one group, the likeliest first.

    Typically benign only where all particles are: the odd one is weighed over all, more than that makes the group
    suspicious.

    Parameters
    ----------
    rows, shares, weights, pixel_mm : see :func:`group_inputs`
    words : sequence of dict
        Final probabilities of each particle's words.
    """
    weights = weights / weights.sum()
    inputs = group_inputs(rows, shares, model.particle.classes, weights, pixel_mm)
    fitted = dict(zip(model.group.classes, model.group.probabilities(inputs[None])[0], strict=True))
    benign = np.array([sum(one.get(word, 0.0) for word in typically_benign()) for one in words])
    large = float(weights @ benign)
    probability = dict.fromkeys((*typically_benign(), ROUND, *suspicious()), 0.0)
    # What the group's form leaves to fitted words of small particles, and to those of large benign ones.
    for word, value in fitted.items():
        probability[word] += (1 - large) * float(value)
    for one, weight in zip(words, weights, strict=True):
        for word in typically_benign():
            probability[word] += float(weight) * one.get(word, 0.0)
    because = _because(rows, weights, large)
    made = [Word(name, round(value, 4), because) for name, value in probability.items() if value >= 0.005]
    return tuple(sorted(made, key=lambda word: -word.probability))


def _because(rows: F64, weights: F64, large: float) -> dict[str, float]:
    names = ("diameter_mm", "elongation", "circularity", "contrast", "edge_mm")
    middle = _quantile(rows[:, [SHAPE.index(name) for name in names]], weights, 0.5)
    out = {f"median_{name}": round(float(value), 3) for name, value in zip(names, middle, strict=True)}
    sizes = np.log(np.maximum(rows[:, SHAPE.index("diameter_mm")], 1e-3))
    out["variety_of_size"] = round(float(np.sqrt(weights @ (sizes - weights @ sizes) ** 2)), 3)
    return out | {"share_large_benign": round(large, 3), "count": float(len(rows))}
