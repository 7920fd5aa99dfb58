"""The image as the search sees it: averaged to the working pixel, filled outside the breast, with its own noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Projection
from calcimetry.core.regions import Regions
from calcimetry.detect.breast.settings import SpotSettings

__all__ = ["Field", "bands", "field_of", "noise_of"]

F32 = NDArray[np.float32]
Bits = NDArray[np.bool_]

_INSIDE = ("breast", "pectoral_muscle", "implant", "skin_fold", "skin", "nipple", "edge", "paddle_edge", "scanner_line")
_SHUT = ("skin", "edge", "paddle_edge", "scanner_line", "scratch")
"""Parts of the breast's picture in which nothing is looked for."""
_BINS = 24
"""Classes of grey for which the noise is taken apart."""


@dataclass(frozen=True, eq=False)
class Field:
    """A mammogram cut to its breast.

    Parameters
    ----------
    pixels : (row, column) float32
        In the image's own values, averaged ``step`` by ``step``; outside the breast the nearest value of it, so that
        neither skin line nor label rings through the filters.
    inside, open : (row, column) bool
        The breast; and where findings may lie.
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
    depth_mm: F32
    origin: tuple[int, int]
    step: int
    mm: float
    low: float
    high: float
    top: float

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
    inside = np.isin(labels, [named[name] for name in _INSIDE if name in named])
    if not inside.any():
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    step = max(1, round(settings.working_mm / mm))
    r0, c0 = int(rows[0]), int(columns[0])
    height, width = (int(rows[-1]) + 1 - r0) // step, (int(columns[-1]) + 1 - c0) // step
    if height < 16 or width < 16:
        return None
    cut = (slice(r0, r0 + height * step), slice(c0, c0 + width * step))
    shut = np.isin(labels[cut], [named[name] for name in _SHUT if name in named])
    pixels = _averaged(projection.pixels[cut], step)
    inner = _averaged(inside[cut], step) > 0.5
    closed = _averaged(shut, step) > 0.1
    around = np.pad(inner, 1)
    depth = np.asarray(ndimage.distance_transform_edt(around)[1:-1, 1:-1] * mm * step, np.float32)
    if not inner.all():
        nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
        pixels = pixels[nearest[0], nearest[1]]
    low, high = (float(v) for v in np.percentile(pixels[inner], (1, 99)))
    top = float(projection.pixels.max())
    return Field(
        pixels,
        inner,
        inner & ~closed & (depth > 1.2),
        depth,
        (r0, c0),
        step,
        mm * step,
        low,
        max(high, low + 1e-6),
        top,
    )


def _averaged(array: NDArray[np.generic], step: int) -> F32:
    if step == 1:
        return np.ascontiguousarray(array, np.float32)
    rows, columns = array.shape[0] // step, array.shape[1] // step
    total = np.zeros((rows, columns), np.float32)
    for row in range(step):
        for column in range(step):
            total += array[row : rows * step : step, column : columns * step : step]
    return np.asarray(total / (step * step), np.float32)


def bands(pixels: F32, mm: float, sigma_mm: tuple[float, ...], surround: float) -> list[F32]:
    """Differences of two Gaussians, one for each width."""
    out = []
    for sigma in sigma_mm:
        inner = ndimage.gaussian_filter(pixels, sigma / mm, truncate=3.0)
        out.append(np.asarray(inner - ndimage.gaussian_filter(pixels, surround * sigma / mm, truncate=3.0), np.float32))
    return out


def noise_of(band: F32, field: Field, window_mm: float) -> F32:
    """What a filtered image does by itself around each pixel (a standard deviation).

    Half of the variance is that of the neighborhood, clipped so that calcium does not raise its own noise, half that of
    the same grey anywhere; never far below the latter. So neither fibrous films light up, nor do dense groups hide.
    """
    even = _of_grey(band, field)
    size = max(5, round(window_mm / field.mm))
    square = np.square(band)
    weight = ndimage.uniform_filter(field.inside.astype(np.float32), size, mode="constant")
    weight = np.maximum(weight, 1e-3)
    square = np.where(field.inside, square, 0.0).astype(np.float32)
    local = ndimage.uniform_filter(square, size, mode="constant") / weight
    for limit in (3.0, 2.5):
        # (a Gaussian clipped there loses the share that the factor gives back)
        local = ndimage.uniform_filter(np.minimum(square, limit**2 * local), size, mode="constant") / weight * 1.05
    return np.asarray(np.maximum(np.sqrt(0.5 * local + 0.5 * even**2), 0.7 * even), np.float32)


def _of_grey(band: F32, field: Field) -> F32:
    """Robust deviation of the band among pixels of the same grey."""
    grey = ndimage.uniform_filter(field.pixels, max(3, round(1.0 / field.mm)))
    step = max(1, int(np.sqrt(field.inside.sum() / 200_000)))
    pick = (slice(None, None, step), slice(None, None, step))
    held = field.inside[pick]
    values, greys = np.abs(band[pick][held]), grey[pick][held]
    edges = np.quantile(greys, np.linspace(0, 1, _BINS + 1))
    at = np.clip(np.searchsorted(edges, greys, side="right") - 1, 0, _BINS - 1)
    whole = 1.4826 * float(np.median(values))
    spread = np.full(_BINS, whole)
    for n in range(_BINS):
        mine = values[at == n]
        if mine.size > 50:
            spread[n] = 1.4826 * float(np.median(mine))
    centers = 0.5 * (edges[1:] + edges[:-1])
    return np.asarray(np.maximum(np.interp(grey, centers, spread), max(0.2 * whole, 1e-6)), np.float32)
