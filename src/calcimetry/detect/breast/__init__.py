"""Calcifications on mammograms: large things first, then spots, then groups of them."""

from calcimetry.detect.breast.look import BreastFound, look_breast
from calcimetry.detect.breast.settings import (
    ArterySettings,
    BreastDetectSettings,
    CoarseSettings,
    GroupSettings,
    RingSettings,
    SpotSettings,
)

__all__ = [
    "ArterySettings",
    "BreastDetectSettings",
    "BreastFound",
    "CoarseSettings",
    "GroupSettings",
    "RingSettings",
    "SpotSettings",
    "look_breast",
]
