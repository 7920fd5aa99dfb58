"""Whether the numbers are Hounsfield units: air near -1000, tissue near 0, nothing cut off below bone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions

__all__ = ["ScaleSettings", "scale_note"]

Values = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSettings:
    """What a CT in Hounsfield units looks like.

    samples : about so many voxels are looked at.
    byte_max, black_share : an image between 0 and this value is a picture, not HU, if so much of it is black.
    unit_max : nor is one between 0 and this value (scaled floats).
    shifted_share : share of voxels from 700 to 1500 from which tissue lies at about +1000: the intercept is missing.
        Compact bone is a few per cent of a head at most.
    below_hu, below_share : air is not below -1024 but for noise; more than this share there, fill values apart, is a
        shifted scale.
    tissue_share : least share of voxels within 250 of water; a chest has ten per cent and more.
    absurd_hu, absurd_share : values above are metal at most; more than this share of them is no HU.
    drawn_values : an image of so few different values is a drawing, with no histogram to judge.
    pile_share, pile_least, clip_hu : so many voxels at exactly the largest value, and that value below ``clip_hu``:
        cut off, if within ``slope_hu`` below lie at least ``slope_share`` times as many.
    """

    samples: int = 1_000_000
    byte_max: float = 300.0
    black_share: float = 0.02
    unit_max: float = 2.0
    shifted_share: float = 0.15
    below_hu: float = -1300.0
    below_share: float = 0.02
    tissue_share: float = 0.005
    absurd_hu: float = 8000.0
    absurd_share: float = 0.005
    pile_share: float = 2e-4
    pile_least: int = 30
    clip_hu: float = 1500.0
    slope_hu: float = 40.0
    slope_share: float = 0.02
    drawn_values: int = 16


def scale_note(volume: Volume, regions: Regions, settings: ScaleSettings = ScaleSettings()) -> Note | None:
    """A note of severity ``withheld`` when the numbers are no Hounsfield units, else ``None``.

    Parameters
    ----------
    volume : Volume
    regions : Regions
        From :func:`calcimetry.locate.body`; a body that was found where no HU are expected is named in the text.
    settings : ScaleSettings
    """
    if not volume.acquisition.hu:
        return _note("the file gives no rescale to Hounsfield units", "slope and intercept of a CT")
    values = _sample(volume.pixels, settings.samples)
    if not len(values):
        return _note("no finite value in the image", "air near -1000, soft tissue 0 to 80")
    wrong = _wrong(values, settings)
    if wrong is None:
        return None
    seen = "" if any(r.confidence > 0.0 for r in regions.regions) else "; no body was found by these values"
    return _note(wrong + seen, "air near -1000, fat near -100, soft tissue 0 to 80, bone above 300")


def _wrong(values: Values, settings: ScaleSettings) -> str | None:
    low, high = float(values.min()), float(values.max())
    if low >= -1.0 and high <= settings.unit_max:
        return f"values from {low:g} to {high:g}, as of scaled floats"
    if len(np.unique(values[:: max(1, len(values) // 100_000)])) <= settings.drawn_values:
        # A drawn phantom of a few flat values has no histogram to judge; what it says of itself stands.
        return None
    # A picture shows air as black; a phantom without air has nothing there.
    black = _share(values, -1.0, settings.byte_max / 50.0)
    if low >= -1.0 and high <= settings.byte_max and black >= settings.black_share:
        return f"values from {low:g} to {high:g}, as of a picture of 8 bits"
    shifted = _share(values, 700.0, 1500.0)
    if shifted > settings.shifted_share:
        return f"{shifted:.0%} of the voxels lie between 700 and 1500, as when the intercept of about -1000 is missing"
    below = values[values < settings.below_hu]
    if len(below):  # a fill value outside the scanned field is one value; a shifted image has many
        filled = int(np.unique(below, return_counts=True)[1].max())
        deep = (len(below) - filled) / len(values)
        if deep > settings.below_share:
            return f"{deep:.0%} of the voxels lie below {settings.below_hu:g}, lower than air"
    absurd = float(np.mean(values > settings.absurd_hu))
    if absurd > settings.absurd_share:
        return f"{absurd:.1%} of the voxels lie above {settings.absurd_hu:g}"
    tissue = _share(values, -250.0, 250.0)
    if tissue < settings.tissue_share:
        return f"only {tissue:.1%} of the voxels lie within 250 of water (values from {low:g} to {high:g})"
    pile = float(np.mean(values == values.max()))
    if pile > max(settings.pile_share, settings.pile_least / len(values)) and high < settings.clip_hu and low != high:
        # Where an image was cut off, the values just below are filled too; a flat insert stands alone above a gap.
        close = _share(values, high - settings.slope_hu, np.nextafter(high, low))
        if close >= settings.slope_share * pile:
            return f"{pile:.2%} of the voxels have exactly the largest value, {high:g}: the image was cut off there"
    return None


def _share(values: Values, low: float, high: float) -> float:
    return float(np.mean((values >= low) & (values <= high)))


def _sample(pixels: Values, samples: int) -> Values:
    """About so many voxels, evenly spread over slices, rows and columns."""
    stride = max(1, round((pixels.size / max(samples, 1)) ** (1 / 3)))
    steps = [min(stride, max(1, size // 8)) for size in pixels.shape]
    values = pixels[:: steps[0], :: steps[1], :: steps[2]].reshape(-1)
    return values if np.issubdtype(values.dtype, np.integer) else values[np.isfinite(values.astype(np.float64))]


def _note(found: str, expected: str) -> Note:
    return Note("scale-not-hu", f"The values are no Hounsfield units: found {found}; expected {expected}.", "withheld")
