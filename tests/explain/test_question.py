"""Questioning the input: unknown words stop, what cannot be is set aside and named."""

from __future__ import annotations

from typing import Any

import pytest

from calcimetry.core.errors import InputError, UsageError
from calcimetry.explain import explain
from calcimetry.explain.doubts import Doubts
from calcimetry.explain.question import question
from calcimetry.knowledge.logic import OpenWords


def withheld(case: dict[str, Any]) -> list[str]:
    doubts = Doubts()
    question(case, doubts)
    return [f"{row.what}: {row.reason}" for row in doubts.rows()]


@pytest.mark.parametrize(
    ("case", "nearest"),
    [
        ({"findngs": []}, "findings"),
        ({"findings": [{"site": "lungs"}]}, "lung"),
        ({"findings": [{"site": "lung", "pattern": ["popcorm"]}]}, "popcorn"),
        ({"findings": [{"site": "lung", "features": ["spikulated"]}]}, "spiculated"),
        ({"findings": [{"site": "lung", "colour": "red"}]}, "count"),
        ({"history": ["smoker"]}, "smoking"),
        ({"symptoms": ["feverish"]}, "fever"),
        ({"labs": [{"analyte": "calcium", "value": 2.4, "unit": "mmol/L"}]}, "calcium_total"),
        ({"labs": [{"analyte": "calcium_total", "valu": 2.4}]}, "value"),
        ({"primary_tumour": "osteosarkoma"}, "osteosarcoma"),
        ({"modality": "mri"}, "mr"),
        ({"prior": {"status": "stabil"}}, "stable"),
        ({"prior_biopsy": {"result": "begnin"}}, "benign"),
        ({"findings": [{"site": "thyroid", "tirads": {"shape": "tall"}}]}, "taller"),
        ({"sex": "femal"}, "female"),
        ({"age": {"value": 4, "unit": "years"}}, "a"),
    ],
)
def test_an_unknown_word_names_the_nearest(case, nearest) -> None:
    with pytest.raises(InputError, match="unknown") as error:
        explain(case)
    assert nearest in error.value.remedy
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    "case",
    [
        {"findings": {}}, {"findings": ["lung"]}, {"findings": [{}]}, {"history": "smoking"}, {"labs": 3},
        {"schema": "calcimetry-case/9"}, {"prior": "yes"},
    ],
)  # fmt: skip
def test_another_shape_is_refused(case) -> None:
    with pytest.raises(InputError):
        explain(case)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"age": {"value": 240, "unit": "a"}}, "age_years"),
        ({"age": {"value": 40}}, "no unit"),
        ({"sex": "male", "findings": [{"site": "ovary"}]}, "ovary"),
        ({"sex": "female", "findings": [{"site": "prostate"}]}, "prostate"),
        ({"sex": "male", "pregnant": True}, "pregnancy"),
        ({"sex": "female", "age": 70, "pregnant": True}, "pregnancy"),
        ({"pregnant": False, "history": ["pregnancy"]}, "both as yes and as no"),
        ({"sex": "female", "history": ["cryptorchidism"]}, "cryptorchidism"),
        ({"symptoms": ["asymptomatic", "fever"]}, "stands beside fever"),
        ({"history": ["none", "gout"]}, "stands beside gout"),
        ({"prior": {"available": False, "status": "stable"}}, "no earlier images"),
        ({"prior": {"available": False}, "findings": [{"site": "lung", "change": "stable"}]}, "stability"),
        (
            {"prior": {"available": True, "status": "larger"}, "findings": [{"site": "lung", "change": "stable"}]},
            "larger",
        ),
        ({"findings": [{"site": "adrenal", "features": ["homogeneous", "heterogeneous"]}]}, "homogeneous"),
        ({"findings": [{"site": "lung", "size_mm": -3}]}, "size_mm"),
        ({"findings": [{"site": "lung", "size_mm": "big"}]}, "a number"),
        ({"age": 8, "findings": [{"site": "coronary_artery", "agatston": 40}]}, "adults"),
        ({"age": 40, "findings": [{"site": "thyroid", "tirads": {"shape": "wider"}}]}, "no points"),
    ],
)
def test_what_cannot_be_is_set_aside_with_its_reason(case, said) -> None:
    assert any(said in row for row in withheld(case)), withheld(case)
    explain(case)  # and the rest is answered


def test_the_reassuring_one_of_two_is_set_aside() -> None:
    asked = question({"findings": [{"site": "adrenal", "features": ["homogeneous", "heterogeneous"]}]}, Doubts())
    assert asked.findings[0].facts["features"] == {"heterogeneous"}


def test_what_is_not_stated_is_no_no() -> None:
    open_list = question({"findings": [], "symptoms": []}, Doubts()).facts["symptoms"]
    closed = question({"findings": [], "symptoms": ["asymptomatic"]}, Doubts()).facts["symptoms"]
    assert isinstance(open_list, OpenWords)
    assert not isinstance(closed, OpenWords)
    got = explain({"age": 60, "findings": [{"site": "lung", "pattern": ["central"]}]})
    assert any(row.startswith("complaints: ") for row in got.not_stated)
    quiet = explain({"age": 60, "findings": [{"site": "lung", "pattern": ["central"]}], "symptoms": ["asymptomatic"]})
    assert not any(row.startswith("complaints: ") for row in quiet.not_stated)


def test_medicines_are_words_of_the_history_or_shown_back() -> None:
    case = {"findings": [], "medications": ["Warfarin 5 mg", "calcium carbonate", "St. John's wort", "lithium-ion"]}
    asked = question(case, Doubts())
    assert {"warfarin", "calcium_antacid_use"} <= asked.facts["history"]
    assert asked.shown_back["medications"] == ["St. John's wort"]


def test_free_text_is_shown_back_and_never_reasoned_upon() -> None:
    case = {"age": 60, "findings": [{"site": "lung", "pattern": ["central"], "note": "massive haemoptysis, cancer"}]}
    plain = {"age": 60, "findings": [{"site": "lung", "pattern": ["central"]}]}
    told, silent = explain({**case, "history_text": "collapse"}).record(), explain(plain).record()
    assert told["shown_back"] == {"history_text": "collapse", "finding_notes": ["massive haemoptysis, cancer"]}
    for key in ("red_flags", "types", "causes", "tests", "urgency"):
        assert told[key] == silent[key]


def test_units_are_one_of_two() -> None:
    with pytest.raises(UsageError, match="mg/dL or mmol/L"):
        explain({"findings": []}, units="mg")
