"""Where the particles of a group lie: the five distributions, and the benign single ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

from calcimetry.phantom.breast.outline import Outline
from calcimetry.phantom.breast.particles import Placed2D, draw

__all__ = ["DISTRIBUTIONS", "group", "places_of", "single"]

DISTRIBUTIONS = ("grouped", "linear", "segmental", "regional", "diffuse")
_TRIES = 40
_ON_BREAST = 0.8
"""Least share of a group's places that lie on the breast."""
_REGION_MM = 20.0
"""BI-RADS: what lies over more is no longer grouped."""
_MOST_OF_BREAST = 0.45
"""Greatest share of the breast under a region: over half and more, calcium is diffuse."""


def _room(body: Outline, margin_mm: float) -> NDArray[np.bool_]:
    """Where a group may lie: inside, away from skin and the image's border."""
    away = ndimage.distance_transform_edt(np.pad(body.inside, ((1, 1), (1, 1)), constant_values=False))[1:-1, 1:-1]
    return np.asarray(away * body.mm > margin_mm, bool)


def _anywhere(room: NDArray[np.bool_], rng: np.random.Generator) -> tuple[float, float] | None:
    index = np.flatnonzero(room)
    if index.size == 0:
        return None
    row, column = divmod(int(index[int(rng.integers(index.size))]), room.shape[1])
    return float(row), float(column)


def group(
    body: Outline,
    name: str,
    distribution: str,
    pattern: str,
    cnr: float,
    rng: np.random.Generator,
) -> list[Placed2D]:
    """Particles of one group; empty where there is no room for it."""
    points = places_of(body, distribution, rng)
    if points is None:
        return []
    rows, columns = body.inside.shape
    out = []
    for row, column in points:
        r, c = round(row), round(column)
        if not (0 <= r < rows and 0 <= c < columns and body.inside[r, c]):
            continue
        particle = draw(_one_of(pattern, rng), rng, angle=body.toward_nipple(row, column))
        out.append(Placed2D(particle, (row, column), cnr * float(rng.lognormal(0, 0.25)), name))
    return out


def places_of(body: Outline, distribution: str, rng: np.random.Generator) -> NDArray[np.float64] | None:
    """Places (n, 2) [px] that are what they are called; ``None`` where none come out.

    A segment most of which lies off the breast, or a region over more than half of it, would bear a word that no
    reader could see: it is drawn anew.
    """
    room = _room(body, 4.0)
    for _ in range(_TRIES):
        center = _anywhere(room, rng)
        if center is None:
            return None
        points = _layout(body, room, distribution, center, body.toward_nipple(*center), rng)
        if _fits(points, body, distribution):
            return points
    return None


def _fits(points: NDArray[np.float64], body: Outline, distribution: str) -> bool:
    """Whether places of one distribution lie on the breast, over as much of it as the word says."""
    if distribution == "diffuse":
        return True
    rows, columns = np.rint(points).astype(int).T
    on = (rows >= 0) & (rows < body.inside.shape[0]) & (columns >= 0) & (columns < body.inside.shape[1])
    on[on] = body.inside[rows[on], columns[on]]
    if on.mean() < _ON_BREAST:
        return False
    kept = points[on] * body.mm
    extent = float(np.hypot(*(kept[:, None] - kept[None]).transpose(2, 0, 1)).max())
    if distribution == "grouped":
        return extent <= _REGION_MM
    if distribution in ("segmental", "regional") and extent < _REGION_MM:
        return False
    if distribution == "regional":
        return bool(ConvexHull(kept).volume <= _MOST_OF_BREAST * float(body.inside.sum()) * body.mm**2)
    return True


def _one_of(pattern: str, rng: np.random.Generator) -> str:
    """Groups are of one kind mostly: pleomorphic and linear ones hold some of the other."""
    other = {"br_fine_linear": "br_fine_pleomorphic", "br_coarse_heterogeneous": "br_fine_pleomorphic"}
    return other[pattern] if pattern in other and rng.random() < 0.15 else pattern


