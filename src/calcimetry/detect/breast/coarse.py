"""Large things first: rings, popcorn, rods, large round ones and metal, each outlined once and kept out of groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.field import Field, bands, doubled, noise_of
from calcimetry.detect.breast.settings import CoarseSettings
from calcimetry.imaging.filters import distance, gaussian, greatest, labelled, median, percentile
from calcimetry.imaging.threads import side_by_side

__all__ = ["Body", "bodies"]

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]
Index = NDArray[np.intp]

_WIDE_PX = 2.2
"""Filters wider than this many pixels are run on pixels twice as wide."""
_RINGS_MM = (1.6, 2.5, 5.0, 9.0)
"""Distances at which the ground around a body is taken: the first that lies well outside it."""
_LEVELS = tuple(float(level) for level in np.arange(0.3, 0.91, 0.05))
"""Shares of the height at which a body is looked at for closed dark places."""


@dataclass(frozen=True, eq=False)
class Body:
    """A large bright thing.

    ``start`` and ``bits`` are its outline in the field it was outlined on (filled where it is a ring), ``word`` its
    proposed morphology (``metal``, ``marker`` or ``artefact`` for what is none), ``height`` its brightness over the
    noise, ``extent_mm`` and ``width_mm`` its size, ``hollow`` how much darker its middle is than its rim, ``lumen`` the
    share of it that is darker and closed in, ``sharp`` the share of the height that its edge falls within 0.3 mm,
    ``full`` the share of the hull around it that it fills.
    """

    start: tuple[int, int]
    bits: Bits
    word: str
    height: float
    extent_mm: float
    width_mm: float
    hollow: float
    lumen: float
    sharp: float
    full: float

    @property
    def place(self) -> tuple[slice, slice]:
        """Where ``bits`` lie in the field."""
        rows, columns = self.bits.shape
        return slice(self.start[0], self.start[0] + rows), slice(self.start[1], self.start[1] + columns)


@dataclass(frozen=True, eq=False)
class _Patch:
    """A square around a maximum, and what stands out in it."""

    values: F32
    start: tuple[int, int]
    bits: Bits
    base: float
    height: float
    mm: float


def bodies(
    field: Field,
    settings: CoarseSettings,
    fine: Field | None = None,
    seeds: NDArray[np.float64] | None = None,
    pixels: NDArray[Any] | None = None,
) -> list[Body]:
    """Large bright bodies with a sharp edge, the highest first, none within another.

    Parameters
    ----------
    field : Field
        In which they are found.
    settings : CoarseSettings
    fine : Field, optional
        In which they are outlined, where the image has finer pixels; ``start`` and ``bits`` are on its grid then.
    seeds : (n, 2), optional
        Further places in ``field`` to look at: rings and metal may be too small to be a large maximum.
    pixels : (row, column), optional
        The whole image: the middle of small rings is looked for on its own pixels.
    """
    seen = field if fine is None else fine
    grain = noise_of(np.asarray(field.pixels - gaussian(field.pixels, 0.5 / field.mm)), field, 8.5)
    scale = field.step / seen.step
    last_row, last_column = seen.pixels.shape[0] - 1, seen.pixels.shape[1] - 1
    taken = np.zeros(seen.pixels.shape, bool)
    found = _white(seen, settings)
    for metal in found:
        taken[metal.place] |= metal.bits
    places = [*_maxima(field, settings), *([] if seeds is None else np.rint(seeds).astype(int).tolist())]
    for row, column in places:
        at = (min(round((row + 0.5) * scale - 0.5), last_row), min(round((column + 0.5) * scale - 0.5), last_column))
        if taken[at]:
            continue
        noise = float(grain[row, column])
        patch = _patch(seen, at, settings.least_height * noise)
        one = None if patch is None else _body(seen, patch, noise, settings, pixels)
        if one is None or taken[one.place][one.bits].any():
            continue
        if one.word in _CALCIUM and not field.open[row, column]:
            continue
        taken[one.place] |= one.bits
        found.append(one)
    return found


_CALCIUM = ("br_rim", "br_large_rodlike", "br_coarse_popcorn", "br_round", "br_dystrophic")


def _white(field: Field, settings: CoarseSettings) -> list[Body]:
    """Metal: places at the image's full white that fall off sharply all around, the largest first."""
    noise = max(0.02 * (field.high - field.low), 1e-6)
    labels, count = labelled((field.pixels >= settings.metal_share * field.top) & field.inside)
    if count == 0:
        return []
    sizes = np.bincount(labels.ravel())[1:] * field.mm**2
    boxes = ndimage.find_objects(labels)
    found = []
    for n in np.argsort(-sizes, kind="stable")[: settings.most_metal]:
        if sizes[n] < settings.least_metal_mm2:
            break
        grow = max(2, round(0.4 / field.mm))
        box = tuple(slice(max(s.start - grow, 0), s.stop + grow) for s in boxes[n])
        bits = labels[box] == n + 1
        ring = ndimage.binary_dilation(bits, iterations=grow) & ~ndimage.binary_dilation(bits, iterations=grow - 1)
        fall = field.top - percentile(field.pixels[box][ring], 75)
        extent, width = _size(bits, field.mm)
        if fall < settings.metal_fall * (field.high - field.low) or extent > settings.most_metal_mm:
            continue
        # Thick rings of calcium reach full white on film: what encloses something darker is judged as a ring.
        closed = ndimage.binary_fill_holes(bits)
        if int(closed.sum() - bits.sum()) >= settings.lumen_share * int(closed.sum()):
            continue
        wide = ndimage.binary_dilation(bits)
        start = (box[0].start, box[1].start)
        full = float(bits.sum()) / float(_hull(bits).sum())
        found.append(Body(start, wide, "metal", fall / noise, extent, width, 0.0, 0.0, 1.0, full))
    return found


