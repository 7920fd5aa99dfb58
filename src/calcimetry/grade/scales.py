"""Published scales as frozen rows: which score they grade, what they ask for, and their dated editions."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.core.source import Status
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import source, table, table_ids

__all__ = ["Band", "Edition", "Group", "Need", "Scale", "Verdict", "needs", "scale", "scales"]

Verdict = Literal["pass", "caveat", "estimated", "withheld"]
"""What an unmet condition does to a grade, from nothing to everything."""

_NOT_SCALES = ("needs",)


@dataclass(frozen=True, slots=True)
class Band:
    """One class of a scale; ``closed`` says whether the limit itself belongs to the band."""

    category: str
    meaning: str
    low: float
    low_closed: bool
    high: float | None
    high_closed: bool
    status: Status

    def holds(self, value: float) -> bool:
        """Whether a value lies in this band."""
        above = value >= self.low if self.low_closed else value > self.low
        if self.high is None or not above:
            return above
        return value <= self.high if self.high_closed else value < self.high


@dataclass(frozen=True, slots=True)
class Group:
    """Bands for the people of whom ``when`` holds (an empty condition: for everybody)."""

    when: logic.Condition
    bands: tuple[Band, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """A scale as published on one day. ``reference`` names the table a computed grade reads, if any."""

    id: str
    since: datetime.date
    status: Status
    checked: datetime.date
    source: str
    groups: tuple[Group, ...] = ()
    beside_older: bool = False
    seen_in: str | None = None
    reference: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What a scale asks for, and what follows where it is not so or not known.

    ``said_by_score``: an equivalent score gives this reason itself, so that it is not repeated.
    """

    id: str
    when: logic.Condition
    if_false: Verdict
    if_unknown: Verdict
    reason: str
    status: Status
    source: str
    said_by_score: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A published scale: which score of which site it grades, and under what conditions.

    ``kind`` names the way from score to category (see :mod:`calcimetry.grade.grading`); ``applies`` says when
    the scale is shown at all, ``needs`` when it holds. ``extra`` holds what one kind alone reads.
    """

    id: str
    name: str
    title: str
    edition: str
    order: int
    kind: str
    site: str
    score: str
    structure: str
    unit: str
    needs: tuple[Need, ...]
    editions: tuple[Edition, ...]
    applies: logic.Condition
    extra: Mapping[str, Any]

    def bands(self, as_of: datetime.date | None) -> tuple[Edition, ...]:
        """The editions to print for a study of this day, oldest first.

        The newest edition that was in force, then every newer one marked to be shown beside it. A study older
        than the scale gets the oldest edition; an unknown date gets the newest and those it stands beside. An
        edition whose numbers nobody has seen never stands alone: its predecessor is printed before it.

        >>> [e.id for e in scale("acc_aha").bands(datetime.date(2020, 5, 1))]
        ['2018/2019', '2026']
        """
        day = as_of or datetime.date.max
        older = [e for e in self.editions if e.since <= day] or [self.editions[0]]
        chosen = [older[-1]] + [e for e in self.editions if e.since > older[-1].since and e.beside_older]
        unseen = older[-1].status == "uncertain"
        if len(older) > 1 and (unseen or (as_of is None and older[-1].beside_older)):
            chosen.insert(0, older[-2])
        return tuple(chosen)


@cache
def needs() -> dict[str, Need]:
    """All named conditions of ``knowledge/scales/needs.toml``."""
    found: dict[str, Need] = {}
    for row in table("scales/needs")["need"]:
        need = Need(**row)
        where = f"table scales/needs, {need.id}"
        logic.check(need.when, where=where)
        if need.id in found or not {need.if_false, need.if_unknown} <= set(get_args(Verdict)):
            raise KnowledgeError(f"{where}: doubled, or a verdict that is none of {get_args(Verdict)}")
        found[need.id] = need
    return found


@cache
def scales() -> dict[str, Scale]:
    """All scales by id, in the order in which they are printed.

    >>> list(scales())[:3]
    ['rumberger', 'rumberger_six', 'cac_drs']
    """
    ids = [t.removeprefix("scales/") for t in table_ids() if t.startswith("scales/")]
    loaded = [_load(i) for i in ids if i not in _NOT_SCALES]
    return {s.id: s for s in sorted(loaded, key=lambda s: (s.order, s.id))}


def scale(scale_id: str) -> Scale:
    """The scale of this id.

    Raises
    ------
    UnknownIdError
        Naming the three nearest.
    """
    if scale_id not in scales():
        raise UnknownIdError("scale", scale_id, scales())
    return scales()[scale_id]


def _load(scale_id: str) -> Scale:
    row = dict(table(f"scales/{scale_id}"))
    where = f"table scales/{scale_id}"
    if row["id"] != scale_id:
        raise KnowledgeError(f"{where}: its id is {row['id']!r}")
    applies = row.pop("applies", {})
    logic.check(applies, where=f"{where}, applies")
    editions = tuple(_edition(e, where) for e in row.pop("editions"))
    if not editions or list(editions) != sorted(editions, key=lambda e: e.since):
        raise KnowledgeError(f"{where}: editions are not in the order of their dates")
    if unknown := [n for n in row["needs"] if n not in needs()]:
        raise KnowledgeError(f"{where}: needs {unknown} are not in scales/needs")
    wanted = tuple(needs()[n] for n in row.pop("needs"))
    head = {k: row.pop(k) for k in ("id", "name", "title", "edition", "order", "kind", "site", "score")}
    return Scale(
        **head,
        structure=row.pop("structure"),
        unit=row.pop("unit"),
        needs=wanted,
        editions=editions,
        applies=applies,
        extra=row,
    )


def _edition(row: Mapping[str, Any], where: str) -> Edition:
    values = dict(row)
    where = f"{where}, edition {values.get('id')}"
    own: Status = values["status"]
    source(values["source"])
    groups = [{"when": {}, "bands": values.pop("bands")}] if "bands" in values else values.pop("groups", [])
    made = []
    for group in groups:
        logic.check(group["when"], where=where)
        made.append(Group(group["when"], _bands(group["bands"], own, where), group.get("label", "")))
    return Edition(**values, groups=tuple(made))


def _bands(rows: list[Mapping[str, Any]], status: Status, where: str) -> tuple[Band, ...]:
    bands = tuple(_band(row, status, where) for row in rows)
    if (bands[0].low, bands[0].low_closed) != (0, True) or bands[-1].high is not None:
        raise KnowledgeError(f"{where}: bands must begin at 0 and end open")
    for lower, upper in itertools.pairwise(bands):
        # One of two neighbours owns the limit between them: no gap, no overlap.
        if lower.high != upper.low or lower.high_closed == upper.low_closed:
            raise KnowledgeError(f"{where}: gap or overlap between {lower.category!r} and {upper.category!r}")
    return bands


def _band(row: Mapping[str, Any], status: Status, where: str) -> Band:
    known = {"from", "above", "to", "below", "category", "meaning", "status"}
    if not set(row) <= known or ("from" in row) == ("above" in row) or ("to" in row and "below" in row):
        raise KnowledgeError(f"{where}: a band is from|above, to|below, category, meaning[, status]; found {dict(row)}")
    high = row.get("to", row.get("below"))
    return Band(
        category=row["category"],
        meaning=row["meaning"],
        low=float(row.get("from", row.get("above", 0))),
        low_closed="from" in row,
        high=None if high is None else float(high),
        high_closed="to" in row,
        status=row.get("status", status),
    )
