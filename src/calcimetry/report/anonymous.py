"""A case without the person's name and number, wherever they stand."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from calcimetry.core.case import Case
from calcimetry.core.measurement import Score
from calcimetry.core.study import Subject

__all__ = ["REMOVED", "anonymised"]

REMOVED = "[removed]"

_SHORTEST = 3
"""A part of a name shorter than this ("Li", "J") is too common a sequence of letters to be taken out of free text;
the whole name as written always is."""

_WORDS = frozenset(
    {
        *("id", "image", "kind", "site", "severity", "code", "status", "state", "scale", "edition", "unit", "sha256"),
        *("modality", "sop_instance_uid", "series_uid", "study_uid", "study_date", "source", "category", "from_"),
    }
)
"""Fields that hold words of ours, UIDs or dates: nothing a header can put a name into."""


def anonymised(case: Case) -> Case:
    """The case without name and number: the subject's fields are emptied, and every text that repeats them
    (series descriptions, paths of inputs, notes, names of given regions, ...) has them replaced by ``[removed]``.

    >>> anonymised(Case(subject=Subject(name="Doe^Jane", id="4711"), study_uid="1.2")).subject.name is None
    True
    """
    pattern = _pattern(case.subject)
    cleared = case.adding(subject=dataclasses.replace(case.subject, name=None, id=None))
    if pattern is None:
        return cleared
    kept = ("pixels", "seconds", "study_uid")
    named = (f.name for f in dataclasses.fields(cleared) if f.name not in kept)
    return cleared.adding(**{name: _scrubbed(getattr(cleared, name), pattern) for name in named})


def _pattern(subject: Subject) -> re.Pattern[str] | None:
    """All ways to write the name and the number, longest first; word by word for names."""
    wanted: set[str] = set()
    if subject.name and subject.name.strip("^ "):
        parts = [part for part in re.split(r"[\^=\s,]+", subject.name) if part]
        wanted.add(re.escape(subject.name.strip("^ ")))
        wanted.add(r"[\W_]+".join(re.escape(part) for part in parts))
        wanted.add(r"[\W_]+".join(re.escape(part) for part in reversed(parts)))
        wanted.update(re.escape(part) for part in parts if len(part) >= _SHORTEST)
    if subject.id and len(subject.id.strip()) >= _SHORTEST:
        wanted.add(re.escape(subject.id.strip()))
    if not wanted:
        return None
    longest_first = sorted(wanted, key=lambda text: (-len(text), text))
    return re.compile(r"(?<![^\W_])(?:" + "|".join(longest_first) + r")(?![^\W_])", re.IGNORECASE)


def _scrubbed(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(REMOVED, value)
    if isinstance(value, tuple):
        return tuple(_scrubbed(item, pattern) for item in value)
    if isinstance(value, list):
        return [_scrubbed(item, pattern) for item in value]
    if isinstance(value, Mapping):
        return {key: _scrubbed(item, pattern) for key, item in value.items()}  # keys are words of ours
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        ours = _WORDS | ({"name"} if isinstance(value, Score) else set())
        if getattr(value, "site", None) not in (None, "unassigned"):
            ours = ours | {"structure"}  # of a closed list; free text only where no site claims it
        changed = {
            f.name: _scrubbed(getattr(value, f.name), pattern)
            for f in dataclasses.fields(value)
            if f.init and f.name not in ours
        }
        return dataclasses.replace(value, **changed)
    return value
