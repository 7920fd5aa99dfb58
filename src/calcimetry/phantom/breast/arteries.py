"""Calcified arteries: courses of various calibre and curvature, and the calcium in their walls."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.phantom.breast.outline import Outline
from calcimetry.phantom.breast.particles import Particle, Placed2D, Solid
from calcimetry.phantom.breast.tissue import Strand

__all__ = ["artery", "courses"]

F64 = NDArray[np.float64]
_STEP_MM = 0.3
"""Pieces of a course."""


def courses(body: Outline, rng: np.random.Generator) -> list[Strand]:
    """One artery and its branches: smooth, from nearly straight to tortuous, the branches thinner than their trunk."""
    rows, columns = np.nonzero(body.inside & (body.depth > 0.3))
    if rows.size == 0:
        return []
    n = int(rng.integers(rows.size))
    middle = np.array([rows[n], columns[n]], np.float64)
    angle = body.toward_nipple(*middle) + float(rng.normal(0, 0.6))
    trunk = _walk(angle, float(rng.uniform(14, 85)), rng)
    trunk = middle + (trunk - trunk[len(trunk) // 2]) / body.mm
    calibre = float(np.clip(rng.lognormal(np.log(1.3), 0.4), 0.6, 3.4))
    out = [Strand(trunk, calibre)]
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.3, 0.2]))):
        at = int(rng.integers(len(trunk) // 5, max(len(trunk) // 5 + 1, len(trunk) - 4)))
        way = trunk[min(at + 1, len(trunk) - 1)] - trunk[max(at - 1, 0)]
        turn = float(np.arctan2(way[0], way[1])) + float(rng.choice([-1, 1])) * float(rng.uniform(0.4, 1.1))
        branch = trunk[at] + _walk(turn, float(rng.uniform(8, 40)), rng) / body.mm
        out.append(Strand(branch, max(0.5, calibre * float(rng.uniform(0.55, 0.9)))))
    return [kept for one in out if (kept := _inside(one, body)) is not None]


def _walk(angle: float, length_mm: float, rng: np.random.Generator) -> F64:
    """Points (n, 2) [mm] of a smooth curve from (0, 0)."""
    n = max(8, int(length_mm / _STEP_MM))
    bend = ndimage.gaussian_filter1d(rng.normal(size=n), float(rng.uniform(6, 30)) / _STEP_MM / 2.5)
    bend = bend / (np.abs(bend).max() + 1e-9) * float(rng.uniform(0.05, 0.9))
    wave = float(rng.choice([0.0, rng.uniform(0.1, 0.7)], p=[0.6, 0.4]))
    wound = wave * np.sin(2 * np.pi * np.arange(n) * _STEP_MM / float(rng.uniform(8, 25)) + float(rng.uniform(0, 6.3)))
    heading = angle + bend + wound
    steps = _STEP_MM * np.stack([np.sin(heading), np.cos(heading)], axis=1)
    return np.asarray(np.cumsum(steps, axis=0) - steps[0])


def _inside(one: Strand, body: Outline) -> Strand | None:
    """The longest run of the course within the breast."""
    index = np.rint(one.points).astype(int)
    held = np.asarray(((index >= 0) & (index < np.array(body.inside.shape))).all(axis=1), bool)
    held[held] = body.inside[index[held, 0], index[held, 1]]
    labels, count = ndimage.label(held)
    if count == 0:
        return None
    longest = int(np.bincount(labels[labels > 0]).argmax())
    points = one.points[labels == longest]
    return Strand(points, one.width_mm) if len(points) >= 12 else None


def artery(strand: Strand, mm: float, cnr: float, rng: np.random.Generator) -> Placed2D | None:
    """Calcium in the wall of one vessel: two broken lines, one line, whole rings of wall, or grains."""
    points = _spaced(strand.points * mm)
    if len(points) < 12:
        return None
    first = int(rng.integers(0, max(1, len(points) // 3)))
    points = points[first : first + int(rng.integers(12, max(13, len(points))))]
    middle = points.mean(axis=0)
    course = points - middle
    forward = np.gradient(course, axis=0)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True) + 1e-9
    side = np.stack([forward[:, 1], -forward[:, 0]], axis=1)
    radius = 0.5 * strand.width_mm * (1 + 0.12 * _smooth(len(points), 8.0, rng))
    manner = str(rng.choice(["tram", "tube", "one", "grains", "mixed"], p=[0.34, 0.24, 0.1, 0.12, 0.2]))
    solids: list[Solid] = []
    if manner in ("tram", "one", "mixed"):
        for wall in (-1.0, 1.0) if manner != "one" else (1.0,):
            solids += _wall(course + wall * side * (0.95 * radius)[:, None], rng)
    if manner in ("tube", "mixed"):
        solids += _rings(course, radius, rng)
    if manner in ("grains", "mixed"):
        solids += _grains(course, side, radius, rng)
    if not solids:
        return None
    at = (float(middle[0] / mm), float(middle[1] / mm))
    # A wide vessel has more wall in the beam, and no more calcium in it: the thickest place is that of a large speck.
    thick = max(_thickest(one) for one in solids)
    dense = float(rng.uniform(0.4, 1.2)) * min(1.0, 0.5 / thick)
    return Placed2D(Particle("br_vascular", tuple(solids), dense=dense), at, cnr)


def _thickest(one: Solid) -> float:
    """Longest way of the beam through it [mm]."""
    if one.kind == "tube":
        return 2 * float(np.sqrt(one.radius**2 - max(one.radius - one.wall, 0.0) ** 2))
    return 2 * one.radius


def _spaced(points: F64) -> F64:
    """The same curve [mm] in even steps."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    want = np.arange(0.0, along[-1], _STEP_MM)
    return np.stack([np.interp(want, along, points[:, k]) for k in (0, 1)], axis=1)


