"""Filters against scipy's, which are slower and independent of ours."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from calcimetry.imaging.filters import (
    SWITCH,
    distance,
    gaussian,
    greatest,
    labelled,
    least,
    median,
    medians,
    opencv,
    percentile,
    uniform,
)

SHAPES = [(150, 97), (96, 33), (7, 200), (31, 30), (2, 3), (1, 1)]


def image(shape, level=2000.0):
    return np.random.default_rng(7).normal(level, 60.0, shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.3, 4.0, 12.6])
@pytest.mark.parametrize("truncate", [2.5, 4.0])
@pytest.mark.parametrize("mode", ["reflect", "nearest"])
def test_gaussian(shape, sigma, truncate, mode):
    pixels = image(shape)
    expected = ndimage.gaussian_filter(pixels.astype(np.float64), sigma, truncate=truncate, mode=mode)
    found = gaussian(pixels, sigma, truncate, mode)
    assert found.dtype == np.float32
    assert found.shape == shape
    # Some units in the last place of the largest value.
    assert np.abs(found - expected).max() <= 4 * np.spacing(pixels.max())


def test_gaussian_leaves_its_input_alone_and_takes_views_and_whole_numbers():
    pixels = image((60, 50))
    kept = pixels.copy()
    turned = gaussian(pixels[::-2, ::3], 1.1)
    assert np.array_equal(pixels, kept)
    assert np.allclose(turned, ndimage.gaussian_filter(kept[::-2, ::3], 1.1), rtol=1e-6)
    whole = pixels.astype(np.uint16)
    assert np.allclose(gaussian(whole, 1.1), ndimage.gaussian_filter(whole.astype(np.float32), 1.1), rtol=1e-6)


def test_gaussian_keeps_a_flat_image_and_its_mean():
    flat = np.full((70, 130), 1234.0, np.float32)
    assert np.array_equal(gaussian(flat, 2.0), flat)
    assert gaussian(np.zeros((0, 5), np.float32), 2.0).shape == (0, 5)


@pytest.fixture(params=["scipy", "OpenCV"])
def way(request, monkeypatch):
    """Both ways of the filters, one after the other."""
    if request.param == "OpenCV":
        pytest.importorskip(
            "cv2", reason="the extra 'fast' is not installed: OpenCV's way of the filters is not tested"
        )
        monkeypatch.delenv(SWITCH, raising=False)
    else:
        monkeypatch.setenv(SWITCH, "0")
    opencv.cache_clear()
    assert (opencv() is None) == (request.param == "scipy")
    yield request.param
    opencv.cache_clear()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 5, 31])
def test_greatest_and_least(shape, size, way):
    pixels = image(shape)
    assert np.array_equal(greatest(pixels, size), ndimage.maximum_filter(pixels, size))
    assert np.array_equal(least(pixels, size), ndimage.minimum_filter(pixels, size))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 5, 31])
@pytest.mark.parametrize("mode", ["reflect", "constant"])
def test_uniform(shape, size, mode, way):
    pixels = image(shape)
    expected = ndimage.uniform_filter(pixels, size, mode=mode, output=np.float64)
    into = np.empty_like(pixels)
    for found in (uniform(pixels, size, mode), uniform(pixels, size, mode, into), into):
        assert found.dtype == np.float32
        # One unit in the last place, and hardly ever.
        assert np.abs(found - expected).max() <= np.spacing(pixels.max())
        assert np.mean(found != expected.astype(np.float32)) <= max(0.01, 1.5 / pixels.size)
    assert np.array_equal(uniform(pixels[::-1, ::2], size, mode), uniform(pixels[::-1, ::2].copy(), size, mode))


@pytest.mark.parametrize("shape", SHAPES)
def test_labelled_and_distance(shape, way):
    bits = ndimage.gaussian_filter(image(shape, 0.0), 1.0) > 0
    for given in (bits, bits[::-1, ::2], np.zeros(shape, bool)):
        labels, count = labelled(given)
        expected, number = ndimage.label(given)
        assert count == number
        assert np.array_equal(labels, expected)
        away = distance(given)
        assert away.dtype == np.float32
        assert np.array_equal(away, ndimage.distance_transform_edt(given).astype(np.float32))


@pytest.mark.parametrize("shape", [(75, 75), (102, 90), (40, 1300)])
def test_distance_to_a_single_pixel(shape, way):
    bits = np.ones(shape, bool)
    assert np.array_equal(distance(bits), ndimage.distance_transform_edt(bits).astype(np.float32))
    bits[shape[0] // 2, shape[0] // 3] = False
    assert np.array_equal(distance(bits), ndimage.distance_transform_edt(bits).astype(np.float32))


def test_empty_images(way):
    none = np.zeros((0, 4), np.float32)
    assert greatest(none, 3).shape == least(none, 3).shape == uniform(none, 3).shape == (0, 4)
    assert labelled(none > 0)[1] == 0
    assert distance(none > 0).shape == (0, 4)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101])
def test_median_and_percentile(count):
    values = image((count, 1))
    assert np.array_equal(medians(values.reshape(1, -1)), np.median(values.reshape(1, -1), axis=1))
    assert median(values) == pytest.approx(float(np.median(values)), rel=1e-7)
    for share in (0.0, 1.0, 25.0, 40.0, 50.0, 90.0, 100.0):
        assert percentile(values, share) == pytest.approx(float(np.percentile(values, share)), rel=1e-6)


def test_threads_do_not_show():
    """The same bits whatever number of threads the library of products may use."""
    program = (
        "import hashlib, numpy as np\n"
        "from calcimetry.imaging.filters import gaussian\n"
        "x = np.random.default_rng(0).normal(1000, 50, (401, 333)).astype(np.float32)\n"
        "print(hashlib.sha256(b''.join(gaussian(x, s, 3.0).tobytes() for s in (0.6, 3.0, 12.6, 200.0))).hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for count in ("1", "2", "4")
    }
    assert len(found) == 1
