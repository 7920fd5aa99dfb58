"""The measures of lesions."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from measure_phantoms import PHANTOMS, USUAL, Remembering, block, lesion_of, volume_of

from calcimetry import measure
from calcimetry.core.measurement import Measurement
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure.features import surroundings
from calcimetry.measure.lesions import BELOW_MINIMUM

AT_120 = limits(120.0)
NOMINAL = measure.nominal(AT_120)


def measured(hu: np.ndarray, bits: np.ndarray | None = None, rule: str = "agatston-1990", **told: object) -> object:
    spacing_mm = told.pop("spacing_mm", USUAL)
    volume = volume_of(hu, spacing_mm)  # type: ignore[arg-type]
    lesion = lesion_of(hu >= 130 if bits is None else bits, **told)  # type: ignore[arg-type]
    (found,) = measure.lesions(volume, [lesion], rule=measure.rule(rule), calibration=NOMINAL, limits=AT_120)
    return found


def values(lesion: object) -> dict[str, float | None]:
    return {name: one.value for name, one in lesion.measures.items()}  # type: ignore[attr-defined]


def test_a_block_has_every_measure_with_its_unit() -> None:
    found = measured(block(450.0))
    assert values(found) == pytest.approx(
        {
            "volume": 12.0,
            "agatston": 16.0,
            "mass": 12e-3 * 450 * 100 / 130,
            "area": 4.0,
            "area_total": 4.0,
            "peak": 450.0,
            "mean": 450.0,
            "diameter": np.hypot(3.0, np.hypot(1.5, 1.5)),
            "diameter_in_plane": np.hypot(2.0, 1.5),
            "count": 1,
        }
    )
    units = {name: one.unit for name, one in found.measures.items()}
    assert units == {
        "volume": "mm3",
        "agatston": "1",
        "mass": "mg",
        "area": "mm2",
        "area_total": "mm2",
        "peak": "HU",
        "mean": "HU",
        "diameter": "mm",
        "diameter_in_plane": "mm",
        "count": "1",
    }
    assert all(one.method and one.interval95 is None for one in found.measures.values())
    json.dumps({name: asdict(one) for name, one in found.measures.items()})
    assert "uncalibrated" in found.measures["mass"].method


def test_too_small_for_the_rule_is_listed_and_not_counted() -> None:
    found = measured(PHANTOMS["F"][0])
    assert found.counted is False
    assert found.reason == BELOW_MINIMUM + "agatston-1990 (at least 1 mm²)"
    assert values(found)["volume"] == pytest.approx(3 * 0.75)
    assert values(found)["count"] == 0
    assert "agatston" not in found.measures
    assert measured(PHANTOMS["F"][0], rule="siemens").counted is True


def test_a_piece_too_small_is_left_out_of_a_lesion_that_counts() -> None:
    hu = block(450.0)
    hu[2, 7, 7] = 200.0
    found = measured(hu)
    assert values(found)["volume"] == pytest.approx(12.0)
    assert values(found)["area_total"] == pytest.approx(4.0)
    assert values(measured(hu, rule="no-minimum"))["volume"] == pytest.approx(12.75)


def test_a_reason_that_was_there_stays() -> None:
    volume = volume_of(PHANTOMS["F"][0])
    lesion = lesion_of(volume.pixels >= 130, counted=False)
    (found,) = measure.lesions(
        volume,
        [replace(lesion, reason="outside the heart")],
        rule=measure.rule(),
        calibration=NOMINAL,
        limits=AT_120,
    )
    assert found.reason == "outside the heart"


@pytest.mark.parametrize("kind", ["metal", "bone", "artefact"])
def test_what_is_no_calcification_has_size_and_no_score(kind: str) -> None:
    found = measured(block(2500.0), kind=kind)
    assert set(found.measures) == {"volume", "area", "area_total", "peak", "mean", "diameter", "diameter_in_plane"}
    assert (found.counted, found.reason) == (False, f"{kind}, not calcification")


def test_without_a_voltage_the_score_is_null_with_its_reason_and_the_volume_stands() -> None:
    volume = volume_of(block(450.0), kvp=None)
    unknown = limits(None)
    (found,) = measure.lesions(
        volume,
        [lesion_of(volume.pixels >= 130)],
        rule=measure.rule(),
        calibration=measure.nominal(unknown),
        limits=unknown,
    )
    assert found.measures["agatston"].value is None
    assert "kV missing" in found.measures["agatston"].method
    assert found.measures["mass"].value is None
    assert found.measures["volume"].value == pytest.approx(12.0)
    assert "at 130 HU, not adapted" in found.measures["volume"].method


def test_other_images_and_lesions_without_pixels_are_handed_back() -> None:
    volume = volume_of(block(450.0))
    lesion = lesion_of(volume.pixels >= 130)
    others = [replace(lesion, image="i2"), replace(lesion, mask=None)]
    found = measure.lesions(volume, others, rule=measure.rule(), calibration=NOMINAL, limits=AT_120)
    assert all(one is other for one, other in zip(found, others, strict=True))


def test_where_the_box_lies_in_the_image_changes_nothing() -> None:
    hu = np.random.default_rng(2).normal(60, 90, (6, 20, 20)).astype(np.float32)
    bits = hu >= 130
    whole = measured(hu, bits)
    cut = measured(hu, bits[1:5, 3:18, 2:19], start=(1, 3, 2))
    inner = np.zeros_like(bits)
    inner[1:5, 3:18, 2:19] = bits[1:5, 3:18, 2:19]
    assert values(cut) == pytest.approx(values(measured(hu, inner)))
    assert values(whole)["volume"] >= values(cut)["volume"]  # type: ignore[operator]


def test_the_interval_model_is_asked_with_what_it_needs() -> None:
    rng = np.random.default_rng(4)
    hu = block(450.0, slices=5, at=(1, 2, 3)) + rng.normal(0, 10, (5, 16, 16))
    model = Remembering()
    volume = volume_of(hu)
    lesion = lesion_of(hu >= 300)
    (found,) = measure.lesions(
        volume,
        [replace(lesion, peak_index=(2, 5, 5))],
        rule=measure.rule(),
        calibration=NOMINAL,
        limits=AT_120,
        interval=model,
    )
    assert [name for name, _, _ in model.asked] == ["volume", "agatston", "mass"]
    for name, value, features in model.asked:
        assert found.measures[name].value == value
        assert found.measures[name].interval95 == (value - 1, value + 1)
        assert getattr(features, {"volume": "volume_mm3", "mass": "mass_mg", "agatston": "agatston"}[name]) == value
    features = model.asked[0][2]
    assert (features.voxels, features.surface_voxels, features.slices) == (48, 44, 3)
    assert features.around.mean_hu == pytest.approx(40.0, abs=3.0)
    assert features.around.sd_hu == pytest.approx(10.0, rel=0.25)
    assert features.around.noise_hu == pytest.approx(10.0, rel=0.25)
    assert found.measures["peak"] == Measurement(float(hu.max()), "HU", None, "rule agatston-1990")


def test_surroundings_beside_lung_do_not_take_air_for_tissue() -> None:
    rng = np.random.default_rng(5)
    hu = np.full((5, 40, 40), -850.0)
    hu[:, :, 15:] = 40.0
    hu += rng.normal(0, 12, hu.shape)
    bits = np.zeros(hu.shape, bool)
    bits[2, 18:22, 17:21] = True
    hu[bits] = 400.0
    found = surroundings(hu, (0, 0, 0), bits, peak_index=(2, 19, 18), spacing_mm=USUAL, threshold_hu=130.0)
    assert found.mean_hu == pytest.approx(40.0, abs=5.0)
    assert found.noise_hu == pytest.approx(12.0, rel=0.3)


def test_surroundings_of_a_lesion_that_fills_its_image_are_unknown() -> None:
    hu = np.full((1, 3, 3), 500.0)
    found = surroundings(hu, (0, 0, 0), hu > 0, peak_index=(0, 0, 0), spacing_mm=USUAL, threshold_hu=130.0)
    assert found.mean_hu is None
    assert found.noise_hu is None


def test_edge_voxels_are_those_that_noise_may_turn() -> None:
    rng = np.random.default_rng(6)
    hu = np.full((3, 30, 30), 40.0) + rng.normal(0, 10, (3, 30, 30))
    bits = np.zeros(hu.shape, bool)
    bits[1, 10:14, 10:14] = True
    hu[bits] = 400.0
    hu[1, 10, 10] = 135.0
    hu[1, 9, 9] = 125.0
    found = surroundings(hu, (0, 0, 0), bits, peak_index=(1, 12, 12), spacing_mm=USUAL, threshold_hu=130.0)
    assert (found.edge_inside, found.edge_outside) == (1, 1)
