"""The form of one particle in numbers, on the image's own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from calcimetry.core.lesion import Mask
from calcimetry.describe.ring import ring_share
from calcimetry.describe.settings import ShapeSettings
from calcimetry.imaging.filters import median, percentile

__all__ = ["SHAPE", "Shape", "shape_of"]

F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]

SHAPE = (
    "diameter_mm",
    "length_mm",
    "width_mm",
    "thickness_mm",
    "elongation",
    "long_sd_mm",
    "short_sd_mm",
    "circularity",
    "solidity",
    "roughness",
    "filling",
    "hollow",
    "contrast",
    "unevenness",
    "peaks",
    "edge_mm",
    "halo",
    "depth_mm",
)
"""What is measured, in the order in which the fitted model takes it; see :class:`Shape`."""
_EDGE_MM = 0.3
_FINE_PX = 16.0
"""Small particles are resampled until they are about so many pixels wide: 3 by 3 pixels have no roughness."""
_MOST_FINE = 4
_MOST_PX = 700
"""Patches are cut to this side: no calcification is larger, whatever an outline says."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Numbers of one particle.

    Parameters
    ----------
    values : dict
        ``diameter_mm`` of the circle of the same area; ``length_mm`` and ``width_mm``, greatest and least extent;
        ``thickness_mm``, of the widest circle inside; ``elongation``, length over width; ``long_sd_mm`` and
        ``short_sd_mm``, spread of the brightness along and across; ``circularity``, 4 pi area over the square of the
        perimeter; ``solidity``, share of the convex hull; ``roughness``, perimeter over that of the hull, less 1;
        ``filling``, area over length times thickness (a branched rod fills less); ``hollow``, how much darker the
        middle is than the rim, over the height; ``contrast``, height over the noise around; ``unevenness``, spread
        of the inside over the height; ``peaks``, parts that stand apart at 80 % of the height; ``edge_mm``, height
        over the slope at the outline; ``halo``, brightness 0.1 to 0.25 mm outside it over the height; ``depth_mm``,
        distance to the breast's outline.
    width_px : float
        Least extent in pixels of the image.
    ring : float
        Share of the directions in which a wall stands around a dark middle: a ring need not be closed.
    """

    values: dict[str, float]
    width_px: float
    ring: float = 0.0

    @property
    def row(self) -> F64:
        """The numbers in the order of ``SHAPE``."""
        return np.array([self.values[name] for name in SHAPE])


def shape_of(
    pixels: NDArray[np.generic], mask: Mask, mm: float, depth_mm: float, settings: ShapeSettings = ShapeSettings()
) -> Shape:
    """Measure one particle.

    Parameters
    ----------
    pixels : (row, column)
        The whole image; white is dense.
    mask : Mask
        Its outline, on plane 0.
    mm : float
        Pixel.
    depth_mm : float
        Distance of its middle to the breast's outline.
    settings : ShapeSettings
    """
    patch, bits = _patch(pixels, mask, mm, settings)
    away = np.asarray(ndimage.distance_transform_edt(~bits) * mm)
    ring = (away > settings.ring_mm[0]) & (away <= settings.ring_mm[1])
    base, noise = _background(patch, ring if ring.sum() >= 8 else ~bits)
    over, bits, step = _fine(patch - base, bits, away, mm)
    height = max(percentile(over[bits], 90), 1e-6)
    body = _body(over, bits, height, step, settings)
    values = _form(body, step) | _brightness(over, body, height, noise, step)
    values["depth_mm"] = depth_mm
    return Shape({name: values[name] for name in SHAPE}, values["width_mm"] / mm, ring_share(over, body, height))


def _patch(pixels: NDArray[np.generic], mask: Mask, mm: float, settings: ShapeSettings) -> tuple[F64, Bits]:
    """The neighborhood of a mask, and the mask in it."""
    _, rows, columns = mask.box
    grow = max(4, round(settings.ring_mm[1] / mm) + 1)
    r0, c0 = max(rows.start - grow, 0), max(columns.start - grow, 0)
    r1 = min(rows.stop + grow, pixels.shape[0], r0 + _MOST_PX)
    c1 = min(columns.stop + grow, pixels.shape[1], c0 + _MOST_PX)
    patch = np.asarray(pixels[r0:r1, c0:c1], np.float64)
    bits = np.zeros(patch.shape, bool)
    part = bits[rows.start - r0 :, columns.start - c0 :]
    inner = mask.bits[0][: part.shape[0], : part.shape[1]]
    part[: inner.shape[0], : inner.shape[1]] = inner
    if not bits.any():
        bits[patch.shape[0] // 2, patch.shape[1] // 2] = True
    return patch, bits


def _fine(over: F64, bits: Bits, away: F64, mm: float) -> tuple[F64, Bits, float]:
    """The particle and its edge alone, resampled where it is small; the mask, and the pixel [mm]."""
    rows, columns = ndimage.find_objects((away <= max(_EDGE_MM, 2 * mm)).astype(np.uint8))[0]
    over, bits = over[rows, columns], bits[rows, columns]
    across = 2 * float(ndimage.distance_transform_edt(np.pad(bits, 1)).max()) - 1
    times = int(np.clip(np.ceil(_FINE_PX / max(across, 1.0)), 1, _MOST_FINE))
    if times > 1:
        over = np.asarray(ndimage.zoom(over, times, order=3, mode="nearest", grid_mode=True))
        bits = np.repeat(np.repeat(bits, times, axis=0), times, axis=1)
    return over, bits, mm / times


def _background(patch: F64, ring: Bits) -> tuple[F64, float]:
    """A plane through the pixels around, bright neighbors left out, and the noise over it."""
    rows, columns = np.nonzero(ring)
    values = patch[ring]
    terms = np.stack([np.ones(len(rows)), rows - patch.shape[0] / 2, columns - patch.shape[1] / 2], axis=1)
    kept = values <= percentile(values, 85)
    plane = np.zeros(3)
    for _ in range(3):
        plane = np.linalg.lstsq(terms[kept], values[kept], rcond=None)[0]
        off = values - terms @ plane
        spread = 1.4826 * median(np.abs(off[kept] - median(off[kept]))) + 1e-9
        kept = np.abs(off) <= 2.5 * spread
        if kept.sum() < 8:
            kept = np.abs(off) <= median(np.abs(off))
    y, x = np.ogrid[: patch.shape[0], : patch.shape[1]]
    base = plane[0] + plane[1] * (y - patch.shape[0] / 2) + plane[2] * (x - patch.shape[1] / 2)
    return np.asarray(base), max(spread, 1e-3)


def _body(over: F64, bits: Bits, height: float, step: float, settings: ShapeSettings) -> Bits:
    """The outline at the stated share of the height, in and close to the given one."""
    close = ndimage.binary_dilation(bits, iterations=max(1, round(0.15 / step)))
    near = (over > settings.edge * height) & close
    labels, _ = ndimage.label(near, structure=np.ones((3, 3)))
    own = np.unique(labels[bits & near])
    body = np.isin(labels, own[own > 0])
    return np.asarray(body if body.any() else bits)


def _form(body: Bits, step: float) -> dict[str, float]:
    """Sizes and outline."""
    filled = np.asarray(ndimage.binary_fill_holes(body), bool)
    rows, columns = _ends(filled)
    area = float(filled.sum())
    turns = np.linspace(0, np.pi, 36, endpoint=False)
    along = rows[:, None] * np.sin(turns) + columns[:, None] * np.cos(turns)
    spans = along.max(axis=0) - along.min(axis=0) + 1.0
    length, width = float(spans.max()), float(spans.min())
    thick = 2 * float(ndimage.distance_transform_edt(np.pad(filled, 1)).max()) - 1.0
    around = _perimeter(filled)
    hull_area, hull_around = _hull(rows, columns)
    return {
        "diameter_mm": float(np.sqrt(4 * area / np.pi)) * step,
        "length_mm": length * step,
        "width_mm": width * step,
        "thickness_mm": max(thick, 1.0) * step,
        "elongation": length / width,
        "circularity": min(4 * np.pi * area / max(around, 1.0) ** 2, 1.5),
        "solidity": min(area / hull_area, 1.0),
        "roughness": around / hull_around - 1.0,
        "filling": area / (length * max(thick, 1.0)),
    }


def _ends(bits: Bits) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last pixel of each row: they reach as far as all pixels do, whatever the direction."""
    rows = np.flatnonzero(bits.any(axis=1))
    first, last = bits[rows].argmax(axis=1), bits.shape[1] - 1 - bits[rows, ::-1].argmax(axis=1)
    return np.concatenate([rows, rows]), np.concatenate([first, last])


