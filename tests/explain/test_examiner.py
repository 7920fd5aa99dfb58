"""Worked cases of an outside examiner, and what reading their texts aloud brought to light."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from calcimetry.core.errors import InputError
from calcimetry.explain import explain, read_case, read_labs, words

from .vignettes import faults, ids, wrong

DAY = datetime.date(2026, 11, 29)
CASES = [
    vignette
    for path in sorted((Path(__file__).parent / "examiner").glob("*.json"))
    for vignette in json.loads(path.read_text())["vignettes"]
]
INPUT = {vignette["id"]: vignette["input"] for vignette in CASES}


def answer(case: Any, **settings: Any) -> dict[str, Any]:
    return explain(case, as_of=DAY, **settings).record()


@pytest.mark.parametrize("vignette", CASES, ids=[v["id"] for v in CASES])
def test_every_part_is_as_expected_and_holds_together(vignette) -> None:
    got = answer(vignette["input"])
    assert wrong(vignette["expected"], got) == []
    assert faults(got) == []


def test_the_examiner_left_no_case_out() -> None:
    assert len(CASES) == len(INPUT) == 160


def test_nothing_is_asked_that_cannot_be_had() -> None:
    amorphous = json.dumps([answer(INPUT["X01"])[key] for key in ("withheld", "not_stated", "texts")])
    for silly in ("biopsy and image agree", "earlier biopsy", "highest density", "kind of the known tumour"):
        assert silly not in amorphous
    assert not any("pregnancy" in one for one in answer(INPUT["X04"])["not_stated"])  # after the menopause
    dialysis = answer(INPUT["X16"])
    assert not any("egfr" in pattern["missing"] for pattern in dialysis["metabolic_patterns"])


def test_a_wider_question_takes_the_narrower_ones_along() -> None:
    assert [one for one in answer(INPUT["X46"])["not_stated"] if "calcium" in one or "PTH" in one] == [
        "calcium, phosphate, PTH, creatinine"
    ]


def test_the_filtration_rate_of_a_child_asks_only_for_what_is_missing() -> None:
    (row,) = [row for row in answer(INPUT["X46"])["withheld"] if row["what"] == "eGFR"]
    assert row["needs"] == ("height in cm",) or row["needs"] == ["height in cm"]


def test_complaints_that_nobody_stated_are_named() -> None:
    said = answer(INPUT["X03"])["texts"]["clinician"]
    assert any(one.startswith("Not stated: complaints") for one in said)


def test_a_benign_reading_falls_once_for_one_reason() -> None:
    fell = answer(INPUT["X13"])["benign_reading_void_because"]
    assert [(row["rule"], row["void"]) for row in fell] == [("L1", "V3")]


def test_contact_with_tuberculosis_and_blood_in_the_cough_bring_it_to_the_front() -> None:
    assert "active_tb" in ids(answer(INPUT["X17"])["causes"])[:2]


def test_a_cough_does_not_push_the_airways_own_causes_back() -> None:
    assert ids(answer(INPUT["X19"])["causes"])[:2] == ["broncholith", "carcinoid"]


def test_high_calcium_is_no_idiopathic_hypercalciuria() -> None:
    assert ids(answer(INPUT["X59"])["causes"])[0] == "primary_hyperparathyroidism"


def test_infections_before_birth_are_no_lead_in_adults() -> None:
    assert "congenital_toxoplasmosis" not in ids(answer(INPUT["Y06"])["causes"])[:2]


@pytest.mark.parametrize(("name", "never"), [("X15", "scar"), ("X36", "scar"), ("X42", "bleed")])
def test_no_harmless_cause_soothes_where_a_grave_one_leads(name, never) -> None:
    said = answer(INPUT[name])["texts"]["patient"]
    assert "This must be checked." in said
    assert not any(never in one for one in said if one.startswith(("One cause", "It can also")))


@pytest.mark.parametrize(
    ("name", "first"),
    [("X53", "a gland in the neck that works too little"), ("X28", "a wide spot in the main blood vessel"),
     ("X27", "a stiff sac around the heart"), ("Y38", "a small stone in the appendix")],
)  # fmt: skip
def test_the_leading_cause_is_told_first(name, first) -> None:
    assert f"One cause can be {first}." in answer(INPUT[name])["texts"]["patient"]


@pytest.mark.parametrize("name", ["X55", "Y24", "Y06"])
def test_who_must_call_today_is_told_so(name) -> None:
    got = answer(INPUT[name])
    assert got["urgency"] == "within_2_weeks"
    assert any(flag["call_today"] for flag in got["red_flags"])
    assert "Please call the place named here today." in got["texts"]["patient"]


def test_a_white_pupil_is_seen_within_the_week() -> None:
    assert answer(INPUT["X55"])["follow_up"]["due"] == "2026-12-06"


@pytest.mark.parametrize(
    ("value", "symptoms", "urgency"),
    [(1.85, [], "now"), (1.7, ["drowsiness"], "now"), (1.7, ["polyuria"], "within_2_weeks"), (1.4, [], "routine"),
     (0.85, [], "now"), (1.2, [], "routine")],
)  # fmt: skip
def test_ionised_calcium_alone_has_its_tiers(value, symptoms, urgency) -> None:
    got = answer({
        "age": {"value": 50, "unit": "a"}, "sex": "female", "findings": [{"site": "kidney_parenchyma"}],
        "symptoms": symptoms, "labs": [{"analyte": "calcium_ionized", "value": value, "unit": "mmol/L"}],
    })  # fmt: skip
    assert got["urgency"] == urgency


def test_a_stone_in_pregnancy_is_looked_at_by_ultrasound() -> None:
    assert "ultrasound_kidney" in ids(answer(INPUT["Y29"])["tests"])


def test_the_number_to_call_is_that_of_the_site() -> None:
    said = answer(INPUT["X41"], emergency_number="112")["texts"]
    assert "Please call 112 today." in said["patient"]
    assert any("112" in one for one in said["clinician"])


def test_no_step_is_offered_that_is_no_step() -> None:
    said = answer(INPUT["X48"])["texts"]["patient"]
    assert "These spots are no reason for a PSA test." in said
    assert not any("no PSA" in one for one in said)


def test_an_empty_case_promises_nothing() -> None:
    said = answer({"findings": []})["texts"]["patient"]
    assert not any("these spots" in one.lower() for one in said)


def test_a_blood_pattern_says_what_fits_and_not_its_opposite() -> None:
    fits = [one for pattern in answer(INPUT["Y24"])["metabolic_patterns"] for one in pattern["fits"]]
    assert "reduced kidney function" in fits
    assert not any("creatinine or eGFR) yes" in one for one in fits)


@pytest.mark.parametrize(
    ("name", "text"),
    [("twice.json", '{"findings": [{"site": "lung", "site": "breast"}]}'),
     ("number.json", '{"findings": [{"site": "lung", "size_mm": NaN}]}'),
     ("infinite.json", '{"findings": [{"site": "lung", "size_mm": -Infinity}]}'),
     ("twice.yaml", "findings:\n- site: lung\n  site: breast\n")],
)  # fmt: skip
def test_a_file_that_could_hide_a_value_is_refused(name, text, tmp_path) -> None:
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=r"cannot be read"):
        read_case(path)


def test_blood_is_asked_for_only_once_the_image_calls_for_it() -> None:
    assert not any("kidney" in one for one in answer(INPUT["X15"])["not_stated"])
    diffuse = {"findings": [{"site": "lung", "pattern": ["amorphous"], "features": ["centrilobular"]}]}
    assert any("kidney" in one for one in answer(diffuse)["not_stated"])


def test_what_must_be_checked_is_not_said_where_nothing_follows() -> None:
    small = {
        "age": {"value": 51, "unit": "a"}, "sex": "female", "modality": "ct", "history": ["none"],
        "symptoms": ["asymptomatic"],
        "findings": [{"site": "lung", "pattern": ["punctate"], "size_mm": 4, "distribution": "single"}],
    }  # fmt: skip
    got = answer(small)
    assert got["follow_up"]["no_further_imaging"]
    assert "This must be checked." not in got["texts"]["patient"]


def test_a_score_of_zero_is_no_promise() -> None:
    said = answer(INPUT["X23"])["texts"]["patient"]
    assert "A heart scan cannot show soft fat in the blood vessels." in said
    assert not any("these spots" in one.lower() for one in said)


def test_in_an_emergency_no_step_is_told_that_can_wait() -> None:
    said = " ".join(answer(INPUT["X32"])["texts"]["patient"])
    assert "heart risk" not in said


def test_the_person_is_not_told_that_a_value_was_not_used_which_nobody_gave() -> None:
    assert not any("eGFR" in one for one in answer(INPUT["X46"])["texts"]["patient"])
    assert "This was not used: ovary." in answer(INPUT["X60"])["texts"]["patient"]


def test_another_language_has_its_own_red_flags_and_questions() -> None:
    said = " ".join(answer(INPUT["X41"], language="de")["texts"]["clinician"])
    assert "adrenal crisis" not in said
    assert "höchste Dichte" in said


def test_laboratory_values_are_not_left_out_in_silence(tmp_path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("code;value;unit\n17861-6;12.9;mg/dL\n;3;mg/dL\n")
    rows, left = read_labs(path)
    assert rows == [{"analyte": "calcium_total", "value": 12.9, "unit": "mg/dL"}]
    assert left == ["line 3, which names no analyte"]
    path.write_text("test,result\ncalcium,12.9\n")
    with pytest.raises(InputError, match=r"columns analyte or loinc, value and unit"):
        read_labs(path)


def test_proposals_as_fhir_have_addresses_and_no_empty_list() -> None:
    found = explain(INPUT["X48"], as_of=DAY)
    assert "entry" not in words.letter(found, INPUT["X48"], form="fhir")
    sheet = words.prepare(found, INPUT["X48"], form="fhir")
    assert not any(one["resource"]["resourceType"] == "Task" for one in sheet.get("entry", ()))
    urgent = words.prepare(explain(INPUT["X41"], as_of=DAY), INPUT["X41"], form="fhir")
    assert len({one["fullUrl"] for one in urgent["entry"]}) == len(urgent["entry"]) > 2


def test_high_calcium_without_pth_speaks_against_the_kidneys_own_causes() -> None:
    got = answer({
        "age": {"value": 61, "unit": "a"}, "sex": "male", "modality": "ct",
        "findings": [{"site": "kidney_parenchyma", "pattern": ["medullary_pyramids"]}],
        "labs": [
            {"analyte": "calcium_total", "value": 12.4, "unit": "mg/dL"},
            {"analyte": "albumin", "value": 40, "unit": "g/L"},
            {"analyte": "pth_intact", "value": 7, "unit": "pg/mL"},
        ],
    })  # fmt: skip
    assert not {"distal_rta", "medullary_sponge_kidney", "idiopathic_hypercalciuria"} & set(ids(got["causes"])[:2])


def test_three_millimoles_with_confusion_are_an_emergency() -> None:
    case = {
        "age": {"value": 60, "unit": "a"}, "findings": [{"site": "kidney_parenchyma"}],
        "labs": [{"analyte": "calcium_corrected", "value": 3.0, "unit": "mmol/L"}],
    }  # fmt: skip
    assert answer(case)["urgency"] == "within_2_weeks"
    assert answer({**case, "symptoms": ["confusion"]})["urgency"] == "now"


@pytest.mark.parametrize("pattern", ["curvilinear", "coarse"])
def test_an_aneurysm_of_the_pelvis_goes_to_the_vascular_service(pattern) -> None:
    finding = {"site": "peripheral_artery", "pattern": [pattern], "features": ["aneurysm"]}
    got = answer({"age": {"value": 60, "unit": "a"}, "findings": [finding]})
    assert "vascular_surgery" in ids(got["referrals"])
    assert got["follow_up"]["kind"] == "specialist_decides"
