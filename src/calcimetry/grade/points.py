"""Sums of points that a reader (or a later step) gives; the bands of the sums are scales."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aac24_points", "csbi_grade", "mac_points", "weston_points"]


def mac_points(thickness_mm: float, arc_deg: float, *, trigones: int, leaflets: int) -> int:
    """Mitral annulus after Guerrero 2020, 2 to 10 points; 0 where there is no calcium.

    Thickness below 5, below 10, 10 mm or more: 1, 2, 3. Arc below 180, below 270, 270 degrees or more: 1, 2, 3.
    Calcium in none, one or both trigones and leaflets: 0, 1, 2 each.

    >>> mac_points(6, 200, trigones=1, leaflets=0)
    5
    """
    if not (0 <= trigones <= 2 and 0 <= leaflets <= 2 and thickness_mm >= 0 and 0 <= arc_deg <= 360):
        raise ValueError("thickness from 0 mm, arc 0 to 360 degrees, trigones and leaflets 0 to 2")
    if thickness_mm == 0 or arc_deg == 0:
        return 0
    thickness = 1 + (thickness_mm >= 5) + (thickness_mm >= 10)
    arc = 1 + (arc_deg >= 180) + (arc_deg >= 270)
    return thickness + arc + trigones + leaflets


def aac24_points(walls: Sequence[int]) -> int:
    """Abdominal aorta after Kauppila 1997: front and back wall at L1 to L4, 0 to 3 each (thirds of the length).

    >>> aac24_points([1, 0, 2, 1, 3, 0, 0, 0])
    7
    """
    return _sum(walls, 8)


def weston_points(arteries: Sequence[int]) -> int:
    """Visual coronary score: left main, LAD, LCX and RCA, 0 to 3 each (thirds of the length).

    >>> weston_points([0, 3, 1, 2])
    6
    """
    return _sum(arteries, 4)


def csbi_grade(*, coarse_or_tram_track_vessels: int, few_punctate: bool) -> int:
    """Breast arterial calcification, 0 to 3: none, few points only, coarse in under 3 vessels, in 3 or more.

    >>> [csbi_grade(coarse_or_tram_track_vessels=n, few_punctate=True) for n in (0, 2, 3)]
    [1, 2, 3]
    """
    if coarse_or_tram_track_vessels < 0:
        raise ValueError(f"a number of vessels cannot be {coarse_or_tram_track_vessels}")
    if coarse_or_tram_track_vessels:
        return 3 if coarse_or_tram_track_vessels >= 3 else 2
    return int(few_punctate)


def _sum(parts: Sequence[int], count: int) -> int:
    if len(parts) != count or any(p not in {0, 1, 2, 3} for p in parts):
        raise ValueError(f"{count} values of 0 to 3 are summed, found {list(parts)}")
    return sum(parts)
