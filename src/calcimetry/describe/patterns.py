"""Shapes in which particles may lie, as densities: a cluster, a line that may fork, a wedge, a region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.describe.settings import PatternSettings

__all__ = ["NUMBERS", "SHAPES", "density", "moved", "proposed"]

F64 = NDArray[np.float64]

SHAPES = ("grouped", "linear", "segmental", "regional")
"""Shapes of a limited extent; diffuse is the same density all over the breast."""
NUMBERS = {
    "grouped": ("row", "column", "spread_mm", "ratio", "turn"),
    "linear": ("row", "column", "length_mm", "width_mm", "turn", "fork", "fork_turn"),
    "segmental": ("row", "column", "length_mm", "opening", "turn"),
    "regional": ("row", "column", "radius_mm", "ratio", "turn"),
}
"""What each shape is drawn by; ``row`` and ``column`` are the middle, of a wedge its tip; ``turn`` is the long axis, of
a wedge the way from the tip; ``fork`` is where on a line the branch leaves it, from -0.5 to 0.5 (more: it has none)."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Random numbers, and between what they may lie."""

    rng: np.random.Generator
    limits: PatternSettings

    def even(self, span: tuple[float, float], n: int) -> F64:
        return self.rng.uniform(span[0], span[1], n)

    def even_log(self, span: tuple[float, float], n: int) -> F64:
        return np.exp(self.rng.uniform(float(np.log(span[0])), float(np.log(span[1])), n))


def density(word: str, given: F64, places: F64, limits: PatternSettings) -> F64:
    """Density [1/mm2] of each of ``given`` (n, numbers) at each place (m, 2): (n, m)."""
    turn = given[:, 4][:, None]
    rows, columns = places[:, 0] - given[:, :1], places[:, 1] - given[:, 1:2]
    along, across = rows * np.sin(turn) + columns * np.cos(turn), columns * np.sin(turn) - rows * np.cos(turn)
    if word == "grouped":
        spread, ratio = given[:, 2:3], given[:, 3:4]
        far = (along / spread) ** 2 + (across / (spread * ratio)) ** 2
        return np.exp(-0.5 * far) / (2 * np.pi * spread**2 * ratio)
    if word == "linear":
        return _line(given, along, across)
    soft = limits.soft_mm
    if word == "segmental":
        length, opening = given[:, 2:3], given[:, 3:4]
        side = _within(0.5 * opening * np.maximum(along, 0.0) - np.abs(across), soft)
        return _within(along, soft) * _within(length - along, soft) * side / (0.5 * opening * length**2)
    radius, ratio = given[:, 2:3], given[:, 3:4]
    far = np.sqrt(along**2 + (across / ratio) ** 2)
    return _within(radius - far, soft) / (np.pi * radius**2 * ratio)


def _within(inside_mm: F64, soft_mm: float) -> F64:
    """1 inside of an edge and 0 outside, softly."""
    return 1 / (1 + np.exp(-np.clip(inside_mm / (0.4 * soft_mm), -30, 30)))


def _line(given: F64, along: F64, across: F64) -> F64:
    length, width, fork, turn = given[:, 2:3], given[:, 3:4], given[:, 5:6], given[:, 6:7]

    def strip(t: F64, side: F64, low: F64, high: F64) -> F64:
        ends = _within(t - low, 1.0) * _within(high - t, 1.0)
        return ends * np.exp(-0.5 * (side / width) ** 2) / (np.sqrt(2 * np.pi) * width)

    half = 0.5 * length
    whole = strip(along, across, -half, half)
    has = fork <= 0.5
    if not has.any():
        return whole / length
    # The branch leaves the line at the fork and runs as far as the line does.
    t = along - fork * length
    u, v = t * np.cos(turn) + across * np.sin(turn), across * np.cos(turn) - t * np.sin(turn)
    arm = np.maximum(half - fork * length, 1.0)
    side = strip(u, v, np.zeros_like(arm), arm)
    return np.where(has, (whole + side) / (length + arm), whole / length)


