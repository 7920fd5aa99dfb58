"""Contrast medium: the image first, the header where the image does not decide."""

import numpy as np
import pytest
from locate_phantoms import chest, series, volume

from calcimetry import locate


def judged(pixels, header=None):
    image = volume(pixels, contrast_header=header)
    return locate.contrast(image, locate.body(image))


def test_plain_blood_is_none_whatever_the_header_says():
    for header in (None, "", "OMNIPAQUE"):
        found = judged(chest(), header)
        assert found.state == "none"
        assert found.blood_hu == pytest.approx(48, abs=8)
        assert locate.contrast_note(found) is None
        assert locate.contrast_threshold_hu(found) == float("-inf")


@pytest.mark.parametrize("blood", [125.0, 200.0, 320.0, 450.0])
def test_enhanced_blood_is_noticed_without_the_header(blood):
    found = judged(chest(blood=blood))
    assert found.state == "given"
    assert found.blood_hu == pytest.approx(blood, abs=20)
    assert locate.contrast_note(found).severity == "withheld"
    assert locate.contrast_threshold_hu(found) == pytest.approx(found.blood_hu + 100)


def test_where_no_blood_is_seen_the_header_decides():
    air = np.full((3, 40, 40), -1000, dtype=np.int16)
    assert judged(air).state == "unknown"
    assert judged(air, "no").state == "unknown"
    assert judged(air, "ULTRAVIST 300").state == "suspected"
    assert "ULTRAVIST" in judged(air, "ULTRAVIST 300").reason
    assert locate.contrast_note(judged(air)).severity == "info"


PLAIN = [
    "coca_gated_0",
    "coca_gated_1",
    "coca_gated_3",
    "coca_nongated_2",
    "coca_nongated_5",
    "lung1_001_lowdose",
    "lungdx_a0001_philips",
    "head_tilt_ge",
    "pelvis_sts007",
    "prostate_sts001",
    "thigh_sts038",
    "qrm_canon_phantom",
]


@pytest.mark.shared_data
@pytest.mark.parametrize("name", PLAIN)
def test_plain_real_series_are_not_refused(shared_data, name):
    image = series(shared_data / "ct" / name)[0]
    assert locate.contrast(image, locate.body(image)).state in ("none", "unknown")


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["totseg_aorta_contrast", "abdomen_crlm1006"])
def test_enhanced_real_series_are_noticed_with_and_without_header(shared_data, name):
    image = series(shared_data / "ct" / name)[0]
    regions = locate.body(image)
    assert locate.contrast(image, regions).state == "given"
    bare = volume(np.asarray(image.pixels), affine=image.geometry.affine)
    assert locate.contrast(bare, regions).state == "given"


@pytest.mark.shared_data
def test_single_slices_with_and_without_contrast(shared_data):
    for path in sorted((shared_data / "ct" / "single_slices").glob("A0[26]*.dcm")):
        image = series(path)[0]
        state = locate.contrast(image, locate.body(image)).state
        assert state == ("given" if path.name.startswith("A062055") else "none"), path.name
