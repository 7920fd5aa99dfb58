"""How a simulated mammogram is taken: pixel, depth, film or detector, how sharp, how noisy."""

from __future__ import annotations

from dataclasses import dataclass

from calcimetry.core.errors import UnknownIdError

__all__ = ["PROTOCOLS", "MammogramProtocol", "protocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MammogramProtocol:
    """One way of taking a mammogram. Ranges are drawn from evenly, one value for each image."""

    id: str
    pixel_mm: float
    bits: int
    film: bool
    """Digitized film (grain, dust, frame, saturation) or a detector (processed for presentation)."""
    blur_mm: tuple[float, float]
    """Standard deviation of the system's blur, pixel not counted."""
    noise: tuple[float, float]
    """Standard deviation of the noise at mid grey, in 255ths of the range."""
    finest_mm: float
    """Pixel on which the object is drawn before pixels are averaged; at most ``pixel_mm``."""
    height_mm: tuple[float, float] = (150.0, 200.0)
    """Height of the image."""
    magnification: float = 1.0


PROTOCOLS = {
    one.id: one
    for one in (
        MammogramProtocol(
            id="film-200", pixel_mm=0.2, bits=8, film=True, blur_mm=(0.05, 0.09), noise=(1.0, 2.6), finest_mm=0.1
        ),
        MammogramProtocol(
            id="film-100", pixel_mm=0.1, bits=12, film=True, blur_mm=(0.04, 0.08), noise=(1.4, 3.4), finest_mm=0.1
        ),
        MammogramProtocol(
            id="film-050",
            pixel_mm=0.05,
            bits=12,
            film=True,
            blur_mm=(0.04, 0.08),
            noise=(2.0, 4.5),
            finest_mm=0.05,
            height_mm=(110.0, 140.0),
        ),
        MammogramProtocol(
            id="digital-100", pixel_mm=0.1, bits=12, film=False, blur_mm=(0.05, 0.09), noise=(1.5, 4.0), finest_mm=0.1
        ),
        MammogramProtocol(
            id="digital-070", pixel_mm=0.07, bits=12, film=False, blur_mm=(0.05, 0.08), noise=(2.0, 5.0), finest_mm=0.07
        ),
        MammogramProtocol(
            id="digital-050",
            pixel_mm=0.05,
            bits=14,
            film=False,
            blur_mm=(0.04, 0.07),
            noise=(2.5, 6.0),
            finest_mm=0.05,
            height_mm=(110.0, 140.0),
        ),
        MammogramProtocol(
            id="magnified-050",
            pixel_mm=0.05,
            bits=12,
            film=False,
            blur_mm=(0.03, 0.05),
            noise=(1.5, 4.0),
            finest_mm=0.05,
            height_mm=(60.0, 80.0),
            magnification=1.8,
        ),
    )
}


def protocol(name: str) -> MammogramProtocol:
    """The protocol of this name.

    Raises
    ------
    UnknownIdError

    >>> protocol("film-200").pixel_mm
    0.2
    """
    if name not in PROTOCOLS:
        raise UnknownIdError("mammogram protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
