"""The aorta of a mask: one line from the valve to the fork, parted; or the two limbs that the field shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Landmark, Plane, Tube
from calcimetry.locate.masks.block import Block, Masks
from calcimetry.locate.masks.line import Line, by_height, centre_line, way
from calcimetry.locate.masks.settings import MaskSettings

__all__ = ["Aorta", "aorta"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Aorta:
    """Tubes by name; root and valve where the mask begins inside the image. ``radius_mm``: at the root."""

    tubes: dict[str, Tube] = field(default_factory=dict)
    root: Landmark | None = None
    valve: Plane | None = None
    radius_mm: float = 0.0


def aorta(
    masks: Masks, spine: Tube | None, hiatus_mm: float | None, settings: MaskSettings = MaskSettings()
) -> Aorta | None:
    """Follow the mask.

    Parameters
    ----------
    spine : Tube or None
        Tells what lies in front of it from what lies beside it.
    hiatus_mm : float or None
        Height (LPS z) at which thoracic and abdominal aorta part.
    """
    block = masks.block(("aorta",), settings.grid_mm)
    if block is None:
        return None
    sure = settings.believed * masks.confidence["aorta"]
    labels, count = ndimage.label(block.bits, np.ones((3, 3, 3), dtype=bool))
    sizes = np.bincount(labels[block.bits], minlength=count + 1)
    tubes: dict[str, Tube] = {}
    up: Line | None = None
    for number in np.argsort(-sizes)[:3]:
        piece = block.only(labels == number)
        if number == 0 or piece.ml < settings.least_ml:
            continue
        line = centre_line(piece)
        if line is not None and way(line.points_mm)[-1] < settings.stub * float(np.median(line.radius_mm)):
            line = by_height(piece)
        if line is None:
            continue
        rising, over, falling = _limbs(line, spine, settings)
        if rising is not None and "ascending" not in tubes:
            up = rising
            tubes["ascending"] = _tube(rising, sure, settings)
        if over is not None and "arch" not in tubes:
            tubes["arch"] = _tube(over, sure, settings)
        if falling is not None and "descending" not in tubes and "abdominal" not in tubes:
            tubes |= _down(falling, hiatus_mm, sure, settings)
    if not tubes:
        return None
    if up is None or _begins_outside(block, up):
        return Aorta(tubes)
    return _from_valve(tubes, up, sure, settings)


def _limbs(line: Line, spine: Tube | None, settings: MaskSettings) -> tuple[Line | None, Line | None, Line | None]:
    """Ascending (from below up), arch, descending (from the top down): what there is of them."""
    ends = [_in_front(line.points_mm[part], spine) for part in (slice(0, 4), slice(-4, None))]
    if ends[0] < ends[1]:
        line, ends = line.turned(), ends[::-1]
    front = [one > settings.front_mm for one in ends]
    if spine is None:
        # Without a spine only both limbs together can be told apart.
        front = [True, ends[0] - ends[1] < 25.0]
    z = line.points_mm[:, 2]
    if front[0] and front[1]:
        return (line if z[-1] > z[0] else line.turned()), None, None
    if not front[0]:
        return None, None, (line if z[0] > z[-1] else line.turned())
    top = int(z.argmax())
    radius = float(np.median(line.radius_mm[max(0, top - 4) : top + 5]))
    rising = np.flatnonzero(z[: top + 1] < z[top] - settings.rise * radius)
    falling = np.flatnonzero(z[top:] < z[top] - settings.fall * radius)
    first = int(rising[-1]) + 1 if len(rising) else 0
    last = top + int(falling[0]) if len(falling) else len(z) - 1
    parts = (line.part(0, first + 1), line.part(first, last + 1), line.part(last, len(z)))
    up, over, down = (one if len(one.points_mm) >= 2 else None for one in parts)
    return up, over, down


def _in_front(points: F64, spine: Tube | None) -> float:
    """How far in front of the middle of the spine [mm]; of nothing in particular where no spine is known."""
    back = points[:, 1].mean()
    if spine is None:
        return float(-back)
    order = np.argsort(spine.points_mm[:, 2])
    return float(np.interp(points[:, 2].mean(), spine.points_mm[order, 2], spine.points_mm[order, 1]) - back)


def _down(line: Line, hiatus_mm: float | None, sure: float, settings: MaskSettings) -> dict[str, Tube]:
    below = np.zeros(len(line.points_mm), dtype=bool) if hiatus_mm is None else line.points_mm[:, 2] < hiatus_mm
    first = int(below.argmax()) if below.any() else len(below)
    out = {}
    for name, part in (("descending", line.part(0, first + 1)), ("abdominal", line.part(first, len(below)))):
        if len(part.points_mm) >= 2:
            out[name] = _tube(part, sure, settings)
    return out


def _begins_outside(block: Block, up: Line) -> bool:
    """Whether the image ends where the line begins."""
    lowest = block.first_mm[2] - block.mm * (len(block.bits) - 1)
    return block.cut[1] and bool(up.points_mm[0, 2] < lowest + 6.0 + 12.0)


def _from_valve(tubes: dict[str, Tube], up: Line, sure: float, settings: MaskSettings) -> Aorta:
    along = way(up.points_mm)
    at = min(settings.root_mm, float(along[-1]))
    root = np.array([np.interp(at, along, axis) for axis in up.points_mm.T])
    start = up.points_mm[0]
    axis = (root - start) / max(float(np.linalg.norm(root - start)), 1e-6)
    # Shorter than the way to the ostia: the field has cut it above.
    sure = sure if along[-1] >= settings.root_mm else 0.4 * sure
    across, spread = settings.sd_mm + 1.0, settings.end_sd_mm
    sd = np.sqrt((axis * spread) ** 2 + (1.0 - axis**2) * across**2)
    point = Landmark(_three(root), _three(sd), round(sure, 2))
    plane = Plane(_three(start), _three(axis), spread, round(sure, 2))
    return Aorta(tubes, point, plane, float(np.interp(at, along, up.radius_mm)))


def _tube(line: Line, sure: float, settings: MaskSettings) -> Tube:
    return Tube(
        line.points_mm.copy(), line.radius_mm.copy(), np.full(len(line.points_mm), settings.sd_mm), round(sure, 2)
    )


def _three(values: F64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
