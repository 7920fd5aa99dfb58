"""Heights by which the rest is found: the bottom of the heart, and where it stands to the carina."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.locate.heart.airway import Airway
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.spine import Spine

__all__ = ["LevelSettings", "Levels", "heart_bottom", "levels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSettings:
    """How the bottom of the heart is read from the lung in front of it.

    share : the lowest slice with this share of the largest area of lung left in front is where the lung ends.
    end_mm : the lung must end so much above the end of the field, else its end is not shown.
    below_mm : the heart ends about so much below the end of that lung (mean, spread) ...
    height_mm : ... and so much below the left main.
    apart_mm : where the two differ by more, the end of the lung is another's (a deep recess, a high dome).
    carina_mm, bottom_mm : the left main lies so much below the carina and above the end of that lung (mean, spread).
    short_mm, between_mm : an airway shorter than this parts at a carina only if that lies so far above that lung's end.
    top_mm : and so much below the top of a field that shows neither: such fields are made for the heart.
    """

    share: float = 0.12
    end_mm: float = 8.0
    below_mm: tuple[float, float] = (3.0, 13.0)
    height_mm: tuple[float, float] = (82.0, 9.0)
    apart_mm: float = 28.0
    carina_mm: tuple[float, float] = (45.0, 10.0)
    bottom_mm: tuple[float, float] = (96.0, 14.0)
    top_mm: tuple[float, float] = (35.0, 22.0)
    short_mm: float = 45.0
    between_mm: float = 105.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Slices (not rounded) of the carina, of the end of the front lung, of the heart's bottom; ``None``: not shown.

    ``ostia``: where these distances put the left main, and the spread of that [mm].
    """

    carina: float | None
    lung_end: float | None
    bottom: float | None
    ostia: float
    ostia_sd_mm: float


def levels(
    frame: Frame, spine: Spine, down: Descending, air: Airway | None, settings: LevelSettings = LevelSettings()
) -> Levels:
    """Both ends of what can be measured from."""
    carina = float(air.slices[-1]) + 0.5 if air is not None and air.parted else None
    ends = [_lung_end(frame, spine, down, side, settings) for side in (1, -1)]
    left, right = ends
    # The left one lies beside the apex; the right one ends on the dome of the liver, often a little higher.
    end = left if left is not None else right
    bottom = None if end is None else end + settings.below_mm[0] / frame.mm[0]
    if carina is not None and end is not None and air is not None:
        # A short airway at the top of a field that ends close by is a main bronchus.
        short = len(air.slices) * frame.mm[0] < settings.short_mm
        carina = None if short and (end - carina) * frame.mm[0] < settings.between_mm else carina
    told = [(carina + settings.carina_mm[0] / frame.mm[0], settings.carina_mm[1])] if carina is not None else []
    if end is not None:
        told.append((end - settings.bottom_mm[0] / frame.mm[0], settings.bottom_mm[1]))
    if not told:
        told = [(settings.top_mm[0] / frame.mm[0], settings.top_mm[1])]
    at, sd = (np.array(one) for one in zip(*told, strict=True))
    weight = 1.0 / sd**2
    middle = float((at * weight).sum() / weight.sum())
    # two that differ are worth less than their spreads say
    apart = float(np.ptp(at)) * frame.mm[0] / 2.0
    return Levels(carina, end, bottom, middle, float(np.hypot(weight.sum() ** -0.5, apart)))


def heart_bottom(
    frame: Frame, heights: Levels, ostia: float, ostia_sd_mm: float, settings: LevelSettings = LevelSettings()
) -> tuple[float, float] | None:
    """Slice of the heart's bottom and its spread [mm], once the left main is known; ``None``: below the field."""
    mk = frame.mm[0]
    told = [(ostia + settings.height_mm[0] / mk, float(np.hypot(settings.height_mm[1], ostia_sd_mm)))]
    if heights.lung_end is not None:
        end = heights.lung_end + settings.below_mm[0] / mk
        if abs(end - told[0][0]) * mk < settings.apart_mm:
            told.append((end, settings.below_mm[1]))
    at, sd = (np.array(one) for one in zip(*told, strict=True))
    weight = 1.0 / sd**2
    middle = float((at * weight).sum() / weight.sum())
    spread = float(np.hypot(weight.sum() ** -0.5, np.ptp(at) * mk / 4.0))
    return (middle, spread) if middle <= frame.shape[0] - 1 + 4.0 / mk else None


def _lung_end(frame: Frame, spine: Spine, down: Descending, side: int, settings: LevelSettings) -> float | None:
    area: NDArray[np.float64] = np.zeros(frame.shape[0])
    for k in range(frame.shape[0]):
        row = max(1, int(min(down.row[k], spine.row[k]) - 25.0 / frame.mm[1]))
        column = int(np.clip(spine.column[k], 1, frame.shape[2] - 1))
        part = frame.lung[k, :row, column:] if side > 0 else frame.lung[k, :row, :column]
        area[k] = part.sum()
    if area.max() * frame.mm[1] * frame.mm[2] < 600.0:
        return None
    last = int(np.flatnonzero(area >= settings.share * area.max())[-1])
    return float(last) if (frame.shape[0] - 1 - last) * frame.mm[0] >= settings.end_mm else None
