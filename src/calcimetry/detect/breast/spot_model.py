"""The fitted decisions on spots and lines: small networks as plain numbers; and how sure a group is."""

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

__all__ = ["CLASSES", "SCHEMA", "BreastModel", "Networks", "SpotModel", "evidence", "load", "shipped"]

F64 = NDArray[np.float64]
FILE = "model.json"
SCHEMA = "calcimetry-breast/2"
CLASSES = ("none", "spot", "coarse")


@dataclass(frozen=True, eq=False)
class Networks:
    """Several networks with the same inputs, whose log-odds are averaged.

    Parameters
    ----------
    names : tuple of str
        Inputs, in order.
    mean, scale : (inputs,)
        What an input is brought to after :func:`squeezed`.
    networks : tuple of networks
    """

    names: tuple[str, ...]
    mean: F64
    scale: F64
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any], answers: int) -> Networks:
        """From plain numbers; raises what :func:`calcimetry.imaging.networks.networks_of` does."""
        names = tuple(values["inputs"])
        networks = networks_of(values["networks"], len(names), answers)
        return cls(names, np.array(values["mean"]), np.array(values["scale"]), networks)

    def logits(self, values: NDArray[Any]) -> F64:
        """(things, answers) of (things, inputs)."""
        x = np.clip((squeezed(values) - self.mean) / self.scale, -4.0, 4.0)
        return np.asarray(sum(output(network, x) for network in self.networks) / len(self.networks))


def evidence(logits: F64, prior: float) -> tuple[F64, F64]:
    """Log-likelihood ratio of a small calcification, and probability of a large one's piece, of answers (n, 3)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = odds / odds.sum(axis=1, keepdims=True)
    spot = np.clip(shares[:, 1], 1e-6, 1 - 1e-6)
    return np.asarray(np.log(spot / (1 - spot)) - np.log(prior / (1 - prior))), np.asarray(shares[:, 2])


@dataclass(frozen=True, eq=False)
class SpotModel:
    """What was fitted on pixels of one size.

    ``spots`` answers with one number for each of ``none``, ``spot`` and ``coarse``, fitted at the share ``prior`` of
    spots. The log-odds of a group are ``offset + slope log(1 + surprise)``; it is reported from the surprise
    ``reported_from`` on.
    """

    spots: Networks
    prior: float
    offset: float
    slope: float
    reported_from: float

    def evidence(self, values: NDArray[Any]) -> tuple[F64, F64]:
        """Log-likelihood ratio of a small calcification, and probability of a large one's piece, for each spot."""
        return evidence(self.spots.logits(values), self.prior)

    def confidence(self, surprise: float) -> float:
        """Probability that a cluster of this surprise is a group."""
        return float(1 / (1 + np.exp(-(self.offset + self.slope * np.log1p(max(surprise, 0.0))))))


@dataclass(frozen=True, eq=False)
class BreastModel:
    """All that was fitted.

    ``usual`` decides on spots at about 0.2 mm, ``fine`` where pixels are half as wide; ``lines`` answers with the
    log-odds that a piece of a line lies on a calcified artery, ``tracks`` that a course of such pieces is one.
    """

    usual: SpotModel
    fine: SpotModel | None
    lines: Networks
    tracks: Networks


def load(text: str) -> BreastModel:
    """A model from its JSON text.

    Raises
    ------
    KnowledgeError
        Not such a file.
    """
    try:
        values = json.loads(text)
        if values["schema"] != SCHEMA or tuple(values["classes"]) != CLASSES:
            raise KeyError("schema or classes")
        prior = float(values["prior"])
        scales = values["scales"]
        fine = _spots(scales["fine"], prior) if "fine" in scales else None
        return BreastModel(
            _spots(scales["usual"], prior), fine, Networks.of(values["lines"], 1), Networks.of(values["tracks"], 1)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"detect/breast/{FILE}: {error}") from error


def _spots(values: Mapping[str, Any], prior: float) -> SpotModel:
    groups = values["groups"]
    return SpotModel(
        Networks.of(values["spots"], len(CLASSES)),
        prior,
        float(groups["offset"]),
        float(groups["slope"]),
        float(groups["reported_from"]),
    )


@cache
def shipped() -> BreastModel:
    """The model that ships."""
    return load(resources.files("calcimetry.detect.breast").joinpath(FILE).read_text("utf-8"))
