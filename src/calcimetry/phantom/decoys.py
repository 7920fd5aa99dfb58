"""What is as dense as calcium and belongs to no vessel: bone, cartilage, nodes, metal, and what motion makes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.lesions import Trimmed, triple
from calcimetry.phantom.objects import Placed
from calcimetry.phantom.shapes import Cylinder, Ellipsoid, Plaque, Shape, Sphere
from calcimetry.phantom.torso import Torso
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["DECOYS", "draw_decoys"]

Points = NDArray[np.float64]

# Decoy -> its kind in the truth, how many people have it, and how many of it they have on average beyond the first.
DECOYS = {
    "costal_cartilage": ("bone", 0.45, 3.0),
    "sternum_edge": ("bone", 0.3, 1.0),
    "rib": ("bone", 0.3, 1.0),
    "osteophyte": ("bone", 0.45, 2.5),
    "tracheal_cartilage": ("calcification", 0.3, 4.0),
    "bronchial_cartilage": ("calcification", 0.3, 3.0),
    "hilar_node": ("calcification", 0.3, 1.5),
    "mediastinal_node": ("calcification", 0.3, 1.2),
    "granuloma": ("calcification", 0.35, 1.0),
    "pleural_plaque": ("calcification", 0.2, 2.0),
    "stent": ("metal", 0.1, 0.4),
    "lead": ("metal", 0.06, 0.0),
    "clip": ("metal", 0.07, 4.0),
    "sternal_wire": ("metal", 0.08, 3.0),
    "staples": ("metal", 0.05, 0.0),
    "electrode": ("marker", 0.2, 1.0),
    "valve_prosthesis": ("metal", 0.04, 0.0),
    "motion_streak": ("artefact", 0.2, 1.0),
}
_BY_HAND = ("stent", "clip", "lead", "valve_prosthesis")
"""What may lie in or on an artery."""
_CLEAR_MM = 1.2
_METAL_MG_CM3 = 3200.0
"""As dense as the scale of the phantom goes: about 4000 HU at 120 kV, which is what scanners clip metal to."""
_MESH_MG_CM3 = 5200.0
"""The mesh of a stent, smeared over a sheet: struts of 0.1 mm of steel or cobalt-chromium (some 30,000 HU) over a fifth
of the wall are worth 600 HU mm and more; blurred by half a millimetre such a sheet peaks at 500 to 1100 HU."""


def _ball(volume: float) -> float:
    return float((6 * volume / math.pi) ** (1 / 3))


def _size(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def _lump(place: Points, diameter: float, rng: np.random.Generator, way: Points | None = None) -> Shape:
    a, b = np.exp(rng.uniform(-0.35, 0.35, 2))
    direction = rng.normal(size=3) if way is None else way
    return Ellipsoid(triple(place), (diameter * float(a), diameter * float(b), diameter / float(a * b)),
                     triple(direction))  # fmt: skip


def _plate(place: Points, normal: Points, across: float, thick: float, rng: np.random.Generator) -> Shape:
    stretch = float(rng.uniform(1.0, 2.0))
    return Ellipsoid(triple(place), (across * stretch, across / stretch, thick), triple(normal))


def _ring(tube: Tube, share: float, rng: np.random.Generator) -> Shape:
    """A horseshoe of cartilage round an airway."""
    length = float(rng.uniform(1.2, 3.0))
    start = float(np.clip(share * tube.length_mm, 0, tube.length_mm - length - 1e-3))
    radius = float(np.interp(share, np.linspace(0, 1, len(tube.radius_mm)), tube.radius_mm)) + 0.4
    return Plaque(tube.path_mm, radius, radius + float(rng.uniform(0.8, 1.6)), start, length,
                  float(rng.uniform(-100, 100)), float(rng.uniform(25, 200)))  # fmt: skip


def _on_wall(torso: Torso, rng: np.random.Generator) -> tuple[Points, Points]:
    """A place on the inside of the rib cage and the direction outward."""
    z = float(rng.uniform(-140, 70)) * torso.figure.tall
    angle = float(rng.uniform(0, 2 * np.pi))
    radius = float(torso.outline.cage_radius(np.array([angle]), z)[0])
    out = np.array([np.cos(angle), np.sin(angle), 0.0])
    return np.array([0.0, torso.outline.middle_y, z]) + radius * out, out


def _bone(torso: Torso, name: str, rng: np.random.Generator) -> tuple[Shape, float]:
    figure, frame = torso.figure, torso.frame
    if name == "costal_cartilage":
        place = frame.rib_point(int(rng.integers(1, 8)), float(rng.choice([-1, 1])), float(rng.uniform(2.3, 2.88)),
                                float(rng.uniform(1.0, 8.0)))  # fmt: skip
        return _lump(place, _size(rng, 2, 8), rng), _size(rng, 180, 650)
    if name == "sternum_edge":
        z = float(rng.uniform(frame.sternum_end_mm + 4, 40))
        torso.outline.at(z)
        s = float(rng.choice([-1, 1]))
        place = np.array([s * frame.sternum_half(z) * rng.uniform(0.4, 1.1),
                          torso.outline.front_mm - rng.uniform(0.5, 4.0), z])  # fmt: skip
        return _lump(place, _size(rng, 2, 6), rng), _size(rng, 200, 700)
    if name == "rib":
        place = frame.rib_point(int(rng.integers(1, 9)), float(rng.choice([-1, 1])), float(rng.uniform(0.4, 2.2)),
                                float(rng.uniform(0.0, 1.5)))  # fmt: skip
        return _lump(place, _size(rng, 2, 6), rng), _size(rng, 300, 800)
    # An osteophyte: at a disc, from the front of the vertebra round to either side; on the left it may touch the aorta.
    z = float(rng.choice(frame.disc_levels(-190, 60))) + float(rng.normal(0, 2.0))
    angle = float(rng.uniform(-2.7, -0.15))
    half = frame.vertebra_half
    out = np.array([np.cos(angle), np.sin(angle), 0.0])
    place = np.array([figure.spine_x(z), figure.spine_y(z), z])
    size = _size(rng, 3, 12)
    place = place + np.array([half[0] * out[0], half[1] * out[1], 0.0]) + out * 0.2 * size
    return _lump(place, size, rng, way=np.array([0.0, 0.0, 1.0])), _size(rng, 300, 800)


def _airway(torso: Torso, name: str, rng: np.random.Generator) -> tuple[Shape, float]:
    tubes = torso.organs.tubes
    tube = (
        tubes["trachea"]
        if name == "tracheal_cartilage"
        else tubes[str(rng.choice(["bronchus_left", "bronchus_right"]))]
    )
    return _ring(tube, float(rng.uniform(0.05, 0.95)), rng), _size(rng, 200, 600)


def _node(torso: Torso, name: str, rng: np.random.Generator) -> tuple[Shape, float]:
    tubes, figure = torso.organs.tubes, torso.figure
    if name == "hilar_node":
        tube = tubes[str(rng.choice(["bronchus_left", "bronchus_right"]))]
        at = int(rng.uniform(0.45, 1.0) * (len(tube.path_mm) - 1))
        place = tube.path_mm[at] + rng.normal(0, 1, 3) * np.array([6.0, 8.0, 7.0])
        away = place - tube.path_mm[at]
        reach = float(tube.radius_mm[at]) + 4.0
        place = tube.path_mm[at] + away * max(1.0, reach / (np.linalg.norm(away) + 1e-6))
    else:
        x, y = figure.carina_mm
        station = [
            (x - 12, y - 10, 18.0),  # right of the trachea
            (x + 18, y - 12, 1.0),  # window between aorta and pulmonary artery
            (x + 1, y + 2, -16.0),  # below the carina
            (x - 14, y - 22, 8.0),
            (x + 24, y - 26, 18.0),  # beside the arch
            (x - 4, figure.root_mm[1] - 14, 20.0),  # in front of the great arteries
        ][int(rng.integers(6))]
        place = np.array(station) + rng.normal(0, 3.0, 3)
    return _lump(place, _size(rng, 2, 13), rng), _size(rng, 180, 1300)


def _metal(torso: Torso, name: str, rng: np.random.Generator) -> tuple[list[Shape], float, str]:
    tubes, figure, frame, outline = torso.organs.tubes, torso.figure, torso.frame, torso.outline
    if name == "stent":
        artery = str(rng.choice(["left_anterior_descending", "right_coronary", "left_circumflex", "left_main"],
                                p=[0.4, 0.32, 0.2, 0.08]))  # fmt: skip
        tube = tubes[artery]
        length = min(float(rng.uniform(8, 28)), 0.8 * tube.length_mm)
        start = float(rng.uniform(0, min(40.0, tube.length_mm - length)))
        radius = float(np.interp(start, np.linspace(0, tube.length_mm, len(tube.radius_mm)), tube.radius_mm))
        wall = float(rng.uniform(0.12, 0.25))
        mesh = Plaque(tube.path_mm, radius - wall / 2, radius + wall / 2, start, length, 0.0, 360.0)
        return [mesh], _MESH_MG_CM3, artery
    if name == "lead":
        organs = torso.organs
        rv, ra = (np.array(organs.chambers[n].center) for n in ("right_ventricle", "right_atrium"))
        low = (
            rv
            + np.array(organs.chambers["right_ventricle"].frame[2]) * organs.chambers["right_ventricle"].half[2] * 0.75
        )
        cava = tubes["vena_cava_superior"].path_mm
        vein = tubes["vein_left"].path_mm
        marks = [*vein[:: max(1, len(vein) // 3)], cava[len(cava) // 2], ra + np.array([4.0, -4.0, 6.0])]
        marks += [(ra + rv) / 2 + np.array([0.0, 0.0, -4.0]), low]
        path = spline(np.stack(marks))
        length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
        pieces = 12
        return (
            [Plaque(path, 0.0, 1.0, n * length / pieces, length / pieces * 0.999, 0.0, 360.0) for n in range(pieces)],
            _METAL_MG_CM3,
            "",
        )
    if name == "clip":
        tube = tubes["pulmonary_trunk"] if rng.random() < 0.5 else tubes["left_anterior_descending"]
        at = int(rng.uniform(0, 1) * (len(tube.path_mm) - 1))
        place = tube.path_mm[at] + np.array([rng.normal(4, 8), -abs(rng.normal(14, 7)), rng.normal(0, 8)])
        return [Cylinder(triple(place), 1.2, float(rng.uniform(2.5, 5)), triple(rng.normal(size=3)))], _METAL_MG_CM3, ""
    if name == "sternal_wire":
        z = float(rng.uniform(frame.sternum_end_mm + 10, 45))
        outline.at(z)
        half, y = frame.sternum_half(z) * 0.75, outline.front_mm - 7.0
        turn = np.linspace(0, 2 * np.pi, 160)
        ring = np.stack([half * np.cos(turn), y + 8.5 * np.sin(turn), z + 2.0 * np.sin(turn + 1)], axis=1)
        ring = spline(ring)
        length = float(np.linalg.norm(np.diff(ring, axis=0), axis=1).sum())
        return [Plaque(ring, 0.0, 0.5, n * length / 4, length / 4 * 0.999, 0.0, 360.0) for n in range(4)], \
            _METAL_MG_CM3, ""  # fmt: skip
    if name == "staples":
        z = figure.heart_bottom_mm + figure.dome_mm[1] - float(rng.uniform(25, 45))
        first = np.array([58 * figure.wide, outline.middle_y - 30, z])
        way = np.array([rng.uniform(-12, 8), rng.uniform(25, 50), rng.uniform(-35, 10)])
        places = [first + t * way + rng.normal(0, 0.5, 3) for t in np.linspace(0, 1, int(rng.integers(8, 18)))]
        return [Cylinder(triple(p), 0.6, 3.0, triple(rng.normal(size=3))) for p in places], _METAL_MG_CM3, ""
    if name == "electrode":
        z = float(rng.uniform(-130, 40))
        outline.at(z)
        x = float(rng.uniform(-90, 90))
        out = np.array([x / 150, -1.0, 0.0])
        out /= np.linalg.norm(out)
        reach = outline.skin_radius(float(np.arctan2(-1.0, x / max(outline.middle_y - outline.front_mm + 30, 60))))
        place = np.array([0.0, outline.middle_y, z]) + reach * _toward(x, outline.middle_y - outline.front_mm + 30)
        return [Cylinder(triple(place), float(rng.uniform(3, 9)), float(rng.uniform(1, 2.5)), triple(out))], 1600.0, ""
    center, axis = torso.organs.valve if rng.random() < 0.6 else torso.organs.mitral
    radius = 11.0 if rng.random() < 0.5 else 13.0
    u = np.cross(axis, [0.3, 1.0, 0.2])
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    turn = np.linspace(0, 2 * np.pi, 160)
    ring = spline(center + radius * (np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * v))
    length = float(np.linalg.norm(np.diff(ring, axis=0), axis=1).sum())
    wall = float(rng.uniform(0.4, 1.2))
    return [Plaque(ring, 0.0, wall, n * length / 4, length / 4 * 0.999, 0.0, 360.0) for n in range(4)], 2600.0, ""


def _toward(x: float, depth: float) -> Points:
    out = np.array([x, -max(depth, 60.0), 0.0])
    return np.asarray(out / np.linalg.norm(out))


def _soft(torso: Torso, name: str, rng: np.random.Generator) -> tuple[Shape, float]:
    figure = torso.figure
    if name == "granuloma":
        s = float(rng.choice([-1, 1]))
        place = np.array([s * rng.uniform(55, 105) * figure.wide, rng.uniform(-35, 60), rng.uniform(-110, 70)])
        return Sphere(triple(place), _size(rng, 1.8, 8)), _size(rng, 250, 1000)
    if name == "pleural_plaque":
        place, out = _on_wall(torso, rng)
        place = place - out * rng.uniform(0.5, 2.0)
        if rng.random() < 0.25:  # on the diaphragm
            x, y = float(rng.uniform(-90, 90)), float(rng.uniform(-30, 40))
            z = float(torso.dome_mm(np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32))[0, 0])
            place, out = np.array([x, y, z]), np.array([0.1, 0.1, 1.0])
        return _plate(place, out, _size(rng, 5, 25), float(rng.uniform(1.0, 3.5)), rng), _size(rng, 180, 700)
    # Motion: a bright sickle at the edge of the heart or on the dome.
    if rng.random() < 0.5:
        x, y = float(rng.uniform(20, 90) * rng.choice([-1, 1])), float(rng.uniform(-60, 30))
        z = float(torso.dome_mm(np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32))[0, 0]) - 1.0
        dome = np.array([x, y, z]), np.array([0.0, 0.2, 1.0])
        return _plate(*dome, _size(rng, 6, 16), float(rng.uniform(2, 4)), rng), _size(rng, 110, 190)
    angle = float(rng.uniform(-0.6, 0.9))
    organs = torso.organs
    middle = np.mean([c.center for c in organs.chambers.values()], axis=0)
    way = np.array([np.cos(angle), -np.sin(angle) if rng.random() < 0.7 else np.sin(angle), rng.uniform(-0.4, 0.3)])
    point, normal = torso.on_pericardium(middle + 50 * way, -2.0)
    return _plate(point, normal, _size(rng, 6, 18), float(rng.uniform(1.2, 2.5)), rng), _size(rng, 110, 190)


def draw_decoys(torso: Torso, rng: np.random.Generator, often: dict[str, float] | None = None) -> list[Placed]:
    """What this person has that is dense and must not be counted; ``often`` as for the burden."""
    placed = []
    for name, (kind, share, mean) in DECOYS.items():
        chance, more = rng.random(), rng.poisson(mean)
        if name == "osteophyte":
            share = max(share, torso.figure.osteophytes)
        if chance >= share * (often or {}).get(name, 1.0):
            continue
        for n in range(1 + int(more)):
            shapes, density, note = _free(torso, name, kind, rng)
            for m, shape in enumerate(shapes):
                where = f"{name}{'/' + note if note else ''}/{n + 1}" + (f".{m + 1}" if len(shapes) > 1 else "")
                placed.append(Placed(where, "unassigned", name, shape, density))
    return placed


def _free(torso: Torso, name: str, kind: str, rng: np.random.Generator) -> tuple[list[Shape], float, str]:
    """One decoy in no artery of the heart, unless it was put there by hand; nothing where no free place is found."""
    for _ in range(8):
        if kind in ("metal", "marker"):
            shapes, density, note = _metal(torso, name, rng)
        else:
            make = _bone if kind == "bone" else _airway if "cartilage" in name else _node if "node" in name else _soft
            shape, density = make(torso, name, rng)
            shapes, note = [shape], ""
        tight: list[Shape] = [Trimmed(shape, kind) for shape in shapes]
        if name in _BY_HAND or not any(_touches(torso, shape, rng) for shape in tight):
            return tight, density, note
    return [], 0.0, ""


def _touches(torso: Torso, shape: Shape, rng: np.random.Generator) -> bool:
    tree, radius = torso.organs.coronary_tree
    low, high = shape.bounds_mm()
    if tree.query((low + high) / 2)[0] > np.linalg.norm(high - low) / 2 + 4.0:
        return False
    points = rng.uniform(low, high, (5000, 3))
    away, at = tree.query(points[shape.inside(points)])
    return bool((away < radius[at] + _CLEAR_MM).any())
