"""Tubes along centre lines: arteries, veins, airways, the oesophagus. Painted, and kept for plaques and regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from calcimetry.phantom.canvas import F32, Box, Canvas

__all__ = ["Speckles", "Tube", "spline"]

# Centre lines are stored this finely; a tube's wall is then smooth to a hundredth of a millimetre.
_STEP_MM = 0.5


def spline(points: ArrayLike, step_mm: float = _STEP_MM) -> NDArray[np.float64]:
    """A smooth line (n, 3) through the points (m, 3), closely spaced [mm]."""
    knots = np.asarray(points, dtype=np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    count = max(2, int(np.ceil(along[-1] / step_mm)) + 1)
    if len(knots) == 2:
        t = np.linspace(0, 1, count)[:, None]
        return np.asarray(knots[0] + t * (knots[1] - knots[0]))
    return np.asarray(CubicSpline(along, knots, bc_type="natural")(np.linspace(0, along[-1], count)))


@dataclass(frozen=True, eq=False)
class Tube:
    """A centre line (n, 3) [mm] and the radius at each of its points (n,) [mm]."""

    path_mm: NDArray[np.float64]
    radius_mm: NDArray[np.float64]

    @classmethod
    def through(cls, points: Sequence[ArrayLike] | NDArray[np.float64], radii_mm: float | Sequence[float]) -> Tube:
        """A tube through the points; one radius, or one for each point."""
        path = spline(np.stack([np.asarray(p, dtype=np.float64) for p in points]))
        given = np.atleast_1d(np.asarray(radii_mm, dtype=np.float64))
        radius = np.interp(np.linspace(0, 1, len(path)), np.linspace(0, 1, len(given)), given)
        return cls(path, radius)

    @property
    def length_mm(self) -> float:
        """Length of the centre line."""
        return float(np.linalg.norm(np.diff(self.path_mm, axis=0), axis=1).sum())

    def distance(self, canvas: Canvas, z_mm: float, margin_mm: float = 0.0) -> tuple[Box, F32] | None:
        """Signed distance from the wall in the plane at ``z_mm``, on the box that the tube takes up there.

        ``margin_mm`` widens the tube. ``None`` where it does not reach the plane.
        """
        radius = self.radius_mm + margin_mm
        off = self.path_mm[:, 2] - z_mm
        near = np.abs(off) < radius + 1.0
        if not near.any():
            return None
        x, y, r, dz = self.path_mm[near, 0], self.path_mm[near, 1], radius[near], off[near]
        box = canvas.box(
            float((x - r).min()) - 1, float((x + r).max()) + 1, float((y - r).min()) - 1, float((y + r).max()) + 1
        )
        if box is None:
            return None
        # Points closer together than a pixel add nothing in a plane.
        step = max(1, int(canvas.pixel_mm / _STEP_MM * 0.75))
        best: F32 | None = None
        for px, py, pr, pz in zip(x[::step], y[::step], r[::step], dz[::step], strict=True):
            u, v = box.x - np.float32(px), box.y - np.float32(py)
            d = np.sqrt(u * u + v * v + np.float32(pz * pz)) - np.float32(pr)
            best = d if best is None else np.minimum(best, d, out=best)
        if best is None:
            return None
        return box, best

    def paint(self, canvas: Canvas, z_mm: float, hu: float, *, wall_mm: float = 0.0, wall_hu: float = 0.0) -> None:
        """Paint wall (if any) and content."""
        found = self.distance(canvas, z_mm)
        if found is None:
            return
        box, d = found
        if wall_mm > 0:
            canvas.fill(box, d - np.float32(wall_mm), wall_hu)
        canvas.fill(box, d, hu)


class Speckles:
    """Thousands of thin round tubes at once (vessels of the lung): discs thrown on the plane together.

    Parameters
    ----------
    points : (n, 3)
        Centres [mm], closer together than their radius.
    radii : (n,)
        Radii [mm]; at most ``MAX_RADIUS_MM``.
    """

    MAX_RADIUS_MM = 3.6

    def __init__(self, points: NDArray[np.float64], radii: NDArray[np.float64]) -> None:
        order = np.argsort(points[:, 2], kind="stable")
        self._points = points[order].astype(np.float32)
        self._radii = np.minimum(radii[order], self.MAX_RADIUS_MM).astype(np.float32)

    def coverage(self, canvas: Canvas, z_mm: float) -> F32:
        """Coverage (row, column) by all tubes in the plane."""
        out = np.zeros(canvas.hu.shape, dtype=np.float32)
        first, last = np.searchsorted(self._points[:, 2], (z_mm - self.MAX_RADIUS_MM, z_mm + self.MAX_RADIUS_MM))
        points, radii = self._points[first:last], self._radii[first:last]
        squared = radii**2 - (points[:, 2] - np.float32(z_mm)) ** 2
        cut = squared > 0
        points, chord = points[cut], np.sqrt(squared[cut])
        if not len(points):
            return out
        reach = int(np.ceil(self.MAX_RADIUS_MM / canvas.pixel_mm)) + 1
        column = np.rint((points[:, 0] - canvas.x[0, 0]) / canvas.pixel_mm).astype(np.int64)
        row = np.rint((points[:, 1] - canvas.y[0, 0]) / canvas.pixel_mm).astype(np.int64)
        inside = (column >= reach) & (column < out.shape[1] - reach) & (row >= reach) & (row < out.shape[0] - reach)
        points, chord, column, row = points[inside], chord[inside], column[inside], row[inside]
        window = np.arange(-reach, reach + 1)
        jj = (row[:, None, None] + window[None, :, None]) + np.zeros_like(window)[None, None, :]
        ii = (column[:, None, None] + window[None, None, :]) + np.zeros_like(window)[None, :, None]
        away = np.hypot(canvas.x[0][ii] - points[:, 0, None, None], canvas.y[:, 0][jj] - points[:, 1, None, None])
        covered = canvas.cover((away - chord[:, None, None]).astype(np.float32))
        touched = covered > 0
        np.maximum.at(out, (jj[touched], ii[touched]), covered[touched])
        return out
