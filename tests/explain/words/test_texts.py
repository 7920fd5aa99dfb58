"""The paragraph for a report and the text for the person."""

from __future__ import annotations

import re
from typing import Any

import pytest

from calcimetry.explain.words import WordSettings, check, clinician, compose, flat, patient, texts
from calcimetry.explain.words.language import languages
from calcimetry.explain.words.readability import flesch_kincaid, smog
from calcimetry.explain.words.referral import letter
from calcimetry.explain.words.visit import prepare
from calcimetry.knowledge.load import sources, table

ORDER = ("found", "not_known", "next", "limits")


def plain(made: Any) -> list[str]:
    return [one.text for one in patient(*made)]


def report(made: Any) -> str:
    return " ".join(one.text for one in clinician(*made))


@pytest.mark.parametrize("of", languages())
def test_every_sentence_stands_on_something_and_breaks_nothing(by_hand, of) -> None:
    settings = WordSettings(language=of)
    for sentence in (*clinician(*by_hand, settings), *patient(*by_hand, settings)):
        assert sentence.because
        assert sentence.sources
        assert all([*sentence.because, *(source in sources() for source in sentence.sources)])
        assert sentence.status in {"verified", "memory", "ours"} or sentence.part == "not_known"
        assert check(sentence.text, of) == (), sentence.text
        assert not re.search(r"[{}]|None|  ", sentence.text)
        assert sentence.text.endswith((".", "?")), sentence.text


def test_texts_hold_all_of_them_and_compose_flattens(by_hand) -> None:
    both = texts(*by_hand)
    assert both["clinician"] == clinician(*by_hand)
    assert both["patient"] == patient(*by_hand)
    assert compose(*by_hand) == {who: flat(said) for who, said in both.items()}
    assert both["patient"][0].record()["text"] == both["patient"][0].text


def test_the_order_is_found_then_not_known_then_next(by_hand) -> None:
    parts = [ORDER.index(one.part) for one in patient(*by_hand)]
    assert parts == sorted(parts)
    assert set(parts) == {0, 1, 2, 3}


def test_short_sentences_and_a_low_grade(by_hand) -> None:
    said = plain(by_hand)
    assert all(len(one.split()) <= 20 for one in said)
    assert flesch_kincaid(said) <= 8
    assert smog(said) <= 8


def test_limits_are_always_said(by_hand) -> None:
    assert any("not a doctor" in one for one in plain(by_hand))
    assert "not checked by a physician" in report(by_hand)


def test_an_emergency_says_today_with_the_number_and_nothing_ordinary(made) -> None:
    said = [one.text for one in patient(*made("chest_pain"), WordSettings(emergency_number="112"))]
    text = " ".join(said)
    assert "Please call 112 today." in said
    assert "emergency room now" in text
    assert not re.search("routine|next visit|two weeks|months", text + report(made("chest_pain")))
    assert "Red flag R1 (today, as an emergency): chest pain at rest." in report(made("chest_pain"))
    assert any("your emergency number" in one for one in plain(made("chest_pain")))
    # Nothing that is merely observed stands beside it, nor a sign that can be checked later.
    assert "observation" not in report(made("chest_pain"))
    explanation, case = made("chest_pain")
    later = {
        "id": "R13",
        "text": "weight loss",
        "urgency": "within_2_weeks",
        "sources": ["nice-ng12"],
        "because": ["x"],
    }
    said = plain(({**explanation, "red_flags": [*explanation["red_flags"], later]}, case))
    assert not any("Weight loss" in one for one in said)


def test_a_cancer_is_never_named_to_the_person(made) -> None:
    text = " ".join(plain(made("breast_sample")))
    assert "This must be checked." in text
    assert "It takes a sample to be sure." in text
    assert not re.search("carcinoma|DCIS|malign", text)
    assert "ductal carcinoma in situ (DCIS)" in report(made("breast_sample"))


