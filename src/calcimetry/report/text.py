"""The case as a short text; the full one follows."""

from __future__ import annotations

from calcimetry.core.case import Case

__all__ = ["text"]


def text(case: Case, *, created: str | None = None) -> str:
    """Number of lesions, until the whole stands."""
    return f"{len(case.lesions)} lesions"
