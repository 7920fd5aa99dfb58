"""Heart, vessels and airways of a drawn person: chambers, tubes, and the truth about where each of them lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from calcimetry.phantom.coronaries import BRANCH_OF, Points, coronaries, cushions
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.pipes import Pipe
from calcimetry.phantom.root import aortic_root
from calcimetry.phantom.sac import Sac
from calcimetry.phantom.tubes import Tube, spline
from calcimetry.phantom.vessels import vessels

__all__ = ["Organs", "build_organs"]

# The heart of middle size, relative to the middle of the root (left, back, up) [mm].
_LV = ((46.0, 9.0, -34.0), (31.0, 33.0, 48.0), (0.70, -0.50, -0.46))
_RV = ((14.0, -22.0, -36.0), (28.0, 29.0, 45.0), (0.60, -0.22, -0.76))
_RA = ((-28.0, 11.0, -37.0), (22.0, 28.0, 32.0), (0.1, 0.0, 1.0))
_LA = ((7.0, 36.0, -12.0), (19.0, 23.0, 36.0), (1.0, 0.1, 0.0))
# How far it reaches behind and in front of the root there.
_BEHIND_MM, _BEFORE_MM = 57.0, 47.0
_GULLET_MM, _STERNUM_MM = 9.0, 4.0


@dataclass(frozen=True, eq=False)
class Organs:
    """What lies between the lungs of one person.

    ``tubes`` holds every course by name (see :data:`BRANCH_OF` for arteries of the heart; ``ascending``, ``arch``,
    ``descending``, ``abdominal``, great arteries, veins, airways, ``gullet``, ``mitral_ring``); ``pipes`` the same
    ready to paint. Lengths in mm, LPS.
    """

    figure: Figure
    chambers: dict[str, Chamber]
    sac: Sac
    cavity: Chamber
    tubes: dict[str, Tube]
    pipes: dict[str, Pipe]
    points: dict[str, tuple[float, float, float]]
    valve: tuple[Points, Points]
    """Centre and unit normal of the aortic valve."""
    mitral: tuple[Points, Points]
    hernia: Chamber | None = None
    cushions: list[Pipe] = field(default_factory=list)
    """Fat round the first part of the arteries."""

    @cached_property
    def coronary_tree(self) -> tuple[cKDTree, Points]:
        """All centre lines of the arteries of the heart, and their radii."""
        tubes = [self.tubes[name] for name in BRANCH_OF]
        return cKDTree(np.concatenate([t.path_mm for t in tubes])), np.concatenate([t.radius_mm for t in tubes])

    def muscle_distance(self, points: Points) -> Points:
        """Signed distance (n,) of points (n, 3) from the surface of the nearest chamber."""
        return np.min([c.distance(*points.T.astype(np.float32)) for c in self.chambers.values()], axis=0)


def _rotation(turn_deg: tuple[float, float, float]) -> Points:
    a, b, c = np.radians(turn_deg)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    return np.asarray(about_z @ about_y @ about_x)


def _triple(values: Sequence[float] | Points) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def build_organs(figure: Figure, rng: np.random.Generator) -> Organs:
    """Heart and vessels of a person; ``rng`` draws what varies from person to person beyond the figure's numbers."""
    turn, root = _rotation(figure.turn_deg), np.array(figure.root_mm)

    # The heart fills the room between spine and sternum, not more.
    spine_mm = min(figure.spine_y(z) for z in (0.0, -40.0, -80.0)) - figure.vertebra_mm[1]
    behind = float(np.clip((spine_mm - _GULLET_MM - root[1]) / (_BEHIND_MM * figure.heart), 0.7, 1.2))
    before = float(np.clip((root[1] - figure.front_mm - _STERNUM_MM) / (_BEFORE_MM * figure.heart), 0.7, 1.2))

    def world(local: Sequence[float] | Points) -> Points:
        there = turn @ np.asarray(local, dtype=np.float64)
        there[1] *= behind if there[1] > 0 else before
        return np.asarray(root + figure.heart * there)

    room = {"left_ventricle": behind + before, "right_atrium": behind + before, "left_atrium": 2 * behind,
            "right_ventricle": 2 * before}  # fmt: skip

    chambers = {}
    for name, (center, half, way), scale in zip(
        ("left_ventricle", "right_ventricle", "right_atrium", "left_atrium"),
        (_LV, _RV, _RA, _LA),
        figure.chambers,
        strict=True,
    ):
        chambers[name] = Chamber(
            _triple(world(center) + rng.normal(0, 2.0, 3)),
            _triple(np.array(half) * figure.heart * scale * (0.5 + 0.25 * room[name]) * np.exp(rng.normal(0, 0.03, 3))),
            _triple(turn @ (np.array(way) + rng.normal(0, 0.06, 3))),
        )
    pouch = None
    if figure.hernia_mm:
        z = figure.heart_bottom_mm + 14
        wide = figure.hernia_mm
        pouch = Chamber(
            (figure.spine_x(z) + 8, spine_mm - 5 - 0.75 * wide, z), (wide * 1.3, wide * 0.75, wide * 1.3),
            (0.0, 0.0, 1.0),
        )  # fmt: skip
    sac = Sac(
        figure,
        chambers,
        front_mm=figure.front_mm + 1.5 + 0.8 * figure.epicardial_fat_mm,
        back_mm=spine_mm - float(rng.uniform(5.0, 12.0)),
        pouch=pouch,
        floor_mm=float(root[2] - 73.0 * figure.heart + 0.16 * (root[0] + 25)),
    )
    lv = chambers["left_ventricle"]
    long_axis = lv.frame[2]
    wall_mm = float(rng.uniform(8, 13)) * figure.heart
    cavity = Chamber(_triple(np.array(lv.center) - 2.0 * long_axis), _triple(np.array(lv.half) - wall_mm), lv.direction)
    base = aortic_root(figure)
    tubes = vessels(figure, base, chambers, world, rng)
    tubes |= coronaries(sac, base, world, tubes, rng)
    mitral_center = np.array(lv.center) - 0.62 * lv.half[2] * long_axis
    across, over = lv.frame[0], lv.frame[1]
    turnabout = np.linspace(0, 2 * np.pi, 90)
    ring = mitral_center + 16.5 * figure.heart * (
        np.cos(turnabout)[:, None] * across + np.sin(turnabout)[:, None] * over
    )
    tubes["mitral_ring"] = Tube(spline(ring), np.full(len(spline(ring)), 2.0))
    # Each course takes part in the heart's motion as far as it hangs on it.
    moves = {**dict.fromkeys(BRANCH_OF, 1.0), "pulmonary_trunk": 0.6, "ascending": 0.5, "left_ear": 1.0}
    moves |= {"right_ear": 1.0, "great_vein": 1.0, "mitral_ring": 1.0}
    heart_center = np.mean([c.center for c in chambers.values()], axis=0)
    points = {
        "root": _triple(root),
        "carina": (figure.carina_mm[0], figure.carina_mm[1], 0.0),
        "heart": _triple(heart_center),
        "apex": _triple(np.array(lv.center) + lv.half[2] * long_axis),
        "left_ostium": _triple(tubes["left_main"].path_mm[0]),
        "right_ostium": _triple(tubes["right_coronary"].path_mm[0]),
    }
    return Organs(
        figure=figure,
        chambers=chambers,
        sac=sac,
        cavity=cavity,
        tubes=tubes,
        pipes={name: Pipe(tube, moves.get(name, 0.0)) for name, tube in tubes.items()},
        points=points,
        valve=(base.valve, base.axis),
        mitral=(mitral_center, long_axis),
        hernia=pouch,
        cushions=[Pipe(tube, 1.0) for tube in cushions(sac, tubes)],
    )
