"""Step 10: the explanation in words, for a clinician and for the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain.explanation import Explanation
from calcimetry.explain.words import compose

__all__ = ["texts"]


def texts(
    explanation: Explanation, case: Mapping[str, Any], language: str, emergency_number: str | None = None
) -> dict[str, tuple[str, ...]]:
    """Sentences for ``clinician`` and ``patient``; the order of the input changes none of them."""
    said = compose(explanation, _ordered(case), language, emergency_number)
    return {who: tuple(sentences) for who, sentences in said.items()}


def _ordered(case: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(case)
    for key in ("history", "symptoms", "medications"):
        found[key] = sorted(case.get(key) or [], key=str)
    rows = [dict(row) for row in case.get("findings") or []]
    for row in rows:
        row |= {key: sorted(row[key], key=str) for key in ("pattern", "features") if row.get(key)}
    for key, listed in (("findings", rows), ("labs", list(case.get("labs") or []))):
        found[key] = sorted(listed, key=lambda row: repr(sorted(row.items(), key=str)))
    return found
