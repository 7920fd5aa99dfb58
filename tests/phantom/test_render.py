"""Partial volume is right: rendered mass is the true mass, blur is as wide as asked, oblique grids too."""

from __future__ import annotations

import numpy as np
import pytest
from test_shapes import SHAPES

from calcimetry.core.geometry import Geometry
from calcimetry.phantom import Cylinder, Sphere
from calcimetry.phantom.render import Optics, counted, render, seen

GRID = Geometry.from_spacing((20, 70, 80), (3.0, 0.5, 0.5), (-20.0, -17.0, -30.0))


def tilted(spacing_mm):
    """An oblique, sheared stack: slices turned by 20 degrees, and stacked along another way than their normal."""
    turn = np.radians(20.0)
    down = np.array([0.0, np.cos(turn), np.sin(turn)]) * spacing_mm[1]
    along = np.array([0.0, 0.0, spacing_mm[0]])
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = along, down, (spacing_mm[2], 0, 0)
    affine[:3, 3] = -(affine[:3, :3] @ (10, 50, 50))
    return Geometry((20, 100, 100), affine)


@pytest.mark.parametrize("grid", [GRID, tilted((3.0, 0.4, 0.4))], ids=["axial", "oblique"])
@pytest.mark.parametrize("enhance", [0.0, 0.2])
@pytest.mark.parametrize(
    "shape", [*SHAPES, Sphere((0.1, 0.2, 0.3), 0.5), Cylinder((0, 0, 0), 1, 1)], ids=lambda s: s.kind
)
def test_mass_of_the_rendered_object_is_the_truth(shape, enhance, grid):
    found = render(shape, grid, Optics(psf_sigma_mm=0.5, thickness_mm=grid.spacing_mm[0], enhance=enhance))
    assert found is not None
    assert found.share.sum() * grid.voxel_mm3 == pytest.approx(found.volume_mm3, rel=0.005)
    assert found.volume_mm3 == pytest.approx(shape.exact_volume_mm3 or found.volume_mm3)


def test_a_large_object_is_full_inside():
    found = render(Sphere((0, 0, 0), 16.0), GRID, Optics(psf_sigma_mm=0.5, thickness_mm=3.0))
    assert found.share.max() == pytest.approx(1.0, abs=0.01)
    assert found.share.min() >= -1e-9


def test_blur_is_as_wide_as_asked():
    # A thin rod along z shows the in-plane blur: its second moment is sigma squared.
    fine = Geometry.from_spacing((3, 60, 60), (3.0, 0.2, 0.2), (-6.0, -6.0, -3.0))
    found = render(Cylinder((0, 0, 0), 0.1, 30.0), fine, Optics(psf_sigma_mm=0.7, thickness_mm=3.0))
    plane = found.share[1]
    x = (found.start[2] + np.arange(plane.shape[1])) * 0.2 - 6.0
    weight = plane.sum(axis=0) / plane.sum()
    assert np.sqrt((weight * x**2).sum() - (weight * x).sum() ** 2) == pytest.approx(0.7, rel=0.02)


def test_slice_profile_is_a_box():
    thin = Geometry.from_spacing((80, 9, 9), (0.25, 0.5, 0.5), (-2.0, -2.0, -10.0))
    found = render(Cylinder((0, 0, 0), 30.0, 0.1), thin, Optics(psf_sigma_mm=0.5, thickness_mm=3.0, edge_sigma_mm=0.1))
    middle = found.share[:, 4, 4]
    assert np.count_nonzero(middle > middle.max() / 2) * 0.25 == pytest.approx(3.0, abs=0.26)


def test_moving_by_a_voxel_moves_the_picture():
    cells = counted(Sphere((0, 0, 0), 3.0), GRID)
    a, b = seen(cells, GRID, Optics()), seen(cells.moved(np.array([0, 2, -3])), GRID, Optics())
    assert b.start == (a.start[0], a.start[1] + 2, a.start[2] - 3)
    assert np.allclose(a.share, b.share, atol=1e-12)


def test_outside_the_image_there_is_nothing():
    assert render(Sphere((500, 0, 0), 3.0), GRID, Optics()) is None
