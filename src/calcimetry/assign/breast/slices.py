"""Slices of tomosynthesis: what neighboring ones show of the same calcium is one finding, where it is sharpest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.settings import SliceSettings
from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.core.views import single_slice

__all__ = ["OTHER_SLICE", "over_slices", "stack_of"]

OTHER_SLICE = "seen sharper in a neighboring slice, and counted there"
"""Reason of a calcification that another slice shows better."""
_OVER = "over {n} slices ({mm:.1f} mm)"


@dataclass(frozen=True, eq=False)
class _Stack:
    """Slices of one breast in one view, from one end to the other, with their heights [mm]."""

    views: tuple[SeenBreast, ...]
    heights: tuple[float, ...]
    mm: tuple[float, float]


def over_slices(
    views: Sequence[SeenBreast], settings: SliceSettings = SliceSettings()
) -> tuple[dict[str, Lesion], dict[str, Group]]:
    """Findings of slices that belong together, linked.

    A calcification blurs into the slices above and below its own. Those of neighboring slices at one place are one:
    of those that are counted the one that stands out most stays so. Groups within a slab at one place are
    one: the surest stays reported, with the number and the extent of the calcifications of all slices of the slab.

    Parameters
    ----------
    views : sequence of SeenBreast
        All views of a case; those that are no slices, or whose pixel or height is not known, are left as they are.
    settings : SliceSettings

    Returns
    -------
    lesions : dict
        Id -> lesion, of those that are no longer counted.
    groups : dict
        Id -> group, of those that changed: the one that stays names the others in ``seen_in`` and has its ``count``,
        ``extent`` [mm] and ``depth`` [mm] over the slab; the others are no longer reported and name the one.
    """
    lesions: dict[str, Lesion] = {}
    groups: dict[str, Group] = {}
    for stack in _stacks(views):
        best = _sharpest(stack, settings)
        every = {one.id: one for view in stack.views for one in view.lesions}
        lesions |= {
            name: replace(every[name], counted=False, reason=OTHER_SLICE)
            for name, kept in best.items()
            if kept != name and every[name].counted
        }
        groups |= _slabs(stack, best, every, settings)
    return lesions, groups


def stack_of(one: Projection) -> tuple[object, ...] | None:
    """What all slices of one stack have in common; ``None`` for what is no slice, or of unknown pixel or height."""
    if not single_slice(one) or one.height_mm is None or one.pixel_mm is None:
        return None
    return one.acquisition.series_uid, one.laterality, one.view, one.pixels.shape, one.pixel_mm


def _stacks(views: Iterable[SeenBreast]) -> list[_Stack]:
    held: dict[tuple[object, ...], list[tuple[float, int, SeenBreast]]] = {}
    for n, view in enumerate(views):
        one = view.projection
        key = stack_of(one)
        if key is not None and one.height_mm is not None:
            held.setdefault(key, []).append((one.height_mm, n, view))
    found = []
    for rows in held.values():
        rows.sort(key=lambda row: row[:2])
        mm = rows[0][2].projection.pixel_mm
        if len(rows) > 1 and mm is not None:
            found.append(_Stack(tuple(row[2] for row in rows), tuple(row[0] for row in rows), mm))
    return found


def _sharpest(stack: _Stack, settings: SliceSettings) -> dict[str, str]:
    """Id of each calcification -> id of the one that stands for all at its place."""
    mine = [[one for one in view.lesions if one.kind == "calcification"] for view in stack.views]
    above: dict[str, str] = {}

    def first(name: str) -> str:
        while name in above:
            name = above[name]
        return name

    for k, (here, height) in enumerate(zip(mine, stack.heights, strict=True)):
        for there, other in zip(mine[k + 1 :], stack.heights[k + 1 :], strict=True):
            if other - height > settings.link_mm or not here or not there:
                break
            for a, b in _near(here, there, stack.mm, settings):
                low, high = sorted((first(a.id), first(b.id)))
                if low != high:
                    above[high] = low
    sets: dict[str, list[Lesion]] = {}
    for one in (one for held in mine for one in held):
        sets.setdefault(first(one.id), []).append(one)
    best = {name: max(held, key=_focus).id for name, held in sets.items()}
    return {one.id: best[name] for name, held in sets.items() for one in held}


def _focus(one: Lesion) -> tuple[bool, float, float, str]:
    """In focus it stands out most; how sure it is of its kind is decided by each slice alone."""
    return one.counted, one.evidence.get("height", 0.0), one.confidence, one.id


def _near(
    here: Sequence[Lesion], there: Sequence[Lesion], mm: tuple[float, float], settings: SliceSettings
) -> Iterable[tuple[Lesion, Lesion]]:
    """Pairs at one place: each of the one slice with the nearest of the other."""
    tree = cKDTree(np.array([one.center_index[1:] for one in there]) * mm)
    for one in here:
        reach = settings.near_mm + 0.5 * _width_mm(one, mm)
        away, index = tree.query(np.array(one.center_index[1:]) * mm)
        if away <= reach:
            yield one, there[int(index)]


def _width_mm(one: Lesion, mm: tuple[float, float]) -> float:
    """Shorter side of its box [mm]."""
    return float(_sides_mm(one, mm).min())


def _sides_mm(one: Lesion, mm: tuple[float, float]) -> NDArray[np.float64]:
    """Sides of its box (row, column) [mm]."""
    return np.asarray(np.subtract(one.bounds_index[1][1:], one.bounds_index[0][1:]) * mm, np.float64)


def _slabs(stack: _Stack, best: dict[str, str], every: dict[str, Lesion], settings: SliceSettings) -> dict[str, Group]:
    """Groups of a slab, the surest first, each with those that it stands for; no slab is deeper than it may be."""
    rows = [
        (group, height)
        for view, height in zip(stack.views, stack.heights, strict=True)
        for group in view.groups
        if group.reported
    ]
    rows.sort(key=lambda row: (-row[0].confidence, -len(row[0].lesions), row[1]))
    made: dict[str, Group] = {}
    taken: set[str] = set()
    for group, height in rows:
        if group.id in taken:
            continue
        taken.add(group.id)
        same: list[tuple[Group, float]] = []
        low = high = height
        for other, at in rows:
            ends = min(low, at), max(high, at)
            if other.id in taken or ends[1] - ends[0] > settings.slab_mm:
                continue
            if _overlap(group, other, stack.mm, settings):
                same.append((other, at))
                low, high = ends
        if not same:
            continue
        taken |= {other.id for other, _ in same}
        made[group.id] = _joined(group, height, same, best, every, stack.mm)
        made |= {other.id: replace(other, reported=False, seen_in=(group.id,)) for other, _ in same}
    return made


def _overlap(a: Group, b: Group, mm: tuple[float, float], settings: SliceSettings) -> bool:
    """Whether their boxes, grown a little, have a place in common."""
    return all(
        (max(a.bounds_index[0][axis], b.bounds_index[0][axis]) - min(a.bounds_index[1][axis], b.bounds_index[1][axis]))
        * mm[axis - 1]
        <= settings.apart_mm
        for axis in (1, 2)
    )


def _joined(
    group: Group,
    height: float,
    same: Sequence[tuple[Group, float]],
    best: dict[str, str],
    every: dict[str, Lesion],
    mm: tuple[float, float],
) -> Group:
    """The group that stays, with what all slices of its slab show."""
    members = {best.get(name, name) for one in (group, *(other for other, _ in same)) for name in one.lesions}
    counted = [every[name] for name in sorted(members) if name in every and every[name].counted]
    heights = sorted([height, *(at for _, at in same)])
    depth, method = heights[-1] - heights[0], _OVER.format(n=len(heights), mm=heights[-1] - heights[0])
    measures = {
        **group.measures,
        "depth": Measurement(round(depth, 2), "mm", None, "first to last slice that shows it"),
    }
    if counted:
        far = max(
            *(float(_sides_mm(one, mm).max()) for one in counted),
            *(_apart_mm(a, b, mm) for a, b in _pairs(counted)),
            0.0,
        )
        measures["count"] = Measurement(float(len(counted)), "1", None, f"distinct calcifications {method}")
        measures["extent"] = Measurement(round(far, 2), "mm", None, f"greatest distance of two outer edges {method}")
    return replace(group, measures=measures, seen_in=tuple(other.id for other, _ in same))


def _pairs(held: Sequence[Lesion]) -> Iterable[tuple[Lesion, Lesion]]:
    for n, one in enumerate(held):
        for other in held[n + 1 :]:
            yield one, other


def _apart_mm(a: Lesion, b: Lesion, mm: tuple[float, float]) -> float:
    """Distance of their outer edges: each reaches as far along the line between them as an ellipse in its box."""
    away = (np.array(a.center_index[1:]) - np.array(b.center_index[1:])) * mm
    far = float(np.hypot(*away))
    way = away / far if far > 0 else np.array([1.0, 0.0])
    return far + 0.5 * float(np.hypot(*(_sides_mm(a, mm) * way)) + np.hypot(*(_sides_mm(b, mm) * way)))
