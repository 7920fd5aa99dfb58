"""Where things lie: body, lungs and bone, contrast medium, the scale of the numbers, and shapes drawn by hand."""

from calcimetry.locate.body import BodySettings, body

__all__ = ["BodySettings", "body"]
