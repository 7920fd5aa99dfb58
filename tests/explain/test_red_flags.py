"""Red flags: every row can fire by words of the lists, the tier of calcium, void rows, the strictest wins."""

from __future__ import annotations

from typing import Any

import pytest

from calcimetry.explain import explain, rules
from calcimetry.explain.rules import TIERS

from .solve import sites, solved

FLAGS = list(enumerate(rules.flags()))


@pytest.mark.parametrize(("number", "flag"), FLAGS, ids=[f"{n}-{flag.id}" for n, flag in FLAGS])
def test_every_row_can_fire(number, flag) -> None:
    wanted = [flag.when]
    if flag.with_rules:
        row = next(r for site in sites() for r in rules.rules_of(site) if r.row in flag.with_rules)
        wanted += [row.when, {"site": {"in": list(row.site)}}]
    case = solved(wanted)
    got = explain(case)
    assert any(f.id == flag.id and f.text.startswith(flag.says) for f in got.red_flags), case
    assert TIERS.index(got.urgency) >= TIERS.index(flag.tier)


def test_the_rows_are_complete() -> None:
    numbers = {int("".join(c for c in flag.id if c.isdigit())) for flag in rules.flags()}
    assert numbers == set(range(1, 43))


@pytest.mark.parametrize(
    ("calcium", "symptoms", "tier"),
    [
        (3.6, [], "now"), (3.2, ["confusion"], "now"), (3.2, ["palpitations"], "now"),
        (3.2, ["polyuria"], "within_2_weeks"),
        (3.2, ["constipation", "bone_pain"], "within_2_weeks"), (2.8, [], "routine"), (1.85, [], "now"),
        (2.1, ["tetany"], "now"), (2.1, [], "routine"),
    ],
)  # fmt: skip
def test_tiers_of_calcium(calcium, symptoms, tier) -> None:
    labs = [
        {"analyte": "calcium_total", "value": calcium, "unit": "mmol/L"},
        {"analyte": "albumin", "value": 40, "unit": "g/L"},
    ]
    assert explain({"age": 50, "sex": "female", "findings": [], "symptoms": symptoms, "labs": labs}).urgency == tier


def test_a_suppressed_pth_or_a_cancer_makes_high_calcium_urgent() -> None:
    albumin = {"analyte": "albumin", "value": 40, "unit": "g/L"}
    labs = [{"analyte": "calcium_total", "value": 2.8, "unit": "mmol/L"}, albumin]
    low = {"analyte": "pth_intact", "value": 5, "unit": "pg/mL"}
    assert explain({"age": 50, "findings": [], "labs": [*labs, low]}).urgency == "within_2_weeks"
    assert explain({"age": 50, "findings": [], "labs": labs, "history": ["known_cancer"]}).urgency == "within_2_weeks"


@pytest.mark.parametrize("score", [0, 45, 400])
def test_angina_beside_any_score(score) -> None:
    case = {
        "age": 60,
        "sex": "male",
        "modality": "ct_gated",
        "findings": [{"site": "coronary_artery", "agatston": score}],
    }
    assert explain({**case, "symptoms": ["chest_pain_exertion"]}).urgency == "within_2_weeks"
    assert explain({**case, "symptoms": ["chest_pain_rest"]}).urgency == "now"


GRANULOMA: dict[str, Any] = {
    "age": 60, "sex": "male", "symptoms": ["asymptomatic"],
    "findings": [{"site": "lung", "pattern": ["central"], "size_mm": 7}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "void"),
    [
        ({"findings": [{"site": "lung", "pattern": ["central"], "size_mm": 7, "change": "larger"}]}, "V1"),
        ({"findings": [{"site": "lung", "pattern": ["central"], "size_mm": 7, "features": ["mass"]}]}, "V2"),
        ({"history": ["known_cancer"]}, "V3"),
        ({"history": ["known_cancer"], "primary_tumour": "colorectal_mucinous"}, "V3"),
        ({"symptoms": ["weight_loss"]}, "V4"),
        ({"symptoms": ["haemoptysis"]}, "V4"),
        ({"history": ["immunosuppression"]}, "V5"),
    ],
)
def test_each_void_row_cancels_a_benign_reading(change, void) -> None:
    assert explain(GRANULOMA).urgency == "none"
    got = explain({**GRANULOMA, **change})
    assert void in {row.void for row in got.benign_reading_void_because}
    assert got.urgency != "none"
    assert not got.follow_up.no_further_imaging
    assert "no_test" not in {test.id for test in got.tests}
    assert any(cause.must_not_miss for cause in got.causes)


def test_a_void_row_never_overrides_a_rule_that_expects_the_sign() -> None:
    case = {
        "age": 22,
        "sex": "male",
        "findings": [{"site": "muscle", "pattern": ["peripheral_zonal"], "features": ["mass", "cleft_to_bone"]}],
    }
    got = explain({**case, "history": ["trauma_recent"], "weeks_since_injury": 6, "symptoms": ["palpable_lump"]})
    assert got.types[0].id == "heterotopic_ossification"
    assert got.benign_reading_void_because == ()
    cancer = {"age": 60, "findings": [{"site": "prostate"}], "history": ["known_cancer"], "symptoms": ["asymptomatic"]}
    assert explain(cancer).types[0].id == "physiologic"


def test_a_discordant_biopsy_voids_a_benign_breast_reading() -> None:
    case = {"age": 55, "sex": "female", "findings": [{"site": "breast", "pattern": ["br_rim"]}]}
    got = explain({**case, "prior_biopsy": {"result": "benign", "concordant": False}})
    assert got.urgency == "within_2_weeks"
    assert "rad_path_concordance" in {test.id for test in got.tests}
