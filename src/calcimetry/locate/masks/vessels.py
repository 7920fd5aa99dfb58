"""Spine, airway and the vessels beside the aorta, from their masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Landmark, Tube
from calcimetry.locate.masks.block import Masks, largest
from calcimetry.locate.masks.line import by_height, centre_line
from calcimetry.locate.masks.settings import MaskSettings

__all__ = ["airway", "branches", "hiatus_mm", "pulmonary_trunk", "spine", "vena_cava", "vertebra_points"]

F64 = NDArray[np.float64]

_BRANCHES = {
    "brachiocephalic": "brachiocephalic_trunk",
    "left_carotid": "common_carotid_artery_left",
    "left_subclavian": "subclavian_artery_left",
}


def vertebra_points(masks: Masks, settings: MaskSettings = MaskSettings()) -> dict[str, F64]:
    """Middle of the body of each vertebra (LPS) [mm]: where the mask is thickest, away from arch and processes."""
    out: dict[str, F64] = {}
    for name in masks.starting("vertebrae_"):
        block = masks.block((name,), settings.grid_mm)
        if block is None:
            continue
        deep = ndimage.distance_transform_edt(np.pad(block.bits, 1))[1:-1, 1:-1, 1:-1]
        out[name.removeprefix("vertebrae_")] = block.to_lps(np.argwhere(deep > 0.8 * deep.max())).mean(axis=0)
    return out


def spine(
    bodies: dict[str, F64], masks: Masks, found: Tube | None, settings: MaskSettings = MaskSettings()
) -> Tube | None:
    """Line through the vertebrae, from the top down; beyond them as the image shows it."""
    if len(bodies) < 2:
        return found
    points = np.array(sorted(bodies.values(), key=lambda one: -one[2]))
    if found is not None:
        pitch = float(np.median(-np.diff(points[:, 2])))
        z = found.points_mm[:, 2]
        above, below = found.points_mm[z > points[0, 2] + pitch], found.points_mm[z < points[-1, 2] - pitch]
        points = np.concatenate([above[np.argsort(-above[:, 2])], points, below[np.argsort(-below[:, 2])]])
    count = max(2, int((points[0, 2] - points[-1, 2]) / 5.0))
    z = np.linspace(points[0, 2], points[-1, 2], count)
    line = np.stack([np.interp(-z, -points[:, 2], points[:, axis]) for axis in (0, 1)] + [z], axis=1)
    sure = settings.believed * float(np.mean([masks.confidence[f"vertebrae_{name}"] for name in bodies]))
    return Tube(line, np.full(count, settings.spine_mm), np.full(count, settings.spine_sd_mm), round(sure, 2))


def hiatus_mm(bodies: dict[str, F64]) -> float | None:
    """Height (LPS z) of the lower border of the twelfth thoracic vertebra, where the aorta passes the diaphragm."""
    if "T12" in bodies and "L1" in bodies:
        return float((bodies["T12"][2] + bodies["L1"][2]) / 2.0)
    if "T12" in bodies and "T11" in bodies:
        return float(1.5 * bodies["T12"][2] - 0.5 * bodies["T11"][2])
    return None


def airway(masks: Masks, settings: MaskSettings = MaskSettings()) -> tuple[Tube, Landmark | None] | None:
    """The windpipe from the top down to where it parts; the carina where the mask shows the parting or ends."""
    block = masks.block(("trachea",), settings.grid_mm)
    if block is None:
        return None
    sure = round(settings.believed * masks.confidence["trachea"], 2)
    kept = block.only(largest(block.bits))
    heights = np.flatnonzero(kept.bits.any(axis=(1, 2)))
    usual = float(np.median([np.ptp(np.flatnonzero(kept.bits[k].any(axis=0))) + 1 for k in heights]))
    points, area = [], []
    parted = False
    for k in heights:
        index = np.argwhere(kept.bits[k])
        wide = np.ptp(index[:, 1]) + 1
        # (the upper half may widen towards the larynx)
        if (wide > settings.split * usual or ndimage.label(kept.bits[k])[1] > 1) and k > np.median(heights):
            parted = True
            break
        points.append((float(k), *index.mean(axis=0)))
        area.append(len(index) * kept.mm**2)
    if len(points) < 3:
        return None
    line = kept.to_lps(np.array(points))
    radius = ndimage.uniform_filter1d(np.sqrt(np.array(area) / np.pi), 5, mode="nearest")
    tube = Tube(line, radius, np.full(len(line), settings.sd_mm), sure)
    if not parted and kept.cut[1]:
        return tube, None
    x, y, z = (float(one) for one in line[-1])
    return tube, Landmark((x, y, z), (2.0, 2.0, 3.0 if parted else settings.end_sd_mm), sure)


def pulmonary_trunk(masks: Masks, settings: MaskSettings = MaskSettings()) -> Tube | None:
    """The pulmonary trunk from below up to about its fork: the front half of the mask, as both branches run back."""
    block = masks.block(("pulmonary_artery",), settings.grid_mm)
    if block is None:
        return None
    front = block.bits.copy()
    front[:, int(np.argwhere(front)[:, 1].mean()) :] = False
    line = centre_line(block.only(largest(front))) if front.any() else None
    if line is None:
        return None
    line = line if line.points_mm[0, 2] < line.points_mm[-1, 2] else line.turned()
    sd = np.full(len(line.points_mm), settings.sd_mm + 0.5)
    sure = round(settings.believed * masks.confidence["pulmonary_artery"], 2)
    return Tube(line.points_mm.copy(), line.radius_mm.copy(), sd, sure)


def vena_cava(masks: Masks, settings: MaskSettings = MaskSettings()) -> Tube | None:
    """The superior vena cava, from below up."""
    block = masks.block(("superior_vena_cava",), settings.grid_mm)
    if block is None:
        return None
    line = by_height(block)
    if line is None:
        return None
    sure = round(settings.believed * masks.confidence["superior_vena_cava"], 2)
    return Tube(line.points_mm, line.radius_mm, np.full(len(line.points_mm), settings.sd_mm), sure)


def branches(masks: Masks, arch: Tube | None, settings: MaskSettings = MaskSettings()) -> dict[str, Tube]:
    """The great arteries, each from the arch on."""
    out: dict[str, Tube] = {}
    for name, own in _BRANCHES.items():
        block = masks.block((own,), settings.grid_mm / 1.5)
        line = None if block is None else centre_line(block.only(largest(block.bits)))
        if line is None:
            continue
        ends = line.points_mm[[0, -1]]
        if arch is not None:
            far = np.linalg.norm(ends[:, None] - arch.points_mm, axis=2).min(axis=1)
        else:
            far = ends[:, 2]
        line = line if far[0] <= far[1] else line.turned()
        sd = np.full(len(line.points_mm), settings.sd_mm)
        sure = round(settings.believed * masks.confidence[own], 2)
        out[name] = Tube(line.points_mm.copy(), line.radius_mm.copy(), sd, sure)
    return out
