"""Where a piece lies: its place relative to the landmarks of the heart and great vessels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.core.anatomy import Anatomy, Landmark, Plane, Tube

__all__ = ["ARTERIES", "TUBES", "place"]

F64 = NDArray[np.float64]
Whole = NDArray[np.int64]

TUBES = ("ascending", "arch", "descending", "abdominal", "pulmonary_trunk", "vena_cava_superior", "airway")
GREAT = ("brachiocephalic", "left_carotid", "left_subclavian")
ARTERIES = {
    "left_main": ("left_main",),
    "left_anterior_descending": ("left_anterior_descending", "diagonal_1", "diagonal_2"),
    "left_circumflex": ("left_circumflex", "marginal_1", "marginal_2", "ramus"),
    "right_coronary": ("right_coronary", "posterior_descending", "acute_marginal"),
}
"""Artery -> the courses that are counted with it."""

_FAR_MM = 60.0
_ROOT_MM, _SWELL = 30.0, 1.2
"""The root is as wide as the lowest part [mm] of the ascending aorta, and no more than so many times as wide as most of
it: amid the heart the circle of a chamber is easily taken for that of the root."""
_BESIDE_MM = 12.0
"""Farther from every course a piece keeps no artery company: three times the spread of a course where it is seen."""


def place(points_mm: F64, anatomy: Anatomy, lesion: Whole, sizes: F64) -> dict[str, F64]:
    """Features of place.

    Parameters
    ----------
    points_mm : (pieces, 3) float64
        Middles of the pieces (LPS) [mm].
    anatomy : Anatomy
    lesion : (pieces,) int64
        Which body each piece belongs to.
    sizes : (pieces,) float64
        Their volumes, in any unit: what a body's other pieces lie at counts by volume.

    Returns
    -------
    dict of str to (pieces,) float64
        NaN where the landmark was not found. Lengths in mm.
    """
    out: dict[str, F64] = {}
    nothing = np.full(len(points_mm), np.nan)
    root = anatomy.points.get("root")
    out |= _from_point("root", points_mm, root)
    out |= _from_point("heart", points_mm, anatomy.points.get("heart"))
    out |= _from_point("apex", points_mm, anatomy.points.get("apex"))
    carina = anatomy.points.get("carina")
    out["above_carina"] = nothing if carina is None else points_mm[:, 2] - carina.mm[2]
    out |= _turned(points_mm, root, anatomy.points.get("heart"))
    bottom = anatomy.planes.get("heart_bottom")
    out["above_bottom"] = nothing if bottom is None else points_mm[:, 2] - bottom.mm[2]
    share = nothing
    if bottom is not None and root is not None and root.mm[2] - bottom.mm[2] > 20.0:
        share = (points_mm[:, 2] - bottom.mm[2]) / (root.mm[2] - bottom.mm[2])
    out["height_share"] = share
    for name in ("aortic_valve", "mitral"):
        out |= _from_plane(name, points_mm, anatomy.planes.get(name))
    out["root_wall_mm"] = _from_root(points_mm, anatomy.planes.get("aortic_valve"), anatomy.tubes.get("ascending"))
    for name in TUBES:
        out |= _from_tube(name, points_mm, anatomy.tubes.get(name))
    great = [_from_tube("great", points_mm, anatomy.tubes[name])["great_mm"] for name in GREAT if name in anatomy.tubes]
    out["great_mm"] = np.min(great, axis=0) if great else nothing
    out |= _from_spine(points_mm, anatomy.tubes.get("spine"))
    near: list[F64] = []
    for artery, courses in ARTERIES.items():
        found = [_course(points_mm, anatomy.tubes[name]) for name in courses if name in anatomy.tubes]
        mm = np.min([one[0] for one in found], axis=0) if found else nothing
        out[f"{artery}_mm"] = mm
        out[f"{artery}_sd"] = np.min([one[1] for one in found], axis=0) if found else nothing
        near.append(np.nan_to_num(mm, nan=_FAR_MM))
    out["any_artery_mm"] = np.min(near, axis=0)
    out |= _from_point("fork", points_mm, anatomy.points.get("fork"))
    main, descending, circumflex = near[0], near[1], near[2]
    out["descending_or_circumflex"] = np.clip(descending - circumflex, -20.0, 20.0)
    out["main_or_branch"] = np.clip(main - np.minimum(descending, circumflex), -20.0, 20.0)
    out |= _company(np.array(near), lesion, sizes)
    out["landmarks"] = np.full(len(points_mm), anatomy.confidence)
    return out


def _company(near: F64, lesion: Whole, sizes: F64) -> dict[str, F64]:
    """Share of the whole body that lies nearest to each artery: a piece at the fork is told by where its body goes."""
    mine = np.where(near.min(axis=0) < _BESIDE_MM, near.argmin(axis=0), -1)
    count = int(lesion.max()) + 1 if len(lesion) else 0
    whole = np.bincount(lesion, sizes, count)
    return {
        f"{artery}_company": np.bincount(lesion, sizes * (mine == number), count)[lesion] / whole[lesion]
        for number, artery in enumerate(ARTERIES)
    }


def _from_point(name: str, points_mm: F64, point: Landmark | None) -> dict[str, F64]:
    if point is None:
        away = np.full((len(points_mm), 3), np.nan)
    else:
        away = points_mm - np.array(point.mm)
    return {
        f"{name}_left": away[:, 0],
        f"{name}_back": away[:, 1],
        f"{name}_up": away[:, 2],
        f"{name}_across": np.hypot(away[:, 0], away[:, 1]),
    }


def _turned(points_mm: F64, root: Landmark | None, heart: Landmark | None) -> dict[str, F64]:
    """Angle round the root, counted from the direction of the heart's middle: what a turned heart does not change."""
    if root is None or heart is None:
        nothing = np.full(len(points_mm), np.nan)
        return {"turn_cos": nothing, "turn_sin": nothing, "along_heart": nothing, "beside_heart": nothing}
    way = np.array(heart.mm[:2]) - np.array(root.mm[:2])
    way /= max(float(np.linalg.norm(way)), 1e-6)
    away = points_mm[:, :2] - np.array(root.mm[:2])
    along, beside = away @ way, away @ np.array([-way[1], way[0]])
    reach = np.maximum(np.hypot(along, beside), 10.0)
    return {"turn_cos": along / reach, "turn_sin": beside / reach, "along_heart": along, "beside_heart": beside}


