"""The ascending aorta with its neighbours: pulmonary trunk on its left, upper caval vein behind on its right.

One circle alone is the trunk as often as the aorta. So every place is judged with what ought to lie around it: a
second large circle on the left for it, a small one behind on the right for it, a large one on the right against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.beside import Beside, Neighbour, best_beside, path_beside
from calcimetry.locate.heart.circles import Box, Moves, Path, edges, rings, track
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels
from calcimetry.locate.heart.spine import Spine, spine_bone

__all__ = ["Ascending", "AscendingSettings", "ascending"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AscendingSettings:
    """Where and how the ascending aorta is looked for; lengths of grown people, by anatomy, not fitted.

    left_mm, back_mm : mean and spread of its place from the descending aorta.
    trunk, vein, rival : what speaks for a place, or (negative weight) against it.
    lung : how much an edge against the lung counts, well above the root and at the root: that lies amid the heart.
    oval, oval_mm : from so much above the expected root it may be an oval, so many times as wide as deep: the root
        leans to the left by about half a right angle.
    shy, shy_mm : price [HU/mm] of a root that is nearer to the lung than this.
    shear_mm : from so much above the expected root it drifts to the left, ``drift`` mm per mm.
    above_mm, below_mm : it is followed from so much above the expected root to so much below.
    move_cost, radius_cost : price of a column and of a radius from slice to slice [HU/mm].
    rival_mm, explanations : so many tracks are tried, each so far from the ones before.
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
    oval: tuple[float, ...] = (1.2, 1.45)
    oval_mm: float = 10.0
    shy: float = 1.5
    shy_mm: float = 8.0
    shear_mm: float = 4.0
    drift: float = 0.65
    above_mm: float = 72.0
    below_mm: float = 50.0
    fade_mm: float = 15.0
    least: float = 0.12
    move_cost: float = 0.5
    radius_cost: float = 0.4
    rival_mm: float = 18.0
    explanations: int = 3


@dataclass(frozen=True, eq=False)
class Ascending:
    """The track: one entry for each slice in ``slices``.

    ``ring`` is the score of the circle itself [HU/mm]; ``trunk`` and ``vein`` are its neighbours on the left and on the
    right; ``margin`` is how much better the three explain the image than the next aorta that keeps ``rival_mm`` away
    does with its neighbours, in HU/mm per slice.
    """

    slices: NDArray[np.intp]
    row: F64
    column: F64
    radius_mm: F64
    ring: F64
    trunk: Beside
    vein: Beside
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
    lung = _lung_weight(frame, ks, heights, settings)
    found = edges(
        frame,
        box,
        spine_bone(frame, spine),
        floor_hu=settings.floor_hu,
        clip_hu_mm=settings.clip_hu_mm,
        reach_mm=settings.radius_mm[1] + 3.0,
        lung=lung,
    )
    radii = np.arange(settings.vein.radius_mm[0], settings.radius_mm[1] + 0.1, settings.step_mm)
    every = rings(found, radii)
    large = int(np.searchsorted(radii, settings.radius_mm[0] - 0.1))
    ring, big = every[:, large:], radii[large:]
    # The root leans to the left by about half a right angle: across the body it is an oval.
    lower = int(np.clip(heights.ostia - settings.oval_mm / mk - first, 0, len(ks)))
    if lower < len(ks):
        ring = ring.copy()
        for stretch in settings.oval:
            np.maximum(ring[lower:], rings(found, big, stretch=stretch, first=lower), out=ring[lower:])
    total = ring * np.sqrt(big / 16.0).astype(np.float32)[None, :, None, None]
    total -= np.float32(settings.hole) * _holes(frame, box, big)
    _away_from_lung(total, frame, box, big, 1.0 - lung, settings)
    near = _prior(frame, box, down, settings)
    beside = {}
    for one in (settings.trunk, settings.vein, settings.rival):
        use = (radii >= one.radius_mm[0] - 0.1) & (radii <= one.radius_mm[1] + 0.1)
        beside[one] = np.clip(best_beside(every[:, use].max(axis=1), frame, one), 0.0, settings.most)
        near += np.float32(one.weight) * beside[one]
    total += near[:, None]
    below = (ks - heights.ostia) * mk - 0.7 * heights.ostia_sd_mm
    total *= np.clip(np.exp(-below / settings.fade_mm), settings.least, 1.0).astype(np.float32)[:, None, None, None]
    shift = _shear(frame, ks, heights, settings)
    sheared = _sheared(total, shift)
    # Between thick slices a vessel goes further at the same price.
    price = settings.move_cost * min(1.0, 3.0 / mk)
    moves = Moves(max(1, round((0.5 * mk + 1.5) / mi)), price, settings.radius_cost)
    tubular = np.flatnonzero((heights.ostia - ks) * mk < 45.0)[: max(3, round(45.0 / mk))]
    tubular = tubular if len(tubular) else np.arange(len(ks))
    at = np.arange(len(ks))
    best: list[tuple[float, Ascending]] = []
    for _ in range(settings.explanations):
        path = track(sheared, box, moves)
        rows = path.row.astype(np.intp) - box.j0
        columns = np.clip(path.column.astype(np.intp) + shift - box.i0, 0, box.i1 - box.i0 - 1)
        here = (path.row, (columns + box.i0).astype(np.float64), big[path.radius].astype(np.float64))
        trunk, vein = (path_beside(every, radii, box, frame, here, one) for one in (settings.trunk, settings.vein))
        joint = path.score.copy()
        for one, tube in ((settings.trunk, trunk), (settings.vein, vein)):
            # what the neighbour gives as a track, in place of what it might give slice by slice
            joint += one.weight * (np.clip(tube.score, 0.0, settings.most) - beside[one][at, rows, columns])
        own = ring[at, path.radius, rows, columns].astype(np.float64)
        best.append((float(np.mean(joint[tubular])), Ascending(ks, *here, own, trunk, vein, 0.0)))
        _forbid(sheared, box, path, frame, settings)
    best.sort(key=lambda one: -one[0])
    return replace(best[0][1], margin=best[0][0] - best[1][0])


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


