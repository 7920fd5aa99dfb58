"""Every refusal of percentiles, risk, arterial age and valve scales, each with its reason."""

from __future__ import annotations

import dataclasses

import pytest

from calcimetry.core.case import ImageInfo
from calcimetry.core.image import Contrast
from calcimetry.core.measurement import Grade, Score
from calcimetry.core.study import Subject
from calcimetry.grade import GradeSettings, grades, rule, scale, scales
from calcimetry.grade.scales import needs

IMAGE = ImageInfo(
    id="i1",
    modality="CT",
    series_uid=None,
    study_date="2020-05-01",
    view=None,
    laterality=None,
    thickness_mm=3.0,
    files=40,
    shape=(40, 512, 512),
    spacing_mm=(3.0, 0.4, 0.4),
    kvp=120.0,
    kernel="FC12",
    contrast=Contrast("none", "plain blood", 45.0),
    gated=True,
)
MAN = Subject(
    age_years=72.6,
    sex="male",
    ethnicity="white",
    facts={"known_cardiovascular_disease": False, "known_coronary_disease": False, "diabetes": False},
)
FACTORS = {
    "smoker": False,
    "lipid_drug": False,
    "bp_drug": False,
    "family_history_mi": False,
    "coronary_stent_or_bypass": False,
    "total_cholesterol_mmol_l": 5.5,
    "hdl_mg_dl": 45.0,
    "sbp_mm_hg": 140.0,
}
ALL_TOLD = dataclasses.replace(MAN, facts=MAN.facts | FACTORS)
PERSONAL = ("mesa_2006", "hoff_2001", "mesa_chd", "arterial_age")


def grade(scale_id: str, value: float = 1200.0, subject: Subject = ALL_TOLD, image: ImageInfo = IMAGE) -> Grade:
    one = scale(scale_id)
    score = Score(name=one.score, site=one.site, structure=one.structure, image="i1", value=value, unit="1")
    return grades([score], subject, [image], settings=GradeSettings(scales=(scale_id,)))[0]


def without(subject: Subject, *names: str) -> Subject:
    facts = {k: v for k, v in subject.facts.items() if k not in names}
    return dataclasses.replace(subject, facts=facts, **{n: None for n in names if n not in subject.facts})


def test_everything_known() -> None:
    found = {name: grade(name) for name in PERSONAL}
    assert {g.status for g in found.values()} == {"final"}
    assert found["mesa_2006"].category == "P85"
    assert "P25 29" in str(found["mesa_2006"].meaning)
    assert found["mesa_2006"].reason is None
    assert found["hoff_2001"].category == "P81"  # 75 + 15 (ln 1201 - ln 893) / (ln 1775 - ln 893) = 81.5
    assert "approximate" in str(found["hoff_2001"].reason)
    assert found["arterial_age"].category == "91 years"  # 39.1 + 7.25 ln 1201 = 90.5
    assert found["mesa_chd"].category.endswith(" %")
    assert found["mesa_chd"].from_ == ("agatston",)


def test_zero_is_no_percentile() -> None:
    assert grade("mesa_2006", 0.0).category == grade("hoff_2001", 0.0).category == "zero"
    assert "14 % of white men of 72 years" in str(grade("mesa_2006", 0.0).meaning)


@pytest.mark.parametrize("scale_id", PERSONAL)
@pytest.mark.parametrize(
    "changes, said",
    [
        ({"gated": False}, "ECG-gated"),
        ({"gated": None}, "not known: whether the scan was ECG-gated"),
        ({"contrast": Contrast("given")}, "contrast"),
        ({"kvp": 100.0}, "tube voltage"),
        ({"thickness_mm": 6.0}, "thicker than 5 mm"),
    ],
)
def test_image_outside(scale_id, changes, said) -> None:
    found = grade(scale_id, image=dataclasses.replace(IMAGE, **changes))
    assert (found.category, found.status, found.meaning) == (None, "withheld", None)
    assert said in str(found.reason)


