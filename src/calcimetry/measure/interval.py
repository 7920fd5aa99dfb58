"""95 % intervals of a lesion's volume, mass and Agatston score and of sums over lesions.

What is claimed: of calcifications that were found, the interval holds the truth for about 95 %. Truth is the physical
volume [mm³]; the hydroxyapatite in it [mg]; and for the Agatston score, which has no physical truth, the expected score
of the same object under the same protocol, averaged over realisations of noise and of sub-voxel position. Lesions that
are missed entirely are outside the claim. So are motion, metal, contrast medium and neighbours that touch.

The numbers come from simulated lesions (table ``intervals``, fitted by ``tools/fit_intervals.py``): the logarithm of
truth over measured is predicted by a linear model on a few features of the lesion, its spread by another, and the
2.5 % and 97.5 % ends are quantiles of the residuals of lesions that the fit had not seen. Blooming is a known
bias, so the interval of a volume may lie wholly below the measured volume: it is an interval of the truth, not a band
around the number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.load import table
from calcimetry.measure.features import LesionFeatures

__all__ = ["FEATURES", "LesionIntervals", "Quantity", "describe", "design", "from_table", "model"]

FEATURES = (
    "log_voxels",
    "log_peak_contrast",
    "log_mean_contrast",
    "halo",
    "log_above_background",
    "noise_over_threshold",
    "log_thickness_mm",
    "log_overlap",
    "log_pixel_mm",
    "log_area_mm2",
    "surface_share",
    "edge_inside_share",
    "edge_outside_share",
    "log_threshold",
)
"""What an interval rests on, in the order of the table's numbers."""
_SQUARED = 6
"""The first so many features also enter by their products, two and two."""
_LEAST_CONTRAST = 0.05
"""Added to contrast over threshold before the logarithm, so that a peak at the threshold is finite."""
_LEAST_ABOVE_BACKGROUND = 0.1
"""Least share of a lesion's mean that is above its background, so that the logarithm is finite."""
_UNKNOWN_BACKGROUND_HU = 40.0
"""Background where nothing around the lesion can be looked at: soft tissue, of which most of a body is."""
_TWO_SIDED = 1.959964
"""Standard deviations from the middle to either end of 95 % of a normal distribution."""

Array = NDArray[np.float64]


def describe(features: LesionFeatures, unknown_noise_hu: float) -> Array:
    """Features (14,) of a lesion, in the order of :data:`FEATURES`; lengths in mm, contrasts over the threshold."""
    threshold = features.threshold_hu
    dz, dy, dx = features.spacing_mm
    thickness = features.thickness_mm or dz
    noise, background = features.around.noise_hu, features.around.mean_hu
    background = _UNKNOWN_BACKGROUND_HU if background is None else background
    return np.array(
        [
            math.log(features.voxels),
            math.log(max(features.peak_hu / threshold - 1.0, 0.0) + _LEAST_CONTRAST),
            math.log(max(features.mean_hu / threshold - 1.0, 0.0) + _LEAST_CONTRAST),
            math.log1p(max(features.around.halo_ratio, 0.0)),
            math.log(max(1.0 - background / features.mean_hu, _LEAST_ABOVE_BACKGROUND)),
            (unknown_noise_hu if noise is None else noise) / threshold,
            math.log(thickness),
            math.log(dz / thickness),
            math.log(dy * dx) / 2.0,
            math.log(features.largest_area_mm2),
            features.surface_voxels / features.voxels,
            features.around.edge_inside / features.voxels,
            math.log1p(features.around.edge_outside / features.voxels),
            math.log(threshold / 130.0),
        ]
    )


