"""Landmarks of one image: lines, points and planes, each with its spread, so that names can be probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.note import Note
from calcimetry.core.regions import Regions

__all__ = ["Anatomy", "Landmark", "Plane", "Tube"]


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point in patient space (LPS) [mm] with its spread (one standard deviation along x, y, z) [mm]."""

    mm: tuple[float, float, float]
    sd_mm: tuple[float, float, float]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane by a point [mm], its unit normal, and its spread along the normal [mm]."""

    mm: tuple[float, float, float]
    normal: tuple[float, float, float]
    sd_mm: float
    confidence: float = 1.0


@dataclass(frozen=True, eq=False)
class Tube:
    """A vessel, the airway or the spine as a line with a radius.

    Parameters
    ----------
    points_mm : (n, 3) float64
        Centre line in patient space (LPS), along the flow or from the top down.
    radius_mm, sd_mm : (n,) float64
        Radius, and spread of the centre across the line.
    confidence : float
        0 to 1, from checks that mean something (shape, size, agreement of neighbours).
    """

    points_mm: NDArray[np.float64]
    radius_mm: NDArray[np.float64]
    sd_mm: NDArray[np.float64]
    confidence: float = 1.0


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is known of the chest of one image.

    ``tubes``: ``ascending``, ``arch``, ``descending``, ``abdominal``, ``pulmonary_trunk``, ``spine``, ``airway``,
    and courses of the arteries (``left_main``, ...). ``points``: ``root`` (centre of the aortic root at the ostia),
    ``carina``, ``heart`` (its centroid), ``apex``, ``left_ostium``, ``right_ostium``. ``planes``: ``aortic_valve``,
    ``mitral``, ``heart_bottom``. ``tissue``: coarse labels (heart, fat of the grooves, chest wall, lungs, ...).
    Missing entries were not found: nothing is guessed.
    """

    image: str
    tubes: dict[str, Tube] = field(default_factory=dict)
    points: dict[str, Landmark] = field(default_factory=dict)
    planes: dict[str, Plane] = field(default_factory=dict)
    tissue: Regions | None = None
    confidence: float = 0.0
    notes: tuple[Note, ...] = ()
