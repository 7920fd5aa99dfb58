"""The three arteries that leave the arch, followed up along the windpipe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.locate.heart.airway import Airway
from calcimetry.locate.heart.arch import Arch
from calcimetry.locate.heart.circles import Box, Moves, edges, rings, track
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.spine import Spine, spine_bone

__all__ = ["Branch", "BranchPlace", "BranchSettings", "branches"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPlace:
    """Radii, and the place left of and behind the middle of the windpipe above the arch (mean, spread) [mm].

    ``turn``: how that place moves to the left and back per mm up.
    """

    radius_mm: tuple[float, float]
    left_mm: tuple[float, float]
    back_mm: tuple[float, float]
    turn: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSettings:
    """Where the branches are looked for; by anatomy, with wide spreads.

    places : of each branch.
    skip_mm : they are circles from so much above the arch's middle line.
    above_mm : and are followed so far up from there.
    lung : how much an edge against the lung counts: veins and the gullet lie there as well.
    good : ring score [HU/mm] that shows one well.
    """

    places: tuple[tuple[str, BranchPlace], ...] = (
        (
            "brachiocephalic",
            BranchPlace(radius_mm=(4.5, 8.5), left_mm=(-2.0, 8.0), back_mm=(-24.0, 8.0), turn=(-0.35, 0.15)),
        ),
        (
            "left_carotid",
            BranchPlace(radius_mm=(3.0, 5.0), left_mm=(14.0, 6.0), back_mm=(-14.0, 8.0), turn=(0.0, 0.15)),
        ),
        (
            "left_subclavian",
            BranchPlace(radius_mm=(3.5, 6.5), left_mm=(22.0, 5.0), back_mm=(1.0, 6.0), turn=(0.1, 0.0)),
        ),
    )
    skip_mm: float = 12.0
    above_mm: float = 36.0
    lung: float = 0.5
    good: float = 6.0


@dataclass(frozen=True, eq=False)
class Branch:
    """Points (n, 3) as (slice, row, column) from the arch up, radius [mm], belief (0 to 1)."""

    points: F64
    radius_mm: F64
    believed: float


def branches(
    frame: Frame, spine: Spine, over: Arch, air: Airway | None, settings: BranchSettings = BranchSettings()
) -> dict[str, Branch]:
    """Follow what can be seen of the branches; none without a windpipe to measure from."""
    mk, mj, mi = frame.mm
    top = int(over.points[:, 0].min() - settings.skip_mm / mk)
    first = max(0, int(top - settings.above_mm / mk))
    if air is None or top - first < 2:
        return {}
    ks = np.arange(first, top + 1)
    near = np.clip(np.searchsorted(air.slices, ks), 0, len(air.slices) - 1)
    row, column = air.row[near], air.column[near]
    box = Box.of(
        frame,
        (first, top),
        (row.min() - 48.0 / mj, row.max() + 34.0 / mj),
        (column.min() - 50.0 / mi, column.max() + 55.0 / mi),
    )
    lung = np.full(len(ks), settings.lung)
    found = edges(frame, box, spine_bone(frame, spine), floor_hu=-90.0, clip_hu_mm=10.0, reach_mm=12.0, lung=lung)
    radii = np.arange(3.0, 8.6, 0.9)
    score = rings(found, radii, 1.0)
    taken = np.zeros(score[:, 0].shape, dtype=bool)
    out = {}
    for name, place in settings.places:
        branch, spot = _branch(frame, box, score, radii, taken, (ks, row, column), place, settings)
        n = int(np.abs(over.points[:, 0] - top).argmin()) if branch is None else _foot(over, branch)
        if branch is not None:
            points = np.vstack([over.points[n : n + 1], branch.points])
            radius = np.concatenate([branch.radius_mm[:1], branch.radius_mm])
            out[name] = Branch(points, radius, branch.believed)
            taken |= spot
    return out


def _foot(over: Arch, branch: Branch) -> int:
    """Which point of the arch the branch most likely leaves from: the nearest across the body, in its upper half."""
    upper = np.flatnonzero(over.points[:, 0] <= np.median(over.points[:, 0]))
    away = np.hypot(*(over.points[upper, 1:] - branch.points[0, 1:]).T)
    return int(upper[away.argmin()])


def _branch(
    frame: Frame,
    box: Box,
    score: NDArray[np.float32],
    radii: F64,
    taken: NDArray[np.bool_],
    windpipe: tuple[NDArray[np.intp], F64, F64],
    place: BranchPlace,
    settings: BranchSettings,
) -> tuple[Branch | None, NDArray[np.bool_]]:
    mk, mj, mi = frame.mm
    ks, row, column = windpipe
    up = (ks[-1] - ks) * mk
    use = np.flatnonzero((radii >= place.radius_mm[0] - 0.5) & (radii <= place.radius_mm[1] + 0.5))
    left = (np.arange(box.i0, box.i1) - column[:, None]) * mi - (place.left_mm[0] + place.turn[0] * up)[:, None]
    back = (np.arange(box.j0, box.j1) - row[:, None]) * mj - (place.back_mm[0] + place.turn[1] * up)[:, None]
    away = (back / place.back_mm[1])[:, :, None] ** 2 + (left / place.left_mm[1])[:, None, :] ** 2
    believed = score[:, use] - 0.6 * np.minimum(away, 12.0)[:, None].astype(np.float32)
    believed = np.where(taken[:, None], np.float32(-9.0), believed)
    path = track(believed, box, Moves(max(1, round((0.7 * mk + 1.0) / mi)), 0.4, 0.4))
    at = np.arange(len(ks))
    j, i = path.row.astype(int) - box.j0, path.column.astype(int) - box.i0
    ring = score[at, use[path.radius], j, i]
    sure = round(0.6 * float(np.clip(np.mean(ring) / settings.good, 0.0, 1.0)), 2)
    size = radii[use][path.radius]
    rows, columns = np.ogrid[box.j0 : box.j1, box.i0 : box.i1]
    gap = np.hypot((rows - path.row[:, None, None]) * mj, (columns - path.column[:, None, None]) * mi)
    if sure < 0.2:
        return None, taken
    points = np.stack([ks.astype(np.float64), path.row, path.column], axis=1)[::-1]
    return Branch(points, size[::-1].astype(np.float64), sure), gap < (size + 4.0)[:, None, None]
