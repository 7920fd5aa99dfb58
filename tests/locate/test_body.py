"""Body, lungs, bone and sections: on drawn bodies, on odd shapes, and on every real series."""

import numpy as np
import pytest
from locate_phantoms import chest, series, volume

from calcimetry import locate
from calcimetry.imaging.grid import axis_maps, spread


def labels_of(image, regions, *names):
    maps = axis_maps(image.geometry, regions.geometry)
    wanted = [regions.named(name).label for name in names if regions.named(name) is not None]
    return np.isin(spread(regions.labels, maps, 0, image.pixels.shape[0]), wanted)


def test_a_chest_has_lungs_bone_and_walls_where_they_were_drawn():
    image = volume(chest())
    regions = locate.body(image)
    names = {region.name: region for region in regions.regions}
    assert {"body", "lung_left", "lung_right", "bone", "thorax", "thorax_wall"} <= set(names)
    left, right = labels_of(image, regions, "lung_left"), labels_of(image, regions, "lung_right")
    assert left[10, 105, 255]
    assert right[10, 105, 85]
    assert not left[10, 105, 85]
    bone = labels_of(image, regions, "bone")
    assert bone[10, 148, 170]
    assert bone[10, 195, 170]
    assert not bone[10, 85, 175]
    assert labels_of(image, regions, "thorax")[10, 85, 175]
    assert labels_of(image, regions, "thorax_wall")[10, 110, 305]
    assert names["lung_left"].confidence > 0.9
    assert names["lung_left"].complete is False


def test_table_and_room_are_outside():
    image = volume(chest())
    regions = locate.body(image)
    inside = spread(regions.labels, axis_maps(image.geometry, regions.geometry), 0, 24) > 0
    assert not inside[:, 225:229].any()
    assert not inside[:, :5].any()


@pytest.mark.parametrize("flip", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_left_stays_left_when_the_array_is_turned(flip):
    pixels = np.flip(chest(slices=12), flip)
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
    for axis, world in ((0, 2), (1, 1), (2, 0)):
        if axis in flip:
            affine[world, 3] = affine[world, axis] * (pixels.shape[axis] - 1)
            affine[world, axis] *= -1
    image = volume(pixels, affine=affine)
    regions = locate.body(image)
    left = np.argwhere(labels_of(image, regions, "lung_left"))
    right = np.argwhere(labels_of(image, regions, "lung_right"))
    assert image.geometry.to_lps_mm(left)[:, 0].mean() == pytest.approx(240, abs=8)
    assert image.geometry.to_lps_mm(right)[:, 0].mean() == pytest.approx(100, abs=8)


def test_lungs_cut_by_the_field_are_found():
    image = volume(chest(cut=60))
    regions = locate.body(image)
    assert {"lung_left", "lung_right"} <= {region.name for region in regions.regions}
    assert not regions.named("lung_left").complete


def test_contrast_medium_in_the_heart_is_no_bone():
    image = volume(chest(blood=320.0))
    bone = labels_of(image, locate.body(image), "bone")
    assert not bone[10, 85, 175]
    assert bone[10, 195, 170]


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 64, 64), (300, 5, 5), (2, 3, 200), (1, 2, 2), (8, 64, 64), (3, 1, 70)]
)
@pytest.mark.parametrize("kind", ["noise", "air", "metal", "nan"])
def test_odd_shapes_give_regions_not_errors(shape, kind):
    rng = np.random.default_rng(3)
    pixels = {
        "noise": rng.normal(40, 60, shape).astype(np.int16),
        "air": np.full(shape, -1000, dtype=np.int16),
        "metal": np.full(shape, 3071, dtype=np.int16),
        "nan": np.full(shape, np.nan, dtype=np.float32),
    }[kind]
    image = volume(pixels, (0.6, 0.4, 5.0))
    regions = locate.body(image)
    assert regions.named("body") is not None
    assert all(0.0 <= region.confidence <= 1.0 for region in regions.regions)
    assert locate.contrast(image, regions).state in ("none", "given", "suspected", "unknown")
    locate.scale_note(image, regions)


REAL = {
    "abdomen_crlm1006": {"lung_left", "lung_right", "bone", "thorax", "abdomen"},
    "coca_gated_0": {"lung_left", "lung_right", "bone", "thorax"},
    "coca_gated_1": {"lung_left", "lung_right", "bone", "thorax"},
    "coca_gated_3": {"lung_left", "lung_right", "bone", "thorax"},
    "coca_nongated_2": {"lung_left", "lung_right", "bone", "thorax", "abdomen", "neck"},
    "coca_nongated_5": {"lung_left", "lung_right", "bone", "thorax", "abdomen", "neck"},
    "head_tilt_ge": {"bone", "head"},
    "lung1_001_lowdose": {"lung_left", "lung_right", "bone", "thorax"},
    "lungdx_a0001_philips": {"lung_left", "lung_right", "bone", "thorax"},
    "pelvis_sts007": {"bone", "pelvis"},
    "prostate_sts001": {"bone", "pelvis", "limb"},
    "thigh_sts038": {"bone", "limb"},
    "qrm_canon_phantom": {"body"},
    "totseg_aorta_contrast": {"lung_left", "lung_right", "bone", "thorax"},
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", sorted(REAL))
def test_real_series_show_their_parts(shared_data, name):
    image = series(shared_data / "ct" / name)[0]
    regions = locate.body(image)
    present = {region.name for region in regions.regions if region.confidence > 0.3}
    assert REAL[name] <= present
    if "lung_left" not in REAL[name]:
        assert not present & {"lung_left", "lung_right"}
