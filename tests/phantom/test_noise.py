"""Noise: as strong as asked, with the texture of a CT, lower in lung."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.phantom.noise import NoiseSource, noise_level


def planes(count, overlap=1, seed=5):
    source = NoiseSource((128, 160), (0.6, 0.6), np.random.default_rng(seed), overlap=overlap)
    return np.stack([source.next() for _ in range(count)])


def test_unit_variance_and_no_offset():
    found = planes(20)
    assert found.std() == pytest.approx(1.0, rel=0.02)
    assert abs(found.mean()) < 0.01


def test_neighbours_in_plane_go_together_and_far_ones_do_not():
    found = planes(20)
    near = np.corrcoef(found[:, :, 1:].ravel(), found[:, :, :-1].ravel())[0, 1]
    far = np.corrcoef(found[:, :, 20:].ravel(), found[:, :, :-20].ravel())[0, 1]
    assert 0.4 < near < 0.9
    assert abs(far) < 0.05


def test_spectrum_rises_then_falls():
    power = (np.abs(np.fft.fft2(planes(30))) ** 2).mean(axis=0)
    f = np.hypot(np.fft.fftfreq(128, 0.6)[:, None], np.fft.fftfreq(160, 0.6)[None, :])
    bands = [power[(f >= a) & (f < b)].mean() for a, b in ((0.005, 0.05), (0.15, 0.3), (0.7, 0.83))]
    assert bands[1] > 2 * bands[0]
    assert bands[1] > 20 * bands[2]


def test_slices_share_noise_only_where_they_overlap():
    def between(found):
        return np.corrcoef(found[1:].ravel(), found[:-1].ravel())[0, 1]

    assert abs(between(planes(20))) < 0.02
    assert between(planes(20, overlap=2)) == pytest.approx(0.5, abs=0.03)
    assert planes(20, overlap=2).std() == pytest.approx(1.0, rel=0.03)


def test_lung_has_less_noise_than_tissue():
    hu = np.full((200, 200), 45.0, dtype=np.float32)
    hu[:, 120:] = -860.0
    level = noise_level(hu, 1.0)
    assert level[100, 95] == pytest.approx(1.0, abs=0.06)
    assert level[100, 170] < 0.65
