"""The trachea from the top of the field to where it parts, where the field shows enough of it to be sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.spine import Spine

__all__ = ["Airway", "AirwaySettings", "airway"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AirwaySettings:
    """What a trachea looks like in a slice.

    hu : air of the trachea, blocks of 2 mm.
    area_mm2 : a windpipe of 10 to 30 mm width.
    ahead_mm, aside_mm : where it lies before the vertebral centre, and to either side.
    other_mm, other_share : two airways side by side within this distance of the spine, in more than this share of the
        slices, are the main bronchi.
    slant : farthest move of its centre [mm per mm].
    least_mm : shorter tracks are not believed: a field may begin below the carina, on a main bronchus.
    head_share : a slice with a smaller share of the largest area of lung lies at the top of the chest; the trachea is
        followed from there or from the top of the field, never from amid the lungs, where gas is of other kinds.
    head_mm : so near to the top of the field it may also begin.
    parting : where its width passes this multiple of the median, or its area falls below the share, it has parted.
    """

    hu: float = -650.0
    area_mm2: tuple[float, float] = (60.0, 700.0)
    ahead_mm: tuple[float, float] = (8.0, 85.0)
    aside_mm: float = 35.0
    other_mm: float = 45.0
    other_share: float = 0.4
    slant: float = 1.5
    least_mm: float = 25.0
    parting: float = 1.5
    share: float = 0.55
    head_share: float = 0.4
    head_mm: float = 15.0


@dataclass(frozen=True, eq=False)
class Airway:
    """Slice, row, column and area [mm²] of the trachea from above down; whether its end is the carina."""

    slices: NDArray[np.intp]
    row: F64
    column: F64
    area_mm2: F64
    parted: bool


@dataclass(frozen=True, slots=True)
class _Spot:
    row: float
    column: float
    area_mm2: float
    width_mm: float


def airway(frame: Frame, spine: Spine, settings: AirwaySettings = AirwaySettings()) -> Airway | None:
    """Follow the trachea down; ``None`` where less than ``least_mm`` of it are shown."""
    best: list[tuple[int, _Spot]] = []
    parted = False
    area = frame.lung.sum(axis=(1, 2))
    head = int(np.flatnonzero(area > settings.head_share * area.max())[0])
    start, last = 0, max(head, frame.slices(settings.head_mm))
    while start <= min(last, frame.shape[0] - 1):
        chain, ended = _chain(frame, spine, start, settings)
        if len(chain) > len(best) and not _paired(frame, spine, chain, settings):
            best, parted = chain, ended
        # a chain that begins lower is only a piece of this one, or another
        start = chain[-1][0] + 1 if chain else start + 1
        if len(best) * frame.mm[0] >= settings.least_mm:
            break
    if len(best) * frame.mm[0] < settings.least_mm:
        return None
    spots = [spot for _, spot in best]
    return Airway(
        np.array([k for k, _ in best]),
        np.array([spot.row for spot in spots]),
        np.array([spot.column for spot in spots]),
        np.array([spot.area_mm2 for spot in spots]),
        parted,
    )


def _paired(frame: Frame, spine: Spine, chain: list[tuple[int, _Spot]], settings: AirwaySettings) -> bool:
    """Whether another airway of like size runs beside this one."""
    twins = 0
    for k, own in chain:
        others = _spots(frame, spine, k, settings, settings.other_mm, any_shape=True)
        like = [
            s for s in others if s.area_mm2 > 0.4 * own.area_mm2 and abs(s.column - own.column) * frame.mm[2] > 15.0
        ]
        twins += any(abs(s.row - own.row) * frame.mm[1] < 25.0 for s in like)
    return twins > settings.other_share * len(chain)


def _chain(frame: Frame, spine: Spine, start: int, settings: AirwaySettings) -> tuple[list[tuple[int, _Spot]], bool]:
    """Spots of neighbouring slices from ``start`` down, and whether the airway parts at the end."""
    chain: list[tuple[int, _Spot]] = []
    step = settings.slant * frame.mm[0] + 3.0
    for k in range(start, frame.shape[0]):
        found = _spots(frame, spine, k, settings, settings.aside_mm)
        if not chain:
            if not found:
                return chain, False
            aside = [abs(spot.column - spine.column[k]) for spot in found]
            chain.append((k, found[int(np.argmin(aside))]))
            continue
        last = chain[-1][1]
        gaps = [np.hypot(s.row - last.row, s.column - last.column) * frame.mm[2] for s in found]
        spots = [spot for _, spot in chain]
        width = float(np.median([spot.width_mm for spot in spots]))
        area = float(np.median([spot.area_mm2 for spot in spots]))
        if not gaps or min(gaps) > step:
            return chain, len(chain) * frame.mm[0] >= settings.least_mm
        nearest = found[int(np.argmin(gaps))]
        if nearest.width_mm > settings.parting * width or nearest.area_mm2 < settings.share * area:
            return chain, True
        chain.append((k, nearest))
    return chain, False


def _spots(
    frame: Frame, spine: Spine, k: int, settings: AirwaySettings, aside_mm: float, *, any_shape: bool = False
) -> list[_Spot]:
    """Bodies of air in front of the spine that may be a cut through the trachea."""
    low, high = settings.ahead_mm
    j0 = max(0, round(spine.row[k] - high / frame.mm[1]))
    j1 = max(j0 + 1, round(spine.row[k] - low / frame.mm[1]))
    half = frame.columns(aside_mm)
    i0 = max(0, round(spine.column[k]) - half)
    part = frame.hu[k, j0:j1, i0 : round(spine.column[k]) + half + 1] < settings.hu
    labels, count = ndimage.label(part)
    out = []
    for n, box in enumerate(ndimage.find_objects(labels), start=1):
        own = labels[box] == n
        area = float(own.sum()) * frame.mm[1] * frame.mm[2]
        height, width = (own.shape[0] * frame.mm[1], own.shape[1] * frame.mm[2])
        cut = box[1].start == 0 or box[1].stop == part.shape[1] or box[0].start == 0 or box[0].stop == part.shape[0]
        round_ = area > 0.5 * height * width and max(height, width) < 2.2 * min(height, width)
        fits = settings.area_mm2[0] <= area <= settings.area_mm2[1] * (2.0 if any_shape else 1.0)
        if cut or not (round_ or any_shape) or not fits:
            continue
        rows, columns = np.nonzero(own)
        row, column = float(rows.mean()) + box[0].start + j0, float(columns.mean()) + box[1].start + i0
        out.append(_Spot(row, column, area, width))
    return out if count else []
