"""Inside given regions everything that meets the threshold counts, whatever it looks like."""

import numpy as np
import pytest
from locate_phantoms import volume
from scipy import ndimage

from calcimetry import detect
from calcimetry.core.geometry import Geometry
from calcimetry.core.regions import Region, Regions


def given(labels, names=("A", "B"), affine=None, spacing_mm=(3.0, 1.0, 1.0)):
    grid = Geometry.from_spacing(labels.shape, spacing_mm) if affine is None else Geometry(labels.shape, affine)
    rows = tuple(Region(n, name, "unassigned", name, "given") for n, name in enumerate(names, start=1))
    return Regions("i1", labels.astype(np.uint8), grid, rows)


def noisy(seed=0, shape=(5, 40, 50)):
    hu = np.random.default_rng(seed).normal(90, 60, shape)
    return ndimage.gaussian_filter(hu, (0.3, 0.7, 0.7)).round().astype(np.int16)


def found(pixels, regions, threshold_hu=130.0):
    return detect.find(volume(pixels), [regions], threshold_hu=threshold_hu)


@pytest.mark.parametrize("seed", range(3))
def test_every_voxel_above_the_threshold_is_in_exactly_one_lesion_per_body_and_label(seed):
    pixels = noisy(seed)
    labels = np.zeros(pixels.shape, dtype=int)
    labels[:, 5:30, 5:25], labels[1:, 10:35, 25:45] = 1, 2
    lesions = found(pixels, given(labels))
    drawn = np.zeros(pixels.shape, dtype=int)
    for one in lesions:
        drawn[one.mask.box][one.mask.bits] += 1
        assert one.counted
        assert one.kind == "calcification"
        assert one.peak_index in {tuple(index) for index in one.mask.indices()}
    assert np.array_equal(drawn, (pixels >= 130) & (labels > 0))  # all, and none twice
    for number, name in ((1, "A"), (2, "B")):
        bodies = ndimage.label((pixels >= 130) & (labels == number), structure=np.ones((3, 3, 3)))[1]
        assert sum(one.structure == name for one in lesions) == bodies


def test_one_voxel_at_the_threshold_is_a_lesion():
    pixels = np.full((3, 20, 20), 40, dtype=np.int16)
    pixels[1, 8, 9] = 130
    (one,) = found(pixels, given(np.ones(pixels.shape), ("A",)))
    assert one.counted
    assert one.center_index == (1.0, 8.0, 9.0)
    assert found(pixels, given(np.ones(pixels.shape), ("A",)), 131.0) == ()


def test_a_body_that_crosses_a_border_is_one_lesion_on_each_side():
    pixels = np.full((3, 20, 20), 40, dtype=np.int16)
    pixels[1, 8:12, 6:14] = 300
    labels = np.ones(pixels.shape)
    labels[:, :, 10:] = 2
    lesions = found(pixels, given(labels))
    assert [(one.structure, int(one.mask.bits.sum())) for one in lesions] == [("A", 16), ("B", 16)]


def test_metal_at_the_end_of_the_scale_is_listed_and_not_counted():
    pixels = np.full((3, 20, 20), 40, dtype=np.int16)
    pixels[1, 4:7, 4:7], pixels[1, 12:15, 12:15] = 3071, 900
    metal, plaque = found(pixels, given(np.ones(pixels.shape), ("A",)))
    assert (metal.kind, metal.counted) == ("metal", False)
    assert "metal" in metal.reason
    assert (plaque.kind, plaque.counted) == ("calcification", True)


def test_a_coarser_map_is_laid_on_by_position():
    pixels = noisy(4, (6, 40, 40))
    labels = np.zeros((3, 10, 10))
    labels[1, 2:6, 3:7] = 1
    fine = Geometry.from_spacing(pixels.shape, (3.0, 1.0, 1.0)).affine
    coarse = fine @ np.array([[2.0, 0, 0, 0.5], [0, 4, 0, 1.5], [0, 0, 4, 1.5], [0, 0, 0, 1]])
    inside = np.zeros(pixels.shape, dtype=bool)
    inside[2:4, 8:24, 12:28] = True
    lesions = found(pixels, given(labels, ("A",), affine=coarse))
    assert sum(int(one.mask.bits.sum()) for one in lesions) == int(((pixels >= 130) & inside).sum())


def test_a_region_outside_the_image_and_an_empty_label_find_nothing():
    pixels = noisy()
    away = Geometry.from_spacing(pixels.shape, (3.0, 1.0, 1.0)).affine.copy()
    away[:3, 3] += 1000.0
    assert found(pixels, given(np.ones(pixels.shape), ("A",), affine=away)) == ()
    assert found(pixels, given(np.zeros(pixels.shape))) == ()


def test_nan_and_infinities_neither_count_nor_break():
    pixels = noisy().astype(np.float32)
    pixels[2, 10:14, 10:14] = np.nan
    pixels[2, 20, 20] = np.inf
    lesions = found(pixels, given(np.ones(pixels.shape), ("A",)))
    drawn = np.zeros(pixels.shape, dtype=bool)
    for one in lesions:
        drawn[one.mask.box] |= one.mask.bits
    assert np.array_equal(drawn, pixels >= 130)
    assert all(np.isfinite(one.confidence) for one in lesions)
