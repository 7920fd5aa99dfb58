import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from calcimetry.measure import interval_model
from calcimetry.measure.features import Surroundings
from calcimetry.measure.interval import FEATURES, LesionIntervals, describe

NAMES = ("volume", "mass", "agatston")
BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def lesions():
    sys.path.insert(0, str(BENCH))
    try:
        from simulated_lesions import simulate
    finally:
        sys.path.remove(str(BENCH))
    found, drawn = simulate(seed=424242, protocols=22, positions=3)
    assert drawn == 88
    assert len(found) >= 50
    return found


@pytest.fixture(scope="module")
def model() -> LesionIntervals:
    found = interval_model()
    assert isinstance(found, LesionIntervals)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_intervals_hold_the_truth_of_fresh_lesions(lesions, model, name) -> None:
    held = 0
    for one in lesions:
        low, high = model.of_lesion(name, one.measured[name], one.features)
        held += low <= one.truth[name] <= high
    # As rare as one in ten thousand if 90 % were held.
    assert held >= binom.ppf(1e-4, len(lesions), 0.90)


@pytest.mark.parametrize("name", NAMES)
def test_intervals_are_not_held_by_being_wide(lesions, model, name) -> None:
    large = [one for one in lesions if one.size_mm > 4 and one.density_mg_cm3 > 400]
    assert large
    ends = [model.of_lesion(name, one.measured[name], one.features) for one in large]
    assert np.median([high / low for low, high in ends]) < 2.0


@pytest.mark.parametrize("name", NAMES)
def test_halved_ratios_miss_the_truth_so_the_coverage_test_can_fail(lesions, model, name) -> None:
    held = 0
    for one in lesions:
        low, high = model.of_lesion(name, one.measured[name], one.features)
        held += low / 3 <= one.truth[name] <= high / 3
    assert held < binom.ppf(1e-4, len(lesions), 0.90)


@pytest.mark.parametrize("name", NAMES)
def test_ends_are_ordered_finite_and_scale_with_the_value(lesions, model, name) -> None:
    for one in lesions:
        low, high = model.of_lesion(name, one.measured[name], one.features)
        assert 0 <= low < high < math.inf
        assert model.of_lesion(name, 2 * one.measured[name], one.features) == pytest.approx((2 * low, 2 * high))


@pytest.mark.parametrize("name", NAMES)
def test_the_sum_of_one_is_the_lesion(lesions, model, name) -> None:
    one = lesions[0]
    value = one.measured[name]
    assert model.of_sum(name, [value], [one.features]) == model.of_lesion(name, value, one.features)


@pytest.mark.parametrize("name", NAMES)
def test_a_sum_is_wider_than_its_widest_part_and_narrower_than_the_parts_added(lesions, model, name) -> None:
    some = lesions[:6]
    parts = [model.of_lesion(name, one.measured[name], one.features) for one in some]
    low, high = model.of_sum(name, [one.measured[name] for one in some], [one.features for one in some])
    assert max(b - a for a, b in parts) < high - low < sum(b - a for a, b in parts)


def test_the_same_question_has_the_same_answer(lesions, model) -> None:
    one = lesions[3]
    assert model.of_lesion("mass", 5.0, one.features) == model.of_lesion("mass", 5.0, replace(one.features))


def test_nothing_found_and_unknown_names_have_no_interval(lesions, model) -> None:
    features = lesions[0].features
    assert model.of_sum("agatston", [], []) is None
    assert model.of_sum("agatston", [0.0], [features]) is None
    assert model.of_sum("agatston", [1.0, 2.0], [features]) is None
    assert model.of_lesion("volume_isotropic", 1.0, features) is None


def test_more_noise_is_no_narrower(lesions, model) -> None:
    wider = 0
    for one in lesions:
        widths = []
        for noise in (8.0, 25.0):
            around = replace(one.features.around, noise_hu=noise)
            low, high = model.of_lesion("agatston", 1.0, replace(one.features, around=around))
            widths.append(math.log(high / low))
        wider += widths[1] >= widths[0]
    assert wider > len(lesions) / 2


def test_an_uncalibrated_mass_is_less_certain(lesions, model) -> None:
    for one in lesions[:10]:
        known = model.of_lesion("mass", 10.0, one.features)
        guessed = model.of_lesion("mass", 10.0, replace(one.features, calibrated=False))
        assert guessed[0] < known[0]
        assert guessed[1] > known[1]


def test_unknown_noise_and_thickness_are_filled_in(lesions, model) -> None:
    bare = replace(lesions[0].features, thickness_mm=None, around=Surroundings())
    values = describe(bare, model.unknown_noise_hu)
    assert values.shape == (len(FEATURES),)
    assert np.isfinite(values).all()
    assert model.of_lesion("volume", 10.0, bare) is not None


def test_a_lesion_beyond_the_simulated_range_keeps_a_finite_interval(lesions, model) -> None:
    huge = replace(lesions[0].features, voxels=10**7, peak_hu=30000.0, mean_hu=20000.0, largest_area_mm2=1e5)
    low, high = model.of_lesion("agatston", 1e5, huge)
    assert 1e4 < low < high < 1e6


def test_fat_around_a_lesion_hides_more_of_its_mass_than_tissue(lesions, model) -> None:
    higher = 0
    for one in lesions:
        ends = []
        for background in (40.0, -90.0):
            around = replace(one.features.around, mean_hu=background)
            ends.append(model.of_lesion("mass", 10.0, replace(one.features, around=around)))
        higher += ends[1][1] > ends[0][1]
    assert higher > 0.8 * len(lesions)


@pytest.mark.parametrize("name", NAMES)
def test_intervals_hold_the_truth_of_plaques_and_in_fat(lesions, model, name) -> None:
    for some in ([one for one in lesions if one.plaque], [one for one in lesions if one.background != "soft"]):
        assert len(some) >= 20
        ends = [model.of_lesion(name, one.measured[name], one.features) for one in some]
        held = sum(low <= one.truth[name] <= high for one, (low, high) in zip(some, ends, strict=True))
        assert held >= binom.ppf(1e-4, len(some), 0.85)


def test_two_hundred_lesions_are_quick(lesions, model) -> None:
    features = [lesions[n % len(lesions)].features for n in range(200)]
    took = []
    for _ in range(3):
        started = time.process_time()
        for one in features:
            model.of_lesion("mass", 10.0, one)
        model.of_sum("mass", [10.0] * 200, features)
        took.append(time.process_time() - started)
    assert min(took) < 0.2
