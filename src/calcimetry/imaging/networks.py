"""Small networks as plain numbers: read from JSON values, checked, and evaluated with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Network", "networks_of", "output", "squeezed"]

F64 = NDArray[np.float64]
Network = tuple[tuple[F64, F64], ...]
"""Layers, each (weights (in, out), bias (out,)); all but the last are followed by a rectifier."""
_PRODUCTS = 250_000
"""At most so many multiplications in one product. OpenBLAS takes a second thread from 262144 on."""


def squeezed(values: NDArray[Any]) -> F64:
    """Features with their long tails drawn in; keeps sign and order.

    >>> squeezed(np.array([0.0, 1.0, -100.0])).round(2).tolist()
    [0.0, 0.88, -5.3]
    """
    return np.asarray(np.arcsinh(np.asarray(values, np.float64)))


def networks_of(values: Sequence[Any], inputs: int, answers: int) -> tuple[Network, ...]:
    """Networks from their plain numbers: lists of ``{"weights": ..., "bias": ...}``.

    Raises
    ------
    KeyError, TypeError, ValueError
        They are not such, their layers do not fit each other, or a number is not finite.
    """
    made = tuple(
        tuple((np.array(layer["weights"], np.float64), np.array(layer["bias"], np.float64)) for layer in network)
        for network in values
    )
    for network in made:
        width = inputs
        for weights, bias in network:
            if weights.shape != (width, len(bias)) or not np.isfinite(weights).all() or not np.isfinite(bias).all():
                raise ValueError("layers do not fit each other")
            width = len(bias)
        if width != answers:
            raise ValueError(f"{width} answers where {answers} are needed")
    return made


def output(network: Network, x: F64) -> F64:
    """(things, answers) of (things, inputs): log-odds, not normalized.

    >>> one = networks_of([[{"weights": [[1.0], [-2.0]], "bias": [0.5]}]], inputs=2, answers=1)[0]
    >>> output(one, np.array([[3.0, 1.0]])).tolist()
    [[1.5]]
    """
    for number, (weights, bias) in enumerate(network):
        x = _times(x, weights) + bias
        if number + 1 < len(network):
            x = np.maximum(x, 0.0)
    return np.asarray(x)


def _times(x: F64, weights: F64) -> F64:
    """The product, by rows so few at a time that no library shares them out among threads: the last digits would tell
    how many there were.
    """
    step = max(_PRODUCTS // max(weights.size, 1), 1)
    out = np.empty((len(x), weights.shape[1]))
    for start in range(0, len(x), step):
        np.matmul(x[start : start + step], weights, out=out[start : start + step])
    return out
