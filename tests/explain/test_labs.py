"""Laboratory values: units, intervals, corrected calcium, filtration rate, PTH beside calcium."""

from __future__ import annotations

from typing import Any

import pytest

from calcimetry.explain import explain
from calcimetry.explain.chemistry import chemistry
from calcimetry.explain.doubts import Doubts
from calcimetry.explain.labs import read, shown, shown_unit
from calcimetry.knowledge.load import table
from calcimetry.knowledge.units import convert


def lab(analyte: str, value: Any, unit: str | None, **more: Any) -> dict[str, Any]:
    return {"analyte": analyte, "value": value, **({"unit": unit} if unit else {}), **more}


def facts(*rows: dict[str, Any], age: float | None = 50, sex: str | None = "female", **person: Any) -> dict[str, Any]:
    doubts = Doubts()
    values, words = read(rows, age_years=age, sex=sex, doubts=doubts)
    who = {"age_years": age, "sex": sex, "child": None if age is None else age < 18, "history": frozenset(), **person}
    height = who.pop("height_cm", None)
    found = dict(chemistry(values, words, who, height, doubts).facts)
    return {k: v for k, v in found.items() if v is not None} | {"doubts": doubts.rows()}


@pytest.mark.parametrize("row", table("units")["conversion"], ids=lambda r: f"{r['quantity']} {r['from']}")
def test_units_there_and_back(row) -> None:
    there = convert(row["quantity"], 3.7, row["from"], row["to"])
    assert convert(row["quantity"], there, row["to"], row["from"]) == pytest.approx(3.7, rel=1e-12)


@pytest.mark.parametrize(
    ("analyte", "value", "unit"),
    [
        ("calcium_total", 9.5, "mmol/L"),
        ("calcium_total", 2.4, "mg/dL"),
        ("calcium_total", 25, "mg/dL"),
        ("calcium_total", 9.5, None),
        ("calcium_total", 9.5, "furlong"),
        ("calcium_total", "high", "mg/dL"),
        ("calcium_total", float("nan"), "mg/dL"),
        ("phosphate", -1, "mmol/L"),
        ("igra", "maybe", "1"),
        ("afp", 12, "[IU]/mL"),
    ],
)
def test_what_cannot_be_is_asked_back_and_not_used(analyte, value, unit) -> None:
    found = facts(lab(analyte, value, unit))
    assert [row.what for row in found["doubts"]] == [analyte]
    assert "calcium" not in found


def test_a_likely_other_unit_is_named() -> None:
    (row,) = facts(lab("calcium_total", 9.5, "mmol/L"))["doubts"]
    assert "is it 9.5 mg/dL?" in row.reason


@pytest.mark.parametrize(
    ("analyte", "value", "unit"),
    [("crp", 180, "mg/L"), ("ca125", 820, "[arb'U]/mL"), ("pth_intact", 1500, "pg/mL"), ("ck", 20000, "U/L")],
)
def test_high_but_possible_values_are_kept(analyte, value, unit) -> None:
    values, _ = read([lab(analyte, value, unit)], age_years=50, sex="male", doubts=(doubts := Doubts()))
    assert values[analyte].value == value
    assert doubts.rows() == ()


@pytest.mark.parametrize(
    ("calcium", "unit", "albumin", "albumin_unit", "mmol"),
    [(2.52, "mmol/L", 30, "g/L", 2.72), (9.0, "mg/dL", 3.0, "g/dL", 9.8 / 4.008), (9.0, "mg/dL", 30, "g/L", 2.4455)],
)
def test_corrected_calcium(calcium, unit, albumin, albumin_unit, mmol) -> None:
    found = facts(lab("calcium_total", calcium, unit), lab("albumin", albumin, albumin_unit))
    assert found["calcium_mmol_l"] == pytest.approx(mmol, abs=0.003)
    assert found["calcium_certain"]


