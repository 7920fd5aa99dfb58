"""Mammograms laid open: each breast in a sentence, whole views as they hang, close views of groups, tables.

Reads the case only. ``kinds`` sorts what a view shows, ``words`` names it, ``hang`` and ``crops`` make the pictures
with ``marks`` over them, ``tables`` and ``answer`` gather what is said, ``view`` joins; ``lines`` is for a terminal and
``rows`` for ``groups.tsv``.
"""

from __future__ import annotations

from calcimetry.report.breast.kinds import mammograms, without_mammograms
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.view import Breasts, breasts

__all__ = ["BreastPageSettings", "Breasts", "breasts", "mammograms", "without_mammograms"]
