"""Cases collected from other programs and standards, read from the shared table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measure_phantoms import PHANTOMS, PRESET_OF

from calcimetry import measure
from calcimetry.measure.rule import rule

pytestmark = pytest.mark.shared_data

Case = dict[str, Any]


def _columns(case: Case) -> np.ndarray:
    told = case["input"]
    rows, columns, slices = told["shape_rows_cols_slices"]
    array = np.full((slices, rows, columns), float(told["other"]))
    for column in told.get("columns_400", []):
        array[:, :, column] = 400.0
    for span, hu in told.get("columns_hu", {}).items():
        first, last = (int(n) for n in span.split("-"))
        array[:, :, first : last + 1] = hu
    return array


def check_agatston(case: Case) -> None:
    array, told = _columns(case), case["input"]
    spacing_mm = tuple(told["spacing_mm"])
    counting = rule("calciumscoring-jl")
    applied = counting.at_kvp(told["kv"])
    found = measure.agatston(array, spacing_mm, counting, limits=applied)
    assert found == pytest.approx(case["expect"]["agatston"], abs=case["tolerance"])
    if "volume_mm3" in case["expect"]:
        assert measure.volume_mm3(array, spacing_mm, counting) == pytest.approx(case["expect"]["volume_mm3"])
        # its factor is mg per mm3 and HU, ours mg per cm3 and HU
        calibration = measure.stated(told["mass_factor"] * 1000)
        mass = measure.mass_mg(array, spacing_mm, calibration, counting)
        assert mass == pytest.approx(case["expect"]["mass"], abs=case["tolerance"])


def check_weight_table(case: Case) -> None:
    steps = rule("calciumscoring-jl").at_kvp(case["input"]["kv"]).steps_hu
    assert list(steps) == case["expect"]["steps"]


def check_integrated(case: Case) -> None:
    told, expect = case["input"], case["expect"]
    array = np.full((2, 4, 4), -1024.0)
    array[:, 1:3, 1:3] = 800.0
    hu = {"background_hu": told["bkg"], "object_hu": told["obj"]}
    assert measure.integrated_volume_mm3(array, (1, 1, 1), **hu) == pytest.approx(expect["n"])
    spacing_mm = tuple(told["spacing_mm"])
    assert measure.integrated_volume_mm3(array, spacing_mm, **hu) == pytest.approx(expect["volume"])
    mass = measure.integrated_mass_mg(array, spacing_mm, density_mg_cm3=told["density"] * 1000, **hu)
    assert mass == pytest.approx(expect["mass"], abs=case["tolerance"])


def check_volume_fraction(case: Case) -> None:
    told, expect = case["input"], case["expect"]
    array = np.array([told["array"]], float)
    hu = {"tissue_hu": told["tissue"], "calcium_hu": told["calcium"]}
    assert measure.volume_fraction_mm3(array, (1, 1, 1), **hu) == pytest.approx(expect["n"])
    spacing_mm = (told["voxel"], 1.0, 1.0)
    assert measure.volume_fraction_mm3(array, spacing_mm, **hu) == pytest.approx(expect["volume"])
    mass = measure.volume_fraction_mass_mg(array, spacing_mm, density_mg_cm3=told["density"] * 1000, **hu)
    assert mass == pytest.approx(expect["mass"], abs=case["tolerance"])


def check_swcs(case: Case) -> None:
    told = case["input"]
    image, rod = np.array(told["image"], float), np.array(told["calibration"], float)
    if told.get("repeat_slices"):
        image = np.stack([image] * told["repeat_slices"])
    found = measure.spatially_weighted(image, rod_mean_hu=float(rod.mean()), rod_sd_hu=float(rod.std(ddof=1)))
    assert found == pytest.approx(case["expect"]["score"], abs=case["tolerance"])


def check_agatston_presets(case: Case) -> None:
    hu, spacing_mm = PHANTOMS[case["id"].removeprefix("rules-")]
    for program, expected in case["expect"].items():
        found = measure.agatston(hu, spacing_mm, rule(PRESET_OF[program]), thickness_mm=spacing_mm[0])
        assert found == pytest.approx(expected, abs=case["tolerance"]), program


def check_ctca_score(case: Case) -> None:
    told, expect = case["input"], case["expect"]
    threshold_hu = measure.ctca_threshold_hu(told["mean"], told["sd"])
    assert threshold_hu == expect["threshold"]
    assert measure.ctca_score(told["raw"], threshold_hu) == pytest.approx(expect["score"], abs=case["tolerance"])


def check_ibsi(case: Case) -> None:
    """Volume, diameter, mean and peak of the standard's phantom; texture and mesh are no measures of ours."""
    image = np.array(case["input"]["image_zyx"], float)
    inside = np.array(case["input"]["mask_zyx"], bool)
    spacing_mm = tuple(float(s) for s in case["input"]["spacing_mm"])
    expect = case["expect"]
    everything = measure.Rule(
        id="all", title="all", threshold="fixed", minimum=(), own=(measure.OwnLimits(0.0, -np.inf, (0.0,)),)
    )
    found = {
        "volume_voxel": measure.volume_mm3(image, spacing_mm, everything, inside),
        "max_3d_diameter": measure.diameter_mm(inside, spacing_mm),
        "mean": measure.mean_hu(image, inside),
        "maximum": measure.peak_hu(image, inside),
    }
    for name, value in found.items():
        assert value == pytest.approx(expect[name][0], abs=expect[name][1]), name


CHECKS: dict[str, Callable[[Case], None]] = {
    "agatston": check_agatston,
    "weight_table": check_weight_table,
    "integrated": check_integrated,
    "volume_fraction": check_volume_fraction,
    "swcs": check_swcs,
    "agatston_presets": check_agatston_presets,
    "ctca_score": check_ctca_score,
    "ibsi": check_ibsi,
}
HOW_MANY = {
    "agatston": 5,
    "weight_table": 5,
    "integrated": 1,
    "volume_fraction": 1,
    "swcs": 2,
    "agatston_presets": 12,
    "ctca_score": 3,
    "ibsi": 1,
}


@pytest.mark.parametrize("kind", CHECKS)
def test_cases(kind: str, shared_data: Path) -> None:
    table = json.loads((shared_data / "numbers" / "peer_checks.json").read_text("utf-8"))
    cases = [case for case in table if case["kind"] == kind]
    assert len(cases) == HOW_MANY[kind]
    for case in cases:
        CHECKS[kind](case)
