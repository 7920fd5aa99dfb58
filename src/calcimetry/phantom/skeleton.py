"""Bones of the chest, plane by plane: spine, ribs with their cartilage, sternum, clavicles, shoulder blades."""

from __future__ import annotations

import numpy as np

from calcimetry.phantom.canvas import Canvas, oval_distance, stroke_distance
from calcimetry.phantom.outline import Cage
from calcimetry.phantom.tubes import Tube

__all__ = ["Skeleton"]

_VERTEBRA_MM = 23.0
_DISC_MM = 5.0
_SPINE_Y = 66.0
_RIB_GAP_MM = 22.5
_RIB_TOP_MM = 98.0
_RIB_DROP_MM = 74.0
# Angle from the back [rad] where a rib's bone ends, and its cartilage too.
_BONE_END, _CARTILAGE_END = 2.28, 2.86


class Skeleton:
    """Paints the bones; holds the few that are tubes."""

    def __init__(self) -> None:
        self._clavicles = [
            Tube.through(
                [(s * 16, -66, 52), (s * 55, -72, 64), (s * 95, -50, 74), (s * 140, -22, 86)], [7.5, 5.5, 5.5, 6.5]
            )
            for s in (-1, 1)
        ]

    def paint(self, canvas: Canvas, z_mm: float, cage: Cage, hu: dict[str, float]) -> None:
        """All bones of this plane."""
        self._ribs(canvas, z_mm, cage, hu)
        self._spine(canvas, z_mm, hu)
        self._sternum(canvas, z_mm, cage, hu)
        self._shoulder(canvas, z_mm, hu)

    def _ribs(self, canvas: Canvas, z_mm: float, cage: Cage, hu: dict[str, float]) -> None:
        # All ribs at once: each pixel of the chest wall asks for its nearest rib.
        out = cage.outside_mm
        j, i = np.nonzero((out > -1.0) & (out < 12.0))
        if not len(j):
            return
        depth = out[j, i] - np.float32(5.0)
        x, y = canvas.x[0, i], canvas.y[j, 0]
        side = np.abs(np.arctan2(x, y - np.float32(8.0)))  # 0 at the back, pi in front
        fall = np.clip(side / 2.35, 0, 1)
        fall = fall * fall * (3 - 2 * fall)
        rise = np.clip((side - _BONE_END) / (_CARTILAGE_END - _BONE_END), 0, 1)
        line = z_mm - _RIB_TOP_MM + _RIB_DROP_MM * fall - 26.0 * rise
        number = np.rint(-line / _RIB_GAP_MM)
        along = line + number * _RIB_GAP_MM
        steep = np.where((side > 0.3) & (side < 2.1), np.float32(0.86), np.float32(1.0))
        level = np.hypot(along * steep / np.float32(6.6), depth / np.float32(3.9))
        inside = (1.0 - level) * np.float32(3.9)
        exists = (number >= 0) & (number <= 10) & (side > 0.26)
        bone = exists & (side <= _BONE_END) & ((number < 10) | (side < 1.7))
        cartilage = exists & (side > _BONE_END) & (side < _CARTILAGE_END) & (number <= 6)
        target = canvas.hu[j, i]
        cover = canvas.cover(-inside.astype(np.float32))
        target += np.where(bone, cover, 0) * (hu["cortical"] - target)
        marrow = canvas.cover((np.float32(1.3) - inside).astype(np.float32))
        target += np.where(bone, marrow, 0) * (hu["cancellous"] - 30 - target)
        target += np.where(cartilage, cover, 0) * (hu["cartilage"] - target)
        # Cartilage calcifies along its rim.
        rim = cartilage & (inside > 0.2) & (inside < 1.2) & (np.sin(along * 2.1 + side * 55) > 0.55)
        target += np.where(rim, 0.5, 0) * (hu["sternal_marrow"] + 120 - target)
        canvas.hu[j, i] = target

    def _spine(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        phase = (z_mm + 200.0) % _VERTEBRA_MM
        edge = min(phase, _VERTEBRA_MM - _DISC_MM - phase)  # into the body: above 0
        waist = 1.0 - 0.10 * np.sin(np.pi * np.clip(phase / (_VERTEBRA_MM - _DISC_MM), 0, 1))
        half_x, half_y = 18.0 * waist, 15.0 * waist
        box = canvas.box(-24, 24, _SPINE_Y - 20, _SPINE_Y + 20)
        if box is not None:
            d = oval_distance(box, 0.0, _SPINE_Y, half_x, half_y)
            if edge < 0:
                canvas.fill(box, d, hu["disc"])
            else:
                canvas.fill(box, d, hu["thin_cortex"] if edge < 1.2 else hu["cortical"] * 0.75)
                if edge >= 1.2:
                    canvas.fill(box, d + np.float32(1.4), hu["cancellous"])
        canal_y = _SPINE_Y + 22.5
        arch = 5.0 < phase < 17.0
        if arch:  # pedicles, laminae, processes
            for s in (-1.0, 1.0):
                canvas.capsule((s * 11.5, _SPINE_Y + 10), (s * 12.5, _SPINE_Y + 20), 3.6, hu["thin_cortex"])
                canvas.capsule((s * 14, _SPINE_Y + 24), (s * 36, _SPINE_Y + 33), 3.4, hu["thin_cortex"])
                canvas.capsule((s * 14, _SPINE_Y + 24), (s * 34, _SPINE_Y + 32.5), 2.0, hu["cancellous"])
                canvas.capsule((s * 26, _SPINE_Y + 16), (s * 37, _SPINE_Y + 25), 3.6, hu["thin_cortex"])
                canvas.capsule((s * 26, _SPINE_Y + 16), (s * 36, _SPINE_Y + 24), 2.2, hu["cancellous"])
        for s in (-1.0, 1.0):
            canvas.capsule((s * 10.5, canal_y + 3), (0.0, canal_y + 12), 2.6, hu["thin_cortex"])
            if not arch:
                canvas.oval(s * 13.0, canal_y + 3.0, 4.4, 5.2, hu["thin_cortex"])
                canvas.oval(s * 13.0, canal_y + 3.0, 2.8, 3.6, hu["cancellous"])
        canvas.capsule((0.0, canal_y + 12), (0.0, canal_y + 22 - 4 * abs(np.sin(phase * 0.27))), 2.8, hu["thin_cortex"])
        canvas.capsule((0.0, canal_y + 12), (0.0, canal_y + 20), 1.3, hu["cancellous"])
        canvas.oval(0.0, canal_y, 8.6, 7.4, 8.0)
        canvas.oval(0.0, canal_y, 4.6, 3.9, hu["cord"])

    def _sternum(self, canvas: Canvas, z_mm: float, cage: Cage, hu: dict[str, float]) -> None:
        if not -112 < z_mm < 58:
            return
        half = 15.0 + 9.0 / (1 + np.exp(-(z_mm - 26.0) / 5.0)) - 4.0 * np.clip((-60 - z_mm) / 50, 0, 1)
        y = cage.front_mm - 8.0
        if abs(z_mm - 18.0) < 1.5:  # the joint below the manubrium
            canvas.capsule((-half + 5, y), (half - 5, y), 5.0, hu["cartilage"])
            return
        box = canvas.box(-half - 4, half + 4, y - 12, y + 12)
        if box is None:
            return
        d = stroke_distance(box, (-half + 5, y + 1.0), (half - 5, y + 1.0)) - np.float32(5.2)
        canvas.fill(box, d, hu["thin_cortex"])
        canvas.fill(box, d + np.float32(1.2), hu["sternal_marrow"])

    def _shoulder(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        for tube in self._clavicles:
            found = tube.distance(canvas, z_mm)
            if found is not None:
                box, d = found
                canvas.fill(box, d, hu["cortical"])
                canvas.fill(box, d + np.float32(1.7), hu["cancellous"])
        if -45 < z_mm < 96:
            reach = np.clip((z_mm + 45) / 60, 0.05, 1.0)
            for s in (-1.0, 1.0):
                near = (s * (96.0 - 8 * reach), 92.0)
                far = (s * (96.0 + 44 * reach), 92.0 - 48 * reach)
                canvas.capsule(near, far, 3.4, hu["thin_cortex"])
                canvas.capsule(near, far, 1.6, hu["cancellous"])
                if z_mm > 40:
                    canvas.oval(far[0], far[1], 11, 9, hu["cortical"] * 0.8)
                    canvas.oval(far[0], far[1], 9.3, 7.3, hu["cancellous"])
        if z_mm > 78:
            r = float(np.sqrt(max(0.0, 23.0**2 - (z_mm - 101.0) ** 2)))
            for s in (-1.0, 1.0):
                canvas.oval(s * 158.0, 30.0, r, r, hu["cortical"] * 0.8)
                canvas.oval(s * 158.0, 30.0, r - 1.8, r - 1.8, hu["cancellous"] - 60)
