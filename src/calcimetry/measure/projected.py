"""Stage: sizes of what was outlined on a projection. A projection has no mm3 and no HU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement

__all__ = ["feret", "projected"]

_METHOD = "outline on the projection"
_DETECTOR = "outline on the projection, in the plane of the detector: magnification is not stated"


def projected(projection: Projection, lesions: Sequence[Lesion]) -> tuple[Lesion, ...]:
    """The lesions with their area and largest diameter.

    Parameters
    ----------
    projection : Projection
    lesions : sequence of Lesion
        With outlines on its pixels.

    Returns
    -------
    tuple of Lesion
        ``area`` [mm2] and ``diameter`` [mm]; where the pixel is unknown ``area_pixels`` and ``diameter_pixels``
        instead: nothing is guessed.
    """
    return tuple(_sized(projection, lesion) for lesion in lesions)


def _sized(projection: Projection, lesion: Lesion) -> Lesion:
    if lesion.mask is None:
        return lesion
    bits = lesion.mask.bits[0]
    if projection.pixel_mm is None:
        measures = {
            "area_pixels": Measurement(float(bits.sum()), "{pixel}", None, _METHOD),
            "diameter_pixels": Measurement(feret(bits, (1.0, 1.0)), "{pixel}", None, _METHOD),
        }
    else:
        method = _DETECTOR if projection.scale_plane == "detector" else _METHOD
        row_mm, column_mm = projection.pixel_mm
        measures = {
            "area": Measurement(float(bits.sum()) * row_mm * column_mm, "mm2", None, method),
            "diameter": Measurement(feret(bits, (row_mm, column_mm)), "mm", None, method),
        }
    return replace(lesion, measures={**lesion.measures, **measures})


def feret(bits: NDArray[np.bool_], pitch_mm: tuple[float, float]) -> float:
    """Largest distance between two corners of an outline (row, column), pixels being squares of their pitch.

    >>> round(feret(np.ones((1, 4), bool), (1.0, 1.0)), 3)
    4.123
    """
    edge = _rim(bits)
    corners = np.unique(np.concatenate([edge + off for off in ((0, 0), (0, 1), (1, 0), (1, 1))]), axis=0)
    points = corners * np.asarray(pitch_mm)
    if len(points) > _MANY:
        points = _extremes(points)
    apart = points[:, None] - points[None]
    return float(np.sqrt((apart**2).sum(axis=2).max()))


_MANY = 400
"""Above so many corners only those that are extreme in one of 180 directions are paired (exact to 1 in 10000)."""


def _rim(bits: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First and last pixel of each row: the corners of any largest diameter are among theirs."""
    rows = np.flatnonzero(bits.any(axis=1))
    first = bits[rows].argmax(axis=1)
    last = bits.shape[1] - 1 - bits[rows][:, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)])


def _extremes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = np.deg2rad(np.arange(0.0, 180.0))
    along = points @ np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(points[np.unique(np.concatenate([along.argmax(axis=0), along.argmin(axis=0)]))])
