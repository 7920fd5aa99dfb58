"""A person drawn at random: the numbers from which the body is built, before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Figure", "draw_figure"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Numbers of one person. Lengths in mm, LPS; the carina lies at height 0, the vertebra behind it at y 66.

    Spreads are ours, set so that means and extremes look like routine chest CT (distances measured on public scans
    that may be used; vessel diameters within textbook limits).
    """

    sex: Literal["F", "M"]
    girth: float
    """Slim to large, about -2 to 2.5."""
    wide: float
    deep: float
    tall: float
    """Scales of the rib cage."""
    skin_fat_mm: float
    muscle: float
    breast_mm: float
    arms_up: bool
    vertebra_mm: tuple[float, float]
    """Half width and half depth of a vertebra."""
    scoliosis_mm: float
    scoliosis_phase: float
    kyphosis_mm: float
    heart: float
    """Scale of the heart."""
    root_mm: tuple[float, float, float]
    """Middle of the aortic root, half way in height between both coronary ostia."""
    lean_deg: tuple[float, float]
    """How far the axis of the root leans from upright, from the valve up: to the right, and to the front.

    To the right 49.4 (SD 9.4, 18 to 90) degrees in 4022 candidates for a new valve, more with age and weight (Int J
    Cardiol 2021;338:58); 47.3 (8.7) in 582 (Abramowitz, JACC Cardiovasc Interv 2016;9:964). Annulus to the long axis
    of the body in space 49.5 (8.7) in 588 (Holzamer, Thorac Cardiovasc Surg 2016;64:OP230): it leans little to the
    front. The persons drawn here are younger and slimmer on average.
    """
    ostia_mm: tuple[float, float]
    """Height of the left and right ostium over the annulus, along this axis.

    14.4 (2.9) and 17.2 (3.3) on CT (Tops, JACC Cardiovasc Imaging 2008;1:321), 12.6 (2.6) and 13.2 (2.6) over the
    bottom of the sinus in 51 hearts (Cavalcanti, Arq Bras Cardiol 2003;81:359); between the two here.
    """
    ostia_turn_deg: tuple[float, float]
    """How far each is turned round the axis from where it mostly lies."""
    turn_deg: tuple[float, float, float]
    """Rotation of the heart about the long axis of the body, front to back, and side to side."""
    chambers: tuple[float, float, float, float]
    """Scales of left ventricle, right ventricle, right atrium, left atrium."""
    epicardial_fat_mm: float
    groove: float
    """How wide and deep the grooves between the chambers are, relative."""
    mediastinal_fat_mm: float
    pericardial_pad_mm: float
    ascending_mm: float
    root_radius_mm: float
    descending_mm: float
    trunk_mm: float
    """Radii."""
    arch_top_mm: float
    aorta_bulge_mm: tuple[float, float]
    """How far an elongated descending aorta leaves the spine, to the left and to the front."""
    carina_mm: tuple[float, float]
    trachea_mm: float
    dome_mm: tuple[float, float]
    """Height of the right and left dome over the bottom of the heart."""
    lung_hu: float
    effusion_mm: tuple[float, float]
    """Depth of fluid behind the right and left lung."""
    consolidation: tuple[tuple[float, float, float, float], ...]
    """Centres and radii of consolidated lung."""
    hernia_mm: float
    stomach: tuple[float, float]
    """Size, and the share of it filled with gas."""
    blood_hu: float
    muscle_over_blood_hu: float
    liver_hu: float
    bone: float
    """Density of bone, relative."""
    ossified: float
    """0: cartilage of the ribs is soft; 1: ossified all through."""
    osteophytes: float
    motion_mm: float
    """How far the heart moves between its phases; 0: gated or still."""
    dominance: Literal["right", "left"]

    def spine_x(self, z_mm: float) -> float:
        """Where the middle of the vertebra lies at this height."""
        return self.scoliosis_mm * float(np.sin(2 * np.pi * z_mm / 260.0 + self.scoliosis_phase))

    def spine_y(self, z_mm: float) -> float:
        """Depth of the middle of the vertebra."""
        return 66.0 - self.kyphosis_mm * ((z_mm + 40.0) / 150.0) ** 2

    @property
    def heart_bottom_mm(self) -> float:
        """About where the heart lies on the diaphragm."""
        return self.root_mm[2] - 77.0 * self.heart

    @property
    def front_mm(self) -> float:
        """Depth of the inside of the breastbone in front of the heart."""
        return _front(self.deep)


def _front(deep: float) -> float:
    return 87.0 - 188.0 * deep


def _clip(value: float, low: float, high: float) -> float:
    return float(min(max(value, low), high))