def test_the_share_is_said_only_where_a_source_gives_it(made) -> None:
    explanation, case = made("breast_sample")
    assert "In studies it was cancer in about 29 to 40 of 100 people." in plain((explanation, case))
    for change in (
        {"distribution": "linear"},
        {"distribution": None},
        {"pattern": ["br_fine_pleomorphic", "br_round"]},
    ):
        other = {**case, "findings": [{**case["findings"][0], **change}]}
        assert not any("cancer" in one for one in plain((explanation, other)))
    for more in ({"symptoms": ["palpable_lump"]}, {"history": ["known_cancer"]}):
        assert not any("Most" in one for one in plain((explanation, {**case, **more})))
    flagged = {
        **explanation,
        "red_flags": [*explanation["red_flags"], {"id": "R19", "text": "x", "urgency": "routine"}],
    }
    assert not any("Most" in one for one in plain((flagged, case)))
    unknown = {**explanation, "readings": [{**explanation["readings"][0], "rule": "B5"}]}
    assert not any("Most" in one for one in plain((unknown, case)))
    at_most = {**explanation, "readings": [{**explanation["readings"][0], "rule": "B2"}]}
    assert "In studies it was cancer in at most 2 of 100 people." in plain((at_most, case))


def test_nothing_further_is_said_where_nothing_is_proposed(made) -> None:
    said = plain(made("granuloma"))
    assert "No date is set for these spots." in said
    assert "For these spots no more pictures are planned." in said
    assert "No treatment is planned for these spots." in said
    assert not any("next step" in one for one in said)
    assert "For the calcification itself no further test is proposed." in report(made("granuloma"))
    assert "No referral for the calcification." in report(made("granuloma"))


def test_blood_values_stand_in_both_systems_and_metastatic_is_no_spread(made) -> None:
    said = plain(made("vitamin_d"))
    assert "The calcium in the blood was 3.05 mmol/L (12.2 mg/dL)." in said
    assert "The phosphate in the blood was 4.65 mg/dL (1.5 mmol/L)." in said
    assert any("not cancer spread" in one for one in said)
    assert "Not known yet: active vitamin D in the blood." in said
    assert "not spread of cancer" in report(made("vitamin_d"))


def test_what_is_uncertain_recommends_nothing(made) -> None:
    text = report(made("vitamin_d"))
    assert "Guidance exists, not checked: genetic test (CASR, GNA11, AP2S1)." in text
    proposed = next(one for one in clinician(*made("vitamin_d")) if one.text.startswith("Proposed work-up"))
    assert "genetic" not in proposed.text
    assert proposed.because == ("vitamin_d", "pattern: as stated", "calcium_phosphate_pth")
    assert not any("gene" in one for one in plain(made("vitamin_d")))


def test_a_questioned_finding_is_not_told_as_found(made) -> None:
    said = plain(made("man_with_ovary"))
    assert not any("shows calcium in the ovary" in one for one in said)
    assert "This was not used: ovary." in said
    assert "Some of the facts call for a closer look." in said
    text = report(made("man_with_ovary"))
    assert "Withheld: ovary (does not go with the stated sex), would be settled by sex." in text
    assert "The benign reading D1 does not hold [V4]: fever." in text


def test_a_questioned_value_is_not_told(made) -> None:
    explanation, case = made("vitamin_d")
    doubted = {**explanation, "withheld": [{"what": "calcium_total", "reason": "not possible", "needs": []}]}
    assert not any("3.05" in one for one in plain((doubted, case)))


def test_follow_up_is_told_with_months_and_date(made) -> None:
    said = plain(made("testis_yearly"))
    assert "New pictures are planned after 12 months." in said
    assert "The next date to plan is about 2027-11-25." in said
    assert "after 12 months, due 2027-11-25" in report(made("testis_yearly"))


def test_the_parents_are_spoken_to_and_what_to_leave_alone_is_said(made) -> None:
    said = plain(made("child_eye"))
    assert said[0] == "This text is for the parents of the child."
    assert "No needle sample is taken from the eye." in said
    assert not any("parents of the child" in one for one in plain(made("shoulder")))


