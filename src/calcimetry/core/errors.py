"""Everything that can go wrong, as one tree.

::

    CalcimetryError              a sentence: what, where (file), found, expected, what to do
    ├─ InputError                the input cannot be read, or holds nothing to assess        exit 3
    │  ├─ GeometryError          spacing, orientation or order of slices does not hold together
    │  ├─ DecodingError          pixels damaged, truncated, or coded in a way nobody here can read
    │  ├─ HostileInputError      sizes, depths or paths that no honest file has
    │  └─ AmbiguousInputError    more than one person or study; ``choices`` lists them
    ├─ UsageError                wrong use: an option, a setting, an existing output          exit 2
    │  └─ UnknownIdError         an id that no table holds; ``known`` lists the nearest
    ├─ KnowledgeError            a table of ours contradicts itself (a defect of ours)        exit 1
    └─ MissingExtraError         an optional package is not installed; says which and why     exit 2

Anything odd but usable is not an error: it is a :class:`~calcimetry.core.note.Note` on the result.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "AmbiguousInputError",
    "CalcimetryError",
    "DecodingError",
    "GeometryError",
    "HostileInputError",
    "InputError",
    "KnowledgeError",
    "MissingExtraError",
    "UnknownIdError",
    "UsageError",
]


class CalcimetryError(Exception):
    """Base of all errors of this package; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class InputError(CalcimetryError):
    """The input cannot be read or holds no image that can be assessed.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence fragment.
    where : str
        The file or folder (never a patient's name).
    found, expected, remedy : str
        The evidence and the way out; each may be empty.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", found: str = "", expected: str = "", remedy: str = "") -> None:
        self.what, self.where, self.found, self.expected, self.remedy = what, where, found, expected, remedy
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.found:
            parts.append(f"found {self.found}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        sentence = "; ".join(parts)
        return f"{sentence}. {self.remedy}" if self.remedy else f"{sentence}."


class GeometryError(InputError):
    """Spacing, orientation or order of slices does not hold together."""


class DecodingError(InputError):
    """Pixels are damaged, truncated or coded in a way that nobody here can read."""


class HostileInputError(InputError):
    """Sizes, depths or paths that no honest file has."""


class AmbiguousInputError(InputError):
    """More than one person or study lies in the input; never mixed.

    ``choices`` holds one line for each study, fit to be shown (no names).
    """

    def __init__(self, what: str, *, choices: Sequence[str], where: str = "", remedy: str = "") -> None:
        self.choices = tuple(choices)
        super().__init__(what, where=where, found=", ".join(self.choices), remedy=remedy)


class UsageError(CalcimetryError):
    """Wrong use: an option, a setting, an output that exists."""

    exit_code = 2


class UnknownIdError(UsageError):
    """An id that no table holds.

    >>> str(UnknownIdError("site", "coronary", ["coronary_artery", "carotid_artery", "kidney"]))
    "unknown site 'coronary'; nearest: coronary_artery, carotid_artery, kidney"
    """

    def __init__(self, what: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = difflib.get_close_matches(given, names, n=3, cutoff=0.0) if names else []
        self.given, self.nearest = given, tuple(nearest)
        super().__init__(f"unknown {what} {given!r}; nearest: {', '.join(nearest) or 'none known'}")


class KnowledgeError(CalcimetryError):
    """A table of ours contradicts itself: a defect of ours, not of the input."""


class MissingExtraError(UsageError):
    """An optional package is needed and not installed."""
