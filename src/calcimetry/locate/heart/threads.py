"""A line found near where it is expected: offsets across it, node by node, weighed all together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Thread", "ThreadSettings", "follow", "steps"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadSettings:
    """How a line may leave its expected course.

    pitch_mm : offsets are tried this far apart.
    reach_sd : and up to so many spreads to each side.
    hold_mm : offsets of two nodes this far apart still hang together (1/e).
    weight : share of the evidence that counts, as that of neighbouring nodes is not independent.
    """

    pitch_mm: float = 2.0
    reach_sd: float = 2.2
    hold_mm: float = 50.0
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Thread:
    """Nodes (n, 3) [mm], spread of each across the line [mm], and the mean evidence (log odds) under the line."""

    points_mm: F64
    sd_mm: F64
    evidence: F64


def steps(sd_mm: float, settings: ThreadSettings = ThreadSettings()) -> F64:
    """Offsets that are tried for a spread.

    >>> steps(1.0).tolist()
    [-2.0, 0.0, 2.0]
    """
    count = max(1, int(settings.reach_sd * sd_mm / settings.pitch_mm))
    return np.arange(-count, count + 1, dtype=np.float64) * settings.pitch_mm


def follow(
    mean: F64, outward: F64, sideward: F64, sd_mm: tuple[F64, F64], scores: list[F64], settings: ThreadSettings
) -> Thread:
    """Weigh all nodes together (forward and backward along the line).

    Parameters
    ----------
    mean : (n, 3)
        Where the nodes are expected.
    outward, sideward : (n, 3)
        The two unit vectors across the line.
    sd_mm : ((n,), (n,))
        Expected spread along each of the two.
    scores : list of (u, v)
        For each node the evidence (log odds) at the offsets ``steps(max sd)`` along both.
    settings : ThreadSettings
    """
    u, v = steps(float(sd_mm[0].max()), settings), steps(float(sd_mm[1].max()), settings)
    gap = np.linalg.norm(np.diff(mean, axis=0), axis=1)
    hold = np.exp(-gap / settings.hold_mm)
    with np.errstate(under="ignore"):
        likely = [np.exp(settings.weight * (one - one.max())) for one in scores]
        first = np.outer(_normal(u, sd_mm[0][0]), _normal(v, sd_mm[1][0]))
        kernels = [
            (_drift(u, hold[n], sd_mm[0][n], sd_mm[0][n + 1]), _drift(v, hold[n], sd_mm[1][n], sd_mm[1][n + 1]))
            for n in range(len(gap))
        ]
        forward = [first * likely[0]]
        for (one, two), here in zip(kernels, likely[1:], strict=True):
            come = one.T @ (forward[-1] / forward[-1].sum()) @ two
            forward.append(come * here)
        backward = [np.ones_like(first)]
        for (one, two), here in zip(kernels[::-1], likely[:0:-1], strict=True):
            back = one @ (backward[-1] * here) @ two.T
            backward.append(back / back.max())
    belief = [a * b for a, b in zip(forward, backward[::-1], strict=True)]
    belief = [one / one.sum() for one in belief]
    at_u = np.array([float((one.sum(axis=1) * u).sum()) for one in belief])
    at_v = np.array([float((one.sum(axis=0) * v).sum()) for one in belief])
    var_u = np.array([float((one.sum(axis=1) * u**2).sum()) for one in belief]) - at_u**2
    var_v = np.array([float((one.sum(axis=0) * v**2).sum()) for one in belief]) - at_v**2
    points = mean + at_u[:, None] * outward + at_v[:, None] * sideward
    seen = np.array([float((one * score).sum()) for one, score in zip(belief, scores, strict=True)])
    return Thread(points, np.sqrt((var_u + var_v) / 2.0), seen)


def _normal(x: F64, sd: float) -> F64:
    weight = np.exp(-0.5 * (x / sd) ** 2)
    return np.asarray(weight / weight.sum())


def _drift(x: F64, hold: float, sd: float, sd_next: float) -> F64:
    """(from, to): where an offset of one node leads at the next, so that each keeps its own spread."""
    spread = sd_next * np.sqrt(max(1.0 - hold**2, 1e-3))
    weight = np.exp(-0.5 * ((x[None, :] - hold * sd_next / sd * x[:, None]) / spread) ** 2)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))
