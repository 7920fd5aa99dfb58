"""Bodies as runs: the same as a labelling of the whole volume by scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from calcimetry.imaging.components import connect, find_bodies, find_runs

CUBE = np.ones((3, 3, 3))
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 9))


@given(SHAPES.flatmap(lambda shape: arrays(np.int16, shape, elements=st.sampled_from([0, 129, 130, 500]))))
def test_bodies_are_those_of_scipy(image):
    bodies = find_bodies(find_runs(image, 130.0))
    labels, count = ndimage.label(image >= 130, CUBE)
    assert len(bodies) == count
    seen = np.zeros(image.shape, dtype=int)
    for number in range(len(bodies)):
        start, bits = bodies.bits(number)
        box = tuple(slice(a, a + n) for a, n in zip(start, bits.shape, strict=True))
        assert bits.any(axis=(1, 2)).all()
        assert bits.any(axis=(0, 2)).all()
        assert bits.any(axis=(0, 1)).all()
        assert len(np.unique(labels[box][bits])) == 1
        assert bits.sum() == bodies.voxels[number] == (labels == labels[box][bits][0]).sum()
        seen[box][bits] += 1
    assert (seen == (image >= 130)).all()


@given(SHAPES.flatmap(lambda shape: arrays(np.bool_, shape)))
def test_pieces_of_slices_are_those_of_scipy(mask):
    runs = find_runs(mask.astype(np.uint8), 1)
    pieces = connect(runs, within_slice=True)
    expected = sum(ndimage.label(plane, np.ones((3, 3)))[1] for plane in mask)
    assert len(np.unique(pieces)) == expected


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint16, np.float32, np.float64])
def test_the_threshold_is_inclusive_in_every_type(dtype):
    image = np.array([[[129, 130, 131, 0]]], dtype=dtype)
    runs = find_runs(image, 130.0)
    assert (runs.first.tolist(), runs.stop.tolist()) == ([1], [3])
    assert len(find_runs(image, 130.5).voxels()) == 1


def test_a_threshold_beyond_the_type_finds_nothing_or_everything():
    image = np.full((2, 3, 4), 7, dtype=np.int16)
    assert len(find_runs(image, 40000.0)) == 0
    assert find_runs(image, -40000.0).voxels().tolist() == list(range(24))


def test_nan_is_never_above():
    assert len(find_runs(np.full((2, 2, 2), np.nan, dtype=np.float32), 130.0)) == 0


def test_the_search_stops_soon_after_the_limit(monkeypatch):
    monkeypatch.setattr("calcimetry.imaging.components.SLAB_VOXELS", 200)
    image = np.zeros((20, 10, 10), dtype=np.int16)
    image[:, :, ::2] = 500
    runs = find_runs(image, 130.0, limit=120)
    assert 120 < len(runs) < 300
    assert runs.slices.max() < 19


def test_rows_of_one_line_do_not_touch_across_the_edge():
    image = np.zeros((1, 2, 4), dtype=np.int16)
    image[0, 0, 3] = image[0, 1, 0] = 200
    assert len(find_bodies(find_runs(image, 130.0))) == 2


def test_chosen_bodies_keep_their_order():
    image = np.zeros((1, 5, 5), dtype=np.int16)
    image[0, 0, 0] = image[0, 2, :3] = image[0, 4, 4] = 200
    bodies = find_bodies(find_runs(image, 130.0)).chosen(np.array([2, 1]))
    assert bodies.voxels.tolist() == [1, 3]
    assert bodies.boxes[0].tolist() == [[0, 4, 4], [1, 5, 5]]
