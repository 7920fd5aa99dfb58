"""The root of the aorta: the height of the left main, the axis below it, and the plane of the valve, with spreads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.around import sector_share
from calcimetry.locate.heart.ascending import Ascending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels

__all__ = ["Root", "RootSettings", "courses", "root"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSettings:
    """How the height of the left main is weighed, and the axis below it.

    The courses were measured by ``tools/fit_root.py`` on simulated persons and one public scan.

    heights_mm : above the left main; the four courses below hold at these heights.
    ring : how well the aorta stands out as a circle, of what it does above. It ends at the valve.
    behind : fat left of and behind it, of the most there is. The right pulmonary artery lies there above, the left
        atrium below.
    ahead : fat in front of it, of what there is above.
    trunk : how well the pulmonary trunk stands out as a circle. It passes into the right ventricle.
    spread : of the four, in their own units: 1.4 times that of simulated persons, since patients differ more.
    independent : so many heights of a course count as if they were apart from each other.
    far : the expected height costs no more than this many squared spreads.
    usual : the courses fit a true left main to about this much (half the sum of squared spreads); worse is suspicious.
    doubt : where image and distances differ altogether, so much belief is left: what is found leans on the distances.
    beyond_mm : the left main may lie so far above the field.
    rise_mm : the left main stands so far over the middle of the root, as the root leans and its left side is raised;
        that middle, half way in height between both ostia, is what is called the root.
    valve_mm : the middle of the valve lies so far down the axis from the height of the left main.
    drift_left, drift_back : of the axis, mean and spread [mm per mm down].
    bend : the axis below leans so much more to the left than the track around the left main, and that is good to
        ``track_sd`` [mm per mm].
    """

    heights_mm: tuple[float, ...] = (36, 30, 24, 18, 12, 6, 0, -6, -12, -18, -24, -30, -36)
    ring: tuple[float, ...] = (1.09, 1.02, 0.98, 0.98, 0.98, 0.96, 0.90, 0.81, 0.66, 0.45, 0.27, 0.17, 0.16)
    behind: tuple[float, ...] = (0.45, 0.37, 0.33, 0.48, 0.75, 0.86, 0.70, 0.39, 0.14, 0.03, 0.00, 0.00, 0.00)
    ahead: tuple[float, ...] = (1.00, 0.94, 0.94, 1.02, 1.08, 1.11, 1.05, 0.93, 0.76, 0.49, 0.23, 0.11, 0.10)
    trunk: tuple[float, ...] = (0.64, 0.77, 0.82, 0.86, 0.94, 0.98, 0.87, 0.67, 0.52, 0.46, 0.42, 0.38, 0.37)
    spread: tuple[float, float, float, float] = (0.21, 0.27, 0.40, 0.33)
    independent: float = 4.0
    far: float = 9.0
    usual: float = 6.0
    doubt: float = 0.4
    beyond_mm: float = 12.0
    rise_mm: float = 9.0
    valve_mm: float = 22.0
    drift_left: tuple[float, float] = (0.95, 0.3)
    drift_back: tuple[float, float] = (0.1, 0.17)
    bend: float = 0.22
    track_sd: float = 0.2
    least_sd_mm: float = 5.0


@dataclass(frozen=True, eq=False)
class Root:
    """Slice (not rounded), row and column of the aorta at the left main; spreads; the axis down [mm per mm].

    ``axis`` points down the vessel: (slices, back, left) [mm], unit length. ``sd_mm``: across and along the body.
    ``valve_mm``: the middle of the valve, so far down the axis. ``rise_mm``: the left main over the root's middle.
    ``agreement`` (0 to 1): how well image, carina and bottom of the heart agree.
    """

    slice: float
    row: float
    column: float
    radius_mm: float
    axis: tuple[float, float, float]
    sd_mm: tuple[float, float]
    agreement: float
    valve_mm: float
    rise_mm: float

    def center(self, frame: Frame) -> F64:
        """(slice, row, column) of the middle of the root: on its axis, half way in height between both ostia."""
        along = self.rise_mm / self.axis[0]
        return np.asarray(
            np.array([self.slice, self.row, self.column]) + along * np.array(self.axis) / np.array(frame.mm)
        )


def root(frame: Frame, track: Ascending, heights: Levels, settings: RootSettings = RootSettings()) -> Root:
    """The height at which image and distances agree best, and its spread."""
    step = frame.mm[0]
    beyond = int(settings.beyond_mm / step)
    at = np.arange(int(track.slices[0]) - (beyond if track.slices[0] == 0 else 0), int(track.slices[-1]) + 1)
    seen = _seen(frame, track, at, settings)
    # Courses that fit nowhere well say less about where they fit best.
    worst = -float(seen.max())
    seen = seen * min(1.0, settings.usual / max(worst, 1e-6))
    away = (at - heights.ostia) * step / heights.ostia_sd_mm
    told = -0.5 * np.minimum(away**2, settings.far)
    weight = np.exp((seen + told) - (seen + told).max())
    weight /= weight.sum()
    middle = float((weight * at).sum())
    sd = float(np.sqrt((weight * (at - middle) ** 2).sum())) * step
    by_image = np.exp(seen - seen.max())
    apart = abs(float((by_image * at).sum() / by_image.sum()) - middle) * step
    known = (heights.carina is not None) + (heights.lung_end is not None)
    agreement = max(float(np.exp(-0.5 * (apart / 15.0) ** 2)), settings.doubt) * (0.7, 0.9, 1.0)[known]
    agreement *= float(np.exp(-max(0.0, worst - 1.7 * settings.usual) / 6.0))
    outside = max(0.0, (track.slices[0] - middle) * step)
    row, column, axis = _axis(frame, track, middle, settings)
    near = np.abs(track.slices - middle) * step <= 12.0
    radius = float(np.median(track.radius_mm[near])) if near.any() else float(track.radius_mm[0])
    sd_mm = (float(np.hypot(3.0, 0.4 * outside)), float(np.hypot(max(sd, settings.least_sd_mm), outside)))
    agreement *= float(np.exp(-outside / 10.0))
    return Root(middle, row, column, radius, axis, sd_mm, agreement, settings.valve_mm, settings.rise_mm)


def courses(frame: Frame, track: Ascending) -> F64:
    """(4, slices): along the track how it stands out as a circle, fat behind, fat ahead, and the trunk's circle.

    Each over what it has above, and smoothed over about 6 mm.
    """
    step = frame.mm[0]
    size = max(1, round(15.0 / step))
    radius = ndimage.median_filter(track.radius_mm, size, mode="nearest")
    near = (radius + 1.0, radius + 11.0)

    def fat(low: float, high: float) -> F64:
        return sector_share(frame, track.slices, track.row, track.column, near, (low, high), (-200.0, -15.0))

    upper = max(3, round(40.0 / step))
    ahead, behind = fat(-120.0, -30.0), fat(0.0, 120.0)
    rows = (
        track.ring / max(1.0, float(np.median(track.ring[:upper]))),
        behind / max(0.2, float(np.percentile(behind, 95))),
        ahead / max(0.2, float(np.median(ahead[:upper]))),
        track.trunk.score / max(1.5, float(np.percentile(track.trunk.score, 90))),
    )
    smooth = max(1, round(6.0 / step))
    even = [ndimage.uniform_filter1d(np.clip(row, 0.0, 1.3), smooth, mode="nearest") for row in rows]
    return np.asarray(np.stack(even), dtype=np.float64)


def _seen(frame: Frame, track: Ascending, at: NDArray[np.intp], settings: RootSettings) -> F64:
    """For each slice the logarithm of how well the courses along the aorta fit the left main there."""
    expected = (settings.ring, settings.behind, settings.ahead, settings.trunk)
    where = at[:, None] - np.array(settings.heights_mm) / frame.mm[0]
    shown = (where >= track.slices[0] - 0.5) & (where <= track.slices[-1] + 0.5)
    total = np.zeros(len(at))
    for course, mean, sd in zip(courses(frame, track), expected, settings.spread, strict=True):
        value = np.interp(where, track.slices, course)
        off = np.minimum(((value - np.array(mean)) / sd) ** 2, 9.0)
        mean_off = (off * shown).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
        total -= 0.5 * settings.independent * mean_off
    return total


def _axis(
    frame: Frame, track: Ascending, middle: float, settings: RootSettings
) -> tuple[float, float, tuple[float, float, float]]:
    """Place at the height ``middle`` and direction below it: the line of the track around, with an expected bend."""
    step = frame.mm[0]
    height = (track.slices - middle) * step
    near = (height > -12.0) & (height < 16.0)
    if near.sum() < 2:
        near = np.abs(height) <= np.sort(np.abs(height))[min(1, len(height) - 1)]
    slopes, places = [], []
    for values, mm, (mean, sd), bend in (
        (track.row, frame.mm[1], settings.drift_back, 0.0),
        (track.column, frame.mm[2], settings.drift_left, settings.bend),
    ):
        # a line through the points (good to about 2 mm), its slope drawn to the expected one
        x, y = height[near], values[near] * mm
        spread = float(((x - x.mean()) ** 2).sum()) / 4.0
        own = float(((x - x.mean()) * (y - y.mean())).sum()) / 4.0
        line = (own + (mean - bend) / sd**2) / (spread + 1.0 / sd**2)
        places.append((float(y.mean()) - line * float(x.mean())) / mm)
        known = spread / (1.0 + spread * settings.track_sd**2)
        slopes.append((known * (own / max(spread, 1e-9) + bend) + mean / sd**2) / (known + 1.0 / sd**2))
    axis = np.array([1.0, slopes[0], slopes[1]])
    axis /= np.linalg.norm(axis)
    return places[0], places[1], (float(axis[0]), float(axis[1]), float(axis[2]))
