"""Numbers with their unit, their error and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Grade", "Measurement", "Score", "Settings"]

Settings = dict[str, Any]
"""Named choices behind a number, printed with it: plain JSON values only."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number of one lesion or group. ``unit`` is UCUM; ``interval95`` is ``None`` where not known."""

    value: float | None
    unit: str
    interval95: tuple[float, float] | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One number of one site, structure and image, under the rule in force."""

    name: str
    site: str
    structure: str
    image: str
    value: float | None
    unit: str
    interval95: tuple[float, float] | None = None
    status: Literal["final", "equivalent", "withheld"] = "final"
    reason: str | None = None
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grade:
    """The place of a score on a published scale.

    ``scale`` and ``edition`` name the table, ``from_`` the scores it rests on (``from`` in the record),
    ``source`` the id in ``knowledge/sources.toml``. ``laterality`` is the side that it is about, where it is about one.
    """

    scale: str
    edition: str
    site: str
    category: str | None
    from_: tuple[str, ...]
    status: Literal["final", "estimated", "withheld"]
    source: str
    image: str | None = None
    reason: str | None = None
    meaning: str | None = None
    laterality: str | None = None
