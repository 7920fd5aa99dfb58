"""The case: everything known about one person's images, grown stage by stage, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from calcimetry.core.group import Group
from calcimetry.core.image import Contrast, Projection, Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Grade, Score, Settings
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.core.study import Skipped, Subject

__all__ = ["Case", "ImageInfo", "Input", "NotAssessed", "Provenance", "TableUsed"]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the record says of one image; pixels are apart, so that a case read back is the same case."""

    id: str
    modality: str
    series_uid: str | None
    study_date: str | None
    view: str | None
    laterality: str | None
    thickness_mm: float | None
    files: int
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None
    kvp: float | None
    kernel: str | None
    contrast: Contrast
    gated: bool | None
    used_for: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    series_description: str | None = None
    manufacturer: str | None = None


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """A site that was not looked at, and why: a zero must be told apart from "outside the field"."""

    site: str
    reason: str


@dataclass(frozen=True, slots=True)
class TableUsed:
    """A table of published numbers behind this result, or a file of fitted ones (``model:...``, schema for edition)."""

    id: str
    edition: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Input:
    """A file or series that was read. ``sha256`` is over the decoded pixels of the image, not over the file."""

    what: str
    files: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """How the result came about: settings, tables, inputs, and the share of time of each step."""

    settings: Settings = field(default_factory=dict)
    tables: tuple[TableUsed, ...] = ()
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, eq=False)
class Case:
    """One person's images and what was found; each stage returns a richer copy.

    ``pixels`` maps image ids to the images themselves while they are in memory; a case read back from
    ``analysis.json`` has none. ``seconds`` maps steps to wall time and stays out of the record (same input,
    same bytes).
    """

    subject: Subject = Subject()
    images: tuple[ImageInfo, ...] = ()
    regions: tuple[Regions, ...] = ()
    lesions: tuple[Lesion, ...] = ()
    groups: tuple[Group, ...] = ()
    scores: tuple[Score, ...] = ()
    grades: tuple[Grade, ...] = ()
    changes: tuple[Any, ...] = ()
    explanation: Mapping[str, Any] | None = None
    not_assessed: tuple[NotAssessed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()
    provenance: Provenance = Provenance()
    study_uid: str | None = None
    pixels: Mapping[str, Volume | Projection] = field(default_factory=dict, repr=False)
    seconds: Mapping[str, float] = field(default_factory=dict, repr=False)

    def adding(self, **changed: Any) -> Case:
        """A copy with these fields replaced.

        >>> Case().adding(study_uid="1.2.3").study_uid
        '1.2.3'
        """
        return replace(self, **changed)

    def image(self, image_id: str) -> ImageInfo:
        """The image of this id."""
        return next(i for i in self.images if i.id == image_id)
