"""Step 8: tests, services, urgency and follow-up. The strictest tier and kind win; nothing uncertain recommends."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calcimetry.explain import rules, spell
from calcimetry.explain.explanation import FollowUp, ProposedTest, RedFlag, Referral
from calcimetry.explain.matching import Matched, strictest_kind, strictest_tier
from calcimetry.explain.metabolic import Held
from calcimetry.explain.rules import TIERS, Together
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import table

__all__ = ["Wanted", "follow_up", "proposed_tests", "referrals", "urgency", "wanted"]

_STOPS = frozenset({"none", "routine_screening", "clinical"})
"""Kinds of follow-up without imaging for the calcium."""
# Steps that may stand beside "nothing further".
_QUIET = frozenset({"no_test", "compare_prior_images", "psa_not_indicated_by_calcification", "self_examination"})
_DAYS = {"now": 0, "within_2_weeks": 14}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one entry asks for, and where it comes from."""

    tests: tuple[str, ...]
    refer: tuple[str, ...]
    tier: str
    kind: str
    months: tuple[int, ...]
    why: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str


def wanted(
    matched: Sequence[Matched], blood: Sequence[Held], shared: Iterable[Together], case: Mapping[str, Any]
) -> list[Wanted]:
    """What every rule, pattern of the blood and shared cause asks for, the leading finding first."""
    found = [_of_rule(fired, one) for one in matched for fired in one.fired]
    found += [_of_group(one) for one in matched if not one.fired]
    found += [entry for held in blood for entry in _of_pattern(held, case)]
    found += [
        Wanted(row.tests, row.refer, "none", "none", (), row.says, (), (row.source,), row.status) for row in shared
    ]
    several = rules.several_organs()
    if case.get("organ_groups", 0) >= several["at_least"] and not case.get("minerals_normal"):
        found.append(
            Wanted(
                tuple(several["tests"]),
                (),
                "none",
                "none",
                (),
                several["says"],
                spell.because(["organ_groups"], case),
                (several["source"],),
                several["status"],
            )
        )
    return found


def _of_rule(fired: Any, one: Matched) -> Wanted:
    rule = fired.rule
    because = spell.because(fired.because, one.facts)
    return Wanted(
        tuple(fired.tests), tuple(fired.refer), fired.tier, fired.kind, fired.months, rule.says, because,
        tuple(rule.sources), rule.status,
    )  # fmt: skip


def _of_group(one: Matched) -> Wanted:
    """No rule names the finding: the service of the organ looks at it."""
    group, head = rules.group_of(one.finding.site), table("reasoning/organs")
    because = spell.because(["site", "pattern"], one.facts)
    return Wanted(
        group.tests, group.refer, "routine", "specialist_decides", (), str(head["unnamed"]), because,
        (str(head["source"]),), str(head["status"]),
    )  # fmt: skip


def _of_pattern(held: Held, case: Mapping[str, Any]) -> list[Wanted]:
    row, answer = held.row, held.answer
    if not held.acts:
        deciding = tuple(dict.fromkeys(row.decides[name] for name in answer.missing if name in row.decides))
        if row.id == "M19" or not deciding:
            return []
        return [Wanted(deciding, (), "none", "none", (), row.says, answer.fits, (row.source,), row.status)]
    tests, refer = list(row.tests), list(row.refer)
    for extra in row.also:
        if logic.evaluate(extra.when, case).truth:
            tests += extra.tests
            refer += extra.refer
    # A normal blood asks for nothing and ends nothing.
    kind = row.kind if tests else "none"
    return [Wanted(tuple(tests), tuple(refer), row.tier, kind, (), row.says, answer.fits, (row.source,), row.status)]


def urgency(found: Iterable[Wanted], flags: Iterable[RedFlag]) -> str:
    """The strictest tier of all; a red flag can only raise it."""
    return strictest_tier([*(one.tier for one in found), *(flag.urgency for flag in flags)])


