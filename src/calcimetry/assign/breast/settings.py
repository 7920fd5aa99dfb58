"""Choices behind what two views, two sides and neighboring slices tell together. All are ours."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SideSettings", "SliceSettings", "TwoViewSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoViewSettings:
    """When groups of two views of one breast are likely the same calcium, and when they tell a quadrant."""

    distance_mm: float = 15.0
    """Greatest difference of their distances from the nipple: compression draws a breast differently in each view."""
    size_times: float = 2.5
    """Greatest ratio of their extents, to each of which ``size_floor_mm`` is added ..."""
    size_floor_mm: float = 5.0
    """... since a small group may show one particle more in one view."""
    margin_mm: float = 10.0
    """Least distance from the lines through the nipple at which a side of them is named."""
    oblique_degrees: float = 45.0
    """Angle of the oblique view to the vertical; usual are 30 to 60. Upper or lower is named only where it holds with
    and without this correction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSettings:
    """When left and right are said to differ, or to be alike."""

    least: int = 10
    """Fewest single calcifications of one side whose number is compared with that of the other."""
    times: float = 3.0
    """Ratio of the numbers from which on the sides differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSettings:
    """When slices of tomosynthesis show the same thing. Not measured: no tomosynthesis of a person was at hand."""

    link_mm: float = 3.0
    """Greatest height between two slices in which one calcification is linked; one slice may miss it between them."""
    near_mm: float = 0.4
    """Greatest distance of their middles in the plane, to which half of its width is added."""
    slab_mm: float = 10.0
    """Greatest height from the lowest to the highest of groups that are one: readers look at slabs of about 10 mm."""
    apart_mm: float = 2.0
    """Greatest distance of their boxes in the plane."""
