"""Stage: which structure of the heart and great vessels a lesion belongs to, as a probability."""

from calcimetry.assign.assign import assign
from calcimetry.assign.field import Shown, shown
from calcimetry.assign.metal import MetalSettings, metal_notes, with_metal
from calcimetry.assign.patterns import PatternSettings, with_patterns
from calcimetry.assign.settings import AssignSettings

__all__ = [
    "MODELS",
    "AssignSettings",
    "MetalSettings",
    "PatternSettings",
    "Shown",
    "assign",
    "metal_notes",
    "shown",
    "with_metal",
    "with_patterns",
]

MODELS = ("assign/model",)
"""Fitted numbers that this stage reads."""
