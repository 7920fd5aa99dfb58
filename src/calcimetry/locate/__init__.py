"""Where things lie: body, lungs and bone, contrast medium, the scale of the numbers, and shapes drawn by hand."""

from calcimetry.locate.body import BodySettings, body
from calcimetry.locate.breast import BreastMap, BreastSettings, breast_map
from calcimetry.locate.contrast import contrast, contrast_note, contrast_threshold_hu
from calcimetry.locate.drawn import drawn
from calcimetry.locate.heart import anatomy
from calcimetry.locate.masks import from_masks
from calcimetry.locate.scale import scale_note

__all__ = [
    "MODELS",
    "TABLES",
    "BodySettings",
    "BreastMap",
    "BreastSettings",
    "anatomy",
    "body",
    "breast_map",
    "contrast",
    "contrast_note",
    "contrast_threshold_hu",
    "drawn",
    "from_masks",
    "scale_note",
]

TABLES = ("checks/contrast",)
"""Tables of ``knowledge`` that this stage reads."""

MODELS = ("locate/heart/courses",)
"""Fitted numbers that this stage reads on volumes."""