def _away_from_lung(total: F32, frame: Frame, box: Box, radii: F64, inside: F64, settings: AscendingSettings) -> None:
    """The root lies amid the heart: near the lung there is the atrium or an auricle, no matter how round."""
    room = ndimage.distance_transform_edt(~frame.lung[box.at], sampling=frame.mm).astype(np.float32)
    price = (settings.shy * inside).astype(np.float32)[:, None, None]
    for n, radius in enumerate(radii):
        near = np.clip((radius + settings.shy_mm - room) / settings.shy_mm, 0.0, 1.0)
        total[:, n] -= price * near.astype(np.float32)


def _prior(frame: Frame, box: Box, down: Descending, settings: AscendingSettings) -> F32:
    ks = np.arange(box.k0, box.k1)
    left = (np.arange(box.i0, box.i1) - down.column[ks][:, None]) * frame.mm[2]
    back = (np.arange(box.j0, box.j1) - down.row[ks][:, None]) * frame.mm[1]
    away = ((back - settings.back_mm[0]) / settings.back_mm[1])[:, :, None] ** 2
    away = away + ((left - settings.left_mm[0]) / settings.left_mm[1])[:, None, :] ** 2
    return np.asarray(-0.5 * np.minimum(away, settings.far), dtype=np.float32)


def _shear(frame: Frame, ks: NDArray[np.intp], heights: Levels, settings: AscendingSettings) -> NDArray[np.intp]:
    """Columns by which the aorta has drifted to the left in each slice, from what is known of its height."""
    start = heights.ostia - settings.shear_mm / frame.mm[0]
    return np.rint(np.maximum(0.0, ks - start) * frame.mm[0] * settings.drift / frame.mm[2]).astype(np.intp)


def _sheared(total: F32, shift: NDArray[np.intp]) -> F32:
    out = np.full_like(total, -9.0)
    for n, by in enumerate(np.minimum(shift, total.shape[3] - 1)):
        out[n, ..., : total.shape[3] - by] = total[n, ..., by:]
    return out


def _forbid(total: F32, box: Box, path: Path, frame: Frame, settings: AscendingSettings) -> None:
    """Close the surroundings of a track, so that the next one is another explanation."""
    away = max(1, frame.columns(settings.rival_mm))
    for n in range(len(total)):
        j, i = int(path.row[n]) - box.j0, int(path.column[n]) - box.i0
        total[n, :, max(0, j - away) : j + away + 1, max(0, i - away) : i + away + 1] = -9.0
