"""What reading hands on: one person, one study, the images chosen from it and what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from calcimetry.core.image import Projection, Volume
from calcimetry.core.note import Note

__all__ = ["Skipped", "Study", "Subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The person, as far as headers and the case file tell; never guessed.

    ``sex`` is ``female``, ``male``, ``other`` or ``None``; ``ethnicity`` one of the four groups of the MESA
    study (``white``, ``chinese``, ``black``, ``hispanic``) or ``None``. ``facts`` holds what a case file adds
    (``smoker``, ``diabetes``, ``total_cholesterol_mg_dl``, ...).
    """

    name: str | None = None
    id: str | None = None
    age_years: float | None = None
    sex: str | None = None
    ethnicity: str | None = None
    facts: dict[str, bool | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or series that was not used, and why."""

    what: str
    reason: str
    code: str = "skipped"


@dataclass(frozen=True, slots=True)
class Study:
    """One person's study, ready for the stages."""

    images: tuple[Volume | Projection, ...]
    subject: Subject = Subject()
    uid: str | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()
