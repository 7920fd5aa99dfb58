"""The case as ``analysis.json``: exactly the keys of the contract, in their order, as plain values."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from calcimetry._version import __version__
from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.errors import CalcimetryError
from calcimetry.core.group import Group
from calcimetry.core.image import Contrast
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement, Score
from calcimetry.core.study import Subject
from calcimetry.report.layout import EVIDENCE, MEASURES, PARTS, SCHEMA_ID, STATUS, Part, key_of
from calcimetry.report.plain import clean_text, plain

__all__ = ["created_now", "in_order", "record", "record_text"]

_PART_OF = {part.of: part for name, part in PARTS.items() if name != "series"}


def created_now() -> str:
    """The time of writing, UTC to the second; ``SOURCE_DATE_EPOCH`` where it is set (reproducible output).

    Raises
    ------
    CalcimetryError
        If ``SOURCE_DATE_EPOCH`` is no whole number of seconds.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        moment = datetime.now(UTC)
    else:
        try:
            moment = datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise CalcimetryError(f"SOURCE_DATE_EPOCH is {epoch!r}, expected whole seconds since 1970") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def record(case: Case, *, created: str | None = None) -> dict[str, Any]:
    """The case as plain JSON values, as CONTRACT and ``docs/reference/analysis.schema.json`` describe it.

    Masks, pixels and times of steps stay out. Coordinates are LPS mm; bounds are half open. Numbers keep ten
    significant digits; NaN and infinite ones become ``null``.

    Parameters
    ----------
    case : Case
    created : str, optional
        Time to write down; default :func:`created_now`. All else depends on the case alone.

    Raises
    ------
    CalcimetryError
        If a number that must be there (a position, a confidence) is not finite: a defect of the stage.

    >>> record(Case(), created="2026-01-01T00:00:00Z")["schema"]
    'calcimetry-analysis/1'
    """
    return {
        "schema": SCHEMA_ID,
        "version": __version__,
        "created": created_now() if created is None else created,
        "status": STATUS,
        "subject": _object(case.subject),
        "images": _objects(case.images),
        "regions": [
            {"name": row["name"], "image": regions.image, **row}
            for regions in case.regions
            for row in _objects(regions.regions)
        ],
        "lesions": [_lesion(lesion) for lesion in case.lesions],
        "groups": [_group(group) for group in case.groups],
        "scores": _objects(case.scores),
        "grades": _objects(case.grades),
        "changes": plain(case.changes),
        "explanation": plain(case.explanation),
        "not_assessed": _objects(case.not_assessed),
        "notes": _objects(case.notes),
        "provenance": {**_object(case.provenance), "inputs": _inputs(case)},
    }


def record_text(case: Case, *, created: str | None = None) -> str:
    """The record as the text of ``analysis.json``: UTF-8, one line for each lesion, score, note, ...

    >>> print(record_text(Case(), created="2026-01-01T00:00:00Z")[:37])
    {
    "schema": "calcimetry-analysis/1",
    """
    lines = [f"{json.dumps(key)}: {_lines(value)}" for key, value in record(case, created=created).items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_json(item) for item in value) + "\n]"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _objects(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [_object(value) for value in values]


def _object(value: Any, part: Part | None = None) -> dict[str, Any]:
    part = _PART_OF[type(value)] if part is None else part
    found: dict[str, Any] = dict(part.constant)
    for name in part.fields:
        held = getattr(value, name)
        if held is None:
            if name not in part.optional:
                found[key_of(part, name)] = None
        elif type(held) is str:
            found[key_of(part, name)] = clean_text(held)
        else:
            found[key_of(part, name)] = _value(held, part, name)
    return found


def _value(held: Any, part: Part, name: str) -> Any:
    """A field's value: core types by their part, all else plain; a number that must be there must be one."""
    if type(held) in _PART_OF:
        return _object(held)
    if isinstance(held, tuple) and held and type(held[0]) in _PART_OF:
        return _objects(held)
    found = plain(held)
    lacks = None in found if isinstance(held, tuple) else found is None
    if lacks and (part.of, name) not in _MAY_LACK:
        raise CalcimetryError(f"{part.of.__name__}.{name} is {held}: not a number")
    return None if lacks else found


_MAY_LACK = frozenset(
    {
        *((Measurement, "value"), (Measurement, "interval95"), (Score, "value"), (Score, "interval95")),
        *((ImageInfo, "kvp"), (ImageInfo, "thickness_mm"), (ImageInfo, "spacing_mm")),
        *((Contrast, "blood_hu"), (Subject, "age_years")),
    }
)
"""Numbers that may be unknown: not finite becomes ``null`` (half an interval is none)."""


def _lesion(lesion: Lesion) -> dict[str, Any]:
    k, j, i = lesion.peak_index
    evidence = {**lesion.evidence, "peak_plane": k, "peak_row": j, "peak_column": i}
    return {**_object(replace(lesion, measures={})), "measures": _measures(lesion.measures, evidence)}


def _group(group: Group) -> dict[str, Any]:
    return {**_object(replace(group, measures={})), "measures": _measures(group.measures, group.evidence)}


def _measures(measures: Mapping[str, Measurement], evidence: Mapping[str, float]) -> dict[str, Any]:
    return {
        **{name: _object(measures[name]) for name in in_order(measures)},
        **{f"{EVIDENCE}{name}": _evidence(name, evidence[name]) for name in sorted(evidence)},
    }


def _evidence(name: str, value: float) -> dict[str, Any]:
    """A number behind kind and confidence, in the shape of a measure; the unit is told by the name's ending."""
    return {"value": plain(value), "unit": _unit(name), "interval95": None, "method": "evidence"}


@cache
def _unit(name: str) -> str:
    return next((unit for ending, unit in _ENDINGS.items() if name.endswith(ending)), "1")


def in_order(measures: Iterable[str]) -> list[str]:
    """Names of measures as the record orders them: :data:`MEASURES` first, then the alphabet.

    >>> in_order(["mass", "extra", "volume"])
    ['volume', 'mass', 'extra']
    """
    return sorted(measures, key=lambda name: (MEASURES.index(name) if name in MEASURES else len(MEASURES), name))


_ENDINGS = {"_hu": "HU", "_mm": "mm", "_mm2": "mm2", "_mm3": "mm3"}


def _inputs(case: Case) -> list[dict[str, Any]]:
    """What was read, the study and series it came from, what was left out."""
    study = [{"role": "study", "study_uid": plain(case.study_uid)}] if case.study_uid is not None else []
    series = [
        _object(image, PARTS["series"])
        for image in case.images
        if image.series_description is not None or image.manufacturer is not None
    ]
    return [*_objects(case.provenance.inputs), *study, *series, *_objects(case.skipped)]