def _maxima(field: Field, settings: CoarseSettings) -> list[tuple[int, int]]:
    """Places of large things, the highest over their noise first."""
    best = np.full(field.pixels.shape, -np.inf, np.float32)

    def over_noise(sigma: float) -> F32:
        # Wide filters need no fine pixels.
        own = field.coarser if sigma / field.mm > _WIDE_PX else field
        (band,) = bands(own.pixels, own.mm, (sigma,), 1.8)
        band /= noise_of(band, own, 12.0)
        return band if own is field else doubled(band, field.pixels.shape)

    for level in side_by_side(over_noise, settings.sigma_mm):
        np.maximum(best, level, out=best)
    peak = best == greatest(best, max(3, round(1.0 / field.mm)))
    peak &= field.inside & (field.depth_mm > 0.3) & (best > settings.least_z)
    rows, columns = np.nonzero(peak)
    order = np.lexsort((columns, rows, -best[rows, columns]))[: settings.most]
    return [(int(rows[n]), int(columns[n])) for n in order]


@dataclass(frozen=True, eq=False)
class _Around:
    """Distances [mm] in a square around a place; pixels (of the square as one row) of the ring and of the middle."""

    away: F32
    ring: Index
    core: Index
    near: Index


@lru_cache(maxsize=16)
def _around(shape: tuple[int, int], middle: tuple[int, int], mm: float, ring_mm: float) -> _Around:
    y = (np.arange(shape[0], dtype=np.float32) - middle[0]) * np.float32(mm)
    x = (np.arange(shape[1], dtype=np.float32) - middle[1]) * np.float32(mm)
    away = np.hypot(y[:, None], x[None, :])
    ring = np.flatnonzero((away > ring_mm) & (away < 1.6 * ring_mm))
    return _Around(away, ring, np.flatnonzero(away < 0.7), np.flatnonzero(away < 0.8))


def _patch(field: Field, at: tuple[int, int], least: float) -> _Patch | None:
    """What stands out around one maximum; ``None`` where nothing does, or where it runs on and on."""
    for ring_mm in _RINGS_MM:
        reach = round(1.6 * ring_mm / field.mm) + 1
        r0, c0 = max(at[0] - reach, 0), max(at[1] - reach, 0)
        values = field.even[r0 : at[0] + reach + 1, c0 : at[1] + reach + 1]
        around = _around((values.shape[0], values.shape[1]), (at[0] - r0, at[1] - c0), field.mm, ring_mm)
        if not around.ring.size:
            return None
        base = percentile(values.ravel()[around.ring], 60)
        height = percentile(values.ravel()[around.core], 90) - base
        if height < 0.7 * least:
            return None
        joined = np.maximum(_closed(values, max(1, round(_BRIDGE_MM / field.mm))), values)
        bits = _standing_out(joined, around.near, base, height)
        # The maximum may lie beside the brightest part: once more with the height of what was found.
        if bits is not None:
            height = percentile(values[bits], 80) - base
            bits = _standing_out(joined, around.near, base, height)
        if bits is None or height < least:
            return None
        if float(around.away[bits].max()) < 0.95 * ring_mm:
            rows, columns = _box(bits, max(_BESIDE_PX, round(0.3 / field.mm)))
            start = (r0 + rows.start, c0 + columns.start)
            filled = np.asarray(ndimage.binary_fill_holes(bits[rows, columns]), bool)
            return _Patch(values[rows, columns], start, filled, base, height, field.mm)
    return None


