"""Kernels that are no Agatston score."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from measure_phantoms import USUAL, block

from calcimetry import measure
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure.rule import rule


def test_a13_forty_voxels() -> None:
    hu = np.zeros((1, 8, 8))
    hu[0, :5, :] = 130
    assert measure.volume_mm3(hu, USUAL) == pytest.approx(30.0)


def test_a14_mass() -> None:
    hu = np.full((2, 5, 5), 300)
    assert measure.mass_mg(hu, (1.0, 1.0, 1.0), measure.stated(0.769)) == pytest.approx(11.54, abs=0.005)


def test_a15_the_nominal_factor() -> None:
    calibration = measure.nominal(limits(120.0))
    assert calibration is not None
    assert calibration.mg_cm3_per_hu == pytest.approx(0.7692, abs=5e-5)
    assert calibration.text.startswith("uncalibrated")


def test_the_nominal_factor_follows_the_voltage_and_refuses_an_unknown_one() -> None:
    at_100 = measure.nominal(limits(100.0))
    assert at_100 is not None
    assert at_100.mg_cm3_per_hu == pytest.approx(100 / 145)
    assert measure.nominal(limits(None)) is None
    assert measure.nominal(limits(140.0)) is None


def test_a_rod_in_the_field_calibrates() -> None:
    hu = np.zeros((2, 4, 8), np.int16)
    hu[:, :, 4:] = 277
    hu[:, :, :4] = 3
    rod = hu > 100
    found = measure.from_rod(hu, rod, 200.0, water=~rod)
    assert found.mg_cm3_per_hu == pytest.approx(200 / 274)
    assert found.basis == "rod"
    with pytest.raises(ValueError, match="denser"):
        measure.from_rod(hu, ~rod, 200.0, water=rod)


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), 722.0])
def test_a_factor_in_other_units_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="expected about"):
        measure.stated(wrong)


def test_a16_density_score() -> None:
    assert measure.density_score(120.0, 180.0, 3.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("hu", "weight"), [(150, 1), (250, 2), (350, 3), (900, 4)])
@pytest.mark.parametrize("increment", [1.5, 3.0])
def test_the_density_score_is_the_mean_factor_whatever_the_slices(hu: float, weight: int, increment: float) -> None:
    array, spacing_mm = block(float(hu)), (increment, 0.5, 0.5)
    score, volume = measure.agatston(array, spacing_mm), measure.volume_mm3(array, spacing_mm)
    factor = rule().slice_factor(increment)
    assert measure.density_score(score, volume, increment, factor) == pytest.approx(weight)
    assert measure.density_score(0.0, 0.0, increment, factor) is None


def test_isotropic_volume_of_a_long_bar_is_its_volume() -> None:
    hu = np.full((12, 10, 10), 0.0)
    hu[:, 3:7, 3:7] = 10_000.0  # so dense that the interpolated edge lies almost at the next voxel
    voxel = measure.volume_mm3(hu, USUAL)
    one_layer = 4 * 4 * 0.5**3
    assert measure.volume_isotropic_mm3(hu, USUAL) == pytest.approx(voxel, abs=one_layer)


def test_isotropic_volume_depends_on_density_where_voxel_volume_does_not() -> None:
    dim, bright = block(140.0, slices=5, at=(2,)), block(900.0, slices=5, at=(2,))
    assert measure.volume_mm3(dim, USUAL) == measure.volume_mm3(bright, USUAL)
    assert measure.volume_isotropic_mm3(dim, USUAL) < measure.volume_mm3(dim, USUAL)
    assert measure.volume_isotropic_mm3(bright, USUAL) > measure.volume_mm3(bright, USUAL)


def test_isotropic_volume_with_oblong_pixels_and_in_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    hu = rng.normal(60, 90, (6, 9, 9))
    spacing_mm = (2.5, 0.8, 0.5)
    whole = measure.volume_isotropic_mm3(hu, spacing_mm, rule("no-minimum"))
    monkeypatch.setattr("calcimetry.measure.volume_isotropic._SLAB_VOXELS", 1)
    assert measure.volume_isotropic_mm3(hu, spacing_mm, rule("no-minimum")) == pytest.approx(whole)
    assert whole > 0


def test_isotropic_voxels_larger_than_the_slices() -> None:
    hu = np.full((1, 4, 4), 400.0)
    assert measure.volume_isotropic_mm3(hu, (0.6, 1.0, 1.0)) == pytest.approx(16.0)


def test_isotropic_volume_leaves_the_neighbouring_region_out() -> None:
    hu = np.zeros((3, 6, 12))
    hu[1, 1:5, 1:5] = 400
    hu[1, 1:5, 6:11] = 400
    left = np.zeros(hu.shape, bool)
    left[:, :, :6] = True
    alone = hu.copy()
    alone[:, :, 6:] = 0
    both = measure.volume_isotropic_mm3(hu, USUAL, inside=left)
    assert both == pytest.approx(measure.volume_isotropic_mm3(alone, USUAL, inside=left))


def test_integrated_mass_survives_the_blur_that_threshold_mass_does_not() -> None:
    sharp = np.full((7, 15, 15), 50.0)
    sharp[3, 7, 7] = 50.0 + 400.0
    blurred = np.full_like(sharp, 50.0)
    blurred[2:5, 6:9, 6:9] += 400.0 / 27
    told = {"background_hu": 50.0, "object_hu": 450.0, "density_mg_cm3": 400.0}
    mass = measure.integrated_mass_mg(sharp, USUAL, **told)
    assert mass == pytest.approx(0.75e-3 * 400)
    assert measure.integrated_mass_mg(blurred, USUAL, **told) == pytest.approx(mass)
    assert measure.mass_mg(blurred, USUAL, measure.stated(1.0)) == 0.0


def test_clipped_fractions_ignore_fat_and_unclipped_ones_do_not() -> None:
    hu = np.array([[[400.0, -100.0]]])
    told = {"tissue_hu": 50.0, "calcium_hu": 400.0}
    assert measure.volume_fraction_mm3(hu, (1, 1, 1), clip=True, **told) == pytest.approx(1.0)
    assert measure.volume_fraction_mm3(hu, (1, 1, 1), **told) < 1.0


def test_unclipped_fractions_are_the_integrated_volume() -> None:
    hu = np.random.default_rng(1).normal(100, 80, (3, 4, 5))
    inside = hu > 50
    one = measure.volume_fraction_mm3(hu, USUAL, tissue_hu=40, calcium_hu=440, inside=inside)
    other = measure.integrated_volume_mm3(hu, USUAL, background_hu=40, object_hu=440, inside=inside)
    assert one == pytest.approx(other)


@pytest.mark.parametrize(
    "call",
    [
        lambda hu: measure.integrated_volume_mm3(hu, USUAL, background_hu=100, object_hu=100),
        lambda hu: measure.volume_fraction_mm3(hu, USUAL, tissue_hu=100, calcium_hu=50),
        lambda hu: measure.spatially_weighted(hu, rod_mean_hu=100, rod_sd_hu=0),
    ],
)
def test_references_that_make_no_sense_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        call(np.zeros((1, 2, 2)))  # type: ignore[operator]


def test_spatial_weight_sees_what_lies_below_the_threshold() -> None:
    faint = np.full((3, 9, 9), 40.0)
    faint[1, 3:6, 3:6] = 120.0
    told = {"rod_mean_hu": 130.0, "rod_sd_hu": 20.0}
    assert measure.agatston(faint, USUAL) == 0.0
    none = measure.spatially_weighted(np.full((3, 9, 9), 40.0), **told)
    assert measure.spatially_weighted(faint, **told) > none + 1.0
    inside = np.zeros(faint.shape, bool)
    assert measure.spatially_weighted(faint, inside=inside, **told) == 0.0


def test_diameters() -> None:
    bar = np.zeros((3, 5, 9), bool)
    bar[1, 2, 1:8] = True
    assert measure.diameter_mm(bar, USUAL) == pytest.approx(np.hypot(3.0, 3.0))  # from top to bottom of the slice
    assert measure.diameter_in_plane_mm(bar, USUAL) == pytest.approx(3.5)
    tall = np.ones((4, 1, 1), bool)
    assert measure.diameter_mm(tall, USUAL) == pytest.approx(12.0)
    assert measure.diameter_in_plane_mm(tall, USUAL) == pytest.approx(0.5)
    assert measure.diameter_mm(np.zeros((2, 2, 2), bool), USUAL) == 0.0
    assert measure.diameter_in_plane_mm(np.zeros((2, 2, 2), bool), USUAL) == 0.0


def test_a_large_sphere_has_its_diameter() -> None:
    k, j, i = np.mgrid[-12:13, -12:13, -12:13]
    ball = k**2 + j**2 + i**2 <= 10.4**2
    assert measure.diameter_mm(ball, (1.0, 1.0, 1.0)) == pytest.approx(2 * 10.4, abs=1.0)


def test_a_very_large_sphere_needs_little_memory() -> None:
    k, j, i = np.mgrid[-50:51, -50:51, -50:51]
    ball = k**2 + j**2 + i**2 <= 49.2**2
    tracemalloc.start()
    assert measure.diameter_mm(ball, (1.0, 1.0, 1.0)) == pytest.approx(2 * 49.2, abs=1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6


def test_areas() -> None:
    bits = np.zeros((2, 4, 4), bool)
    bits[0, :2, :2] = True
    bits[1, 0, 0] = True
    assert measure.largest_area_mm2(bits, USUAL) == 1.0
    assert measure.total_area_mm2(bits, USUAL) == 1.25


def test_peak_and_mean_of_nothing_are_unknown() -> None:
    nothing = np.zeros((1, 2, 2), bool)
    assert measure.peak_hu(np.zeros((1, 2, 2)), nothing) is None
    assert measure.mean_hu(np.zeros((1, 2, 2)), nothing) is None


def test_the_mean_of_many_small_integers_does_not_overflow() -> None:
    hu = np.full((10, 100, 100), 3000, np.int16)
    assert measure.mean_hu(hu, hu > 0) == 3000.0
    assert measure.mass_mg(hu, (1.0, 1.0, 1.0), measure.stated(1.0)) == pytest.approx(3000 * 100.0)


def test_the_angiogram_s_estimate_of_nothing_is_nothing() -> None:
    assert measure.ctca_score(0.0, measure.ctca_threshold_hu(300.0, 30.0)) == 0.0
