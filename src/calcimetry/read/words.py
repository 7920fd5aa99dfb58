"""Unknown words are refused with the three nearest; a key that stands twice is refused, too."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from calcimetry.core.errors import InputError

__all__ = ["once", "unknown_word"]


def unknown_word(what: str, given: str, known: Iterable[str], where: str) -> InputError:
    """The error for a word that no list holds.

    >>> str(unknown_word("site", "coronary", ["coronary_artery", "carotid_artery", "kidney"], "a.json"))
    "a.json: unknown site 'coronary'. Nearest: coronary_artery, carotid_artery, kidney."
    """
    nearest = difflib.get_close_matches(given, sorted(known), n=3, cutoff=0.0)
    return InputError(f"unknown {what} {given!r}", where=where, remedy=f"Nearest: {', '.join(nearest)}.")


def once(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Keys and values as a dictionary, for ``object_pairs_hook``: parsers take the last of two without a word.

    Raises
    ------
    ValueError
        A key stands twice: which of the two is meant, nobody can tell.

    >>> once([("age", 61), ("sex", "male")])
    {'age': 61, 'sex': 'male'}
    """
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {str(key)[:40]!r} twice in one object")
        found[key] = value
    return found
