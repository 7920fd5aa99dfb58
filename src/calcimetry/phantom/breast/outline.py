"""Shape of a compressed breast on the image: outline, nipple, how thick it is, the muscle behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Outline", "outline"]

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outline:
    """A left breast (chest wall at column 0) on a grid of ``mm`` pixels.

    ``depth`` is 0 outside and at the skin and 1 where the breast has its full thickness; ``nipple`` is (row, column).
    """

    inside: NDArray[np.bool_]
    depth: Field
    skin: Field
    muscle: Field
    nipple: tuple[float, float]
    view: str
    mm: float

    def toward_nipple(self, row: float, column: float) -> float:
        """Direction to the nipple [rad], 0 along a row, growing downwards."""
        return float(np.arctan2(self.nipple[0] - row, self.nipple[1] - column))


def outline(shape: tuple[int, int], mm: float, view: str, rng: np.random.Generator) -> Outline:
    """Draw one outline. ``view``: ``CC`` (half oval), ``MLO`` (with axilla and muscle) or ``spot`` (no air at all)."""
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    if view == "spot":
        full = np.ones(shape, bool)
        aim = (rows * float(rng.uniform(0.2, 0.8)), columns * float(rng.uniform(1.2, 2.0)))
        one = np.ones(shape, np.float32)
        return Outline(full, one, np.zeros_like(one), np.zeros_like(one), aim, view, mm)
    middle = rows * float(rng.uniform(0.45, 0.62) if view == "MLO" else rng.uniform(0.45, 0.55))
    long = rows * float(rng.uniform(0.36, 0.46))
    wide = columns * float(rng.uniform(0.55, 0.85))
    power = float(rng.uniform(1.8, 2.6))
    below = np.clip((y - middle) / long, -1, 1)
    reach = wide * np.power(np.clip(1 - np.abs(below) ** power, 0, 1), 1 / power)
    if view == "MLO":
        # Upwards the outline runs out into the axilla instead of closing.
        axilla = wide * float(rng.uniform(0.3, 0.65))
        up = np.clip((middle - y) / min(long * float(rng.uniform(1.1, 1.7)), 0.95 * middle), 0, 1)
        bell = (0.5 + 0.5 * np.cos(np.pi * up)) ** float(rng.uniform(0.7, 1.2))
        reach = np.where(y < middle, axilla + (wide - axilla) * bell, reach)
    waves = _waves(rows, rng) * float(rng.uniform(0.3, 1.2)) / mm
    reach = reach + waves[:, None]
    inside = x < reach
    row = int(np.clip(middle + rng.normal(0, 6.0) / mm, 2, rows - 3))
    nipple = (float(row), float(reach[row, 0]))
    radius = float(rng.uniform(2.5, 6.0)) / mm
    if rng.random() < 0.6:
        inside |= (y - nipple[0]) ** 2 + (x - nipple[1] + 0.3 * radius) ** 2 < radius**2
    rim = float(rng.uniform(9.0, 22.0)) / mm
    away = ndimage.distance_transform_edt(np.pad(inside, ((0, 0), (1, 1)), mode="edge"))[:, 1:-1].astype(np.float32)
    near = np.clip(away / rim, 0, 1)
    depth = np.sqrt(np.clip(1 - (1 - near) ** 2, 0, 1)).astype(np.float32)
    skin = (np.exp(-0.5 * ((away - 1.0 / mm) / (0.6 / mm)) ** 2) * inside).astype(np.float32)
    muscle = np.zeros(shape, np.float32)
    if view == "MLO":
        across = columns * float(rng.uniform(0.15, 0.5))
        down = rows * float(rng.uniform(0.3, 0.7))
        bend = 1 + float(rng.uniform(-0.3, 0.5)) * np.sin(np.pi * np.clip(y / down, 0, 1))
        edge = across * (1 - y / down) * bend
        muscle = (1 / (1 + np.exp(np.clip((x - edge) * mm / float(rng.uniform(0.5, 2.0)), -30, 30)))).astype(np.float32)
    return Outline(inside, depth, skin, muscle * inside, nipple, view, mm)


def _waves(count: int, rng: np.random.Generator) -> Field:
    """A slow random walk along the outline, about 1 high."""
    walk = ndimage.gaussian_filter1d(rng.normal(size=count), count / 14)
    return np.asarray(walk / (np.abs(walk).max() + 1e-9), np.float32)
