"""The heart of its mask, or of those of its chambers: middle, apex, bottom, mitral valve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Landmark, Plane
from calcimetry.locate.masks.block import Block, Masks, largest
from calcimetry.locate.masks.settings import MaskSettings

__all__ = ["CHAMBERS", "HEART", "HeartMask", "heart", "mitral"]

F64 = NDArray[np.float64]

CHAMBERS = (
    "heart_myocardium",
    "heart_atrium_left",
    "heart_atrium_right",
    "heart_ventricle_left",
    "heart_ventricle_right",
)
HEART = ("heart", *CHAMBERS, "atrial_appendage_left", "coronary_arteries")
"""Classes that are parts of the heart."""

_TO_APEX = np.array([0.62, -0.45, -0.64])
"""From the root to the apex in most people: left, back, head."""


@dataclass(frozen=True, eq=False)
class HeartMask:
    """``block``: the whole of it. ``bottom_mm``: its lowest height, ``None`` where the field cuts it.

    ``usual_apex_mm``: the apex as the image alone would tell it; expected courses of arteries are laid out by that one.
    """

    block: Block
    middle: Landmark
    apex: Landmark
    bottom_mm: float | None
    believed: float
    usual_apex_mm: F64


def heart(masks: Masks, root_mm: F64 | None, settings: MaskSettings = MaskSettings()) -> HeartMask | None:
    """What the masks show of it.

    Parameters
    ----------
    root_mm : (3,) float64 or None
        The root of the aorta; the middle is that of what lies below it.
    """
    own = masks.named(HEART)
    whole = "heart" in own or sum(name in own for name in CHAMBERS) >= 4
    block = masks.block(own, settings.grid_mm) if whole else None
    if block is None:
        return None
    closed = ndimage.binary_closing(block.bits, np.ones((3, 3, 3), dtype=bool))
    block = block.only(largest(ndimage.binary_fill_holes(closed | block.bits)))
    points = block.points_mm
    if root_mm is not None and (points[:, 2] < root_mm[2]).sum() > 1000:
        points = points[points[:, 2] < root_mm[2]]
    sure = settings.believed * min(masks.confidence[name] for name in own if name != "coronary_arteries")
    apart = [block.cut[0], block.cut[1]]
    sure = round(sure * (0.7 if any(apart) else 1.0), 2)
    start = points.mean(axis=0) if root_mm is None else root_mm
    direction = _to_apex(points.mean(axis=0) - start)
    left = masks.block(("heart_ventricle_left", "heart_myocardium"), settings.grid_mm)
    tip, spread = points, 10.0
    if left is not None and masks.has("heart_atrium_left", "heart_ventricle_left"):
        ventricle, atrium = (masks.block((f"heart_{one}_left",), 3.0) for one in ("ventricle", "atrium"))
        if ventricle is not None and atrium is not None:
            direction = ventricle.points_mm.mean(axis=0) - atrium.points_mm.mean(axis=0)
            direction /= np.linalg.norm(direction)
            tip, spread = left.points_mm, 5.0
    apex, usual = _furthest(tip, start, direction), _furthest(points, start, _TO_APEX)
    bottom = None if block.cut[1] else float(np.percentile(block.points_mm[:, 2], 0.2))
    middle = Landmark(_three(points.mean(axis=0)), (3.0, 3.0, 3.0), sure)
    return HeartMask(block, middle, Landmark(_three(apex), (spread, spread, spread), sure), bottom, sure, usual)


def _furthest(points: F64, start: F64, direction: F64) -> F64:
    reach = (points - start) @ direction
    return np.asarray(points[reach >= np.percentile(reach, 99.7)].mean(axis=0))


def _to_apex(to_middle: F64) -> F64:
    """Unit vector: halfway between where the apex lies in most people and where this heart's middle lies."""
    length = float(np.linalg.norm(to_middle))
    way = _TO_APEX / np.linalg.norm(_TO_APEX) + (to_middle / length if length > 5.0 else 0.0)
    return np.asarray(way / np.linalg.norm(way))


def mitral(masks: Masks, settings: MaskSettings = MaskSettings()) -> Plane | None:
    """Where left atrium and left ventricle meet; the normal points to the apex."""
    if not masks.has("heart_atrium_left", "heart_ventricle_left"):
        return None
    both = masks.block(("heart_atrium_left", "heart_ventricle_left"), settings.grid_mm)
    if both is None:
        return None
    labels = masks.labels_at(both)
    atrium, ventricle = (labels == masks.label_of((f"heart_{one}_left",))[0] for one in ("atrium", "ventricle"))
    ball = ndimage.generate_binary_structure(3, 1)
    meet = ndimage.binary_dilation(atrium, ball, 2) & ndimage.binary_dilation(ventricle, ball, 2)
    if meet.sum() < 20:
        return None
    points = both.to_lps(np.argwhere(meet))
    middle = points.mean(axis=0)
    normal = np.linalg.svd(points - middle, full_matrices=False)[2][2]
    to_apex = both.to_lps(np.argwhere(ventricle)).mean(axis=0) - both.to_lps(np.argwhere(atrium)).mean(axis=0)
    normal = normal if normal @ to_apex > 0 else -normal
    sure = settings.believed * min(masks.confidence[f"heart_{one}_left"] for one in ("atrium", "ventricle"))
    return Plane(_three(middle), _three(normal), 5.0, round(sure, 2))


def _three(values: F64) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
