"""Laboratory values from other programs' files: FHIR R4 Observations (Bundle or NDJSON) and CSV -> rows of a case.

A value is taken by its LOINC code. A code that no table holds is not guessed from its name; it is told as not read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from calcimetry.core.errors import InputError
from calcimetry.explain import vocabulary
from calcimetry.knowledge.load import table

__all__ = ["from_csv", "from_fhir", "read"]

_MOST_BYTES = 16 << 20
_LOINC = "http://loinc.org"
_NAMES = {"analyte", "loinc", "code"}
"""Columns that say what was measured."""
# FHIR results that do not stand (any more).
_VOID = {"cancelled", "entered-in-error"}


def read(path: str | Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows for ``labs`` of a case, and what was not read.

    Parameters
    ----------
    path : path
        ``.csv`` (comma, semicolon or tab) with the columns ``analyte`` or ``loinc`` (or ``code``), ``value``, ``unit``
        and, where known, ``low``, ``high``, ``time``; else JSON: a Bundle, one Observation, or one Observation a line.

    Raises
    ------
    InputError
        Not readable, too large, or no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such laboratory file", where=str(path))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the laboratory file is too large", where=str(path), expected="at most 16 MiB")
    try:
        text = path.read_text(encoding="utf-8-sig")
        return from_csv(text) if path.suffix.lower() == ".csv" else from_fhir(_resources(text))
    except (ValueError, RecursionError, csv.Error) as error:
        found = str(error).splitlines()[0][:120]
        raise InputError("the laboratory file cannot be read", where=str(path), found=found) from error


def from_csv(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    r"""Rows of a CSV text.

    >>> from_csv("loinc,value,unit\n17861-6,9.4,mg/dL\n")[0]
    [{'analyte': 'calcium_total', 'value': 9.4, 'unit': 'mg/dL'}]

    Raises
    ------
    ValueError
        The first line names no column that says what was measured, or none for the value.
    """
    rows: list[dict[str, Any]] = []
    left: list[str] = []
    head = next(iter(text.splitlines()), "")
    lines = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    names = {str(name).strip().lower() for name in lines.fieldnames or ()}
    if not names & _NAMES or "value" not in names:
        # Nothing would be read, and nothing would be missed.
        raise ValueError("the first line must name the columns analyte or loinc, value and unit")
    for number, line in enumerate(lines, start=2):
        given = {str(k).strip().lower(): (v or "").strip() for k, v in line.items() if k and not isinstance(v, list)}
        code = given.get("loinc") or given.get("code", "")
        named = given.get("analyte") or code
        analyte = named if named in vocabulary.words("analyte") else _codes().get(code)
        if analyte is None:
            left.append(named[:60] or f"line {number}, which names no analyte")
            continue
        row: dict[str, Any] = {"analyte": analyte, "value": _number(given.get("value", ""))}
        row |= {key: given[key] for key in ("unit", "time") if given.get(key)}
        row |= {key: _number(given[key]) for key in ("low", "high") if given.get(key)}
        rows.append(row)
    return rows, left


def from_fhir(resources: Iterable[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of FHIR Observations; panels give their components.

    >>> from_fhir([{"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org",
    ...     "code": "17861-6"}]}, "valueQuantity": {"value": 9.4, "code": "mg/dL"}}])[0]
    [{'analyte': 'calcium_total', 'value': 9.4, 'unit': 'mg/dL'}]
    """
    rows: list[dict[str, Any]] = []
    left: list[str] = []
    for one in resources:
        if not isinstance(one, Mapping) or one.get("resourceType") != "Observation" or one.get("status") in _VOID:
            continue
        time = one.get("effectiveDateTime") or one.get("effectiveInstant")
        for part in (one, *_list(one.get("component"))):
            if isinstance(part, Mapping):
                _observation(part, time, rows, left)
    return rows, left


def _observation(part: Mapping[str, Any], time: Any, rows: list[dict[str, Any]], left: list[str]) -> None:
    quantity = part.get("valueQuantity")
    if not isinstance(quantity, Mapping):
        return
    coding = _list(_mapping(part.get("code")).get("coding"))
    codes = [str(c.get("code")) for c in coding if isinstance(c, Mapping) and c.get("system") == _LOINC]
    analyte = next((_codes()[code] for code in codes if code in _codes()), None)
    if analyte is None:
        left.append(", ".join(codes)[:60] or "an Observation without a LOINC code")
        return
    value = quantity.get("value")
    if quantity.get("comparator"):
        # No number: the answer says so, since "above 14" may be what matters.
        value = f"{str(quantity['comparator'])[:2]}{value}"
    row: dict[str, Any] = {"analyte": analyte, "value": value}
    unit = quantity.get("code") or quantity.get("unit")
    row |= {"unit": str(unit)} if unit else {}
    for interval in _list(part.get("referenceRange"))[:1]:
        for side in ("low", "high"):
            limit = _mapping(_mapping(interval).get(side)).get("value")
            row |= {side: limit} if limit is not None else {}
    rows.append(row | ({"time": str(time)} if time else {}))


def _resources(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(whole, Mapping) and whole.get("resourceType") == "Bundle":
        return [_mapping(entry).get("resource") for entry in _list(whole.get("entry"))]
    return whole if isinstance(whole, list) else [whole]


@cache
def _codes() -> dict[str, str]:
    rows = table("reasoning/analytes")["analyte"]
    return {code["code"]: name for name, row in rows.items() for code in row.get("loinc", ())}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
