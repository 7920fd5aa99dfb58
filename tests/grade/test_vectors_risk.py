"""Numeric vectors, section C: risk, percentiles, arterial age, ratios; and the kernels outside their domain."""

from __future__ import annotations

import dataclasses

import pytest

from calcimetry.grade import (
    RiskFactors,
    arterial_age_years,
    avc_ratio,
    mesa,
    mesa_chd_percent,
    mesa_reference,
    pooled,
)
from calcimetry.knowledge.load import table
from calcimetry.knowledge.rounding import half_up
from calcimetry.knowledge.units import convert

NOTHING = RiskFactors(
    age_years=65,
    sex="male",
    ethnicity="white",
    diabetes=False,
    smoker=False,
    total_cholesterol_mg_dl=210,
    hdl_mg_dl=45,
    lipid_drug=False,
    sbp_mm_hg=140,
    bp_drug=False,
    family_history_mi=False,
)


def person(**changed) -> RiskFactors:
    return dataclasses.replace(NOTHING, **changed)


C1 = person(age_years=70, ethnicity="hispanic", total_cholesterol_mg_dl=190, hdl_mg_dl=50, sbp_mm_hg=130, bp_drug=True)
C5 = person(
    age_years=60,
    sex="female",
    ethnicity="chinese",
    total_cholesterol_mg_dl=200,
    hdl_mg_dl=55,
    sbp_mm_hg=135,
    bp_drug=True,
)
C6 = person(
    age_years=55,
    sex="female",
    ethnicity="black",
    total_cholesterol_mg_dl=220,
    hdl_mg_dl=50,
    sbp_mm_hg=145,
    bp_drug=True,
    lipid_drug=True,
)
C7 = person(age_years=55, ethnicity="black", total_cholesterol_mg_dl=213, hdl_mg_dl=50, bp_drug=True)
C8 = person(
    diabetes=True,
    smoker=True,
    bp_drug=True,
    lipid_drug=True,
    family_history_mi=True,
    total_cholesterol_mg_dl=240,
    hdl_mg_dl=40,
    sbp_mm_hg=150,
)


@pytest.mark.parametrize(
    "vector, who, score, percent",
    [
        ("C1", C1, None, 8.61),
        ("C2", C1, 0, 3.06),
        ("C3", NOTHING, None, 7.72),
        ("C4", NOTHING, 0, 2.82),
        ("C4", NOTHING, 50, 8.07),
        ("C4", NOTHING, 100, 9.65),
        ("C4", NOTHING, 400, 13.76),
        ("C4", NOTHING, 1000, 17.33),
        ("C5", C5, None, 2.00),
        ("C5", C5, 0, 1.27),
        ("C5", C5, 100, 4.44),
        ("C6", C6, None, 3.53),
        ("C6", C6, 0, 2.37),
        ("C6", C6, 50, 6.80),
        ("C7", C7, None, 5.33),
        ("C7", C7, 0, 2.95),
        ("C8, not clipped", C8, 500, 57.21),
    ],
)
def test_mesa_risk(vector, who, score, percent) -> None:
    assert mesa_chd_percent(who, score) == pytest.approx(percent, abs=0.01), vector


@pytest.mark.parametrize("age", [44, 86])
def test_c9_risk_outside_the_ages_is_not_computed(age) -> None:
    with pytest.raises(ValueError, match="45 to 85"):
        mesa_chd_percent(person(age_years=age))
    assert mesa_chd_percent(person(age_years=85)) > mesa_chd_percent(person(age_years=45)) > 0
    with pytest.raises(ValueError, match="no group"):
        mesa_chd_percent(person(ethnicity="other"))


def test_c10_cholesterol_units() -> None:
    assert half_up(convert("cholesterol", 5.5, "mmol/L", "mg/dL"), 1) == "212.7"
    assert half_up(convert("cholesterol", 1.2, "mmol/L", "mg/dL"), 1) == "46.4"


@pytest.mark.parametrize(
    "score, years",
    [(0, 39.1), (10, 56.48), (50, 67.61), (100, 72.56), (150, 75.48), (300, 80.48), (400, 82.56), (1000, 89.19)],
)
def test_c11_c12_arterial_age(score, years) -> None:
    assert arterial_age_years(score) == pytest.approx(years, abs=0.01)
    assert arterial_age_years(150) != pytest.approx(54.9, abs=1)  # C12: the decimal logarithm


