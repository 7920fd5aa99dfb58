from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import fields, replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry import report
from calcimetry.core.case import Case, Provenance
from calcimetry.core.errors import CalcimetryError, InputError
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.report.layout import PARTS
from calcimetry.report.plain import plain

WHEN = "2026-01-01T00:00:00Z"

# Written out here once more, by hand, from the published contract: the layout may not drift from it.
TOP = [
    *("schema", "version", "created", "status", "subject", "images", "regions", "lesions", "groups", "scores"),
    *("grades", "changes", "explanation", "not_assessed", "notes", "provenance"),
]
KEYS = {
    "images": [
        *("id", "modality", "series_uid", "study_date", "view", "laterality", "thickness_mm", "files", "shape"),
        *("spacing_mm", "kvp", "kernel", "contrast", "gated", "used_for", "notes"),
    ],
    "regions": ["name", "image", "source", "confidence", "complete"],
    "lesions": [
        *("id", "image", "label", "kind", "sop_instance_uid", "instance_number", "laterality", "site", "structure"),
        *("alternatives", "probability", "confidence", "counted", "reason", "center_index", "center_mm"),
        *("bounds_index", "pattern", "measures", "words"),
    ],
    "scores": ["name", "site", "structure", "image", "value", "unit", "interval95", "status", "reason", "settings"],
    "not_assessed": ["site", "reason"],
    "notes": ["code", "text", "severity"],
}
GRADE = ["scale", "edition", "site", "category", "from", "status", "reason", "source"]


def test_keys_are_those_of_the_contract_in_order(rich):
    found = report.record(rich, created=WHEN)
    assert list(found) == TOP
    for kind, keys in KEYS.items():
        assert found[kind]
        assert all(list(row) == keys for row in found[kind]), kind
    assert all(list(row)[: len(GRADE)] == GRADE for row in found["grades"])
    assert list(found["provenance"]) == ["settings", "tables", "inputs"]
    measure = found["lesions"][0]["measures"]["volume"]
    assert list(measure) == ["value", "unit", "interval95", "method"]
    assert found["schema"] == "calcimetry-analysis/1"
    assert found["status"] == "unverified"


def test_record_is_plain_json_without_pixels_masks_or_times(rich):
    text = json.dumps(report.record(rich, created=WHEN), allow_nan=False)
    assert json.loads(text) == report.record(rich, created=WHEN)
    assert "seconds" not in text
    assert "mask" not in text
    assert len(text) < 60_000


def test_positions_bounds_and_evidence(rich):
    lesion = report.record(rich)["lesions"][0]
    assert lesion["center_index"] == [10.0, 112.0, 168.0]
    assert lesion["center_mm"] == pytest.approx([-112 + 168 * 0.7, -112 + 112 * 0.7, -40 + 30])
    (k0, j0, i0), (k1, j1, i1) = lesion["bounds_index"]
    assert (k1 - k0, j1 - j0, i1 - i0) == rich.lesions[0].mask.bits.shape
    assert lesion["measures"]["evidence_cnr"] == {"value": 12.5, "unit": "1", "interval95": None, "method": "evidence"}
    assert lesion["measures"]["evidence_edge_hu"]["unit"] == "HU"
    assert list(lesion["measures"])[:8] == ["volume", "agatston", "mass", "area", "peak", "mean", "diameter", "count"]


def test_created_follows_source_date_epoch(monkeypatch, rich):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert report.record(rich)["created"] == "1970-01-02T00:00:00Z"
    assert report.record_text(rich) == report.record_text(rich)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(CalcimetryError, match="yesterday"):
        report.record(rich)


def test_text_is_the_record_one_lesion_a_line(rich):
    text = report.record_text(rich, created=WHEN)
    assert json.loads(text) == report.record(rich, created=WHEN)
    assert sum(line.startswith('{"id": "L') for line in text.splitlines()) == len(rich.lesions)


def test_a_number_that_is_none_becomes_null_and_a_position_that_is_none_is_refused(rich):
    lesion = replace(
        rich.lesions[0],
        measures={"mass": Measurement(math.nan, "mg", (0.0, math.inf)), "volume": Measurement(np.float32(2), "mm3")},
    )
    found = report.record(Case(lesions=(lesion,)))["lesions"][0]["measures"]
    assert found["mass"] == {"value": None, "unit": "mg", "interval95": None, "method": ""}
    assert found["volume"]["value"] == 2.0
    with pytest.raises(CalcimetryError, match="center_mm"):
        report.record(Case(lesions=(replace(lesion, center_mm=(0.0, math.nan, 0.0)),)))