def _from_plane(name: str, points_mm: F64, plane: Plane | None) -> dict[str, F64]:
    if plane is None:
        nothing = np.full(len(points_mm), np.nan)
        return {f"{name}_above": nothing, f"{name}_aside": nothing}
    away = points_mm - np.array(plane.mm)
    above = away @ np.array(plane.normal)
    aside = np.sqrt(np.maximum((away**2).sum(axis=1) - above**2, 0.0))
    return {f"{name}_above": above, f"{name}_aside": aside}


def _from_root(points_mm: F64, valve: Plane | None, rising: Tube | None) -> F64:
    """Distance from the wall of the sinuses (negative inside), taken as a cylinder round the axis of the valve.

    The root leans, so its wall is told from what lies beside it along this axis, not across the body.
    """
    if valve is None or rising is None or len(rising.points_mm) < 2:
        return np.full(len(points_mm), np.nan)
    above = (rising.points_mm - np.array(valve.mm)) @ np.array(valve.normal)
    low = above <= above.min() + _ROOT_MM
    radius = min(float(np.median(rising.radius_mm[low])), _SWELL * float(np.median(rising.radius_mm)))
    aside = _from_plane("valve", points_mm, valve)["valve_aside"]
    return np.asarray(np.clip(aside - radius, -25.0, _FAR_MM))


def _from_tube(name: str, points_mm: F64, tube: Tube | None) -> dict[str, F64]:
    """Distance from the wall (negative inside), and which share of the tube's length lies nearest."""
    if tube is None or len(tube.points_mm) == 0:
        nothing = np.full(len(points_mm), np.nan)
        return {f"{name}_mm": nothing, f"{name}_share": nothing}
    k = min(4, len(tube.points_mm))
    away, number = cKDTree(tube.points_mm).query(points_mm, k=k)
    away, number = away.reshape(len(points_mm), k), number.reshape(len(points_mm), k)
    wall = (away - tube.radius_mm[number]).min(axis=1)
    share = number[:, 0] / max(len(tube.points_mm) - 1, 1)
    return {f"{name}_mm": np.clip(wall, -25.0, _FAR_MM), f"{name}_share": share}


def _from_spine(points_mm: F64, spine: Tube | None) -> dict[str, F64]:
    if spine is None or len(spine.points_mm) < 2:
        nothing = np.full(len(points_mm), np.nan)
        return {"spine_left": nothing, "spine_front": nothing}
    order = np.argsort(spine.points_mm[:, 2])
    z = spine.points_mm[order, 2]
    x, y = (np.interp(points_mm[:, 2], z, spine.points_mm[order, axis]) for axis in (0, 1))
    return {"spine_left": points_mm[:, 0] - x, "spine_front": y - points_mm[:, 1]}


def _course(points_mm: F64, tube: Tube) -> tuple[F64, F64]:
    """Distance from the line of an artery, and the same in standard deviations of the line."""
    away, number = cKDTree(tube.points_mm).query(points_mm)
    beyond = np.maximum(away - tube.radius_mm[number], 0.0)
    sd = np.hypot(tube.sd_mm[number], 2.0)
    return np.minimum(beyond, _FAR_MM), np.minimum(beyond / sd, 12.0)
