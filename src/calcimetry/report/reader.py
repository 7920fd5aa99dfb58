"""``analysis.json`` -> the same case again; what does not fit the schema is refused with its place."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from calcimetry.core.case import Case, ImageInfo, Input, NotAssessed, Provenance, TableUsed
from calcimetry.core.errors import HostileInputError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.group import Group
from calcimetry.core.image import Contrast
from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.core.measurement import Grade, Measurement, Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.core.study import Skipped, Subject
from calcimetry.core.word import Word
from calcimetry.report.layout import EVIDENCE, SCHEMA_ID

__all__ = ["MAX_BYTES", "read_record"]

MAX_BYTES = 512 * 1024 * 1024
"""A record of a million lesions stays under this; a larger file is no record."""

_PEAK = tuple(f"{EVIDENCE}peak_{axis}" for axis in ("plane", "row", "column"))


def read_record(source: str | os.PathLike[str] | Mapping[str, Any]) -> Case:
    """The case of a record: a path of ``analysis.json`` (or of the folder that holds it) or its parsed content.

    The case has no pixels, no masks and no label maps; writing it again gives the same record.

    Raises
    ------
    InputError
        If the file cannot be read, is no JSON, or does not fit the schema; names place, found and expected.
    """
    if isinstance(source, Mapping):
        try:
            text = json.dumps(source, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError("is no record", where="record", found=str(error), expected="plain JSON values") from error
        return _case(_checked(text, "record"))
    path = Path(source)
    path = path / "analysis.json" if path.is_dir() else path
    return _case(_checked(_text(path), str(path)))


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise HostileInputError(
                "too large for a record", where=str(path), found=f"{size} bytes", expected=f"at most {MAX_BYTES}"
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("cannot be read", where=str(path), found=error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "is no record", where=str(path), found="bytes that are no UTF-8 text", expected="JSON"
        ) from error


def _checked(text: str, where: str) -> dict[str, Any]:
    """The record's plain values, after the schema and what no schema can say (ids that must agree)."""
    from pydantic import ValidationError

    from calcimetry.report.schema.models import model

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("is no record", where=where, found=str(error), expected="JSON") from error
    named = found.get("schema") if isinstance(found, dict) else None
    if named != SCHEMA_ID:
        raise InputError(
            "is no record of this program",
            where=where,
            found=f"schema {str(named)[:80]!r}",
            expected=repr(SCHEMA_ID),
            remedy="Give the analysis.json that `calcimetry analyze --out` wrote.",
        )
    try:
        model().model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InputError(
            "does not fit the schema of a record",
            where=f"{where}: {_place(first['loc'])}",
            found=repr(first["input"])[:80],
            expected=first["msg"][0].lower() + first["msg"][1:],
        ) from error
    _agree(found, where)
    return dict(found)


def _place(loc: tuple[int | str, ...]) -> str:
    """``lesions[3].kind`` of ``("lesions", 3, "kind")``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _agree(found: dict[str, Any], where: str) -> None:
    """Ids are there once, and what names an image names one that is there."""
    for kind in ("images", "lesions", "groups"):
        ids = [row["id"] for row in found[kind]]
        twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
        if twice:
            raise InputError("an id stands twice", where=f"{where}: {kind}", found=twice[0], expected="each id once")
    images = {row["id"] for row in found["images"]}
    for kind in ("regions", "lesions", "groups", "scores"):
        for row in found[kind]:
            if row["image"] not in images:
                raise InputError(
                    "an image is named that is not there",
                    where=f"{where}: {kind}",
                    found=repr(row["image"])[:80],
                    expected=f"one of {sorted(images)}",
                )


def _case(found: dict[str, Any]) -> Case:
    subject, provenance = found["subject"], found["provenance"]
    by_role: dict[str, list[dict[str, Any]]] = {"read": [], "study": [], "series": [], "skipped": []}
    for row in provenance["inputs"]:
        by_role[row["role"]].append({key: value for key, value in row.items() if key != "role"})
    series = {row.pop("image"): row for row in by_role["series"]}
    return Case(
        subject=Subject(**subject),
        images=tuple(_image(row, series.get(row["id"], {})) for row in found["images"]),
        regions=tuple(_regions(image, list(rows)) for image, rows in groupby(found["regions"], lambda r: r["image"])),
        lesions=tuple(_lesion(row) for row in found["lesions"]),
        groups=tuple(_group(row) for row in found["groups"]),
        scores=tuple(Score(**{**row, "interval95": _tuple(row["interval95"])}) for row in found["scores"]),
        grades=tuple(_grade(row) for row in found["grades"]),
        changes=tuple(found["changes"]),
        explanation=found["explanation"],
        not_assessed=tuple(NotAssessed(**row) for row in found["not_assessed"]),
        skipped=tuple(Skipped(**row) for row in by_role["skipped"]),
        notes=tuple(Note(**row) for row in found["notes"]),
        provenance=Provenance(
            provenance["settings"],
            tuple(TableUsed(**row) for row in provenance["tables"]),
            tuple(Input(**row) for row in by_role["read"]),
        ),
        study_uid=by_role["study"][0]["study_uid"] if by_role["study"] else None,
    )


def _tuple(value: Any) -> Any:
    """Lists of JSON as the tuples of the core types, at any depth."""
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value


def _image(row: dict[str, Any], series: dict[str, Any]) -> ImageInfo:
    notes = tuple(Note(**note) for note in row["notes"])
    flat = {key: _tuple(value) for key, value in row.items() if key not in ("contrast", "notes")}
    return ImageInfo(**flat, **series, contrast=Contrast(**row["contrast"]), notes=notes)


def _regions(image: str, rows: list[dict[str, Any]]) -> Regions:
    """The regions of an image without their map: names and confidences are all that a record holds."""
    named = (
        Region(n, **{key: value for key, value in row.items() if key != "image"}) for n, row in enumerate(rows, start=1)
    )
    nothing = np.zeros((0, 0, 0), dtype=np.uint8)
    return Regions(image, nothing, Geometry(nothing.shape, np.eye(4)), tuple(named))


def _lesion(row: dict[str, Any]) -> Lesion:
    held = row["measures"]
    flat = {key: _tuple(value) for key, value in row.items() if key not in ("alternatives", "words", "measures")}
    k, j, i = (
        int(held[key]["value"]) if key in held else int(middle)
        for key, middle in zip(_PEAK, row["center_index"], strict=True)
    )
    return Lesion(
        **flat,
        alternatives=tuple(Alternative(**one) for one in row["alternatives"]),
        peak_index=(k, j, i),
        words=tuple(Word(**one) for one in row["words"]),
        measures=_measures(held),
        evidence=_evidence(held),
    )


def _group(row: dict[str, Any]) -> Group:
    held = row["measures"]
    flat = {key: _tuple(value) for key, value in row.items() if key not in ("words", "measures")}
    words = tuple(Word(**one) for one in row["words"])
    return Group(**flat, words=words, measures=_measures(held), evidence=_evidence(held))


def _measures(held: dict[str, Any]) -> dict[str, Measurement]:
    return {
        name: Measurement(**{**one, "interval95": _tuple(one["interval95"])})
        for name, one in held.items()
        if not name.startswith(EVIDENCE)
    }


def _evidence(held: dict[str, Any]) -> dict[str, float]:
    return {
        name.removeprefix(EVIDENCE): one["value"]
        for name, one in held.items()
        if name.startswith(EVIDENCE) and name not in _PEAK
    }


def _grade(row: dict[str, Any]) -> Grade:
    flat = {key: value for key, value in row.items() if key != "from"}
    return Grade(**flat, from_=tuple(row["from"]))
