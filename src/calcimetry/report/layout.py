"""Which fields of which core type stand in ``analysis.json``, in which order, under which name.

The one table behind writing (:mod:`record`), reading (:mod:`reader`) and the JSON Schema (:mod:`schema`): a key that
stands here is written, read and described; types come from the core dataclasses themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calcimetry.core.case import ImageInfo, Input, NotAssessed, Provenance, TableUsed
from calcimetry.core.group import Group
from calcimetry.core.image import Contrast
from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.core.measurement import Grade, Measurement, Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Region
from calcimetry.core.study import Skipped, Subject
from calcimetry.core.word import Word

__all__ = ["EVIDENCE", "INPUT_ROLES", "MEASURES", "PARTS", "SCHEMA_ID", "STATUS", "Part", "key_of"]

SCHEMA_ID = "calcimetry-analysis/1"
STATUS = "unverified"
"""A result is this until a person says otherwise."""

MEASURES = ("volume", "agatston", "mass", "area", "peak", "mean", "diameter", "count")
"""Measures in the order of the record; others follow in the order of the alphabet."""

EVIDENCE = "evidence_"
"""Prefix under which the numbers behind kind and confidence stand among a lesion's measures."""


@dataclass(frozen=True)
class Part:
    """One kind of object in the record.

    ``fields`` are field names of the core type ``of``; ``optional`` ones are left out where they are ``None``;
    ``constant`` keys come first and are the same in every such object; ``renamed`` maps a field to its key.
    """

    of: type
    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()
    constant: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


def key_of(part: Part, name: str) -> str:
    """The key under which a field stands in the record (``from_`` is a word of Python, not of the record).

    >>> key_of(PARTS["grade"], "from_")
    'from'
    """
    return part.renamed.get(name, name)


PARTS: dict[str, Part] = {
    "subject": Part(Subject, ("name", "id", "age_years", "sex", "ethnicity", "facts")),
    "contrast": Part(Contrast, ("state", "reason", "blood_hu")),
    "note": Part(Note, ("code", "text", "severity")),
    "image": Part(
        ImageInfo,
        (
            *("id", "modality", "series_uid", "study_date", "view", "laterality", "thickness_mm", "files", "shape"),
            *("spacing_mm", "kvp", "kernel", "contrast", "gated", "used_for", "notes"),
        ),
    ),
    "region": Part(Region, ("name", "source", "confidence", "complete")),
    "alternative": Part(Alternative, ("structure", "probability", "site"), optional=("site",)),
    "measurement": Part(Measurement, ("value", "unit", "interval95", "method")),
    "lesion": Part(
        Lesion,
        (
            *("id", "image", "label", "kind", "sop_instance_uid", "instance_number", "laterality", "site", "structure"),
            *("alternatives", "probability", "confidence", "counted", "reason", "center_index", "center_mm"),
            *("bounds_index", "pattern", "measures", "words"),
        ),
    ),
    "word": Part(Word, ("word", "probability", "because")),
    "group": Part(
        Group,
        (
            *("id", "image", "site", "lesions", "confidence", "reported", "center_index", "bounds_index"),
            *("distribution", "morphology", "measures", "structure", "laterality", "seen_in", "words"),
        ),
    ),
    "score": Part(
        Score,
        ("name", "site", "structure", "image", "value", "unit", "interval95", "status", "reason", "settings"),
    ),
    "grade": Part(
        Grade,
        (
            *("scale", "edition", "site", "category", "from_", "status", "reason", "source", "image", "meaning"),
            "laterality",
        ),
        renamed={"from_": "from"},
    ),
    "not_assessed": Part(NotAssessed, ("site", "reason")),
    "table": Part(TableUsed, ("id", "edition", "sha256")),
    "provenance": Part(Provenance, ("settings", "tables")),
    # `provenance.inputs` holds what was read, what was left out, and what the headers say beyond the image's keys.
    "input": Part(Input, ("what", "files", "sha256"), constant={"role": "read"}),
    "skipped": Part(Skipped, ("what", "reason", "code"), constant={"role": "skipped"}),
    "series": Part(
        ImageInfo,
        ("id", "series_description", "manufacturer"),
        constant={"role": "series"},
        renamed={"id": "image"},
    ),
}

INPUT_ROLES = ("input", "series", "skipped")
"""Parts that may stand in ``provenance.inputs``; a fourth role, ``study``, carries the study's UID."""
