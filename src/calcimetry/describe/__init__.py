"""Words for what was found and outlined: form of each particle, morphology and distribution of each group."""

from calcimetry.describe.distribution import TABLE
from calcimetry.describe.mammogram import Described, breast
from calcimetry.describe.settings import (
    BreastWordSettings,
    DistributionSettings,
    MorphologySettings,
    PatternSettings,
    ShapeSettings,
)

__all__ = [
    "MODELS",
    "TABLES",
    "BreastWordSettings",
    "Described",
    "DistributionSettings",
    "MorphologySettings",
    "PatternSettings",
    "ShapeSettings",
    "breast",
]

TABLES = (TABLE,)
"""Tables of ``knowledge`` that this stage reads."""

MODELS = ("describe/model",)
"""Fitted numbers that this stage reads."""
