"""Single calcifications: each morphology as a few solids, and the thickness of calcium that they put in the beam."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MORPHOLOGIES", "Particle", "Placed2D", "Solid", "draw", "thickness"]

MORPHOLOGIES = (
    "br_round",
    "br_amorphous",
    "br_coarse_heterogeneous",
    "br_fine_pleomorphic",
    "br_fine_linear",
    "br_rim",
    "br_coarse_popcorn",
    "br_large_rodlike",
    "br_dystrophic",
    "br_skin",
    "br_milk_of_calcium",
    "br_suture",
    "br_vascular",
)


_LONG = ("rod", "tube")
"""Solids with two ends."""


@dataclass(frozen=True, slots=True)
class Solid:
    """A ball (``ball``), a hollow one (``shell``), a rounded rod (``rod``), a piece of pipe (``tube``) or a ball with
    bumps (``star``).

    Places [mm] are relative to the particle; ``wall`` for shells and tubes; ``bumps`` are amplitude and phase of the
    waves that a star has around it.
    """

    kind: Literal["ball", "shell", "rod", "star", "tube"]
    row: float
    column: float
    radius: float
    row2: float = 0.0
    column2: float = 0.0
    wall: float = 0.0
    bumps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Particle:
    """One calcification: its solids, how dense it is (1: compact), and how hazy [mm] its edge."""

    pattern: str
    solids: tuple[Solid, ...]
    dense: float = 1.0
    haze_mm: float = 0.0

    def reach(self) -> float:
        """Half side [mm] of a square that holds it."""
        far = [
            max(abs(v) for v in ((s.row, s.column, s.row2, s.column2) if s.kind in _LONG else (s.row, s.column)))
            + 1.6 * s.radius
            for s in self.solids
        ]
        return max(far) + 3 * self.haze_mm


@dataclass(frozen=True, slots=True)
class Placed2D:
    """A particle at (row, column) [px] with the contrast of its group (peak of a 0.4 mm ball over local noise)."""

    particle: Particle
    at: tuple[float, float]
    cnr: float
    group: str | None = None


def _star(size: float, rough: float, rng: np.random.Generator, row: float = 0.0, column: float = 0.0) -> Solid:
    bumps = tuple((float(rough * rng.normal() / np.sqrt(k)), float(rng.uniform(0, 2 * np.pi))) for k in range(2, 7))
    return Solid("star", row, column, size / 2, bumps=bumps)


def _rod(length: float, width: float, angle: float, row: float = 0.0, column: float = 0.0) -> Solid:
    half = max(length - width, 0.0) / 2
    dy, dx = half * np.sin(angle), half * np.cos(angle)
    return Solid("rod", row - dy, column - dx, width / 2, row + dy, column + dx)


def draw(pattern: str, rng: np.random.Generator, *, size_mm: float | None = None, angle: float = 0.0) -> Particle:
    """One particle of this morphology. ``angle`` [rad] is the direction of the duct it lies in."""
    maker = _MAKERS[pattern]
    return maker(rng, size_mm, angle)


def _round(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(0.15, 0.9))
    return Particle("br_round", (_star(d, 0.03, rng),))


def _amorphous(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(0.15, 0.4))
    parts = tuple(
        _star(d * float(rng.uniform(0.4, 0.8)), 0.2, rng, *(rng.normal(0, 0.25 * d, 2)))
        for _ in range(int(rng.integers(1, 4)))
    )
    return Particle("br_amorphous", parts, dense=float(rng.uniform(0.8, 1.4)), haze_mm=float(rng.uniform(0.06, 0.14)))


def _heterogeneous(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(0.45, 1.0))
    parts = tuple(
        _star(d * float(rng.uniform(0.5, 0.9)), 0.16, rng, *(rng.normal(0, 0.22 * d, 2)))
        for _ in range(int(rng.integers(1, 4)))
    )
    return Particle("br_coarse_heterogeneous", parts, dense=float(rng.uniform(0.5, 0.9)))


def _pleomorphic(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(np.clip(rng.gamma(4.0, 0.075), 0.12, 0.6))
    if rng.random() < 0.3:
        return Particle("br_fine_pleomorphic", (_rod(1.8 * d, 0.6 * d, float(rng.uniform(0, np.pi))),))
    parts = tuple(
        _star(d * float(rng.uniform(0.6, 1.0)), 0.25, rng, *(rng.normal(0, 0.3 * d, 2)))
        for _ in range(int(rng.integers(1, 4)))
    )
    return Particle("br_fine_pleomorphic", parts, dense=float(rng.uniform(0.8, 1.4)))


def _linear(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    width = float(rng.uniform(0.1, 0.28))
    length = size if size is not None else float(rng.uniform(0.6, 2.6))
    angle = angle + float(rng.normal(0, 0.25))
    parts, row, column = [], 0.0, 0.0
    for _ in range(int(rng.integers(2, 5))):
        step = length / 3 * float(rng.uniform(0.6, 1.2))
        angle += float(rng.normal(0, 0.2))
        end = (row + step * np.sin(angle), column + step * np.cos(angle))
        parts.append(Solid("rod", row, column, width / 2 * float(rng.uniform(0.7, 1.2)), float(end[0]), float(end[1])))
        if rng.random() < 0.25:
            side = angle + float(rng.choice([-1, 1])) * float(rng.uniform(0.5, 1.0))
            away = (row + 0.7 * step * np.sin(side), column + 0.7 * step * np.cos(side))
            parts.append(Solid("rod", row, column, width / 2 * 0.8, float(away[0]), float(away[1])))
        gap = float(rng.uniform(0.0, 0.15))
        row, column = float(end[0] + gap * np.sin(angle)), float(end[1] + gap * np.cos(angle))
    return Particle("br_fine_linear", _centered(parts), dense=float(rng.uniform(0.8, 1.4)))


def _rim(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(np.clip(rng.gamma(2.0, 1.6), 0.9, 12.0))
    wall = float(np.clip(rng.uniform(0.08, 0.2) * d, 0.12, 0.9))
    parts = [Solid("shell", 0.0, 0.0, d / 2, wall=wall)]
    for _ in range(int(rng.integers(0, 5))):
        turn = float(rng.uniform(0, 2 * np.pi))
        at = 0.46 * d
        parts.append(_star(wall * float(rng.uniform(0.8, 1.8)), 0.1, rng, at * np.sin(turn), at * np.cos(turn)))
    return Particle("br_rim", tuple(parts), dense=float(rng.uniform(0.3, 0.8)))


def _popcorn(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(2.0, 8.0))
    parts = []
    for _ in range(int(rng.integers(5, 16))):
        at, turn = 0.38 * d * float(rng.random()) ** 0.5, float(rng.uniform(0, 2 * np.pi))
        parts.append(_star(d * float(rng.uniform(0.15, 0.45)), 0.12, rng, at * np.sin(turn), at * np.cos(turn)))
    return Particle("br_coarse_popcorn", tuple(parts), dense=float(rng.uniform(0.3, 0.7)))


def _large_rod(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    length = size if size is not None else float(rng.uniform(2.5, 11.0))
    width = float(rng.uniform(0.5, 1.1))
    angle = angle + float(rng.normal(0, 0.15))
    if rng.random() < 0.4:
        # Broken into pieces on one line.
        at, parts = -length / 2, []
        while at < length / 2:
            piece = float(rng.uniform(0.8, 3.0))
            middle = at + piece / 2
            parts.append(_rod(piece, width, angle, middle * np.sin(angle), middle * np.cos(angle)))
            at += piece + float(rng.uniform(0.2, 0.8))
        return Particle("br_large_rodlike", tuple(parts), dense=float(rng.uniform(0.5, 0.9)))
    return Particle("br_large_rodlike", (_rod(length, width, angle),), dense=float(rng.uniform(0.5, 0.9)))


def _dystrophic(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(1.0, 5.0))
    count = int(rng.integers(4, 10))
    turns = np.sort(rng.uniform(0, 2 * np.pi, count))
    parts = tuple(
        _star(d * float(rng.uniform(0.2, 0.45)), 0.22, rng, 0.35 * d * np.sin(t), 0.28 * d * np.cos(t)) for t in turns
    )
    return Particle("br_dystrophic", parts, dense=float(rng.uniform(0.4, 0.9)))


def _skin(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(0.5, 1.3))
    return Particle("br_skin", (Solid("shell", 0.0, 0.0, d / 2, wall=0.28 * d),), dense=float(rng.uniform(0.5, 0.9)))


def _milk(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    d = size if size is not None else float(rng.uniform(0.4, 1.2))
    return Particle("br_milk_of_calcium", (_star(d, 0.05, rng),), dense=0.3, haze_mm=float(rng.uniform(0.1, 0.2)))


def _suture(rng: np.random.Generator, size: float | None, angle: float) -> Particle:
    length, width = size if size is not None else float(rng.uniform(5, 15)), float(rng.uniform(0.25, 0.5))
    turn, row, column, parts = angle, 0.0, 0.0, []
    bend = float(rng.normal(0, 0.12))
    for _ in range(10):
        turn += bend + float(rng.normal(0, 0.1))
        end = (row + length / 10 * np.sin(turn), column + length / 10 * np.cos(turn))
        if rng.random() < 0.85:
            parts.append(Solid("rod", row, column, width / 2, float(end[0]), float(end[1])))
        row, column = float(end[0]), float(end[1])
    parts.append(_star(3 * width, 0.1, rng, row, column))
    return Particle("br_suture", _centered(parts), dense=float(rng.uniform(0.6, 1.0)))


def _centered(parts: list[Solid]) -> tuple[Solid, ...]:
    """The same solids around their own middle."""
    rows = [v for s in parts for v in ((s.row, s.row2) if s.kind in _LONG else (s.row,))]
    columns = [v for s in parts for v in ((s.column, s.column2) if s.kind in _LONG else (s.column,))]
    r, c = (min(rows) + max(rows)) / 2, (min(columns) + max(columns)) / 2
    return tuple(replace(s, row=s.row - r, column=s.column - c, row2=s.row2 - r, column2=s.column2 - c) for s in parts)


_MAKERS = {
    "br_round": _round,
    "br_amorphous": _amorphous,
    "br_coarse_heterogeneous": _heterogeneous,
    "br_fine_pleomorphic": _pleomorphic,
    "br_fine_linear": _linear,
    "br_rim": _rim,
    "br_coarse_popcorn": _popcorn,
    "br_large_rodlike": _large_rod,
    "br_dystrophic": _dystrophic,
    "br_skin": _skin,
    "br_milk_of_calcium": _milk,
    "br_suture": _suture,
}


def thickness(
    particle: Particle, mm: float, at: tuple[float, float], *, finest_mm: float = 0.025
) -> tuple[NDArray[np.float32], int, int]:
    """Millimeters of calcium along the beam, averaged over each pixel.

    Parameters
    ----------
    particle : Particle
    mm : float
        Pixel [mm].
    at : (float, float)
        Row and column [px] of the particle's middle; parts of a pixel count.
    finest_mm : float
        The grid it is drawn on before pixels are averaged.

    Returns
    -------
    patch : (row, column) float32
        Odd and square.
    row, column : int
        Pixel of the image under the patch's first one.
    """
    fine = max(1, int(np.ceil(mm / finest_mm)))
    half = int(np.ceil(particle.reach() / mm)) + 1
    size = 2 * half + 1
    row0, column0 = round(at[0]) - half, round(at[1]) - half
    steps = (np.arange(size * fine) + 0.5) / fine - 0.5
    y = ((row0 + steps - at[0]) * mm)[:, None].astype(np.float32)
    x = ((column0 + steps - at[1]) * mm)[None, :].astype(np.float32)
    total = np.zeros((size * fine, size * fine), np.float32)
    for solid in particle.solids:
        rows, columns = _extent(solid, y[:, 0], 0), _extent(solid, x[0], 1)
        part = total[rows, columns]
        if part.size:
            np.maximum(part, _chord(solid, y[rows], x[:, columns]), out=part)
    if particle.haze_mm:
        from scipy import ndimage

        total = ndimage.gaussian_filter(total, particle.haze_mm / mm * fine)
    patch = total.reshape(size, fine, size, fine).mean(axis=(1, 3)) * np.float32(particle.dense)
    return np.asarray(patch, np.float32), row0, column0


def _extent(solid: Solid, places: NDArray[np.float32], axis: int) -> slice:
    """The part of the grid that a solid can reach."""
    first = (solid.row, solid.column)[axis]
    second = (solid.row2, solid.column2)[axis] if solid.kind in _LONG else first
    reach = 1.6 * solid.radius
    low, high = np.searchsorted(places, (min(first, second) - reach, max(first, second) + reach))
    return slice(int(low), int(high))


def _chord(solid: Solid, y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of the beam inside one solid."""
    if solid.kind in _LONG:
        dy, dx = solid.row2 - solid.row, solid.column2 - solid.column
        square = max(dy * dy + dx * dx, 1e-12)
        along = ((y - solid.row) * dy + (x - solid.column) * dx) / square
        t = np.clip(along, 0, 1)
        away = (y - solid.row - t * dy) ** 2 + (x - solid.column - t * dx) ** 2
        if solid.kind == "tube":
            # Ends are open; pieces overlap a little, so that a bend has no gap on its outer side.
            away = np.where(np.abs(along - 0.5) <= 0.65, away, np.inf)
            outer = np.sqrt(np.maximum(solid.radius**2 - away, 0))
            inner = np.sqrt(np.maximum((solid.radius - solid.wall) ** 2 - away, 0))
            return np.asarray(2 * (outer - inner), np.float32)
        return np.asarray(2 * np.sqrt(np.maximum(solid.radius**2 - away, 0)), np.float32)
    ry, rx = y - solid.row, x - solid.column
    away = ry**2 + rx**2
    if solid.kind == "shell":
        outer = np.sqrt(np.maximum(solid.radius**2 - away, 0))
        inner = np.sqrt(np.maximum((solid.radius - solid.wall) ** 2 - away, 0))
        return np.asarray(2 * (outer - inner), np.float32)
    radius: NDArray[np.float32] | float = solid.radius
    if solid.kind == "star":
        turn = np.arctan2(ry, rx)
        waves = sum(a * np.cos(k * turn + p) for k, (a, p) in enumerate(solid.bumps, start=2))
        radius = np.asarray(solid.radius * np.clip(1 + waves, 0.4, 1.6), np.float32)
    return np.asarray(2 * np.sqrt(np.maximum(radius**2 - away, 0)), np.float32)
