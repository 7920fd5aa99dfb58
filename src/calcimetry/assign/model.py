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
from calcimetry.imaging.networks import Network, networks_of, output

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
    """Several networks whose answers are averaged.

    Parameters
    ----------
    names : tuple of str
        Features, in order.
    mean, scale : (features,)
        What a feature is brought to; a missing feature (NaN) becomes the mean, and raises no flag of its own.
    networks : tuple of networks
    """

    names: tuple[str, ...]
    mean: F64
    scale: F64
    networks: tuple[Network, ...]

    def probabilities(self, features: F64) -> F64:
        """(pieces, classes) of (pieces, features); rows sum to 1."""
        near = nearness(self.names, features)
        x = (features - self.mean) / self.scale
        x = np.clip(np.where(np.isfinite(x), x, 0.0), -5.0, 5.0)
        total = np.zeros((len(x), len(CLASSES)))
        for network in self.networks:
            hidden = output(network, x) + near
            hidden -= hidden.max(axis=1, keepdims=True)
            odds = np.exp(hidden)
            total += odds / odds.sum(axis=1, keepdims=True)
        return np.asarray(total / len(self.networks))


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
        names = tuple(values["features"])
        networks = networks_of(values["networks"], len(names), len(CLASSES))
        return Model(names, np.array(values["mean"]), np.array(values["scale"]), networks)
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"assign/{FILE}: {error}") from error


@cache
def shipped() -> Model:
    """The model that ships."""
    return load(resources.files("calcimetry.assign").joinpath(FILE).read_text("utf-8"))
