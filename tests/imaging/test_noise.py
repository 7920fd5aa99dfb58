"""Noise from flat blocks: the noise put in comes out, edges and empty images do not disturb."""

import numpy as np
import pytest

from calcimetry.imaging.noise import noise_sd


@pytest.mark.parametrize("sd", [5.0, 12.0, 25.0])
def test_the_noise_put_in_comes_out(sd):
    rng = np.random.default_rng(7)
    image = 40.0 + rng.normal(0, sd, (10, 128, 128))
    image[:, :, 64:] -= 1000.0
    image[:, 20:40, 10:30] += 400.0
    found, by_slice = noise_sd(image.round().astype(np.int16), (0.7, 0.7))
    assert found == pytest.approx(sd, rel=0.1)
    assert by_slice.shape == (10,)
    assert by_slice == pytest.approx(found, rel=0.2)


def test_noise_may_change_along_the_stack():
    rng = np.random.default_rng(8)
    sd = np.linspace(8, 30, 20)[:, None, None]
    image = 40.0 + rng.normal(0, 1, (20, 96, 96)) * sd
    _, by_slice = noise_sd(image, (1.0, 1.0))
    assert by_slice[-1] > 2.5 * by_slice[0]


@pytest.mark.parametrize("fill", [-1000.0, np.nan, np.inf, 3000.0])
def test_no_soft_tissue_is_not_a_number(fill):
    found, by_slice = noise_sd(np.full((3, 20, 20), fill, dtype=np.float32), (1.0, 1.0))
    assert np.isnan(found)
    assert np.isnan(by_slice).all()
