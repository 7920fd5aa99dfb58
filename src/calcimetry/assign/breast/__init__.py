"""What several views of one person tell together: which groups are the same, where they lie, how the sides differ."""

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.pairs import two_views
from calcimetry.assign.breast.settings import SideSettings, SliceSettings, TwoViewSettings
from calcimetry.assign.breast.sides import side_notes
from calcimetry.assign.breast.slices import OTHER_SLICE, over_slices, stack_of

__all__ = [
    "OTHER_SLICE",
    "SeenBreast",
    "SideSettings",
    "SliceSettings",
    "TwoViewSettings",
    "over_slices",
    "side_notes",
    "stack_of",
    "two_views",
]
