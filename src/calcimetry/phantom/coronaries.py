"""Courses of the arteries of the heart, drawn into the grooves between its chambers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.figure import Figure
from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["BRANCH_OF", "CORONARY", "away", "coronaries"]

CORONARY = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")
BRANCH_OF = {
    **{name: name for name in CORONARY},
    "diagonal_1": "left_anterior_descending",
    "diagonal_2": "left_anterior_descending",
    "ramus": "left_circumflex",
    "marginal_1": "left_circumflex",
    "marginal_2": "left_circumflex",
    "posterior_descending": "right_coronary",
    "acute_marginal": "right_coronary",
}
"""Course -> the artery that its calcium is counted with."""

Points = NDArray[np.float64]
World = Callable[[Sequence[float] | Points], Points]
"""From the frame of the heart of middle size to this person's place [mm]."""

# Way marks of the arteries; most are then moved into the groove between two chambers.
_LEFT_MAIN = ((12.0, 6.0, 0.0), (22.0, 9.0, 1.0), (31.0, 11.0, 1.0), (38.0, 11.0, -1.0))
_LAD = ((50, 4, -7), (58, -10, -18), (66, -20, -32), (76, -26, -48), (86, -25, -62))
_CIRCUMFLEX = ((48, 22, -8), (60, 36, -20), (63, 47, -33), (56, 55, -45), (42, 56, -54))
_RIGHT = ((-9, -25, -10), (-15, -24, -25), (-15, -18, -42), (-9, -8, -60), (4, 6, -69), (18, 22, -65), (27, 33, -58))
_POSTERIOR = ((38, 22, -68), (52, 8, -77), (66, -6, -78))


def away(chamber: Chamber, points: Points) -> Points:
    """Signed distance (n,) of points (n, 3) from the chamber."""
    x, y, z = (points[:, a].astype(np.float32) for a in range(3))
    return chamber.distance(x, y, z).astype(np.float64)


def _slope(chamber: Chamber, points: Points) -> Points:
    return np.stack([away(chamber, points + e) - away(chamber, points - e) for e in 0.5 * np.eye(3)], axis=1)


