"""Choices behind the map of a mammogram. All lengths are in millimeters of the object."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BreastSettings", "LineSettings", "PectoralSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PectoralSettings:
    """How the edge of the pectoral muscle is searched: all straight lines that cut off the upper corner."""

    across_mm: tuple[float, float] = (8.0, 110.0)
    """Where the line may leave the upper edge, counted from the chest wall."""
    down_mm: tuple[float, float] = (35.0, 230.0)
    """Where it may meet the chest wall, counted from the upper edge."""
    band_mm: float = 3.0
    """Distance of the two bands whose difference is the contrast."""
    least_share: float = 0.7
    """Share of the line along which the muscle's side must be brighter."""
    least_contrast: float = 0.05
    """Mean difference across the line, as a share of the range from air to dense tissue."""
    bend_mm: float = 7.0
    """How far the edge may leave the straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """Lines that the scanner, the paddle or a scratch makes, not the breast."""

    scanner_mm: float = 20.0
    """Length over which a row or column must keep its sign to be a line of the scanner."""
    scanner_sd: float = 4.5
    """How far its mean must stand out from those of other rows and columns, in their robust deviations."""
    same_sign: float = 0.8
    """Share of its pixels on that side."""
    scratch_mm: float = 6.0
    """Shortest scratch; fine linear calcifications are shorter and not straight to a tenth of a millimeter."""
    scratch_width_mm: float = 0.3
    """Widest scratch."""
    paddle_mm: float = 50.0
    """Shortest straight step that may be the edge of a paddle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreastSettings:
    """The map of a mammogram."""

    working_mm: float = 0.4
    """Pixel of the reduced image on which large things are found."""
    typical_height_mm: float = 170.0
    """Height of a breast along the chest wall, taken for pictures of unknown scale; for masks only."""
    air_share: float = 0.08
    """How far above the air a pixel counts as breast, as a share of the range from air to dense tissue."""
    open_mm: float = 2.0
    """Radius of the opening that takes away specks of dust and letters beside the breast."""
    skin_mm: float = 2.0
    """Band along the air that counts as skin."""
    edge_mm: float = 1.2
    """Band along a cut edge of the image in which nothing is looked for."""
    frame_mm: float = 20.0
    """How deep a film frame, tape or strip may reach into the image."""
    frame_step: float = 0.14
    """Step at the inner side of a strip, as a share of the range of grey."""
    frame_run_mm: float = 12.0
    """Length over which that step must be straight."""
    nipple_mm: float = 5.0
    """Radius of the disc put at the nipple."""
    pectoral: PectoralSettings = field(default_factory=PectoralSettings)
    lines: LineSettings = field(default_factory=LineSettings)
