"""The descending aorta beside the spine, followed through the whole stack."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.circles import Box, Moves, edges, rings, track
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.spine import Spine, spine_bone

__all__ = ["Descending", "DescendingSettings", "descending"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescendingSettings:
    """Where the descending aorta is looked for.

    radius_mm, step_mm : radii of the circles.
    left_mm, ahead_mm : mean and spread of its place, left of the vertebral centre and in front of it.
    far : the prior's cost grows no further than this many squared spreads: a tortuous aorta stays possible.
    rival_mm : the second explanation keeps so far from the first.
    size_mm : scores grow with the root of the radius over this: the gullet is a circle as well, and smaller.
    """

    radius_mm: tuple[float, float] = (8.0, 23.0)
    step_mm: float = 1.5
    left_mm: tuple[float, float] = (16.0, 16.0)
    ahead_mm: tuple[float, float] = (26.0, 15.0)
    far: float = 9.0
    floor_hu: float = -80.0
    clip_hu_mm: float = 12.0
    move_cost: float = 0.4
    radius_cost: float = 0.3
    size_mm: float = 12.0
    rival_mm: float = 13.0


@dataclass(frozen=True, eq=False)
class Descending:
    """Row, column, radius [mm] and ring score [HU/mm] in each slice of the frame; the next best explanation."""

    row: F64
    column: F64
    radius_mm: F64
    score: F64
    other: Descending | None = None


def descending(frame: Frame, spine: Spine, settings: DescendingSettings = DescendingSettings()) -> Descending:
    """The best path of a circle left in front of the spine."""
    _, mj, mi = frame.mm
    box = Box.of(
        frame,
        (0, frame.shape[0] - 1),
        (float(spine.row.min()) - 75.0 / mj, float(spine.row.max()) + 8.0 / mj),
        (float(spine.column.min()) - 35.0 / mi, float(spine.column.max()) + 60.0 / mi),
    )
    radii = np.arange(settings.radius_mm[0], settings.radius_mm[1] + 0.1, settings.step_mm)
    found = edges(
        frame,
        box,
        spine_bone(frame, spine),
        floor_hu=settings.floor_hu,
        clip_hu_mm=settings.clip_hu_mm,
        reach_mm=radii[-1] + 3.0,
    )
    score = rings(found, radii)
    ahead = (spine.row[:, None] - np.arange(box.j0, box.j1)) * mj
    left = (np.arange(box.i0, box.i1) - spine.column[:, None]) * mi
    away = ((ahead - settings.ahead_mm[0]) / settings.ahead_mm[1])[:, :, None] ** 2
    away = away + ((left - settings.left_mm[0]) / settings.left_mm[1])[:, None, :] ** 2
    size = np.sqrt(np.minimum(radii / settings.size_mm, 1.3)).astype(np.float32)[None, :, None, None]
    believed = score * size - 0.5 * np.minimum(away, settings.far)[:, None].astype(np.float32)
    first = _track(frame, score, believed, radii, box, settings)
    away_i = max(1, frame.columns(settings.rival_mm))
    for n in range(len(believed)):
        j, i = round(first.row[n]) - box.j0, round(first.column[n]) - box.i0
        believed[n, :, max(0, j - away_i) : j + away_i + 1, max(0, i - away_i) : i + away_i + 1] = -9.0
    return replace(first, other=_track(frame, score, believed, radii, box, settings))


def _track(
    frame: Frame,
    score: NDArray[np.float32],
    believed: NDArray[np.float32],
    radii: F64,
    box: Box,
    settings: DescendingSettings,
) -> Descending:
    most = max(1, round((0.5 * frame.mm[0] + 2.0) / frame.mm[2]))
    path = track(believed, box, Moves(most, settings.move_cost, settings.radius_cost))
    own = score[np.arange(len(score)), path.radius, path.row.astype(int) - box.j0, path.column.astype(int) - box.i0]
    smooth = max(1, frame.slices(9.0))
    row, column, radius = (
        ndimage.uniform_filter1d(np.asarray(one, dtype=np.float64), smooth, mode="nearest")
        for one in (path.row, path.column, radii[path.radius])
    )
    return Descending(row, column, radius, own.astype(np.float64))