@pytest.mark.parametrize(
    "vector, reference, sex, age, score, text",
    [
        ("C13", "hoff_2001", "male", 57, 100, 62.2),
        ("C14", "hoff_2001", "male", 57, 300, 80.3),
        ("C15", "hoff_2001", "female", 67, 100, 69.8),
        ("C16", "hoff_2001", "male", 57, 0, "zero"),
        ("C17", "hoff_2001", "male", 57, 900, ">90"),
        ("below the first column", "hoff_2001", "male", 57, 2, "<25"),
        ("C18", "hnr_2014", "male", 60, 192.6, 75.0),
        ("C18, last column", "hnr_2014", "female", 60, 139.8, 90.0),
    ],
)
def test_percentile_tables(vector, reference, sex, age, score, text) -> None:
    found = pooled(reference, score, age_years=age, sex=sex)
    if isinstance(text, str):
        assert (found.percentile, found.text) == (None, text), vector
    else:
        assert found.percentile == pytest.approx(text, abs=0.05), vector
        assert found.text == f"P{half_up(found.percentile)}"


def test_percentile_tables_end_where_they_end() -> None:
    for reference, age in (("hoff_2001", 29), ("hnr_2014", 44), ("hnr_2014", 76)):
        with pytest.raises(ValueError, match="no group"):
            pooled(reference, 10, age_years=age, sex="male")
    assert pooled("hoff_2001", 473, age_years=92, sex="male").percentile == pytest.approx(50)


@pytest.mark.parametrize(
    "vector, who, score, official, nonzero",
    [
        ("C19", (55, "male", "white"), 0, 0, 56),
        ("C20", (46, "female", "chinese"), 35, 97, 7),
        ("C21", (62, "female", "black"), 120, 91, 32),
        ("C22", (70, "male", "hispanic"), 450, 84, 75),
        ("C23", (72, "male", "white"), 1200, 85, 86),
    ],
)
def test_mesa_percentile_against_the_official_tool(vector, who, score, official, nonzero) -> None:
    age, sex, ethnicity = who
    found = mesa(score, age_years=age, sex=sex, ethnicity=ethnicity)
    assert found.percentile == pytest.approx(official, abs=1.0), vector
    # The official tool prints its own table of shares for each age; between the knots ours is a line.
    assert found.nonzero_percent == pytest.approx(nonzero, abs=1.0), vector


@pytest.mark.parametrize(
    "who, reference",
    [
        ((55, "male", "white"), (0, 4.4, 58.9, 223)),
        ((62, "female", "black"), (0, 0, 9.0, 98.7)),
        ((72, "male", "white"), (29.02, 176.34, 633.55, 1572.0)),
        ((70, "male", "hispanic"), (1, 56, 247, 666)),
        ((60, "female", "white"), (0, 0, 16, 102)),  # C24
    ],
)
def test_mesa_scores_at_percentiles(who, reference) -> None:
    assert mesa_reference(*who) == pytest.approx(reference, rel=2e-3, abs=0.06)
    age, sex, ethnicity = who
    assert mesa(1, age_years=age, sex=sex, ethnicity=ethnicity).reference_from == "anchors"


def test_mesa_outside_the_anchors_uses_the_model_and_says_so() -> None:
    found = mesa(35, age_years=46, sex="female", ethnicity="chinese")
    assert (found.reference, found.reference_from) == ((0.0, 0.0, 0.0, 0.0), "model")  # C20
    with pytest.raises(ValueError, match="50 to 80"):
        mesa_reference(46, "female", "chinese")


@pytest.mark.parametrize(
    "who", [(44, "male", "white"), (85, "male", "white"), (60, "male", "other"), (60, "x", "white")]
)
def test_c25_no_percentile_outside(who) -> None:
    age, sex, ethnicity = who
    with pytest.raises(ValueError):
        mesa(10, age_years=age, sex=sex, ethnicity=ethnicity)


def test_refit_meets_the_anchors_as_well_as_it_says() -> None:
    head = table("references/mesa_2006")
    errors = []
    for group in head["group"]:
        for age, row in zip(head["ages"], group["anchors"], strict=True):
            found = [mesa(v, age_years=age, sex=group["sex"], ethnicity=group["ethnicity"]).percentile for v in row]
            errors += [abs(f - q) for f, q, v in zip(found, head["quantiles"], row, strict=True) if v > 0]
    assert len(errors) == 85
    assert sum(errors) / len(errors) == pytest.approx(0.59, abs=0.01)
    assert max(errors) == pytest.approx(1.56, abs=0.01)


def test_percentiles_rise_with_the_score() -> None:
    for group in table("references/mesa_2006")["group"]:
        found = [
            mesa(s, age_years=66, sex=group["sex"], ethnicity=group["ethnicity"]).percentile
            for s in (0, 0.5, 1, 10, 100, 1000, 5000)
        ]
        assert found == sorted(found)
        assert 0 <= found[0] <= found[-1] <= 100


def test_c26_c27_valve_ratio() -> None:
    assert (avc_ratio(1500, "female"), avc_ratio(1500, "male")) == (1.25, 0.75)
    with pytest.raises(ValueError, match="not for 'other'"):
        avc_ratio(1500, "other")
