"""The ascending aorta with its neighbours: pulmonary trunk on its left, upper caval vein behind on its right.

One circle alone is the trunk as often as the aorta. So every place is judged with what ought to lie around it: a
second large circle on the left for it, a small one behind on the right for it, a large one on the right against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.circles import Box, Moves, Path, edges, rings, track
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels
from calcimetry.locate.heart.spine import Spine, spine_bone

__all__ = ["Ascending", "AscendingSettings", "Neighbour", "ascending"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A circle to be looked for beside another: radii, and offset to the left and to the back (mean, spread) [mm]."""

    radius_mm: tuple[float, float]
    left_mm: tuple[float, float]
    back_mm: tuple[float, float]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AscendingSettings:
    """Where and how the ascending aorta is looked for; lengths of grown people, by anatomy, not fitted.

    left_mm, back_mm : mean and spread of its place from the descending aorta.
    trunk, vein, rival : what speaks for a place, or (negative weight) against it.
    lung : how much an edge against the lung counts, well above the root and at the root: that lies amid the heart.
    shear_mm : from so much above the expected root it drifts to the left, ``drift`` mm per mm.
    above_mm, below_mm : it is followed from so much above the expected root to so much below.
    fade_mm : below the expected root slices count less and less, over this length, down to ``least``: a chamber is
        a circle there, the aorta is none.
    """

    radius_mm: tuple[float, float] = (11.0, 26.0)
    step_mm: float = 1.5
    floor_hu: float = -60.0
    clip_hu_mm: float = 6.0
    left_mm: tuple[float, float] = (-28.0, 22.0)
    back_mm: tuple[float, float] = (-78.0, 18.0)
    far: float = 9.0
    trunk: Neighbour = Neighbour(radius_mm=(11.0, 18.6), left_mm=(32.0, 8.0), back_mm=(-4.0, 14.0), weight=0.5)
    vein: Neighbour = Neighbour(radius_mm=(5.0, 11.1), left_mm=(-27.0, 6.0), back_mm=(11.0, 9.0), weight=0.4)
    rival: Neighbour = Neighbour(radius_mm=(12.5, 26.0), left_mm=(-32.0, 9.0), back_mm=(6.0, 14.0), weight=-0.6)
    most: float = 4.0
    hole: float = 8.0
    lung: tuple[float, float] = (1.0, 0.1)
    shear_mm: float = 4.0
    drift: float = 0.45
    above_mm: float = 72.0
    below_mm: float = 50.0
    fade_mm: float = 15.0
    least: float = 0.12
    move_cost: float = 0.5
    radius_cost: float = 0.4
    rival_mm: float = 18.0


@dataclass(frozen=True, eq=False)
class Ascending:
    """The track: one entry for each slice in ``slices``.

    ``ring`` is the score of the circle itself, ``trunk`` that of the best second circle on its left [HU/mm];
    ``margin`` how much better the track is than the best one that keeps ``rival_mm`` away, in HU/mm per slice.
    """

    slices: NDArray[np.intp]
    row: F64
    column: F64
    radius_mm: F64
    ring: F64
    trunk: F64
    trunk_row: F64
    trunk_column: F64
    margin: float