def draw_figure(rng: np.random.Generator, *, gated: bool) -> Figure:
    """Draw a person.

    Parameters
    ----------
    rng : numpy Generator
    gated : bool
        A gated scan shows the heart still and the arms up far more often.
    """

    def near(mean: float, sd: float, low: float, high: float) -> float:
        return _clip(rng.normal(mean, sd), low, high)

    sex: Literal["F", "M"] = "F" if rng.random() < 0.45 else "M"
    girth = near(0.1, 1.0, -2.0, 2.6)
    wide = near(1.0 if sex == "M" else 0.93, 0.06, 0.82, 1.18) + 0.02 * girth
    deep = near(0.93 if sex == "M" else 0.87, 0.07, 0.74, 1.06) + 0.025 * girth
    tall = near(1.0, 0.06, 0.87, 1.14)
    age = rng.random()  # 0 young, 1 old: bone, vessels and cartilage go together
    heart = near(1.02 if sex == "M" else 0.94, 0.09, 0.8, 1.3)
    midline = rng.random() < 0.15
    depth = 66.0 - _front(deep)
    root = (
        near(18.0, 5.0, 6, 28) if midline else near(2.0, 8.0, -18, 20),
        66.0 - depth * near(0.575, 0.035, 0.5, 0.66),
        -near(50.0, 8.0, 32, 70) * tall,
    )
    turn = (near(18.0, 6, 5, 32) if midline else near(0.0, 9, -22, 22), near(0, 8, -18, 18), near(0, 6, -14, 14))
    dilated = rng.random() < 0.15
    ascending = near(20.5, 2.0, 18, 25) if dilated else near(16.0 + 1.2 * age, 1.5, 12.5, 19.5)
    chambers = tuple(near(1.0, 0.07, 0.85, 1.15) * (near(1.15, 0.05, 1.05, 1.25) if rng.random() < 0.1 else 1.0)
                     for _ in range(4))  # fmt: skip
    fat = _clip(3.6 * np.exp(0.45 * girth + rng.normal(0, 0.4) + 0.3 * (age - 0.5)), 0.6, 14.0)
    elongated = rng.random() < 0.2 + 0.25 * age
    sick = rng.random(4)
    blobs = tuple(
        (float(s * rng.uniform(55, 105)), float(rng.uniform(-40, 60)), float(rng.uniform(-110, 50)),
         float(rng.uniform(12, 38)))
        for s in rng.choice([-1.0, 1.0], size=int(rng.integers(1, 4)))
    ) if sick[0] < 0.2 else ()  # fmt: skip
    return Figure(
        sex=sex,
        girth=girth,
        wide=wide,
        deep=deep,
        tall=tall,
        skin_fat_mm=_clip(15.0 * np.exp(0.5 * girth + rng.normal(0, 0.2)), 4.0, 60.0),
        muscle=near(1.0 if sex == "M" else 0.85, 0.15, 0.6, 1.4),
        breast_mm=_clip(28.0 * np.exp(0.3 * girth + rng.normal(0, 0.3)), 8, 70) if sex == "F" else 0.0,
        arms_up=bool(rng.random() > (0.03 if gated else 0.2)),
        vertebra_mm=(near(17.0, 1.5, 14, 21), near(14.5, 1.2, 12, 17)),
        scoliosis_mm=near(0, 3.0, -8, 8) if rng.random() > 0.12 else near(0, 18.0, -32, 32),
        scoliosis_phase=float(rng.uniform(0, 2 * np.pi)),
        kyphosis_mm=near(8.0 + 8 * age, 5.0, 0, 28),
        heart=heart,
        root_mm=root,
        turn_deg=turn,
        chambers=(chambers[0], chambers[1], chambers[2], chambers[3]),
        epicardial_fat_mm=fat,
        groove=_clip(np.exp(rng.normal(0.05, 0.35)), 0.45, 2.2),
        mediastinal_fat_mm=_clip(3.0 * np.exp(0.5 * girth + rng.normal(0, 0.3)), 1.0, 13.0),
        pericardial_pad_mm=_clip(14.0 * np.exp(0.4 * girth + rng.normal(0, 0.4)), 3.0, 40.0),
        ascending_mm=ascending,
        root_radius_mm=_clip(ascending * rng.normal(1.02, 0.06), 13.5, 24.0),
        descending_mm=_clip(0.76 * ascending * rng.normal(1.0, 0.07), 9.5, 18.0),
        trunk_mm=near(13.5, 1.5, 10.5, 17) if rng.random() > 0.12 else near(17.5, 1.5, 15.5, 21),
        arch_top_mm=1.75 * ascending + near(9.0, 4.0, 1, 20) + (7.0 if elongated else 0.0),
        aorta_bulge_mm=(near(14, 8, 3, 34), near(-4, 9, -20, 14)) if elongated else (near(2, 2, -2, 6), 0.0),
        carina_mm=(near(-3.0, 3.0, -10, 5), near(27.0, 4.0, 16, 34)),
        trachea_mm=near(8.8 if sex == "M" else 7.6, 0.9, 6.0, 12.0),
        dome_mm=(near(32.0, 13.0, 0, 62), near(14.0, 13.0, -14, 46)),
        lung_hu=near(-850, 28, -905, -770),
        effusion_mm=(float(rng.uniform(6, 45)) if sick[1] < 0.12 else 0.0,
                     float(rng.uniform(6, 45)) if sick[2] < 0.12 else 0.0),
        consolidation=blobs,
        hernia_mm=float(rng.uniform(12, 34)) if sick[3] < 0.12 else 0.0,
        stomach=(float(rng.uniform(0.6, 1.4)), float(rng.uniform(0.05, 0.85))),
        blood_hu=near(42, 6, 30, 60),
        muscle_over_blood_hu=near(5, 4, -4, 14),
        liver_hu=near(57, 10, 15, 72),
        bone=near(1.12 - 0.35 * age, 0.12, 0.55, 1.3),
        ossified=_clip(age * 0.8 + rng.normal(0, 0.25), 0, 1),
        osteophytes=_clip(age + rng.normal(-0.2, 0.3), 0, 1),
        motion_mm=0.0 if gated and rng.random() < 0.7 else float(rng.uniform(0.5, 4.0)),
        dominance="left" if rng.random() < 0.12 else "right",
        lean_deg=(near(43.0 + 6.0 * age + 1.5 * girth, 8.5, 18, 72), near(6.0, 8.0, -14, 28)),
        ostia_mm=(near(13.8, 2.8, 7, 22), near(15.5, 3.0, 8, 24)),
        ostia_turn_deg=(near(0.0, 10.0, -25, 25), near(0.0, 10.0, -25, 25)),
    )  # fmt: skip