_BESIDE_PX = 4
"""So much of what lies beside a body is looked at, or 0.3 mm."""


def _box(bits: Bits, margin: int) -> tuple[slice, slice]:
    """Rows and columns that hold all bits, and a margin."""
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )


def _closed(values: F32, reach: int) -> F32:
    """Gaps between bright places filled to the lower of them; what is over a level is the closing of what was over it.

    So one filter does for all levels.
    """
    # (a diamond is a cross over and over; one step at a time is much less work than a footprint)
    wide = np.full((values.shape[0] + 2, values.shape[1] + 2), -np.inf, np.float32)
    inner = wide[1:-1, 1:-1]
    inner[...] = values
    for better in (np.maximum, np.minimum):
        for _ in range(reach):
            up_down = better(wide[:-2, 1:-1], wide[2:, 1:-1])
            better(up_down, wide[1:-1, :-2], out=up_down)
            better(up_down, wide[1:-1, 2:], out=up_down)
            better(inner, up_down, out=inner)
    return np.ascontiguousarray(inner)


def _standing_out(joined: F32, near: Index, base: float, height: float) -> Bits | None:
    """What hangs together at half the height next to the middle (``near``), of values with their gaps closed."""
    if height <= 0:
        return None
    labels, _ = labelled(joined > base + 0.45 * height)
    there = labels.ravel()[near]
    there = there[there > 0]
    return None if there.size == 0 else np.asarray(labels == int(np.bincount(there).argmax()), bool)


_SHARP_MM = 0.048
"""Grain is evened by so much on the image's own pixels."""
_BRIDGE_MM = 0.2
"""Gaps of twice this are closed: rings and popcorn break up."""


def _body(
    field: Field, patch: _Patch, noise: float, settings: CoarseSettings, pixels: NDArray[Any] | None
) -> Body | None:
    """The body; ``None`` where it is tissue or too small to be large."""
    bits, mm = patch.bits, patch.mm
    extent, width = _size(bits, mm)
    sharp = _sharpness(patch)
    if not settings.least_ring_mm <= extent <= settings.most_mm or sharp < settings.least_sharp:
        return None
    hull = _hull(bits)
    full = float(bits.sum()) / float(hull.sum())
    hollow, lumen = _hollow(patch), _lumen(patch, hull)
    if pixels is not None and field.step > 1 and lumen < settings.lumen_share and extent < _SMALL_MM:
        lumen = _lumen(*_sharper(field, patch, hull, pixels))
    height = patch.height / noise
    word = _none(field, patch, extent, sharp, settings)
    share = settings.lumen_share if extent < _SMALL_MM else settings.lumen_share_large
    if word is None and lumen >= share and full >= settings.full_ring and sharp >= settings.sharp_ring:
        word, bits = "br_rim", hull
    if word is None:
        long = extent > 2.5 * width and extent > 2.0
        least = settings.full_rod if long else settings.full_solid
        if height < settings.solid_height or extent < settings.least_mm or full < least:
            return None
        if long and sharp < settings.sharp_rod:
            return None
        word = _solid(extent, long, full, float(bits.sum()) * mm**2)
    box = ndimage.find_objects(bits.astype(np.uint8))[0]
    start = (patch.start[0] + box[0].start, patch.start[1] + box[1].start)
    return Body(start, bits[box], word, height, extent, width, hollow, lumen, sharp, full)


def _size(bits: Bits, mm: float) -> tuple[float, float]:
    """Greatest extent and greatest width across it [mm]."""
    rows, columns = np.nonzero(bits)
    turns = np.linspace(0, np.pi, 18, endpoint=False)
    along = rows[:, None] * np.sin(turns) + columns[:, None] * np.cos(turns)
    spans = along.max(axis=0) - along.min(axis=0) + 1.0
    width = 2.0 * float(distance(np.pad(bits, 1)).max()) - 1.0
    return float(spans.max()) * mm, width * mm


def _sharpness(patch: _Patch) -> float:
    """Share of the height that the edge falls within 0.3 mm outwards."""
    bits = patch.bits
    edge = bits & ~ndimage.binary_erosion(bits)
    outer = ndimage.binary_dilation(bits, iterations=max(1, round(0.3 / patch.mm))) & ~bits
    if not outer.any():
        return 0.0
    return (median(patch.values[edge]) - percentile(patch.values[outer], 40)) / patch.height


