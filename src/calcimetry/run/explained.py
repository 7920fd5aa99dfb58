"""The case with its explanation."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from calcimetry import explain
from calcimetry.core.case import Case
from calcimetry.knowledge.load import fingerprint

__all__ = ["explained", "newest_day"]


def explained(case: Case, stated: Mapping[str, Any] | None) -> Case:
    """The case with its explanation, where there is something to explain. Due dates count from the newest image."""
    values = explain.case_of(case, stated)
    if values is None:
        return case
    found = explain.explain(values, as_of=newest_day(case), where="case file")
    used = {t.id: t for t in (*case.provenance.tables, *(fingerprint(name) for name in explain.TABLES))}
    provenance = replace(case.provenance, tables=tuple(used[name] for name in sorted(used)))
    return replace(case, explanation=found.record(), provenance=provenance)


def newest_day(case: Case) -> datetime.date | None:
    """The day of the newest image; ``None`` where no header holds one that is on the calendar."""
    days = []
    for image in case.images:
        with suppress(ValueError, TypeError):
            days.append(datetime.date.fromisoformat(str(image.study_date)[:10]))
    return max(days, default=None)
