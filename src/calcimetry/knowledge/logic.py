"""Conditions as data, in three values: true, false, or unknown with the names of the facts that would settle it.

A condition is a table. Its keys are facts of ``knowledge/facts.toml`` (all must hold) or one of ``all``, ``any``
(lists of conditions) and ``not`` (one condition)::

    { gated = true, age_years = { from = 45, below = 85 }, any = [{ sex = "male" }, { smoker = true }] }

A fact is compared with a bare value (equality) or with a table of tests: ``is``, ``is_not``, ``in``, ``not_in``;
``from``, ``to`` (inclusive), ``above``, ``below`` (exclusive) for numbers; ``has``, ``has_any`` for sets of words;
``known = true`` asks only whether the fact is there. Conditions are checked when a table is loaded, so that a
misspelt fact stops the load and never silently reads as "unknown".

A set of words may be *open* (:class:`OpenWords`): what is in it was stated, what is not in it was not asked. A missing
word of an open set is named ``fact:word``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.knowledge.load import table

__all__ = [
    "Answer",
    "Condition",
    "Fact",
    "Facts",
    "OpenWords",
    "check",
    "complete",
    "evaluate",
    "facts_in",
    "labels",
    "read_facts",
    "vocabulary",
]

Condition = Mapping[str, Any]
Facts = Mapping[str, Any]
"""Fact -> value; a fact that is absent or ``None`` is unknown."""

_JOINERS = ("all", "any", "not")
_TESTS: dict[str, frozenset[str]] = {
    "bool": frozenset({"is", "is_not", "in", "known"}),
    "number": frozenset({"is", "from", "to", "above", "below", "known"}),
    "word": frozenset({"is", "is_not", "in", "not_in", "known"}),
    "words": frozenset({"has", "has_any", "known"}),
}


class OpenWords(frozenset[str]):
    """Words that were stated, where the absence of a word is no statement."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the vocabulary. ``words`` is empty where any word is allowed; ``implied_by`` as in the table.

    ``yes`` and ``no``: how a yes-or-no fact is said, where its label is a question.
    """

    name: str
    kind: str
    label: str
    unit: str | None = None
    words: tuple[str, ...] = ()
    implied_by: tuple[str, ...] = ()
    yes: str | None = None
    no: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a condition came to.

    ``truth`` is ``None`` where facts are missing; ``missing`` then names exactly those that could still change
    the answer. ``because`` names the facts that decided a ``True`` or ``False``. Both in alphabetical order.
    """

    truth: bool | None
    missing: tuple[str, ...] = ()
    because: tuple[str, ...] = ()


@cache
def vocabulary() -> dict[str, Fact]:
    """All facts by name.

    >>> vocabulary()["age_years"].unit
    'a'
    """
    return read_facts(table("facts")["fact"], where="table facts")


def read_facts(rows: Iterable[Mapping[str, Any]], *, where: str) -> dict[str, Fact]:
    """A vocabulary from the rows of a table: names unique, kinds known, implications between yes-or-no facts only."""
    found: dict[str, Fact] = {}
    for row in rows:
        lists = {name: tuple(row.get(name, ())) for name in ("words", "implied_by")}
        fact = Fact(**{**row, **lists})
        if fact.kind not in _TESTS or fact.name in found or fact.name in _JOINERS:
            raise KnowledgeError(f"{where}: {fact.name!r} is doubled, reserved or of unknown kind {fact.kind!r}")
        found[fact.name] = fact
    for fact in found.values():
        if any(name not in found or found[name].kind != "bool" for name in fact.implied_by):
            raise KnowledgeError(f"{where}: {fact.name!r} is implied by what is no yes-or-no fact")
    return found


def complete(facts: Facts) -> dict[str, Any]:
    """The facts with those that they imply; a stated ``False`` is never overruled.

    >>> complete({"myocardial_infarction": True})["known_coronary_disease"]
    True
    """
    known = dict(facts)
    grown = True
    while grown:
        implied = [
            fact.name
            for fact in vocabulary().values()
            if known.get(fact.name) is None and any(known.get(name) is True for name in fact.implied_by)
        ]
        known |= dict.fromkeys(implied, True)
        grown = bool(implied)
    return known


def labels(names: Iterable[str]) -> tuple[str, ...]:
    """What to ask a reader for, for each of these facts.

    >>> labels(["age_years"])
    ('age',)
    """
    return tuple(vocabulary()[name].label for name in names)


def facts_in(condition: Condition) -> frozenset[str]:
    """Names of all facts that a condition mentions."""
    found: set[str] = set()
    for key, value in condition.items():
        if key == "not":
            found |= facts_in(value)
        elif key in _JOINERS:
            found.update(*(facts_in(part) for part in value))
        else:
            found.add(key)
    return frozenset(found)