def _layout(
    body: Outline,
    room: NDArray[np.bool_],
    distribution: str,
    center: tuple[float, float],
    angle: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Places (n, 2) [px] of one distribution."""
    mm = body.mm
    along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    if distribution == "grouped":
        n = int(rng.integers(5, 25))
        size = float(rng.uniform(2.0, 7.0)) / mm
        squeeze = float(rng.uniform(0.6, 1.0))
        spread = np.clip(rng.normal(0, 0.5, (n, 2)), -1, 1) * size
        turn = float(rng.uniform(0, np.pi))
        a, b = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
        return np.array(center) + spread[:, :1] * a + squeeze * spread[:, 1:] * b
    if distribution == "linear":
        n, length = int(rng.integers(5, 22)), float(rng.uniform(8.0, 35.0)) / mm
        t = np.sort(rng.uniform(-0.5, 0.5, n)) * length
        bow = float(rng.normal(0, 0.06)) / length * t**2
        jitter = rng.normal(0, float(rng.choice([0.12, 0.35])) / mm, n)
        points = np.array(center) + t[:, None] * along + (bow + jitter)[:, None] * across
        if rng.random() < 0.4:
            # A duct that branches: what lies beyond the fork turns aside, alternately.
            fork, turn = float(rng.uniform(-0.2, 0.2)) * length, float(rng.uniform(0.3, 0.8))
            off = np.maximum(t - fork, 0) * np.where(np.arange(n) % 2 == 0, np.tan(turn / 2), -np.tan(turn / 2))
            points = points + off[:, None] * across
        return points
    if distribution == "segmental":
        n, length = int(rng.integers(15, 70)), float(rng.uniform(24.0, 55.0)) / mm
        opening = float(rng.uniform(0.25, 0.7))
        # The tip points to the nipple; the wedge widens away from it.
        t = np.sqrt(rng.random(n)) * length
        side = (rng.random(n) - 0.5) * opening * t
        tip = np.array(center) + 0.5 * length * along
        return tip - t[:, None] * along + side[:, None] * across
    if distribution == "regional":
        n, size = int(rng.integers(15, 60)), float(rng.uniform(14.0, 28.0)) / mm
        turns, far = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.random(n)) * size
        squeeze = float(rng.uniform(0.7, 1.0))
        return np.array(center) + np.stack([far * np.sin(turns), squeeze * far * np.cos(turns)], axis=1)
    index = np.flatnonzero(room)
    n = int(rng.integers(15, 80))
    chosen = index[rng.integers(0, index.size, n)]
    return np.stack([chosen // room.shape[1], chosen % room.shape[1]], axis=1).astype(np.float64)


def single(body: Outline, pattern: str, cnr: float, rng: np.random.Generator) -> list[Placed2D]:
    """Benign calcifications that stand alone or in loose company: rings, popcorn, rods, skin, milk, sutures, specks."""
    at = _anywhere(_room(body, 6.0), rng)
    if at is None:
        return []
    if pattern == "br_skin":
        return _skin(body, cnr, rng)
    count = {"br_large_rodlike": int(rng.integers(1, 7)), "br_milk_of_calcium": int(rng.integers(3, 10))}.get(
        pattern, 1
    )
    out = []
    for n in range(count):
        if n and pattern == "br_milk_of_calcium":
            place = (at[0] + float(rng.normal(0, 3.0)) / body.mm, at[1] + float(rng.normal(0, 3.0)) / body.mm)
        else:
            place = at if n == 0 else (_anywhere(_room(body, 6.0), rng) or at)
        r, c = round(place[0]), round(place[1])
        if not (0 <= r < body.inside.shape[0] and 0 <= c < body.inside.shape[1] and body.inside[r, c]):
            continue
        out.append(Placed2D(draw(pattern, rng, angle=body.toward_nipple(*place)), place, cnr))
    return out


def _skin(body: Outline, cnr: float, rng: np.random.Generator) -> list[Placed2D]:
    """A few small rings close together, near the skin as seen on the image."""
    away = ndimage.distance_transform_edt(body.inside) * body.mm
    band = body.inside & (away > 2.0) & (away < 14.0)
    at = _anywhere(band, rng)
    if at is None:
        return []
    out = []
    for _ in range(int(rng.integers(1, 7))):
        place = (at[0] + float(rng.normal(0, 1.5)) / body.mm, at[1] + float(rng.normal(0, 1.5)) / body.mm)
        r, c = round(place[0]), round(place[1])
        if 0 <= r < body.inside.shape[0] and 0 <= c < body.inside.shape[1] and body.inside[r, c]:
            out.append(Placed2D(draw("br_skin", rng), place, cnr))
    return out
