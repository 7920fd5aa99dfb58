"""Block means and the way between grids, against slow twins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry.core.geometry import Geometry
from calcimetry.core.regions import Regions
from calcimetry.imaging.grid import axis_maps, block_geometry, block_mean, spread

FACTORS = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))


@given(FACTORS, st.integers(0, 2**31))
def test_block_mean_is_the_mean_of_each_block(factors, seed):
    image = np.random.default_rng(seed).integers(-1024, 3000, (5, 7, 9)).astype(np.int16)
    coarse = block_mean(image, factors)
    for k, j, i in np.ndindex(coarse.shape):
        fk, fj, fi = factors
        block = image[k * fk : (k + 1) * fk, j * fj : (j + 1) * fj, i * fi : (i + 1) * fi]
        assert coarse[k, j, i] == pytest.approx(block.mean(), abs=0.01)


def test_not_a_number_counts_as_air():
    image = np.full((2, 2, 2), np.nan, dtype=np.float32)
    assert block_mean(image, (2, 2, 2)).tolist() == [[[-1024.0]]]


@given(FACTORS, st.sampled_from([1, -1]), st.sampled_from([1, -1]))
def test_spread_is_asking_by_position(factors, sign_row, sign_column):
    fine = Geometry(
        (5, 7, 9),
        np.array([[0, 0, 0.7 * sign_column, 4], [0, 0.6 * sign_row, 0, -3], [2.0, 0, 0, 9], [0, 0, 0, 1]]),
    )
    grid = block_geometry(fine, factors)
    labels = np.arange(np.prod(grid.shape), dtype=np.uint16).reshape(grid.shape) + 1
    maps = axis_maps(fine, grid)
    assert maps is not None
    index = np.argwhere(np.ones(fine.shape, dtype=bool))
    asked = Regions("i1", labels, grid, ()).at(fine, index).reshape(fine.shape)
    got = spread(labels, maps, 0, 5)
    inner = tuple(slice(0, n // f * f) for n, f in zip(fine.shape, factors, strict=True))
    odd = all(f % 2 for f in factors)  # a voxel on the border of even blocks may go either way
    assert (got > 0).sum() == (asked > 0).sum()
    if odd:
        assert (got[inner] == asked[inner]).all()


def test_turned_grids_have_no_axis_maps():
    grid = Geometry.from_spacing((8, 8, 8), (1, 1, 1))
    turned = grid.affine.copy()
    turned[:3, :3] = turned[:3, :3] @ np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    assert axis_maps(grid, Geometry(grid.shape, turned)) is None


def test_outside_the_other_grid_is_zero():
    grid = Geometry.from_spacing((4, 4, 4), (1, 1, 1))
    part = grid.cropped((1, 1, 1), (3, 3, 3))
    maps = axis_maps(grid, part)
    assert maps is not None
    got = spread(np.full((2, 2, 2), 7), maps, 0, 4)
    assert got.sum() == 7 * 8
    assert (got[1:3, 1:3, 1:3] == 7).all()
