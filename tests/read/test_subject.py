"""The case file: words are strict, values are weighed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calcimetry.core.errors import InputError
from calcimetry.read import subject_file, subject_notes, subject_with_notes

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
    "text, gone",
    [
        ('{"age": -5}', "age_years"),
        ('{"age": NaN}', "age_years"),
        ('{"age": 1e400}', "age_years"),
        ('{"age": 1' + "0" * 400 + "}", "age_years"),
        ('{"age": {"value": 1' + "0" * 400 + ', "unit": "mo"}}', "age_years"),
        ('{"sbp_mm_hg": Infinity}', "sbp_mm_hg"),
        ('{"hdl_mg_dl": 1' + "0" * 400 + "}", "hdl_mg_dl"),
        ('{"sex": "male", "pregnant": true}', "pregnant"),
    ],
)
def test_what_was_stated_and_not_used_is_marked(tmp_path: Path, text: str, gone: str) -> None:
    (tmp_path / "a.json").write_text(text)
    person, notes, withheld = subject_with_notes(tmp_path / "a.json")
    assert withheld == {gone}
    assert [n.code for n in notes] == ["subject-value-not-used"]
    assert person.age_years is None
    assert gone not in person.facts
    assert person == subject_file(tmp_path / "a.json")
    assert notes == subject_notes(tmp_path / "a.json")


def test_nothing_is_marked_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert subject_with_notes(written(tmp_path / "a.json", CASE))[1:] == ((), frozenset())
    assert subject_with_notes(written(tmp_path / "a.json", {"sex": "male"}))[2] == frozenset()


@pytest.mark.parametrize(
    "case, words",
    [
        ({"sex": "male", "findings": [{"site": "ovary"}]}, "site ovary does not go with sex male"),
        ({"sex": "female", "findings": [{"site": "prostate"}]}, "site prostate does not go with sex female"),
        ({"sex": "male", "history": ["pregnancy"]}, "history pregnancy does not go with sex male"),
        ({"sex": "female", "symptoms": ["testicular_mass"]}, "symptoms testicular_mass does not go with sex female"),
    ],
)
def test_contradictions_are_questioned(tmp_path: Path, case: dict[str, object], words: str) -> None:
    person, (note,), withheld = subject_with_notes(written(tmp_path / "a.json", case))
    assert (note.code, note.severity) == ("subject-contradiction", "caution")
    assert words in note.text
    assert person.sex == case["sex"]
    assert withheld == frozenset()


@pytest.mark.parametrize("sex", ["female", "other", "unknown", None])
def test_no_contradiction(tmp_path: Path, sex: str | None) -> None:
    case = {"findings": [{"site": "ovary"}], "pregnant": True, **({"sex": sex} if sex else {})}
    assert subject_with_notes(written(tmp_path / "a.json", case))[1] == ()


@pytest.mark.parametrize(
    "name, content, key",
    [
        ("a.json", '{"age": 61, "sex": "male", "age": 16}', "age"),
        ("a.json", '{"findings": [{"site": "ovary", "site": "liver"}]}', "site"),
        ("a.yaml", "age: 61\nsex: male\nage: 16\n", "age"),
        ("a.yaml", "findings:\n  - site: ovary\n    site: liver\n", "site"),
        ("a.toml", "age = 61\nage = 16\n", ""),
    ],
)
def test_a_key_may_stand_once(tmp_path: Path, name: str, content: str, key: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=f"the key '{key}' twice" if key else "cannot be read") as caught:
        subject_file(tmp_path / name)
    assert caught.value.exit_code == 3


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
