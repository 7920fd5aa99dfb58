"""Courses of the arteries of the heart, drawn into the grooves between its chambers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.phantom.heart import Chamber
from calcimetry.phantom.root import AorticRoot
from calcimetry.phantom.sac import Sac
from calcimetry.phantom.tubes import Tube, spline

__all__ = ["BRANCH_OF", "CORONARY", "coronaries", "cushions"]

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

_APART_MM = 0.8  # fat between an artery and a vessel it passes
_CUSHIONED = {"left_main": 60.0, "left_anterior_descending": 32.0, "left_circumflex": 26.0, "right_coronary": 26.0}
# Way marks of the arteries; most are then moved into the groove between two chambers.
_LEFT_MAIN = ((0.0, 0.0, 0.0), (10.0, 0.0, 0.5), (19.0, 1.0, 0.5), (27.0, 0.0, -0.5))  # from the ostium
_LAD = ((44, -2, 7), (52, -16, 2), (60, -26, -12), (70, -30, -32), (82, -28, -54))
_CIRCUMFLEX = ((46, 20, -4), (58, 34, -18), (62, 46, -33), (55, 55, -46), (42, 56, -56))
_RIGHT = ((-9, -26, -10), (-17, -28, -25), (-18, -22, -44), (-12, -8, -62), (4, 6, -72), (18, 22, -68), (27, 33, -61))
_POSTERIOR = ((38, 22, -71), (52, 8, -80), (66, -6, -81))


def _settled(points: Points, aims: Sequence[tuple[Callable[[Points], Points], float]], still_mm: float) -> Points:
    """A line moved to where functions of place have these values, ``still_mm`` of its beginning left where it is."""
    line = spline(points, 1.0)
    weight = np.clip((np.arange(len(line)) - still_mm) / 12.0, 0, 1)[:, None]
    for _ in range(30):
        spread = np.concatenate([line, *(line + s * e for e in 0.5 * np.eye(3) for s in (1.0, -1.0))])
        values = np.stack([function(spread) for function, _ in aims]).reshape(len(aims), 7, len(line))
        gap = np.stack([v[0] - aim for v, (_, aim) in zip(values, aims, strict=True)], axis=1)
        rows = np.stack([values[:, 1 + 2 * a] - values[:, 2 + 2 * a] for a in range(3)], axis=2).transpose(1, 0, 2)
        square = rows @ rows.transpose(0, 2, 1) + 0.08 * np.eye(len(aims))
        step = -(rows.transpose(0, 2, 1) @ np.linalg.solve(square, gap[:, :, None]))[:, :, 0]
        size = np.linalg.norm(step, axis=1, keepdims=True)
        line = line + 0.5 * weight * step * np.minimum(1.0, 4.0 / (size + 1e-6))
        # Smooth what the crease kinks.
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    return spline(line[:: max(1, len(line) // 14)])


def _beside(line: Points, radius: float, vessels: Sequence[Tube], still_mm: float, side: Points) -> Points:
    """A line moved out of vessels that it runs through, ``still_mm`` of its beginning left where it is."""
    weight = np.clip((np.arange(len(line)) * 0.5 - still_mm) / 4.0, 0, 1)[:, None]
    for _ in range(12):
        for vessel in vessels:
            away, at = cKDTree(vessel.path_mm).query(line)
            lack = vessel.radius_mm[at] + radius + _APART_MM - away
            # To the side on which the artery passes, where the line runs through the middle of the vessel.
            out = (line - vessel.path_mm[at]) / (away[:, None] + 1e-6) + 1.2 * side
            out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-6
            line = line + 0.7 * weight * np.maximum(lack, 0)[:, None] * out
        line[1:-1] = 0.5 * line[1:-1] + 0.25 * (line[:-2] + line[2:])
    return spline(line[:: max(1, len(line) // 18)])


def _on(chamber: Chamber, point: Points) -> Points:
    """The place on a chamber's surface in the direction of a point."""
    away = point - np.array(chamber.center)
    level = np.linalg.norm(chamber.frame @ away / np.array(chamber.half))
    return np.asarray(np.array(chamber.center) + away / max(float(level), 0.2))


def _tapered(path: Points, start_mm: float, end_mm: float) -> Tube:
    return Tube(path, np.linspace(start_mm, end_mm, len(path)))


