"""Unknown words are refused with the three nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from calcimetry.core.errors import InputError

__all__ = ["unknown_word"]


def unknown_word(what: str, given: str, known: Iterable[str], where: str) -> InputError:
    """The error for a word that no list holds.

    >>> str(unknown_word("site", "coronary", ["coronary_artery", "carotid_artery", "kidney"], "a.json"))
    "a.json: unknown site 'coronary'. Nearest: coronary_artery, carotid_artery, kidney."
    """
    nearest = difflib.get_close_matches(given, sorted(known), n=3, cutoff=0.0)
    return InputError(f"unknown {what} {given!r}", where=where, remedy=f"Nearest: {', '.join(nearest)}.")
