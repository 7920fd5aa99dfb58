"""Cohen's kappa, plain and weighted, with its large-sample interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Kappa", "Weights", "confusion", "kappa"]

Weights = Literal["plain", "linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance [1] with its 95 % interval; ``accuracy`` is the share on the diagonal."""

    value: float
    interval95: tuple[float, float]
    accuracy: float
    n: int


def confusion(first: Sequence[str], second: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Counts (first, second) of two readers' categories, in the order of ``classes``.

    Raises
    ------
    ValueError
        A category that is none of the classes, or sequences of two lengths.

    >>> confusion(["a", "b", "b"], ["a", "b", "a"], ["a", "b"]).tolist()
    [[1, 0], [1, 1]]
    """
    place = {name: n for n, name in enumerate(classes)}
    if unknown := sorted({*first, *second} - set(place)):
        raise ValueError(f"categories {unknown} are none of {list(classes)}")
    counts = np.zeros((len(place), len(place)), dtype=np.int64)
    for a, b in zip(first, second, strict=True):
        counts[place[a], place[b]] += 1
    return counts


def kappa(matrix: ArrayLike, weights: Weights = "plain") -> Kappa:
    """Kappa of a square table of counts.

    Parameters
    ----------
    matrix : (k, k) array of counts
        Rows one reader, columns the other; classes in their order.
    weights : {"plain", "linear", "quadratic"}
        How much a disagreement counts: all alike, by distance, by its square.

    Raises
    ------
    ValueError
        No square table of counts, or all in one class (agreement by chance is then complete).

    References
    ----------
    Fleiss, Cohen, Everitt, Psychol Bull 1969 (standard error of weighted kappa).

    >>> round(kappa([[20, 5], [10, 15]]).value, 4)
    0.4
    """
    counts = np.asarray(matrix, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2 or (counts < 0).any():
        raise ValueError(f"a square table of counts is needed, found shape {counts.shape}")
    n = counts.sum()
    p = counts / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    w = _weights(len(p), weights)
    expected = float(rows @ w @ columns)
    if not n > 0 or expected >= 1.0:
        raise ValueError("kappa needs at least two classes in use")
    observed = float((w * p).sum())
    value = (observed - expected) / (1.0 - expected)
    means = (w @ columns)[:, None] + (rows @ w)[None, :]
    spread = float((p * (w - means * (1.0 - value)) ** 2).sum()) - (value - expected * (1.0 - value)) ** 2
    half = NormalDist().inv_cdf(0.975) * float(np.sqrt(max(spread, 0.0) / n)) / (1.0 - expected)
    interval = (max(-1.0, value - half), min(1.0, value + half))
    return Kappa(value, interval, float(np.trace(p)), int(n))


def _weights(k: int, weights: Weights) -> NDArray[np.float64]:
    """Weight of agreement, 1 on the diagonal, 0 in the far corner."""
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    if weights == "plain":
        return np.asarray(distance == 0, dtype=np.float64)
    if weights == "linear":
        return np.asarray(1.0 - distance)
    if weights == "quadratic":
        return np.asarray(1.0 - distance**2)
    raise ValueError(f"weights {weights!r} are none of plain, linear, quadratic")
