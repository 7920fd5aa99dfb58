"""Whose images these are, and which belong to one study: by identifiers where they hold, by the images where not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calcimetry.core.errors import AmbiguousInputError, UnknownIdError
from calcimetry.core.note import Note
from calcimetry.core.study import Subject
from calcimetry.knowledge.load import table
from calcimetry.read.header import Common, Slice
from calcimetry.read.order import regular
from calcimetry.read.shot import Shot

__all__ = ["Group", "one_study", "studies", "subject", "with_shots"]

_SEX = {"F": "female", "M": "male", "O": "other"}
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


@dataclass(frozen=True)
class Group:
    """The CT slices (by series) and projections of one study of one person; ``uid`` is ``None`` where none is named."""

    id: str
    uid: str | None
    series: tuple[tuple[Slice, ...], ...]
    notes: tuple[Note, ...] = ()
    shots: tuple[Shot, ...] = ()

    @property
    def slices(self) -> int:
        """Number of slices."""
        return sum(map(len, self.series))

    @property
    def worth(self) -> int:
        """2: CT or mammograms; 1: radiographs of other parts; 0: localizers. Studies of less worth never compete."""
        if any(not s.common.localizer for members in self.series for s in members):
            return 2
        if self.shots:
            return 2 if any(s.kind != "radiograph" for s in self.shots) else 1
        return 0

    def line(self) -> str:
        """One line to choose by: never a name."""
        planes = [s for m in self.series for s in m]
        members: list[Slice | Shot] = [*planes, *self.shots]
        dates = sorted({s.common.study_date for s in members if s.common.study_date})
        files = {s.place.name for s in members}
        counts: list[tuple[int, str, Sequence[Slice | Shot]]] = [
            (len(planes), "CT slices", planes),
            (len(self.shots), "projections", self.shots),
        ]
        facts = [
            *(f"{n} {what} in {_files(whose)}" for n, what, whose in counts if n),
            *dates[:1],
            f"first {_nameless(min(files), members[0].common)}",
        ]
        return f"{self.id} ({', '.join(facts)})"


def _files(members: Sequence[Slice | Shot]) -> str:
    count = len({s.place.name for s in members})
    return f"{count} file{'s' if count > 1 else ''}"


def _nameless(path: str, common: Common) -> str:
    """The end of a path, as far as the person's name and number do not stand in it."""
    parts = path.replace("\\", "/").split("/")
    told = [*re.split(r"[\s^=,]+", common.patient_name or ""), common.patient_id or ""]
    secret = [word.casefold() for word in told if len(word) > 1]
    shown = parts[-2:]
    while shown and any(word in "/".join(shown).casefold() for word in secret):
        shown = shown[1:]
    return "/".join(shown) or "file not shown, since its name holds the person's"


def _person(common: Common) -> tuple[str, str]:
    name = re.sub(r"[\s^=]+", " ", common.patient_name or "").strip().casefold()
    return (common.patient_id or "", name)


def _likeness(one: Slice) -> tuple[object, ...]:
    """What slices of one series agree in when their identifiers say nothing."""
    c = one.common
    return (
        *_person(c),
        c.study_date,
        c.frame_uid,
        c.manufacturer,
        c.model,
        c.series_number,
        c.series_description,
        c.kernel,
        c.kvp,
        c.thickness_mm,
        c.rows,
        c.columns,
        c.spacing_mm,
        c.orientation,
        c.image_type[:3],
    )


def _lonely(slices: Sequence[Slice], name: str) -> list[Slice]:
    """Slices whose identifier is missing or is nobody else's."""
    counted = Counter(getattr(s.common, name) for s in slices)
    return [s for s in slices if getattr(s.common, name) is None or counted[getattr(s.common, name)] == 1]


def _series(slices: Sequence[Slice]) -> tuple[list[tuple[Slice, ...]], bool]:
    """Slices of one study -> series; and whether the images had to stand in for the identifiers."""
    alike: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for one in _lonely(slices, "series_uid"):
        alike[_likeness(one)].append(one)
    joined: dict[int, tuple[object, ...]] = {}
    for key, members in alike.items():
        if len(members) > 1 and (members[0].common.series_uid is None or regular(members)):
            joined.update({id(s): key for s in members})
    series: dict[object, list[Slice]] = defaultdict(list)
    for one in slices:
        series[joined.get(id(one), one.common.series_uid or _likeness(one))].append(one)
    return [tuple(m) for m in series.values()], bool(joined)


def studies(slices: Iterable[Slice]) -> list[Group]:
    """Group slices by study and person.

    Files whose study identifier is missing or was made up for each file alone are put together where, and only
    where, person, date, scanner and reconstruction agree and the slices form one regular stack.
    """
    everything = list(slices)
    alike: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for one in _lonely(everything, "study_uid"):
        alike[_likeness(one)].append(one)
    owner: dict[int, tuple[object, ...]] = {}
    for key, members in alike.items():
        if len(members) > 1 and (all(s.common.study_uid is None for s in members) or regular(members)):
            owner.update(
                {id(s): ("joined", *_person(members[0].common), members[0].common.study_date, key) for s in members}
            )
    grouped: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for one in everything:
        named = ("uid", one.common.study_uid, *_person(one.common))
        grouped[owner.get(id(one), named)].append(one)
    _adopt_nameless(grouped)
    people_of_uid = Counter(key[1] for key in grouped if key[0] == "uid")
    made: list[Group] = []
    unnamed = 0
    for key, members in grouped.items():
        series, joined = _series(members)
        notes: tuple[Note, ...] = ()
        if key[0] == "joined" or key[1] is None:
            unnamed += 1
            group_id, uid = f"unnamed-{unnamed}", None
        else:
            uid = str(key[1])
            group_id = uid if people_of_uid[key[1]] == 1 else f"{uid}#{1 + sum(g.uid == uid for g in made)}"
        if key[0] == "joined" or joined:
            text = (
                f"{len(members)} files carry no common study or series UID; they were put together because person, "
                "date, scanner, reconstruction and positions agree"
            )
            notes = (Note("uids-missing", text, "caution"),)
        made.append(Group(group_id, uid, tuple(series), notes))
    return made


