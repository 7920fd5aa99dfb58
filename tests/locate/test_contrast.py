"""Contrast medium: the image first, the header where the image does not decide."""

import numpy as np
import pytest
from locate_phantoms import chest, series, volume

from calcimetry import locate
from listed_findings import scans


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


ENHANCED = ("totseg_aorta_contrast", "abdomen_crlm1006", "A062055")


def stripped(image, header=None):
    """The same pixels with another word on contrast medium in the header, and none on anything else."""
    return volume(np.asarray(image.pixels), affine=image.geometry.affine, contrast_header=header)


@pytest.mark.shared_data
def test_every_real_scan_is_refused_if_enhanced_and_only_then(shared_data):
    """The silence of a header lets no enhanced scan pass, and a wrong word in it refuses no chest with plain blood."""
    folder = shared_data / "ct"
    seen = 0
    for name in scans(folder):
        for image in series(folder / name):
            seen += 1
            body = locate.body(image)
            chest = any(region.name.startswith("lung") for region in body.regions) and image.geometry.shape[0] > 1
            for header in ("as it is", None, "", "OMNIPAQUE 350"):
                state = locate.contrast(image if header == "as it is" else stripped(image, header), body).state
                if any(one in name for one in ENHANCED):
                    assert state == "given", (name, header)
                elif header != "OMNIPAQUE 350":
                    assert state in ("none", "unknown"), (name, header)
                else:  # where no blood is seen, as in a head or a thigh, the header is believed
                    assert state == "none" or (state == "suspected" and not chest), (name, header)
    assert seen >= 23