def _hollow(patch: _Patch) -> float:
    """How much darker the middle is than the rim, as a share of the height."""
    depth = distance(patch.bits)
    if depth.max() < 3:
        return 0.0
    middle = patch.values[depth > 0.6 * depth.max()]
    rim = patch.values[patch.bits & (depth <= max(0.5 * depth.max(), 2))]
    return (percentile(rim, 75) - median(middle)) / patch.height


def _lumen(patch: _Patch, hull: Bits) -> float:
    """Largest share of the hull that is darker and closed in by brighter wall, whatever the level it is looked at."""
    box = ndimage.find_objects(ndimage.binary_dilation(hull, iterations=2).astype(np.uint8))[0]
    values, hull = patch.values[box], hull[box]
    closed = _closed(values, max(1, round(0.5 * _BRIDGE_MM / patch.mm)))
    levels = np.array([patch.base + level * patch.height for level in _LEVELS], np.float32)[:, None, None]
    # All levels at once, each a plane of its own.
    labels, count = ndimage.label(np.concatenate([values <= levels, closed <= levels]), structure=_PLANES)
    size, within = (np.bincount(own.ravel(), minlength=count + 1) for own in (labels, labels[:, hull]))
    dark = within > 0.8 * size
    for side in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1], 0):
        dark[side] = False
    return float(size[dark].max(initial=0)) / float(hull.sum())


_PLANES = np.zeros((3, 3, 3), bool)
_PLANES[1] = ndimage.generate_binary_structure(2, 1)
_SMALL_MM = 3.0
"""Greatest extent of a ring whose middle needs the image's own pixels."""


def _sharper(field: Field, patch: _Patch, hull: Bits, pixels: NDArray[Any]) -> tuple[_Patch, Bits]:
    """The patch around a body and its hull on the image's own pixels."""
    step, mm = field.step, field.mm / field.step
    box = ndimage.find_objects(ndimage.binary_dilation(hull, iterations=3).astype(np.uint8))[0]
    r0, c0 = ((o + (s + b.start) * step) for o, s, b in zip(field.origin, patch.start, box, strict=True))
    wide = np.kron(hull[box], np.ones((step, step), bool))
    values = np.asarray(pixels[r0 : r0 + wide.shape[0], c0 : c0 + wide.shape[1]], np.float32)
    values = gaussian(values, _SHARP_MM / mm)
    return _Patch(values, (0, 0), wide, patch.base, patch.height, mm), wide


def _hull(bits: Bits) -> Bits:
    """Convex hull of a body, from its reach in many directions."""
    rows, columns = np.nonzero(bits ^ ndimage.binary_erosion(bits))
    y, x = np.mgrid[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    inside = np.ones(y.shape, bool)
    for turn in np.linspace(0, 2 * np.pi, 36, endpoint=False):
        most = float((rows * np.sin(turn) + columns * np.cos(turn)).max()) + 0.25
        inside &= y * np.sin(turn) + x * np.cos(turn) <= most
    out = np.zeros(bits.shape, bool)
    out[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = inside
    return out | bits


def _none(field: Field, patch: _Patch, extent: float, sharp: float, settings: CoarseSettings) -> str | None:
    """What it is if it is no calcium: sharper than the optics, at full white, or a flat disc."""
    if sharp > settings.most_sharp:
        return "artefact"
    depth = distance(np.pad(patch.bits, 1))[1:-1, 1:-1] * patch.mm
    core = patch.values[depth > 0.5 * float(depth.max())]
    if extent >= settings.least_metal_mm and float(np.mean(core > settings.metal_share * field.top)) > 0.8:
        return "metal"
    inner = patch.values[depth > max(0.4, 1.6 * patch.mm)]
    circle = patch.bits.sum() * patch.mm**2 / (np.pi / 4 * extent**2)
    if inner.size < 9 or circle <= settings.disc_share:
        return None
    flat = percentile(inner, 90) - percentile(inner, 10) < settings.disc_flat * patch.height
    return "marker" if flat else None


def _solid(extent: float, long: bool, full: float, area: float) -> str:
    """Morphology of a body without lumen, as far as size and shape tell."""
    if long:
        return "br_large_rodlike"
    if extent > 2.5 and (extent > 3.0 or full < 0.9):
        return "br_coarse_popcorn"
    return "br_round" if area > 0.6 * np.pi / 4 * extent**2 else "br_dystrophic"
