"""The great vessels as tubes of the frame: which part of each track is what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Tube
from calcimetry.locate.heart.airway import Airway
from calcimetry.locate.heart.arch import arch
from calcimetry.locate.heart.ascending import Ascending
from calcimetry.locate.heart.beside import Beside
from calcimetry.locate.heart.branches import branches
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.levels import Levels
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.spine import Spine

__all__ = ["VesselSettings", "great_vessels", "tube"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselSettings:
    """Where one part ends and the next begins.

    trunk_mm, vein_mm : the pulmonary trunk and the upper caval vein are looked for from so much below the left main
        to so much above.
    seen : a slice shows a neighbour of the aorta from this score on [HU/mm].
    least_mm : shorter pieces are not believed.
    hiatus_mm : the aorta passes the diaphragm so far below the left main (mean, spread), where the lung beside it ends.
    beside_mm : lung so near to the aorta is beside it.
    fork_mm : the aorta is not followed further than this below the left main.
    rival, better : another descending aorta is taken if it shows nearly as well (this share of the score), and the
        arch leads to it better by so much.
    least : an arch that is believed less is left out.
    good : ring score [HU/mm] that shows a vessel well.
    """

    trunk_mm: tuple[float, float] = (-12.0, 32.0)
    vein_mm: tuple[float, float] = (-12.0, 80.0)
    seen: float = 0.8
    least_mm: float = 8.0
    hiatus_mm: tuple[float, float] = (128.0, 18.0)
    beside_mm: float = 30.0
    fork_mm: float = 300.0
    rival: float = 0.5
    better: float = 0.4
    least: float = 0.35
    good: float = 3.5


def great_vessels(
    frame: Frame,
    spine: Spine,
    air: Airway | None,
    up: Ascending,
    down: Descending,
    base: Root,
    heights: Levels,
    sure: float,
    settings: VesselSettings = VesselSettings(),
) -> dict[str, Tube]:
    """All tubes that were found, each with its spread and confidence.

    Parameters
    ----------
    sure : float
        Confidence that the ascending aorta is what it seems to be: its neighbours hang on it.
    """
    out = {}
    over = arch(frame, spine, up, down, base, heights)
    if down.other is not None and np.mean(down.other.score) > settings.rival * np.mean(down.score):
        # the gullet is a tube beside the spine as well, but no arch leads to it
        second = arch(frame, spine, up, down.other, base, heights)
        if second is not None and second.believed > settings.better + (0.0 if over is None else over.believed):
            over, down = second, down.other
    start = over.start if over is not None else int(up.slices[0])
    valve = base.slice + base.axis[0] * base.valve_mm / frame.mm[0]
    own = np.flatnonzero((up.slices >= start) & (up.slices <= valve))[::-1]
    if len(own) >= 2:
        # amid the heart the root has little of a border
        near = np.clip(1.0 - (valve - up.slices[own]) * frame.mm[0] / 25.0, 0.0, 1.0)
        line, radius = _leaning(frame, up, base)
        out["ascending"] = tube(frame, _even(frame, line[own]), radius[own], 2.0 + 2.0 * near, sure)
    if over is not None and over.believed > settings.least:
        out["arch"] = tube(frame, over.points, over.radius_mm, 3.0, round(min(over.believed, max(sure, 0.3)), 2))
        for name, one in branches(frame, spine, over, air).items():
            sd_mm = np.linspace(5.0, 3.5, len(one.points))
            out[name] = tube(frame, one.points, one.radius_mm, sd_mm, round(one.believed * over.believed, 2))
    out |= _down(frame, down, base, start if over is not None or heights.carina is not None else 0, settings)
    for name, beside, limits, spread in (
        ("pulmonary_trunk", up.trunk, settings.trunk_mm, 4.0),
        ("vena_cava_superior", up.vein, settings.vein_mm, 3.0),
    ):
        found = _beside(frame, up, beside, base, limits, spread, sure, settings)
        if found is not None:
            out[name] = found
    return out


def _leaning(frame: Frame, up: Ascending, base: Root) -> tuple[F64, F64]:
    """The track and its radius, below the left main along the root's axis: there the circles of chambers mislead it."""
    line = np.stack([up.slices, up.row, up.column], axis=1).astype(np.float64)
    below = np.maximum((up.slices - base.slice) * frame.mm[0], 0.0)
    low = below > 0.0
    away = below[:, None] / base.axis[0] * np.array(base.axis[1:]) / np.array(frame.mm[1:])
    line[low, 1:] = np.array([base.row, base.column]) + away[low]
    return line, np.where(low, base.radius_mm, up.radius_mm)


