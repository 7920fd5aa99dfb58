"""A flat insert in noise is no image that was cut off; an image cut off at the same value is."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.locate import body, scale_note


def _volume(pixels: np.ndarray) -> Volume:
    grid = Geometry.from_spacing(pixels.shape, (3.0, 0.5, 0.5))
    return Volume("i1", pixels, grid, Acquisition("CT", kvp=120.0, thickness_mm=3.0))


@pytest.mark.parametrize(("size", "slices", "hu"), [(64, 2, 450), (128, 6, 450), (64, 3, 600), (64, 1, 130)])
def test_flat_blocks_in_noise_are_hounsfield_units(size: int, slices: int, hu: int) -> None:
    rng = np.random.default_rng(1)
    pixels = (40 + 10 * rng.standard_normal((10, size, size))).round().astype(np.int16)
    pixels[2 : 2 + slices, 20:24, 20:24] = hu
    volume = _volume(pixels)
    assert scale_note(volume, body(volume)) is None


def test_a_window_that_cuts_bone_off_is_told() -> None:
    rng = np.random.default_rng(2)
    pixels = (40 + 15 * rng.standard_normal((10, 96, 96))).round().astype(np.int16)
    pixels[:, :20] = -1000
    pixels[:, 50:60, 50:60] = np.linspace(100, 900, 1000).reshape(10, 10, 10)
    volume = _volume(np.minimum(pixels, 400))
    note = scale_note(volume, body(volume))
    assert note is not None
    assert note.severity == "withheld"
