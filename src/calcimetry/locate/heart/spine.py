"""The spine: centres of the vertebral bodies from the first to the last slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.circles import Box, Moves, track
from calcimetry.locate.heart.frame import Frame

__all__ = ["Spine", "SpineSettings", "spine", "spine_bone"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineSettings:
    """What a vertebra looks like.

    radius_mm : a disc of about the size of a thoracic vertebral body; ribs and sternum fill little of it.
    hu : marrow and cortex lie between these, smoothed by a block.
    move_cost : price of one column from slice to slice, in shares of a full disc.
    aside_mm, aside_cost : it is looked for so far to each side of the middle between the lungs, at this price there, in
        shares of a full disc: where one lung is not shown that middle is far off.
    least : mean share of bone in the disc from which it is believed.
    """

    radius_mm: float = 14.0
    hu: tuple[float, float] = (60.0, 180.0)
    move_cost: float = 0.08
    aside_mm: float = 90.0
    aside_cost: float = 0.25
    least: float = 0.45


@dataclass(frozen=True, eq=False)
class Spine:
    """Row and column of the vertebral centre in each slice of the frame, and how far it is believed (0 to 1)."""

    row: F64
    column: F64
    confidence: float


def spine(frame: Frame, settings: SpineSettings = SpineSettings()) -> Spine | None:
    """The path of the thickest bone in the back half of the chest, near the middle between the lungs."""
    low, high = settings.hu
    dense = np.clip((frame.hu - low) / (high - low), 0.0, 1.0)
    rows = np.flatnonzero(frame.lung.any(axis=(0, 2)))
    share = np.cumsum(frame.lung.sum(axis=(0, 1)))
    left, right = np.searchsorted(share, np.array([0.02, 0.98]) * share[-1])
    middle = (left + right) / 2.0
    half = frame.columns(settings.aside_mm)
    # behind the middle of the lungs' depth: the heart and a plate of sternum lie in front
    box = Box.of(
        frame,
        (0, frame.shape[0] - 1),
        (rows[0] + 0.45 * (rows[-1] - rows[0]), frame.shape[1]),
        (middle - half, middle + half),
    )
    reach = settings.radius_mm / frame.mm[2]
    size = int(np.ceil(reach))
    y, x = np.mgrid[-size : size + 1, -size : size + 1]
    disc = (np.hypot(y, x) <= reach).astype(np.float32)
    disc /= disc.sum()
    part = ndimage.uniform_filter1d(dense[box.at], max(1, frame.slices(12.0)), axis=0, mode="nearest")
    score = np.stack([ndimage.convolve(one, disc, mode="constant") for one in part])
    away = (np.arange(box.i0, box.i1) - middle) * frame.mm[2] / settings.aside_mm
    score -= np.float32(settings.aside_cost) * (away**2).astype(np.float32)
    path = track(score[:, None], box, Moves(2, settings.move_cost, 1.0))
    believed = float(np.mean(path.score))
    if believed < settings.least:
        return None
    smooth = max(1, frame.slices(20.0))
    row, column = (ndimage.uniform_filter1d(one, smooth, mode="nearest") for one in (path.row, path.column))
    return Spine(row, column, round(float(np.clip((believed - 0.35) / 0.35, 0.0, 1.0)), 2))


def spine_bone(frame: Frame, spine: Spine, mm: float = 45.0) -> NDArray[np.bool_]:
    """Bone of the frame (slice, row, column) this near to the vertebral centres: no plaque of a large vessel."""
    j = (np.arange(frame.shape[1]) - spine.row[:, None]) * frame.mm[1]
    i = (np.arange(frame.shape[2]) - spine.column[:, None]) * frame.mm[2]
    return np.asarray(frame.bone & (np.hypot(j[:, :, None], i[:, None, :]) < mm))
