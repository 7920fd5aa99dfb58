"""Choices behind the search on mammograms. All lengths are in millimeters of the object."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "ArterySettings",
    "BreastDetectSettings",
    "CoarseSettings",
    "GroupSettings",
    "RingSettings",
    "SpotSettings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotSettings:
    """How candidates for single calcifications are picked; low on purpose, the fitted model decides."""

    working_mm: float = 0.2
    """Pixel to which finer images are averaged, as far as whole numbers allow."""
    finest_from_mm: float = 0.125
    """Where half of that is no wider than this, spots are looked for on the finer pixels."""
    finest_sigma_mm: tuple[float, ...] = (0.08,)
    """Filters that only finer pixels can hold."""
    sigma_mm: tuple[float, ...] = (0.14, 0.20, 0.28, 0.40)
    """Widths of the filters, each a difference of two Gaussians."""
    surround: float = 1.8
    """Width of the outer Gaussian over that of the inner one."""
    noise_mm: float = 8.5
    """Side of the square in which the local noise of a filter is taken."""
    least_z: float = 2.3
    """Height over the noise from which on a local maximum is a candidate."""
    most: int = 1500
    """At most so many candidates of one image, the highest."""
    finest_most: int = 2000
    """The same on finer pixels."""
    apart_mm: float = 0.5
    """Two candidates lie at least so far apart."""
    finest_apart_mm: float = 0.35
    """The same on finer pixels."""
    same_mm: float = 0.35
    """A candidate on finer pixels and one on wider ones are the same within this distance."""
    alone: float = 1.0
    """Log-likelihood that a candidate loses which is seen on pixels of one size only."""
    listed_from: float = -1.0
    """Log-likelihood ratio from which on a candidate is listed as a finding."""

    def widths(self, mm: float) -> tuple[float, ...]:
        """Widths of the filters on pixels of this size."""
        return (*self.finest_sigma_mm, *self.sigma_mm) if self.finest(mm) else self.sigma_mm

    def finest(self, mm: float) -> bool:
        """Whether pixels of this size are the finer ones."""
        return mm <= self.finest_from_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How spots become groups."""

    from_llr: float = 1.25
    """Spots with at least this log-likelihood ratio take part."""
    cap: float = 6.0
    """One spot counts at most so much: a single bright speck of dust makes no group."""
    radii_mm: tuple[float, ...] = (3.0, 5.0, 8.0)
    """Circles that are tried around each spot."""
    coarse_from: float = 0.5
    """Spots that are a piece of a large calcification with at least this probability take no part."""
    least: int = 2
    """Fewest spots of a group."""
    distinct: int = 3
    """A group is reported from so many spots on that are calcifications by themselves; fewer are listed as a group."""
    floor: float = 0.02
    """Confidence below which groups are not listed."""
    reported_from: float | None = None
    """Surprise from which on a group is reported; ``None``: as the fitted model says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseSettings:
    """What is taken out before spots are grouped."""

    sigma_mm: tuple[float, ...] = (0.4, 0.6, 0.9, 1.4)
    """Widths of the filters that find large bodies."""
    least_mm: float = 1.2
    """Greatest extent from which on a body is coarse."""
    least_ring_mm: float = 0.8
    """The same of a ring, or of metal."""
    least_metal_mm: float = 0.8
    """Least extent of metal."""
    least_metal_mm2: float = 0.4
    """Least area at full white that is metal by its fall alone."""
    most_metal_mm: float = 80.0
    """Greatest extent of a wire."""
    most_metal: int = 30
    """At most so many white places are looked at, the largest."""
    metal_fall: float = 0.3
    """Share of the range of grey in the breast that the image falls within 0.4 mm of metal, nearly all around."""
    lumen_share: float = 0.05
    """Share of a body that must be darker and closed in, for it to be a ring."""
    lumen_share_large: float = 0.1
    """The same from 3 mm on, where a wall is a smaller share."""
    most_mm: float = 30.0
    """Greatest extent of one body."""
    least_z: float = 4.0
    """Height over the noise from which on a maximum is looked at."""
    most: int = 200
    """At most so many maxima, the highest."""
    seed_from: float = 0.2
    """Spots that are a piece of something large with this probability are looked at as well: small rings, metal."""
    seeds: int = 150
    """At most so many of them, the highest."""
    highest: int = 80
    """So many candidates of spots, whatever they are like, are looked at as well."""
    least_height: float = 5.0
    """Height over the grain from which on a ring or metal is one."""
    solid_height: float = 8.0
    """The same of a body without lumen."""
    full_ring: float = 0.8
    """Share of its convex hull that a ring fills, its lumen counted."""
    sharp_ring: float = 0.45
    """Share of the height that the edge of a ring must fall within 0.3 mm."""
    sharp_rod: float = 0.45
    """The same of a rod: strands of tissue end more softly."""
    full_rod: float = 0.72
    """Share of its convex hull that a rod fills."""
    full_solid: float = 0.75
    """The same of other bodies: specks that touch each other fill less."""
    least_sharp: float = 0.3
    """Share of the height that the edge must fall within 0.3 mm: calcium ends sharply, tissue does not."""
    most_sharp: float = 1.15
    """Share above which the edge is sharper than the optics: dust, or a fault of the scanner."""
    chain_mm: float = 0.8
    """Narrower bodies with several spots inside are chains of spots, not bodies."""
    disc_share: float = 0.8
    """Share of the circle around it that a body fills, from which on it may be a marker's disc."""
    disc_flat: float = 0.025
    """Greatest spread of a disc's brightness over its height: a ball of calcium is brightest in its middle."""
    metal_share: float = 0.985
    """Share of the image's full white from which on a flat top is metal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingSettings:
    """Small rings, which finer pixels show: looked for along rays from a middle."""

    finest_from_mm: float = 0.125
    """Wider pixels than this do not show the middle of a small ring."""
    search_mm: float = 0.75
    """The middle lies within this distance (along rows and columns) of a bright place."""
    least_mm: float = 0.6
    """Least diameter."""
    most_mm: float = 1.6
    """Greatest diameter; larger rings are bodies with a lumen."""
    least_height: float = 3.0
    """Height of the wall over the noise."""
    least_hollow: float = 0.2
    """Share of the wall's height by which it stands over the middle, along each ray."""
    least_fall: float = 0.65
    """Share of it by which it stands over what lies outside: specks and short rods around a middle leave gaps."""
    open_rays: int = 3
    """So many of the 24 rays need not: as wide as a strand is that touches."""
    from_llr: float = 0.0
    """Candidates of spots are looked at from this log-likelihood ratio on, or where they are like a piece of something
    large."""
    most: int = 400
    """At most so many of them, the likeliest."""
    most_uneven: float = 0.4
    """Greatest deviation of the wall's distance from the middle, as a share of its mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArterySettings:
    """How lines are found and what counts as a calcified artery."""

    ridge_mm: tuple[float, ...] = (0.28, 0.5, 0.85)
    """Widths (standard deviations) at which lines are looked for: one wall, a thin vessel, a wide one."""
    least_ridge: float = 1.2
    """Strength over the noise from which on a pixel may be the crest of a line."""
    sure_ridge: float = 2.5
    """Strength that a line must reach somewhere."""
    piece_mm: float = 5.0
    """Lines are cut into pieces of about this length."""
    least_piece_mm: float = 1.6
    """Shorter lines are not looked at."""
    piece_from: float = 0.2
    """Probability of an artery from which on a piece may be part of a track."""
    link_mm: float = 7.0
    """Ends of two pieces that are to be linked lie at most so far apart."""
    link_turn: float = 0.6
    """And the line turns by at most this angle [rad] on the way."""
    long_mm: float = 10.0
    """Length from which on a track can be called an artery by itself; rows of specks in a duct are shorter or surer."""
    track_from: float = 0.3
    """Probability from which on a long track is an artery."""
    short_from: float = 0.6
    """Probability from which on a short one is."""
    many_mm: float = 50.0
    """Where so much of arteries is calcified, others are likely to be."""
    more_from: float = 0.06
    """Probability from which on a track, long or short, is an artery then: some five times likelier than elsewhere."""
    loop_share: float = 0.5
    """A course no two points of which lie this share of its length apart is the wall of a ring (a
    full circle has 0.32, a half one 0.64)."""
    wall_mm: float = 2.5
    """Courses that run within this distance of each other are two walls of one vessel."""
    beside_mm: float = 0.8
    """Spots within this distance of an artery's edge are a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreastDetectSettings:
    """The search on mammograms."""

    spots: SpotSettings = field(default_factory=SpotSettings)
    arteries: ArterySettings = field(default_factory=ArterySettings)
    groups: GroupSettings = field(default_factory=GroupSettings)
    coarse: CoarseSettings = field(default_factory=CoarseSettings)
    rings: RingSettings = field(default_factory=RingSettings)
