"""The image as the search sees it: averaged to the working pixel, filled outside the breast, with its own noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Projection
from calcimetry.core.regions import Regions
from calcimetry.detect.breast.settings import SpotSettings
from calcimetry.imaging.filters import distance, gaussian, median, uniform

__all__ = ["Field", "bands", "doubled", "field_of", "finer", "halved", "noise_of", "over_noise"]

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]

_INSIDE = ("breast", "pectoral_muscle", "implant", "skin_fold", "skin", "nipple", "edge", "paddle_edge", "scanner_line")
_SHUT = ("skin", "edge", "paddle_edge", "scanner_line", "scratch")
"""Parts of the breast's picture in which nothing is looked for."""
_FAULTS = ("scanner_line", "scratch")
"""Those of them that hide the breast behind them."""
_FILL_PX = 2.0
"""How wide what lies beside such a line is averaged to fill it (a standard deviation)."""
_NOISE_MM = 0.2
"""Pixel on which noise is measured."""
_EVEN_MM = 0.06
"""Grain is evened by so much before bodies are outlined."""
_BINS = 24
"""Classes of grey for which the noise is taken apart."""


@dataclass(frozen=True, eq=False)
class Field:
    """A mammogram cut to its breast.

    Parameters
    ----------
    pixels : (row, column) float32
        In the image's own values, averaged ``step`` by ``step``; outside the breast the nearest value, on lines of
        the scanner what lies beside them, so that neither skin line nor label nor line rings through the filters.
    inside, open, sound : (row, column) bool
        The breast; where findings may lie; and the breast without lines of the scanner and scratches.
    depth_mm : (row, column) float32
        Distance to the breast's outline.
    origin : (int, int)
        Row and column of the whole image (in its own pixels) of the first pixel's corner.
    step : int
        Pixels of the image that one pixel here is wide.
    mm : float
        Pixel here.
    low, high : float
        Values of the air and of dense tissue.
    top : float
        The brightest value of the whole image.
    """

    pixels: F32
    inside: Bits
    open: Bits
    sound: Bits
    depth_mm: F32
    origin: tuple[int, int]
    step: int
    mm: float
    low: float
    high: float
    top: float

    @cached_property
    def greys(self) -> Greys:
        """The classes of grey by which noise is taken apart."""
        return _greys(self)

    @cached_property
    def shares(self) -> dict[int, F32]:
        """One over the share of the breast in the square around each pixel, by the side of the square."""
        return {}

    @cached_property
    def weight(self) -> F32:
        """1 in the breast, 0 beside it."""
        return self.inside.astype(np.float32)

    @cached_property
    def kept(self) -> dict[tuple[float, float, float], tuple[F32, F32]]:
        """What :func:`over_noise` has made so far and may be asked for again."""
        return {}

    @cached_property
    def even(self) -> F32:
        """Its pixels with the finest grain evened: on these, large bodies are outlined."""
        return gaussian(self.pixels, _EVEN_MM / self.mm)

    @cached_property
    def half(self) -> Field | None:
        """See :func:`halved`."""
        return None if self.thinned is self else self.coarser

    @cached_property
    def coarser(self) -> Field:
        """The same on pixels twice as wide."""
        return _coarser(self)

    @cached_property
    def thinned(self) -> Field:
        """One pixel in two or three in each direction: enough to tell how noisy a place is."""
        step = max(1, round(_NOISE_MM / self.mm))
        if step == 1:
            return self
        pick = (slice(None, None, step), slice(None, None, step))
        return replace(
            self, pixels=self.pixels[pick], inside=self.inside[pick], open=self.open[pick], sound=self.sound[pick],
            depth_mm=self.depth_mm[pick], step=self.step * step, mm=self.mm * step,
        )  # fmt: skip

    def of_image(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows and columns (n, 2) of the whole image as places here."""
        return (places - np.array(self.origin, dtype=np.float64) + 0.5) / self.step - 0.5

    def to_image(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (n, 2) here as row and column of the whole image."""
        return (places + 0.5) * self.step - 0.5 + np.array(self.origin, dtype=np.float64)


def field_of(projection: Projection, regions: Regions, mm: float, settings: SpotSettings) -> Field | None:
    """The breast of a projection; ``None`` where ``regions`` holds none.

    Parameters
    ----------
    projection : Projection
        White is dense.
    regions : Regions
        Map of the mammogram, on its grid.
    mm : float
        Millimeters of a pixel, known or assumed.
    """
    labels = regions.labels[0]
    named = {one.name: one.label for one in regions.regions}
    inside = _marked(labels, [named[name] for name in _INSIDE if name in named])
    if not inside.any():
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    step = max(1, round(settings.working_mm / mm))
    r0, height = _blocks(rows, labels.shape[0], step)
    c0, width = _blocks(columns, labels.shape[1], step)
    if height < 16 or width < 16:
        return None
    cut = (slice(r0, r0 + height * step), slice(c0, c0 + width * step))
    shut = _marked(labels[cut], [named[name] for name in _SHUT if name in named])
    pixels = _averaged(projection.pixels[cut], step)
    inner = _averaged(inside[cut], step) > 0.5
    closed = _averaged(shut, step) > 0.1
    faults = _averaged(_marked(labels[cut], [named[name] for name in _FAULTS if name in named]), step) > 0
    around = np.pad(inner, 1)
    depth = np.asarray(distance(around)[1:-1, 1:-1] * (mm * step), np.float32)
    sound = inner & ~faults
    if not inner.all():
        nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
        pixels = pixels[nearest[0], nearest[1]]
    if (hidden := inner & faults).any() and sound.any():
        pixels = np.where(hidden, _beside(pixels, sound), pixels)
    low, high = (float(v) for v in np.percentile(pixels[inner], (1, 99)))
    top = float(projection.pixels.max())
    return Field(
        pixels,
        inner,
        inner & ~closed & (depth > 1.2),
        sound,
        depth,
        (r0, c0),
        step,
        mm * step,
        low,
        max(high, low + 1e-6),
        top,
    )


def finer(projection: Projection, field: Field, settings: SpotSettings) -> Field | None:
    """The same breast on pixels half as wide; ``None`` where the image has none so fine.

    Outside the breast, on lines of the scanner, and for the breast's outline, it goes by the wider pixels.
    """
    step = field.step // 2
    mm = field.mm / field.step * step
    if step < 1 or mm > settings.finest_from_mm:
        return None
    rows, columns = (n * field.step // step for n in field.pixels.shape)
    (r0, c0), at = field.origin, [((np.arange(n) + 0.5) * step / field.step).astype(int) for n in (rows, columns)]
    pixels = _averaged(projection.pixels[r0 : r0 + rows * step, c0 : c0 + columns * step], step)
    grid = np.ix_(*at)
    inside = field.inside[grid]
    np.copyto(pixels, field.pixels[grid], where=~field.sound[grid])
    return replace(
        field,
        pixels=pixels,
        inside=inside,
        open=field.open[grid],
        sound=field.sound[grid],
        depth_mm=field.depth_mm[grid],
        step=step,
        mm=mm,
    )


def _beside(pixels: F32, sound: Bits) -> F32:
    """What a line a few pixels wide hides, from both of its sides alike; where it is wider, the nearest value."""
    weight = gaussian(sound.astype(np.float32), _FILL_PX)
    mean = gaussian(np.where(sound, pixels, np.float32(0)), _FILL_PX)
    near = ndimage.distance_transform_edt(~sound, return_distances=False, return_indices=True)
    return np.asarray(np.where(weight > 0.01, mean / np.maximum(weight, 0.01), pixels[near[0], near[1]]), np.float32)


def _blocks(inside: NDArray[np.intp], length: int, step: int) -> tuple[int, int]:
    """First pixel and number of the blocks that hold the breast along one side of the image.

    They lie the same from either end of the image, wherever a whole number of them can.
    """
    first = next((n for n in range(step) if (length - 2 * n) % step == 0), 0)
    low = first + max((int(inside[0]) - first) // step, 0) * step
    most = (length - first) // step * step + first
    high = min(first - (first - int(inside[-1]) - 1) // step * step, most)
    return low, (high - low) // step


def _marked(labels: NDArray[np.generic], numbers: Sequence[int]) -> Bits:
    """Pixels with one of these labels."""
    if labels.dtype != np.uint8:
        return np.asarray(np.isin(labels, numbers), bool)
    # (a table over bytes is several times faster than one comparison for each label)
    table = bytes(number in numbers for number in range(256))
    return np.frombuffer(labels.tobytes().translate(table), bool).reshape(labels.shape)


def _averaged(array: NDArray[np.generic], step: int) -> F32:
    if step == 1:
        return np.ascontiguousarray(array, np.float32)
    rows, columns = array.shape[0] // step, array.shape[1] // step
    # Whole rows first: they lie together in memory.
    lines = np.zeros((rows, columns * step), np.float32)
    for row in range(step):
        lines += array[row : rows * step : step, : columns * step]
    total = lines[:, ::step].copy()
    for column in range(1, step):
        total += lines[:, column::step]
    return np.asarray(total / (step * step), np.float32)


def halved(field: Field) -> Field | None:
    """The same on pixels twice as wide; ``None`` where they are wide already."""
    return field.half


def _coarser(field: Field) -> Field:
    rows, columns = (2 * (n // 2) for n in field.pixels.shape)
    pick = (slice(0, rows, 2), slice(0, columns, 2))
    pixels = _averaged(field.pixels[:rows, :columns], 2)
    return replace(
        field, pixels=pixels, inside=field.inside[pick], open=field.open[pick],
        sound=field.sound[pick], depth_mm=field.depth_mm[pick],
        step=2 * field.step, mm=2 * field.mm,
    )  # fmt: skip


def doubled(array: F32, shape: tuple[int, ...]) -> F32:
    """An image of :func:`halved` on the fine pixels again, straight between its own; filled up to ``shape``."""
    near, far = np.float32(0.75), np.float32(0.25)
    rows, columns = array.shape
    tall = np.empty((2 * rows, columns), np.float32)
    tall[0::2] = near * array + far * np.concatenate([array[:1], array[:-1]])
    tall[1::2] = near * array + far * np.concatenate([array[1:], array[-1:]])
    array = np.empty((2 * rows, 2 * columns), np.float32)
    array[:, 0::2] = near * tall + far * np.concatenate([tall[:, :1], tall[:, :-1]], axis=1)
    array[:, 1::2] = near * tall + far * np.concatenate([tall[:, 1:], tall[:, -1:]], axis=1)
    short = [max(0, want - have) for want, have in zip(shape, array.shape, strict=True)]
    array = np.pad(array, [(0, n) for n in short], mode="edge") if any(short) else array
    return np.ascontiguousarray(array[: shape[0], : shape[1]])


def bands(pixels: F32, mm: float, sigma_mm: tuple[float, ...], surround: float) -> list[F32]:
    """Differences of two Gaussians, one for each width."""
    out = []
    for sigma in sigma_mm:
        band = gaussian(pixels, sigma / mm, truncate=3.0)
        band -= gaussian(pixels, surround * sigma / mm, truncate=3.0)
        out.append(band)
    return out


def noise_of(band: F32, field: Field, window_mm: float) -> F32:
    """What a filtered image does by itself around each pixel (a standard deviation).

    Half of the variance is that of the neighborhood, clipped so that calcium does not raise its own noise, half that of
    the same grey anywhere; never far below the latter. So neither fibrous films light up, nor do dense groups hide.
    """
    thin = field.thinned
    if thin is not field:
        step, (rows, columns) = thin.step // field.step, field.pixels.shape
        noise = noise_of(band[::step, ::step], thin, window_mm)
        return np.repeat(np.repeat(noise, step, axis=0), step, axis=1)[:rows, :columns]
    # An odd number of pixels: a mirrored image has the mirrored noise.
    size = max(2, round(window_mm / field.mm / 2)) * 2 + 1
    if size not in field.shares:
        share = uniform(field.weight, size, "constant")
        field.shares[size] = np.reciprocal(np.maximum(share, np.float32(1e-3)))
    over = field.shares[size]
    square = np.square(band)
    square *= field.weight
    local = uniform(square, size, "constant")
    local *= over
    clipped = np.empty_like(square)
    for limit in (3.0, 2.5):
        # (a Gaussian clipped there loses the share that the factor gives back)
        np.multiply(local, np.float32(limit**2), out=local)
        np.minimum(square, local, out=clipped)
        uniform(clipped, size, "constant", local)
        local *= over
        local *= np.float32(1.05)
    even = _of_grey(band, field)
    np.multiply(even, even, out=clipped)
    local += clipped
    local *= np.float32(0.5)
    np.sqrt(local, out=local)
    even *= np.float32(0.7)
    return np.maximum(local, even, out=local)


def over_noise(field: Field, sigma_mm: float, surround: float, window_mm: float) -> tuple[F32, F32]:
    """A difference of two Gaussians over its own noise, and that noise; made once for each field."""
    asked = (sigma_mm, surround, window_mm)
    if asked not in field.kept:
        (band,) = bands(field.pixels, field.mm, (sigma_mm,), surround)
        noise = noise_of(band, field, window_mm)
        band /= noise
        field.kept[asked] = band, noise
    return field.kept[asked]


@dataclass(frozen=True, eq=False)
class Greys:
    """Pixels of a field by their grey, the local mean, the same for every filter.

    ``members`` are pixels (places in the field as one row) inside the breast, class by class, enough of them; ``ends``
    (classes + 1,) the classes' places among them. Each pixel (row, column) of the field lies between the middles of
    the classes ``below`` and the next one, at ``share`` of the way.
    """

    members: NDArray[np.intp]
    ends: NDArray[np.intp]
    below: NDArray[np.intp]
    share: F32


def _greys(field: Field) -> Greys:
    grey = uniform(field.pixels, max(1, round(0.5 / field.mm)) * 2 + 1)
    step = max(1, int(np.sqrt(field.inside.sum() / 200_000)))
    greys = grey[::step, ::step][field.inside[::step, ::step]]
    edges = np.quantile(np.sort(greys), np.linspace(0, 1, _BINS + 1))
    # (bytes are sorted by counting)
    at = np.clip(np.searchsorted(edges, greys, side="right") - 1, 0, _BINS - 1).astype(np.uint8)
    ends = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=_BINS))])
    numbers = np.arange(field.pixels.size).reshape(field.pixels.shape)[::step, ::step]
    members = numbers[field.inside[::step, ::step]][np.argsort(at, kind="stable")]
    way = np.interp(grey, 0.5 * (edges[1:] + edges[:-1]), np.arange(_BINS))
    below = np.minimum(way, _BINS - 2).astype(np.intp)
    return Greys(members, ends, below, np.asarray(way - below, np.float32))


def _of_grey(band: F32, field: Field) -> F32:
    """Robust deviation of the band among pixels of the same grey."""
    greys = field.greys
    values = np.abs(band.ravel()[greys.members])
    whole = 1.4826 * median(values)
    spread = np.full(_BINS, whole)
    for n in range(_BINS):
        mine = values[greys.ends[n] : greys.ends[n + 1]]
        if mine.size > 50:
            spread[n] = 1.4826 * median(mine)
    lower = np.asarray(spread, np.float32)
    out = np.take(np.append(np.diff(lower), np.float32(0)), greys.below)
    out *= greys.share
    out += np.take(lower, greys.below)
    return np.asarray(np.maximum(out, np.float32(max(0.2 * whole, 1e-6)), out=out))
