"""The bodies a recipe may ask for: the chest, the calibration phantom's slab, a plain block of tissue."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from calcimetry.phantom.canvas import F32, Canvas
from calcimetry.phantom.heart import Heart
from calcimetry.phantom.materials import palette
from calcimetry.phantom.thorax import Thorax

__all__ = ["Anatomy", "anatomy"]


class Anatomy(Protocol):
    """Something that can be cut into planes."""

    @property
    def heart(self) -> Heart | None:
        """Its heart and vessels, where it has any."""
        ...

    def plane(self, z_mm: float) -> F32:
        """CT numbers (row, column) at this height; the array is used again for the next plane."""
        ...


class _Block:
    """Soft tissue everywhere."""

    heart = None

    def __init__(self, x: F32, y: F32, kvp: float) -> None:
        self._plane = np.full((len(y), len(x)), palette(kvp)["blood"], dtype=np.float32)

    def plane(self, z_mm: float) -> F32:
        """The same at every height."""
        return self._plane


class _Slab:
    """The body of the calibration phantom: an oval of tissue with two lungs, a spine and a round insert.

    The insert is 100 mm wide; rods of 200 mg/cm³ and of water stand on its axis above the objects and are part of
    the recipe.
    """

    heart = None

    def __init__(self, x: F32, y: F32, kvp: float) -> None:
        self._canvas = Canvas(x, y)
        hu = palette(kvp)
        canvas = self._canvas
        canvas.clear(hu["air"])
        canvas.oval(0, 0, 150, 100, hu["resin"] - 6)
        for s in (-1, 1):
            canvas.oval(s * 88, 2, 44, 66, hu["lung"] + 30)
        canvas.disc(0, 0, 52, hu["resin"] - 6)
        canvas.oval(0, 74, 18, 15, hu["cancellous"] + 10)
        canvas.disc(0, 0, 50, hu["resin"])

    def plane(self, z_mm: float) -> F32:
        """The same at every height."""
        return self._canvas.hu


def anatomy(name: str, x_mm: F32, y_mm: F32, kvp: float, rng: np.random.Generator) -> Anatomy:
    """The body of this name on these pixel centres [mm]."""
    if name == "thorax":
        return Thorax(x_mm, y_mm, kvp, rng)
    if name == "qrm":
        return _Slab(x_mm, y_mm, kvp)
    return _Block(x_mm, y_mm, kvp)
