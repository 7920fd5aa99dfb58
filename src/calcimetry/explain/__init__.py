"""From findings, history and laboratory values to what they mean: kind, causes, tests, who, how soon, says who."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from calcimetry.core.errors import UsageError
from calcimetry.explain.casefile import read as read_case
from calcimetry.explain.explanation import Explanation
from calcimetry.explain.from_images import case_of
from calcimetry.explain.lab_files import read as read_labs
from calcimetry.explain.reason import reason
from calcimetry.explain.template import template
from calcimetry.explain.texts import texts

__all__ = ["TABLES", "Explanation", "case_of", "explain", "read_case", "read_labs", "template"]

TABLES = (
    *(f"reasoning/{name}" for name in (
        "abdomen", "analytes", "anywhere", "asks", "brain_eye", "breast", "causes", "chest", "facts", "heart",
        "intervals", "metabolic", "neck", "organs", "person", "red_flags", "several", "soft_tissue", "types",
        "urinary", "voids",
    )),
    "units",
)  # fmt: skip
"""Tables behind every explanation, for the provenance of a result."""


def explain(
    case: Mapping[str, Any] | str | Path,
    *,
    units: str = "mg/dL",
    region: str | None = None,
    as_of: datetime.date | None = None,
    language: str = "en",
    emergency_number: str | None = None,
    where: str = "",
) -> Explanation:
    """Reason about a case.

    Parameters
    ----------
    case : mapping or path
        ``calcimetry-case/1`` as plain values, or a file (JSON, TOML, YAML).
    units : str
        ``mg/dL`` or ``mmol/L``: how laboratory values are shown; read are all.
    region : str, optional
        ``EU``, ``UK`` or ``US``: whose guidelines come first.
    as_of : date, optional
        From which due dates are counted; without it none is given.
    language : str
        Of the texts.
    emergency_number : str, optional
        To call today where the urgency is ``now``; without it the texts say "your emergency number".
    where : str
        Named in errors; the path, where one is given.

    Returns
    -------
    Explanation
        ``.record()`` gives ``calcimetry-explanation/1``.

    Raises
    ------
    InputError
        Unreadable, or a key or word that the format does not know: the three nearest are named.
    UsageError
        Units or a region that are none of those named.

    >>> found = explain({"age": {"value": 38, "unit": "a"}, "findings": [{"site": "prostate"}]})
    >>> found.urgency, [test.id for test in found.tests]
    ('none', ['no_test', 'psa_not_indicated_by_calcification'])
    """
    if units not in {"mg/dL", "mmol/L"}:
        raise UsageError(f"unknown units {units!r}: mg/dL or mmol/L")
    if region not in {None, "EU", "UK", "US"}:
        raise UsageError(f"unknown region {region!r}: EU, UK or US")
    values = case if isinstance(case, Mapping) else read_case(case)
    where = where or ("case" if isinstance(case, Mapping) else str(case))
    answer = reason(values, units=units, region=region, as_of=as_of, where=where)
    return replace(answer, texts=texts(answer, values, language, emergency_number))
