"""Which missing facts are worth asking for: those that can be had and can matter, each by its widest question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from calcimetry.core.errors import KnowledgeError
from calcimetry.explain import rules, vocabulary
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import table

__all__ = ["can_be_had", "first_steps", "worth"]


@cache
def _rows() -> Mapping[str, Mapping[str, Any]]:
    rows = table("reasoning/asks")
    named = {fact for part in ("unless_false", "only_if", "covers") for fact in rows[part]}
    named |= {fact for covered in rows["covers"].values() for fact in covered}
    if unknown := named - set(vocabulary.facts()):
        raise KnowledgeError(f"table reasoning/asks: no such facts: {sorted(unknown)}")
    conditions = {
        part: {fact: rules.spelled_out(row, f"table reasoning/asks, {fact}") for fact, row in rows[part].items()}
        for part in ("unless_false", "only_if")
    }
    return {**conditions, "covers": rows["covers"]}


def can_be_had(name: str, facts: Mapping[str, Any]) -> bool:
    """Whether a fact can be known and can matter in this case.

    >>> can_be_had("egfr", {"history": frozenset({"dialysis"})})
    False
    """
    fact, rows = name.partition(":")[0], _rows()
    if fact in rows["only_if"]:
        return logic.evaluate(rows["only_if"][fact], facts).truth is True
    return fact not in rows["unless_false"] or logic.evaluate(rows["unless_false"][fact], facts).truth is not False


def first_steps(names: Iterable[str]) -> tuple[str, ...]:
    """Of what one rule lacks, what is asked first: blood only once the image shows what the rule is about.

    >>> first_steps(["features:centrilobular", "kidney_disease"]), first_steps(["kidney_disease"])
    (('features:centrilobular',), ('kidney_disease',))
    """
    names = tuple(names)
    if not any(name.startswith("features:") for name in names):
        return names
    blood = {"blood_patterns", *_rows()["covers"]["blood_patterns"]}
    return tuple(name for name in names if name.partition(":")[0] not in blood)


def worth(names: Iterable[str], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Of the facts that could still change an answer, those to ask for, in the order given.

    >>> worth(["max_hu", "biopsy_result", "size_mm"], {"modality": "ultrasound"})
    ('size_mm',)
    >>> worth(["calcium", "minerals_abnormal", "pth"], {})
    ('minerals_abnormal',)
    """
    rows = _rows()
    asked = [name for name in dict.fromkeys(names) if can_be_had(name, facts)]
    there = {name.partition(":")[0] for name in asked}
    covered = {fact for wide in there for fact in rows["covers"].get(wide, ())}
    return tuple(name for name in asked if name.partition(":")[0] not in covered)
