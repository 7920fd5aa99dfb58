"""What lies below the diaphragm of a drawn person: liver, spleen, stomach; and the domes the lungs rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calcimetry.phantom.canvas import F32, Canvas
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.frame import Outline
from calcimetry.phantom.organs import Organs
from calcimetry.phantom.sac import smooth_max

__all__ = ["Belly"]


class Belly:
    """Paints it plane by plane; ``uneven`` are two slow fields (row, column) of tissue, fine and coarse."""

    def __init__(
        self,
        figure: Figure,
        organs: Organs,
        canvas: Canvas,
        outline: Outline,
        hu: dict[str, float],
        uneven: tuple[F32, F32],
        rng: np.random.Generator,
    ) -> None:
        self.figure, self.organs, self.outline = figure, organs, outline
        self._canvas, self._hu = canvas, hu
        self._uneven, self._blobs = uneven
        self._liver_end = float(rng.uniform(20, 62))
        self._rest = self._resting_place()

    def dome_mm(self, x: F32, y: F32) -> F32:
        """Height of the diaphragm over these places."""
        figure = self.figure
        bottom = figure.heart_bottom_mm
        y = y - np.float32(self.outline.middle_y + 2)
        w, d = np.float32(figure.wide), np.float32(figure.deep)
        fall = np.float32(80.0)
        power = np.float32(1.35)  # flat on top, steep at the ribs
        right = (((x + 60 * w) / (80 * w)) ** 2 + (y / (90 * d)) ** 2) ** power
        left = (((x - 66 * w) / (74 * w)) ** 2 + (y / (90 * d)) ** 2) ** power
        right = np.float32(bottom + figure.dome_mm[0]) - fall * right
        left = np.float32(bottom + figure.dome_mm[1]) - fall * left
        middle = np.float32(bottom - 5.0) - np.float32(60.0) * ((x / 74) ** 2 + ((y + 30) / 90) ** 2)
        both = smooth_max(right.astype(np.float32), left.astype(np.float32), 8.0)
        return smooth_max(both, middle.astype(np.float32), 8.0)

    def _resting_place(self) -> F32:
        """Height (row, column) of the diaphragm under the heart, falling away steeply round it."""
        sac, canvas = self.organs.sac, self._canvas
        box = canvas.whole()
        under = sac.underside_mm(canvas.x)
        outside = np.maximum(sac.hull(box.x, box.y, sac.floor_mm + 12.0), np.float32(0))
        return np.asarray(
            under - np.float32(2.0 + 0.5 * self.figure.epicardial_fat_mm) - np.float32(1.3) * outside, dtype=np.float32
        )

    def paint(self, z_mm: float, shift_mm: Sequence[float]) -> F32 | None:
        """Paint what lies below; signed distance (row, column) from the diaphragm, ``None`` far above it."""
        figure, canvas, hu = self.figure, self._canvas, self._hu
        if z_mm > figure.heart_bottom_mm + max(*figure.dome_mm, 30.0) + 8:
            return None
        whole = canvas.whole()
        surface = smooth_max(self.dome_mm(whole.x, whole.y), self._rest, 6.0)
        height = np.float32(z_mm + 0.6 * shift_mm[2]) - surface
        middle_y = np.float32(self.outline.middle_y)
        steep = np.float32(1.0) + np.float32(0.014) * np.hypot(whole.x * np.float32(0.6), whole.y - middle_y)
        d = height / steep
        inside = np.maximum(d, self.outline.cage + np.float32(1.5))
        canvas.fill(whole, inside, hu["muscle"])
        canvas.fill(whole, inside + np.float32(2.4), hu["fat"] + np.float32(4) + self._uneven)
        x, y = canvas.x, canvas.y
        edge = (x - np.float32(self._liver_end)) - (y + np.float32(40)) * np.float32(0.45)
        liver = np.maximum(inside + np.float32(0.8), edge * np.float32(0.9))
        gap = np.hypot(x - np.float32(figure.spine_x(z_mm) + 7), y - np.float32(figure.spine_y(z_mm) - 8))
        gap = (np.float32(27) + self._blobs * np.float32(0.2) - gap).astype(np.float32)
        liver = np.maximum(liver, gap)
        canvas.fill(whole, liver, hu["liver"] + self._uneven)
        deep = float(np.clip((figure.heart_bottom_mm + figure.dome_mm[1] - 6 - z_mm) / 45, 0, 1))
        if deep > 0.02:
            w = figure.wide
            size = np.sqrt(deep)
            spleen = _oval(canvas, 92 * w, 46, 26 * size + 4, 34 * size + 4)
            canvas.fill(whole, np.maximum(inside + np.float32(4), spleen), hu["spleen"] + self._uneven)
            grow = figure.stomach[0]
            middle = self.outline.middle_y - 4.0
            stomach = _oval(canvas, 58 * w, middle, (28 * size + 4) * grow, (38 * size + 4) * grow)
            stomach = np.maximum(np.maximum(stomach, inside + np.float32(4)), -liver - np.float32(1))
            canvas.fill(whole, stomach, hu["muscle"] - 10)
            inner = stomach + np.float32(3.8)
            canvas.fill(whole, inner, np.float32(22.0) + self._blobs)
            # Gas lies in front: the patient lies on the back.
            level = middle + (figure.stomach[1] * 2 - 1) * 38 * grow * size
            canvas.fill(whole, np.maximum(inner, y - np.float32(level)), hu["air"] + 20)
        return d


def _oval(canvas: Canvas, x: float, y: float, half_x: float, half_y: float) -> F32:
    level = np.hypot((canvas.x - np.float32(x)) / np.float32(half_x), (canvas.y - np.float32(y)) / np.float32(half_y))
    return np.asarray((level - 1) * np.float32(min(half_x, half_y)), dtype=np.float32)
