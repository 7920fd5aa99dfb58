"""Pieces against an independent, slow flood fill over the whole grid of choices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from measure_twin import slow_agatston

from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure import agatston, volume_mm3
from calcimetry.measure import pieces as module
from calcimetry.measure.pieces import find_pieces, meets
from calcimetry.measure.rule import Minimum, OwnLimits, Rule

STEPS = (130.0, 200.0, 300.0, 400.0)
OBJECTS = [(2, 4, "piece"), (2, 8, "piece"), (3, 6, "piece"), (3, 26, "piece"), (3, 6, "object"), (3, 26, "object")]
MINIMA = [
    (),
    ((1.0, "mm2", False),),
    ((1.0, "mm2", True),),
    ((3, "pixels", False),),
    ((4, "voxels", False),),
    ((1.5, "mm3", False),),
    ((1.0, "mm2", False), (2, "pixels", False), (3, "voxels", True)),
]
FACTORS = ["increment/3", "thickness/3", "increment/thickness", "none"]
GRID = list(itertools.product(OBJECTS, MINIMA, FACTORS, [">=", ">"], ["none", "object"]))


def noise(seed: int, dtype: type) -> tuple[np.ndarray, tuple[float, float, float], float]:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(2, 7, 3))
    hu = rng.choice([40.0, 129.0, 130.0, 131.0, 199.0, 200.0, 350.0, 420.0], size=shape, p=[0.5, *[0.5 / 7] * 7])
    spacing_mm = (float(rng.choice([1.5, 2.5, 3.0])), 0.5, float(rng.choice([0.5, 0.7])))
    return hu.astype(dtype), spacing_mm, 3.0


@pytest.mark.parametrize("number", range(len(GRID)))
def test_twin(number: int) -> None:
    (dimensions, connectivity, peak), minima, factor, comparison, rounding = GRID[number]
    counting = Rule(
        id="grid",
        title="grid",
        threshold="fixed",
        own=(OwnLimits(0.0, 130.0, STEPS),),
        comparison=comparison,  # type: ignore[arg-type]
        minimum=tuple(Minimum(*one) for one in minima),  # type: ignore[arg-type]
        dimensions=dimensions,  # type: ignore[arg-type]
        connectivity=connectivity,
        peak=peak,  # type: ignore[arg-type]
        factor=factor,  # type: ignore[arg-type]
        rounding=rounding,  # type: ignore[arg-type]
    )
    choices = {
        "threshold": 130.0,
        "strict": comparison == ">",
        "steps": STEPS,
        "minimum": minima,
        "dimensions": dimensions,
        "connectivity": connectivity,
        "peak": peak,
        "factor": factor,
        "rounding": rounding,
    }
    for seed, dtype in ((number, np.int16), (10_000 + number, np.float32)):
        hu, spacing_mm, thickness_mm = noise(seed, dtype)
        score, volume = slow_agatston(hu, spacing_mm, choices, thickness_mm)
        assert agatston(hu, spacing_mm, counting, thickness_mm=thickness_mm) == pytest.approx(score, abs=1e-9)
        assert volume_mm3(hu, spacing_mm, counting) == pytest.approx(volume, abs=1e-9)


def test_slabs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hu, spacing_mm, _ = noise(5, np.int16)
    whole = find_pieces(hu, spacing_mm, Rule(id="x", title="x"), limits(120.0))
    monkeypatch.setattr(module, "_SLAB_VOXELS", 1)
    cut = find_pieces(hu, spacing_mm, Rule(id="x", title="x"), limits(120.0))
    assert np.array_equal(whole.pixels, cut.pixels)
    assert np.array_equal(whole.piece, cut.piece)
    assert np.array_equal(whole.voxels, cut.voxels)


@pytest.mark.parametrize("comparison", [">=", ">"])
@pytest.mark.parametrize("threshold", [129.5, 130.0, -3.5])
def test_whole_numbers_compare_as_floats_do(comparison: str, threshold: float) -> None:
    values = np.arange(-10, 300, dtype=np.int16)
    assert np.array_equal(meets(values, threshold, comparison), meets(values.astype(float), threshold, comparison))


def test_a_threshold_beyond_the_type_meets_nothing() -> None:
    assert not meets(np.array([127], np.int8), 130.0, ">=").any()


def test_not_a_number_is_no_calcium() -> None:
    hu = np.full((1, 3, 3), np.nan, np.float32)
    assert agatston(hu, (3.0, 1.0, 1.0)) == 0.0
