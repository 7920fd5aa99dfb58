"""Each spot outlined to its edge, on the image's own pixels, and how large it is behind blur and noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.size_model import SIZE_INPUTS, SizeModel, shipped_sizes
from calcimetry.imaging.filters import distance, labelled, medians

__all__ = ["Outlined", "outlined", "size_features"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]

_EVEN_MM = 0.08
"""Grain is evened by so much where pixels are fine enough to hold it."""
_REACH_MM = 1.8
_INNER_MM = 1.3
"""What belongs to a spot lies within this of its brightest pixel."""
_SEEK_MM = 0.3
_LEVELS = (0.25, 0.35, 0.5, 0.7)
_WIDTHS_MM = (0.06, 0.10, 0.15, 0.22, 0.32, 0.45, 0.65)
_FLUX_MM = (0.2, 0.4)
_RING_MM = 0.7
"""Width of the ring around a spot that its ground and noise are taken from."""
_RINGS_MM = (0.4, 0.52, 0.67, 0.82, 0.97)
"""Where that ring begins: the nearest one that a spot of this size leaves free."""
_LEAST_MM = 1e-6
_CHUNK_PX = 1_100_000
"""Pixels of patches that are looked at together; bounds the memory, however fine the pixels are."""
_CHUNK = 200
"""At most so many spots at once."""
_FINE_PX = 24.0
"""Small spots are resampled until they are about so many pixels wide, before their outline is drawn."""
_HALVINGS = 9
_PLANE = np.zeros((3, 3, 3), bool)
_PLANE[1] = ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True, eq=False)
class Outlined:
    """One spot.

    Parameters
    ----------
    start : (int, int)
        Pixel of the image under the first bit.
    bits : (row, column) bool
        Its outline; at least one pixel.
    mean_mm : float
        Diameter of the circle of the same area, finer than whole pixels.
    snr : float
        Height over the noise around.
    """

    start: tuple[int, int]
    bits: Bits
    mean_mm: float
    snr: float


def outlined(
    pixels: NDArray[np.generic], centers: F64, mm: float, model: SizeModel | None = None
) -> tuple[Outlined, ...]:
    """The outline around each maximum: the level of brightness that encloses the area which the fitted model tells.

    A speck of calcium reaches the image through a blur that is not known and is as wide as the speck itself. No fixed
    share of its height is its edge: the share depends on size, sharpness and noise. A small network tells the area
    from how the spot falls off, and the outline is drawn so that it holds that area.

    Parameters
    ----------
    pixels : (row, column)
        The whole image; white is dense.
    centers : (n, 2)
        Row and column near each maximum.
    mm : float
        Pixel.
    model : SizeModel, optional
        The one that ships, unless another is given.
    """
    if len(centers) == 0:
        return ()
    model = model or shipped_sizes()
    out: list[Outlined] = []
    at_once = _at_once(mm)
    for part in range(0, len(centers), at_once):
        seen = _Seen.around(pixels, np.asarray(centers[part : part + at_once], np.float64), mm)
        sizes = model.sizes_mm(seen.values)
        out += [
            Outlined(*seen.drawn(n, float(size)), float(size), float(snr))
            for n, (size, snr) in enumerate(zip(sizes, seen.snr, strict=True))
        ]
    return tuple(out)


def size_features(pixels: NDArray[np.generic], centers: F64, mm: float) -> F64:
    """(n, inputs) numbers that tell the size of each spot, in the order of ``SIZE_INPUTS``."""
    return _Seen.around(pixels, np.asarray(centers, np.float64), mm).values


@dataclass(frozen=True, eq=False)
class _Seen:
    """Patches around the brightest pixels of some spots, and what was measured in them."""

    at: NDArray[np.intp]
    even: F32
    base: F64
    snr: F64
    values: F64
    mm: float

    @classmethod
    def around(cls, pixels: NDArray[np.generic], centers: F64, mm: float) -> _Seen:
        top = _tops(pixels, np.rint(centers).astype(np.intp), mm)
        patch = _cut(pixels, top, _reach_px(mm))
        even = _evened(patch, mm)
        return _measured(top, patch, even, mm)

    def drawn(self, n: int, mean_mm: float) -> tuple[tuple[int, int], Bits]:
        """First pixel and bits of the outline that holds the area of this circle."""
        mm, middle = self.mm, self.even.shape[1] // 2
        half = min(middle, int(np.ceil(0.9 * mean_mm / mm)) + 3)
        w = slice(middle - half, middle + half + 1)
        over = self.even[n, w, w] - np.float32(self.base[n])
        times = int(np.clip(np.ceil(_FINE_PX * mm / mean_mm), 1, 6))
        fine = _enlarged(over, times) if times > 1 else over
        area_px = max(np.pi / 4 * (mean_mm / mm) ** 2, 1.0)
        inside = _holding(np.asarray(fine), area_px * times**2, half * times + times // 2)
        size = 2 * half + 1
        cover = inside.reshape(size, times, size, times).mean(axis=(1, 3))
        # Whole pixels, as many as the area has, those that are covered most; the brighter of two alike.
        rank = cover + 1e-3 * np.clip(over / max(float(over[half, half]), _LEAST_MM), -1, 1)
        rank[half, half] = 2.0
        count = min(max(1, round(area_px)), int((cover > 0).sum()) or 1)
        bits = rank >= np.partition(rank.ravel(), -count)[-count]
        rows, columns = ndimage.find_objects(bits.astype(np.uint8))[0]
        row, column = self.at[n]
        return (int(row) - half + rows.start, int(column) - half + columns.start), np.asarray(bits[rows, columns])


def _reach_px(mm: float) -> int:
    return max(6, round(_REACH_MM / mm))


def _at_once(mm: float) -> int:
    """How many patches are held together."""
    return int(np.clip(_CHUNK_PX // (2 * _reach_px(mm) + 1) ** 2, 1, _CHUNK))


def _offsets(reach: int) -> NDArray[np.intp]:
    return np.arange(-reach, reach + 1)


def _away(reach: int, mm: float) -> F64:
    o = _offsets(reach)
    return np.asarray(np.hypot(o[:, None], o[None]) * mm)


def _cut(pixels: NDArray[np.generic], at: NDArray[np.intp], reach: int) -> F32:
    """Patches (n, row, column) around pixels; what lies outside the image is as its border."""
    rows = np.clip(at[:, 0, None] + _offsets(reach), 0, pixels.shape[0] - 1)
    columns = np.clip(at[:, 1, None] + _offsets(reach), 0, pixels.shape[1] - 1)
    return np.asarray(pixels[rows[:, :, None], columns[:, None, :]], np.float32)


def _evened(patch: F32, mm: float) -> F32:
    sigma = _EVEN_MM / mm
    return np.asarray(ndimage.gaussian_filter(patch, (0, sigma, sigma))) if sigma > 0.4 else patch


def _tops(pixels: NDArray[np.generic], at: NDArray[np.intp], mm: float) -> NDArray[np.intp]:
    """The brightest pixel near each place, grain evened."""
    seek = max(1, int(_SEEK_MM / mm + _LEAST_MM))
    more = int(np.ceil(3 * _EVEN_MM / mm))
    near = _evened(_cut(pixels, at, seek + more), mm)[:, more : more + 2 * seek + 1, more : more + 2 * seek + 1]
    near = np.where(_away(seek, mm) <= max(_SEEK_MM, 1.01 * mm), near, -np.inf)
    rows, columns = np.divmod(near.reshape(len(at), -1).argmax(axis=1), 2 * seek + 1)
    return np.clip(at + np.stack([rows, columns], axis=1) - seek, 0, np.array(pixels.shape) - 1)


def _measured(at: NDArray[np.intp], patch: F32, even: F32, mm: float) -> _Seen:
    """Ground, noise and the numbers of ``SIZE_INPUTS`` of each patch."""
    reach = patch.shape[1] // 2
    away = _away(reach, mm)
    inner = min(reach, max(4, round(_INNER_MM / mm)))
    w = slice(reach - inner, reach + inner + 1)
    core, close = even[:, w, w], away[w, w] <= _INNER_MM
    base, wide_noise = _ground(patch[:, away > 1.0])
    rough = _together(core, base + 0.4 * (even[:, reach, reach] - base), close)
    base, noise = _near_ground(patch, away, rough.sum(axis=(1, 2)), mm)
    height = np.maximum(even[:, reach, reach] - base, _LEAST_MM)
    over = patch - base[:, None, None].astype(np.float32)
    bells = [np.exp(-(away**2) / (2 * s**2)) for s in _WIDTHS_MM]
    bright = np.stack([np.tensordot(over, bell / bell.sum(), 2) for bell in bells], axis=1)
    fall = np.log(np.clip(bright[:, 1:] / np.maximum(bright[:, :1], _LEAST_MM), 0.02, 2.0))
    parts = [_together(core, base + level * height, close) for level in _LEVELS]
    areas = np.stack([part.sum(axis=(1, 2)) for part in parts], axis=1) * mm**2
    share = np.clip((core - base[:, None, None]) / height[:, None, None], 0.0, 1.0)
    flux = [(share * np.exp(-(away[w, w] ** 2) / (2 * s**2))).sum(axis=(1, 2)) * mm**2 for s in _FLUX_MM]
    long_mm, short_mm = _spreads(np.maximum(share - _LEVELS[0], 0.0) * parts[0], mm)
    snr = np.clip(height / np.maximum(noise, _LEAST_MM), 0.5, 100.0)
    by = dict(zip((f"level_{level:g}" for level in _LEVELS), np.log(2 * np.sqrt(areas / np.pi)).T, strict=True)) | dict(
        zip((f"fall_{s:g}" for s in _WIDTHS_MM[1:]), fall.T, strict=True)
    )
    by |= {f"flux_{s:g}": np.log(np.maximum(f, _LEAST_MM)) for s, f in zip(_FLUX_MM, flux, strict=True)}
    by |= {"long": np.log(long_mm), "short": np.log(short_mm), "snr": np.log(snr)}
    by["snr_wide"] = np.log(np.clip(height / np.maximum(wide_noise, _LEAST_MM), 0.5, 100.0))
    by["pixel"] = np.full(len(at), np.log(mm))
    return _Seen(at, even, base, snr, np.column_stack([by[name] for name in SIZE_INPUTS]), mm)


def _ground(values: NDArray[Any]) -> tuple[F64, F64]:
    """Median and robust deviation of each row."""
    base = medians(values)
    return np.asarray(base, np.float64), np.asarray(1.4826 * medians(np.abs(values - base[:, None])))


def _near_ground(patch: F32, away: F64, area_px: NDArray[Any], mm: float) -> tuple[F64, F64]:
    """Ground and noise in the ring that a spot of this size leaves free."""
    from_mm = np.sqrt(area_px / np.pi) * mm * 0.5 + 0.25
    ring = np.searchsorted(_RINGS_MM[:-1], np.maximum(from_mm - 0.1, 0.0))
    base, noise = np.empty(len(patch)), np.empty(len(patch))
    for k in np.unique(ring):
        mine = ring == k
        base[mine], noise[mine] = _ground(patch[mine][:, (away > _RINGS_MM[k]) & (away <= _RINGS_MM[k] + _RING_MM)])
    return base, noise


def _together(core: F32, level: F64, close: Bits) -> Bits:
    """What hangs together with the middle above a level, patch by patch; at least the middle."""
    middle = core.shape[1] // 2
    labels, _ = ndimage.label((core > level[:, None, None]) & close, _PLANE)
    own = labels[:, middle, middle]
    bits = (labels == own[:, None, None]) & (own > 0)[:, None, None]
    bits[:, middle, middle] = True
    return np.asarray(bits)


def _spreads(weights: NDArray[Any], mm: float) -> tuple[F64, F64]:
    """Standard deviation along and across [mm], a pixel's own counted."""
    o = _offsets(weights.shape[1] // 2) * mm
    total = np.maximum(weights.sum(axis=(1, 2)), _LEAST_MM)
    by_row, by_column = weights.sum(axis=2), weights.sum(axis=1)
    y, x = by_row @ o / total, by_column @ o / total
    yy, xx = by_row @ o**2 / total - y**2, by_column @ o**2 / total - x**2
    xy = np.einsum("nij,i,j->n", weights, o, o) / total - x * y
    middle, half = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    own = mm**2 / 12
    return np.sqrt(np.maximum(middle + half, 0) + own), np.sqrt(np.maximum(middle - half, 0) + own)


@lru_cache(maxsize=64)
def _between(size: int, times: int) -> F64:
    """Weights (size times, size) that resample an axis straight between its pixels; at its ends as the last ones."""
    place = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, size - 1)
    lower = np.minimum(place.astype(np.intp), max(size - 2, 0))
    out = np.zeros((len(place), size))
    out[np.arange(len(place)), lower] = 1 - (place - lower)
    out[np.arange(len(place)), np.minimum(lower + 1, size - 1)] += place - lower
    return out


