"""Every id has its words in every language, no word is left over, and both languages leave the same places open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import calcimetry.explain.words
from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.explain import rules, vocabulary
from calcimetry.explain.words import language
from calcimetry.knowledge.load import sources, table, table_ids

CODE = "\n".join(path.read_text("utf-8") for path in Path(calcimetry.explain.words.__file__).parent.glob("*.py"))
ENGLISH = sorted(one.split("/")[2] for one in table_ids() if one.startswith("text/en/"))
VOCABULARY = {
    "cause": table("words/answers")["cause"],
    "test": table("words/answers")["test"],
    "specialist": table("words/answers")["specialist"],
    "type": table("words/answers")["type"],
    "metabolic_pattern": table("words/answers")["metabolic_pattern"],
    "urgency": table("words/answers")["urgency"],
    "follow_up": table("words/answers")["follow_up"],
    "site": table("words/sites")["site"],
    "pattern": table("words/findings")["pattern"],
    "distribution": table("words/findings")["distribution"],
    "feature": table("words/findings")["feature"],
    "history": table("words/person")["history"],
    "symptom": table("words/person")["symptom"],
    "analyte": table("reasoning/analytes")["analyte"],
    "red_flag": {row["id"] for row in table("reasoning/red_flags")["flag"]},
}


def _named_in_reasoning(key: str) -> set[str]:
    def walk(value):
        if isinstance(value, dict):
            yield from ([value[key]] if isinstance(value.get(key), str) else [])
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    return set(walk([table(f"reasoning/{name}") for name in (*rules.FILES, "metabolic")]))


@pytest.mark.parametrize("of", language.languages())
@pytest.mark.parametrize("kind", list(VOCABULARY))
def test_every_id_has_words_and_no_word_is_orphaned(of, kind) -> None:
    assert set(language._labels(of)[kind]) == set(VOCABULARY[kind])


@pytest.mark.parametrize("of", language.languages())
def test_every_treatment_and_every_avoidance_of_the_rules_has_words(of) -> None:
    assert set(language._labels(of)["treatment"]) >= _named_in_reasoning("treat")
    assert set(language._labels(of)["avoid"]) == _named_in_reasoning("avoid")


def test_german_has_the_same_files_and_keys_and_open_places_as_english() -> None:
    german = sorted(one.split("/")[2] for one in table_ids() if one.startswith("text/de/"))
    assert german == ENGLISH
    for file in ENGLISH:
        assert language.keys(language.rows("de", file)) == language.keys(language.rows("en", file)), file


def test_a_missing_word_or_place_is_noticed() -> None:
    assert language.keys({"a": {"b": "x {y}"}}) != language.keys({"a": {"b": "x"}})
    assert language.keys({"a": {"b": "x"}}) != language.keys({"a": {}, "c": "x"})


@pytest.mark.parametrize("file", ["clinician", "patient", "letter", "visit"])
def test_every_sentence_is_said_somewhere(file) -> None:
    words = language.rows("en", file)
    for section in ("sentence", "words", "letter", "directory"):
        for key in words.get(section, ()):
            assert re.search(rf'["\']{key}["\']', CODE), f"{file}, [{section}] {key} is never said"


def test_every_row_of_the_visit_has_words_and_every_step_is_used() -> None:
    tests = table("visit/tests")["test"]
    assert set(tests) == set(VOCABULARY["test"])
    for kind, file in (("prepare", "prepare"), ("procedure", "procedures"), ("bring", "bring"),
                       ("question", "questions"), ("recovery", "recovery"), ("call", "call")):  # fmt: skip
        facts = table(f"visit/{file}")[kind]
        assert set(facts) == set(language.rows("en", "visit")[kind])
        assert all(row["source"] in sources() and row["status"] in {"verified", "memory"} for row in facts.values())
    assert {step for row in tests.values() for step in row["prepare"]} == set(table("visit/prepare")["prepare"])
    procedures = table("visit/procedures")["procedure"]
    used = {row.get("procedure") for row in tests.values()} | {
        k for k, row in procedures.items() if row.get("treatments")
    }
    assert used - {None} == set(procedures)
    assert set(language.rows("en", "visit")["after"]) <= set(procedures)
    for row in procedures.values():
        assert set(row.get("treatments", ())) <= _named_in_reasoning("treat") | {"lavage/shock wave"}
        assert set(row.get("sites", ())) <= set(VOCABULARY["site"])


def test_services_name_known_words_only() -> None:
    rows = table("visit/services")["service"]
    assert set(rows) == set(VOCABULARY["specialist"]) - {"none"}
    assert {word for row in rows.values() for key in ("wider", "with_focus") for word in row.get(key, ())} <= set(rows)


def test_likelihoods_are_below_one_half_and_of_known_rules() -> None:
    known = {
        row["id"] if "id" in row else row["row"] for name in rules.FILES for row in table(f"reasoning/{name}")["rule"]
    }
    for row in table("text/likelihood")["likelihood"]:
        assert row["rule"] in known
        assert row["high"] < 50
        assert row["source"] in sources()
        assert row["status"] in {"verified", "memory"}
    # Never where no number is given or where most are cancer.
    assert not {"B2b", "B5", "B7", "L4", "L9", "Q9", "D4", "K3", "K4", "W3", "Y1", "Y5", "X2"} & {
        row["rule"] for row in table("text/likelihood")["likelihood"]
    }


def test_every_table_of_ours_carries_edition_date_and_state() -> None:
    for name in table_ids():
        if name.startswith(("text/", "visit/")):
            head = table(name)
            assert head["edition"] == "2026-11"
            assert head["checked"].year == 2026
            rows = head if "status" in head else next(v for v in head.values() if isinstance(v, list | dict))
            one = rows if "status" in rows else next(iter(rows.values())) if isinstance(rows, dict) else rows[0]
            assert {"status", "source"} <= set(one), name


def test_an_unknown_language_names_those_there_are() -> None:
    with pytest.raises(UnknownIdError, match=r"de, en|en, de"):
        language.rows("fr", "patient")


def test_a_sentence_that_is_not_there_or_not_filled_is_a_defect() -> None:
    with pytest.raises(KnowledgeError, match=r"no \[sentence\] nothing"):
        language.say("en", "patient", "nothing")
    with pytest.raises(KnowledgeError, match="nothing fills 'score'"):
        language.say("en", "patient", "score")


def test_facts_have_a_name() -> None:
    for name in vocabulary.facts():
        assert language.fact("en", name)
    assert language.fact("en", "never heard") == "never heard"
