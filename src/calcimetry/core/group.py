"""Lesions that belong together on a projection."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcimetry.core.measurement import Measurement
from calcimetry.core.word import Word

__all__ = ["Group"]


@dataclass(frozen=True, eq=False)
class Group:
    """A group of calcifications.

    ``lesions`` are ids of its members. ``confidence`` 0 to 1: that it is a group of calcifications at all;
    ``reported``: whether it is one by the operating point. ``center_index`` and ``bounds_index`` (half open) are
    (plane, row, column) of the image. ``distribution`` and ``morphology`` are words of the ontology or ``None``;
    ``words`` are all words of both kinds that were weighed, the likeliest of each kind first. ``structure`` is the
    quadrant where two views tell it, ``seen_in`` the groups of other views that are likely the same calcium.
    ``evidence`` holds the numbers behind the confidence.
    """

    id: str
    image: str
    lesions: tuple[str, ...]
    confidence: float
    reported: bool
    center_index: tuple[float, float, float]
    bounds_index: tuple[tuple[int, int, int], tuple[int, int, int]]
    site: str = "breast"
    distribution: str | None = None
    morphology: str | None = None
    laterality: str | None = None
    structure: str = ""
    seen_in: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    measures: dict[str, Measurement] = field(default_factory=dict)
    evidence: dict[str, float] = field(default_factory=dict)
