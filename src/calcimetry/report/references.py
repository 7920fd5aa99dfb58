"""Settings in full and the sources behind a result, gathered from the case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from calcimetry.core.case import Case
from calcimetry.core.errors import UnknownIdError
from calcimetry.core.source import Source
from calcimetry.knowledge.load import source, table, table_ids
from calcimetry.report.plain import plain
from calcimetry.report.words import score_title, site_title, visible

__all__ = ["Cited", "SettingsGroup", "cited", "settings_groups"]


@dataclass(frozen=True, slots=True)
class SettingsGroup:
    """Settings that several numbers share: what they belong to, and rows of name and value."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """A source that this result rests on, and how sure we are of what was taken from it (words of the tables)."""

    id: str
    source: Source | None
    status: str


def settings_groups(case: Case) -> tuple[SettingsGroup, ...]:
    """The settings of all scores, those that are the same once, then the settings of the run."""
    owners: dict[str, list[str]] = {}
    held: dict[str, Any] = {}
    for score in case.scores:
        settings = plain(score.settings)
        key = json.dumps(settings, sort_keys=True)
        held[key] = settings
        owner = f"{score_title(score.name)}, {site_title(score.site).lower()}, image {score.image}"
        if owner not in owners.setdefault(key, []):
            owners[key].append(owner)
    groups = [
        SettingsGroup(visible("; ".join(owners[key])), tuple(_rows(settings)))
        for key, settings in held.items()
        if settings
    ]
    run = tuple(_rows(plain(case.provenance.settings)))
    return (*groups, SettingsGroup("The run", run)) if run else tuple(groups)


def _rows(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and values of nested settings."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _rows(inner, f"{path}.{key}" if path else str(key))
    else:
        yield visible(path), visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def cited(case: Case) -> tuple[Cited, ...]:
    """All sources that grades, settings and explanation name, by id; unknown ids are shown as they are."""
    ids = {grade.source for grade in case.grades}
    for settings in (*(score.settings for score in case.scores), case.provenance.settings, case.explanation or {}):
        ids.update(_named(plain(settings)))
    known = {row.id for row in case.provenance.tables} & set(table_ids())
    words: dict[str, set[str]] = {}
    for table_id in sorted(known):
        for named, status in _statuses(table(table_id)):
            words.setdefault(named, set()).add(status)
    return tuple(Cited(visible(one), _source(one), ", ".join(sorted(words.get(one, ())))) for one in sorted(ids) if one)


def _source(source_id: str) -> Source | None:
    try:
        return source(source_id)
    except UnknownIdError:
        return None


def _named(value: Any) -> Iterator[str]:
    """Ids under the keys ``source`` and ``sources``, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("source", "sources"):
                yield from [inner] if isinstance(inner, str) else (i for i in inner or () if isinstance(i, str))
            else:
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _statuses(value: Any) -> Iterator[tuple[str, str]]:
    """Pairs of source id and status word of the rows of a table."""
    if isinstance(value, Mapping):
        status = value.get("status")
        if isinstance(status, str):
            for named in _named({key: value[key] for key in ("source", "sources") if key in value}):
                yield named, status
        for inner in value.values():
            yield from _statuses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _statuses(inner)
