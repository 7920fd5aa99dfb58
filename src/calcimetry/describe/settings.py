"""Choices behind words on mammograms. All are ours unless a docstring says otherwise; lengths are of the object."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BreastWordSettings", "DistributionSettings", "MorphologySettings", "PatternSettings", "ShapeSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """When a single particle gets a word for its form."""

    least_px: float = 2.0
    """Width [px] below which a particle has no shape: a pixel is square whatever lies in it."""
    least_lossy_px: float = 6.0
    """The same on an image that was compressed with loss, whose blocks of 8 pixels ring around small things."""
    fitted_mm: float = 0.12
    """Pixels up to this were learned from; on coarser ones the finer marks of a form are lost."""
    least_coarse_px: float = 4.0
    """Width [px] below which a particle has no word on such coarse pixels."""
    ring_share: float = 0.7
    """Share of the directions in which a wall must stand around a dark middle for a ring that is not quite closed."""
    ring_elongation: float = 2.0
    """Greatest ratio of length and width of such a ring."""
    ring_sure: float = 0.8
    """How sure it is then that it is a ring, of whatever kind, whatever the fitted model says."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSettings:
    """How the places of particles become a word; the limits of 10 and 20 mm are BI-RADS' (knowledge/projections)."""

    least: int = 3
    """Fewest particles whose arrangement gets a word."""
    least_confidence: float = 0.1
    """Confidence from which on a calcification takes part, and counts by it: fewer would be cut apart by those that are
    missed, while strays are set against the rest of the breast."""
    least_sure: float = 0.3
    """Confidence from which on it counts for the extent and the form of the patch."""
    links_mm: tuple[float, ...] = (2.5, 3.5, 5.0, 7.0, 10.0)
    """Distances up to which particles are taken to belong together; the one is used that sets them off best."""
    axis_ratio: float = 3.0
    """Ratio of the spreads along and across from which on an arrangement is a line."""
    axis_margin: float = 1.2
    """What is added to the logarithm of that ratio over the root of the number of particles less two: few particles lie
    along a line by chance."""
    line_mm: float = 1.3
    """Greatest spread (standard deviation) across a line: a duct with its side branches."""
    fork_mm: float = 0.8
    """Distance from either of two lines up to which a particle lies on it: a duct that forks is linear too."""
    fork_share: float = 0.92
    """Share of the particles that must lie on the two ..."""
    fork_least: float = 2.5
    """... how many beyond the four that two lines always go through ..."""
    fork_span_mm: float = 7.0
    """... and the least length of the longer one."""
    nipple_degrees: float = 35.0
    """Greatest angle between the long axis of a segment and the way to the nipple."""
    widening: float = 0.1
    """Usual least correlation of the distance from the axis with that from the nipple, away from which a segment
    widens."""
    segment_mm: float = 14.0
    """Least extent of a segment; a part of it is enough."""
    segment_ratio: float = 1.45
    """Usual least spread of a segment on the way to the nipple over its spread across; one of the two makes up for the
    other."""
    diffuse_least: float = 8.0
    """Expected number of particles of the whole image below which nothing is diffuse."""
    diffuse_share: float = 0.5
    """Share of the breast over which diffuse calcium lies."""
    least_gain: float = 12.0
    """Log-likelihood of a patch of its own over one density all over the breast, below which a group among particles
    that lie all over the breast is part of a diffuse pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSettings:
    """Shapes that are tried as an explanation of where particles lie, and what else may explain them."""

    cluster_mm: tuple[float, float] = (0.5, 4.2)
    """Spread (standard deviation) of a cluster: nearly all of it lies within BI-RADS' 20 mm."""
    cluster_ratio: tuple[float, float] = (0.45, 1.0)
    """Its spread across over that along."""
    line_mm: tuple[float, float] = (6.0, 45.0)
    """Length of a line."""
    line_width_mm: tuple[float, float] = (0.2, 0.9)
    """Spread (standard deviation) across it."""
    forks: float = 0.4
    """Share of the lines tried that fork."""
    fork_turn: tuple[float, float] = (0.2, 0.9)
    """Angle [rad] of the fork."""
    wedge_mm: tuple[float, float] = (20.0, 65.0)
    """Length of a wedge."""
    wedge_opening: tuple[float, float] = (0.22, 0.9)
    """Its width over the distance from its tip."""
    nipple_degrees: float = 20.0
    """Greatest angle between its axis and the way from the nipple."""
    region_mm: tuple[float, float] = (10.0, 30.0)
    """Half of the long axis of a region: from BI-RADS' 20 mm on."""
    region_ratio: tuple[float, float] = (0.5, 1.0)
    """Its short axis over the long one."""
    soft_mm: float = 1.0
    """Width of the edge of a wedge or region."""
    reach_mm: float = 45.0
    """Shapes are laid through a member and another place up to this distance away."""
    most_odds: float = 20.0
    """One particle counts as calcium with at most these odds."""
    strays: float = 6.0
    """Particles that lie anywhere, of the whole breast."""
    false: float = 15.0
    """Findings of even odds that are no calcium, of the whole breast."""
    another: float = 6.0
    """Log-likelihood that one more group of its own costs."""
    group_from: float = 0.3
    """Confidence from which on another group may explain its particles."""
    tried: int = 400
    """Shapes of each kind that are tried first ..."""
    kept: int = 10
    """... the best of which are bettered ..."""
    near: int = 20
    """... by so many near each of them ..."""
    steps: tuple[float, ...] = (0.3, 0.2, 0.1, 0.05)
    """... within such a share of their numbers."""
    counts: tuple[float, ...] = (3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 90.0)
    """Numbers of particles that a pattern may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreastWordSettings:
    """Words on mammograms."""

    shape: ShapeSettings = field(default_factory=ShapeSettings)
    morphology: MorphologySettings = field(default_factory=MorphologySettings)
    distribution: DistributionSettings = field(default_factory=DistributionSettings)
    patterns: PatternSettings = field(default_factory=PatternSettings)