def test_ionised_calcium_decides_and_is_never_corrected() -> None:
    found = facts(lab("calcium_total", 2.7, "mmol/L"), lab("albumin", 25, "g/L"), lab("calcium_ionized", 1.2, "mmol/L"))
    assert found["calcium"] == "normal"
    assert found["calcium_confirmed"]


def test_without_albumin_nothing_close_to_a_limit_is_certain() -> None:
    found = facts(lab("calcium_total", 2.65, "mmol/L"))
    assert found["calcium"] == "high"
    assert not found["calcium_certain"]
    assert found["doubts"][0].needs == ("albumin or ionised calcium",)
    assert facts(lab("calcium_total", 3.2, "mmol/L"))["calcium_certain"]


def test_the_laboratory_s_own_interval_comes_first() -> None:
    found = facts(
        lab("phosphate", 1.5, "mmol/L", low=0.8, high=1.6), lab("magnesium", 0.9, "mmol/L", low=0.95, high=1.2)
    )
    assert found["phosphate"] == "normal"
    assert found["magnesium"] == "low"
    assert facts(lab("phosphate", 1.5, "mmol/L"))["phosphate"] == "high"
    upside_down = facts(lab("phosphate", 1.5, "mmol/L", low=2.0, high=1.0))
    assert upside_down["phosphate"] == "high"
    assert "upside down" in upside_down["doubts"][0].reason


def test_a_child_s_phosphate_is_not_an_adult_s() -> None:
    assert facts(lab("phosphate", 1.7, "mmol/L"), age=4)["phosphate"] == "normal"
    assert facts(lab("phosphate", 1.7, "mmol/L"), age=40)["phosphate"] == "high"
    assert "phosphate" not in facts(lab("phosphate", 1.7, "mmol/L"), age=None)  # intervals disagree
    assert facts(lab("phosphate", 2.9, "mmol/L"), age=None)["phosphate"] == "high"  # all agree
    assert "alp" not in facts(lab("alp", 300, "U/L"), age=9)


@pytest.mark.parametrize(
    ("sex", "age", "creatinine", "egfr"),
    [
        ("female", 55, 0.9, 75.5), ("female", 30, 0.7, 119.2), ("male", 50, 1.0, 91.7), ("female", 65, 1.5, 38.4),
        ("male", 60, 2.4, 30.1), ("male", 58, 8.0, 7.2), ("male", 18, 0.8, 131.6),
    ],
)  # fmt: skip
def test_filtration_rate_of_adults(sex, age, creatinine, egfr) -> None:
    found = facts(lab("creatinine", creatinine, "mg/dL"), age=age, sex=sex)
    assert found["egfr"] == pytest.approx(egfr, abs=0.1)
    assert found["kidney_reduced"] == (egfr < 60)


def test_filtration_rate_where_no_equation_holds() -> None:
    assert "egfr" not in facts(lab("creatinine", 120, "umol/L"), pregnant=True)
    assert "egfr" not in facts(lab("creatinine", 700, "umol/L"), history=frozenset({"dialysis"}))
    child = facts(lab("creatinine", 82, "umol/L"), age=4)
    assert "egfr" not in child
    assert child["kidney_reduced"]
    assert facts(lab("creatinine", 0.5, "mg/dL"), age=8, height_cm=110)["egfr"] == pytest.approx(90.9, abs=0.1)
    either = facts(lab("creatinine", 1.2, "mg/dL"), age=60, sex=None)
    assert not {"egfr", "kidney_reduced"} & set(either)
    assert facts(lab("creatinine", 3.0, "mg/dL"), age=60, sex=None)["kidney_reduced"]


def test_pth_is_read_beside_calcium_only() -> None:
    alone = facts(lab("pth_intact", 120, "pg/mL"))
    assert "pth" not in alone
    assert alone["doubts"][0].needs == ("calcium",)
    assert facts(lab("pth_intact", 12, "pmol/L"), lab("calcium_total", 2.4, "mmol/L"))["pth"] == "high"
    assert facts(lab("pth_intact", 15, "pg/mL"), lab("calcium_total", 2.9, "mmol/L"))["pth_suppressed"]