def check(condition: Any, *, where: str, known: Mapping[str, Fact] | None = None) -> None:
    """Refuse a condition with a word, test or value outside the vocabulary.

    Parameters
    ----------
    condition : Any
        As read from TOML.
    where : str
        Table and row, for the message.
    known : mapping of str to Fact, optional
        The vocabulary; without it :func:`vocabulary`.

    Raises
    ------
    KnowledgeError
        Naming place, fact and the fault.
    """
    known = vocabulary() if known is None else known
    if not isinstance(condition, Mapping):
        raise KnowledgeError(f"{where}: a condition is a table, found {condition!r}")
    for key, value in condition.items():
        if key == "not":
            check(value, where=f"{where}, not", known=known)
        elif key in _JOINERS:
            if not isinstance(value, list) or not value:
                raise KnowledgeError(f"{where}: {key!r} needs a list of conditions, found {value!r}")
            for n, part in enumerate(value):
                check(part, where=f"{where}, {key}[{n}]", known=known)
        else:
            if key not in known:
                raise KnowledgeError(f"{where}: {UnknownIdError('fact', key, known)}")
            _check_tests(known[key], _tests(value), where)


def evaluate(condition: Condition, facts: Facts) -> Answer:
    """Decide a condition by what is known (Kleene's logic: false and unknown is false, true or unknown is true).

    >>> evaluate({"gated": True, "age_years": {"from": 45}}, {"age_years": 40})
    Answer(truth=False, missing=(), because=('age_years',))
    >>> evaluate({"gated": True, "age_years": {"from": 45}}, {"age_years": 50}).missing
    ('gated',)
    """
    return _and([_part(key, value, facts) for key, value in condition.items()])


def _part(key: str, value: Any, facts: Facts) -> Answer:
    if key == "all":
        return _and([evaluate(part, facts) for part in value])
    if key == "any":
        # a or b = not (not a and not b)
        return _not(_and([_not(evaluate(part, facts)) for part in value]))
    if key == "not":
        return _not(evaluate(value, facts))
    return _compare(key, _tests(value), facts.get(key))


def _and(parts: list[Answer]) -> Answer:
    false = [p for p in parts if p.truth is False]
    if false:
        return Answer(False, (), _union(p.because for p in false))
    if any(p.truth is None for p in parts):
        return Answer(None, _union(p.missing for p in parts), ())
    return Answer(True, (), _union(p.because for p in parts))


def _not(answer: Answer) -> Answer:
    return answer if answer.truth is None else Answer(not answer.truth, (), answer.because)


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for some in names for name in some}))


def _tests(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {"is": value}


def _compare(name: str, tests: Mapping[str, Any], found: Any) -> Answer:
    if "known" in tests:
        return Answer((found is not None) == tests["known"], (), (name,))
    if found is None:
        return Answer(None, (name,), ())
    if isinstance(found, OpenWords):
        return _compare_open(name, tests, found)
    return Answer(all(_HOLDS[test](found, wanted) for test, wanted in tests.items()), (), (name,))


def _compare_open(name: str, tests: Mapping[str, Any], found: OpenWords) -> Answer:
    """Words of an open set: stated is true, not stated is unknown, never false."""
    wanted = [tests["has"]] if "has" in tests else []
    anyone = list(tests.get("has_any", ()))
    absent = [word for word in wanted if word not in found]
    if anyone and not found.intersection(anyone):
        absent += anyone
    if absent:
        return Answer(None, tuple(sorted(f"{name}:{word}" for word in absent)), ())
    said = found.intersection([*wanted, *anyone])
    return Answer(True, (), tuple(sorted(f"{name}:{word}" for word in said)))


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda found, wanted: bool(found == wanted),
    "is_not": lambda found, wanted: bool(found != wanted),
    "in": lambda found, wanted: found in wanted,
    "not_in": lambda found, wanted: found not in wanted,
    "from": lambda found, wanted: bool(found >= wanted),
    "to": lambda found, wanted: bool(found <= wanted),
    "above": lambda found, wanted: bool(found > wanted),
    "below": lambda found, wanted: bool(found < wanted),
    "has": lambda found, wanted: wanted in found,
    "has_any": lambda found, wanted: any(word in found for word in wanted),
}


def _check_tests(fact: Fact, tests: Mapping[str, Any], where: str) -> None:
    if not tests:
        raise KnowledgeError(f"{where}: {fact.name} is named without a test")
    for test, wanted in tests.items():
        if test not in _TESTS[fact.kind]:
            raise KnowledgeError(
                f"{where}: {fact.name} is a {fact.kind}; test {test!r} is none of {sorted(_TESTS[fact.kind])}"
            )
        if test == "known" and len(tests) > 1:
            raise KnowledgeError(f"{where}: {fact.name}: 'known' stands alone")
        many = test in {"in", "not_in", "has_any"}
        if many and (not isinstance(wanted, list) or not wanted):
            raise KnowledgeError(f"{where}: {fact.name}: {test!r} needs a list, found {wanted!r}")
        for one in wanted if many else [wanted]:
            if not _possible(fact, test, one):
                raise KnowledgeError(f"{where}: {fact.name} can never be {one!r}; allowed: {_allowed(fact)}")


def _possible(fact: Fact, test: str, value: Any) -> bool:
    if test == "known" or fact.kind == "bool":
        return isinstance(value, bool)
    if fact.kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) and (not fact.words or value in fact.words)


def _allowed(fact: Fact) -> str:
    if fact.words:
        return ", ".join(fact.words)
    return {"bool": "true, false", "number": "a number"}.get(fact.kind, "words")
