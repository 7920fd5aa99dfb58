"""Stage: which structure of the heart and great vessels a lesion belongs to, as a probability."""

from calcimetry.assign.assign import assign
from calcimetry.assign.field import Shown, shown
from calcimetry.assign.patterns import PatternSettings, with_patterns
from calcimetry.assign.settings import AssignSettings

__all__ = ["AssignSettings", "PatternSettings", "Shown", "assign", "shown", "with_patterns"]