def _even(frame: Frame, line: F64) -> F64:
    """A line of whole blocks, smoothed over about 9 mm."""
    size = max(1, frame.slices(9.0))
    line[:, 1:] = ndimage.uniform_filter1d(line[:, 1:], size, axis=0, mode="nearest")
    return line


def _down(frame: Frame, down: Descending, base: Root, first: int, settings: VesselSettings) -> dict[str, Tube]:
    """Descending aorta to the diaphragm, abdominal aorta below it."""
    mk, mj, mi = frame.mm
    last = min(frame.shape[0] - 1, int(base.slice + settings.fork_mm / mk))
    ks = np.arange(first, last + 1)
    if len(ks) < 2:
        return {}
    beside = np.zeros(len(ks), dtype=bool)
    reach = settings.beside_mm
    for n, k in enumerate(ks):
        j, i = down.row[k], down.column[k]
        rows = slice(max(0, int(j - 10.0 / mj)), int(j + reach / mj))
        columns = slice(max(0, int(i - (reach + down.radius_mm[k]) / mi)), int(i + (reach + down.radius_mm[k]) / mi))
        beside[n] = frame.lung[k, rows, columns].mean() > 0.04 if frame.lung[k, rows, columns].size else False
    expected = base.slice + settings.hiatus_mm[0] / mk
    ends = float(ks[np.flatnonzero(beside)[-1]]) if beside.any() else expected
    if ends >= frame.shape[0] - 2:  # the lung goes on to the end of the field
        hiatus = max(expected, ends)
    else:
        low, high = (expected + s * settings.hiatus_mm[1] / mk for s in (-1.5, 1.5))
        hiatus = float(np.clip(ends, low, high))
    out = {}
    for name, own in (("descending", ks[ks <= hiatus]), ("abdominal", ks[ks > hiatus])):
        if len(own) < 2:
            continue
        line = np.stack([own.astype(np.float64), down.row[own], down.column[own]], axis=1)
        seen = float(np.clip(np.median(down.score[own]) / settings.good, 0.0, 1.0))
        out[name] = tube(frame, line, down.radius_mm[own], 2.0, round(seen, 2))
    return out


def _beside(
    frame: Frame,
    up: Ascending,
    beside: Beside,
    base: Root,
    limits: tuple[float, float],
    spread: float,
    sure: float,
    settings: VesselSettings,
) -> Tube | None:
    """The longest piece between two heights that shows well, from below up."""
    height = (base.slice - up.slices) * frame.mm[0]
    good = (beside.score > settings.seen) & (height >= limits[0]) & (height <= limits[1])
    good = ndimage.binary_closing(good, np.ones(max(1, frame.slices(10.0)) // 2 * 2 + 1)) & (height >= limits[0])
    labels, count = ndimage.label(good)
    if count == 0:
        return None
    own = np.flatnonzero(labels == np.bincount(labels[good]).argmax())[::-1]
    if len(own) < 2 or len(own) * frame.mm[0] < settings.least_mm:
        return None
    line = np.stack([up.slices.astype(np.float64), beside.row, beside.column], axis=1)[own]
    believed = float(np.clip(np.mean(beside.score[own]) / settings.good, 0.0, 1.0)) * max(sure, 0.1)
    radius = ndimage.uniform_filter1d(beside.radius_mm[own], max(1, frame.slices(9.0)), mode="nearest")
    return tube(frame, _even(frame, line), radius, spread, round(believed, 2))


def tube(frame: Frame, line: F64, radius_mm: F64 | float, sd_mm: F64 | float, confidence: float) -> Tube:
    """A line (n, 3) of (slice, row, column) as a tube in patient space."""
    points = frame.to_lps(line)
    radius, sd = (
        np.broadcast_to(np.asarray(one, dtype=np.float64), (len(points),)).copy() for one in (radius_mm, sd_mm)
    )
    return Tube(points, radius, sd, confidence)
