"""``calcimetry explain``: one document on stdout, faults on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcimetry.cli import app
from calcimetry.core.errors import InputError, UnknownIdError, UsageError
from calcimetry.core.study import Subject
from calcimetry.explain import explain, template, vocabulary
from calcimetry.read import subject_file

CASE = {
    "schema": "calcimetry-case/1",
    "age": {"value": 60, "unit": "a"},
    "sex": "male",
    "findings": [{"site": "lung", "pattern": ["eccentric"], "size_mm": 7}],
    "history": ["smoking"],
    "symptoms": ["asymptomatic"],
}


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["explain", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(CASE))
    return path


def test_json_is_one_document_of_the_contract(case: Path) -> None:
    got = json.loads(run(case, "--format", "json", "--as-of", "2026-11-25"))
    assert got["schema"] == "calcimetry-explanation/1"
    assert got["follow_up"]["kind"] == "imaging_months"
    assert (got["follow_up"]["months"], got["follow_up"]["due"]) == ([6, 12], "2027-05-25")
    for key in (
        "red_flags", "metabolic_patterns", "types", "causes", "tests", "referrals", "urgency", "follow_up", "withheld",
        "texts",
    ):  # fmt: skip
        assert key in got
    assert set(got["texts"]) >= {"clinician", "patient"}


def test_text_for_each_audience(case: Path) -> None:
    clinician, patient = run(case), run(case, "--audience", "patient")
    assert "Urgency: routine" in clinician
    assert "imaging_months" in clinician
    assert patient.strip()
    assert "imaging_months" not in patient


def test_the_due_date_follows_the_stated_epoch(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert json.loads(run(case, "--format", "json"))["follow_up"]["due"] == "1970-07-01"


def test_laboratory_files_join_the_case(case: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text("analyte,value,unit\ncalcium_total,3.7,mmol/L\nunknown_one,3,mmol/L\n")
    got = json.loads(run(case, "--labs", labs, "--format", "json", "--units", "mmol/L"))
    assert got["urgency"] == "now"
    assert got["laboratory"][0]["unit"] == "mmol/L"


def test_wrong_use(case: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--template"):
        run()
    with pytest.raises(UnknownIdError, match="lung"):
        run("--template", "lungs")
    with pytest.raises(UsageError, match="--prepare"):
        run(case, "--format", "html")
    bad = tmp_path / "bad.json"
    bad.write_text('{"findings": [{"site": "lungs"}]}')
    with pytest.raises(InputError, match="Nearest: lung"):
        run(bad)
    for name, text in (("a.json", "{"), ("b.toml", "= 1"), ("c.txt", "{}"), ("d.json", "[]")):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=name):
            run(tmp_path / name)


@pytest.mark.parametrize("site", vocabulary.words("site"))
def test_a_template_is_a_case_that_states_nothing(site, tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text(json.dumps(template(site)))
    assert subject_file(path) == Subject()
    got = explain(path)
    assert got.urgency != "now"
    assert [row.site for row in got.readings] in ([site], [], [site, site])
    assert got.withheld or got.not_stated or got.types


def test_a_template_names_the_words_that_its_rules_know() -> None:
    made = json.loads(run("--template", "kidney_mass"))
    assert made["findings"][0]["grade"] is None
    assert "septa_or_nodule" in made["note"]


@pytest.mark.parametrize("option", ["--prepare", "--letter"])
@pytest.mark.parametrize("form", ["text", "html", "json", "fhir"])
def test_pages_for_the_visit(case: Path, option, form) -> None:
    said = run(case, option, "--format", form)
    if form in {"json", "fhir"}:
        assert json.loads(said)
    else:
        assert ("<html" in said) == (form == "html")
