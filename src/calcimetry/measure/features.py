"""What an interval may rest on: size, contrast, noise and grid of one lesion, and the model's face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["IntervalModel", "LesionFeatures", "Surroundings", "surroundings"]

_RING_MM = 2.5
"""How far around a lesion its background is looked at [mm]: past the blur, before the next organ."""
_REACH_VOXELS = (3, 40, 40)
"""A long lesion is looked at only so far around its peak (slices, rows, columns): noise is local, and so is time."""
_SOFT_HU = -200.0
"""Below this [HU] a neighbour is lung or air and says nothing of the noise in tissue."""
_NORMAL = 1.4826
"""Median absolute deviation -> standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Tissue around a lesion. ``sd_hu`` holds noise and texture, ``noise_hu`` only what differs pixel by pixel."""

    mean_hu: float | None = None
    sd_hu: float | None = None
    noise_hu: float | None = None
    edge_inside: int = 0
    """Voxels of the lesion less than two ``noise_hu`` above the threshold: noise may take them away."""
    edge_outside: int = 0
    """Neighbours of the lesion less than two ``noise_hu`` below the threshold: noise may add them."""
    halo_ratio: float = 0.0
    """What the voxels that touch the lesion hold above ``mean_hu``, over what the lesion itself holds above it: the
    part of a lesion that blur carried below the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionFeatures:
    """One lesion as an interval model sees it; lengths in mm, values in HU, ``None`` where not known."""

    spacing_mm: tuple[float, float, float]
    thickness_mm: float | None
    kvp: float | None
    threshold_hu: float
    steps_hu: tuple[float, ...]
    slice_factor: float
    mg_cm3_per_hu: float | None
    calibrated: bool
    """Whether ``mg_cm3_per_hu`` was measured or stated, not nominal."""
    voxels: int
    surface_voxels: int
    slices: int
    volume_mm3: float
    agatston: float | None
    mass_mg: float | None
    peak_hu: float
    mean_hu: float
    sum_hu: float
    largest_area_mm2: float
    around: Surroundings


class IntervalModel(Protocol):
    """95 % intervals from features. ``name`` is ``agatston``, ``volume`` or ``mass``; ``None``: not known."""

    def of_lesion(self, name: str, value: float, features: LesionFeatures) -> tuple[float, float] | None:
        """Interval of one lesion's number."""
        ...

    def of_sum(
        self, name: str, values: Sequence[float], features: Sequence[LesionFeatures]
    ) -> tuple[float, float] | None:
        """Interval of the sum over lesions."""
        ...


def surroundings(
    pixels: NDArray[Any],
    start: tuple[int, int, int],
    bits: NDArray[np.bool_],
    *,
    peak_index: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    threshold_hu: float,
) -> Surroundings:
    """Background and noise in a ring around a lesion, cheaply.

    Parameters
    ----------
    pixels : (slice, row, column)
        The whole image; only a box around the lesion is touched.
    start, bits
        The lesion's mask: first index of its box, and the box.
    peak_index : (int, int, int)
        Where the lesion is brightest.
    spacing_mm : (float, float, float)
    threshold_hu : float
        Values at or above it are no background.
    """
    low, high = [], []
    for axis in range(3):
        pad = 1 if axis == 0 else 1 + int(np.ceil(_RING_MM / spacing_mm[axis]))
        reach = _REACH_VOXELS[axis]
        first = max(start[axis] - pad, peak_index[axis] - reach, 0)
        last = min(start[axis] + bits.shape[axis] + pad, peak_index[axis] + reach + 1, pixels.shape[axis])
        low.append(first)
        high.append(last)
    hu = pixels[low[0] : high[0], low[1] : high[1], low[2] : high[2]].astype(np.float32)
    mask = np.zeros(hu.shape, bool)
    into, out_of = [], []
    for axis in range(3):
        a, b = max(low[axis], start[axis]), min(high[axis], start[axis] + bits.shape[axis])
        into.append(slice(a - low[axis], b - low[axis]))
        out_of.append(slice(a - start[axis], b - start[axis]))
    mask[tuple(into)] = bits[tuple(out_of)]
    rim = ndimage.maximum_filter(mask.view(np.uint8), 3).view(bool)
    tissue = ~rim & (hu > _SOFT_HU) & (hu < threshold_hu)
    values = hu[tissue]
    if values.size < 8:
        return Surroundings()
    middle = float(np.median(values))
    sd = _NORMAL * float(np.median(np.abs(values - middle)))
    pairs = tissue[:, :, 1:] & tissue[:, :, :-1]
    steps = np.abs(hu[:, :, 1:] - hu[:, :, :-1])[pairs]
    noise = _NORMAL * float(np.median(steps)) / np.sqrt(2.0) if steps.size else sd
    shell = rim & ~mask & (hu > _SOFT_HU) & (hu < threshold_hu)
    own = float((hu[mask] - middle).sum())
    return Surroundings(
        mean_hu=middle,
        sd_hu=sd,
        noise_hu=float(noise),
        edge_inside=int(np.count_nonzero(hu[mask] < threshold_hu + 2 * noise)),
        edge_outside=int(np.count_nonzero(shell & (hu >= threshold_hu - 2 * noise))),
        halo_ratio=float((hu[shell] - middle).sum()) / own if own > 0 else 0.0,
    )
