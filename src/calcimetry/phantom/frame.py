"""Bones of a drawn person, plane by plane, and the outlines of chest and skin that carry them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.canvas import F32, Canvas, oval_distance, stroke_distance
from calcimetry.phantom.figure import Figure

__all__ = ["Frame", "Outline"]

_BINS = 1024
# Height [mm] -> half width and half depth [mm] of the inside of the rib cage, and how far soft tissue lies over it to
# the side and to the front and back (muscle of shoulders and arms).
_Z = (-260.0, -210.0, -150.0, -90.0, -30.0, 20.0, 50.0, 75.0, 100.0, 130.0)
_CAGE_X = (126.0, 131.0, 133.0, 132.0, 127.0, 115.0, 100.0, 82.0, 64.0, 52.0)
_CAGE_Y = (92.0, 93.0, 95.0, 96.0, 92.0, 82.0, 70.0, 58.0, 47.0, 38.0)
_OVER_X = (5.0, 5.0, 6.0, 7.0, 11.0, 27.0, 48.0, 70.0, 90.0, 96.0)
_OVER_Y = (6.0, 6.0, 6.0, 8.0, 11.0, 16.0, 22.0, 30.0, 37.0, 42.0)
_HALF_DEPTH_MM = 94.0
_SPINE_BACK_MM = 21.0  # the cage reaches this far behind the middle of the vertebra

_VERTEBRA_MM, _DISC_MM = 23.5, 5.0
_RIB_GAP_MM, _RIB_TOP_MM, _RIB_DROP_MM = 23.0, 100.0, 74.0
_BONE_END, _CARTILAGE_END = 2.28, 2.9


class Outline:
    """Skin, muscle and inside of the rib cage in one plane, as distances outward [mm] (row, column)."""

    def __init__(self, figure: Figure, canvas: Canvas) -> None:
        self._figure = figure
        # The cage is centred between spine and sternum.
        self.middle_y = 66.0 + _SPINE_BACK_MM - _HALF_DEPTH_MM * figure.deep
        x, y = canvas.x, canvas.y - np.float32(self.middle_y)
        self._radius = np.hypot(x, y).astype(np.float32)
        turn = np.arctan2(y, x) / (2 * np.pi) % 1.0
        self._bin = np.minimum(turn * _BINS, _BINS - 1).astype(np.int16)
        self._angle = (np.arange(_BINS) + 0.5) / _BINS * 2 * np.pi
        self.skin = self.muscle = self.cage = canvas.hu
        self._skin_radius = np.zeros(_BINS)
        self.front_mm = self.back_mm = self.side_mm = 0.0

    def cage_radius(self, angle: NDArray[np.float64], z_mm: float) -> NDArray[np.float64]:
        """Radius of the inside of the cage in these directions (0: left, a quarter turn: back)."""
        z = z_mm / self._figure.tall
        half_x = float(np.interp(z, _Z, _CAGE_X)) * self._figure.wide
        half_y = float(np.interp(z, _Z, _CAGE_Y)) * self._figure.deep
        power = 2.25
        level = np.abs(np.cos(angle) / half_x) ** power + np.abs(np.sin(angle) / half_y) ** power
        radius = level ** (-1 / power) * (1 + 0.012 * np.cos(3 * angle + 2.0))
        # Where the cage narrows to the neck its middle stays near the spine.
        return np.asarray(radius)

    def at(self, z_mm: float) -> None:
        """Move to this height."""
        figure, t = self._figure, self._angle
        z = z_mm / figure.tall
        cage = self.cage_radius(t, z_mm)
        over_x = float(np.interp(z, _Z, _OVER_X)) * figure.muscle
        over_y = float(np.interp(z, _Z, _OVER_Y)) * figure.muscle
        if not figure.arms_up:
            over_x *= 0.85
        side, front = np.cos(t) ** 2, np.clip(-np.sin(t), 0, 1)
        muscle = cage + 10.0 + over_x * side + over_y * (1 - side) * (1 - 0.5 * front)
        # The muscles of the back are thick beside the spine.
        muscle += 14.0 * np.exp(-(((np.abs(t - np.pi / 2) - 0.28) / 0.22) ** 2))
        fat = figure.skin_fat_mm * (0.9 + 0.35 * np.cos(2 * t) * -1 + 0.25 * np.sin(t) + 0.08 * np.cos(7 * t + 0.3))
        fat *= 1.0 + 0.25 * np.clip(-z / 150.0, -0.5, 1.0)
        skin = muscle + np.maximum(fat, 3.0)
        if figure.breast_mm:
            high = np.exp(-(((z + 45.0) / 42.0) ** 2))
            for at in (1.5 * np.pi - 0.62, 1.5 * np.pi + 0.62):
                skin += figure.breast_mm * high * np.exp(-(((t - at) / 0.36) ** 2))
        # Lying on the table flattens the back.
        back = self._radius_of_plane(float(muscle[_BINS // 4]) + 0.35 * figure.skin_fat_mm + 4.0)
        skin = np.minimum(skin, np.maximum(back, cage + 8.0))
        muscle = np.minimum(muscle, skin - 3.0)
        self._skin_radius = skin
        self.skin, self.muscle, self.cage = (self._beyond(c) for c in (skin, muscle, cage))
        self.front_mm = self.middle_y - float(cage[3 * _BINS // 4])
        self.back_mm = self.middle_y + float(skin[_BINS // 4])
        self.side_mm = float(skin[0])

    def skin_radius(self, angle: float) -> float:
        """Distance of the skin from the middle in this direction, at the height last moved to."""
        return float(self._skin_radius[int(angle / (2 * np.pi) % 1.0 * _BINS) % _BINS])

    def _radius_of_plane(self, depth_mm: float) -> NDArray[np.float64]:
        rise = np.sin(self._angle)
        return np.where(rise > 0.02, depth_mm / np.maximum(rise, 0.02), 1e4)

    def _beyond(self, contour: NDArray[np.float64]) -> F32:
        return np.asarray(self._radius - contour.astype(np.float32)[self._bin], dtype=np.float32)


class Frame:
    """Paints spine, ribs with cartilage, sternum, shoulders and arms of one person."""

    def __init__(self, figure: Figure, outline: Outline, rng: np.random.Generator) -> None:
        self.figure, self.outline = figure, outline
        self._phase = float(rng.uniform(0, _VERTEBRA_MM))
        self._waves = rng.uniform(0, 2 * np.pi, 4)
        # What is ossified: along the rim in men, in the middle in women.
        self._central = figure.sex == "F"
        self.vertebra_half = figure.vertebra_mm
        self._sternum_mm = float(rng.uniform(14.0, 20.0)), float(rng.uniform(4.8, 6.8))
        self.sternum_end_mm = -112.0 * figure.tall + float(rng.uniform(-15, 12))

    def disc_levels(self, low_mm: float, high_mm: float) -> list[float]:
        """Heights of the middles of the discs between two heights."""
        first = -self._phase + (_VERTEBRA_MM - _DISC_MM / 2)
        n = np.arange(np.ceil((low_mm - first) / _VERTEBRA_MM), np.floor((high_mm - first) / _VERTEBRA_MM) + 1)
        return [float(first + k * _VERTEBRA_MM) for k in n]

    def rib_point(self, number: int, side: float, turn: float, depth_mm: float) -> NDArray[np.float64]:
        """A point of a rib (``turn`` 0 at the back, pi in front; ``side`` -1 right), so deep outside of the cage."""
        z = float(self._rib_height(np.asarray(turn))) - number * _RIB_GAP_MM * self.figure.tall
        # ``turn`` is measured round a point behind the middle of the cage, as in painting.
        angle = np.pi / 2 - side * turn
        for _ in range(6):
            radius = float(self.outline.cage_radius(np.array([angle]), z)[0]) + depth_mm
            x, y = radius * np.cos(angle), self.outline.middle_y + radius * np.sin(angle)
            angle += side * (np.arctan2(abs(x), y - self.outline.middle_y - 8.0) - turn)
        return np.array([x, y, z])

    def _rib_height(self, turn: NDArray[np.float64]) -> NDArray[np.float64]:
        fall = np.clip(turn / 2.35, 0, 1)
        fall = fall * fall * (3 - 2 * fall)
        rise = np.clip((turn - _BONE_END) / (_CARTILAGE_END - _BONE_END), 0, 1)
        return np.asarray((_RIB_TOP_MM - _RIB_DROP_MM * fall + 26.0 * rise) * self.figure.tall)

    def paint(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        """All bones of this plane."""
        self._ribs(canvas, z_mm, hu)
        self._spine(canvas, z_mm, hu)
        self._sternum(canvas, z_mm, hu)
        self._shoulder(canvas, z_mm, hu)

    def _ribs(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        out = self.outline.cage
        j, i = np.nonzero((out > -1.0) & (out < 12.0))
        if not len(j):
            return
        figure = self.figure
        depth = out[j, i] - np.float32(5.0)
        x, y = canvas.x[0, i], canvas.y[j, 0]
        side = np.abs(np.arctan2(x, y - np.float32(self.outline.middle_y + 8.0)))
        gap = _RIB_GAP_MM * figure.tall
        line = np.float32(z_mm) - self._rib_height(side)
        number = np.rint(-line / gap)
        along = line + number * gap
        steep = np.where((side > 0.3) & (side < 2.1), np.float32(0.86), np.float32(1.0))
        level = np.hypot(along * steep / np.float32(6.4), depth / np.float32(3.8))
        inside = (1.0 - level) * np.float32(3.8)
        exists = (number >= 0) & (number <= 10) & (side > 0.26)
        bone = exists & (side <= _BONE_END) & ((number < 10) | (side < 1.7))
        cartilage = exists & (side > _BONE_END) & (side < _CARTILAGE_END) & (number <= 7)
        target = canvas.hu[j, i]
        cover = canvas.cover(-inside.astype(np.float32))
        target += np.where(bone, cover, 0) * (hu["cortical"] * 0.8 - target)
        marrow = canvas.cover((np.float32(1.1) - inside).astype(np.float32))
        target += np.where(bone, marrow, 0) * (hu["cancellous"] - 20 - target)
        target += np.where(cartilage, cover, 0) * (hu["cartilage"] - target)
        # Ossified patches, dense where two slow waves meet; the first rib's cartilage ossifies in nearly everyone.
        a, b, c, d = self._waves
        patch = np.sin(side * 34 + a + number * 2.1) + np.sin(along * 0.9 + side * 61 + b) + np.sin(number * 1.7 + c)
        wanted = np.where(number <= 0, 0.9, figure.ossified) * 4.4 - 2.6
        if self._central:
            place = np.clip((inside - 1.4) / 1.0, 0, 1)
        else:
            place = np.clip(1.0 - np.abs(inside - 0.9) / 0.9, 0, 1)
        strength = np.where(cartilage, place * np.clip((wanted - patch) * 0.8, 0, 1), 0)
        target += strength.astype(np.float32) * (hu["thin_cortex"] + 60 * np.sin(side * 90 + d) - target)
        canvas.hu[j, i] = target

    def _spine(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        sx, sy = self.figure.spine_x(z_mm), self.figure.spine_y(z_mm)
        phase = (z_mm + self._phase) % _VERTEBRA_MM
        edge = min(phase, _VERTEBRA_MM - _DISC_MM - phase)
        waist = 1.0 - 0.10 * np.sin(np.pi * np.clip(phase / (_VERTEBRA_MM - _DISC_MM), 0, 1))
        half_x, half_y = self.vertebra_half[0] * waist, self.vertebra_half[1] * waist
        box = canvas.box(sx - 26, sx + 26, sy - 22, sy + 20)
        if box is not None:
            d = oval_distance(box, sx, sy, half_x, half_y)
            d = np.maximum(d, box.y - np.float32(sy + half_y * 0.8))  # flat behind
            if edge < 0:
                canvas.fill(box, d, hu["disc"])
            else:
                canvas.fill(box, d, hu["thin_cortex"] if edge < 1.2 else hu["cortical"] * 0.62)
                if edge >= 1.2:
                    canvas.fill(box, d + np.float32(1.3), hu["cancellous"])
        canal_y = sy + self.vertebra_half[1] * 0.8 + 8.5
        arch = 5.0 < phase < 17.0
        bone, marrow = hu["thin_cortex"], hu["cancellous"]
        for s in (-1.0, 1.0):
            if arch:
                canvas.capsule((sx + s * 11.5, canal_y - 10), (sx + s * 12.5, canal_y - 1), 3.6, bone)
                for r, value in ((3.4, bone), (2.0, marrow)):
                    canvas.capsule((sx + s * 14, canal_y + 2), (sx + s * 34, canal_y + 11), r, value)
                for r, value in ((3.6, bone), (2.2, marrow)):
                    canvas.capsule((sx + s * 25, canal_y - 6), (sx + s * 37, canal_y + 3), r, value)
            else:
                canvas.oval(sx + s * 13.0, canal_y + 3.0, 4.4, 5.2, bone)
                canvas.oval(sx + s * 13.0, canal_y + 3.0, 2.8, 3.6, marrow)
            canvas.capsule((sx + s * 10.5, canal_y + 3), (sx, canal_y + 12), 2.6, bone)
        canvas.capsule((sx, canal_y + 12), (sx, canal_y + 22 - 4 * abs(np.sin(phase * 0.27))), 2.8, bone)
        canvas.capsule((sx, canal_y + 12), (sx, canal_y + 20), 1.3, marrow)
        canvas.oval(sx, canal_y, 8.6, 7.4, 0.0)
        canvas.oval(sx, canal_y, 4.6, 3.9, hu["cord"])

    def sternum_half(self, z_mm: float) -> float:
        """Half width of the sternum at this height."""
        z = z_mm / self.figure.tall
        return float(self._sternum_mm[0] + 9.0 / (1 + np.exp(-(z - 26.0) / 5.0)) - 4.0 * np.clip((-60 - z) / 50, 0, 1))

    def _sternum(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        if not self.sternum_end_mm < z_mm < 58 * self.figure.tall:
            return
        half, y = self.sternum_half(z_mm), self.outline.front_mm - 8.0
        if abs(z_mm - 18.0) < 1.5:  # the joint below the manubrium
            canvas.capsule((-half + 5, y), (half - 5, y), 5.0, hu["cartilage"])
            return
        box = canvas.box(-half - 4, half + 4, y - 12, y + 12)
        if box is None:
            return
        d = stroke_distance(box, (-half + 5, y + 1.0), (half - 5, y + 1.0)) - np.float32(self._sternum_mm[1])
        canvas.fill(box, d, hu["thin_cortex"])
        canvas.fill(box, d + np.float32(1.3), hu["sternal_marrow"])

    def _shoulder(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        up = self.figure.arms_up
        z = z_mm / self.figure.tall
        wide, front = self.figure.wide, self.outline.front_mm
        # Clavicles: from the manubrium outward, back and up.
        rise = 46.0 if up else 24.0
        t = (z - 52.0) / rise
        if -0.2 < t < 1.2:
            for s in (-1.0, 1.0):
                x, y = s * (18 + 112 * np.clip(t, 0, 1)) * wide, front - 2 + 56 * np.clip(t, 0, 1) ** 1.5
                for r, value in ((6.0, hu["cortical"]), (4.2, hu["cancellous"])):
                    canvas.capsule((x - s * 20, y - 6), (x + s * 20, y + 8), r, value)
        if -50 < z < 100:
            reach = float(np.clip((z + 50) / 60, 0.05, 1.0))
            spread = 34.0 if up else 18.0
            for s in (-1.0, 1.0):
                near = (s * (100.0 - 8 * reach) * wide, self.outline.middle_y + 98.0 * self.figure.deep)
                far = (near[0] + s * (10 + spread * reach), near[1] - 46 * reach)
                canvas.capsule(near, far, 3.2, hu["thin_cortex"])
                canvas.capsule(near, far, 1.5, hu["cancellous"])
        if not up or z > 76:
            x = (self.outline.side_mm + (30.0 if not up else -18.0)) if not up else 158.0 * wide
            for s in (-1.0, 1.0):
                if not up:
                    arm = float(np.interp(z, (-260, 0, 60, 110), (32, 40, 46, 50))) * self.figure.muscle
                    arm += 0.4 * self.figure.skin_fat_mm
                    canvas.oval(s * (x + arm * 0.6), 20.0, arm, arm * 1.1, hu["fat"])
                    canvas.oval(s * (x + arm * 0.6), 20.0, arm * 0.84, arm * 0.92, hu["muscle"])
                    x_bone, r = x + arm * 0.6, 12.0 if z < 60 else 22.0
                else:
                    x_bone, r = x, float(np.sqrt(max(0.0, 23.0**2 - (z - 100.0) ** 2)))
                canvas.oval(s * x_bone, 24.0, r, r, hu["cortical"] * 0.9)
                canvas.oval(s * x_bone, 24.0, r - 3.0, r - 3.0, hu["cancellous"] - 60)
