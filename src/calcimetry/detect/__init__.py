"""Calcium candidates, each with a kind and a confidence: bodies at least as dense as the threshold on volumes, spots
that stand out of an image's own noise on mammograms.
"""

from calcimetry.detect.breast import BreastDetectSettings, BreastFound, look_breast
from calcimetry.detect.find import Found, find, look
from calcimetry.detect.settings import DetectSettings

__all__ = [
    "MODELS",
    "TABLES",
    "BreastDetectSettings",
    "BreastFound",
    "DetectSettings",
    "Found",
    "find",
    "look",
    "look_breast",
]

TABLES = ("detection",)
"""Tables of ``knowledge`` that this stage reads."""

MODELS = ("detect/breast/model", "detect/breast/sizes")
"""Fitted numbers that the search on mammograms reads."""
