"""The tables as plain values for the ``tables`` command."""

from __future__ import annotations

import json
from typing import Any

from calcimetry.knowledge.load import fingerprint, source, sources, table, table_ids

__all__ = ["citations", "content", "matches", "overview", "text"]


def overview() -> list[dict[str, Any]]:
    """One row a table: id, edition, number of sources, SHA-256."""
    return [
        {
            "table": name,
            "edition": fingerprint(name).edition,
            "sources": len(_named(table(name))),
            "sha256": fingerprint(name).sha256[:12],
        }
        for name in table_ids()
    ]


def content(name: str) -> dict[str, Any]:
    """The whole table."""
    plain: dict[str, Any] = json.loads(json.dumps(table(name), default=str))
    return plain


def matches(words: str, name: str | None) -> list[dict[str, Any]]:
    """Every place (table, path, value) whose text contains the words."""
    found: list[dict[str, Any]] = []

    def walk(where: str, path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(where, f"{path}.{key}" if path else key, inner)
        elif isinstance(value, list):
            for n, inner in enumerate(value):
                walk(where, f"{path}[{n}]", inner)
        elif words.lower() in str(value).lower() or words.lower() in path.lower():
            found.append({"table": where, "at": path, "value": str(value)})

    for one in [name] if name else table_ids():
        walk(one, "", table(one))
    return found


def citations(name: str | None) -> list[dict[str, Any]]:
    """The sources that a table (or all tables) names."""
    ids = sorted(_named(table(name))) if name else sorted(sources())
    return [
        {k: v for k, v in {s: getattr(source(one), s) for s in source(one).__slots__}.items() if v not in (None, "")}
        for one in ids
    ]


def _named(value: Any) -> set[str]:
    if isinstance(value, dict):
        here = {v for k, v in value.items() if k == "source" and isinstance(v, str)}
        here |= {
            v for k, vs in value.items() if k == "sources" and isinstance(vs, list) for v in vs if isinstance(v, str)
        }
        return here.union(*(_named(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(_named(v) for v in value)) if value else set()
    return set()


def text(value: Any, indent: int = 0) -> str:
    """Plain values as indented text."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "\n".join(
            f"{pad}{k}:\n{text(v, indent + 1)}" if isinstance(v, dict | list) and v else f"{pad}{k}: {v}"
            for k, v in value.items()
        )
    if isinstance(value, list):
        return "\n".join(
            f"{pad}- " + "  ".join(f"{k}={v}" for k, v in one.items()) if isinstance(one, dict) else f"{pad}- {one}"
            for one in value
        )
    return f"{pad}{value}"
