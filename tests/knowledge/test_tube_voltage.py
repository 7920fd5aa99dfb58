from __future__ import annotations

import math
from itertools import pairwise

import pytest

from calcimetry.knowledge.load import source, table
from calcimetry.knowledge.tube_voltage import limits, published_kvps


@pytest.mark.parametrize(
    ("kvp", "steps"),
    [
        (70, (207, 318, 477, 636)),
        (80, (177, 271, 408, 544)),
        (100, (145, 222, 334, 446)),
        (120, (130, 200, 300, 400)),
        (135, (119, 183, 274, 364)),
    ],
)
def test_published_rows(kvp: float, steps: tuple[float, ...]) -> None:
    found = limits(float(kvp))
    assert found.steps_hu == steps
    assert found.threshold_hu == steps[0]
    assert found.adapted is (kvp != 120)
    assert found.refusal is None
    assert source(found.source)


@pytest.mark.parametrize("kvp", [60.0, 90.0, 110.0, 130.0, 140.0, 150.0])
def test_a_voltage_without_a_row_is_refused_and_never_interpolated(kvp: float) -> None:
    found = limits(kvp)
    assert found.refusal is not None
    assert f"{kvp:g} kV" in found.refusal
    assert "70, 80, 100, 120, 135" in found.refusal
    assert found.threshold_hu == 130.0
    assert found.basis == "at 130 HU, not adapted"


@pytest.mark.parametrize("kvp", [None, 0.0, -120.0, math.nan])
def test_a25_no_voltage(kvp: float | None) -> None:
    assert str(limits(kvp).refusal).startswith("kV missing")


@pytest.mark.parametrize("kernel", ["Sa36f", "Sa36f\\3", " sa36F", "SA36"])
@pytest.mark.parametrize("kvp", [70.0, 80.0, 90.0, 140.0])
def test_a24_calcium_aware_kernels_keep_the_limits_of_120_kv(kernel: str, kvp: float) -> None:
    found = limits(kvp, kernel)
    assert found.steps_hu == (130.0, 200.0, 300.0, 400.0)
    assert (found.adapted, found.effective_kvp, found.kvp) == (False, 120.0, kvp)
    assert "calcium-aware" in found.basis


def test_a_calcium_aware_kernel_does_not_replace_a_voltage_that_is_missing() -> None:
    assert limits(None, "Sa36f").refusal is not None


def test_a22_the_formula_of_one_program_is_not_the_table() -> None:
    formula = [378 * math.exp(-0.009 * kvp) for kvp in published_kvps()]
    assert [round(value, 2) for value in formula] == [201.32, 183.99, 153.68, 128.37, 112.16]
    for kvp, value in zip(published_kvps(), formula, strict=True):
        assert abs(limits(kvp).threshold_hu - value) > 1.0


@pytest.mark.parametrize(("kvp", "scale", "restored"), [(100.0, 0.88, 147.7), (70.0, 0.63, 206.3)])
def test_a23_published_image_scaling_agrees_with_the_table(kvp: float, scale: float, restored: float) -> None:
    reference = table("rules/tube_voltage")["row"][3]["steps_hu"][0]
    assert reference / scale == pytest.approx(restored, abs=0.05)
    assert limits(kvp).threshold_hu == pytest.approx(restored, rel=0.02)


def test_steps_rise_within_a_row_and_fall_with_the_voltage() -> None:
    rows = [limits(kvp).steps_hu for kvp in published_kvps()]
    assert all(list(row) == sorted(row) for row in rows)
    for one, two in pairwise(rows):
        assert all(lower > higher for lower, higher in zip(one, two, strict=True))