def test_record_validates_against_the_schema(rich):
    validator = jsonschema.Draft202012Validator(report.schema())
    validator.check_schema(report.schema())
    for case in (rich, Case()):
        validator.validate(report.record(case))
    broken = report.record(rich)
    broken["lesions"][0]["surprise"] = 1
    assert not validator.is_valid(broken)


def test_schema_in_the_documentation_is_current(request):
    path = request.config.rootpath / "docs" / "reference" / "analysis.schema.json"
    assert path.read_text(encoding="utf-8") == report.schema.__globals__["schema_text"](), (
        "run: python -m calcimetry.report.schema"
    )


def test_schema_tool_writes_its_file(tmp_path):
    target = tmp_path / "s.json"
    subprocess.run([sys.executable, "-W", "error", "-m", "calcimetry.report.schema", str(target)], check=True)
    assert json.loads(target.read_text()) == report.schema()


def test_every_field_of_a_lesion_is_written_or_known_to_stay_out():
    written = set(PARTS["lesion"].fields)
    assert {f.name for f in fields(Lesion)} - written == {"peak_index", "evidence", "mask"}


def test_round_trip(rich, tmp_path):
    first = report.record(rich, created=WHEN)
    again = report.read_record(json.loads(json.dumps(first)))
    assert report.record(again, created=WHEN) == first
    (tmp_path / "analysis.json").write_text(report.record_text(rich, created=WHEN), encoding="utf-8")
    for source in (tmp_path, tmp_path / "analysis.json"):
        case = report.read_record(source)
        assert report.record_text(case, created=WHEN) == report.record_text(rich, created=WHEN)
    assert case.lesions[0].peak_index == rich.lesions[0].peak_index
    assert case.lesions[0].evidence == rich.lesions[0].evidence
    assert case.images == rich.images
    assert case.scores[0].interval95 == pytest.approx(rich.scores[0].interval95, rel=1e-9)
    assert (case.skipped, case.study_uid, case.subject) == (rich.skipped, rich.study_uid, rich.subject)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(settings=st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_round_trip_of_any_settings(settings):
    first = report.record(Case(provenance=Provenance(settings)), created=WHEN)
    again = report.read_record(json.loads(json.dumps(first, allow_nan=False)))
    assert report.record(again, created=WHEN) == first


@given(json_values)
def test_plain_is_idempotent(value):
    assert plain(plain(value)) == plain(value)


@pytest.mark.parametrize(
    "change, place",
    [
        (lambda r: r["lesions"][3].update(kind="bogus"), r"lesions\[3\]\.kind"),
        (lambda r: r["lesions"][0].update(label="1"), r"lesions\[0\]\.label"),
        (lambda r: r["lesions"][0].update(confidence=1.5), r"lesions\[0\]\.confidence"),
        (lambda r: r["lesions"][0].update(center_mm=[0.0, 1.0]), r"lesions\[0\]\.center_mm"),
        (lambda r: r["lesions"][1].update(id="L1"), "an id stands twice"),
        (lambda r: r["scores"][0].update(image="i9"), "image is named that is not there"),
        (lambda r: r["scores"][0].pop("settings"), r"scores\[0\]\.settings"),
        (lambda r: r.update(more=1), "more"),
        (lambda r: r.update(schema="calcimetry-analysis/9"), "calcimetry-analysis/9"),
        (lambda r: r["provenance"]["inputs"][0].update(role="other"), r"provenance\.inputs"),
        (lambda r: r["notes"][0].update(text=object()), "plain JSON"),
        (lambda r: r["scores"][0].update(value=math.nan), "plain JSON"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(rich, change, place):
    broken = report.record(rich)
    change(broken)
    with pytest.raises(InputError, match=place):
        report.read_record(broken)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"[" * 100_000, b'{"schema": NaN}', b"\xff\xfe", b"null", b'{"schema": "calcimetry-analysis/1"}'],
)
def test_files_that_are_no_record(tmp_path, content):
    path = tmp_path / "analysis.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"analysis\.json"):
        report.read_record(path)


def test_missing_file_and_too_large_file(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="cannot be read"):
        report.read_record(tmp_path / "nowhere.json")
    monkeypatch.setattr("calcimetry.report.reader.MAX_BYTES", 3)
    (tmp_path / "analysis.json").write_text("{}  ")
    with pytest.raises(InputError, match="too large"):
        report.read_record(tmp_path)


def test_pydantic_and_renderers_stay_out_of_the_way_to_a_record():
    code = (
        "import sys; from calcimetry import report; from calcimetry.core.case import Case;"
        "report.record_text(Case());"
        "bad = {'pydantic', 'jinja2', 'PIL', 'nibabel', 'pandas', 'scipy', 'pydicom'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
