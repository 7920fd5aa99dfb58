"""Calcium candidates: connected bodies at least as dense as the threshold, each with a kind and a confidence."""

from calcimetry.detect.find import Found, find, look
from calcimetry.detect.settings import DetectSettings

__all__ = ["TABLES", "DetectSettings", "Found", "find", "look"]

TABLES = ("detection",)
"""Tables of ``knowledge`` that this stage reads."""
