"""What several views of one person tell together: which groups are the same, where they lie, how the sides differ."""

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.pairs import two_views
from calcimetry.assign.breast.settings import SideSettings, TwoViewSettings
from calcimetry.assign.breast.sides import side_notes

__all__ = ["SeenBreast", "SideSettings", "TwoViewSettings", "side_notes", "two_views"]
