"""Stage: which structure of the heart and great vessels a lesion belongs to, as a probability."""

from calcimetry.assign.assign import assign
from calcimetry.assign.field import Shown, shown
from calcimetry.assign.settings import AssignSettings

__all__ = ["AssignSettings", "Shown", "assign", "shown"]
