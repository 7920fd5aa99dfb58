"""Calcium of a drawn person: how much of it lies in which structure of heart and great vessels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.lesions import (
    Trimmed,
    draw_density,
    draw_volume,
    lesion_on_course,
    lesion_on_ring,
    lesion_on_valve,
    plate,
    tangent,
    triple,
)
from calcimetry.phantom.objects import Placed
from calcimetry.phantom.organs import Organs
from calcimetry.phantom.shapes import Ellipsoid, Plaque, Shape
from calcimetry.phantom.torso import Torso
from calcimetry.phantom.tubes import Tube

__all__ = ["GREAT", "SITE_OF", "STRUCTURES", "draw_burden", "placed_as"]

SITE_OF = {
    "left_main": "coronary_artery",
    "left_anterior_descending": "coronary_artery",
    "left_circumflex": "coronary_artery",
    "right_coronary": "coronary_artery",
    "aortic_valve": "aortic_valve",
    "mitral_annulus": "mitral_annulus",
    "ascending": "aorta_thoracic",
    "arch": "aorta_thoracic",
    "descending": "aorta_thoracic",
    "aorta_abdominal": "aorta_abdominal",
    "great_vessel": "great_vessel",
    "pericardium": "pericardium",
    "myocardium": "myocardium",
}
"""The structures that calcium is placed in -> their sites."""

STRUCTURES = tuple(SITE_OF)

GREAT = ("brachiocephalic", "left_carotid", "left_subclavian", "right_carotid")

# How many lesions a person has of each, on average over those who have any, and how many people have any (ours: often
# enough that every structure is met, coronaries and aorta more often, as in the clinic).
_COUNT = {
    "left_main": (0.45, 1.3),
    "left_anterior_descending": (0.8, 3.5),
    "left_circumflex": (0.65, 2.2),
    "right_coronary": (0.7, 2.8),
    "aortic_valve": (0.4, 2.5),
    "mitral_annulus": (0.3, 1.8),
    "ascending": (0.4, 2.0),
    "arch": (0.6, 2.2),
    "descending": (0.55, 2.5),
    "aorta_abdominal": (0.5, 1.6),
    "great_vessel": (0.45, 1.6),
    "pericardium": (0.12, 2.0),
    "myocardium": (0.12, 1.5),
}

_SINUSES = (0.4, 0.4)
"""So much of the calcium of the ascending aorta lies in this first share of it: in the sinuses and at their rim, beside
the ostia and the valve, where it is mistaken for either."""

_Drawn = tuple[str, str, Shape]
"""Structure, course, shape."""


def _pericardium(torso: Torso, rng: np.random.Generator, volume: float) -> Shape:
    organs = torso.organs
    middle = np.mean([c.center for c in organs.chambers.values()], axis=0)
    way = rng.normal(size=3) * np.array([1.0, 1.0, 0.8])
    way /= np.linalg.norm(way)
    way[2] = min(way[2], 0.4)
    point, normal = torso.on_pericardium(middle + 55.0 * organs.figure.heart * way, -0.6)
    return plate(point, normal, rng, volume, float(rng.uniform(0.9, 2.0)))


def _myocardium(organs: Organs, rng: np.random.Generator, volume: float) -> Shape:
    lv: Chamber = organs.chambers["left_ventricle"]
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    # More often towards the apex and the front: where infarcts lie.
    local = way if rng.random() < 0.3 else np.array([way[0] * 0.6, way[1] * 0.6, abs(way[2])])
    local /= np.linalg.norm(local)
    inner = float(rng.uniform(0.25, 0.8))
    scale = inner * np.array(organs.cavity.half) + (1 - inner) * np.array(lv.half)
    point = np.array(lv.center) + (local * scale) @ lv.frame
    normal = ((local / scale) @ lv.frame).astype(np.float64)
    return plate(point, normal, rng, min(volume, 200.0), float(rng.uniform(1.2, 3.0)))


def _on_coronary(organs: Organs, artery: str, rng: np.random.Generator, heavy: bool) -> tuple[Shape, str]:
    branches = [b for b, a in BRANCH_OF.items() if a == artery and b != artery]
    course = str(rng.choice(branches)) if branches and rng.random() < 0.3 else artery
    # Near the origin more often than far out.
    share = float(rng.beta(1.1, 1.7)) if artery != "left_main" else float(rng.uniform(0.05, 0.95))
    most = 60.0 if course != artery else (90.0 if artery == "left_main" else 600.0)
    volume = draw_volume(rng, 30.0, most_mm3=600.0) if heavy else draw_volume(rng)
    return lesion_on_course(organs.tubes[course], rng, min(volume, most), share), course


def _one(torso: Torso, structure: str, rng: np.random.Generator, heavy: bool) -> _Drawn:
    organs = torso.organs
    if SITE_OF[structure] == "coronary_artery":
        shape, course = _on_coronary(organs, structure, rng, heavy)
        return structure, course, shape
    volume = draw_volume(rng, 40.0, most_mm3=900.0) if heavy else draw_volume(rng, 16.0)
    if structure == "aortic_valve":
        shape = lesion_on_valve(*organs.valve, organs.figure.root_radius_mm, rng, volume)
    elif structure == "mitral_annulus":
        shape = lesion_on_ring(organs.tubes["mitral_ring"], rng, volume)
    elif structure == "pericardium":
        shape = _pericardium(torso, rng, volume)
    elif structure == "myocardium":
        shape = _myocardium(organs, rng, volume)
    else:
        course = "abdominal" if structure == "aorta_abdominal" else structure
        if structure == "great_vessel":
            course = str(rng.choice(GREAT, p=[0.4, 0.2, 0.35, 0.05]))
        far = _SINUSES[1] if structure == "ascending" and rng.random() < _SINUSES[0] else 0.98
        shape = lesion_on_course(organs.tubes[course], rng, volume, float(rng.uniform(0.02, far)), depth_mm=0.6)
        return structure, course, shape
    return structure, structure, shape


def _bridge(organs: Organs, kind: str, rng: np.random.Generator) -> list[_Drawn]:
    """Calcium that runs on from one structure into the next: one piece in the image, several in the truth."""
    tubes = organs.tubes
    if kind == "fork":
        # From the end of the left main into one or both of its branches.
        both = ["left_anterior_descending", "left_circumflex"]
        chosen = both if rng.random() < 0.35 else [str(rng.choice(both, p=[0.7, 0.3]))]
        out = [("left_main", "left_main", _cuff(tubes["left_main"], rng, float(rng.uniform(2, 6)), end=True))]
        return out + [(n, n, _cuff(tubes[n], rng, float(rng.uniform(2, 9)))) for n in chosen]
    if kind == "ostium":
        artery = str(rng.choice(["left_main", "right_coronary"]))
        tube = tubes[artery]
        mouth = tube.path_mm[0]
        size = float(rng.uniform(2.5, 5.0))
        on_wall = Ellipsoid(triple(mouth), (size * 1.6, size * 1.6, size * 0.7), triple(tangent(tube, 2)))
        return [("ascending", "ascending", on_wall), (artery, artery, _cuff(tube, rng, float(rng.uniform(2.5, 7))))]
    # The curtain between aortic valve and mitral ring.
    ring, (center, axis) = tubes["mitral_ring"], organs.valve
    near = int(np.argmin(np.linalg.norm(ring.path_mm - center, axis=1)))
    way = ring.path_mm[near] - center
    way = way - (way @ axis) * axis
    rim = center + way / np.linalg.norm(way) * organs.figure.root_radius_mm * 0.85
    between = 0.5 * (rim + ring.path_mm[near])
    size = float(np.linalg.norm(rim - between)) + 1.5
    thick = float(rng.uniform(2.0, 3.5))
    return [
        ("aortic_valve", "aortic_valve", Ellipsoid(triple(rim), (thick, thick, size), triple(way))),
        ("mitral_annulus", "mitral_annulus",
         Ellipsoid(triple(ring.path_mm[near]), (thick, thick, size), triple(ring.path_mm[near] - rim))),
    ]  # fmt: skip


def _cuff(tube: Tube, rng: np.random.Generator, length: float, *, end: bool = False) -> Shape:
    length = min(length, 0.9 * tube.length_mm)
    radius = float(tube.radius_mm[-1 if end else 0])
    start = tube.length_mm - length - 1e-3 if end else 0.0
    return Plaque(tube.path_mm, 0.3 * radius, 1.2 * radius, start, length, float(rng.uniform(-180, 180)),
                  float(rng.uniform(150, 360)))  # fmt: skip


_HEAVY = 0.12
"""How many people have far larger plaques."""
_BRIDGES = {"fork": ("left_main", 0.1), "ostium": ("ascending", 0.1), "curtain": ("aortic_valve", 0.07)}
"""Bridge -> the structure whose frequency it follows, and how many people have one."""


def draw_burden(torso: Torso, rng: np.random.Generator, often: Mapping[str, float] | None = None) -> list[Placed]:
    """Calcium of this person.

    Parameters
    ----------
    often : mapping, optional
        Structure -> factor on how many people have calcium there.
    """
    factor = often or {}
    drawn: list[tuple[_Drawn, float]] = []
    heavy = rng.random() < _HEAVY
    for structure, (share, mean) in _COUNT.items():
        chance, more = rng.random(), rng.poisson(mean)
        if chance < share * factor.get(structure, 1.0):
            drawn += [(_one(torso, structure, rng, heavy), draw_density(rng)) for _ in range(1 + int(more))]
    for kind, (follows, share) in _BRIDGES.items():
        if rng.random() < share * factor.get(follows, 1.0):
            density = draw_density(rng)
            drawn += [(one, density) for one in _bridge(torso.organs, kind, rng)]
    return [placed_as(*one, f"{n + 1}", density) for n, (one, density) in enumerate(drawn)]


def placed_as(structure: str, course: str, shape: Shape, number: str, density: float) -> Placed:
    """A lesion with the site and structure words of its class; ``course``: the branch or part it lies on."""
    site = SITE_OF[structure]
    name = structure if site in ("coronary_artery", "aorta_thoracic") else ""
    if site == "great_vessel":
        name = "brachiocephalic" if course == "right_carotid" else course
    if site == "aorta_abdominal":
        name = "suprarenal"
    return Placed(f"{structure}/{course}/{number}", site, name, Trimmed(shape, "calcification"), density)
