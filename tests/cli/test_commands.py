"""The command line as a process: what goes to stdout and stderr, and the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from calcimetry import phantom


def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from calcimetry.cli import main; main()", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environment},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom") / "study"
    phantom.write_study(phantom.simulate("thorax-demo", seed=3), folder, seed=3)
    return folder


def test_analyze_prints_one_json_document_that_meets_the_schema(study: Path) -> None:
    import jsonschema

    from calcimetry.report import schema

    done = run("analyze", study / "dicom", "--regions", study / "regions.nii.gz", "--format", "json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    jsonschema.validate(record, schema())
    rows = [(s["name"], s["site"], s["structure"], s["image"]) for s in record["scores"]]
    assert len(rows) == len(set(rows))
    total = next(
        s
        for s in record["scores"]
        if s["name"] == "agatston" and s["structure"] == "total" and s["site"] == "coronary_artery"
    )
    assert total["value"] > 100
    assert record["status"] == "unverified"


def test_the_same_input_gives_the_same_bytes(study: Path) -> None:
    first = run("analyze", study / "dicom", "--format", "json")
    assert first.stdout == run("analyze", study / "dicom", "--format", "json").stdout


def test_out_holds_all_files_and_is_refused_where_it_exists(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "result"
    assert run("analyze", study / "dicom", "--out", out).returncode == 0
    names = {p.name for p in out.iterdir()}
    assert {"analysis.json", "page.html", "lesions.tsv", "scores.tsv", "columns.json", "labels.nii.gz"} <= names
    again = run("analyze", study / "dicom", "--out", out)
    assert again.returncode == 2
    assert run("analyze", study / "dicom", "--out", out, "--overwrite").returncode == 0


def test_spread_stands_inside_the_row(study: Path) -> None:
    done = run("analyze", study / "dicom", "--regions", study / "regions.nii.gz", "--spread", "--format", "json")
    rows = [s for s in json.loads(done.stdout)["scores"] if s["name"] == "agatston" and s["structure"] == "total"]
    assert all(len(s["settings"]["spread"]) > 5 for s in rows if s["value"] is not None)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("analyze", "no-such-folder"), 3, "no such file"),
        (("analyze", "{study}", "--rule", "simens"), 2, "siemens"),
        (("analyze", "{study}", "--prior", "x"), 2, "still to come"),
        (("analyze", "{study}", "--mass-factor", "0.000722"), 2, "mg/mm3"),
        (("serve",), 2, "still to come"),
        (("explain", "no-such-case.json", "--audience", "patient"), 3, "no such case file"),
        (("explain", "--template", "lungs"), 2, "lung"),
        (("nonsense",), 2, "nonsense"),
        (("phantom", "no-such-recipe", "--out", "x"), 2, "no-such-recipe"),
    ],
)
def test_wrong_use_is_told_on_stderr(
    study: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = run(*(a.replace("{study}", str(study / "dicom")) for a in arguments), cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert says in done.stderr


def test_an_empty_folder_is_no_input(tmp_path: Path) -> None:
    done = run("analyze", tmp_path)
    assert done.returncode == 3
    assert str(tmp_path) in done.stderr


def test_check_names_what_is_used_and_why(study: Path) -> None:
    done = run("check", study / "dicom")
    assert done.returncode == 0
    assert "Would be used" in done.stdout
    assert "because" in done.stdout


def test_sites_tables_and_doctor_have_a_machine_face() -> None:
    sites = json.loads(run("sites", "--format", "json").stdout)
    assert {"coronary_artery", "unassigned"} <= {row["site"] for row in sites["sites"]}
    tables = json.loads(run("tables", "--format", "json").stdout)
    assert "rules/agatston" in {row["table"] for row in tables}
    cited = json.loads(run("tables", "scales/cac_drs", "--cite", "--format", "json").stdout)
    assert cited
    assert json.loads(run("doctor", "--format", "json").stdout)["healthy"]


def test_show_settings_names_origins(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[detect]\nmax_listed = 200\n")
    done = run(
        "analyze", study / "dicom", "--settings", file, "--rule", "siemens", "--show-settings", "--format", "json"
    )
    rows = {row["setting"]: row for row in json.loads(done.stdout)}
    assert rows["rule"] == {"setting": "rule", "value": "siemens", "origin": "command line"}
    assert rows["detect.max_listed"]["origin"] == str(file)
    assert rows["spread"]["origin"] == "default"


def test_demo_puts_measured_beside_true(tmp_path: Path) -> None:
    done = run("demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "coronary_artery" in done.stdout
    assert (tmp_path / "demo" / "result" / "page.html").is_file()


def test_a_name_reaches_neither_stderr_nor_an_anonymous_result(study: Path, tmp_path: Path) -> None:
    import pydicom

    folder = tmp_path / "named"
    folder.mkdir()
    for file in sorted((study / "dicom").iterdir()):
        ds = pydicom.dcmread(file)
        ds.PatientName, ds.PatientID = "Doe^Secret", "ID-4711"
        ds.save_as(folder / file.name)
    done = run("analyze", folder, "--out", tmp_path / "out", "--anonymous")
    assert done.returncode == 0
    everything = (
        done.stdout
        + done.stderr
        + "".join(p.read_text("utf-8") for p in (tmp_path / "out").iterdir() if p.suffix in (".json", ".html", ".tsv"))
    )
    assert "Secret" not in everything
    assert "ID-4711" not in everything  # the digits alone may stand in any number


def test_help_needs_no_numpy() -> None:
    code = "import sys; from calcimetry.cli import app; sys.exit('numpy' in sys.modules or 'pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
