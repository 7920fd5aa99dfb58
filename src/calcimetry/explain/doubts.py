"""What was stated and is not used, and why: collected while a case is read."""

from __future__ import annotations

from calcimetry.explain.explanation import Withheld

__all__ = ["Doubts"]


class Doubts:
    """Collects questioned values in the order in which they were met; the same doubt once."""

    def __init__(self) -> None:
        self._rows: list[Withheld] = []

    def add(self, what: str, reason: str, *needs: str) -> None:
        """Note one value that is not used, with what would settle it."""
        row = Withheld(what, reason, needs)
        if row not in self._rows:
            self._rows.append(row)

    def rows(self) -> tuple[Withheld, ...]:
        """All doubts, in alphabetical order (so that the order of the input changes nothing)."""
        return tuple(sorted(self._rows, key=lambda row: (row.what, row.reason)))
