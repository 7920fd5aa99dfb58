"""A case file on disk -> plain values: JSON, TOML or YAML, at most 1 MiB."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calcimetry.core.errors import CalcimetryError, InputError
from calcimetry.core.extras import need

__all__ = ["read"]

_MOST_BYTES = 1 << 20


def read(path: str | Path) -> Mapping[str, Any]:
    """The values of a case file.

    Raises
    ------
    InputError
        No such file, too large, not one of the three formats, or not a table of keys.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such case file", where=str(path))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the case file is too large", where=str(path), expected="at most 1 MiB")
    try:
        values = _parse(path.read_text(encoding="utf-8-sig"), path.suffix.lower(), str(path))
    except CalcimetryError:
        raise
    except Exception as error:  # each parser throws its own; all mean the same
        found = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError("the case file cannot be read", where=str(path), found=found) from error
    if not isinstance(values, Mapping):
        raise InputError("the case file holds no keys", where=str(path), expected='"schema": "calcimetry-case/1"')
    return values


def _parse(text: str, ending: str, where: str) -> Any:
    if ending == ".json":
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    if ending == ".toml":
        return tomllib.loads(text)
    if ending in {".yaml", ".yml"}:
        return _yaml(text)
    raise InputError("a case file ends with .json, .toml or .yaml", where=where, found=ending or "no ending")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The keys of one JSON object; a key that is there twice could hide the value that counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)[:60]!r} is there twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _yaml(text: str) -> Any:
    """YAML under the same two rules."""
    yaml = need("yaml", for_="case files in YAML")

    class Strict(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """The safe loader, which by itself keeps the last of two equal keys."""

    def mapping(loader: Any, node: Any) -> dict[str, Any]:
        pairs = loader.construct_pairs(node, deep=True)
        return _once([(str(key), value) for key, value in pairs])

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return yaml.load(text, Loader=Strict)
