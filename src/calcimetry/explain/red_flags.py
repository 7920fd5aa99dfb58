"""Step 3: what raises the urgency, whatever else is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calcimetry.explain import asks, rules, spell
from calcimetry.explain.explanation import RedFlag
from calcimetry.explain.matching import Matched, strictest_tier
from calcimetry.explain.rules import TIERS, Flag
from calcimetry.knowledge import logic

__all__ = ["red_flags"]


def red_flags(matched: Sequence[Matched], case: Mapping[str, Any]) -> tuple[tuple[RedFlag, ...], tuple[str, ...]]:
    """Rows that fire, strictest first, and the facts that could make another one fire.

    Every row is asked of each finding; a case without findings is asked once, so that the blood alone can raise a flag.
    The tier of a finding takes its flags along.
    """
    found: dict[tuple[str, str, str], RedFlag] = {}
    unknown: set[str] = set()
    asked: list[Matched | None] = list(matched) or [None]
    for row in rules.flags():
        for one in asked:
            facts = case if one is None else one.facts
            answer = _asked(row, one, facts)
            unknown.update(asks.first_steps(answer.missing))
            if not answer.truth:
                continue
            if one is not None:
                one.flag_tier = strictest_tier([one.flag_tier, row.tier])
            text = "; ".join([row.says, *(said for when, said in row.also_says if logic.evaluate(when, facts).truth)])
            why = spell.because(answer.because, facts)
            flag = RedFlag(row.id, text, row.tier, why, (row.source,), row.status, row.call_today, row.days)
            found.setdefault((row.id, row.tier, text), flag)
    flags = sorted(found.values(), key=lambda f: (-TIERS.index(f.urgency), _number(f.id), f.text))
    return tuple(flags), tuple(sorted(unknown))


def _asked(row: Flag, one: Matched | None, facts: Mapping[str, Any]) -> logic.Answer:
    if row.with_rules and (one is None or not one.rows(standing=False).intersection(row.with_rules)):
        return logic.Answer(False)
    if one is not None and any(_explained(name, one) for name in row.not_with_rules):
        return logic.Answer(False)
    answer = logic.evaluate(row.when, facts)
    if answer.truth is False or row.unless is None:
        return answer
    stop = logic.evaluate(row.unless, facts)
    if stop.truth:
        return logic.Answer(False)
    return logic.Answer(answer.truth, tuple(sorted({*answer.missing, *stop.missing})), answer.because)


def _explained(name: str, one: Matched) -> bool:
    """``Q4``, or ``Q4:M15`` and ``Q4:kidney``: the rule, with this pattern of the blood or with kidney disease."""
    row, _, beside = name.partition(":")
    if row not in one.rows(standing=True):
        return False
    if beside == "kidney":
        return one.facts.get("kidney_disease") is True
    return not beside or beside in one.facts.get("blood_patterns", ())


def _number(row_id: str) -> tuple[int, str]:
    digits = "".join(c for c in row_id if c.isdigit())
    return int(digits or 0), row_id
