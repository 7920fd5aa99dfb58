"""White strips, tape and frames along the sides of a film: straight sharp steps near the border, bright outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.breast.coarse import Bits, Coarse
from calcimetry.locate.breast.settings import BreastSettings

__all__ = ["frame"]

_SIDES = ("left", "right", "top", "bottom")
_WHITE = 0.7
"""Ours: a strip is at least this white, between the ends of the grey."""
_EVEN = 0.08
"""Ours: and this even along its inner side, as a share of the range."""


def _turned(array: NDArray[Any], side: str) -> NDArray[Any]:
    """The image as seen with this side at column 0."""
    if side == "right":
        return array[:, ::-1]
    if side == "top":
        return array.T
    if side == "bottom":
        return array[::-1].T
    return array


def frame(image: Coarse, box: tuple[slice, slice], grey: tuple[float, float], settings: BreastSettings) -> Bits:
    """Strips between the border and a straight step, for the rows or columns along which the step is straight.

    Parameters
    ----------
    box : (slice, slice)
        Part of the image that was exposed.
    grey : (float, float)
        Dark and bright end of its grey.
    """
    out = np.zeros(image.pixels.shape, bool)
    inner = out[box]
    least = settings.frame_step * (grey[1] - grey[0])
    bright = grey[0] + _WHITE * (grey[1] - grey[0])
    for side in _SIDES:
        _strips(_turned(image.pixels[box], side), _turned(inner, side), image, least, bright, settings)
    return out


def _strips(
    part: NDArray[np.float32], out: Bits, image: Coarse, least: float, bright: float, settings: BreastSettings
) -> None:
    """Write strips along column 0 of ``part`` into ``out``."""
    deep = min(image.px(settings.frame_mm), part.shape[1] // 4)
    # Odd, so that a window has a middle and mirrored films have mirrored strips.
    run = min(image.px(settings.frame_run_mm), part.shape[0] - 1) // 2 * 2 + 1
    for depth in range(deep, 0, -1):
        if depth + 3 >= part.shape[1]:
            continue
        outside, inside = part[:, max(depth - 2, 0) : depth], part[:, depth + 1 : depth + 3]
        step = (outside.mean(axis=1) - inside.mean(axis=1) > least) & (outside.min(axis=1) > bright)
        straight = ndimage.uniform_filter1d(step.astype(np.float32), run, mode="constant") >= 0.9
        if not straight.any():
            continue
        outer = outside.mean(axis=1)
        mean = ndimage.uniform_filter1d(outer, run)
        uneven = np.sqrt(np.maximum(ndimage.uniform_filter1d(outer * outer, run) - mean * mean, 0.0))
        straight &= uneven < _EVEN / settings.frame_step * least
        if not straight.any():
            continue
        # The run that a window of nine in ten straddles, without its ragged ends.
        rows = ndimage.binary_dilation(straight, iterations=run // 2) & ndimage.binary_closing(
            step, iterations=3, border_value=0
        )
        # Beyond the step all must stay bright or be the padding: a breast that ends there is not a frame.
        out[rows, : depth + 1] = True