def coronaries(
    sac: Sac, base: AorticRoot, world: World, great: Mapping[str, Tube], rng: np.random.Generator
) -> dict[str, Tube]:
    """Every course of the arteries of the heart by name, and ``great_vein``, which runs beside the circumflex.

    ``great``: the vessels that they run past.
    """
    trunk, ears = [great["pulmonary_trunk"]], [great["left_ear"], great["pulmonary_trunk"]]
    figure = sac.figure
    lv, rv = sac.chambers["left_ventricle"], sac.chambers["right_ventricle"]
    fat = 0.85 * figure.epicardial_fat_mm

    def along(marks: Sequence[Sequence[float]], jitter: float = 1.5) -> Points:
        return np.stack([world(m) + rng.normal(0, jitter, 3) for m in marks])

    def groove(points: Points, name: str, radius: float, still_mm: float, most: float = 0.5) -> Points:
        # Half way down the groove's fat, and never out of the pericardium.
        depth = max(float(rng.uniform(0.1, most)) * sac.depth_of(name), radius + 0.5 - fat)
        return _settled(points, [(partial(sac.between_at, name), 0.0), (sac.hull_at, -depth)], still_mm)

    size = figure.heart**0.5 * float(np.exp(rng.normal(0, 0.12)))
    left, right = figure.dominance == "left", figure.dominance == "right"
    main = along(_LEFT_MAIN, 0.8) + base.left - base.center
    main[0] = base.left
    main[1:] = main[0] + float(rng.uniform(0.2, 0.9)) * (main[1:] - main[0])
    fork = main[-1]
    outward = np.array([1.0, 0.4, 0.0])
    left_main = _beside(spline(main), 2.3 * size, trunk, 2.0, np.array([0.0, 1.0, 0.0]))
    fork = left_main[-1]
    tubes = {"left_main": _tapered(left_main, 2.4 * size, 2.2 * size)}
    lad = groove(np.vstack([fork, along(_LAD, 2.0)]), "between", 1.6 * size, 18, 0.3)
    lad = _beside(lad, 2.0 * size, ears, 0.5, outward)
    tubes["left_anterior_descending"] = _tapered(lad, 2.0 * size, 1.2 * size)
    around = along(_CIRCUMFLEX, 2.0)
    around = around if left else around[: int(rng.integers(3, 6))]
    cx = _beside(groove(np.vstack([fork, around]), "left", 1.6 * size, 8), 1.9 * size, trunk, 0.5, outward)
    cx = _beside(cx, 1.9 * size, [great["left_ear"]], 0.5, np.array([0.3, 0.1, -0.35]))
    tubes["left_circumflex"] = _tapered(cx, 1.9 * size, 1.3 * size)
    marks = along(_RIGHT, 2.0)
    marks = marks if right else marks[:5]
    rca = groove(np.vstack([base.right, marks]), "right", 1.8 * size, 12)
    rca = _beside(rca, 2.1 * size, [great["right_ear"], *trunk], 2.0, np.array([-0.6, -0.3, -0.5]))
    tubes["right_coronary"] = _tapered(rca, 2.1 * size, 1.5 * size)

    def branch(start: Points, way: Sequence[Points], name: str = "", over: Chamber = lv) -> Tube:
        if not name:
            way = [_on(over, point) for point in way]
        line = np.vstack([start, *way])
        if name:
            line = groove(line, name, 1.1 * size, 2)
        else:
            # On the free wall: in the fat where there is some, half sunk into the muscle where there is none.
            high = float(np.clip(0.6 * fat - 1.1 * size, -1.1 * size, 1.1 * size + 1.5))
            line = _settled(line, [(sac.hull_at, high)], 2)
        return _tapered(line, 1.35 * size, 0.9 * size)

    apex = np.array(lv.center) + lv.half[2] * lv.frame[2]
    side = np.array(lv.center) + (np.array(lv.center) - np.array(rv.center)) * 0.9  # over the free wall
    for name, at in (("diagonal_1", rng.uniform(0.2, 0.38)), ("diagonal_2", rng.uniform(0.42, 0.6))):
        start = lad[int(at * (len(lad) - 1))]
        toward = 0.5 * (side - start) + 0.35 * (apex - start)
        tubes[name] = branch(start, [start + f * toward for f in (0.3, 0.65, 1.0)])
    for name, at in (("marginal_1", rng.uniform(0.35, 0.55)), ("marginal_2", rng.uniform(0.65, 0.9))):
        start = cx[int(at * (len(cx) - 1))]
        toward = 0.65 * (apex - start)
        tubes[name] = branch(start, [start + f * toward for f in (0.3, 0.65, 1.0)])
    toward = 0.35 * (side - fork) + 0.4 * (apex - fork)
    tubes["ramus"] = branch(fork, [fork + f * toward for f in (0.3, 0.65, 1.0)])
    crux = rca[-1] if right else cx[-1]
    tubes["posterior_descending"] = branch(crux, [*along(_POSTERIOR, 2.0)], "between")
    start = rca[int(0.55 * (len(rca) - 1))]
    low = np.array(rv.center) + rv.half[2] * rv.frame[2]
    tubes["acute_marginal"] = branch(start, [start + f * (low - start) for f in (0.4, 0.8)], over=rv)
    # The great cardiac vein runs beside the circumflex and looks like it.
    vein = cx[:: max(1, len(cx) // 10)] + np.array([1.5, 3.5, -3.5])
    tubes["great_vein"] = _tapered(spline(vein), 2.0, 3.6)
    return tubes


def cushions(sac: Sac, tubes: Mapping[str, Tube]) -> list[Tube]:
    """Fat that the first part of each artery lies in, before it reaches its groove: thick in large people."""
    figure = sac.figure
    thick = float(np.clip(0.6 + 0.65 * figure.epicardial_fat_mm, 0.8, 6.0)) * figure.groove**0.5
    out = []
    for name, length in _CUSHIONED.items():
        tube = tubes[name]
        along = np.linspace(0.0, tube.length_mm, len(tube.path_mm))
        near = along <= length
        # Thin at the mouth, thickest some way on, gone at the end.
        swell = np.clip(along[near] / 5.0 + (0.3 if name in ("left_main", "right_coronary") else 1.0), 0, 1)
        swell *= np.clip((length - along[near]) / 12.0, 0, 1)
        if near.sum() > 3:
            out.append(Tube(tube.path_mm[near], tube.radius_mm[near] + thick * swell))
    return out
