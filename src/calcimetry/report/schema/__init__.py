"""The JSON Schema of ``analysis.json``, made from the core types; ``python -m calcimetry.report.schema`` writes it."""

from __future__ import annotations

import json
from typing import Any

from calcimetry.report.layout import SCHEMA_ID

__all__ = ["schema", "schema_text"]


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of ``analysis.json``.

    >>> schema()["properties"]["status"]["const"]
    'unverified'
    """
    from calcimetry.report.schema.models import model

    return {
        **model().model_json_schema(by_alias=True),
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:calcimetry:{SCHEMA_ID}",
        "title": "calcimetry analysis",
        "description": "One person's images, what is calcified on them, how much, and what it means. "
        "Coordinates are DICOM patient space (LPS) in mm; indices are zero-based [plane, row, column]; "
        "bounds are half open; units stand in the names or are UCUM.",
    }


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
