"""The heart: four chambers in epicardial fat, arteries in its grooves, great vessels, valves. LPS mm, carina at z 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.canvas import F32, Box, Canvas, smooth_union
from calcimetry.phantom.shapes import frame_of
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["AORTIC_VALVE_MM", "MITRAL_ANNULUS", "Chamber", "Heart"]

AORTIC_VALVE_MM = (-1.0, -16.0, -55.0)
"""Centre of the aortic valve."""


@dataclass(frozen=True)
class Chamber:
    """An ellipsoid; the third half axis lies along ``direction``."""

    center: tuple[float, float, float]
    half: tuple[float, float, float]
    direction: tuple[float, float, float]
    frame: NDArray[np.float64] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", frame_of(self.direction))

    def distance(self, x: F32, y: F32, z: F32 | float) -> F32:
        """Signed distance, right to first order [mm]."""
        level = slope = np.float32(0)
        dx, dy, dz = x - np.float32(self.center[0]), y - np.float32(self.center[1]), np.float32(z - self.center[2])
        for axis, half in zip(self.frame.astype(np.float32), self.half, strict=True):
            q = (dx * axis[0] + dy * axis[1] + dz * axis[2]) / np.float32(half)
            level = level + q * q
            slope = slope + (q / np.float32(half)) ** 2
        level = np.sqrt(level)
        return np.asarray(level * (level - 1) / (np.sqrt(slope) + np.float32(1e-6)), dtype=np.float32)


LV = Chamber((31, -20, -80), (30, 31, 46), (0.62, -0.50, -0.60))
LV_CAVITY = Chamber((29, -19, -78), (20, 21, 36), (0.62, -0.50, -0.60))
RV = Chamber((2, -46, -82), (24, 33, 37), (0.55, -0.25, -0.55))
RA = Chamber((-31, -17, -68), (22, 25, 30), (0.1, 0.0, 1.0))
LA = Chamber((-2, 17, -52), (21, 24, 33), (1.0, 0.1, 0.0))
CHAMBERS = (LV, RV, RA, LA)
_FAT_MM = 6.0
_ROUND_MM = 14.0

MITRAL_ANNULUS = Chamber((20, 2, -64), (16, 16, 1), (0.62, -0.50, -0.60))
"""Its ring lies across the long axis of the left ventricle."""

# Way marks of the arteries; they are then moved onto the surface of the muscle.
_LEFT_MAIN = ((9, -17, -46), (17, -17, -45), (25, -17, -47))
_LAD = ((25, -17, -47), (31, -34, -52), (36, -50, -63), (44, -60, -78), (54, -64, -95), (60, -60, -106))
_CIRCUMFLEX = ((25, -17, -47), (36, -6, -50), (46, 6, -58), (47, 16, -70), (38, 22, -84))
_RIGHT = ((-9, -24, -48), (-20, -40, -52), (-32, -46, -64), (-35, -42, -82), (-26, -28, -100), (-8, -8, -106))


def _muscle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed distance (n,) from the muscle's surface at points (n, 3)."""
    x, y, z = (points[:, a].astype(np.float32) for a in range(3))
    return np.min([c.distance(x, y, z) for c in CHAMBERS], axis=0).astype(np.float64)


