"""The root of the aorta: the height of the left main, the axis below it, and the plane of the valve, with spreads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.around import mean_between, sector_share
from calcimetry.locate.heart.ascending import Ascending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels

__all__ = ["Root", "RootSettings", "root"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSettings:
    """How the height of the left main is weighed.

    fat_weight : fat left behind the aorta begins just above the left main, where the pulmonary artery no longer
        touches the aorta; share of it there less the share 16 to 32 mm higher.
    trunk_weight, ring_weight : the trunk passes into the right ventricle, and the aorta is no longer a circle in
        fat, about there [per HU/mm].
    carina_mm, bottom_mm : distance of the left main below the carina and above the end of the front lung: mean, spread.
    far : no single distance costs more than this many squared spreads.
    valve_mm : the valve's plane below the left main along the axis: mean, spread.
    drift : left and back, and their spreads, of the axis [mm per mm down].
    grow : the root is at most this much wider than the aorta above it.
    """

    fat_weight: float = 3.0
    trunk_weight: float = 0.5
    ring_weight: float = 0.6
    carina_mm: tuple[float, float] = (48.0, 9.0)
    bottom_mm: tuple[float, float] = (84.0, 11.0)
    far: float = 9.0
    valve_mm: tuple[float, float] = (14.0, 5.0)
    drift_left: tuple[float, float] = (0.45, 0.2)
    drift_back: tuple[float, float] = (0.15, 0.2)
    grow: float = 1.15
    least_sd_mm: float = 3.0


@dataclass(frozen=True, eq=False)
class Root:
    """Slice (not rounded), row and column of the aorta at the left main; spreads; the axis down [mm per mm].

    ``axis`` points down the vessel: (slices, back, left) [mm], unit length. ``sd_mm``: across and along the body.
    ``agreement`` (0 to 1): how well image, carina and bottom of the heart agree.
    """

    slice: float
    row: float
    column: float
    radius_mm: float
    axis: tuple[float, float, float]
    sd_mm: tuple[float, float]
    agreement: float


def root(frame: Frame, track: Ascending, heights: Levels, settings: RootSettings = RootSettings()) -> Root:
    """The height at which image and distances agree best, and its spread."""
    step = frame.mm[0]
    seen = _seen(frame, track, settings)
    told = np.zeros(len(seen))
    for mm, at in ((settings.carina_mm, heights.carina), (settings.bottom_mm, heights.lung_end)):
        if at is not None:
            distance = np.abs(track.slices - at) * step
            told -= 0.5 * np.minimum(((distance - mm[0]) / mm[1]) ** 2, settings.far)
    weight = np.exp((seen + told) - (seen + told).max())
    weight /= weight.sum()
    middle = float((weight * track.slices).sum())
    sd = float(np.sqrt((weight * (track.slices - middle) ** 2).sum())) * step
    by_image = np.exp(seen - seen.max())
    apart = abs(float((by_image * track.slices).sum() / by_image.sum()) - middle) * step
    known = (heights.carina is not None) + (heights.lung_end is not None)
    agreement = float(np.exp(-0.5 * (apart / 15.0) ** 2)) * (0.6, 0.85, 1.0)[known]
    row, column, axis = _axis(frame, track, middle, settings)
    above = track.slices <= middle
    radius = float(np.median(track.radius_mm[above])) if above.any() else float(track.radius_mm[0])
    return Root(middle, row, column, radius, axis, (3.0, max(sd, settings.least_sd_mm)), agreement)


def _seen(frame: Frame, track: Ascending, settings: RootSettings) -> F64:
    """How much each slice looks like that of the left main."""
    step = frame.mm[0]
    size = max(1, round(15.0 / step))
    radius = ndimage.median_filter(track.radius_mm, size, mode="nearest")
    ring = (radius + 1.0, radius + 10.0)
    fat = sector_share(frame, track.slices, track.row, track.column, ring, (0.0, 90.0), (-200.0, -15.0))
    begins = mean_between(fat, step, -4.0, 10.0) - mean_between(fat, step, 16.0, 32.0)
    trunk = mean_between(track.trunk, step, 2.0, 22.0) - mean_between(track.trunk, step, -16.0, -4.0)
    ends = mean_between(track.ring, step, 4.0, 24.0) - mean_between(track.ring, step, -14.0, -2.0)
    return np.asarray(settings.fat_weight * begins + settings.trunk_weight * trunk + settings.ring_weight * ends)


def _axis(
    frame: Frame, track: Ascending, middle: float, settings: RootSettings
) -> tuple[float, float, tuple[float, float, float]]:
    """Place at the height ``middle`` and direction below it: the line of the 20 mm above, with an expected bend."""
    step = frame.mm[0]
    height = (track.slices - middle) * step
    near = (height > -22.0) & (height < 4.0)
    if near.sum() < 2:
        near = np.abs(height) <= np.sort(np.abs(height))[min(1, len(height) - 1)]
    slopes, places = [], []
    for values, mm, (mean, sd) in (
        (track.row, frame.mm[1], settings.drift_back),
        (track.column, frame.mm[2], settings.drift_left),
    ):
        # a line through the points, its slope drawn to the expected one (points are good to about 2 mm)
        x, y = height[near], values[near] * mm
        spread = float(((x - x.mean()) ** 2).sum()) / 4.0
        own = float(((x - x.mean()) * (y - y.mean())).sum()) / 4.0
        slope = (own + mean / sd**2) / (spread + 1.0 / sd**2)
        slopes.append(slope)
        places.append((float(y.mean()) - slope * float(x.mean())) / mm)
    axis = np.array([1.0, slopes[0], slopes[1]])
    axis /= np.linalg.norm(axis)
    return places[0], places[1], (float(axis[0]), float(axis[1]), float(axis[2]))
