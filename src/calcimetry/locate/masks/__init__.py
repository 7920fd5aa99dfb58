"""From masks of another program to the names and landmarks of the house."""

from calcimetry.locate.masks.join import from_masks

__all__ = ["from_masks"]
