"""Choices behind the search on mammograms. All lengths are in millimeters of the object."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ArterySettings", "BreastDetectSettings", "CoarseSettings", "GroupSettings", "SpotSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotSettings:
    """How candidates for single calcifications are picked; low on purpose, the fitted model decides."""

    working_mm: float = 0.2
    """Pixel to which finer images are averaged, as far as whole numbers allow."""
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
    apart_mm: float = 0.5
    """Two candidates lie at least so far apart."""
    listed_from: float = -1.0
    """Log-likelihood ratio from which on a candidate is listed as a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How spots become groups."""

    from_llr: float = 1.0
    """Spots with at least this log-likelihood ratio take part."""
    cap: float = 4.0
    """One spot counts at most so much: a single bright speck of dust makes no group."""
    radii_mm: tuple[float, ...] = (3.0, 5.0, 8.0)
    """Circles that are tried around each spot."""
    coarse_from: float = 0.5
    """Spots that are a piece of a large calcification with at least this probability take no part."""
    least: int = 2
    """Fewest spots of a group."""
    floor: float = 0.02
    """Confidence below which groups are not listed."""
    reported_from: float | None = None
    """Surprise from which on a group is reported; ``None``: as the fitted model says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseSettings:
    """What is taken out before spots are grouped."""

    sigma_mm: tuple[float, ...] = (0.6, 0.9, 1.4)
    """Widths of the filters that find large bodies."""
    least_mm: float = 1.2
    """Greatest extent from which on a body is coarse."""
    most_mm: float = 30.0
    """Greatest extent of one body."""
    least_z: float = 4.0
    """Height over the noise from which on a maximum is looked at."""
    most: int = 150
    """At most so many maxima, the highest."""
    least_height: float = 8.0
    """Height over the grain from which on a body is one."""
    least_sharp: float = 0.3
    """Share of the height that the edge must fall within 0.3 mm: calcium ends sharply, tissue does not."""
    most_sharp: float = 0.75
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
class ArterySettings:
    """What counts as a calcified artery."""

    piece_from: float = 0.1
    """Spots that are a piece of something large with this probability may be part of one."""
    llr_from: float = -0.5
    """And so may those that are a calcification with this log-likelihood ratio."""
    window_mm: float = 5.0
    """Half length of the piece of track that must be straight."""
    neighbors: int = 5
    """Fewest spots in that window."""
    across_mm: float = 1.3
    """Greatest deviation of the spots across the line: two walls of a vessel are 1 to 3 mm apart."""
    ratio: float = 2.2
    """Least ratio of the deviations along the line and across it."""
    link_mm: float = 3.0
    """Spots of a track lie at most so far apart."""
    length_mm: float = 12.0
    """Least length of a track."""
    least: int = 7
    """Fewest spots of a track."""
    share: float = 0.4
    """Least share of spots that look like a piece of something large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreastDetectSettings:
    """The search on mammograms."""

    spots: SpotSettings = field(default_factory=SpotSettings)
    arteries: ArterySettings = field(default_factory=ArterySettings)
    groups: GroupSettings = field(default_factory=GroupSettings)
    coarse: CoarseSettings = field(default_factory=CoarseSettings)
