"""How well each of the five ways to lie explains where the particles of a mammogram are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.describe.patterns import SHAPES, density, moved, proposed
from calcimetry.describe.settings import PatternSettings

__all__ = ["Explained", "explained"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explained:
    """Best log-likelihood of each way to lie over strays alone, the shape that reached it, and how many particles it
    then has; diffuse has no shape.
    """

    gain: dict[str, float]
    shape: dict[str, F64]
    count: dict[str, float]


def explained(
    members: F64, others: F64, sure: F64, groups: Sequence[NDArray[np.intp]], area_mm2: float, nipple: F64 | None,
    settings: PatternSettings,
) -> Explained:  # fmt: skip
    """Explain a group and all else on the image.

    Particles are calcium with the probability that the search gave them. What the pattern does not account for is a
    stray, the same density all over, or another of the groups that the search has found, at the price of one more
    group. So a pattern that the search cut in pieces is one where that explains more, and two groups stay two.

    Parameters
    ----------
    members, others : (n, 2), (m, 2)
        Places [mm] of the group's particles and of all others.
    sure : (n + m,)
        Confidence of each.
    groups : sequence of index arrays
        Which particles the other groups have.
    area_mm2 : float
        Of the breast.
    nipple : (2,) or None
    settings : PatternSettings
    """
    rng = np.random.default_rng(7)
    members, others, sure, groups, nipple = _framed(members, others, sure, groups, nipple)
    every = np.concatenate([members, others])
    odds = np.clip(sure / np.maximum(1 - sure, 1e-3), 1e-3, settings.most_odds)
    stray = (settings.strays + settings.false / odds) / area_mm2
    alone = _Alone.of(every, stray, groups, rng, settings)
    gains: dict[str, float] = {}
    shapes: dict[str, F64] = {}
    counts: dict[str, float] = {}
    for word in SHAPES:
        weights = np.maximum(sure, 0.02)
        first = proposed(word, members, others, weights, nipple, settings.tried, rng, settings)
        if len(first) == 0:
            continue
        values, counted = _gains(word, first, every, stray, alone, len(members), settings)
        for share in settings.steps:
            best = np.argsort(-values)[: settings.kept]
            near = moved(word, first[best], settings.near, share, nipple, rng, settings)
            more, more_counted = _gains(word, near, every, stray, alone, len(members), settings)
            first = np.concatenate([first[best], near])
            values, counted = np.concatenate([values[best], more]), np.concatenate([counted[best], more_counted])
        n = int(values.argmax())
        gains[word], shapes[word], counts[word] = float(values[n]), first[n], float(counted[n])
    flat = np.full((1, len(every)), 1 / area_mm2)
    values, counted = _sums(flat, stray, alone, len(members), settings)
    gains["diffuse"], counts["diffuse"] = float(values[0]), float(counted[0])
    return Explained(gains, shapes, counts)


def _framed(
    members: F64, others: F64, sure: F64, groups: Sequence[NDArray[np.intp]], nipple: F64 | None
) -> tuple[F64, F64, F64, list[NDArray[np.intp]], F64 | None]:
    """The same particles as seen from the group: its middle is the origin, the first axis leads to the nipple.

    A mirrored or turned image has the same places in the same order then, and the same shapes are tried on it.
    """
    every = np.concatenate([members, others])
    middle = members.mean(axis=0)
    along = (
        np.linalg.eigh(np.cov(every.T) + 1e-9 * np.diag([1.0, 2.0]))[1][:, -1] if nipple is None else nipple - middle
    )
    along = along / max(float(np.hypot(*along)), 1e-9)
    frame = np.stack([along, [-along[1], along[0]]], axis=1)
    seen = (every - middle) @ frame
    # Which side is which, the lopsidedness of the places says.
    turn = np.where((seen**3).sum(axis=0) < 0, -1.0, 1.0)
    if nipple is not None:
        turn[0] = 1.0
    seen *= turn
    k = len(members)
    order = np.concatenate([np.lexsort(seen[:k].T[::-1]), k + np.lexsort(seen[k:].T[::-1])])
    rank = np.argsort(order)
    there = None if nipple is None else (nipple - middle) @ frame * turn
    return seen[order[:k]], seen[order[k:]], sure[order], [rank[one] for one in groups], there


@dataclass(frozen=True, eq=False)
class _Alone:
    """The other groups, and what each explains as a cluster of its own."""

    groups: tuple[NDArray[np.intp], ...]
    gains: F64
    free: NDArray[np.intp]

    @staticmethod
    def of(
        every: F64, stray: F64, groups: Sequence[NDArray[np.intp]], rng: np.random.Generator, settings: PatternSettings
    ) -> _Alone:
        gains = []
        for one in groups:
            places = every[one]
            none = np.zeros((0, 2))
            first = proposed("grouped", places, none, 1 / stray[one], None, settings.near, rng, settings)
            flat = _Alone((), np.zeros(0), np.arange(len(one)))
            values, _ = _gains("grouped", first, places, stray[one], flat, len(one), settings)
            best = np.argsort(-values)[:4]
            near = moved("grouped", first[best], 12, 0.2, None, rng, settings)
            values = np.concatenate([values, _gains("grouped", near, places, stray[one], flat, len(one), settings)[0]])
            gains.append(max(float(values.max()) - settings.another, 0.0))
        taken = np.concatenate(groups) if len(groups) else np.zeros(0, np.intp)
        return _Alone(tuple(groups), np.array(gains), np.setdiff1d(np.arange(len(every)), taken))


def _gains(
    word: str, given: F64, every: F64, stray: F64, alone: _Alone, members: int, settings: PatternSettings
) -> tuple[F64, F64]:
    return _sums(density(word, given, every, settings), stray, alone, members, settings)


def _sums(dense: F64, stray: F64, alone: _Alone, members: int, settings: PatternSettings) -> tuple[F64, F64]:
    """Log-likelihood over strays of each density (n, m), and the count of particles at which it is greatest."""
    best = np.full(len(dense), -np.inf)
    count = np.zeros(len(dense))
    # Those in no group first, then group by group: each group's sum is that of a run of columns.
    ratio = (dense / stray)[:, np.concatenate([alone.free, *alone.groups])]
    free = len(alone.free)
    starts = np.cumsum([0, *(len(one) for one in alone.groups[:-1])])
    for number in settings.counts:
        gain = np.log1p(number * ratio)
        total = gain[:, :free].sum(axis=1) - number
        if alone.groups:
            total += np.maximum(np.add.reduceat(gain[:, free:], starts, axis=1), alone.gains).sum(axis=1)
        better = total > best
        best, count = np.where(better, total, best), np.where(better, number, count)
    return best, count
