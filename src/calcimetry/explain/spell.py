"""Conditions and facts in words, for the ``because`` of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcimetry.explain import vocabulary

__all__ = ["because", "condition", "missing"]

_TESTS = {
    "is": "", "is_not": "not ", "in": "", "not_in": "not ", "from": "at least ", "to": "at most ", "above": "above ",
    "below": "below ", "has": "", "has_any": "", "known": "known: ",
}  # fmt: skip


def condition(test: Mapping[str, Any]) -> str:
    """A condition as a short phrase.

    >>> condition({"phosphate": {"is": "low"}, "age_years": {"from": 50}})
    'phosphate low, age at least 50'
    """
    return ", ".join(_part(key, value) for key, value in test.items())


def _part(key: str, value: Any) -> str:
    if key == "not":
        return f"not ({condition(value)})"
    if key in {"all", "any"}:
        return (" and " if key == "all" else " or ").join(condition(part) for part in value)
    fact = vocabulary.facts()[key]
    said = fact.yes if value == {"is": True} else fact.no if value == {"is": False} else None
    if said:
        return said
    name = fact.label
    return f"{name} " + " and ".join(f"{_TESTS[test]}{_value(wanted)}" for test, wanted in value.items())


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(_value(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value).replace("_", " ")


def because(names: Iterable[str], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What decided, with its value: ``pattern: popcorn``.

    >>> because(["site", "symptoms:fever"], {"site": "lung"})
    ('site: lung', 'symptoms: fever')
    """
    found = []
    for name in names:
        fact, _, word = name.partition(":")
        value = word or facts.get(fact)
        if isinstance(value, frozenset):
            value = ", ".join(sorted(value))
        if value not in (None, ""):
            found.append(f"{fact}: {_number(value)}")
    return tuple(dict.fromkeys(found))


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def missing(names: Iterable[str]) -> tuple[str, ...]:
    """What to ask for: ``complaints: fever`` for a word of an open list, else the label of the fact.

    >>> missing(["age_years", "symptoms:fever"])
    ('age', 'complaints: fever')
    """
    found = []
    for name in names:
        fact, _, word = name.partition(":")
        label = vocabulary.facts()[fact].label
        # The blood is asked for by its values, not by the names of our patterns.
        found.append(f"{label}: {word.replace('_', ' ')}" if word and fact != "blood_patterns" else label)
    return tuple(dict.fromkeys(found))
