"""The fitted size of a spot behind blur and noise: small networks as plain numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import KnowledgeError
from calcimetry.detect.breast.spot_model import Networks

__all__ = ["SIZE_INPUTS", "SIZE_SCHEMA", "SizeModel", "load_sizes", "shipped_sizes"]

FILE = "sizes.json"
SIZE_SCHEMA = "calcimetry-breast-sizes/1"
SIZE_INPUTS = (
    *(f"level_{level}" for level in ("0.25", "0.35", "0.5", "0.7")),
    *(f"fall_{width}" for width in ("0.1", "0.15", "0.22", "0.32", "0.45", "0.65")),
    *(f"flux_{width}" for width in ("0.2", "0.4")),
    "long",
    "short",
    "snr",
    "snr_wide",
    "pixel",
)
"""Logarithms of: diameter [mm] of what lies above a share of the height; mean brightness under a bell of this width
[mm] over that under the narrowest; what is as bright as the peak under a wide bell [mm2]; deviation along and across
[mm]; height over the noise close by and farther out; pixel [mm]."""
_LEAST_MM, _MOST_MM = 0.05, 2.6


@dataclass(frozen=True, eq=False)
class SizeModel:
    """Networks that answer with the logarithm of the diameter [mm] of the circle of the same area."""

    networks: Networks

    def sizes_mm(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """(n,) diameters [mm] of inputs (n, inputs)."""
        return np.asarray(np.clip(np.exp(self.networks.logits(values)[:, 0]), _LEAST_MM, _MOST_MM))


def load_sizes(text: str) -> SizeModel:
    """A model from its JSON text.

    Raises
    ------
    KnowledgeError
        Not such a file.
    """
    try:
        values = json.loads(text)
        if values["schema"] != SIZE_SCHEMA or tuple(values["sizes"]["inputs"]) != SIZE_INPUTS:
            raise KeyError("schema or inputs")
        return SizeModel(Networks.of(values["sizes"], 1))
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"detect/breast/{FILE}: {error}") from error


@cache
def shipped_sizes() -> SizeModel:
    """The model that ships."""
    return load_sizes(resources.files("calcimetry.detect.breast").joinpath(FILE).read_text("utf-8"))
