"""A chest, plane by plane: outlines, lungs, diaphragm and organs below it, heart, vessels, bones, table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.canvas import F32, Box, Canvas
from calcimetry.phantom.heart import Heart
from calcimetry.phantom.lungs import lung_vessels
from calcimetry.phantom.materials import palette
from calcimetry.phantom.outline import Cage, Polar
from calcimetry.phantom.skeleton import Skeleton
from calcimetry.phantom.tubes import Tube

__all__ = ["Thorax"]

# Half width of the mediastinum between the lungs, by depth (front to back) [mm].
_MEDIASTINUM_Y = (-92.0, -70.0, -45.0, -15.0, 15.0, 40.0, 60.0, 84.0)
_MEDIASTINUM_X = (4.0, 7.0, 22.0, 31.0, 30.0, 26.0, 23.0, 19.0)


class Thorax:
    """The chest of the phantom.

    Parameters
    ----------
    x_mm, y_mm : (column,), (row,)
        Patient coordinates of the pixel centres.
    kvp : float
        Tube voltage: sets the CT number of every tissue.
    rng : numpy Generator
        Draws the vessels of the lungs and the slow unevenness of tissue.
    """

    def __init__(self, x_mm: F32, y_mm: F32, kvp: float, rng: np.random.Generator) -> None:
        self._canvas = Canvas(x_mm, y_mm)
        self._hu = dict(palette(kvp))
        self._polar = Polar(self._canvas.x, self._canvas.y)
        self.heart = Heart.build()
        self._bones = Skeleton()
        self._vessels = lung_vessels(rng)
        self._uneven = _unevenness(self._canvas, rng)
        self._airways = (
            Tube.through([(-3, 4, 130), (-4, 14, 80), (-6, 23, 30), (-5, 28, 0)], 8.6),
            Tube.through([(-5, 28, 0), (-20, 32, -12), (-38, 33, -24), (-58, 30, -34)], [7.5, 7, 6, 4]),
            Tube.through([(-5, 28, 0), (12, 33, -13), (32, 37, -25), (54, 36, -38)], [6.5, 6.5, 5.5, 3.5]),
        )
        self._gullet = Tube.through(
            [(-2, 34, 130), (0, 40, 60), (1, 45, 0), (4, 42, -60), (12, 36, -110), (24, 16, -135)], 6.5
        )

    def plane(self, z_mm: float) -> F32:
        """CT numbers (row, column) of the plane at this height, edges smooth over one pixel."""
        canvas, hu = self._canvas, self._hu
        cage = Cage.at(self._polar, z_mm)
        canvas.clear(hu["air"])
        self._table(z_mm)
        whole = canvas.whole()
        canvas.fill(whole, cage.skin_mm, hu["skin"])
        canvas.fill(whole, cage.skin_mm + np.float32(2.2), hu["fat"] + self._uneven)
        canvas.fill(whole, cage.muscle_mm, hu["muscle"] + self._uneven)
        self._fat_planes(cage, z_mm)
        canvas.fill(whole, cage.outside_mm, hu["epicardial_fat"])
        bottom = self._below_diaphragm(cage, z_mm)
        self._lungs(cage, z_mm, bottom)
        self.heart.paint(canvas, z_mm, hu)
        self._gullet.paint(canvas, z_mm, hu["muscle"] - 15)
        for tube in self._airways:
            tube.paint(canvas, z_mm, hu["air"] + 15, wall_mm=1.3, wall_hu=hu["muscle"] - 10)
        self._bones.paint(canvas, z_mm, cage, hu)
        return canvas.hu

    def _table(self, z_mm: float) -> None:
        # A curved top: two thin shells with foam between.
        canvas = self._canvas
        box = canvas.box(-215, 215, 90, 190)
        if box is None:
            return
        top = np.float32(114.5) - box.x * box.x * np.float32(1 / 1500.0)
        inside = np.maximum(top - box.y, np.abs(box.x) - np.float32(205))
        below = box.y - top - np.float32(26) + np.abs(box.x) * np.float32(0.05)
        d = np.maximum(inside, below)
        canvas.fill(box, d, self._hu["shell"])
        canvas.fill(box, d + np.float32(1.8), self._hu["foam"])

    def _fat_planes(self, cage: Cage, z_mm: float) -> None:
        # Fat between the layers of muscle, and in the armpits, drawn inside the muscle only.
        canvas, hu = self._canvas, self._hu
        whole = canvas.whole()
        inside = canvas.cover(cage.muscle_mm)
        seam = np.abs(cage.outside_mm - np.float32(14.5)) - np.float32(0.9)
        canvas.blend(whole, canvas.cover(seam) * inside * np.float32(0.8), hu["fat"])
        if z_mm > -20:
            grown = float(np.clip((z_mm + 20) / 60, 0, 1))
            for s in (-1.0, 1.0):
                box = canvas.box(s * 118 - 40, s * 118 + 40, -50, 60)
                if box is None:
                    continue
                u = (box.x - np.float32(s * (112 + 6 * grown))) / np.float32(12 + 16 * grown)
                v = (box.y - np.float32(4)) / np.float32(26 + 12 * grown)
                d = (np.hypot(u, v) - 1) * np.float32(16)
                d = np.maximum(d, np.float32(9) - cage.outside_mm[box.at])
                d = np.maximum(d, cage.muscle_mm[box.at] + np.float32(3))
                canvas.fill(box, d, hu["fat"] + self._uneven[box.at])

    def _dome(self, box: Box) -> F32:
        """Height of the diaphragm over each pixel [mm]."""
        right = -90.0 - 82.0 * (((box.x + 60) / 76) ** 2 + ((box.y + 2) / 84) ** 2)
        left = -99.0 - 78.0 * (((box.x - 62) / 74) ** 2 + ((box.y + 2) / 84) ** 2)
        middle = -112.0 - 60.0 * ((box.x / 70) ** 2 + ((box.y + 25) / 90) ** 2)
        return np.asarray(np.maximum(np.maximum(right, left), middle), dtype=np.float32)

    def _below_diaphragm(self, cage: Cage, z_mm: float) -> F32 | None:
        """Paint liver, spleen, stomach; gives the distance from the diaphragm in the plane (below: negative)."""
        if z_mm > -84:
            return None
        canvas, hu = self._canvas, self._hu
        whole = canvas.whole()
        # Height over the dome, turned into a distance in the plane by the dome's steepness.
        height = np.float32(z_mm) - self._dome(whole)
        steep = np.float32(1.2) + np.float32(0.012) * self._polar.radius
        d = height / steep
        inside = np.maximum(d, cage.outside_mm + np.float32(1.5))
        canvas.fill(whole, inside, hu["muscle"])
        canvas.fill(whole, inside + np.float32(2.2), hu["fat"] + 8)
        liver = np.maximum(inside + np.float32(2.6), (canvas.x - np.float32(34)) - (canvas.y + 40) * np.float32(0.35))
        gap = (np.hypot((canvas.x - 6) / 34, (canvas.y - 62) / 34) - 1) * np.float32(34)
        liver = np.maximum(liver, -gap)
        canvas.fill(whole, liver, hu["liver"] + self._uneven)
        deep = np.clip((-104 - z_mm) / 40, 0, 1)
        if deep > 0:
            canvas.fill(
                whole,
                np.maximum(inside + np.float32(4), _oval(canvas, 92, 42, 30 * deep + 8, 36 * deep + 8)),
                hu["spleen"],
            )
            stomach = np.maximum(inside + np.float32(4), _oval(canvas, 56, -14, 34 * deep + 6, 40 * deep + 6))
            canvas.fill(whole, stomach, hu["muscle"] - 10)
            canvas.fill(whole, stomach + np.float32(3.5), 20.0)
            air = np.maximum(stomach + np.float32(3.5), canvas.y + np.float32(28))
            canvas.fill(whole, air, hu["air"] + 20)
        return d

    def _lungs(self, cage: Cage, z_mm: float, below: F32 | None) -> None:
        canvas, hu = self._canvas, self._hu
        whole = canvas.whole()
        half = np.interp(canvas.y[:, 0], _MEDIASTINUM_Y, _MEDIASTINUM_X).astype(np.float32)[:, None]
        d = np.maximum(cage.outside_mm + np.float32(1.5), half - np.abs(canvas.x))
        # The tops round off: two domes.
        ceiling = 118.0 - 56.0 * (((np.abs(canvas.x) - 52) / 46) ** 2 + ((canvas.y - 14) / 50) ** 2)
        d = np.maximum(d, (np.float32(z_mm) - ceiling.astype(np.float32)) / np.float32(2.2))
        spine = np.hypot(canvas.x / np.float32(1.15), canvas.y - np.float32(68)) - np.float32(19.5)
        d = np.maximum(d, -spine)
        if below is not None:
            d = np.maximum(d, -below)
        cover = canvas.cover(d)
        # Blood sinks to the back: lung is denser there.
        gradient = (canvas.y * np.float32(0.22)).astype(np.float32)
        canvas.blend(whole, cover, hu["lung"] + gradient + self._uneven * np.float32(2.0))
        vessels = self._vessels.coverage(canvas, z_mm)
        canvas.blend(whole, vessels * canvas.cover(d + np.float32(2.0)), hu["blood"] - 5)


def _oval(canvas: Canvas, x: float, y: float, half_x: float, half_y: float) -> F32:
    level = np.hypot((canvas.x - np.float32(x)) / np.float32(half_x), (canvas.y - np.float32(y)) / np.float32(half_y))
    return np.asarray((level - 1) * np.float32(min(half_x, half_y)), dtype=np.float32)


def _unevenness(canvas: Canvas, rng: np.random.Generator) -> F32:
    """A slow field (row, column) of about 5 HU: fat and muscle are streaky, never flat."""
    out: NDArray[np.float64] = np.zeros(canvas.hu.shape)
    for _ in range(14):
        k, phase = rng.normal(0, 0.16, 2), rng.uniform(0, 2 * np.pi)
        out += np.sin(k[0] * canvas.x + k[1] * canvas.y + phase)
    return np.asarray(out * (5.0 / np.sqrt(7.0)), dtype=np.float32)
