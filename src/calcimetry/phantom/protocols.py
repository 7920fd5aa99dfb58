"""How a drawn person is scanned: a gated field of the heart, or the whole chest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calcimetry.core.errors import UnknownIdError
from calcimetry.core.geometry import Geometry
from calcimetry.phantom.figure import Figure

__all__ = ["PROTOCOLS", "Protocol", "draw_protocol"]

PROTOCOLS = ("gated", "chest")

_CHEST_MM = (0.7, 1.0, 1.25, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 8.0)
_CHEST_OFTEN = (0.02, 0.05, 0.05, 0.1, 0.13, 0.3, 0.05, 0.24, 0.03, 0.03)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """One scan. Lengths in mm; ``center_mm`` is x and y of the middle of the field, ``top_mm`` its upper end."""

    name: Literal["gated", "chest"]
    gated: bool
    field_mm: float
    matrix: int
    center_mm: tuple[float, float]
    top_mm: float
    length_mm: float
    thickness_mm: float
    increment_mm: float
    kvp: float
    noise_hu: float
    psf_sigma_mm: float
    texture_mm: float
    """Blur of the noise: its grain."""
    streaks: float
    """Share of the noise that runs in streaks from side to side."""
    contrast_hu: float = 0.0
    """What a contrast agent adds to the blood of the left heart and the aorta."""
    contrast_phase: float = 1.0
    """Share of that in the right heart and the veins."""

    @property
    def pixel_mm(self) -> float:
        """Pitch of rows and columns."""
        return self.field_mm / self.matrix

    def grid(self) -> Geometry:
        """Axial, upright, slices rising; the last slice lies at ``top_mm``."""
        slices = max(2, round(self.length_mm / self.increment_mm))
        half = (self.matrix - 1) / 2 * self.pixel_mm
        origin = (
            self.center_mm[0] - half,
            self.center_mm[1] - half,
            self.top_mm - (slices - 1) * self.increment_mm,
        )
        spacing = (self.increment_mm, self.pixel_mm, self.pixel_mm)
        return Geometry.from_spacing((slices, self.matrix, self.matrix), spacing, origin)


def draw_protocol(
    name: str, figure: Figure, rng: np.random.Generator, *, matrix: int = 512, thickness_mm: float | None = None
) -> Protocol:
    """Draw a scan of this person.

    ``gated``: a field of 200 to 250 mm that cuts both lungs, 120 to 160 mm long, from somewhat below or above the
    carina, 2.5 or 3 mm. ``chest``: lung tops to below the diaphragm, 0.7 to 8 mm, gated rarely, at times with a sharp
    kernel. ``thickness_mm`` instead of a drawn one.

    Raises
    ------
    UnknownIdError
        For another name.
    """
    if name not in PROTOCOLS:
        raise UnknownIdError("protocol", name, PROTOCOLS)
    heart_x = figure.root_mm[0] + 26.0 * figure.heart
    heart_y = figure.root_mm[1] + 14.0 * figure.heart
    noise = float(np.clip(rng.normal(13 + 2.0 * figure.girth, 4.0), 8, 25))
    voltage = float(
        rng.choice([70, 80, 90, 100, 110, 120, 130, 140], p=[0.03, 0.05, 0.03, 0.14, 0.04, 0.6, 0.05, 0.06])
    )
    if name == "gated":
        thick = thickness_mm or float(rng.choice([2.5, 3.0], p=[0.3, 0.7]))
        return Protocol(
            name="gated",
            gated=True,
            field_mm=float(rng.uniform(200, 250)),
            matrix=matrix,
            center_mm=(heart_x + float(rng.normal(0, 8)), heart_y + float(rng.normal(4, 8))),
            top_mm=float(rng.uniform(-30, 11)),
            length_mm=float(rng.uniform(120, 160)),
            thickness_mm=thick,
            increment_mm=thick,
            kvp=voltage,
            noise_hu=noise,
            psf_sigma_mm=float(rng.uniform(0.5, 0.8)),
            texture_mm=float(rng.uniform(0.4, 0.75)),
            streaks=float(rng.uniform(0.1, 0.5)),
        )
    thick = thickness_mm or float(rng.choice(_CHEST_MM, p=_CHEST_OFTEN))
    top = 122.0 * figure.tall + float(rng.uniform(-25, 5))
    bottom = figure.heart_bottom_mm - float(rng.uniform(15, 90))
    wide = 2 * (135 * figure.wide + figure.skin_fat_mm + 20)
    sharp = rng.random() < 0.08
    overlap = thick >= 2.0 and rng.random() < 0.12
    return Protocol(
        name="chest",
        gated=bool(rng.random() < 0.05),
        field_mm=float(np.clip(wide * rng.uniform(0.9, 1.12), 280, 480)),
        matrix=matrix,
        center_mm=(float(rng.normal(0, 8)), float(rng.normal(0, 8)) + 66 - 80 * figure.deep),
        top_mm=top,
        length_mm=top - bottom,
        thickness_mm=thick,
        increment_mm=thick * (0.7 if overlap else 1.0),
        kvp=voltage,
        noise_hu=(noise if thick >= 2 else min(25.0, noise * 1.3)) * (1.7 if sharp else 1.0),
        psf_sigma_mm=float(rng.uniform(0.36, 0.48)) if sharp else float(rng.uniform(0.5, 0.95)),
        texture_mm=float(rng.uniform(0.28, 0.38)) if sharp else float(rng.uniform(0.45, 0.9)),
        streaks=float(rng.uniform(0.1, 0.7)),
    )
