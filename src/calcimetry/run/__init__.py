"""The way of the data, joined: from reading to explaining. Nothing else joins stages."""

from calcimetry.run.analyze import analyze
from calcimetry.run.assess import assess
from calcimetry.run.given import Given
from calcimetry.run.looked import Progress
from calcimetry.settings import settings_from

__all__ = ["Given", "Progress", "analyze", "assess", "settings_from"]