def proposed(
    word: str, members: F64, others: F64, weights: F64, nipple: F64 | None, n: int, rng: np.random.Generator,
    limits: PatternSettings,
) -> F64:  # fmt: skip
    """Shapes worth trying, laid through members of the group and places near them.

    Parameters
    ----------
    word : one of ``SHAPES``
    members, others : (n, 2), (m, 2)
        Places [mm]; the others are all but the members.
    weights : (n + m,)
        How sure each is.
    nipple : (2,) or None
        A wedge needs one.
    n : int
    rng : numpy.random.Generator
    limits : PatternSettings
    """
    draw = _Drawn(rng, limits)
    every = np.concatenate([members, others])
    chance = weights / weights.sum()
    own = chance[: len(members)] / chance[: len(members)].sum()
    first = rng.choice(len(members), n, p=own)
    a = members[first]
    b = _partners(first, every, chance, limits.reach_mm, rng)
    if word == "grouped":
        center = own @ members
        spread = draw.even_log(limits.cluster_mm, n)
        at = np.where(rng.random((n, 1)) < 0.5, center, a) + rng.normal(0, 0.5, (n, 2)) * spread[:, None]
        return np.column_stack([at, spread, draw.even(limits.cluster_ratio, n), draw.even((0, np.pi), n)])
    if word == "linear":
        way = b - a
        reach = np.hypot(*way.T)
        turn = np.arctan2(way[:, 0], way[:, 1])
        length = np.clip(reach * draw.even((1.0, 1.5), n), *limits.line_mm)
        fork = np.where(rng.random(n) < limits.forks, draw.even((-0.3, 0.3), n), 1.0)
        aside = draw.even(limits.fork_turn, n) * rng.choice([-1.0, 1.0], n)
        # (either end may be the one that forks)
        turn = turn + np.pi * rng.integers(0, 2, n)
        return np.column_stack([(a + b) / 2, length, draw.even_log(limits.line_width_mm, n), turn, fork, aside])
    if word == "segmental":
        if nipple is None:
            return np.zeros((0, 5))
        length = draw.even_log(limits.wedge_mm, n)
        middle = (a + b) / 2
        toward = nipple - middle
        turn = np.arctan2(-toward[:, 0], -toward[:, 1]) + rng.normal(0, np.radians(limits.nipple_degrees) / 2, n)
        back = draw.even((0.2, 0.9), n) * length
        tip = middle - back[:, None] * np.column_stack([np.sin(turn), np.cos(turn)])
        return np.column_stack([tip, length, draw.even_log(limits.wedge_opening, n), turn])
    radius = draw.even_log(limits.region_mm, n)
    at = (a + b) / 2 + rng.normal(0, 0.2, (n, 2)) * radius[:, None]
    return np.column_stack([at, radius, draw.even(limits.region_ratio, n), draw.even((0, np.pi), n)])


def _partners(first: NDArray[np.intp], every: F64, chance: F64, reach_mm: float, rng: np.random.Generator) -> F64:
    """For each first place another one, not too far away."""
    apart = np.hypot(*(every[first][:, None] - every[None]).transpose(2, 0, 1))
    odds = np.where((apart <= reach_mm) & (apart > 0.3), chance[None], 0.0) + 1e-12
    total = np.cumsum(odds, axis=1)
    at = rng.random((len(first), 1)) * total[:, -1:]
    return every[np.minimum((total < at).sum(axis=1), len(every) - 1)]


def moved(word: str, given: F64, n: int, share: float, nipple: F64 | None, rng: np.random.Generator,
          limits: PatternSettings) -> F64:  # fmt: skip
    """``n`` shapes near each of those given, within their limits."""
    out = np.repeat(given, n, axis=0)
    k = len(out)
    size = out[:, 2:3]
    out[:, :2] += rng.normal(0, share, (k, 2)) * np.minimum(size, 12.0) * (0.2 if word == "linear" else 0.5)
    out[:, 2] *= np.exp(rng.normal(0, share, k))
    out[:, 3] *= np.exp(rng.normal(0, 2 * share, k))
    out[:, 4] += rng.normal(0, share, k) * (0.3 if word in ("linear", "segmental") else 1.0)
    spans = {
        "grouped": (limits.cluster_mm, limits.cluster_ratio),
        "linear": (limits.line_mm, limits.line_width_mm),
        "segmental": (limits.wedge_mm, limits.wedge_opening),
        "regional": (limits.region_mm, limits.region_ratio),
    }[word]
    for column, span in enumerate(spans, start=2):
        out[:, column] = np.clip(out[:, column], *span)
    if word == "linear":
        has = out[:, 5] <= 0.5
        out[has, 5] = np.clip(out[has, 5] + rng.normal(0, share, has.sum()), -0.45, 0.45)
        aside = np.abs(out[has, 6]) * np.exp(rng.normal(0, share, has.sum()))
        out[has, 6] = np.sign(out[has, 6]) * np.clip(aside, *limits.fork_turn)
    if word == "segmental" and nipple is not None:
        # The axis of a wedge keeps to the way from the nipple.
        away = out[:, :2] + 0.6 * out[:, 2:3] * np.column_stack([np.sin(out[:, 4]), np.cos(out[:, 4])]) - nipple
        ideal = np.arctan2(away[:, 0], away[:, 1])
        off = (out[:, 4] - ideal + np.pi) % (2 * np.pi) - np.pi
        most = np.radians(limits.nipple_degrees)
        out[:, 4] = ideal + np.clip(off, -most, most)
    return out
