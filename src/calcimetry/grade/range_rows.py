"""Rows of ``knowledge/rules/birads_range``: facts of one group -> lowest and highest category, and how ranges join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from calcimetry.core.errors import KnowledgeError
from calcimetry.core.source import Status
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import source, table

__all__ = ["TABLE", "Reach", "judged", "name_and_edition", "source_of", "spoken", "widest"]

TABLE = "rules/birads_range"
_OPEN = "0"
_SUSPICIOUS_FROM = "4A"


@dataclass(frozen=True, slots=True)
class Reach:
    """From the lowest to the highest category, why, and how sure the rows are."""

    lowest: str
    highest: str
    says: tuple[str, ...]
    status: Status

    @property
    def category(self) -> str:
        """As printed.

        >>> Reach("4B", "4C", (), "memory").category
        '4B-4C'
        """
        return self.lowest if self.lowest == self.highest else f"{self.lowest}-{self.highest}"

    @property
    def suspicious(self) -> bool:
        """Whether it reaches a category that leads to a tissue sample."""
        return self.highest != _OPEN and _rank(self.highest) >= _rank(_SUSPICIOUS_FROM)

    @property
    def meaning(self) -> str:
        """The categories in words, and that they are a proposal."""
        rows = table(TABLE)["category"]
        ends = dict.fromkeys((self.lowest, self.highest))
        named = "; ".join(f"{end}: {rows[end]['says']}" for end in ends)
        return f"Suggested range, a reader decides. {named}. (Status of this knowledge: {self.status}.)"


def name_and_edition() -> tuple[str, str]:
    """Name and edition of the scale."""
    return str(table(TABLE)["name"]), str(table(TABLE)["edition_of_scale"])


def source_of() -> str:
    """Id of the source."""
    return str(table(TABLE)["source"])


def spoken(lowest: str, highest: str, says: str, status: Status) -> Reach:
    """A range; raises where a category is none of the scale's or the range is upside down."""
    known = {_OPEN, *table(TABLE)["order"]}
    if {lowest, highest} - known or (lowest == _OPEN) != (highest == _OPEN):
        raise KnowledgeError(f"table {TABLE}: {lowest!r} to {highest!r} is no range of {sorted(known)}")
    if lowest != _OPEN and _rank(lowest) > _rank(highest):
        raise KnowledgeError(f"table {TABLE}: {lowest} is above {highest}")
    if status not in get_args(Status):
        raise KnowledgeError(f"table {TABLE}: status {status!r} is none of {get_args(Status)}")
    return Reach(lowest, highest, (says,), status)


def judged(facts: Mapping[str, Any]) -> Reach | None:
    """The first row that holds for these facts; ``None`` where none does.

    >>> judged({"views": "screening", "form": "br_amorphous"}).category
    '0'
    >>> judged({"views": "complete", "form": "br_amorphous", "distribution": "linear"}).category
    '4B-4C'
    """
    for when, reach in _rows():
        if logic.evaluate(when, facts).truth:
            return reach
    return None


def widest(found: Sequence[Reach], *, one_group: bool) -> Reach:
    """One range from several.

    Of one group whose word is not sure: from the lowest to the highest. Of the groups of one breast: that of most
    concern leads. Where one is still open (0), it stays open, unless another is suspicious already.
    """
    open_ones = [one for one in found if one.lowest == _OPEN]
    rated = [one for one in found if one.lowest != _OPEN]
    if open_ones and (one_group or not any(one.suspicious for one in rated)):
        return Reach(_OPEN, _OPEN, _says(open_ones), _least_sure(open_ones))
    ends = min if one_group else max
    lowest = ends((one.lowest for one in rated), key=_rank)
    highest = max((one.highest for one in rated), key=_rank)
    return Reach(lowest, highest, _says([*rated, *open_ones]), _least_sure(rated))


def _says(found: Sequence[Reach]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for one in found for text in one.says))


def _least_sure(found: Sequence[Reach]) -> Status:
    order: tuple[Status, ...] = ("verified", "ours", "memory", "uncertain")
    return max((one.status for one in found), key=order.index)


def _rank(category: str) -> int:
    return int(table(TABLE)["order"].index(category))


@cache
def _rows() -> tuple[tuple[logic.Condition, Reach], ...]:
    where = f"table {TABLE}"
    source(table(TABLE)["source"])
    known = logic.read_facts(table(TABLE)["fact"], where=where)
    made = []
    for row in table(TABLE)["row"]:
        logic.check(row["when"], where=f"{where}, {row['id']}", known=known)
        made.append((row["when"], spoken(row["lowest"], row["highest"], row["says"], row["status"])))
    return tuple(made)
