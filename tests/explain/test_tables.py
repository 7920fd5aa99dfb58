"""The tables of the reasoning: no word, rule or source is orphaned, and a fault stops the load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calcimetry.core.errors import KnowledgeError
from calcimetry.explain import TABLES, rules, vocabulary
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import sources, table, table_ids

# Words of the vocabulary that no rule proposes, and why.
UNPROPOSED = {
    "cardiac_ct_calcium",  # the score is what an image is assessed for, never a consequence of a finding
    "intensive_care",  # the emergency department decides
}
# Facts that the code itself reads.
READ_BY_CODE = {"calcium_certain", "prior_available", "prior_baseline", "gestation_weeks"}


def every_rule() -> list[rules.Rule]:
    found = {rule.row: rule for site in vocabulary.words("site") for rule in rules.rules_of(site)}
    return sorted(found.values(), key=lambda rule: rule.place)


def entries() -> list[Any]:
    return [*every_rule(), *rules.patterns(), *rules.together(), *rules.flags(), *rules.voids()]


def conditions(entry: Any) -> Iterator[dict[str, Any]]:
    for name in ("when", "unless", "core", "hint"):
        if getattr(entry, name, None):
            yield getattr(entry, name)
    for name in ("supports", "against"):
        yield from getattr(entry, name, None) or ()
    for extra in getattr(entry, "also", ()):
        yield from conditions(extra)


def every_condition() -> list[dict[str, Any]]:
    found = [condition for entry in entries() for condition in conditions(entry)]
    found += [when for rows in rules.causes().values() for when, _, _ in rows]
    return found + [when for _, rows in rules.types().values() for when, _, _ in rows]


def asked_of(condition: Any) -> Iterator[tuple[str, Any]]:
    for key, value in condition.items():
        if key in {"all", "any"}:
            for part in value:
                yield from asked_of(part)
        elif key == "not":
            yield from asked_of(value)
        else:
            for wanted in value.values():
                yield from ((key, one) for one in (wanted if isinstance(wanted, list) else [wanted]))


def proposed(kind: str) -> set[str]:
    """Words of a kind that some entry can put into an answer."""
    names = {
        "cause": ("causes", "causes_first", "must_not_miss", "watch"), "test": ("tests", "tests_first"),
        "specialist": ("refer", "refer_first"), "type": ("types", "types_first"),
    }[kind]  # fmt: skip
    found = {getattr(row, "cause", "") for row in rules.together()} if kind == "cause" else set()
    groups = [rules.group_of(site) for site in vocabulary.words("site")]
    for entry in [*entries(), *groups]:
        for part in (entry, *getattr(entry, "also", ())):
            for name in names:
                found.update(getattr(part, name, ()))
    person = table("reasoning/person")
    found |= {
        "pregnancy_test",
        person["urgent"]["test"],
        *person["pregnancy"]["instead"].values(),
        *rules.several_organs()["tests"],
    }
    return found | {"obstetrics", "paediatrics", *table("reasoning/organs")["child_service"].values()}


@pytest.mark.parametrize("kind", ["cause", "test", "specialist", "type"])
def test_every_word_of_an_answer_is_proposed_by_an_entry(kind) -> None:
    assert set(vocabulary.words(kind)) - proposed(kind) <= UNPROPOSED


@pytest.mark.parametrize(
    "fact, kind", [("pattern", "pattern"), ("features", "feature"), ("distribution", "distribution")]
)
def test_every_word_of_a_finding_is_asked_for(fact, kind) -> None:
    asked = {word for condition in every_condition() for name, word in asked_of(condition) if name == fact}
    assert set(vocabulary.words(kind)) <= asked


@pytest.mark.parametrize("fact, kind", [("history", "history"), ("symptoms", "symptom")])
def test_every_word_of_a_person_is_asked_for(fact, kind) -> None:
    asked = {word for condition in every_condition() for name, word in asked_of(condition) if name == fact}
    asked |= {word for site in vocabulary.words("site") for word in rules.group_of(site).complaints}
    assert set(vocabulary.words(kind)) - asked <= {"none", "asymptomatic", "pregnancy", "postmenopausal"}


def test_every_fact_is_asked_for() -> None:
    asked = {name for condition in every_condition() for name in logic.facts_in(condition)}
    assert set(vocabulary.facts()) - asked == READ_BY_CODE


def test_every_site_has_a_rule_or_a_group() -> None:
    for site in vocabulary.words("site"):
        assert rules.group_of(site).tests
        assert rules.rules_of(site) or site == "unassigned", site


def test_every_rule_can_fire_and_is_not_shut_out_by_the_one_above() -> None:
    for rule in every_rule():
        assert rule.site
        assert not any(rules.matches(name, rule.row) for name in rule.excludes), rule.row
        assert rule.says.endswith(".")


def test_every_source_of_the_reasoning_is_used_and_listed() -> None:
    def named(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key in ("source", "sources"):
                one = value.get(key)
                yield from [one] if isinstance(one, str) else [s for s in one or () if isinstance(s, str)]
            for inner in value.values():
                yield from named(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from named(inner)

    used = {name for table_id in table_ids() if table_id != "sources" for name in named(table(table_id))}
    assert used <= set(sources())
    assert {name for table_id in TABLES for name in named(table(table_id))} <= used


def test_nothing_uncertain_recommends() -> None:
    for entry in entries():
        if getattr(entry, "status", "") == "uncertain":
            assert not getattr(entry, "tests", ())
            assert not getattr(entry, "refer", ())
    with pytest.raises(KnowledgeError, match="never recommends"):
        rules._rule({**RULE, "status": "uncertain"}, "x", 0)


RULE: dict[str, Any] = {
    "row": "x", "site": ["lung"], "types": ["dystrophic"], "causes": ["granuloma"], "tests": ["no_test"],
    "refer": ["none"], "tier": "none", "kind": "none", "says": "X.", "sources": ["khan-2010"], "status": "verified",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"site": ["lungs"]}, "'lungs' is no site"),
        ({"types": ["cancerous"]}, "is no type"),
        ({"causes": ["bad_luck"]}, "is no cause"),
        ({"tests": ["x_ray"]}, "is no test"),
        ({"refer": ["doctor"]}, "is no specialist"),
        ({"tier": "soon"}, "tier 'soon'"),
        ({"kind": "later"}, "kind 'later'"),
        ({"sources": ["nobody"]}, "'nobody' is not in sources"),
        ({"when": {"patern": "rim"}}, "unknown fact 'patern'"),
        ({"when": {"pattern": "rimm"}}, "can never be 'rimm'"),
        ({"also": [{"when": {"child": True}, "tests": ["x_ray"]}]}, "is no test"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_fault_stops_the_load(change, said) -> None:
    rules._rule(RULE, "x", 0)
    with pytest.raises(KnowledgeError, match=said):
        rules._rule({**RULE, **change}, "x", 0)