def ascending(
    frame: Frame, spine: Spine, down: Descending, heights: Levels, settings: AscendingSettings = AscendingSettings()
) -> Ascending | None:
    """Follow the ascending aorta from the arch, or the top of the field, down into the heart."""
    first, last = _range(frame, heights, settings)
    if last - first < 3:
        return None
    mk, mj, mi = frame.mm
    ks = np.arange(first, last)
    row, column = float(np.median(down.row[ks])), float(np.median(down.column[ks]))
    box = Box.of(
        frame,
        (first, last - 1),
        (row + (settings.back_mm[0] - 45.0) / mj, row + (settings.back_mm[0] + 50.0) / mj),
        (column + (settings.left_mm[0] - 75.0) / mi, column + (settings.left_mm[0] + 90.0) / mi),
    )
    found = edges(
        frame,
        box,
        spine_bone(frame, spine),
        floor_hu=settings.floor_hu,
        clip_hu_mm=settings.clip_hu_mm,
        reach_mm=settings.radius_mm[1] + 3.0,
        lung=_lung_weight(frame, ks, heights, settings),
    )
    radii = np.arange(settings.radius_mm[0], settings.radius_mm[1] + 0.1, settings.step_mm)
    ring = rings(found, radii)
    total = ring * np.sqrt(radii / 16.0).astype(np.float32)[None, :, None, None]
    total -= np.float32(settings.hole) * _holes(frame, box, radii)
    near = _prior(frame, box, down, settings)
    trunk = np.zeros_like(near)
    for one in (settings.trunk, settings.vein, settings.rival):
        sizes = np.arange(one.radius_mm[0], one.radius_mm[1] + 0.1, settings.step_mm)
        best = rings(found, sizes).max(axis=1)
        beside = _beside(best, frame, one)
        if one is settings.trunk:
            trunk, trunk_ring = beside, best
        near += np.float32(one.weight) * np.clip(beside, 0.0, settings.most)
    total += near[:, None]
    below = (ks - heights.ostia) * mk - 0.7 * heights.ostia_sd_mm
    total *= np.clip(np.exp(-below / settings.fade_mm), settings.least, 1.0).astype(np.float32)[:, None, None, None]
    shift = _shear(frame, ks, heights, settings)
    sheared = _sheared(total, shift)
    moves = Moves(max(1, round((0.4 * mk + 1.5) / mi)), settings.move_cost, settings.radius_cost)
    path = track(sheared, box, moves)
    tubular = np.flatnonzero((heights.ostia - ks) * mk < 45.0)[: max(3, round(45.0 / mk))]
    margin = _margin(sheared, box, path, frame, settings, moves, tubular)
    at = np.arange(len(ks))
    jj = path.row.astype(int) - box.j0
    ii = np.clip(path.column.astype(int) + shift - box.i0, 0, total.shape[3] - 1)
    second = [_second(trunk_ring[n], jj[n], ii[n], frame, settings.trunk) for n in at]
    return Ascending(
        ks,
        path.row,
        (ii + box.i0).astype(np.float64),
        radii[path.radius],
        ring[at, path.radius, jj, ii].astype(np.float64),
        trunk[at, jj, ii].astype(np.float64),
        np.array([j + box.j0 for j, _ in second], dtype=np.float64),
        np.array([i + box.i0 for _, i in second], dtype=np.float64),
        margin,
    )


def _range(frame: Frame, heights: Levels, settings: AscendingSettings) -> tuple[int, int]:
    first = 0
    if heights.carina is not None or heights.bottom is not None:
        first = max(0, int(heights.ostia - settings.above_mm / frame.mm[0]))
    last = int(heights.ostia + (settings.below_mm + heights.ostia_sd_mm) / frame.mm[0]) + 1
    return first, min(frame.shape[0], last)


def _lung_weight(frame: Frame, ks: NDArray[np.intp], heights: Levels, settings: AscendingSettings) -> F64:
    """From the first weight, 35 mm and more above the expected root, to the second at the root and below."""
    above = (heights.ostia - ks) * frame.mm[0]
    return np.interp(above, (0.0, 35.0), settings.lung[::-1])


def _holes(frame: Frame, box: Box, radii: NDArray[np.floating]) -> F32:
    """Share of fat or air inside each circle, 3 mm away from its rim."""
    out = np.empty((box.k1 - box.k0, len(radii), box.j1 - box.j0, box.i1 - box.i0), dtype=np.float32)
    holes = (frame.hu[box.at] < -20.0).astype(np.float32)
    for n, radius in enumerate(radii):
        # two passes of a box are near enough to a disc
        size = max(1, round((radius - 3.0) * 1.25 / frame.mm[2]))
        out[:, n] = ndimage.uniform_filter(holes, (0, size, size), mode="nearest")
    return out


