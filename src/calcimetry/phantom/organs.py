"""Heart, vessels and airways of a drawn person: chambers, tubes, and the truth about where each of them lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from calcimetry.phantom.coronaries import BRANCH_OF, Points, away, coronaries
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.pipes import Pipe
from calcimetry.phantom.tubes import Tube, spline
from calcimetry.phantom.vessels import VALVE, vessels

__all__ = ["Organs", "build_organs"]

# The heart of middle size, relative to the centre of the root at the ostia (left, back, up) [mm].
_LV = ((50.0, 14.0, -36.0), (30.0, 32.0, 50.0), (0.66, -0.55, -0.50))
_RV = ((18.0, -15.0, -42.0), (26.0, 31.0, 40.0), (0.35, -0.1, -0.8))
_RA = ((-14.0, 14.0, -36.0), (21.0, 27.0, 31.0), (0.1, 0.0, 1.0))
_LA = ((12.0, 48.0, -12.0), (21.0, 25.0, 35.0), (1.0, 0.1, 0.0))
_AXIS = (-0.25, -0.18, 0.95)


@dataclass(frozen=True, eq=False)
class Organs:
    """What lies between the lungs of one person.

    ``tubes`` holds every course by name (see :data:`BRANCH_OF` for arteries of the heart; ``ascending``, ``arch``,
    ``descending``, ``abdominal``, great arteries, veins, airways, ``gullet``, ``mitral_ring``); ``pipes`` the same
    ready to paint. Lengths in mm, LPS.
    """

    figure: Figure
    chambers: dict[str, Chamber]
    cavity: Chamber
    tubes: dict[str, Tube]
    pipes: dict[str, Pipe]
    points: dict[str, tuple[float, float, float]]
    valve: tuple[Points, Points]
    """Centre and unit normal of the aortic valve."""
    mitral: tuple[Points, Points]
    hernia: Chamber | None = field(default=None)

    @cached_property
    def coronary_tree(self) -> tuple[cKDTree, Points]:
        """All centre lines of the arteries of the heart, and their radii."""
        tubes = [self.tubes[name] for name in BRANCH_OF]
        return cKDTree(np.concatenate([t.path_mm for t in tubes])), np.concatenate([t.radius_mm for t in tubes])

    def muscle_distance(self, points: Points) -> Points:
        """Signed distance (n,) of points (n, 3) from the surface of the nearest chamber."""
        return np.min([away(c, points) for c in self.chambers.values()], axis=0)


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

    def world(local: Sequence[float] | Points) -> Points:
        return np.asarray(root + figure.heart * (turn @ np.asarray(local, dtype=np.float64)))

    chambers = {}
    for name, (center, half, way), scale in zip(
        ("left_ventricle", "right_ventricle", "right_atrium", "left_atrium"),
        (_LV, _RV, _RA, _LA),
        figure.chambers,
        strict=True,
    ):
        chambers[name] = Chamber(
            _triple(world(center) + rng.normal(0, 2.0, 3)),
            _triple(np.array(half) * figure.heart * scale * np.exp(rng.normal(0, 0.03, 3))),
            _triple(turn @ (np.array(way) + rng.normal(0, 0.06, 3))),
        )
    lv = chambers["left_ventricle"]
    long_axis = lv.frame[2]
    wall_mm = float(rng.uniform(8, 13)) * figure.heart
    cavity = Chamber(_triple(np.array(lv.center) - 2.0 * long_axis), _triple(np.array(lv.half) - wall_mm), lv.direction)
    tubes = coronaries(figure, chambers, world, rng)
    tubes |= vessels(figure, chambers, world, rng)
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
    hernia = None
    if figure.hernia_mm:
        z = figure.heart_bottom_mm + 14
        hernia = Chamber(
            (figure.spine_x(z) + 8, figure.spine_y(z) - 28 - figure.hernia_mm, z),
            (figure.hernia_mm * 1.3, figure.hernia_mm, figure.hernia_mm * 1.4), (0.0, 0.0, 1.0),
        )  # fmt: skip
    heart_center = np.mean([c.center for c in chambers.values()], axis=0)
    points = {
        "root": _triple(root),
        "carina": (figure.carina_mm[0], figure.carina_mm[1], 0.0),
        "heart": _triple(heart_center),
        "apex": _triple(np.array(lv.center) + lv.half[2] * long_axis),
        "left_ostium": _triple(tubes["left_main"].path_mm[0]),
        "right_ostium": _triple(tubes["right_coronary"].path_mm[0]),
    }
    axis = turn @ np.array(_AXIS)
    return Organs(
        figure=figure,
        chambers=chambers,
        cavity=cavity,
        tubes=tubes,
        pipes={name: Pipe(tube, moves.get(name, 0.0)) for name, tube in tubes.items()},
        points=points,
        valve=(world(VALVE), axis / np.linalg.norm(axis)),
        mitral=(mitral_center, long_axis),
        hernia=hernia,
    )
