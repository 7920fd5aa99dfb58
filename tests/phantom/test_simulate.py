"""Simulated images: mass, noise, voltage, anatomy, the same seed the same voxels."""

from __future__ import annotations

import numpy as np
import pytest
from phantom_recipes import SMALL
from scipy import ndimage

from calcimetry import phantom
from calcimetry.phantom.materials import hu_per_mg_cm3, material_hu


def quiet(**scan):
    return {**SMALL, "scan": {**SMALL["scan"], "noise_hu": 0.0, **scan}}


@pytest.mark.parametrize("kernel", ["smooth", "standard", "sharp"])
@pytest.mark.parametrize("kvp", [70, 100, 120, 140])
def test_mass_in_the_image_is_the_truth(kvp, kernel):
    made = phantom.simulate(quiet(kvp=kvp, kernel=kernel), seed=0)
    around = material_hu("blood", kvp)
    grid = made.volume.geometry
    for one, region in zip(made.truth, made.regions.regions, strict=True):
        inside = made.regions.labels == region.label
        excess = (made.volume.pixels[inside].astype(float) - around).sum() * grid.voxel_mm3
        # What replaced the tissue stands for the object's whole CT number.
        mass = excess * one.object_hu / (one.object_hu - around) / hu_per_mg_cm3(kvp) / 1000.0
        assert mass == pytest.approx(one.mass_mg, rel=0.01)  # 0.5 % of rendering, the rest whole HU and the region
        assert one.mass_mg == pytest.approx(one.volume_mm3 * one.density_mg_cm3 / 1000)


def test_calcium_brightens_as_the_voltage_falls():
    peaks = [phantom.simulate(quiet(kvp=kvp), seed=0).volume.pixels.max() for kvp in (70, 80, 100, 120, 135)]
    assert peaks == sorted(peaks, reverse=True)
    assert hu_per_mg_cm3(120.0) * 100 == pytest.approx(130, abs=0.5)
    assert hu_per_mg_cm3(70.0) / hu_per_mg_cm3(120.0) == pytest.approx(1 / 0.63, rel=0.01)


@pytest.mark.parametrize("noise_hu", [10.0, 25.0])
def test_noise_is_as_strong_as_asked(noise_hu):
    made = phantom.simulate({**SMALL, "object": [], "scan": {**SMALL["scan"], "noise_hu": noise_hu}}, seed=2)
    assert made.volume.pixels.std() == pytest.approx(noise_hu, rel=0.05)


def test_noise_in_the_chest(chest):
    # Blood in the heart's left ventricle, away from its walls.
    k, j, i = np.rint(chest.volume.geometry.to_index((29.0, -19.0, -78.0))).astype(int)
    blood = chest.volume.pixels[k - 1 : k + 2, j - 12 : j + 13, i - 12 : i + 13]
    assert blood.std() == pytest.approx(15.0, rel=0.15)
    assert blood.mean() == pytest.approx(42.0, abs=3.0)


def test_same_seed_same_voxels_and_another_seed_others(small):
    again, other = phantom.simulate(SMALL, seed=3), phantom.simulate(SMALL, seed=4)
    assert np.array_equal(again.volume.pixels, small.volume.pixels)
    assert again.truth == small.truth
    assert again.volume.acquisition == small.volume.acquisition
    assert not np.array_equal(other.volume.pixels, small.volume.pixels)
    assert other.volume.acquisition.series_uid != small.volume.acquisition.series_uid


def test_an_object_more_leaves_the_noise_alone(small):
    one = phantom.simulate({**SMALL, "object": SMALL["object"][:1]}, seed=3)
    second = small.regions.labels == 2
    change = np.abs(one.volume.pixels[~second].astype(int) - small.volume.pixels[~second])
    assert change.max() <= 2  # denser tissue nearby is a little noisier


