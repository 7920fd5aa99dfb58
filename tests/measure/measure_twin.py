"""The same counting again, slowly: loops and a flood fill, sharing no code with the package."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def slow_agatston(
    hu: np.ndarray, spacing_mm: tuple[float, float, float], choices: dict[str, Any], thickness_mm: float | None = None
) -> tuple[float, float]:
    """Score and volume by plain loops; ``choices`` spells the rule in words of its own."""
    depth, height, width = hu.shape
    limit, strict, steps = choices["threshold"], choices["strict"], choices["steps"]
    wanted = set()
    for k, j, i in itertools.product(range(depth), range(height), range(width)):
        value = float(hu[k, j, i])
        if value > limit or (value == limit and not strict):
            wanted.add((k, j, i))
    pixel = spacing_mm[1] * spacing_mm[2]
    bodies = _bodies(wanted, _neighbours(choices["dimensions"], choices["connectivity"]))
    bodies_in_space = bodies if choices["dimensions"] == 3 else _bodies(wanted, _neighbours(3, 26))
    size_in_space = {voxel: len(body) for body in bodies_in_space for voxel in body}
    score = volume = 0.0
    for body in bodies:
        body_score = 0.0
        body_peak = max(float(hu[v]) for v in body)
        for k in sorted({v[0] for v in body}):
            piece = [v for v in body if v[0] == k]
            if not all(
                _enough(m, len(piece), size_in_space[piece[0]], pixel, spacing_mm[0]) for m in choices["minimum"]
            ):
                continue
            peak = body_peak if choices["peak"] == "object" else max(float(hu[v]) for v in piece)
            weight = sum(peak >= step for step in steps)
            body_score += len(piece) * pixel * weight * _factor(choices["factor"], spacing_mm[0], thickness_mm)
            volume += len(piece) * pixel * spacing_mm[0]
        score += float(round(body_score)) if choices["rounding"] == "object" else body_score
    return score, volume


def _factor(name: str, increment: float, thickness: float | None) -> float:
    thick = increment if thickness is None else thickness
    if name == "increment/3":
        return increment / 3
    if name == "thickness/3":
        return thick / 3
    return increment / thick if name == "increment/thickness" else 1.0


def _enough(minimum: tuple[float, str, bool], pixels: int, voxels: int, pixel_mm2: float, increment: float) -> bool:
    value, unit, strict = minimum
    size = {"pixels": pixels, "mm2": pixels * pixel_mm2, "voxels": voxels, "mm3": voxels * pixel_mm2 * increment}[unit]
    return size > value + 1e-6 if strict else size >= value - 1e-6


def _neighbours(dimensions: int, connectivity: int) -> list[tuple[int, int, int]]:
    found = []
    for dk, dj, di in itertools.product((-1, 0, 1), repeat=3):
        moved = abs(dk) + abs(dj) + abs(di)
        if moved == 0 or (dimensions == 2 and dk):
            continue
        if connectivity in (4, 6) and moved > 1:
            continue
        found.append((dk, dj, di))
    assert len(found) == connectivity
    return found


def _bodies(
    wanted: set[tuple[int, int, int]], neighbours: list[tuple[int, int, int]]
) -> list[list[tuple[int, int, int]]]:
    left, bodies = set(wanted), []
    while left:
        edge = [left.pop()]
        body = list(edge)
        while edge:
            k, j, i = edge.pop()
            for dk, dj, di in neighbours:
                near = (k + dk, j + dj, i + di)
                if near in left:
                    left.remove(near)
                    edge.append(near)
                    body.append(near)
        bodies.append(body)
    return bodies