def _perimeter(bits: Bits) -> float:
    """Length of the outline [px]: border pixels by their neighbors (straight 1, slanting root 2, corner in between)."""
    edge = np.pad(bits, 1)
    edge = edge & ~ndimage.binary_erosion(edge)
    straight = ndimage.convolve(edge.astype(np.int16), np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]), mode="constant")
    slant = ndimage.convolve(edge.astype(np.int16), np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]]), mode="constant")
    s, d = straight[edge], slant[edge]
    own = np.where(s >= 2, 1.0, np.where((s == 1) & (d >= 1), (1 + np.sqrt(2)) / 2, np.where(d >= 2, np.sqrt(2), 1.0)))
    return float(own.sum())


def _hull(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[float, float]:
    """Area and perimeter of the convex hull of pixels, whole squares counted."""
    corners = np.concatenate([np.stack([rows + a, columns + b], axis=1) for a in (-0.5, 0.5) for b in (-0.5, 0.5)])
    try:
        hull = ConvexHull(corners)
    except (QhullError, ValueError):
        return float(len(rows)), float(2 * (np.ptp(rows) + np.ptp(columns)) + 4)
    # The outline runs through the middles of the border pixels, half a pixel further in.
    return float(hull.volume), max(float(hull.area) - np.pi, 1.0)


def _brightness(over: F64, body: Bits, height: float, noise: float, step: float) -> dict[str, float]:
    """What the brightness inside, at the edge and around tells."""
    filled = np.asarray(ndimage.binary_fill_holes(body), bool)
    depth = np.asarray(ndimage.distance_transform_edt(np.pad(filled, 1))[1:-1, 1:-1])
    outside = np.asarray(ndimage.distance_transform_edt(~filled)) * step
    core, rim = filled & (depth >= 0.65 * depth.max()), filled & (depth <= 0.5 * depth.max())
    hollow = (percentile(over[rim], 75) - median(over[core])) / height if rim.any() else 0.0
    inside = filled & (depth > 0.35 * depth.max())
    slope = np.hypot(*np.gradient(ndimage.gaussian_filter(over, 0.02 / step))) / step
    edge = filled & (depth <= 1.5)
    halo = (outside > 0.1) & (outside <= 0.25)
    _, peaks = ndimage.label(over * body > 0.8 * height)
    long_sd, short_sd = _spreads(over, filled | (outside < 0.15), height, step)
    return {
        "long_sd_mm": long_sd,
        "short_sd_mm": short_sd,
        "hollow": hollow,
        "contrast": height / noise,
        "unevenness": float(np.std(over[inside])) / height,
        "peaks": float(min(peaks, 20)),
        "edge_mm": height / max(median(slope[edge]), 1e-6 * height),
        "halo": median(over[halo]) / height if halo.any() else 0.0,
    }


def _spreads(over: F64, near: Bits, height: float, step: float) -> tuple[float, float]:
    """Standard deviation of the brightness along and across [mm]; finer than whole pixels."""
    rows, columns = np.nonzero(near)
    weights = np.clip(over[near] - 0.2 * height, 0, height)
    if weights.sum() <= 0:
        return 0.0, 0.0
    values = np.linalg.eigvalsh(np.cov(np.stack([rows, columns]).astype(float), aweights=weights + 1e-9 * height))
    low, high = np.sqrt(np.maximum(values, 0.0)) * step
    return float(high), float(low)