@pytest.mark.parametrize(
    "scale_id, subject, said",
    [
        ("mesa_2006", without(ALL_TOLD, "ethnicity"), "four groups"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, ethnicity="japanese"), "four groups"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, age_years=44.99), "45 to 84 years"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, age_years=85.0), "45 to 84 years"),
        ("mesa_2006", without(ALL_TOLD, "age_years"), "not known: age"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, age_years=float("nan")), "not known: age"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, sex="other"), "not known: sex"),
        (
            "mesa_2006",
            dataclasses.replace(ALL_TOLD, facts={"myocardial_infarction": True}),
            "no cardiovascular disease",
        ),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, facts={"diabetes": True, "diabetes_treated": True}), "diabetes"),
        ("hoff_2001", dataclasses.replace(ALL_TOLD, age_years=29), "30 years"),
        ("hnr_2014", dataclasses.replace(ALL_TOLD, age_years=76), "45 to 75"),
        ("mesa_chd", dataclasses.replace(ALL_TOLD, age_years=86), "45 to 85"),
        ("mesa_chd", without(ALL_TOLD, "smoker", "sbp_mm_hg"), "smokes now"),
        ("mesa_chd", without(ALL_TOLD, "known_coronary_disease"), "known coronary heart disease"),
        ("mesa_chd", dataclasses.replace(ALL_TOLD, facts=ALL_TOLD.facts | {"hdl_mg_dl": 1.2}), "mg/dL"),
        ("arterial_age", dataclasses.replace(ALL_TOLD, facts={"diabetes": True}), "diabetes"),
        ("mesa_2006", dataclasses.replace(ALL_TOLD, facts={"coronary_stent_or_bypass": True}), "stent"),
        ("avc_ratio", without(ALL_TOLD, "sex"), "sex"),
        ("avc_esc", dataclasses.replace(ALL_TOLD, facts={"valve_prosthesis": True}), "artificial valve"),
    ],
)
def test_person_outside(scale_id, subject, said) -> None:
    found = grade(scale_id, subject=subject)
    assert (found.category, found.status) == (None, "withheld")
    assert said in str(found.reason)


def test_missing_factors_are_all_named() -> None:
    reason = str(grade("mesa_chd", subject=Subject()).reason)
    for word in ("age", "sex", "four groups", "diabetes", "smokes", "HDL", "systolic", "lipid", "heart attack"):
        assert word in reason


def test_unstated_history_is_a_caveat_for_percentiles() -> None:
    found = grade("mesa_2006", subject=dataclasses.replace(MAN, facts={}))
    assert (found.category, found.status) == ("P85", "final")
    assert "known cardiovascular disease" in str(found.reason)
    assert "diabetes" in str(found.reason)


def test_b12_valve_without_sex_prints_both_and_grades_neither() -> None:
    found = grade("avc_esc", 1300.0, Subject())
    assert (found.category, found.status) == (None, "withheld")
    assert "woman: likely, man: unlikely" in str(found.reason)
    assert grade("avc_esc", 1300.0, Subject(sex="female")).category == "likely"
    assert grade("avc_esc", 1300.0, Subject(sex="male")).category == "unlikely"


def test_valve_needs_gating_and_unseen_edition_is_an_estimate() -> None:
    assert grade("avc_esc", 1300.0, image=dataclasses.replace(IMAGE, gated=None)).status == "withheld"
    score = Score("agatston", "aortic_valve", "total", "i1", 2100.0, "1")
    image = dataclasses.replace(IMAGE, study_date="20260301")
    seen, later = grades([score], ALL_TOLD, [image], settings=GradeSettings(scales=("avc_esc",)))
    assert (seen.edition, seen.category, seen.status) == ("2017/2021", "likely", "final")
    assert (later.edition, later.category, later.status) == ("2025", "likely", "estimated")
    assert "uncertain" in str(later.meaning)
    assert "not a basis for decisions" in str(later.reason)
    assert grade("avc_ratio", 1500.0).category == "0.75"


@pytest.mark.parametrize("scale_id", ["mac_guerrero", "aac24", "weston", "bac_csbi", "bac_12_point"])
def test_points_of_a_reader_need_no_scan(scale_id) -> None:
    assert grade(scale_id, 3.0, Subject()).status == "final"


def test_every_scale_can_place_or_refuse_every_score() -> None:
    for one in scales().values():
        for value in (0.0, 0.3, 5.0, 123.4, 5000.0):
            for subject in (Subject(), MAN, ALL_TOLD):
                for gated in (True, False, None):
                    score = Score(one.score, one.site, one.structure, "i1", value, "1")
                    image = dataclasses.replace(IMAGE, gated=gated)
                    for g in grades([score], subject, [image], settings=GradeSettings(scales=(one.id,))):
                        assert (g.category is None) == (g.status == "withheld") == (g.meaning is None)
                        assert g.status != "withheld" or g.reason


def test_an_image_that_is_not_there_leaves_everything_unknown() -> None:
    score = Score("agatston", "coronary_artery", "total", "i9", 50.0, "1")
    found = {g.scale: g for g in grades([score], ALL_TOLD, [])}
    assert found["Rumberger"].status == "estimated"
    assert found["MESA percentile"].status == "withheld"


def test_the_worst_verdict_wins_and_hides_milder_words() -> None:
    wanted = [needs()[n] for n in ("gated_or_estimate", "slices_to_3_mm", "plain_blood")]
    both = rule(wanted, {"gated": False, "thickness_mm": 4.0, "contrast": "none"})
    assert (both.verdict, len(both.reasons)) == ("estimated", 2)
    worst = rule(wanted, {"gated": False, "thickness_mm": 4.0, "contrast": "given"})
    assert (worst.verdict, len(worst.reasons)) == ("withheld", 1)
    assert rule(wanted, {"gated": True, "thickness_mm": 3.0, "contrast": "none"}).reason is None
    assert rule(wanted, {}).missing == ("gated", "thickness_mm", "contrast")
