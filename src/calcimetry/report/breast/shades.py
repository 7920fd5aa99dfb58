"""Pixels of a mammogram as small grey pictures: window, reduction, and the bytes as a data URI."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Projection
from calcimetry.core.regions import Regions
from calcimetry.report.breast.settings import BreastPageSettings

__all__ = ["breast_window", "crop_window", "grey", "jpeg", "lossless", "reduced"]

Window = tuple[float, float]
Grey = NDArray[np.uint8]
_OUTSIDE = ("label", "frame")
_SAMPLE = 400
"""Values along each axis that are enough to find a window."""


def breast_window(projection: Projection, regions: Regions | None, s: BreastPageSettings) -> Window:
    """The grey scale of a whole view, of the values inside the breast; without a map, of all of them."""
    shape = projection.pixels.shape
    step = max(1, max(shape) // _SAMPLE)
    values = projection.pixels[::step, ::step]
    if regions is not None and regions.labels.shape[1:] == shape:
        out = [0, *(one.label for one in regions.regions if one.name in _OUTSIDE)]
        inside = ~np.isin(regions.labels[0, ::step, ::step], out)
        values = values[inside] if inside.any() else values
    low, high = _percentiles(values, s.window)
    return low - s.below * (high - low), high


def crop_window(pixels: NDArray[Any], s: BreastPageSettings) -> Window:
    """The grey scale of a close view."""
    return _percentiles(pixels, s.crop_window)


def _percentiles(values: NDArray[Any], shares: tuple[float, float]) -> Window:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(one) for one in np.percentile(finite, shares))
    return low, max(high, low + 1e-6)


def reduced(pixels: NDArray[Any], longest: int) -> NDArray[np.float32]:
    """The image averaged by whole pixels until its longest side is less than twice ``longest``.

    Strip by strip: no second image of full size is made. What is left over at the lower and right edge is dropped
    (less than one pixel of the result).
    """
    step = max(1, max(pixels.shape) // longest)
    if step == 1:
        return pixels.astype(np.float32)
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    out = np.empty((rows, columns), np.float32)
    for row in range(rows):
        strip = pixels[row * step : (row + 1) * step, : columns * step]
        out[row] = strip.sum(axis=0, dtype=np.float32).reshape(columns, step).mean(axis=1) / step
    return out


def grey(pixels: NDArray[Any], window: Window, size: tuple[int, int] | None = None) -> Grey:
    """8-bit grey, resampled to ``size`` (width, height) where one is given."""
    from PIL import Image

    low, high = window
    shade = (pixels.astype(np.float32) - low) * (255.0 / (high - low))
    shade = np.clip(np.nan_to_num(shade, nan=0.0, posinf=255.0, neginf=0.0), 0.0, 255.0)
    out = np.rint(shade).astype(np.uint8)
    if size is None or size == (out.shape[1], out.shape[0]):
        return out
    way = Image.Resampling.LANCZOS if size[0] < out.shape[1] else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(out).resize(size, way))


def jpeg(picture: Grey, quality: int) -> str:
    """A data URI, with loss."""
    return _uri(picture, "jpeg", quality=quality, optimize=True)


def lossless(picture: Grey) -> str:
    """A data URI, without loss."""
    return _uri(picture, "png", optimize=True)


def _uri(picture: Grey, kind: str, **how: Any) -> str:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(picture).save(held, kind.upper(), **how)
    return f"data:image/{kind};base64," + base64.b64encode(held.getvalue()).decode("ascii")
