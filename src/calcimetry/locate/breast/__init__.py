"""Where everything lies on a mammogram: air, breast, skin, nipple, muscle, and what is no breast at all."""

from calcimetry.locate.breast.layout import INSIDE, BreastMap, breast_map
from calcimetry.locate.breast.settings import BreastSettings, LineSettings, PectoralSettings

__all__ = ["INSIDE", "BreastMap", "BreastSettings", "LineSettings", "PectoralSettings", "breast_map"]
