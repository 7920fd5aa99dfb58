"""What may not be said: every pattern catches its example, lets the right sentence through, finds nothing of ours."""

from __future__ import annotations

import re
from typing import Any

import pytest

from calcimetry.explain.words import language, say
from calcimetry.explain.words.sentence import Sentence
from calcimetry.knowledge.load import table, table_ids

STATEMENTS = table("text/statements")["statement"]
WORDINGS = table("text/statements")["wording"]
TESTABLE = [row for row in STATEMENTS if "rules" in row]


def test_every_row_is_there_once_and_is_testable_or_says_why_not() -> None:
    assert [row["row"] for row in STATEMENTS] == list(range(1, 45))
    for row in STATEMENTS:
        assert bool(row.get("rules")) != bool(row.get("not_testable"))
    assert set(say.not_testable()) == {10, 44}
    assert [row["row"] for row in WORDINGS] == list(range(1, 19))
    assert all(row.get("rules") or row.get("tested") for row in WORDINGS)


@pytest.mark.parametrize("row", TESTABLE, ids=lambda row: str(row["row"]))
def test_the_wrong_statement_is_caught_by_its_rule(row) -> None:
    broken = {one.rule for one in say.check(row["example"])}
    assert broken & set(row["rules"]), row["example"]


@pytest.mark.parametrize("row", STATEMENTS, ids=lambda row: str(row["row"]))
def test_what_holds_instead_may_be_said(row) -> None:
    assert say.check(row["holds"]) == ()


@pytest.mark.parametrize("of", language.languages())
def test_rules_and_reasons_name_each_other(of) -> None:
    named = {rule for row in [*STATEMENTS, *WORDINGS] for rule in row.get("rules", ())}
    assert set(language.rows(of, "say")["rule"]) == named


@pytest.mark.parametrize("of", language.languages())
def test_patterns_are_written_for_text_in_lower_case(of) -> None:
    for row in language.rows(of, "say")["rule"].values():
        for pattern in (row["forbids"], row.get("unless", "")):
            bare = re.sub(r"\\[A-Za-z]", "", pattern)
            assert bare == bare.lower()


FORBIDDEN = [
    ("cancer_stated", "You have breast cancer."),
    ("cancer_stated", "The lump is most likely a cancer"),
    ("benign_stated", "These spots are harmless."),
    ("benign_stated", "There is nothing to worry about."),
    ("no_followup", "No further tests are needed."),
    ("biopsy_or_surgery_advised", "A biopsy is recommended."),
    ("calcium_restriction", "Please avoid dairy."),
    ("wait_at_home", "This can wait."),
    ("puncture_cyst", "Puncture of the cyst is recommended."),
    ("dissolve_remedy", "Take vitamin K2."),
    ("heart_attack_certain", "You will have a heart attack."),
    ("psa_or_hormone_needed", "A PSA test is needed."),
    ("sixty_percent_gb", "About 62 % of these become gallbladder cancer."),
    ("infertility_claim", "It causes infertility."),
    ("screening_us_every_year", "An annual ultrasound follows."),
    ("stop_drug_yourself", "Please stop your warfarin."),
    ("expulsion_wait", "Let the stone pass."),
    ("remove_deposit", "The calcium must be removed."),
    ("metastatic_means_spread", "Metastatic calcification means cancer."),
    ("parathyroid_surgery", "Parathyroidectomy is advised."),
    ("spontaneous_vanish", "They will disappear on their own."),
    ("abi_reassure", "A normal ABI excludes disease."),
    ("african_cause", "It is because you are of African origin."),
    ("blame", "It is your own fault."),
    ("supplements", "Try magnesium."),
    ("start_drug_yourself", "You should take a statin."),
    ("sales", "The best hospitals are listed."),
]
ALLOWED = [
    "Most spots like these are not cancer.",
    "It takes a sample to be sure.",
    "This must be checked.",
    "In studies it was cancer in about 20 of 100 people.",
    "Ask your team before you change any drug that you take.",
    "Metastatic calcification names a blood chemistry, not spread of cancer.",
    "No calcium-based binder; dietary calcium stays normal.",
    "No needle goes into the cyst outside a special centre.",
    "Nodular is a shape, not a type.",
    "See a doctor within two weeks.",
]


@pytest.mark.parametrize(("rule", "text"), FORBIDDEN)
def test_forbidden(rule, text) -> None:
    assert rule in {one.rule for one in say.check(text)}


@pytest.mark.parametrize("text", ALLOWED)
def test_allowed(text) -> None:
    assert say.check(text) == ()


GERMAN = [
    ("cancer_stated", "Sie haben Krebs."),
    ("benign_stated", "Diese Punkte: sie sind harmlos."),
    ("no_followup", "Keine weiteren Untersuchungen sind nötig."),
    ("calcium_restriction", "Vermeiden Sie Milchprodukte."),
    ("remove_deposit", "Der Kalk muss entfernt werden."),
    ("metastatic_means_spread", "Metastatische Verkalkung bedeutet Krebs."),
    ("sales", "Die beste Klinik ist hier."),
]


@pytest.mark.parametrize(("rule", "text"), GERMAN)
def test_forbidden_in_german(rule, text) -> None:
    assert rule in {one.rule for one in say.check(text, "de")}
    assert say.check("Die meisten solchen Punkte sind kein Krebs.", "de") == ()


def test_a_long_text_is_judged_part_by_part() -> None:
    text = "No sample yet: the lump is benign; we talk. Then more."
    assert say.parts(text) == ["No sample yet:", "the lump is benign;", "we talk.", "Then more."]
    # "No" stands in another part and excuses nothing.
    assert [one.sentence for one in say.check(text)] == ["the lump is benign;"]


def test_what_may_not_be_said_is_left_out_and_reported() -> None:
    good, broken = say.kept(
        [Sentence("All is well known.", "found", ("x",)), Sentence("It is harmless.", "found", ("y",))]
    )
    assert [one.text for one in good] == ["All is well known."]
    assert {one.rule for one in broken} == {"benign_stated", "harmless"}


def _said(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in ([inner] if key == "says" else _said(inner))]
    return [text for inner in value for text in _said(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", [one for one in table_ids() if one.startswith("reasoning/")])
def test_the_sentences_of_the_rules_break_nothing(name) -> None:
    broken = [fault for text in _said(table(name)) if isinstance(text, str) for fault in say.check(text)]
    assert broken == []


@pytest.mark.parametrize("of", language.languages())
def test_no_word_of_ours_breaks_anything(of) -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [text for one in inner for text in texts(one)]

    files = [one.split("/")[2] for one in table_ids() if one.startswith(f"text/{of}/") and not one.endswith("/say")]
    broken = [fault for file in files for text in texts(dict(language.rows(of, file))) for fault in say.check(text, of)]
    assert broken == []