def design(scaled: Array) -> Array:
    """Terms (n, 36) of scaled features (n, 14): one, each, and products of the first six."""
    products = [scaled[:, a] * scaled[:, b] for a in range(_SQUARED) for b in range(a, _SQUARED)]
    return np.column_stack([np.ones(len(scaled)), scaled, *products])


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """The model of one quantity.

    ``center`` (36,) and ``spread`` (15,) are coefficients of log(truth / measured) and of the log of its spread;
    ``low`` and ``high`` (b,) the ends in spreads, by class of spread with limits ``edges`` (b - 1,); ``shared`` the
    share of variance that lesions of one scan have in common.
    """

    center: Array
    spread: Array
    edges: Array
    low: Array
    high: Array
    shared: float

    def ratios(self, scaled: Array) -> tuple[Array, Array, Array]:
        """Truth over measured, low, middle and high, each (n,), for scaled features (n, 14)."""
        middle = design(scaled) @ self.center
        width = np.exp(np.column_stack([np.ones(len(scaled)), scaled]) @ self.spread)
        which = np.searchsorted(self.edges, width)
        return (
            np.exp(middle + self.low[which] * width),
            np.exp(middle),
            np.exp(middle + self.high[which] * width),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LesionIntervals:
    """The interval model: plain numbers of the table, evaluated.

    Features are held within ``lowest`` and ``highest`` (14,), the range that was simulated, then scaled by ``middle``
    and ``sd``: a lesion far larger than any simulated gets the relative width of the largest.
    """

    lowest: Array
    highest: Array
    middle: Array
    sd: Array
    unknown_noise_hu: float
    nominal_sd: float
    quantities: dict[str, Quantity]

    def of_lesion(self, name: str, value: float, features: LesionFeatures) -> tuple[float, float] | None:
        """Interval of one lesion's ``agatston``, ``volume`` or ``mass``; ``None`` for another name or nothing."""
        return self.of_sum(name, [value], [features])

    def of_sum(
        self, name: str, values: Sequence[float], features: Sequence[LesionFeatures]
    ) -> tuple[float, float] | None:
        """Interval of the sum over lesions, none of which was missed.

        On the linear scale, each side for itself: of the distances from the predicted middle to the end, the share
        that lesions of a scan have in common (blur, voltage) adds up, the rest adds in quadrature. The spread of an
        uncalibrated mass factor is common to all lesions and widens each side in quadrature. ``None`` where nothing was
        found: an interval of zero would speak of missed lesions.
        """
        quantity = self.quantities.get(name)
        amounts = np.array(values, dtype=np.float64)
        if quantity is None or len(amounts) != len(features) or not (amounts > 0).any():
            return None
        low, middle, high = (amounts * ratio for ratio in quantity.ratios(self.scaled(features)))
        # Residuals are skew: where the middle lies outside its own quantiles, the nearer end stands for it.
        middle = np.clip(middle, low, high)
        total = float(middle.sum())
        known = name != "mass" or all(one.calibrated for one in features)
        common = 0.0 if known else _TWO_SIDED * self.nominal_sd * total
        below = _joined(middle - low, quantity.shared, common)
        above = _joined(high - middle, quantity.shared, common)
        return max(0.0, total - below), total + above

    def scaled(self, features: Sequence[LesionFeatures]) -> Array:
        """Features (n, 14) of lesions, held within the range simulated, in standard deviations."""
        raw = np.stack([describe(one, self.unknown_noise_hu) for one in features])
        found: Array = (np.clip(raw, self.lowest, self.highest) - self.middle) / self.sd
        return found


def _joined(sides: Array, shared: float, common: float) -> float:
    alone = (1.0 - shared) * float((sides**2).sum()) + shared * float(sides.sum()) ** 2
    return math.sqrt(alone + common**2)


def from_table(values: dict[str, Any]) -> LesionIntervals:
    """The model of a table of the form of ``intervals``."""
    rows = {row["name"]: row for row in values["feature"]}

    def column(key: str) -> Array:
        return np.array([float(rows[name][key]) for name in FEATURES])

    def numbers(row: dict[str, Any], key: str) -> Array:
        return np.array(row[key], dtype=np.float64)

    quantities = {
        row["name"]: Quantity(
            center=numbers(row, "center"),
            spread=numbers(row, "spread"),
            edges=numbers(row, "edges"),
            low=numbers(row, "low"),
            high=numbers(row, "high"),
            shared=float(row["shared"]),
        )
        for row in values["quantity"]
    }
    return LesionIntervals(
        lowest=column("lowest"),
        highest=column("highest"),
        middle=column("middle"),
        sd=column("sd"),
        unknown_noise_hu=float(values["unknown_noise_hu"]),
        nominal_sd=float(values["calibration"]["nominal_sd"]),
        quantities=quantities,
    )


@cache
def model() -> LesionIntervals:
    """The model in force, from the table ``intervals``.

    >>> sorted(model().quantities)
    ['agatston', 'mass', 'volume']
    """
    return from_table(table("intervals"))
