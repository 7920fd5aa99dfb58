"""Choices of the search for calcium."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DetectSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """Choices of the search. None changes what counts inside a given region.

    Parameters
    ----------
    min_piece_mm2 : float
        Floor of the list where no region is given: area of the largest piece in one slice [mm²].
    max_listed : int
        At most so many candidates are judged where no region is given, the densest and largest first; the rest is
        counted in a note.
    max_runs : int
        At most so many runs of voxels (pieces of rows) are joined where no region is given. A chest has some hundred
        thousand; an image of noise alone has millions.
    count_from : float
        Confidence from which a candidate is counted where no region is given.
    noise_floor_hu : float
        Local noise is never taken for less [HU]: soft tissue has texture.
    skeleton_mm3 : float
        Bodies of bone from this volume on are the skeleton: not listed one by one [mm³].
    bone_listed_mm3 : float
        Pieces of bone from this volume on are listed, not counted [mm³].
    outside_mm3 : float
        Outside the body only bodies from this volume on are looked at, for calibration rods [mm³].
    """

    min_piece_mm2: float = 1.0
    max_listed: int = 600
    max_runs: int = 800_000
    count_from: float = 0.5
    noise_floor_hu: float = 8.0
    skeleton_mm3: float = 5000.0
    bone_listed_mm3: float = 20.0
    outside_mm3: float = 400.0
