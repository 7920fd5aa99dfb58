"""grades(): placed where the scale holds, refused with the reason everywhere else."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from calcimetry.core.case import ImageInfo
from calcimetry.core.image import Contrast
from calcimetry.core.measurement import Grade, Score
from calcimetry.core.study import Subject
from calcimetry.grade import GradeSettings, grades, tables_used

GATED = ImageInfo(
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

NOBODY = Subject()


def score(value: float | None, structure: str = "total", site: str = "coronary_artery", **more: object) -> Score:
    return Score(name="agatston", site=site, structure=structure, image="i1", value=value, unit="1", **more)


def arteries(lm: float, lad: float, lcx: float, rca: float) -> list[Score]:
    names = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")
    return [
        score(sum((lm, lad, lcx, rca))),
        *(score(v, n) for n, v in zip(names, (lm, lad, lcx, rca), strict=True)),
    ]


def grade(scores: list[Score], scale: str, image: ImageInfo = GATED, subject: Subject = NOBODY, **more) -> Grade:
    found = grades(scores, subject, [image], settings=GradeSettings(scales=(scale,)), **more)
    return found[0]


@pytest.mark.parametrize(
    "parts, total, cac_drs, rumberger, acc_2026",
    [
        ((0, 110, 25, 50), 185, "A2/N3", "moderate", "moderate"),  # A17
        ((5, 60, 0, 35), 100, "A2/N3", "mild", "moderate"),  # A18
        ((0, 0, 0, 0), 0, "A0/N0", "none", "zero"),
        ((1, 400, 1, 1), 403, "A3/N4", "extensive", "severe"),
    ],
)
def test_whole_coronary_tree(parts, total, cac_drs, rumberger, acc_2026) -> None:
    scores = arteries(*parts)
    assert scores[0].value == total
    found = {(g.scale, g.edition): g for g in grades(scores, Subject(), [GATED])}
    assert found["CAC-DRS", "2018"].category == cac_drs
    assert found["CAC-DRS", "2018"].status == "final"
    assert found["CAC-DRS", "2018"].reason is None
    assert found["Rumberger", "1999"].category == rumberger
    assert found["ACC/AHA", "2026"].category == acc_2026
    assert ("Non-gated words", "2020") not in found


def test_vessel_number_is_never_guessed() -> None:
    alone = grade([score(402.0)], "cac_drs")
    assert (alone.category, alone.status, alone.reason) == ("A3", "final", "vessel number unknown")
    scores = arteries(0, 300, 50, 52)
    one_withheld = [
        dataclasses.replace(s, value=None, status="withheld") if s.structure == "left_main" else s for s in scores
    ]
    assert grade(one_withheld, "cac_drs").category == "A3"
    calcium_outside_the_four = [score(10.0), *arteries(0, 0, 0, 0)[1:]]
    assert grade(calcium_outside_the_four, "cac_drs").category == "A1"


def test_unknown_or_missing_gating_makes_an_estimate() -> None:
    for gated, text in ((False, "without ECG gating"), (None, "whether the scan was ECG-gated")):
        image = dataclasses.replace(GATED, gated=gated)
        found = grade([score(50.0)], "rumberger", image)
        assert (found.category, found.status) == ("mild", "estimated")
        assert text in str(found.reason)
        assert grade([score(0.0)], "non_gated_words", image).meaning.startswith("No calcium seen on a non-gated scan")
        assert grade([score(350.0)], "non_gated_words", image).category == "moderate or severe"


@pytest.mark.parametrize("state", ["given", "suspected"])
def test_contrast_withholds(state) -> None:
    found = grade([score(50.0)], "cac_drs", dataclasses.replace(GATED, contrast=Contrast(state)))
    assert (found.category, found.status, found.meaning) == (None, "withheld", None)
    assert "contrast" in str(found.reason)


def test_withheld_score_withholds_every_grade_with_its_reason() -> None:
    withheld = score(None, status="withheld", reason="kV missing: found none, expected 120")
    found = grades([withheld], Subject(), [GATED])
    assert len(found) >= 4
    assert {(g.category, g.status, g.reason) for g in found} == {(None, "withheld", withheld.reason)}


def test_thick_slices() -> None:
    at = {
        t: grade([score(50.0)], "rumberger", dataclasses.replace(GATED, thickness_mm=t)) for t in (2.5, 3.0, 5.0, 6.0)
    }
    assert [g.status for g in at.values()] == ["final", "final", "final", "estimated"]
    assert at[3.0].reason is None
    assert "thicker than 3 mm" in str(at[5.0].reason)


def test_stent_and_adapted_voltage() -> None:
    stent = Subject(facts={"coronary_stent_or_bypass": True})
    assert grade([score(50.0)], "rumberger", subject=stent).status == "withheld"
    low = dataclasses.replace(GATED, kvp=100.0)
    adapted = score(50.0, settings={"adapted": True}, status="equivalent", reason="limits of 100 kV")
    found = grade([adapted], "rumberger", low)
    assert found.status == "estimated"
    assert found.reason == "limits of 100 kV"  # said once, by the score
    silent = dataclasses.replace(adapted, status="final", reason=None)
    assert "adapted to the tube voltage" in str(grade([silent], "rumberger", low).reason)


def test_editions_follow_the_study_date() -> None:
    def editions(as_of):
        found = grades([score(50.0)], Subject(), [GATED], as_of=as_of, settings=GradeSettings(scales=("acc_aha",)))
        return [(g.edition, g.category) for g in found]

    assert editions("20200501") == [("2018/2019", "1-99"), ("2026", "mild")]
    assert editions(datetime.date(2026, 6, 1)) == [("2026", "mild")]
    image = dataclasses.replace(GATED, study_date=None)
    both = grades([score(50.0)], Subject(), [image], settings=GradeSettings(scales=("acc_aha",)))
    assert [g.edition for g in both] == ["2018/2019", "2026"]
    early = grades([score(50.0)], Subject(), [GATED], as_of="1998-01-01", settings=GradeSettings(scales=("cac_drs",)))
    assert [(g.edition, g.category) for g in early] == [("2018", "A1")]
    assert "younger than the study of 1998-01-01" in str(early[0].reason)


def test_interval_across_a_limit_is_said() -> None:
    found = grade([score(99.0, interval95=(88.0, 110.0))], "cac_drs")
    assert found.category == "A1"
    assert "from A1 to A2" in str(found.reason)


def test_every_sentence_carries_status_and_no_therapy() -> None:
    for g in grades(arteries(0, 110, 25, 50), Subject(), [GATED]):
        if g.status != "withheld":
            assert "Status of this knowledge:" in str(g.meaning)
        text = f"{g.category} {g.meaning} {g.reason}".lower()
        assert not any(word in text for word in ("aspirin", "statin", "should take", "treat with"))


def test_tables_behind_grades_are_listed_with_their_hash() -> None:
    used = tables_used(grades([score(50.0)], Subject(), [GATED]))
    assert "scales/cac_drs" in {t.id for t in used}
    assert all(len(t.sha256) == 64 and t.edition for t in used)
