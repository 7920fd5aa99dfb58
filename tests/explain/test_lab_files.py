"""Laboratory files of other programs: FHIR Observations and CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calcimetry.core.errors import InputError
from calcimetry.explain import explain, read_labs


def observation(code: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        **more,
    }


CALCIUM = observation(
    "17861-6", 11.4, "mg/dL", effectiveDateTime="2026-11-02",
    referenceRange=[{"low": {"value": 8.6}, "high": {"value": 10.2}}],
)  # fmt: skip
ROW = {"analyte": "calcium_total", "value": 11.4, "unit": "mg/dL", "low": 8.6, "high": 10.2, "time": "2026-11-02"}


def test_bundle_lines_one_and_csv_say_the_same(tmp_path: Path) -> None:
    bundle, lines, one, rows = (tmp_path / name for name in ("b.json", "n.ndjson", "o.json", "r.csv"))
    bundle.write_text(
        json.dumps(
            {"resourceType": "Bundle", "entry": [{"resource": CALCIUM}, {"resource": {"resourceType": "Patient"}}]}
        )
    )
    lines.write_text(json.dumps(CALCIUM) + "\n\n")
    one.write_text(json.dumps(CALCIUM))
    rows.write_text(
        "analyte,value,unit,low,high,time\ncalcium_total,11.4,mg/dL,8.6,10.2,2026-11-02\n", encoding="utf-8-sig"
    )
    for path in (bundle, lines, one, rows):
        assert read_labs(path) == ([ROW], []), path.name
    got = explain({"age": 60, "sex": "female", "findings": [], "labs": read_labs(bundle)[0]}).record()
    assert got["laboratory"][0]["verdict"] == "high"
    assert got["laboratory"][0]["interval_from"] == "laboratory"


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "b.ndjson"
    rows = [
        observation("9999-9", 3, "mg/dL"),
        {**CALCIUM, "status": "entered-in-error"},
        {**CALCIUM, "valueQuantity": {"value": 5, "comparator": "<", "code": "mg/dL"}},
        {"resourceType": "Observation", "code": {"text": "calcium"}, "valueQuantity": {"value": 9, "code": "mg/dL"}},
        {"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": "17861-6"}]}},
        ["not", "a", "resource"],
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    labs, left = read_labs(path)
    assert [(row["analyte"], row["value"]) for row in labs] == [("calcium_total", "<5")]  # questioned in the answer
    assert left == ["9999-9", "an Observation without a LOINC code"]


def test_components_of_a_panel(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    parts = [
        {key: row[key] for key in ("code", "valueQuantity")} for row in (CALCIUM, observation("2777-1", 3.1, "mg/dL"))
    ]
    path.write_text(json.dumps({"resourceType": "Observation", "effectiveDateTime": "2026-01-01", "component": parts}))
    labs, left = read_labs(path)
    assert [row["analyte"] for row in labs] == ["calcium_total", "phosphate"]
    assert {row["time"] for row in labs} == {"2026-01-01"}
    assert left == []


def test_csv_by_loinc_and_unknown_names(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("loinc,value,unit\n2731-8,88,pg/mL\n1-1,3,mg/dL\n2160-0,high,mg/dL\n")
    labs, left = read_labs(path)
    assert [(row["analyte"], row["value"]) for row in labs] == [("pth_intact", 88.0), ("creatinine", "high")]
    assert left == ["1-1"]


@pytest.mark.parametrize("text", ["{", '{"a": 1}\n{', "\x00\x01", "[" * 100_000])
def test_what_is_no_file_of_the_kind_is_refused(tmp_path: Path, text) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        read_labs(path)
    with pytest.raises(InputError, match="no such"):
        read_labs(tmp_path / "absent.csv")
