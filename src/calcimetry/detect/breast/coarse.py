"""Large things first: rings, popcorn, rods, large round ones and metal, each outlined once and kept out of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.field import Field, bands, noise_of
from calcimetry.detect.breast.settings import CoarseSettings

__all__ = ["Body", "bodies"]

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Body:
    """A large bright thing in the field.

    ``start`` and ``bits`` are its outline (filled where it is a ring), ``word`` its proposed morphology (``metal`` or
    ``artefact`` for what is none), ``height`` its brightness over the noise, ``sharp`` the share of it that its edge
    falls within 0.3 mm.
    """

    start: tuple[int, int]
    bits: Bits
    word: str
    height: float
    extent_mm: float
    width_mm: float
    hollow: float
    sharp: float

    @property
    def place(self) -> tuple[slice, slice]:
        """Where ``bits`` lie in the field."""
        rows, columns = self.bits.shape
        return slice(self.start[0], self.start[0] + rows), slice(self.start[1], self.start[1] + columns)


def bodies(field: Field, settings: CoarseSettings) -> list[Body]:
    """Large bright bodies with a sharp edge, the highest first, none within another."""
    fine = np.asarray(ndimage.gaussian_filter(field.pixels, 0.15 / field.mm), np.float32)
    grain = noise_of(np.asarray(field.pixels - ndimage.gaussian_filter(field.pixels, 0.5 / field.mm)), field, 8.5)
    best = np.full(field.pixels.shape, -np.inf, np.float32)
    for band in bands(field.pixels, field.mm, settings.sigma_mm, 1.8):
        np.maximum(best, band / noise_of(band, field, 12.0), out=best)
    peak = (
        (best == ndimage.maximum_filter(best, max(3, round(1.0 / field.mm)))) & field.open & (best > settings.least_z)
    )
    rows, columns = np.nonzero(peak)
    order = np.lexsort((columns, rows, -best[rows, columns]))[: settings.most]
    taken = np.zeros(field.pixels.shape, bool)
    found = []
    for n in order:
        row, column = int(rows[n]), int(columns[n])
        if taken[row, column]:
            continue
        one = _body(field, fine, grain, row, column, settings)
        if one is None:
            continue
        where = one.place
        if taken[where][one.bits].any():
            continue
        taken[where] |= one.bits
        found.append(one)
    return found


def _body(field: Field, fine: F32, grain: F32, row: int, column: int, settings: CoarseSettings) -> Body | None:
    """The body around one maximum; ``None`` where it is tissue or too small to be large."""
    reach = round(0.6 * settings.most_mm / field.mm)
    r0, c0 = max(row - reach, 0), max(column - reach, 0)
    patch = fine[r0 : row + reach + 1, c0 : column + reach + 1]
    at = (row - r0, column - c0)
    y, x = np.ogrid[: patch.shape[0], : patch.shape[1]]
    away = np.hypot(y - at[0], x - at[1]) * field.mm
    near = away < 1.2
    top = float(np.percentile(patch[near], 90))
    for ring_mm in (2.5, 5.0, 9.0):
        ring = (away > ring_mm) & (away < 1.6 * ring_mm)
        if not ring.any():
            return None
        base = float(np.percentile(patch[ring], 60))
        height = top - base
        noise = float(grain[row, column])
        if height < settings.least_height * noise:
            return None
        over = patch > base + 0.45 * height
        labels, _ = ndimage.label(ndimage.binary_closing(over, iterations=max(1, round(0.3 / field.mm))) | over)
        near_labels = labels[away < 0.8]
        near_labels = near_labels[near_labels > 0]
        if near_labels.size == 0:
            return None
        bits = labels == int(np.bincount(near_labels).argmax())
        if float(away[bits].max()) < 1.6 * ring_mm:
            break
    else:
        return None
    filled = np.asarray(ndimage.binary_fill_holes(bits), bool)
    extent, width = _size(filled, field.mm)
    if not settings.least_mm <= extent <= settings.most_mm:
        return None
    edge = filled & ~ndimage.binary_erosion(filled)
    outer = ndimage.binary_dilation(filled, iterations=max(1, round(0.3 / field.mm))) & ~filled
    inner = float(np.percentile(patch[edge], 50))
    sharp = (inner - float(np.percentile(patch[outer], 40))) / height
    if sharp < settings.least_sharp:
        return None
    hollow = _hollow(patch, filled, base, height, field.mm)
    word = _word(field, patch, filled, extent, width, hollow, height, sharp, settings)
    box = ndimage.find_objects(filled.astype(np.uint8))[0]
    return Body((r0 + box[0].start, c0 + box[1].start), filled[box], word, height / noise, extent, width, hollow, sharp)


def _size(bits: Bits, mm: float) -> tuple[float, float]:
    """Greatest extent and greatest width across it [mm]."""
    rows, columns = np.nonzero(bits)
    turns = np.linspace(0, np.pi, 18, endpoint=False)
    along = rows[:, None] * np.sin(turns) + columns[:, None] * np.cos(turns)
    spans = along.max(axis=0) - along.min(axis=0) + 1.0
    width = 2.0 * float(ndimage.distance_transform_edt(np.pad(bits, 1)).max()) - 1.0
    return float(spans.max()) * mm, width * mm


def _hollow(patch: F32, filled: Bits, base: float, height: float, mm: float) -> float:
    """How much darker the middle is than the rim, as a share of the height."""
    depth = ndimage.distance_transform_edt(filled)
    if depth.max() < 3:
        return 0.0
    middle = patch[depth > 0.6 * depth.max()]
    rim = patch[filled & (depth <= max(0.5 * depth.max(), 2))]
    return float((np.percentile(rim, 75) - np.median(middle)) / height)


def _word(
    field: Field,
    patch: F32,
    filled: Bits,
    extent: float,
    width: float,
    hollow: float,
    height: float,
    sharp: float,
    settings: CoarseSettings,
) -> str:
    """Morphology as far as size, shape and middle tell."""
    values = patch[filled]
    if sharp > settings.most_sharp:
        return "artefact"
    if float(np.mean(values > settings.metal_share * field.top)) > 0.5:
        return "metal"
    inner = patch[ndimage.distance_transform_edt(np.pad(filled, 1))[1:-1, 1:-1] * field.mm > 0.4]
    circle = filled.sum() * field.mm**2 / (np.pi / 4 * extent**2)
    if inner.size >= 9 and circle > settings.disc_share:
        low, high = np.percentile(inner, (10, 90))
        if high - low < settings.disc_flat * height:
            return "marker"
    if hollow > 0.08:
        return "br_rim"
    if extent > 2.5 * width and extent > 2.0:
        return "br_large_rodlike"
    if extent > 2.5:
        return "br_coarse_popcorn"
    return "br_round" if filled.sum() * field.mm**2 > 0.6 * np.pi / 4 * extent**2 else "br_dystrophic"
