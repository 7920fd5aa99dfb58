"""Step 5: the type, ranked, with what speaks for and against it as ``+``, ``++``, ``-``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calcimetry.explain import rules, spell
from calcimetry.explain.explanation import Evidence, TypeRank
from calcimetry.explain.matching import Matched
from calcimetry.knowledge import logic

__all__ = ["evidence", "rank"]


def evidence(
    rows: Sequence[rules.Weighed], facts: Mapping[str, Any]
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """What speaks for and what speaks against, of rows ``(condition, sign, text)``."""
    pro: list[Evidence] = []
    contra: list[Evidence] = []
    for when, sign, says in rows:
        answer = logic.evaluate(when, facts)
        if answer.truth:
            one = Evidence(sign, says or spell.condition(when), spell.because(answer.because, facts))
            (contra if sign == "-" else pro).append(one)
    return tuple(pro), tuple(contra)


def rank(matched: Sequence[Matched]) -> tuple[TypeRank, ...]:
    """Types of all findings, those of the leading finding first.

    ``metastatic`` is named only beside abnormal blood minerals or kidney disease, unless a rule merely keeps it open
    behind another type.
    """
    found: dict[str, TypeRank] = {}
    for one in matched:
        for fired in one.fired:
            for word in _allowed(fired.types, one.facts):
                if word not in found:
                    found[word] = _rank(word, one.facts, fired.rule.sources, fired.rule.status, bool(found))
        if not one.fired and "indeterminate" not in found:
            row = rules.types()["indeterminate"][0]
            found["indeterminate"] = TypeRank("indeterminate", "low", (), (), (row["source"],), row["status"])
    return tuple(found.values())


def _allowed(types: Sequence[str], facts: Mapping[str, Any]) -> list[str]:
    named = facts.get("minerals_abnormal") or facts.get("kidney_disease") or facts.get("calcium") == "low"
    if types and types[0] == "metastatic" and not named:
        return [*types[1:], "metastatic"]
    return list(types)


def _rank(word: str, facts: Mapping[str, Any], sources: tuple[str, ...], status: str, behind: bool) -> TypeRank:
    row, weighed = rules.types()[word]
    pro, contra = evidence(weighed, facts)
    strong = any(one.sign == "++" for one in pro)
    certainty = "high" if pro and not contra and not behind else "moderate"
    if word == "indeterminate" or facts.get("modality") == "mr" or (behind and not strong) or len(contra) > len(pro):
        certainty = "low"
    return TypeRank(word, certainty, pro, contra, tuple(dict.fromkeys((*sources, row["source"]))), status)
