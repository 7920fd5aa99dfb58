"""The fitted decision on form: small networks as plain numbers, evaluated with numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import KnowledgeError
from calcimetry.imaging.networks import Network, networks_of, output, squeezed

__all__ = ["SCHEMA", "Classifier", "FormModel", "load", "shipped"]

F64 = NDArray[np.float64]
FILE = "model.json"
SCHEMA = "calcimetry-breast-words/2"


@dataclass(frozen=True, eq=False)
class Classifier:
    """Several networks with the same inputs and answers, whose probabilities are averaged.

    Parameters
    ----------
    inputs, classes : tuple of str
        In order.
    mean, scale : (inputs,)
        What an input is brought to after :func:`squeezed`.
    networks : tuple of networks
    """

    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    mean: F64
    scale: F64
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Classifier:
        """From plain numbers; raises what :func:`calcimetry.imaging.networks.networks_of` does."""
        inputs, classes = tuple(values["inputs"]), tuple(values["classes"])
        networks = networks_of(values["networks"], len(inputs), len(classes))
        if not networks:
            raise ValueError("no network")
        mean, scale = np.array(values["mean"], np.float64), np.array(values["scale"], np.float64)
        if mean.shape != (len(inputs),) or scale.shape != mean.shape or not (scale > 0).all():
            raise ValueError("mean and scale do not fit the inputs")
        return cls(inputs, classes, mean, scale, networks)

    def beyond(self, values: NDArray[Any]) -> F64:
        """Greatest distance (things,) of an input from the mean of what was learned from, in its deviations."""
        return np.asarray(np.abs((squeezed(values) - self.mean) / self.scale).max(axis=1))

    def probabilities(self, values: NDArray[Any]) -> F64:
        """(things, classes) of (things, inputs); each row adds up to 1."""
        x = np.clip((squeezed(values) - self.mean) / self.scale, -4.0, 4.0)
        total = np.zeros((len(x), len(self.classes)))
        for network in self.networks:
            logits = output(network, x)
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            total += odds / odds.sum(axis=1, keepdims=True)
        return np.asarray(total / len(self.networks))


@dataclass(frozen=True, eq=False)
class FormModel:
    """All that was fitted: the form of a particle, the morphology of a group from those of its members, and how it
    lies.
    """

    particle: Classifier
    group: Classifier
    distribution: Classifier


def load(text: str) -> FormModel:
    """A model from its JSON text.

    Raises
    ------
    KnowledgeError
        Not such a file.
    """
    try:
        values = json.loads(text)
        if values["schema"] != SCHEMA:
            raise KeyError("schema")
        return FormModel(*(Classifier.of(values[name]) for name in ("particle", "group", "distribution")))
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"describe/{FILE}: {error}") from error


@cache
def shipped() -> FormModel:
    """The model that ships."""
    return load(resources.files("calcimetry.describe").joinpath(FILE).read_text("utf-8"))