def test_a_score_of_zero_is_told_as_nothing_found(made) -> None:
    explanation, case = made("granuloma")
    case = {**case, "findings": [{"site": "coronary_artery", "agatston": 0}]}
    assert plain((explanation, case))[0] == "The scan shows no calcium in the blood vessels of the heart."
    assert "no calcified lesion counted" in report((explanation, case))


def test_magnetic_resonance_does_not_confirm(made) -> None:
    explanation, case = made("granuloma")
    case = {**case, "modality": "mr"}
    assert plain((explanation, case))[1] == "A magnet scan cannot prove that they are calcium."
    assert "Magnetic resonance alone does not confirm calcium." in report((explanation, case))


def test_nodular_is_called_a_shape(made) -> None:
    explanation, case = made("granuloma")
    case = {**case, "findings": [{"site": "pleura", "pattern": ["nodular"]}]}
    assert "Nodular is a shape, not a type." in report((explanation, case))


def test_guidelines_and_shared_causes_and_open_questions_are_told(made) -> None:
    explanation, case = made("shoulder")
    more = {
        "guidelines": [{"source": "eau-urolithiasis", "edition": "2025", "region": "EU", "text": "So.",
                        "status": "memory"}],
        "shared": [{"id": "L4", "cause": "ckd_mbd", "text": "One cause.", "because": ["x"], "sources": ["kdigo-2017"],
                    "status": "verified"}],
        "not_stated": ["potassium", "complaints: fever"],
    }  # fmt: skip
    text = report(({**explanation, **more}, case))
    assert "EU, eau-urolithiasis 2025: So." in text
    assert "One cause [L4]." in text
    assert "Not stated: history and potassium." in text
    assert any("more than one place" in one for one in plain(({**explanation, **more}, case)))


def test_the_order_of_the_input_changes_nothing(made) -> None:
    explanation, case = made("vitamin_d")
    more = {"site": "liver", "pattern": ["rim", "coarse"], "features": ["fat", "cystic"]}
    other = {"site": "liver", "pattern": ["coarse", "rim"], "features": ["cystic", "fat"]}
    one = {**case, "findings": [*case["findings"], more], "history": ["smoking", "diabetes"]}
    two = {
        **case,
        "findings": [other, *case["findings"]],
        "history": ["diabetes", "smoking"],
        "labs": case["labs"][::-1],
    }
    assert compose(explanation, one) == compose(explanation, two)
    assert letter(explanation, one) == letter(explanation, two)
    assert prepare(explanation, one) == prepare(explanation, two)


def test_pregnancy_is_said_once_with_its_source(made) -> None:
    explanation, case = made("vitamin_d")
    note = table("reasoning/person")["pregnancy"]["says"]
    pregnant = {**case, "pregnant": True}
    told = [one for one in patient(explanation, pregnant) if "pregnant" in one.text]
    assert [one.text for one in told] == ["While you are pregnant, a sound wave scan comes first."]
    assert told[0].sources == ("acog-723",)
    assert not any("pregnant" in one for one in plain((explanation, case)))
    noted = [one for one in clinician({**explanation, "notes": [note]}, pregnant) if one.text == note]
    assert noted[0].sources == ("acog-723",)


def test_a_case_without_a_picture_and_an_empty_explanation_still_get_words() -> None:
    empty = {"schema": "calcimetry-explanation/1", "urgency": "none"}
    said = compose(empty, {"schema": "calcimetry-case/1"})
    assert "No spot of calcium was named." in said["patient"]
    assert "Type: not determined from what is given." in said["clinician"]


def test_words_outside_every_table_do_not_stop_the_text(made) -> None:
    explanation, case = made("shoulder")
    odd = {**explanation, "referrals": [{"id": "a_new_service", "sources": ["calcimetry"], "status": "memory"}]}
    assert "The right place for this is a new service." in plain((odd, case))
