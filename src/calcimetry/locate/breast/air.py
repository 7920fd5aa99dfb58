"""Air and breast: a smooth ground fitted to the air, and the largest body that stands out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.breast.coarse import Bits, Coarse, smooth
from calcimetry.locate.breast.settings import BreastSettings

__all__ = ["Silhouette", "silhouette"]

_LIGHTEST_AIR = 0.45
"""Ours: grey of the air over that of dense tissue; film has 0.1 to 0.25, detectors 0."""


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The breast on the reduced image, what else stands out of the air, and how sure that is."""

    breast: Bits
    others: Bits
    chest: str
    """Side of the image on which the chest wall lies: ``left``, ``right``, ``top`` or ``bottom``."""
    air: float
    dense: float
    confidence: float


def _air_level(values: NDArray[np.float32], low: float, high: float) -> tuple[float, float]:
    """Grey of the air and its spread: the darkest narrow band in the lower part of the range that is full.

    Darker but small ones (a blacked-out name) are none; a fuller but lighter one may be the fat.
    """
    width = 0.03 * (high - low)
    centers = np.linspace(low, low + 0.45 * (high - low), 40)
    counts = [int((np.abs(values - c) <= width).sum()) for c in centers]
    full = next(n for n, count in enumerate(counts) if count >= 0.3 * max(counts))
    center = float(centers[max(range(full, min(full + 4, len(counts))), key=counts.__getitem__)])
    near = values[np.abs(values - center) <= 2 * width]
    level = float(np.median(near)) if near.size else low
    below = level - near[near <= level]
    return level, float(1.48 * np.median(below)) if below.size else 0.0


def _ground(image: NDArray[np.float32], sure: Bits) -> NDArray[np.float32]:
    """A second-order surface through the air: film gets lighter to its sides, and where light leaked in."""
    rows, columns = np.nonzero(sure)
    r, c = rows / image.shape[0] - 0.5, columns / image.shape[1] - 0.5
    values = image[sure]
    terms = np.stack([np.ones_like(r), r, c, r * r, r * c, c * c], axis=1)
    solution, *_ = np.linalg.lstsq(terms, values, rcond=None)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    y, x = y / image.shape[0] - 0.5, x / image.shape[1] - 0.5
    surface = sum(k * t for k, t in zip(solution, (1.0, y, x, y * y, y * x, x * x), strict=True))
    # The fit says nothing of places far from any air.
    return np.asarray(np.clip(surface, values.min(), np.percentile(values, 95)), np.float32)


def _outer(sure: Bits, live: Bits, radius: int) -> Bits:
    """Air is wide, and it reaches the border; dark patches between lobes are neither."""
    wide = _opened(sure, radius)
    labels, _ = ndimage.label(wide)
    # (what was cut away as padding or frame is a border, too)
    ring = live & ~ndimage.binary_erosion(live, iterations=3)
    sizes = np.bincount(labels.ravel())
    kept = [n for n in np.unique(labels[ring]) if n and sizes[n] > 0.02 * sure.size]
    return np.asarray(np.isin(labels, kept), bool)


def silhouette(image: Coarse, live: Bits, settings: BreastSettings) -> Silhouette | None:
    """The breast as one filled body; ``None`` where nothing stands out of anything.

    ``live`` is the part that was exposed and is no frame. Where there is no air at all (magnified views), all of it is
    breast, with less confidence.
    """
    fine = np.asarray(ndimage.median_filter(image.pixels, 3, mode="nearest"), np.float32)
    fine = smooth(fine, max(1.0, settings.working_mm / image.mm))
    values = fine[live]
    if values.size < 100:
        return None
    low, high = (float(v) for v in np.percentile(values, (1, 99)))
    if high <= low:
        return None
    air, spread = _air_level(values, low, high)
    above = values[values > air + 0.15 * (high - air)]
    dense = float(np.median(above)) if above.size else high
    sure = live & (fine < air + 0.08 * (dense - air) + 3 * spread)
    sure = _outer(sure, live, image.px(settings.open_mm))
    air_share = float(sure.sum()) / values.size
    # Air lets nearly all the light or rays through: grey that is half as dense as gland is fat.
    floor = min(0.0, float(image.pixels.min()))
    if air_share < 0.02 or air - floor > _LIGHTEST_AIR * (dense - floor):
        return Silhouette(live.copy(), np.zeros_like(live), _chest(live), low, dense, 0.4)
    ground = _ground(fine, sure)
    over = live & (fine > ground + np.maximum(4 * spread, settings.air_share * (dense - air)))
    radius = image.px(settings.open_mm)
    opened = _opened(over, radius)
    labels, count = ndimage.label(opened)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = labels == int(np.argmax(sizes))
    # Letters and markers may lie against the border like a breast; the breast is the largest by far.
    body = ndimage.binary_fill_holes(_reaching(body, over, radius)) & live
    others = over & ~ndimage.binary_dilation(body, iterations=max(1, radius // 2))
    share = float(body.sum()) / values.size
    confidence = 0.95 if 0.08 <= share <= 0.9 else 0.6
    second = float(np.sort(sizes)[-2]) if count > 1 else 0.0
    if second > 0.3 * float(sizes.max()):
        confidence = min(confidence, 0.6)
    return Silhouette(np.asarray(body, bool), np.asarray(others, bool), _chest(body), air, dense, confidence)


def _opened(mask: Bits, radius: int) -> Bits:
    """Opening with a disc, by distance: what a disc of this radius fits into. The border counts as mask."""
    padded = np.pad(mask, radius + 1, mode="edge")
    eroded = ndimage.distance_transform_edt(padded) > radius
    if not eroded.any():
        return np.zeros_like(mask)
    grown = ndimage.distance_transform_edt(~eroded) <= radius
    return np.asarray(grown[radius + 1 : -radius - 1, radius + 1 : -radius - 1], bool) & mask


def _reaching(body: Bits, over: Bits, radius: int) -> Bits:
    """The body with what the opening rounded off (nipple, corners), as far as it hangs together with it."""
    near = ndimage.binary_dilation(body, iterations=2 * radius) & over
    labels, _ = ndimage.label(near | body)
    kept = np.unique(labels[body])
    return np.asarray(np.isin(labels, kept[kept > 0]), bool)


def _chest(body: Bits) -> str:
    """The side along which the breast is cut off by the image: left or right, unless neither is touched."""
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    band = max(2, body.shape[1] // 60)
    left = float(body[:, columns[0] : columns[0] + band].mean(axis=1).round().sum())
    right = float(body[:, columns[-1] - band + 1 : columns[-1] + 1].mean(axis=1).round().sum())
    top = float(body[rows[0] : rows[0] + band].mean(axis=0).round().sum())
    bottom = float(body[rows[-1] - band + 1 : rows[-1] + 1].mean(axis=0).round().sum())
    height, width = len(rows), len(columns)
    if max(left, right) < 0.25 * height and max(top, bottom) > 0.4 * width:
        return "top" if top >= bottom else "bottom"
    return "left" if left >= right else "right"