def test_two_samples_confirm_and_two_units_that_disagree_cancel_each_other() -> None:
    calcium = [
        lab("calcium_total", 2.8, "mmol/L", time="2026-01-02"),
        lab("calcium_total", 11.4, "mg/dL", time="2026-03-02"),
    ]
    found = facts(*calcium, lab("albumin", 40, "g/L"))
    assert found["calcium_confirmed"]
    assert found["calcium_mmol_l"] == pytest.approx(11.4 / 4.008, abs=1e-3)
    pth = facts(lab("pth_intact", 12, "pg/mL"), lab("pth_intact", 14, "pmol/L"), lab("calcium_total", 2.9, "mmol/L"))
    assert "pth_suppressed" not in pth
    assert any("contradict" in row.reason for row in pth["doubts"])
    same = facts(lab("calcium_total", 2.4, "mmol/L"), lab("calcium_total", 9.62, "mg/dL"), lab("albumin", 40, "g/L"))
    assert same["calcium"] == "normal"
    assert not same["calcium_confirmed"]


def test_vitamin_d_is_very_high_only_above_toxicity() -> None:
    for value, said in ((20, "low"), (60, "adequate"), (300, "adequate"), (520, "very_high")):
        assert facts(lab("vitamin_d_25oh", value, "nmol/L"))["vitamin_d"] == said
    assert facts(lab("vitamin_d_25oh", 130, "ng/mL", high=60))["vitamin_d"] == "adequate"


def test_ratios_that_are_computed() -> None:
    found = facts(
        lab("urine_calcium_creatinine_ratio", 0.02, "mg/mg"), lab("creatinine", 0.9, "mg/dL"),
        lab("calcium_total", 11.0, "mg/dL"),
    )  # fmt: skip
    assert found["clearance_ratio"] == pytest.approx(0.02 * 0.9 / 11.0, rel=1e-3)
    threshold = facts(
        lab("phosphate", 2.0, "mmol/L", fasting=True), lab("urine_phosphate", 5.0, "mmol/L"),
        lab("creatinine", 60, "umol/L"), lab("urine_creatinine", 6000, "umol/L"),
    )  # fmt: skip
    assert threshold["tmp_gfr"] == "high"


def test_missing_values_never_give_the_normal_pattern() -> None:
    values = [
        lab("calcium_total", 2.4, "mmol/L"), lab("albumin", 41, "g/L"), lab("phosphate", 1.1, "mmol/L"),
        lab("pth_intact", 40, "pg/mL"), lab("creatinine", 70, "umol/L"),
    ]  # fmt: skip
    case = {"age": 50, "sex": "female", "findings": [{"site": "skin"}]}

    def patterns(labs: list[dict[str, Any]]) -> list[str]:
        return [row.id for row in explain({**case, "labs": labs}).metabolic_patterns]

    assert patterns(values) == ["M0"]
    for n, row in enumerate(values):
        if row["analyte"] != "albumin":
            assert patterns([*values[:n], *values[n + 1 :]]) == ["M19"], row["analyte"]


def test_shown_in_the_wanted_units() -> None:
    assert shown("phosphate", 1.0, shown_unit("phosphate", "mg/dL")) == pytest.approx(3.097, abs=1e-3)
    assert shown("phosphate", 1.0, shown_unit("phosphate", "mmol/L")) == 1.0
    case = {"age": 50, "sex": "female", "labs": [lab("calcium_total", 2.4, "mmol/L")], "findings": []}
    (row,) = explain(case, units="mg/dL").laboratory
    assert (row["value"], row["unit"], row["stated"]) == (9.619, "mg/dL", "2.4 mmol/L")
