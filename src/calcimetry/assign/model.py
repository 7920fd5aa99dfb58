"""The fitted decision: a small network as plain numbers, evaluated with numpy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from calcimetry.assign.classes import CLASSES
from calcimetry.core.errors import KnowledgeError

__all__ = ["NEARNESS", "Model", "load", "nearness", "shipped"]

F64 = NDArray[np.float64]
FILE = "model.json"
SCHEMA = "calcimetry-assign/1"

NEARNESS = {
    "left_main": ("left_main_mm", 6.0),
    "left_anterior_descending": ("left_anterior_descending_mm", 6.0),
    "left_circumflex": ("left_circumflex_mm", 6.0),
    "right_coronary": ("right_coronary_mm", 6.0),
    "ascending": ("ascending_mm", 4.0),
    "arch": ("arch_mm", 4.0),
    "descending": ("descending_mm", 4.0),
    "abdominal": ("abdominal_mm", 4.0),
    "great_vessel": ("great_mm", 6.0),
}
"""Class -> the distance [mm] that speaks against it, and its spread [mm], about that of the landmark.

Log-odds fall with the square of distance over spread. The network is fitted on top: what it never saw is still judged
by nearness."""
_FREE_MM, _MOST, _MISSING = 2.0, 12.0, 2.0
"""Nearer than the first [mm] costs nothing; at most so much; and so much where the vessel was not found."""


def nearness(names: Sequence[str], features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(pieces, classes): log-odds by distance alone, 0 or less, of features (pieces, features) with these names."""
    out = np.zeros((len(features), len(CLASSES)))
    at = {name: n for n, name in enumerate(names)}
    for number, one in enumerate(CLASSES):
        if one.name not in NEARNESS:
            continue
        feature, scale_mm = NEARNESS[one.name]
        if feature not in at:
            out[:, number] = -_MISSING
            continue
        away = features[:, at[feature]]
        cost = np.minimum(np.maximum((away - _FREE_MM) / scale_mm, 0.0) ** 2, _MOST)
        out[:, number] = -np.where(np.isfinite(away), cost, _MISSING)
    return out


@dataclass(frozen=True, eq=False)
class Model:
    """Several networks of one hidden layer whose answers are averaged.

    Parameters
    ----------
    names : tuple of str
        Features, in order.
    mean, scale : (features,)
        What a feature is brought to; a missing feature (NaN) becomes the mean, and raises no flag of its own.
    layers : tuple of networks
        Each a tuple of (weights (in, out), bias (out,)).
    """

    names: tuple[str, ...]
    mean: F64
    scale: F64
    layers: tuple[tuple[tuple[F64, F64], ...], ...]

    def probabilities(self, features: F64) -> F64:
        """(pieces, classes) of (pieces, features); rows sum to 1."""
        near = nearness(self.names, features)
        x = (features - self.mean) / self.scale
        x = np.clip(np.where(np.isfinite(x), x, 0.0), -5.0, 5.0)
        total = np.zeros((len(x), len(CLASSES)))
        for network in self.layers:
            hidden = x
            for number, (weights, bias) in enumerate(network):
                hidden = hidden @ weights + bias
                if number + 1 < len(network):
                    hidden = np.maximum(hidden, 0.0)
            hidden = hidden + near
            hidden -= hidden.max(axis=1, keepdims=True)
            odds = np.exp(hidden)
            total += odds / odds.sum(axis=1, keepdims=True)
        return np.asarray(total / len(self.layers))


def load(text: str) -> Model:
    """A model from its JSON text.

    Raises
    ------
    KnowledgeError
        Not such a file, or made for other classes than these.
    """
    try:
        values = json.loads(text)
        classes = tuple(values["classes"])
        if values["schema"] != SCHEMA or classes != tuple(one.name for one in CLASSES):
            raise KeyError("schema or classes")
        layers = tuple(
            tuple((np.array(layer["weights"], dtype=np.float64), np.array(layer["bias"])) for layer in network)
            for network in values["networks"]
        )
        model = Model(tuple(values["features"]), np.array(values["mean"]), np.array(values["scale"]), layers)
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"assign/{FILE}: {error}") from error
    for network in model.layers:
        width = len(model.names)
        for weights, bias in network:
            if weights.shape != (width, len(bias)) or not np.isfinite(weights).all() or not np.isfinite(bias).all():
                raise KnowledgeError(f"assign/{FILE}: layers do not fit each other")
            width = len(bias)
        if width != len(CLASSES):
            raise KnowledgeError(f"assign/{FILE}: {width} answers for {len(CLASSES)} classes")
    return model


@cache
def shipped() -> Model:
    """The model that ships."""
    return load(resources.files("calcimetry.assign").joinpath(FILE).read_text("utf-8"))
