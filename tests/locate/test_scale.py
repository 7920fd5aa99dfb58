"""Wrong scales are noticed, right ones pass."""

from dataclasses import replace

import numpy as np
import pytest
from locate_phantoms import chest, series, volume

from calcimetry import locate

CHEST = chest(slices=6).astype(np.float64)
WRONG = {
    "intercept missing": CHEST + 1024,
    "intercept twice": CHEST - 1024,
    "eight bits": np.clip((CHEST + 160) / 400 * 255, 0, 255),
    "cut at 240": np.clip(CHEST, -160, 240),
    "absurd": np.where(np.random.default_rng(1).random(CHEST.shape) < 0.02, 30000, CHEST),
}


def note(pixels, **changes):
    image = volume(pixels)
    image = replace(image, acquisition=replace(image.acquisition, **changes))
    return locate.scale_note(image, locate.body(image))


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_scales_withhold(name):
    found = note(WRONG[name].round().astype(np.int16))
    assert found is not None
    assert found.code == "scale-not-hu"
    assert found.severity == "withheld"
    assert "found" in found.text
    assert "expected" in found.text


def test_scaled_floats_withhold():
    scaled = (CHEST - CHEST.min()) / (CHEST.max() - CHEST.min())
    assert note(scaled.astype(np.float32)).severity == "withheld"


def test_a_file_without_rescale_withholds():
    assert "no rescale" in note(CHEST.astype(np.int16), hu=False).text


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_hounsfield_units_pass_in_every_type(dtype):
    assert note(CHEST.astype(dtype)) is None


def test_a_fill_value_below_air_passes():
    pixels = CHEST.astype(np.int16)
    pixels[:, :30] = -3024
    assert note(pixels) is None


@pytest.mark.shared_data
def test_real_series_pass(shared_data):
    folders = [p for p in sorted((shared_data / "ct").iterdir()) if p.is_dir()]
    for folder in folders:
        if folder.name in ("torso_port_acrin001", "single_slices"):
            continue
        for image in series(folder):
            assert locate.scale_note(image, locate.body(image)) is None, folder.name
