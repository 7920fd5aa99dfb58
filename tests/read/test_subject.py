"""The case file: words are strict, values are weighed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calcimetry.core.errors import InputError
from calcimetry.read import subject_file, subject_notes

CASE = {
    "schema": "calcimetry-case/1",
    "age": {"value": 61, "unit": "a"},
    "sex": "female",
    "ethnicity": "white",
    "smoker": False,
    "total_cholesterol_mg_dl": 190,
    "history": ["diabetes", "ckd"],
    "medications": ["warfarin"],
    "findings": [{"site": "coronary_artery", "pattern": ["coarse"], "laterality": "left", "distribution": "grouped"}],
    "labs": [{"analyte": "calcium_total", "value": 9.4, "unit": "mg/dL"}],
    "prior": {"available": True, "status": "stable"},
}


def written(path: Path, case: object) -> Path:
    path.write_text(json.dumps(case))
    return path


def test_what_is_used(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", CASE)
    person = subject_file(path)
    assert (person.age_years, person.sex, person.ethnicity) == (61, "female", "white")
    assert person.facts == {"diabetes": True, "smoker": False, "total_cholesterol_mg_dl": 190}
    assert subject_notes(path) == ()


def test_the_three_spellings_agree(tmp_path: Path) -> None:
    plain = written(tmp_path / "a.json", {"age": 61, "sex": "male", "history": ["diabetes"]})
    toml = tmp_path / "a.toml"
    toml.write_text('age = 61\nsex = "male"\nhistory = ["diabetes"]\n')
    yaml = tmp_path / "a.yaml"
    yaml.write_text("age: 61\nsex: male\nhistory: [diabetes]\n")
    assert subject_file(plain) == subject_file(toml) == subject_file(yaml)


@pytest.mark.parametrize("value, unit, years", [(18, "mo", 1.5), (52, "wk", 0.997), (73, "d", 0.2), (40, "a", 40)])
def test_units_of_age(tmp_path: Path, value: float, unit: str, years: float) -> None:
    path = written(tmp_path / "a.json", {"age": {"value": value, "unit": unit}})
    assert subject_file(path).age_years == pytest.approx(years, abs=1e-3)


@pytest.mark.parametrize(
    "case, words",
    [
        ({"agee": 4}, "unknown key 'agee'. Nearest: age"),
        ({"sex": "femal"}, "unknown sex 'femal'. Nearest: female, male"),
        ({"history": ["diabetis"]}, "unknown history 'diabetis'. Nearest: diabetes"),
        ({"symptoms": ["pain_in_breast"]}, "unknown symptom"),
        ({"findings": [{"site": "heart"}]}, "unknown site 'heart'"),
        ({"findings": [{"sight": "x"}]}, "unknown key of findings 'sight'. Nearest: site"),
        ({"findings": [{"pattern": ["dots"]}]}, "unknown pattern"),
        ({"labs": [{"analyte": "calcium"}]}, "unknown analyte 'calcium'. Nearest: calcium_"),
        ({"age": {"value": 4, "unit": "years"}}, "unknown unit of age"),
        ({"gated": True}, "unknown key 'gated'"),
        ({"history": "diabetes"}, "is no list"),
        ({"findings": ["x"]}, "holds no keys"),
        ({"schema": "other/1"}, "another kind of file"),
        ([1], "holds no keys"),
    ],
)
def test_unknown_words_are_refused_with_the_nearest(tmp_path: Path, case: object, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("'", ".").replace("(", ".")) as caught:
        subject_file(written(tmp_path / "a.json", case))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "case, gone",
    [
        ({"age": 400}, "age_years"),
        ({"age": -1}, "age_years"),
        ({"age": "old"}, "age_years"),
        ({"sbp_mm_hg": 4000}, "sbp_mm_hg"),
        ({"smoker": "sometimes"}, "smoker"),
        ({"sex": "male", "pregnant": True}, "pregnant"),
        ({"height_cm": 3}, "height_cm"),
    ],
)
def test_impossible_values_are_not_used_and_named(tmp_path: Path, case: dict[str, object], gone: str) -> None:
    path = written(tmp_path / "a.json", case)
    person = subject_file(path)
    assert person.age_years is None
    assert gone not in person.facts
    (note,) = subject_notes(path)
    assert note.code == "subject-value-not-used"
    assert gone in note.text


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.json", b"{"),
        ("a.toml", b"x = "),
        ("a.yaml", b"a: [1"),
        ("a.json", b"\xff\xfe"),
        ("a.txt", b"{}"),
        ("a.json", b"[" * 100000),
    ],
)
def test_unreadable(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        subject_file(tmp_path / name)


def test_missing_and_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such"):
        subject_file(tmp_path / "none.json")
    (tmp_path / "big.json").write_text('"' + " " * (1 << 20) + '"')
    with pytest.raises(InputError, match="too large"):
        subject_file(tmp_path / "big.json")


@pytest.mark.shared_data
def test_worked_vignettes_are_accepted(shared_data: Path, tmp_path: Path) -> None:
    worked = json.loads((shared_data.parent / "clinical" / "example_vignettes.json").read_text())
    cases = worked.get("vignettes") or worked["cases"]
    assert len(cases) == 15
    for case in cases:
        assert subject_file(written(tmp_path / "v.json", case.get("case") or case["input"])).sex in ("female", "male")
