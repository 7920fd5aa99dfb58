"""Findings of mammograms become the findings of a case, and what is said of them fits the suggested range."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.errors import InputError
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Contrast, Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.core.study import Subject
from calcimetry.core.word import Word
from calcimetry.explain import case_of, explain, template

BOX = ((0, 0, 0), (1, 1, 1))
SAMPLE = "stereotactic_vacuum_biopsy"


def image(name: str, side: str | None = "L") -> ImageInfo:
    return ImageInfo(
        id=name, modality="MG", series_uid=None, study_date="2026-02-03", view="CC", laterality=side, thickness_mm=None,
        files=1, shape=(1, 4, 4), spacing_mm=(0.1, 0.1), kvp=28.0, kernel=None, contrast=Contrast(), gated=None,
        used_for=("breast",),
    )  # fmt: skip


def view(name: str, side: str | None = "L", **known: Any) -> Projection:
    known = {"view": "CC", "laterality": side, "kind": "mammogram", "pixel_mm": (0.1, 0.1), **known}
    return Projection(name, np.zeros((4, 4), np.uint16), Acquisition("MG"), **known)


def group(name: str, form: str | None, lies: str | None, at: str = "i1", side: str | None = "L", **more: Any) -> Group:
    members = tuple(f"{name}.{n}" for n in range(12))
    known = {"reported": True, "morphology": form, "distribution": lies, "laterality": side, **more}
    return Group(name, at, members, 0.9, center_index=(0.0, 0.0, 0.0), bounds_index=BOX, **known)


def lesion(name: str, *pattern: str, at: str = "i1", side: str | None = "L", **more: Any) -> Lesion:
    where = (0.0, 0.0, 0.0)
    return Lesion(
        name, at, 1, "calcification", where, None, BOX, (0, 0, 0), site="breast", laterality=side, pattern=pattern,
        **more,
    )  # fmt: skip


def case(*groups: Group, lesions: tuple[Lesion, ...] = (), views: tuple[Projection, ...] = ()) -> Case:
    views = views or (view("i1"), view("i2", view="MLO"))
    return Case(
        subject=Subject(age_years=55, sex="female"), images=tuple(image(v.id, v.laterality) for v in views),
        groups=groups, lesions=lesions, pixels={v.id: v for v in views},
    )  # fmt: skip


MAGNIFIED = (view("i1"), view("i2", view="MLO"), view("i3", view_modifiers=("magnification",)))
COMPLETE = (*MAGNIFIED, view("i4", view="ML"))


def findings(one: Case, stated: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    found = case_of(one, stated)
    return [] if found is None else found["findings"]


def said(one: Case, stated: dict[str, Any] | None = None) -> dict[str, Any]:
    values = case_of(one, stated)
    assert values is not None
    return explain(values).record()


def steps(record: dict[str, Any]) -> list[str]:
    return [test["id"] for test in record["tests"]]


def test_a_reported_group_is_a_finding_with_its_words() -> None:
    one = group("G1", "br_amorphous", "grouped", measures={"extent": Measurement(8.5, "mm")})
    found = case_of(case(one))
    assert found is not None
    assert found["modality"] == "mammography"
    assert found["findings"] == [
        {
            "site": "breast", "views_complete": False, "unconfirmed_on": "screening", "laterality": "left",
            "pattern": ["br_amorphous"], "distribution": ["grouped"], "count": 12, "size_mm": 8.5,
        }
    ]  # fmt: skip


def test_what_is_not_reported_not_counted_or_without_a_word_explains_nothing() -> None:
    quiet = (
        lesion("L1", "br_rim", counted=False), lesion("L2"), lesion("L3", "br_fine_linear"),
        lesion("L4", "br_rim", words=(Word("br_rim", 0.5), Word("br_fine_pleomorphic", 0.45))),
    )  # fmt: skip
    assert case_of(case(group("G1", "br_fine_linear", "linear", reported=False), lesions=quiet)) is None
    assert case_of(case()) is None


def test_benign_calcium_of_two_views_is_counted_in_the_one_that_shows_most() -> None:
    rings = (lesion("L1", "br_rim"), lesion("L2", "br_rim", at="i2"), lesion("L3", "br_rim", at="i2"))
    dots = tuple(lesion(f"L{n}", "br_round") for n in (4, 5))
    found = [(row["pattern"], row["count"], row.get("distribution")) for row in findings(case(lesions=(*rings, *dots)))]
    assert found == [(["br_rim"], 2, None), (["br_round"], 2, "multiple")]


def test_members_of_a_reported_group_are_said_by_the_group_alone() -> None:
    member = lesion("G1.0", "br_rim")
    assert len(findings(case(group("G1", "br_amorphous", "grouped"), lesions=(member,)))) == 1


def test_groups_of_two_views_that_are_the_same_are_one_finding_with_the_word_of_most_concern() -> None:
    first = group("G1", "br_amorphous", "grouped", seen_in=("G3",))
    other = group("G2", "br_round", "grouped", side="R", at="i5")
    second = group("G3", "br_fine_pleomorphic", "linear", at="i2")
    found = findings(case(first, other, second, views=(*MAGNIFIED[:2], view("i5", "R"))))
    assert [row["laterality"] for row in found] == ["left", "right"]
    assert found[0]["pattern"] == ["br_fine_pleomorphic", "br_amorphous"]
    assert found[0]["distribution"] == ["grouped", "linear"]


def test_a_word_that_is_not_sure_brings_the_other_one_along() -> None:
    unsure = group("G1", "br_rim", "grouped", words=(Word("br_rim", 0.5), Word("br_amorphous", 0.4)))
    record = said(case(unsure))
    assert record["urgency"] == "within_2_weeks"
    assert "diagnostic_mammography_magnification" in steps(record)


@pytest.mark.parametrize("form", ["br_amorphous", "br_coarse_heterogeneous", "br_fine_pleomorphic", "br_fine_linear"])
@pytest.mark.parametrize("lies", ["grouped", "linear", "segmental", "regional", "diffuse", None])
def test_screening_views_lead_to_further_views_and_never_straight_to_a_sample(form: str, lies: str | None) -> None:
    record = said(case(group("G1", form, lies)))
    assert steps(record)[:2] == ["diagnostic_mammography_magnification", "compare_prior_images"]
    assert SAMPLE not in steps(record)
    assert record["follow_up"]["kind"] == "specialist_decides"
    assert record["urgency"] == ("routine" if (form, lies) == ("br_amorphous", "diffuse") else "within_2_weeks")
    assert not any("sample" in text for text in record["texts"]["patient"])


@pytest.mark.parametrize("lies", ["grouped", "linear", "segmental", "regional", None])
@pytest.mark.parametrize("form", ["br_round", None])
def test_a_reported_group_is_never_sent_back_to_screening(form: str | None, lies: str | None) -> None:
    record = said(case(group("G1", form, lies)))
    assert "diagnostic_mammography_magnification" in steps(record)
    assert record["follow_up"]["kind"] == "specialist_decides"
    assert [one["id"] for one in record["referrals"]] == ["breast_clinic"]
    assert not record["follow_up"]["no_further_imaging"]


@pytest.mark.parametrize("history", [["breast_cancer_treated"], []])
@pytest.mark.parametrize("sex", ["female", "male"])
def test_neither_history_nor_sex_makes_a_sample_of_a_program_s_word(history: list[str], sex: str) -> None:
    record = said(case(group("G1", "br_fine_linear", "segmental")), {"history": history, "sex": sex})
    assert SAMPLE not in steps(record)
    assert record["urgency"] == "within_2_weeks"


def test_with_magnification_views_the_sample_is_named() -> None:
    record = said(case(group("G1", "br_fine_linear", "segmental"), views=MAGNIFIED))
    assert SAMPLE in steps(record)
    assert record["follow_up"]["kind"] == "after_biopsy"


def test_a_round_group_is_followed_only_with_all_views() -> None:
    dots = group("G1", "br_round", "grouped")
    assert said(case(dots, views=COMPLETE))["follow_up"]["months"] == [6, 12, 24]
    assert "diagnostic_mammography_magnification" in steps(said(case(dots, views=MAGNIFIED)))
    around = group("G1", "br_round", "regional")
    assert "diagnostic_mammography_magnification" in steps(said(case(around, views=MAGNIFIED)))


@pytest.mark.parametrize(
    ("word", "who"), [("br_rim", "none"), ("br_coarse_popcorn", "none"), ("br_vascular", "primary_care")]
)
def test_benign_calcium_alone_changes_nothing_for_the_breast(word: str, who: str) -> None:
    record = said(case(lesions=(lesion("L1", word),)))
    assert record["follow_up"]["kind"] == "routine_screening"
    assert [one["id"] for one in record["referrals"]] == [who]
    assert SAMPLE not in steps(record)
    assert record["red_flags"] == []


def test_benign_calcium_beside_a_group_does_not_soften_what_is_said_of_it() -> None:
    both = said(case(group("G1", "br_fine_linear", "linear"), lesions=(lesion("L1", "br_vascular"),)))
    assert both["urgency"] == "within_2_weeks"
    assert both["follow_up"]["kind"] == "specialist_decides"
    assert "annual_mammography" not in steps(both)


def test_what_a_person_says_of_one_side_leaves_the_other() -> None:
    views = (view("i1"), view("i2", "R"))
    one = case(group("G1", "br_round", "grouped"), group("G2", "br_round", "grouped", "i2", "R"), views=views)
    typed = {"site": "breast", "laterality": "left", "pattern": ["br_rim"]}
    assert [row.get("laterality") for row in findings(one, {"findings": [typed]})] == ["left", "right"]
    assert findings(one, {"findings": [{"site": "breast"}]}) == [{"site": "breast"}]


def test_a_case_read_back_has_no_views_and_is_taken_for_screening() -> None:
    (row,) = findings(replace(case(group("G1", "br_amorphous", "grouped"), views=COMPLETE), pixels={}))
    assert (row["views_complete"], row["unconfirmed_on"]) == (False, "screening")


def test_a_typed_case_is_read_as_before() -> None:
    record = explain(
        {"findings": [{"site": "breast", "pattern": ["br_amorphous"], "distribution": "grouped"}]}
    ).record()
    assert steps(record)[0] == SAMPLE
    assert not any("no reader has confirmed" in text for text in record["texts"]["clinician"])


def test_no_published_share_is_told_to_the_person_for_a_word_that_no_reader_confirmed() -> None:
    stated = {"site": "breast", "pattern": ["br_amorphous"], "distribution": ["grouped"], "views_complete": True}
    person = {"age": {"value": 55, "unit": "a"}, "sex": "female", "modality": "mammography"}
    read = explain({**person, "findings": [stated]}).record()["texts"]["patient"]
    assert any("20" in text for text in read)
    assert not any(
        "20" in text for text in said(case(group("G1", "br_amorphous", "grouped"), views=COMPLETE))["texts"]["patient"]
    )


def test_of_two_distributions_the_share_of_neither_is_told_where_one_is_of_concern() -> None:
    stated = {
        "site": "breast",
        "pattern": ["br_amorphous"],
        "distribution": ["grouped", "linear"],
        "views_complete": True,
    }
    texts = explain({"modality": "mammography", "findings": [stated]}).record()["texts"]
    assert "amorphous, grouped, linear" in " ".join(texts["clinician"])
    assert not any("20" in text for text in texts["patient"])


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("history", [[], ["breast_cancer_treated"]])
def test_a_lump_is_answered_though_nothing_was_found(sex: str, history: list[str]) -> None:
    record = said(case(), {"symptoms": ["palpable_lump"], "sex": sex, "history": history})
    assert record["urgency"] == "within_2_weeks"
    assert [flag["id"] for flag in record["red_flags"]] == ["R10"]
    assert {"clinical_examination", "breast_ultrasound"} <= set(steps(record))
    assert SAMPLE not in steps(record)
    assert [one["id"] for one in record["referrals"]] == ["breast_clinic"]
    assert not any("The breast X-ray shows calcium" in text for text in record["texts"]["patient"])
    assert "no calcified lesion counted" in record["texts"]["clinician"][0]
    assert case_of(case(), {"symptoms": ["cough"]}) is None


def test_both_texts_say_that_no_reader_has_confirmed_the_words() -> None:
    texts = said(case(group("G1", "br_amorphous", "grouped")))["texts"]
    assert "no reader has confirmed them" in " ".join(texts["clinician"])
    assert "no reader has checked it yet" in " ".join(texts["patient"])
    typed = explain({"findings": [{"site": "breast", "pattern": ["br_amorphous"]}]}).record()["texts"]
    assert not any("no reader" in text for who in typed.values() for text in who)


def test_groups_of_one_breast_with_the_same_words_are_said_once() -> None:
    extents = [{"extent": Measurement(size, "mm")} for size in (4.0, 9.0)]
    first, second = (group(f"G{n}", "br_amorphous", "grouped", measures=known) for n, known in enumerate(extents))
    other = group("G3", "br_amorphous", None)
    right = group("G4", "br_amorphous", "grouped", side="R", at="i5")
    found = findings(case(first, other, second, right, views=(*MAGNIFIED[:2], view("i5", "R"))))
    assert [(row["laterality"], row.get("distribution"), row["count"], row.get("size_mm")) for row in found] == [
        ("left", ["grouped"], 24, 9.0), ("left", None, 12, None), ("right", ["grouped"], 12, None),
    ]  # fmt: skip


def test_the_key_of_a_program_is_not_asked_of_a_person() -> None:
    (row,) = template("breast")["findings"]
    assert "views_complete" in row
    assert "unconfirmed_on" not in row
    with pytest.raises(InputError, match="unconfirmed_on"):
        explain({"findings": [{"site": "breast", "unconfirmed_on": "nowhere"}]})
