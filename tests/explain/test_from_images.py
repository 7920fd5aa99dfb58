"""Findings of an image become the findings of a case."""

from __future__ import annotations

import datetime
from dataclasses import replace

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.image import Contrast
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score
from calcimetry.core.study import Subject
from calcimetry.explain import case_of
from calcimetry.run.explained import explained, newest_day

PLACES = {"spacing_mm": None, "kernel": None, "view": None, "laterality": None, "series_uid": None}
IMAGE = ImageInfo(
    id="i1", modality="CT", study_date="2026-02-03", thickness_mm=3.0, files=1, shape=(4, 8, 8), kvp=120.0,
    contrast=Contrast(), gated=True, used_for=("coronary_artery",), **PLACES,
)  # fmt: skip


def lesion(site: str, *, counted: bool = True, kind: str = "calcification") -> Lesion:
    where = (0.0, 0.0, 0.0)
    return Lesion("L1", "i1", 1, kind, where, where, ((0, 0, 0), (1, 1, 1)), (0, 0, 0), site=site, counted=counted)  # type: ignore[arg-type]


def score(value: float | None, status: str = "final", site: str = "coronary_artery") -> Score:
    return Score("agatston", site, "total", "i1", value, "1", status=status)  # type: ignore[arg-type]


def case(*scores: Score, lesions: tuple[Lesion, ...] = ()) -> Case:
    return Case(subject=Subject(age_years=61, sex="male"), images=(IMAGE,), scores=scores, lesions=lesions)


def test_a_final_score_is_read_and_an_equivalent_one_is_not() -> None:
    found = case_of(case(score(240.0), lesions=(lesion("coronary_artery"),)))
    assert found is not None
    assert found["findings"] == [{"site": "coronary_artery", "agatston": 240.0, "count": 1}]
    assert (found["age"], found["sex"], found["modality"]) == ({"value": 61, "unit": "a"}, "male", "ct_gated")
    rough = case_of(case(score(240.0, "equivalent"), lesions=(lesion("coronary_artery"),)))
    assert rough is not None
    assert rough["findings"] == [{"site": "coronary_artery", "count": 1}]


def test_a_score_of_zero_is_a_finding_of_the_coronary_arteries_alone() -> None:
    assert case_of(case(score(0.0)))["findings"] == [{"site": "coronary_artery", "agatston": 0.0}]  # type: ignore[index]
    assert case_of(case(score(0.0, site="aortic_valve"))) is None
    assert case_of(case(score(None, "withheld"))) is None


def test_what_does_not_count_explains_nothing() -> None:
    quiet = (lesion("lung", counted=False), lesion("unassigned"), lesion("lung", kind="metal"))
    assert case_of(case(lesions=quiet)) is None


def test_what_a_person_s_file_says_of_a_site_wins() -> None:
    stated = {"age": {"value": 70, "unit": "a"}, "findings": [{"site": "coronary_artery", "agatston": 12}], "sex": None}
    found = case_of(case(score(240.0), lesions=(lesion("coronary_artery"), lesion("aortic_valve"))), stated)
    assert found is not None
    assert found["age"]["value"] == 70
    assert found["sex"] == "male"
    assert found["findings"] == [{"site": "coronary_artery", "agatston": 12}, {"site": "aortic_valve", "count": 1}]


def test_the_record_of_an_analysis_holds_the_explanation() -> None:
    done = explained(case(score(240.0), lesions=(lesion("coronary_artery"),)), {"symptoms": ["chest_pain_rest"]})
    assert done.explanation is not None
    assert done.explanation["urgency"] == "now"
    assert done.explanation["follow_up"]["due"] == "2026-02-03"
    assert "reasoning/heart" in {table.id for table in done.provenance.tables}
    assert explained(case(), None).explanation is None


def test_a_day_that_no_calendar_has_gives_no_date() -> None:
    wrong = ImageInfo(**{name: getattr(IMAGE, name) for name in IMAGE.__slots__} | {"study_date": "2026-02-31"})
    assert newest_day(Case(images=(wrong,))) is None
    assert newest_day(Case(images=(IMAGE, wrong))) == datetime.date(2026, 2, 3)


def test_a_lesion_that_two_series_show_is_counted_once() -> None:
    again = replace(lesion("coronary_artery"), id="L2", image="i2")
    thick = replace(score(200.0, "equivalent"), image="i2")
    found = case_of(case(score(240.0), thick, lesions=(lesion("coronary_artery"), again)))
    assert found is not None
    assert found["findings"] == [{"site": "coronary_artery", "agatston": 240.0, "count": 1}]


def test_of_two_final_scores_the_one_that_shows_most_is_read() -> None:
    found = case_of(case(score(240.0), replace(score(0.0), image="i2"), lesions=(lesion("coronary_artery"),)))
    assert found is not None
    assert found["findings"] == [{"site": "coronary_artery", "agatston": 240.0, "count": 1}]


def test_an_unlikely_site_explains_nothing() -> None:
    faint = replace(lesion("myocardium"), evidence={"site_probability": 0.4})
    assert case_of(case(lesions=(faint,))) is None
    sure = replace(faint, evidence={"site_probability": 0.9})
    assert case_of(case(lesions=(sure,)))["findings"] == [{"site": "myocardium", "count": 1}]  # type: ignore[index]
