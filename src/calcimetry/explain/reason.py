"""The order of the steps. A later step may raise a tier, never lower one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from calcimetry.explain import actions, asks, causes, labs, metabolic, rules, several, spell, types, vocabulary
from calcimetry.explain.chemistry import Chemistry, chemistry
from calcimetry.explain.doubts import Doubts
from calcimetry.explain.explanation import Explanation, Guideline, Reading, RedFlag
from calcimetry.explain.labs import Value
from calcimetry.explain.matching import Matched, match
from calcimetry.explain.metabolic import Held
from calcimetry.explain.question import Asked, question
from calcimetry.explain.red_flags import red_flags
from calcimetry.explain.rules import KINDS, TIERS
from calcimetry.explain.voids import void
from calcimetry.knowledge.load import table
from calcimetry.knowledge.logic import OpenWords

__all__ = ["reason"]


def reason(
    values: Mapping[str, Any], *, units: str, region: str | None, as_of: datetime.date | None, where: str
) -> Explanation:
    """A case as plain values -> the explanation without texts.

    Parameters
    ----------
    values : mapping
        ``calcimetry-case/1``.
    units : str
        ``mg/dL`` or ``mmol/L``: how laboratory values are shown.
    region : str, optional
        Whose guidelines come first.
    as_of : date, optional
        From which due dates are counted; none are computed without it.
    where : str
        Named in errors.
    """
    doubts = Doubts()
    asked = question(values, doubts, where=where)
    case, results, held = _case(asked, doubts)
    matched = [match(one, {**case, **one.facts}) for one in asked.findings]
    voided = [row for one in matched for row in void(one)]
    flags, open_flags = red_flags(matched, case)
    matched.sort(key=_leading)
    together = several.shared(asked.findings, case)
    found = actions.wanted(matched, held, [row for row, _ in together], case)
    tier = actions.urgency(found, flags)
    lacking = sorted({*open_flags, *(name for one in matched for name in _open(one))})
    _say_what_is_open(matched, doubts)
    return Explanation(
        red_flags=flags,
        metabolic_patterns=metabolic.patterns(held),
        types=types.rank(matched),
        causes=causes.rank(matched, held, [row.cause for row, _ in together], case),
        tests=actions.proposed_tests(found, case, tier),
        referrals=actions.referrals(found, case, tier),
        urgency=tier,
        follow_up=actions.follow_up(found, tier, as_of, flags),
        withheld=doubts.rows(),
        readings=_readings(matched),
        shared=tuple(answer for _, answer in together),
        benign_reading_void_because=tuple(voided),
        guidelines=_guidelines(matched, region),
        laboratory=tuple(_shown(value, units) for value in results.values()),
        not_stated=spell.missing(asks.worth(lacking, case)),
        questions=spell.missing(asks.worth(open_flags, case)),
        notes=_notes(case, flags),
        shown_back=dict(asked.shown_back),
    )


def _case(asked: Asked, doubts: Doubts) -> tuple[dict[str, Any], dict[str, Value], tuple[Held, ...]]:
    """Facts of the whole case with the laboratory and its patterns."""
    person = asked.facts
    results, words = labs.read(asked.labs, age_years=person.get("age_years"), sex=person.get("sex"), doubts=doubts)
    blood: Chemistry = chemistry(results, words, person, asked.height_cm, doubts)
    case = {**person, **{name: value for name, value in blood.facts.items() if value is not None}}
    case["organ_groups"] = several.organ_groups(asked.findings)
    wants = any(rule.blood for one in asked.findings for rule in rules.rules_of(one.site))
    stated = any(row["analyte"] in _MINERALS for row in asked.labs) or (wants and bool(asked.labs))
    held = metabolic.held(case, blood.samples, stated=stated)
    named = [one.row.id for one in held if one.acts]
    decided = all(name in case for name in ("calcium", "phosphate", "pth", "kidney_normal"))
    case["blood_patterns"] = frozenset(named) if decided else OpenWords(named)
    return case, results, held


_MINERALS = frozenset({"calcium_total", "calcium_corrected", "calcium_ionized", "phosphate", "pth_intact"})


def _leading(one: Matched) -> tuple[Any, ...]:
    """Sorts the most urgent finding to the front: tier, red flag, kind, a named type; then the order of the tables."""
    first = min((fired.rule.place for fired in one.fired), default=10_000)
    named = next((word for fired in one.fired for word in fired.types), "indeterminate") != "indeterminate"
    site = list(vocabulary.words("site")).index(one.finding.site)
    facts = repr(sorted((k, sorted(v) if isinstance(v, frozenset) else v) for k, v in one.finding.facts.items()))
    urgent = tuple(-TIERS.index(tier) for tier in (one.tier, one.flag_tier))
    return (*urgent, -KINDS.index(one.kind), not named, first, site, facts)


def _open(one: Matched) -> tuple[str, ...]:
    """Facts that could bring in another rule for a finding, and that are worth asking for."""
    return asks.worth(one.open, one.facts)


def _say_what_is_open(matched: Sequence[Matched], doubts: Doubts) -> None:
    """Rules that could still speak are named with the facts that would let them."""
    for one in matched:
        needs = tuple(need for need in spell.missing(_open(one)) if ": " not in need)
        if needs:
            site = vocabulary.label("site", one.finding.site)
            doubts.add(f"{site}: a closer reading", "these facts are not stated and could change it", *needs)


def _readings(matched: Sequence[Matched]) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            fired.rule.id,
            one.finding.site,
            fired.rule.says,
            spell.because(fired.because, one.facts),
            tuple(fired.rule.sources),
            fired.rule.status,
            fired.treat[0] if fired.treat else None,
            fired.rule.avoid,
            fired.rule.row,
        )
        for one in matched
        for fired in one.fired
        if not fired.voided
    )


def _guidelines(matched: Sequence[Matched], region: str | None) -> tuple[Guideline, ...]:
    rows = [row for one in matched for fired in one.fired for row in fired.rule.guidelines]
    found = dict.fromkeys(Guideline(r["source"], r["edition"], r["region"], r["says"], r["status"]) for r in rows)
    return tuple(sorted(found, key=lambda g: g.region != region))


def _shown(value: Value, units: str) -> dict[str, Any]:
    unit = labs.shown_unit(value.analyte, units)
    return {
        "analyte": value.analyte,
        "value": labs.shown(value.analyte, value.value, unit),
        "unit": unit,
        "interval": [labs.shown(value.analyte, limit, unit) for limit in (value.low, value.high)],
        "interval_from": value.interval_from,
        "verdict": value.verdict,
        "stated": f"{value.stated} {value.stated_unit}",
    }


def _notes(case: Mapping[str, Any], flags: Sequence[RedFlag]) -> tuple[str, ...]:
    person = table("reasoning/person")
    notes = [person["pregnancy"]["says"]] if case.get("pregnant") else []
    notes += [person["child"]["says"]] if case.get("child") else []
    notes += [person["emergency"]["says"]] if any(flag.urgency == "now" for flag in flags) else []
    return tuple(notes)
