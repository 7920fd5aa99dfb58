"""The body of a drawn person, plane by plane: skin to heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.belly import Belly
from calcimetry.phantom.canvas import F32, Box, Canvas, smooth_union
from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.frame import Frame, Outline
from calcimetry.phantom.lungs import lung_vessels
from calcimetry.phantom.materials import palette
from calcimetry.phantom.organs import Organs
from calcimetry.phantom.sac import PERICARDIUM_MM

__all__ = ["Torso"]

_FAR_MM = 60.0
_AIRWAYS = ("trachea", "bronchus_right", "bronchus_left")
_AORTA = ("ascending", "arch", "descending", "abdominal")
# Vessels that open into a chamber: no fat parts them from it.
_OPEN = ("vena_cava_superior", "vena_cava_inferior", "vein_lung_left_upper", "vein_lung_left_lower",
         "vein_lung_right_upper", "vein_lung_right_lower", "left_ear", "right_ear")  # fmt: skip
_VENOUS = ("vena_cava_superior", "vena_cava_inferior", "vein_left", "vein_right", "azygos", "right_ear",
           "pulmonary_trunk", "pulmonary_left", "pulmonary_right", "great_vein")  # fmt: skip
_ROOTS = {"ascending": -1.0, "pulmonary_trunk": 9.0}
"""Vessels that leave the heart -> height of their valve over where their tube begins [mm]."""
# Vessels that leave the mediastinum: the lung reaches their wall.
_IN_LUNG = ("vein_lung_left_upper", "vein_lung_left_lower", "vein_lung_right_upper", "vein_lung_right_lower")


@dataclass(frozen=True)
class Agent:
    """Contrast in the blood: what it adds on the left [HU], and the share of that on the right."""

    hu: float = 0.0
    phase: float = 1.0


class Torso:
    """Cuts a person into planes.

    Parameters
    ----------
    x_mm, y_mm : (column,), (row,) float32
        Patient coordinates of the pixel centres; a pixel of about 1 mm is fine enough.
    kvp : float
    rng : numpy Generator
        Vessels of the lungs, unevenness of tissue.
    """

    def __init__(
        self,
        figure: Figure,
        organs: Organs,
        x_mm: F32,
        y_mm: F32,
        kvp: float,
        rng: np.random.Generator,
        agent: Agent | None = None,
    ) -> None:
        self.figure, self.organs = figure, organs
        self.axes = x_mm, y_mm
        self._canvas = canvas = Canvas(x_mm, y_mm)
        self._hu = hu = dict(palette(kvp))
        # Bones, blood and liver are this person's own.
        for name in ("cortical", "cancellous", "sternal_marrow", "thin_cortex"):
            hu[name] = hu["muscle"] + (hu[name] - hu["muscle"]) * figure.bone
        hu["blood"] += figure.blood_hu - 42.0
        hu["myocardium"] = hu["blood"] + figure.muscle_over_blood_hu
        hu["liver"] += figure.liver_hu - 58.0
        agent = agent or Agent()
        hu["venous"] = hu["blood"] + agent.hu * agent.phase
        hu["blood"] += agent.hu
        # Tissue takes up some of it.
        hu["myocardium"] += 0.35 * min(agent.hu, 180.0)
        for name in ("liver", "spleen", "muscle"):
            hu[name] += min(agent.hu, 120.0) * agent.phase * (0.1 if name == "muscle" else 0.35)
        hu["lung"] = figure.lung_hu
        self.outline = Outline(figure, canvas)
        self.frame = Frame(figure, self.outline, rng)
        hila = tuple(
            (organs.tubes[f"bronchus_{side}"].path_mm[-1], (s * 84.0 * figure.wide, 2.0, -50.0 * figure.tall))
            for side, s in (("right", -1), ("left", 1))
        )
        self._vessels = lung_vessels(rng, hila, (44 * figure.wide, 74 * figure.deep, 118 * figure.tall))
        self._uneven = _unevenness(canvas, rng, 5.0, 0.16)
        self._blobs = _unevenness(canvas, rng, 12.0, 0.05)
        self.sheath_mm = float(np.clip(0.2 + 0.25 * figure.epicardial_fat_mm, 0.3, 1.8))
        """Fat round an artery that muscle or vessels press on."""
        self._belly = Belly(figure, organs, canvas, self.outline, hu, (self._uneven, self._blobs), rng)

    @property
    def hu(self) -> dict[str, float]:
        """CT numbers of this person's tissues."""
        return self._hu

    def plane(self, z_mm: float, shift_mm: Sequence[float] = (0.0, 0.0, 0.0)) -> F32:
        """CT numbers (row, column) at this height; the heart moved by ``shift_mm`` from where the truth has it."""
        canvas, hu, figure, outline = self._canvas, self._hu, self.figure, self.outline
        outline.at(z_mm)
        whole = canvas.whole()
        canvas.clear(hu["air"])
        self._table()
        canvas.fill(whole, outline.skin, hu["skin"])
        canvas.fill(whole, outline.skin + np.float32(2.0), hu["fat"] + self._uneven)
        if figure.breast_mm:
            # Glands: strands between the fat of the breast.
            strands = np.clip(self._blobs * np.float32(0.09) - np.float32(0.7), 0, 0.7)
            front = np.clip((np.float32(outline.front_mm - 22) - canvas.y) / np.float32(6), 0, 1)
            canvas.blend(whole, strands * front * canvas.cover(outline.skin + np.float32(9)), 25.0)
        canvas.fill(whole, outline.muscle, hu["muscle"] + self._uneven)
        self._fat_planes(z_mm)
        canvas.fill(whole, outline.cage, hu["epicardial_fat"] + self._uneven)
        found = {
            name: at
            for name, pipe in self.organs.pipes.items()
            if (at := pipe.distance(canvas, z_mm, 14.0, shift_mm)) is not None
        }
        cushions = [
            at for pipe in self.organs.cushions if (at := pipe.distance(canvas, z_mm, 14.0, shift_mm)) is not None
        ]
        heart = self._heart_distance(z_mm, shift_mm)
        below = self._belly.paint(z_mm, shift_mm)
        self._lungs(z_mm, below, heart, found, cushions)
        self._heart(z_mm, heart, found, cushions, shift_mm)
        self.frame.paint(canvas, z_mm, hu)
        return canvas.hu

    def on_pericardium(
        self, near: NDArray[np.float64], outside_mm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The place nearest ``near`` so far outside of the pericardium, and the outward normal there."""
        point, normal = near[None, :].astype(np.float64), np.array([0.0, 0.0, 1.0])
        for _ in range(25):
            steps = self.organs.sac.pericardium_at(np.concatenate([point, *(point + e for e in 0.5 * np.eye(3))]))
            slope = (steps[1:] - steps[0]) / 0.5
            normal = slope / (np.linalg.norm(slope) + 1e-9)
            point = point + 0.7 * (outside_mm - steps[0]) * normal
        return point[0], normal

    # -- outside of the lungs ------------------------------------------------------------------------------------

    def _table(self) -> None:
        canvas = self._canvas
        top = np.float32(self.outline.back_mm + 1.0)
        box = canvas.box(-215, 215, float(top) - 30, float(top) + 90)
        if box is None:
            return
        surface = top - box.x * box.x * np.float32(1 / 1500.0)
        inside = np.maximum(surface - box.y, np.abs(box.x) - np.float32(205))
        d = np.maximum(inside, box.y - surface - np.float32(26) + np.abs(box.x) * np.float32(0.05))
        canvas.fill(box, d, self._hu["shell"])
        canvas.fill(box, d + np.float32(1.8), self._hu["foam"])

    def _fat_planes(self, z_mm: float) -> None:
        canvas, hu, outline = self._canvas, self._hu, self.outline
        whole = canvas.whole()
        inside = canvas.cover(outline.muscle + np.float32(1))
        thin = np.float32(0.5 + 0.25 * max(0.0, self.figure.girth + 1))
        for at, wide, sign in ((12.5, 0.9, 1.0), (23.0, 1.2, -1.0), (37.0, 1.4, 1.0)):
            wave = np.float32(at) + self._blobs * np.float32(0.3 * sign)
            seam = np.abs(outline.cage - wave) - np.float32(wide) * thin
            patchy = np.clip(self._blobs * np.float32(0.06 * sign) + np.float32(0.45), 0, 0.9)
            canvas.blend(whole, canvas.cover(seam) * inside * patchy, hu["fat"])
        if z_mm > -30:
            grown = float(np.clip((z_mm + 30) / 60, 0, 1))
            for s in (-1.0, 1.0):
                x = s * (112 + 6 * grown) * self.figure.wide
                box = canvas.box(x - 34, x + 34, -50, 60)
                if box is None:
                    continue
                u = (box.x - np.float32(x)) / np.float32(11 + 15 * grown)
                v = (box.y - np.float32(self.outline.middle_y + 4)) / np.float32(26 + 10 * grown)
                d = (np.hypot(u, v) - 1) * np.float32(15)
                d = np.maximum(d, np.float32(9) - outline.cage[box.at])
                d = np.maximum(d, outline.muscle[box.at] + np.float32(3))
                canvas.fill(box, d, hu["fat"] + self._uneven[box.at])

    def dome_mm(self, x: F32, y: F32) -> F32:
        """Height of the diaphragm over these places."""
        return self._belly.dome_mm(x, y)

    # -- lungs ----------------------------------------------------------------------------------------------------

    def _mediastinum(self, z_mm: float, heart: tuple[Box, F32, F32] | None, found: dict[str, tuple[Box, F32]]) -> F32:
        """Signed distance (row, column) from the outline of everything between the lungs, fat included."""
        figure, canvas = self.figure, self._canvas
        fat = np.float32(figure.mediastinal_fat_mm)
        out = np.full(canvas.hu.shape, _FAR_MM, dtype=np.float32)
        # In front of heart and vessels a wedge of fat reaches the sternum; behind, a strip reaches the spine.
        front, root_y = self.outline.front_mm, figure.root_mm[1]
        t = np.clip((canvas.y - np.float32(front)) / np.float32(max(20.0, root_y - front)), 0, 1)
        wedge = np.float32(1.5) + fat * np.float32(0.9) + t * (np.float32(6.0) + fat * np.float32(1.6))
        middle = np.float32(0.4 * figure.root_mm[0] + 6.0)
        out = np.minimum(out, np.maximum(np.abs(canvas.x - middle) - wedge, canvas.y - np.float32(root_y + 10)))
        sx, sy = figure.spine_x(z_mm), figure.spine_y(z_mm)
        vertebra = np.hypot((canvas.x - np.float32(sx)) / np.float32(1.2), canvas.y - np.float32(sy + 3)) - np.float32(
            self.frame.vertebra_half[1] + 4.0
        )
        out = np.minimum(out, vertebra.astype(np.float32))
        strip = np.abs(canvas.x - np.float32(sx + 4)) - np.float32(3.0) - fat * np.float32(0.5)
        strip = np.maximum(strip, np.abs(canvas.y - np.float32((root_y + sy) / 2)) - np.float32((sy - root_y) / 2))
        out = smooth_union(out, strip.astype(np.float32), 5.0)
        for name, (box, d) in found.items():
            if name in BRANCH_OF or name in _IN_LUNG or name in ("mitral_ring", "great_vein"):
                continue
            rim = (
                np.float32(1.2) if name in ("descending", "bronchus_right", "bronchus_left") else fat * np.float32(0.7)
            )
            if name in ("pulmonary_right", "pulmonary_left"):
                rim = np.float32(0.8)
            spot = out[box.at]
            out[box.at] = smooth_union(spot, d - rim - np.float32(0.8), 7.0 + 0.8 * float(fat))
        if heart is not None:
            box, outer, _ = heart
            out[box.at] = smooth_union(out[box.at], outer - np.float32(0.4), 6.0)
        # Pads of fat in the angles between heart and diaphragm.
        bottom = figure.heart_bottom_mm
        pad = figure.pericardial_pad_mm
        for s, size in ((-1.0, 0.8), (1.0, 1.0)):
            u = (canvas.x - np.float32(figure.root_mm[0] + 24 + s * 52 * figure.heart)) / np.float32(pad * size + 6)
            v = (canvas.y - np.float32(front + 16)) / np.float32(pad * size + 10)
            w = (z_mm - bottom - 4) / (pad * 1.3 + 8)
            ball = (np.sqrt(u * u + v * v + np.float32(w * w)) - 1) * np.float32(pad * size + 6)
            out = smooth_union(out, ball.astype(np.float32), 14.0)
        return np.asarray(out, dtype=np.float32)

    def _lungs(
        self,
        z_mm: float,
        below: F32 | None,
        heart: tuple[Box, F32, F32] | None,
        found: dict[str, tuple[Box, F32]],
        cushions: list[tuple[Box, F32]],
    ) -> None:
        figure, canvas, hu = self.figure, self._canvas, self._hu
        whole = canvas.whole()
        between = self._mediastinum(z_mm, heart, found)
        for box, cushion in cushions:
            between[box.at] = smooth_union(between[box.at], cushion - np.float32(0.8), 6.0)
        d = np.maximum(self.outline.cage + np.float32(1.2), -between)
        z = z_mm / figure.tall
        across = (np.abs(canvas.x) / figure.wide - 52) / 46
        along = (canvas.y - self.outline.middle_y - 6) / (88 * figure.deep)
        ceiling = 116.0 - 40.0 * across**2 - 60.0 * along**4
        d = np.maximum(d, (np.float32(z) - ceiling.astype(np.float32)) / np.float32(2.2))
        if below is not None:
            d = np.maximum(d, -below)
        d = d.astype(np.float32)
        cover = canvas.cover(d)
        sink = (canvas.y * np.float32(0.25)).astype(np.float32)
        canvas.blend(whole, cover, hu["lung"] + sink + self._uneven * np.float32(2.0))
        vessels = self._vessels.coverage(canvas, z_mm)
        canvas.blend(whole, vessels * canvas.cover(d + np.float32(2.0)), hu["blood"] - 5)
        for x, y, height, radius in figure.consolidation:
            dz = z_mm - height
            if abs(dz) < radius:
                ball = np.sqrt((canvas.x - np.float32(x)) ** 2 + (canvas.y - np.float32(y)) ** 2 + np.float32(dz * dz))
                ragged = ball - np.float32(radius) + self._blobs * np.float32(0.35)
                canvas.blend(
                    whole,
                    canvas.cover((ragged / np.float32(3)).astype(np.float32)) * cover,
                    hu["blood"] - 8 + self._uneven,
                )
        for side, depth in zip((-1.0, 1.0), figure.effusion_mm, strict=True):
            if depth > 0:
                # Fluid lies behind; its surface curves up along the wall.
                sag = np.float32(
                    self.outline.middle_y + 87 * figure.deep - depth * np.interp(z, (-180, 60), (1.5, 0.3))
                )
                fluid = np.maximum(sag - canvas.y - np.maximum(self.outline.cage + 14, 0), -canvas.x * np.float32(side))
                canvas.blend(whole, canvas.cover(fluid) * cover, 8.0 + self._uneven)

    # -- heart ------------------------------------------------------------------------------------------------------

    def _heart_distance(self, z_mm: float, shift_mm: Sequence[float]) -> tuple[Box, F32, F32] | None:
        """Box, distance from the pericardium, and from the muscle."""
        organs = self.organs
        centers = np.array([c.center for c in organs.chambers.values()])
        reach = np.array([max(c.half) for c in organs.chambers.values()])[:, None]
        low, high = (centers - reach).min(axis=0) - 20, (centers + reach).max(axis=0) + 20
        if not low[2] - 5 < z_mm < high[2] + 5:
            return None
        box = self._canvas.box(float(low[0]), float(high[0]), float(low[1]), float(high[1]))
        if box is None:
            return None
        x, y, z = self._moved(box, z_mm, shift_mm)
        outer, muscle, _ = organs.sac.surfaces(x, y, z)
        return box, outer, muscle

    @staticmethod
    def _moved(box: Box, z_mm: float, shift_mm: Sequence[float]) -> tuple[F32, F32, float]:
        return box.x - np.float32(shift_mm[0]), box.y - np.float32(shift_mm[1]), z_mm - shift_mm[2]

    def _heart(
        self,
        z_mm: float,
        heart: tuple[Box, F32, F32] | None,
        found: dict[str, tuple[Box, F32]],
        cushions: list[tuple[Box, F32]],
        shift_mm: Sequence[float],
    ) -> None:
        canvas, hu, organs = self._canvas, self._hu, self.organs
        blood, fat = hu["blood"], hu["epicardial_fat"]

        def fill(name: str, value: float | F32, more_mm: float = 0.0) -> None:
            if name in found:
                box, d = found[name]
                canvas.fill(box, d - np.float32(more_mm), value)

        if heart is not None:
            box, outer, muscle = heart
            canvas.fill(box, outer, 12.0)
            canvas.fill(box, outer + np.float32(PERICARDIUM_MM), fat + self._uneven[box.at])
            x, y, z = self._moved(box, z_mm, shift_mm)
            chambers = organs.chambers
            soft = self._uneven[box.at] * np.float32(0.3)
            canvas.fill(box, muscle, hu["myocardium"] + soft)
            canvas.fill(box, np.maximum(muscle, chambers["right_atrium"].distance(x, y, z)), hu["venous"] + soft)
            canvas.fill(box, np.maximum(muscle, chambers["left_atrium"].distance(x, y, z)), blood + soft)
            inside = np.maximum(muscle, chambers["right_ventricle"].distance(x, y, z)) + np.float32(3.5)
            canvas.fill(box, inside, hu["venous"] + soft)
            canvas.fill(box, organs.cavity.distance(x, y, z), blood + soft)
        for name, tube in found.items():
            if name not in BRANCH_OF and name not in _OPEN and name not in ("mitral_ring", "gullet", "great_vein"):
                self._sheath(name, tube, z_mm, fat)
        for at, d in cushions:
            canvas.fill(at, d, fat + self._uneven[at.at])
        for name in BRANCH_OF:
            fill(name, fat, self.sheath_mm)
        fill("gullet", hu["muscle"] - 12)
        for name in found:
            if name in BRANCH_OF or name in _AIRWAYS or name in ("mitral_ring", "gullet"):
                continue
            fill(name, blood + 2.0 if name in _AORTA else hu["venous"] if name in _VENOUS else blood)
        for name in BRANCH_OF:
            fill(name, blood + 1.0)
        if organs.hernia is not None:
            self._hernia(z_mm)
        for name in _AIRWAYS:
            fill(name, hu["muscle"] - 10, 1.3)
        for name in _AIRWAYS:
            fill(name, hu["air"] + 15)

    def _sheath(self, name: str, tube: tuple[Box, F32], z_mm: float, fat: float) -> None:
        """Fat round a vessel; none where it opens into a chamber."""
        box, d = tube
        figure = self.figure
        rim = min(1.6, 0.6 + 0.15 * figure.mediastinal_fat_mm)
        if name in _ROOTS:
            # Chambers press on the roots, a thin layer of fat between them; below the valves there is only muscle.
            rim = float(np.clip((0.45 + 0.2 * figure.epicardial_fat_mm) * figure.groove, 0.3, 2.4))
            valve = float(self.organs.tubes[name].path_mm[0, 2]) + _ROOTS[name]
            rim *= float(np.clip((z_mm - valve) / 8.0, 0, 1))
        if rim > 0.05:
            self._canvas.fill(box, d - np.float32(rim), fat)

    def _hernia(self, z_mm: float) -> None:
        pouch = self.organs.hernia
        assert pouch is not None
        reach = max(pouch.half)
        if abs(z_mm - pouch.center[2]) > reach:
            return
        x, y, _ = pouch.center
        box = self._canvas.box(x - reach, x + reach, y - reach, y + reach)
        if box is None:
            return
        d = pouch.distance(box.x, box.y, z_mm)
        self._canvas.fill(box, d, self._hu["muscle"] - 10)
        self._canvas.fill(box, d + np.float32(4), 20.0 + self._blobs[box.at])
        gas = np.maximum(d + np.float32(4), box.y - np.float32(y - 0.3 * pouch.half[1]))
        self._canvas.fill(box, gas, self._hu["air"] + 20)


def _unevenness(canvas: Canvas, rng: np.random.Generator, sd: float, per_mm: float) -> F32:
    """A slow field (row, column): fat and muscle are streaky, never flat."""
    out = np.zeros(canvas.hu.shape)
    for _ in range(14):
        k, phase = rng.normal(0, per_mm, 2), rng.uniform(0, 2 * np.pi)
        out += np.sin(k[0] * canvas.x + k[1] * canvas.y + phase)
    return np.asarray(out * (sd / np.sqrt(7.0)), dtype=np.float32)