def proposed_tests(found: Sequence[Wanted], case: Mapping[str, Any], tier: str) -> tuple[ProposedTest, ...]:
    """Proposed steps, each once, fitted to a child or a pregnancy."""
    listed: dict[str, ProposedTest] = {}
    for one in found:
        for word in one.tests:
            word = _fitting(word, case)
            listed.setdefault(word, ProposedTest(word, one.why, one.because, one.sources, one.status))
    ionising = table("reasoning/person")["pregnancy"]
    low, high = ionising["ages"]
    asked = case.get("sex") == "female" and case.get("pregnant") is None and low <= case.get("age_years", -1) <= high
    if asked and "postmenopausal" not in case.get("history", ()) and set(listed) & set(ionising["ionising"]):
        listed["pregnancy_test"] = ProposedTest(
            "pregnancy_test", ionising["ask"], spell.because(["sex", "age_years"], case), (ionising["source"],),
            ionising["status"],
        )  # fmt: skip
    if tier in _DAYS and set(listed) <= _QUIET | {"annual_mammography"}:
        row = table("reasoning/person")["urgent"]
        listed[row["test"]] = ProposedTest(row["test"], row["says"], (), (row["source"],), row["status"])
    if not set(listed) <= _QUIET:
        listed.pop("no_test", None)
    if "diagnostic_mammography_magnification" in listed:
        # Who is called for further views is not sent on to ordinary screening in the same breath.
        listed.pop("annual_mammography", None)
    return tuple(listed.values())


def _fitting(word: str, case: Mapping[str, Any]) -> str:
    person = table("reasoning/person")
    if case.get("pregnant") and word in person["pregnancy"]["instead"]:
        return str(person["pregnancy"]["instead"][word])
    if case.get("child") and word in person["child"]["instead"]:
        return str(person["child"]["instead"][word])
    return word


def referrals(found: Sequence[Wanted], case: Mapping[str, Any], tier: str) -> tuple[Referral, ...]:
    """Who sees the person: emergency services first where the tier is ``now``, children's services under 18 years."""
    listed: dict[str, Referral] = {}
    for one in found:
        for who in one.refer:
            listed.setdefault(who, Referral(who, one.why, one.because, one.sources, one.status))
    person = table("reasoning/person")
    if tier in _DAYS and not set(listed) - {"none"}:
        listed[person["urgent"]["refer"]] = _of_person(person["urgent"]["refer"], person["urgent"])
    if set(listed) - {"none"}:
        listed.pop("none", None)
    if case.get("child") and listed and (set(listed) != {"none"} or tier != "none"):
        listed.pop("none", None)
        listed = _for_child(listed)
    if case.get("pregnant") and TIERS.index(tier) >= TIERS.index("within_2_weeks"):
        listed.setdefault("obstetrics", _of_person("obstetrics", person["pregnancy"]))
    if tier == "now":
        first = listed.pop("emergency_department", None) or _of_person("emergency_department", person["emergency"])
        listed = {"emergency_department": first, **listed}
    return tuple(listed.values())


def _of_person(who: str, row: Mapping[str, Any]) -> Referral:
    return Referral(who, str(row["says"]), (), (str(row["source"]),), str(row["status"]))


def _for_child(listed: Mapping[str, Referral]) -> dict[str, Referral]:
    service = table("reasoning/organs")["child_service"]
    found: dict[str, Referral] = {}
    for who, row in listed.items():
        name = service.get(who, who)
        found.setdefault(name, Referral(name, row.why, row.because, row.sources, row.status))
    if not any(name.startswith("paediatric") for name in found):
        found["paediatrics"] = _of_person("paediatrics", table("reasoning/person")["child"])
    return found


def follow_up(
    found: Sequence[Wanted], tier: str, as_of: datetime.date | None, flags: Iterable[RedFlag] = ()
) -> FollowUp:
    """The strictest kind, with the day on which it is due.

    A stop never stands beside an urgent tier: what is urgent is decided by the service that sees the person.
    """
    kind = strictest_kind(one.kind for one in found)
    owner = next((one for one in found if one.kind == kind), None)
    if kind in _STOPS and tier in _DAYS:
        kind = "specialist_decides"
    # What is seen today is not put off by months.
    months = () if tier == "now" else tuple(sorted({m for one in found if one.kind == kind for m in one.months}))
    due = None
    if as_of is not None and kind not in {"none", "routine_screening"}:
        if tier in _DAYS:
            sooner = [flag.days for flag in flags if flag.days is not None]
            due = (as_of + datetime.timedelta(days=min([_DAYS[tier], *sooner]))).isoformat()
        elif months:
            due = _later(as_of, months[0]).isoformat()
    because = owner.because if owner is not None else ()
    sources = owner.sources if owner is not None else ()
    return FollowUp(kind, months, due, kind in _STOPS, because, sources)


def _later(day: datetime.date, months: int) -> datetime.date:
    """The same day some months on, the last of the month where that day is missing.

    >>> _later(datetime.date(2026, 8, 31), 6).isoformat()
    '2027-02-28'
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))