def _grooved(points: Points, walls: Sequence[tuple[Chamber, float]], still_mm: float) -> Points:
    """A line drawn into the groove of two chambers (or onto one), ``still_mm`` of its beginning left where it is.

    Each wall is a chamber and how far outside of it the line shall run.
    """
    line = spline(points, 1.0)
    weight = np.clip((np.arange(len(line)) - still_mm) / 12.0, 0, 1)[:, None]
    for _ in range(30):
        gap = np.stack([away(c, line) - above for c, above in walls], axis=1)
        rows = np.stack([_slope(c, line) for c, _ in walls], axis=1)  # (n, walls, 3)
        square = rows @ rows.transpose(0, 2, 1) + 0.08 * np.eye(len(walls))
        step = -(rows.transpose(0, 2, 1) @ np.linalg.solve(square, gap[:, :, None]))[:, :, 0]
        size = np.linalg.norm(step, axis=1, keepdims=True)
        line = line + 0.5 * weight * step * np.minimum(1.0, 4.0 / (size + 1e-6))
        # Smooth what the crease kinks.
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    return spline(line[:: max(1, len(line) // 14)])


def _tapered(path: Points, start_mm: float, end_mm: float) -> Tube:
    return Tube(path, np.linspace(start_mm, end_mm, len(path)))


def coronaries(
    figure: Figure, chambers: Mapping[str, Chamber], world: World, rng: np.random.Generator
) -> dict[str, Tube]:
    """Every course of the arteries of the heart by name, and ``great_vein``, which runs beside the circumflex."""

    def along(marks: Sequence[Sequence[float]], jitter: float = 1.5) -> Points:
        return np.stack([world(m) + rng.normal(0, jitter, 3) for m in marks])

    lv, rv, ra, la = (chambers[n] for n in ("left_ventricle", "right_ventricle", "right_atrium", "left_atrium"))
    size = figure.heart**0.5 * float(np.exp(rng.normal(0, 0.12)))
    rise = 2.6 + 0.12 * figure.epicardial_fat_mm  # above the muscle: deeper fat, higher course
    main = along(_LEFT_MAIN, 0.8)
    main[0] = world(np.array((0.55, 0.4, 0.0)) / np.hypot(0.55, 0.4) * figure.root_radius_mm / figure.heart)
    main[1:] += rng.uniform(-3, 5) * np.array([1.0, 0, 0]) * np.linspace(0.3, 1, 3)[:, None]
    fork = main[-1]
    tubes = {"left_main": _tapered(spline(main), 2.4 * size, 2.2 * size)}
    lad = _grooved(np.vstack([fork, along(_LAD, 2.0)]), [(lv, rise), (rv, rise)], 12)
    tubes["left_anterior_descending"] = _tapered(lad, 2.0 * size, 1.2 * size)
    around = along(_CIRCUMFLEX, 2.0)
    around = around if figure.dominance == "left" else around[: int(rng.integers(3, 6))]
    cx = _grooved(np.vstack([fork, around]), [(lv, rise), (la, rise)], 8)
    tubes["left_circumflex"] = _tapered(cx, 1.9 * size, 1.3 * size)
    marks = along(_RIGHT, 2.0)
    ostium = world(np.array((-0.25, -1.0, 0.0)) / np.hypot(0.25, 1.0) * figure.root_radius_mm / figure.heart)
    marks = marks if figure.dominance == "right" else marks[:5]
    rca = _grooved(np.vstack([ostium, marks]), [(ra, rise), (rv, rise)], 14)
    tubes["right_coronary"] = _tapered(rca, 2.1 * size, 1.5 * size)

    def branch(start: Points, way: Sequence[Points], walls: Sequence[tuple[Chamber, float]]) -> Tube:
        return _tapered(_grooved(np.vstack([start, *way]), walls, 2), 1.35 * size, 0.9 * size)

    apex = np.array(lv.center) + lv.half[2] * lv.frame[2]
    side = np.array(lv.center) + (np.array(lv.center) - np.array(rv.center)) * 0.9  # over the free wall
    for name, at in (("diagonal_1", rng.uniform(0.2, 0.38)), ("diagonal_2", rng.uniform(0.42, 0.6))):
        start = lad[int(at * (len(lad) - 1))]
        toward = 0.5 * (side - start) + 0.35 * (apex - start)
        tubes[name] = branch(start, [start + f * toward for f in (0.3, 0.65, 1.0)], [(lv, rise)])
    for name, at in (("marginal_1", rng.uniform(0.35, 0.55)), ("marginal_2", rng.uniform(0.65, 0.9))):
        start = cx[int(at * (len(cx) - 1))]
        toward = 0.65 * (apex - start)
        tubes[name] = branch(start, [start + f * toward for f in (0.3, 0.65, 1.0)], [(lv, rise)])
    toward = 0.35 * (side - fork) + 0.4 * (apex - fork)
    tubes["ramus"] = branch(fork, [fork + f * toward for f in (0.3, 0.65, 1.0)], [(lv, rise)])
    crux = rca[-1] if figure.dominance == "right" else cx[-1]
    tubes["posterior_descending"] = branch(crux, [*along(_POSTERIOR, 2.0)], [(lv, rise), (rv, rise)])
    start = rca[int(0.55 * (len(rca) - 1))]
    low = np.array(rv.center) + rv.half[2] * rv.frame[2]
    tubes["acute_marginal"] = branch(start, [start + f * (low - start) for f in (0.4, 0.8)], [(rv, rise)])
    # The great cardiac vein runs beside the circumflex and looks like it.
    vein = cx[:: max(1, len(cx) // 10)] + np.array([1.5, 3.5, -3.5])
    tubes["great_vein"] = _tapered(_grooved(vein, [(lv, rise + 1), (la, rise + 1)], 0), 2.0, 3.6)
    return tubes
