"""A tube made ready to paint: few centres, and how far it takes part in the motion of the heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calcimetry.phantom.canvas import F32, Box, Canvas
from calcimetry.phantom.tubes import Tube

__all__ = ["Pipe"]


class Pipe:
    """A tube prepared for painting: its centre line thinned to what its radius needs.

    ``moves``: how much of the heart's motion it takes part in (0 to 1).
    """

    def __init__(self, tube: Tube, moves: float = 0.0) -> None:
        self.tube, self.moves = tube, moves
        keep, last = [0], 0
        step = tube.length_mm / max(1, len(tube.path_mm) - 1)
        for n, radius in enumerate(tube.radius_mm):
            # Balls a third of their radius apart: the wall between them dips by 1.4 % of it.
            if (n - last) * step >= max(0.45, radius / 3.0):
                keep.append(n)
                last = n
        if keep[-1] != len(tube.path_mm) - 1:
            keep.append(len(tube.path_mm) - 1)
        self._path = tube.path_mm[keep].astype(np.float32)
        self._radius = tube.radius_mm[keep].astype(np.float32)

    def distance(
        self, canvas: Canvas, z_mm: float, reach_mm: float, shift: Sequence[float] = (0.0, 0.0, 0.0)
    ) -> tuple[Box, F32] | None:
        """Signed distance from the wall in the plane, in a box that holds everything nearer than ``reach_mm``."""
        moved = [self.moves * s for s in shift]
        off = self._path[:, 2] + np.float32(moved[2] - z_mm)
        near = np.abs(off) < self._radius + np.float32(reach_mm)
        if not near.any():
            return None
        x, y = self._path[near, 0] + np.float32(moved[0]), self._path[near, 1] + np.float32(moved[1])
        r, dz = self._radius[near], off[near]
        wide = r + np.float32(reach_mm)
        box = canvas.box(
            float((x - wide).min()), float((x + wide).max()), float((y - wide).min()), float((y + wide).max())
        )
        if box is None:
            return None
        best: F32 | None = None
        for px, py, pr, pz in zip(x, y, r, dz, strict=True):
            u, v = box.x - px, box.y - py
            d = np.sqrt(u * u + (v * v + pz * pz)) - pr
            best = d if best is None else np.minimum(best, d, out=best)
        assert best is not None
        return box, best
