"""Choices behind words on mammograms. All are ours unless a docstring says otherwise; lengths are of the object."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BreastWordSettings", "DistributionSettings", "MorphologySettings", "ShapeSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """When a single particle gets a word for its form."""

    least_px: float = 2.0
    """Width [px] below which a particle has no shape: a pixel is square whatever lies in it."""
    least_lossy_px: float = 6.0
    """The same on an image that was compressed with loss, whose blocks of 8 pixels ring around small things."""
    skin_mm: float = 16.0
    """A ring may be one of the skin up to this distance from the breast's outline, or in a fold."""
    suture_most: float = 0.3
    """Greatest probability of a suture: that there was an operation is not on the image."""
    edge: float = 0.5
    """The outline that is measured lies where a particle falls to this share of its height."""
    ring_mm: tuple[float, float] = (0.25, 0.9)
    """From where to where around the outline the background is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MorphologySettings:
    """How words of particles become the word of their group."""

    least: int = 2
    """Fewest members with a shape."""
    least_share: float = 0.5
    """Least share of the members (by confidence) that must have a shape."""
    odd_share: float = 0.15
    """Share of the particles from which on suspicious ones among benign ones are not put down to a slip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSettings:
    """How the places of particles become a word; the limits of 10 and 20 mm are BI-RADS' (knowledge/projections)."""

    least: int = 3
    """Fewest particles whose arrangement gets a word."""
    link_times: float = 3.5
    """Particles belong together up to so many times their usual distance ..."""
    link_least_mm: float = 3.0
    """... but at least up to this distance ..."""
    axis_ratio: float = 3.0
    """Ratio of the spreads along and across from which on an arrangement is a line."""
    line_mm: float = 1.5
    """Greatest spread (standard deviation) across a line: a duct with its side branches."""
    nipple_degrees: float = 30.0
    """Greatest angle between the long axis of a segment and the way to the nipple."""
    widening: float = 0.15
    """Least correlation of the distance from the axis with that from the tip: a segment widens away from the nipple."""
    segment_ratio: float = 1.35
    """Least ratio of the spreads of a segment."""
    diffuse_share: float = 0.5
    """Share of the breast over which diffuse calcium lies."""
    chance: float = 0.3
    """A group of which chance would make so many or more out of the rest of the breast's particles may be part of a
    diffuse pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreastWordSettings:
    """Words on mammograms."""

    shape: ShapeSettings = field(default_factory=ShapeSettings)
    morphology: MorphologySettings = field(default_factory=MorphologySettings)
    distribution: DistributionSettings = field(default_factory=DistributionSettings)
