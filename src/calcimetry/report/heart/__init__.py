"""The heart laid open: burden by structure, what to check first, key images by artery, what was left out.

Reads the case only. ``places`` names the structures, ``burden`` gathers their numbers, ``doubts`` finds the lesions
whose name or kind is unsure, ``strips`` chooses the pictures, ``scheme`` sets numbers onto the drawing, ``view`` joins.
"""

from __future__ import annotations

from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.heart.view import Heart, hearts, images_with_heart

__all__ = ["Heart", "HeartPageSettings", "hearts", "images_with_heart"]