def test_overlapping_slices_hold_the_mass_too():
    made = phantom.simulate(quiet(increment_mm=1.5, slices=18), seed=0)
    inside = made.regions.labels == 1
    excess = (made.volume.pixels[inside].astype(float) - 42.0).sum() * made.volume.geometry.voxel_mm3
    one = made.truth[0]
    assert excess * one.object_hu / (one.object_hu - 42) / 1.3 / 1000 == pytest.approx(one.mass_mg, rel=0.02)


def test_chest_has_lungs_bone_fat_and_a_table(chest):
    hu = chest.volume.pixels
    grid = chest.volume.geometry
    litre = 1e6 / grid.voxel_mm3
    lung = (hu > -950) & (hu < -700)
    labels, count = ndimage.label(lung[20])
    sizes = np.sort(ndimage.sum_labels(lung[20], labels, range(1, count + 1)))
    assert sizes[-2] * grid.pixel_mm2 > 3000  # two lungs of more than 30 cm2
    assert 0.15 * litre < np.count_nonzero(hu > 200) < 1.2 * litre  # spine, ribs, sternum
    assert 1.0 * litre < np.count_nonzero((hu > -140) & (hu < -60)) < 8 * litre  # fat
    assert np.count_nonzero(hu < -950) > 4 * litre  # air around, and the airways
    trachea = np.rint(grid.to_index((-5.0, 24.0, 25.0))).astype(int)
    assert hu[tuple(trachea)] < -900


def test_each_plaque_lies_in_the_corridor_of_its_vessel(chest):
    for one in chest.truth:
        index = np.rint(chest.volume.geometry.to_index(one.center_mm)).astype(int)
        label = int(chest.regions.labels[tuple(index)])
        assert label, one.id
        assert chest.regions[label].site == one.site
        if one.structure:
            assert chest.regions[label].structure == one.structure


def test_nothing_else_in_the_corridors_is_as_dense_as_calcium(chest):
    grid = chest.volume.geometry
    found = np.argwhere((chest.volume.pixels >= 130) & (chest.regions.labels > 0))
    places = grid.to_lps_mm(found)
    centers = np.array([one.center_mm for one in chest.truth])
    away = np.linalg.norm(places[:, None] - centers[None], axis=2).min(axis=1)
    assert away.max() < 16.0  # half the longest plaque


def test_progress_is_told():
    told = []
    phantom.simulate(SMALL, seed=0, progress=lambda step, done, total: told.append((step, done, total)))
    assert told[-1] == ("simulating", 9, 9)


@pytest.mark.parametrize("name", ["qrm", "lesions"])
def test_the_small_recipes_run(name):
    made = phantom.simulate(name, seed=1)
    assert made.volume.pixels.dtype == np.int16
    assert len(made.regions.regions) == len(made.truth)
    masses = {one.id: one.mass_mg for one in made.truth}
    if name == "qrm":
        assert masses["Large_HD"] == pytest.approx(78.5, abs=0.1)
        assert masses["Small_LD"] == pytest.approx(0.157, abs=0.01)


@pytest.mark.heavy
def test_the_long_chest_runs():
    made = phantom.simulate("thorax-250", seed=1)
    assert made.volume.pixels.shape == (250, 512, 512)


def test_a_region_without_anatomy_keeps_the_site_of_its_object():
    ball = {"shape": "sphere", "diameter_mm": 4, "density_mg_cm3": 500}
    objects = [
        {**ball, "center_mm": [-7, 0, 0], "id": "V", "site": "aortic_valve", "structure": ""},
        {**ball, "center_mm": [7, 0, 0], "id": "C", "site": "coronary_artery", "structure": "left_main"},
        {**ball, "center_mm": [0, 7, 0], "id": "X"},
    ]
    made = phantom.simulate({**SMALL, "object": objects}, seed=0)
    named = [(row.name, row.site, row.structure) for row in made.regions.regions]
    assert named == [
        ("V", "aortic_valve", ""),
        ("left_main", "coronary_artery", "left_main"),
        ("X", "unassigned", "X"),
    ]