def _laid_on(points: Sequence[Sequence[float]], above_mm: float, fixed: int) -> NDArray[np.float64]:
    """The line through the points, moved to ``above_mm`` over the muscle; the first ``fixed`` mm stay."""
    line = spline(points, 1.0)
    weight = np.clip((np.arange(len(line)) - fixed) / 10.0, 0, 1)[:, None]
    for _ in range(25):
        slope = np.stack([(_muscle(line + e) - _muscle(line - e)) / 1.0 for e in 0.5 * np.eye(3)], axis=1)
        slope /= np.linalg.norm(slope, axis=1, keepdims=True) + 1e-6
        line = line + 0.5 * weight * (above_mm - _muscle(line))[:, None] * slope
        # Smooth what the crease between two chambers kinks.
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    return spline(line[:: max(1, len(line) // 14)])


@dataclass(frozen=True, eq=False)
class Heart:
    """Chambers and vessels, ready to be painted plane by plane."""

    arteries: dict[str, Tube]
    aorta: dict[str, Tube]
    great_arteries: dict[str, Tube]
    others: dict[str, Tube]

    @classmethod
    def build(cls) -> Heart:
        """The one heart of the phantom."""

        def artery(points: Sequence[Sequence[float]], start: float, end: float, fixed: int) -> Tube:
            path = _laid_on(points, 3.2, fixed)
            return Tube(path, np.linspace(start, end, len(path)))

        arteries = {
            "left_main": Tube.through(_LEFT_MAIN, 2.3),
            "left_anterior_descending": artery(_LAD, 2.0, 1.3, 2),
            "left_circumflex": artery(_CIRCUMFLEX, 1.9, 1.3, 2),
            "right_coronary": artery(_RIGHT, 2.1, 1.5, 3),
        }
        aorta = {
            "ascending": Tube.through(
                [AORTIC_VALVE_MM, (-8, -21, -38), (-19, -24, -15), (-22, -20, 4), (-17, -13, 17)],
                [14, 16.5, 16, 15, 14],
            ),
            "arch": Tube.through(
                [(-17, -13, 17), (-11, -6, 25), (0, 4, 29.5), (12, 16, 29), (21, 32, 21)], [14, 13, 12.5]
            ),
            "descending": Tube.through(
                [(21, 32, 21), (28, 43, 8), (32, 48, -10), (33, 50, -60), (32, 49, -120), (29, 46, -200)],
                [12.5, 12, 11.5, 11],
            ),
        }
        great = {
            "brachiocephalic": Tube.through(
                [(-10, -6, 34), (-15, -2, 50), (-22, 2, 70), (-32, 4, 86), (-60, 6, 102)], [6.5, 6, 5]
            ),
            "left_carotid": Tube.through([(3, 5, 38), (9, 7, 60), (17, 8, 85), (22, 10, 130)], [4.2, 3.6]),
            "left_subclavian": Tube.through([(14, 17, 38), (21, 20, 60), (32, 20, 85), (62, 14, 104)], [5.2, 4.5]),
        }
        others = {
            "pulmonary_trunk": Tube.through(
                [(14, -46, -56), (20, -40, -40), (25, -24, -24), (22, -6, -14)], [15, 14, 13]
            ),
            "pulmonary_left": Tube.through([(22, -6, -14), (36, 10, -10), (52, 26, -18), (60, 30, -34)], [12, 10, 8]),
            "pulmonary_right": Tube.through(
                [(22, -6, -16), (0, 2, -22), (-24, 6, -24), (-50, 16, -32)], [12, 11, 10, 8]
            ),
            "vena_cava_superior": Tube.through(
                [(-24, -22, 44), (-29, -12, 20), (-33, -10, -15), (-33, -12, -45)], [8.5, 9, 9.5]
            ),
            "vein_left": Tube.through([(60, -10, 74), (30, -36, 56), (0, -38, 50), (-24, -22, 44)], [6, 6.5, 7]),
            "vein_right": Tube.through([(-62, -8, 78), (-42, -16, 62), (-24, -22, 44)], [6, 7]),
            "vena_cava_inferior": Tube.through([(-28, -2, -92), (-27, 8, -115), (-24, 20, -200)], [11, 12, 12]),
            "vein_lung_left": Tube.through([(24, 18, -48), (45, 24, -46), (60, 26, -52)], [8, 6, 5]),
            "vein_lung_right": Tube.through([(-24, 20, -52), (-45, 20, -52), (-58, 20, -58)], [8, 6, 5]),
        }
        return cls(arteries, aorta, great, others)

    def paint(self, canvas: Canvas, z_mm: float, hu: dict[str, float]) -> None:
        """Fat, muscle, blood, then the vessels that lie on it."""
        box = canvas.box(-66, 92, -92, 52)
        if box is not None and -128 < z_mm < -10:
            self._chambers(canvas, box, z_mm, hu)
        blood = hu["blood"]
        for name, tube in self.others.items():
            # The lower vena cava runs through the liver, without fat around it.
            rim_mm = 0.0 if name == "vena_cava_inferior" else 1.5
            tube.paint(canvas, z_mm, blood, wall_mm=rim_mm, wall_hu=hu["epicardial_fat"])
        for tube in (*self.aorta.values(), *self.great_arteries.values()):
            tube.paint(canvas, z_mm, blood + 2, wall_mm=1.8, wall_hu=hu["epicardial_fat"])
        for tube in (*self.aorta.values(), *self.great_arteries.values()):
            tube.paint(canvas, z_mm, blood + 2)
        for tube in self.arteries.values():
            tube.paint(canvas, z_mm, blood)

    def _chambers(self, canvas: Canvas, box: Box, z_mm: float, hu: dict[str, float]) -> None:
        shells = [c.distance(box.x, box.y, z_mm) for c in CHAMBERS]
        envelope = shells[0]
        for shell in shells[1:]:
            envelope = smooth_union(envelope, shell, _ROUND_MM)
        # Pericardium: a thin line of water-like tissue around the fat.
        canvas.fill(box, envelope - np.float32(_FAT_MM + 1.2), 18.0)
        canvas.fill(box, envelope - np.float32(_FAT_MM), hu["epicardial_fat"])
        for shell, tissue in zip(shells, ("myocardium", "myocardium", "blood", "blood"), strict=True):
            canvas.fill(box, shell, hu[tissue])
        canvas.fill(box, shells[1] + np.float32(4.0), hu["blood"])
        canvas.fill(box, LV_CAVITY.distance(box.x, box.y, z_mm), hu["blood"])