def with_shots(groups: Sequence[Group], shots: Iterable[Shot]) -> list[Group]:
    """Put radiographs and mammograms to the studies they belong to, or to studies of their own.

    Without a study identifier only images of one person (by number or name) and one day belong together; one that
    names neither person nor study stands alone.
    """
    mine: dict[tuple[object, ...], list[Shot]] = defaultdict(list)
    for shot in shots:
        c = shot.common
        known = any(_person(c)) and c.study_date
        alone = () if c.study_uid or known else (shot.place.name,)
        mine[(c.study_uid, *_person(c), *(() if c.study_uid else (c.study_date, *alone)))].append(shot)
    _adopt_nameless(mine, first=())
    out = list(groups)
    people_of_uid = Counter(key[0] for key in mine if key[0] is not None)
    for key, members in mine.items():
        at = next((n for n, g in enumerate(out) if key[0] is not None and _belongs(g, key)), None)
        if at is not None:
            out[at] = replace(out[at], shots=(*out[at].shots, *members))
            continue
        if key[0] is None:
            out.append(Group(f"unnamed-{1 + sum(g.uid is None for g in out)}", None, (), (), tuple(members)))
            continue
        uid = str(key[0])
        others = sum(g.uid == uid for g in out)
        alone_there = people_of_uid[key[0]] == 1 and others == 0
        out.append(Group(uid if alone_there else f"{uid}#{1 + others}", uid, (), (), tuple(members)))
    return out


def _belongs(group: Group, key: tuple[object, ...]) -> bool:
    if group.uid != key[0]:
        return False
    members: list[Slice | Shot] = [*(s for m in group.series for s in m), *group.shots]
    people = {_person(s.common) for s in members}
    return key[1:3] in people or key[1:3] == ("", "") or people == {("", "")}


def _adopt_nameless(grouped: dict[tuple[object, ...], list[Any]], first: tuple[object, ...] = ("uid",)) -> None:
    """Files without any name or ID go to the one person of their study, where there is exactly one."""
    at = len(first)
    nameless = [k for k in grouped if k[:at] == first and k[at] is not None and k[at + 1 :] == ("", "")]
    for key in nameless:
        others = [k for k in grouped if k[: at + 1] == key[: at + 1] and k != key]
        if len(others) == 1:
            grouped[others[0]] += grouped.pop(key)


def one_study(groups: Sequence[Group], study_uid: str | None, where: str) -> Group | None:
    """The study to assess; ``None`` where there is none.

    Raises
    ------
    AmbiguousInputError
        More than one study or person, and none chosen.
    UnknownIdError
        ``study_uid`` names none of them.
    """
    if study_uid is not None:
        named = [g for g in groups if study_uid in (g.id, g.uid)]
        if not named:
            raise UnknownIdError("study", study_uid, [g.id for g in groups])
        groups = named
    best = max((g.worth for g in groups), default=0)
    live = [g for g in groups if g.worth == best] if best else list(groups[:1])
    if len(live) > 1:
        shared = len({g.uid for g in live if g.uid}) < len([g for g in live if g.uid])
        what = "more than one person shares one study UID" if shared else "more than one study or person lies here"
        remedy = "Choose one by what stands before its bracket (--study UID, study_uid=...)."
        if shared:
            numbered = next(g.id for g in live if g.uid and g.id != g.uid)
            remedy = (
                "The UID alone names several people: choose with the number behind it "
                f"(--study '{numbered}', study_uid='{numbered}')."
            )
        raise AmbiguousInputError(what, choices=[g.line() for g in live], where=where, remedy=remedy)
    return live[0] if live else None


def _age(common: Common) -> tuple[float | None, tuple[Note, ...]]:
    """Age as the header states it, else from the birth date; one that nobody has is not used, and nothing instead."""
    limit = next(row for row in table("words/case")["limit"] if row["key"] == "age_years")
    match = re.fullmatch(r"(\d{1,3})([YMWD])", common.age or "")
    if match:
        age, found = round(int(match[1]) * _YEARS[match[2]], 3), f"PatientAge {common.age}"
    elif common.birth_date and common.study_date:
        (y0, m0, d0), (y1, m1, d1) = (map(int, d.split("-")) for d in (common.birth_date, common.study_date))
        age, found = float(y1 - y0 - ((m1, d1) < (m0, d0))), "a birth date that does not go with the study date"
    else:
        return None, ()
    if limit["low"] <= age <= limit["high"]:
        return age, ()
    text = f"the age in the header is not used: found {found}, expected {limit['low']} to {limit['high']} years"
    return None, (Note("subject-value-not-used", text, "caution"),)


def subject(common: Common) -> tuple[Subject, tuple[Note, ...]]:
    """The person as the header tells, and what it tells that cannot be; the name goes nowhere else."""
    age, notes = _age(common)
    person = Subject(
        name=re.sub(r"[\s^]+", " ", common.patient_name or "").strip(" =") or None,
        id=common.patient_id,
        age_years=age,
        sex=_SEX.get(common.sex or ""),
    )
    return person, notes