def _smooth(count: int, length_mm: float, rng: np.random.Generator) -> F64:
    """Noise along the course, alike over this length, with deviation 1."""
    noise = ndimage.gaussian_filter1d(rng.normal(size=count), max(length_mm / _STEP_MM / 2.5, 0.5))
    return np.asarray(noise / (noise.std() + 1e-9))


def _amount(count: int, rng: np.random.Generator) -> F64:
    """How much calcium (0 to 1) there is along the course: from a few pieces to nearly all, thin at their ends."""
    change = _smooth(count, float(rng.choice([0.8, 2.0, 5.0, 12.0])), rng)
    over = change - np.quantile(change, float(rng.uniform(0.05, 0.75)))
    return np.asarray(np.clip(over / float(rng.uniform(0.1, 1.0)), 0, 1))


def _wall(line: F64, rng: np.random.Generator) -> list[Solid]:
    amount, thick = _amount(len(line), rng), float(rng.uniform(0.06, 0.2))
    widths = thick * np.sqrt(amount) * np.exp(0.35 * _smooth(len(line), 1.0, rng))
    rough = line + rng.normal(0, 0.04, line.shape)
    return [_piece("rod", rough, n, float(widths[n])) for n in range(len(line) - 1) if amount[n] > 0]


def _piece(kind: Literal["rod", "tube"], line: F64, n: int, radius: float, wall: float = 0.0) -> Solid:
    (row, column), (row2, column2) = line[n], line[n + 1]
    return Solid(kind, float(row), float(column), radius, float(row2), float(column2), wall)


def _rings(line: F64, radius: F64, rng: np.random.Generator) -> list[Solid]:
    """Stretches of the whole wall: bright at both edges, and less so between."""
    amount, share = _amount(len(line), rng), float(rng.uniform(0.06, 0.4))
    walls = np.minimum(share * radius * amount * np.exp(0.4 * _smooth(len(line), 0.8, rng)), 0.9 * radius)
    return [_piece("tube", line, n, float(radius[n]), float(walls[n])) for n in range(len(line) - 1) if walls[n] > 0.01]


def _grains(line: F64, side: F64, radius: F64, rng: np.random.Generator) -> list[Solid]:
    out = []
    for n in np.flatnonzero(_amount(len(line), rng) > 0.2):
        for _ in range(int(rng.poisson(float(rng.uniform(0.4, 1.5))))):
            off = np.sin(float(rng.uniform(0, 2 * np.pi))) * radius[n]
            row, column = line[n] + side[n] * off + rng.normal(0, 0.1, 2)
            out.append(Solid("ball", float(row), float(column), float(rng.uniform(0.07, 0.22))))
    return out
