"""What the labels of a map are called: by ``MAP.json`` beside it, by its header, or by number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from calcimetry.core.errors import InputError
from calcimetry.core.note import Note
from calcimetry.core.regions import Region
from calcimetry.read.words import once, unknown_word

__all__ = ["MOST_LABELS", "Sites", "check_count", "header_names", "json_names", "name_notes", "region", "spoken"]

Sites = Mapping[str, tuple[str, ...]]
"""Site word -> allowed structure names; an empty tuple where they are free."""

MOST_LABELS = 1024
"""Ours: the largest published label sets of a whole body hold about a hundred; more is an image, not a map."""

_MOST_CHARACTERS = 200
_MOST_BYTES = 1 << 20
_EXPECTED = '{"1": {"site": "...", "structure": "..."}, "2": "name"}'
_TOTAL = "total"
"""The word for a site as a whole: a region of it is a region of the site without a structure."""


def json_names(path: Path) -> dict[int, Any]:
    """Label -> what ``MAP.json`` says of it, not yet understood.

    Raises
    ------
    InputError
        Not readable, a key that is no whole number or stands twice, or more names than any map has labels.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes, more than {_MOST_BYTES}")
        named = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
        names: dict[int, Any] = {}
        for label, value in named.items():
            if not (label.isascii() and label.isdigit() and len(label) <= 9):
                raise ValueError(f"the key {label[:40]!r}, which is no label")
            if int(label) in names:
                raise ValueError(f"label {int(label)} twice")
            names[int(label)] = value
    except (ValueError, AttributeError, RecursionError, OSError) as error:
        raise InputError(
            "the names of the labels cannot be read", where=str(path), found=str(error)[:120], expected=_EXPECTED
        ) from error
    check_count(len(names), path, "names")
    return names


def header_names(header: Mapping[str, Any]) -> dict[int, Any]:
    """Names of segments that 3D Slicer writes into an NRRD header."""
    names: dict[int, Any] = {}
    for key, value in header.items():
        if key.startswith("Segment") and key.endswith("_LabelValue"):
            name = header.get(key.removesuffix("_LabelValue") + "_Name")
            if name and str(value).isdigit():
                names[int(value)] = str(name)
    return names


def check_count(count: int, where: Path, what: str = "labels") -> None:
    """Refuse more labels than any map has.

    Raises
    ------
    InputError
    """
    if count > MOST_LABELS:
        raise InputError(
            f"too many {what} for a label map",
            where=str(where),
            found=f"{count}",
            expected=f"at most {MOST_LABELS}",
            remedy="Is this an image instead of a label map?",
        )


def name_notes(names: Mapping[int, Any], present: Iterable[int]) -> tuple[Note, ...]:
    """Names that no voxel carries, and labels that the names leave out. No names at all are no finding."""
    labels = set(present)
    idle, nameless = sorted(set(names) - labels - {0}), sorted(labels - set(names))
    notes = []
    if idle:
        listed = ", ".join(f"{label} ({spoken(names[label])})" for label in idle[:5])
        text = f"{_some(idle, 'named label')} found on no voxel of the image: {listed}{_more(idle)}; nothing is counted"
        notes.append(Note("regions-names", f"{text} there", "caution"))
    if names and nameless:
        listed = ", ".join(map(str, nameless[:5]))
        text = f"{_some(nameless, 'label')} of the map without a name: {listed}{_more(nameless)}; kept as 'region N'"
        notes.append(Note("regions-names", text, "caution"))
    return tuple(notes)


def _some(labels: list[int], word: str) -> str:
    return f"{len(labels)} {word}{'s' if len(labels) > 1 else ''}"


def _more(labels: list[int]) -> str:
    return f" and {len(labels) - 5} more" if len(labels) > 5 else ""


def spoken(named: Any) -> str:
    """A name in a sentence, whatever was written."""
    if isinstance(named, Mapping):
        named = named.get("name") or named.get("structure") or named.get("site")
    return repr(str(named)[:60])


def region(label: int, named: Any, where: Path, sites: Sites | None) -> Region:
    """One region as it was named; ``region N`` where it was not.

    Raises
    ------
    InputError
        No text and no object, an unknown key, site or structure, or a name that is too long.
    """
    if named is None:
        return Region(label, f"region {label}", "unassigned", f"region {label}", source="given")
    if isinstance(named, str) and named.strip():
        _check_length(label, named, where)
        return Region(label, named, "unassigned", named, source="given")
    if not isinstance(named, Mapping) or not isinstance(named.get("site"), str):
        raise InputError(
            f"the name of label {label} cannot be understood",
            where=str(where),
            found=repr(named)[:80],
            expected='a text, or {"site": ..., "structure": ...}',
        )
    unknown = sorted(set(named) - {"site", "structure", "name"})
    if unknown:
        raise unknown_word("key", unknown[0], ("site", "structure", "name"), str(where))
    site, structure, name = named["site"], named.get("structure"), named.get("name")
    for what, value in (("structure", structure), ("name", name)):
        if value is not None and not isinstance(value, str):
            raise InputError(
                f"the {what} of label {label} is no text", where=str(where), found=repr(value)[:80], expected="a text"
            )
        _check_length(label, value or "", where)
    if structure == _TOTAL:
        structure = None
    if sites is not None:
        if site not in sites:
            raise unknown_word("site", site, sites, str(where))
        if structure and sites[site] and structure not in sites[site]:
            raise unknown_word(f"structure of {site}", structure, (*sites[site], _TOTAL), str(where))
    return Region(label, name or structure or site, site, structure or None, source="given")


def _check_length(label: int, name: str, where: Path) -> None:
    if len(name) > _MOST_CHARACTERS:
        raise InputError(
            f"the name of label {label} is too long",
            where=str(where),
            found=f"{len(name)} characters, {name[:20]!r}...",
            expected=f"at most {_MOST_CHARACTERS}",
        )
