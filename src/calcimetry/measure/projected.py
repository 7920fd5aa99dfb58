"""Stage: sizes of what was outlined on a projection. A projection has no mm3 and no HU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.measure.diameter import diameter_in_plane_mm
from calcimetry.measure.size_interval import size_interval

__all__ = ["feret", "projected"]

_METHOD = "outline on the projection"
_NO_EDGE = "br_amorphous"
_MEAN = "circle of the same area"
_DETECTOR = "outline on the projection, in the plane of the detector: magnification is not stated"


def projected(projection: Projection, lesions: Sequence[Lesion], *, intervals: bool = True) -> tuple[Lesion, ...]:
    """The lesions with their area, largest diameter and diameter of the circle of the same area.

    Parameters
    ----------
    projection : Projection
    lesions : sequence of Lesion
        With outlines on its pixels.
    intervals : bool
        Whether sizes of spots get the 95 % interval of :mod:`calcimetry.measure.size_interval`; it needs the height
        over the noise that ``detect`` found (``snr`` in the evidence), which large things and arteries do not have.
        None for what is amorphous by the likeliest of its words.

    Returns
    -------
    tuple of Lesion
        ``area`` [mm2], ``diameter`` [mm] (the largest) and ``diameter_mean`` [mm]; where the pixel is unknown
        ``area_pixels`` and ``diameter_pixels`` instead: nothing is guessed. An area is that of whole pixels; those of
        a spot were chosen to hold the area that it has behind blur and noise.
    """
    return tuple(_sized(projection, lesion, intervals) for lesion in lesions)


def _sized(projection: Projection, lesion: Lesion, intervals: bool) -> Lesion:
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
        area = float(bits.sum()) * row_mm * column_mm
        sizes = {"area": area, "diameter": feret(bits, (row_mm, column_mm)), "diameter_mean": 2 * sqrt(area / pi)}
        said = {"area": method, "diameter": method, "diameter_mean": f"{_MEAN}, {method}"}
        across_px = 2 * sqrt(float(bits.sum()) / pi)
        measures = {
            name: Measurement(
                value,
                "mm2" if name == "area" else "mm",
                _interval(name, value, across_px, lesion) if intervals else None,
                said[name],
            )
            for name, value in sizes.items()
        }
    return replace(lesion, measures={**lesion.measures, **measures})


def _interval(name: str, value: float, across_px: float, lesion: Lesion) -> tuple[float, float] | None:
    # What the intervals claim does not hold for particles whose edge is no edge.
    if "snr" not in lesion.evidence or (lesion.words and lesion.words[0].word == _NO_EDGE):
        return None
    return size_interval(name, value, across_px, lesion.evidence["snr"])


def feret(bits: NDArray[np.bool_], pitch_mm: tuple[float, float]) -> float:
    """Largest distance between two points of an outline (row, column).

    The outline runs through the middles of the pixel sides that look outside, as that of a lesion on CT does: through
    the corners it would be longer than the thing by half a pixel and more.

    >>> feret(np.ones((1, 4), bool), (1.0, 1.0))
    4.0
    """
    return diameter_in_plane_mm(bits[None], (1.0, *pitch_mm))
