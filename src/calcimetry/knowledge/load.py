"""Tables -> values, strictly: a source that is not listed or a status word that is none of ours stops the load."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, get_args

from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.core.source import Source, Status

if TYPE_CHECKING:
    from calcimetry.core.case import TableUsed

__all__ = ["check_facts", "fingerprint", "model_fingerprint", "source", "sources", "table", "table_ids"]


def _root() -> Traversable:
    return resources.files("calcimetry.knowledge")


@cache
def table_ids() -> tuple[str, ...]:
    """Ids of all tables: the path under ``knowledge/`` without its ending, e.g. ``scales/cac_drs``."""
    found: list[str] = []

    def walk(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".toml"):
                found.append(prefix + entry.name.removesuffix(".toml"))

    walk(_root(), "")
    return tuple(sorted(found))


@cache
def _bytes(table_id: str) -> bytes:
    if table_id not in table_ids():
        raise UnknownIdError("table", table_id, table_ids())
    return _root().joinpath(*f"{table_id}.toml".split("/")).read_bytes()


@cache
def table(table_id: str) -> dict[str, Any]:
    """The table as plain values; facts are checked for status and source when first read.

    >>> table("sources")["source"][0]["id"]
    'agatston-1990'
    """
    values = tomllib.loads(_bytes(table_id).decode("utf-8"))
    if table_id != "sources":
        check_facts(table_id, values)
    return values


@cache
def fingerprint(table_id: str) -> TableUsed:
    """Id, edition and SHA-256 of a table, for the provenance of a result."""
    # Reading a table needs no arrays; the case that takes a fingerprint does.
    from calcimetry.core.case import TableUsed

    head = table(table_id)
    return TableUsed(table_id, str(head.get("edition", "")), hashlib.sha256(_bytes(table_id)).hexdigest())


@cache
def model_fingerprint(path: str) -> TableUsed:
    """The same of fitted numbers that lie beside the code of a stage.

    Parameters
    ----------
    path : str
        Of a JSON file in the package, without its ending, e.g. ``describe/model``; its ``schema`` stands as edition.

    >>> model_fingerprint("describe/model").id
    'model:describe/model'
    """
    from calcimetry.core.case import TableUsed

    data = resources.files("calcimetry").joinpath(*f"{path}.json".split("/")).read_bytes()
    return TableUsed(f"model:{path}", str(json.loads(data)["schema"]), hashlib.sha256(data).hexdigest())


@cache
def sources() -> dict[str, Source]:
    """All sources by id."""
    return {row["id"]: Source(**row) for row in table("sources")["source"]}


def source(source_id: str) -> Source:
    """The source of this id.

    >>> source("agatston-1990").year
    1990
    """
    if source_id not in sources():
        raise UnknownIdError("source", source_id, sources())
    return sources()[source_id]


def check_facts(table_id: str, values: Any, path: str = "") -> None:
    """Walk a table: every ``source`` must be listed, every ``status`` be one of our four words.

    Raises
    ------
    KnowledgeError
        Naming table, place and value.
    """
    if isinstance(values, dict):
        for name in ("source", "sources"):
            named = values.get(name)
            for one in [named] if isinstance(named, str) else named if isinstance(named, list) else []:
                if isinstance(one, str) and one not in sources():
                    raise KnowledgeError(f"table {table_id}, {path or 'head'}: source {one!r} is not in sources.toml")
        status = values.get("status")
        if isinstance(status, str) and status not in get_args(Status):
            raise KnowledgeError(f"table {table_id}, {path or 'head'}: status {status!r} is none of {get_args(Status)}")
        for key, value in values.items():
            check_facts(table_id, value, f"{path}.{key}" if path else key)
    elif isinstance(values, list):
        for n, value in enumerate(values):
            check_facts(table_id, value, f"{path}[{n}]")
