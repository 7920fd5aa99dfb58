"""Choices of the search for calcium."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DetectSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """Choices of the search; none changes what counts inside a given region.

    min_piece_mm2 : floor of the list where no region is given: the largest piece in one slice [mm²].
    max_listed : at most so many lesions are listed where no region is given, the weightiest first.
    """

    min_piece_mm2: float = 1.0
    max_listed: int = 1500
