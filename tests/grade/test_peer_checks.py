"""Numbers of other programs that fall to this stage, read from the shared folder, every one."""

from __future__ import annotations

import json

import pytest

from calcimetry.grade import RiskFactors, arterial_age_years, ckd_epi_2021, corrected_calcium, mesa_chd_percent
from calcimetry.grade.progression import rescan_limit, root_limit, sevrukov_limit
from calcimetry.imaging.ellipsoid import ellipsoid_volume_mm3
from calcimetry.knowledge.load import table

SEX = {0: "male", 1: "female"}


def risk(given: dict) -> dict[str, float]:
    person = RiskFactors(
        age_years=given["age"],
        sex="male" if given["male"] else "female",
        ethnicity=given["race"],
        diabetes=False,
        smoker=False,
        total_cholesterol_mg_dl=given["tc"],
        hdl_mg_dl=given["hdl"],
        lipid_drug=False,
        sbp_mm_hg=given["sbp"],
        bp_drug=bool(given["bp"]),
        family_history_mi=False,
    )
    return {"percent": mesa_chd_percent(person, given.get("cac"))}


def limits(value: float, given: dict, of: str) -> dict[str, float]:
    return {"mesa_upper95": rescan_limit(value, given["bmi"], of), "sevrukov": sevrukov_limit(value, of)}


def hoff(given: dict) -> dict[str, dict[str, list[float]]]:
    head = table("references/hoff_2001")
    assert head["quantiles"] == given["percentiles"]
    found: dict[str, dict[str, list[float]]] = {"men": {}, "women": {}}
    for group in head["group"]:
        low, high = group["age_from"], group.get("age_below")
        name = "<40" if low == 30 else f"{low}-{high - 1}" if high else f">{low - 1}"
        found["men" if group["sex"] == "male" else "women"][name] = group["scores"]
    return found


ANSWERS = {
    "mesa_chd": risk,
    "arterial_age": lambda g: {"years": arterial_age_years(g["cac"])},
    "percentile_table": hoff,
    "ckd_epi_2021": lambda g: {"egfr": ckd_epi_2021(g["scr"], age_years=g["age"], sex=SEX[g["female"]])},
    "corrected_calcium": lambda g: {
        "mg_dl": corrected_calcium(g["ca_mg_dl"], g["albumin_g_dl"], unit="mg/dL", albumin_unit="g/dL")
    },
    "ellipsoid": lambda g: {"volume": ellipsoid_volume_mm3(*g["axes"])},
    "repeatability": lambda g: limits(g["agatston"], g, "agatston") | {"root_rule": root_limit(g["agatston"])},
    "repeatability_volume": lambda g: limits(g["volume"], g, "volume"),
}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "kind, count",
    [
        ("mesa_chd", 8),
        ("arterial_age", 8),
        ("percentile_table", 1),
        ("ckd_epi_2021", 7),
        ("corrected_calcium", 2),
        ("ellipsoid", 2),
        ("repeatability", 5),
        ("repeatability_volume", 3),
    ],
)
def test_peer_checks(shared_data, kind, count) -> None:
    checks = [c for c in json.loads((shared_data / "numbers" / "peer_checks.json").read_text()) if c["kind"] == kind]
    assert len(checks) == count
    for check in checks:
        found, expected = ANSWERS[kind](check["input"]), check["expect"]
        if check["tolerance"] == 0:
            assert found == expected, check["id"]
        else:
            assert found == pytest.approx(expected, abs=check["tolerance"]), check["id"]


def test_hoff_counts_every_person_of_the_abstract() -> None:
    assert sum(group["people"] for group in table("references/hoff_2001")["group"]) == 35_246


@pytest.mark.parametrize("creatinine, age, sex", [(1.0, 17, "male"), (0.0, 40, "male"), (1.0, 40, "other")])
def test_filtration_rate_outside_its_domain(creatinine, age, sex) -> None:
    with pytest.raises(ValueError):
        ckd_epi_2021(creatinine, age_years=age, sex=sex)


def test_calcium_units_are_never_mixed() -> None:
    assert corrected_calcium(2.0, 20, unit="mmol/L", albumin_unit="g/L") == pytest.approx(2.4)
    with pytest.raises(ValueError, match="mg/dL with g/dL"):
        corrected_calcium(8.0, 20, unit="mg/dL", albumin_unit="g/L")