def _prior(frame: Frame, box: Box, down: Descending, settings: AscendingSettings) -> F32:
    ks = np.arange(box.k0, box.k1)
    left = (np.arange(box.i0, box.i1) - down.column[ks][:, None]) * frame.mm[2]
    back = (np.arange(box.j0, box.j1) - down.row[ks][:, None]) * frame.mm[1]
    away = ((back - settings.back_mm[0]) / settings.back_mm[1])[:, :, None] ** 2
    away = away + ((left - settings.left_mm[0]) / settings.left_mm[1])[:, None, :] ** 2
    return np.asarray(-0.5 * np.minimum(away, settings.far), dtype=np.float32)


def _offsets(frame: Frame, one: Neighbour, step: int) -> list[tuple[int, int, float]]:
    """Rows and columns to go, and the price, inside 1.6 spreads of the mean."""
    _, mj, mi = frame.mm
    ranges = []
    for (mean, spread), mm in ((one.back_mm, mj), (one.left_mm, mi)):
        ranges.append(range(round((mean - 1.6 * spread) / mm), round((mean + 1.6 * spread) / mm) + 1, step))
    out = []
    for dj in ranges[0]:
        for di in ranges[1]:
            u, v = (dj * mj - one.back_mm[0]) / one.back_mm[1], (di * mi - one.left_mm[0]) / one.left_mm[1]
            out.append((dj, di, u * u + v * v))
    return out


def _beside(score: F32, frame: Frame, one: Neighbour) -> F32:
    """For each place the best score in the window of a neighbour, less the price of its offset."""
    rows, columns = score.shape[1:]
    best = np.full_like(score, -9.0)
    for dj, di, price in _offsets(frame, one, 2):
        to = (slice(None), slice(max(0, -dj), rows - max(0, dj)), slice(max(0, -di), columns - max(0, di)))
        come = (slice(None), slice(max(0, dj), rows - max(0, -dj)), slice(max(0, di), columns - max(0, -di)))
        if to[1].stop > to[1].start and to[2].stop > to[2].start:
            np.maximum(best[to], score[come] - np.float32(price), out=best[to])
    return best


def _second(score: F32, j: int, i: int, frame: Frame, one: Neighbour) -> tuple[int, int]:
    """Row and column of the neighbour that :func:`_beside` took (in the box)."""
    rows, columns = score.shape
    best, place = -np.inf, (j, i)
    for dj, di, price in _offsets(frame, one, 1):
        a, b = j + dj, i + di
        if 0 <= a < rows and 0 <= b < columns and score[a, b] - price > best:
            best, place = float(score[a, b]) - price, (a, b)
    return place


def _shear(frame: Frame, ks: NDArray[np.intp], heights: Levels, settings: AscendingSettings) -> NDArray[np.intp]:
    """Columns by which the aorta has drifted to the left in each slice, from what is known of its height."""
    start = heights.ostia - settings.shear_mm / frame.mm[0]
    return np.rint(np.maximum(0.0, ks - start) * frame.mm[0] * settings.drift / frame.mm[2]).astype(np.intp)


def _sheared(total: F32, shift: NDArray[np.intp]) -> F32:
    out = np.full_like(total, -9.0)
    for n, by in enumerate(np.minimum(shift, total.shape[3] - 1)):
        out[n, ..., : total.shape[3] - by] = total[n, ..., by:]
    return out


def _margin(
    total: F32,
    box: Box,
    path: Path,
    frame: Frame,
    settings: AscendingSettings,
    moves: Moves,
    tubular: NDArray[np.intp],
) -> float:
    """How much worse the best track is that stays away from the first one, per slice where the aorta is a tube."""
    away = max(1, frame.columns(settings.rival_mm))
    other = total.copy()
    for n in range(len(total)):
        j, i = int(path.row[n]) - box.j0, int(path.column[n]) - box.i0
        other[n, :, max(0, j - away) : j + away + 1, max(0, i - away) : i + away + 1] = -9.0
    second = track(other, box, moves)
    return float(np.mean(path.score[tubular]) - np.mean(second.score[tubular])) if len(tubular) else 0.0