def _enlarged(square: F32, times: int) -> F32:
    """A square resampled to ``times`` as many pixels each way."""
    weights = _between(len(square), times)
    return np.asarray(weights @ square @ weights.T, np.float32)


def _holding(fine: NDArray[Any], area: float, middle: int) -> Bits:
    """What hangs together with the middle, above the lowest level at which it is not larger than an area."""
    low, high = float(fine.min()), float(fine[middle, middle])
    # What is as small as that lies near the middle, or leaves what is near; the rest need not be looked at each time.
    reach = min(int(1.3 * np.sqrt(area)) + 2, middle)
    near = (slice(middle - reach, middle + reach + 1),) * 2
    best = np.zeros(fine.shape, bool)
    best[middle, middle] = True
    for _ in range(_HALVINGS):
        level = (low + high) / 2
        if level >= fine[middle, middle]:
            high = level
            continue
        where, own = near, _joined(fine[near], level, reach)
        count = np.count_nonzero(own)
        if count <= area and (own[0].any() or own[-1].any() or own[:, 0].any() or own[:, -1].any()):
            where, own = (slice(None), slice(None)), _joined(fine, level, middle)
            count = np.count_nonzero(own)
        if count > area:
            low = level
        else:
            high, best = level, np.zeros(fine.shape, bool)
            best[where] = own
    lacking = area - float(best.sum())
    if lacking > 0.1 * area:
        # A neighbor or a strand joins at once: the rest is what lies nearest instead.
        away = distance(~best)
        last = int(min(area, fine.size - 1))
        best = away <= np.partition(away.ravel(), last)[last]
    return np.asarray(best, bool)


def _joined(fine: NDArray[Any], level: float, middle: int) -> Bits:
    """What hangs together with the middle above a level that is lower than it."""
    labels, _ = labelled(fine > level)
    return labels == labels[middle, middle]
