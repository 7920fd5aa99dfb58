"""The heart as a shape on simulated persons, whose chambers are known."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry import locate
from calcimetry.core.anatomy import Anatomy
from calcimetry.locate.heart.geodesic import nearest_source
from calcimetry.phantom import Simulation, person


@pytest.fixture(scope="module")
def gated() -> Simulation:
    return person(1, "gated", matrix=200)


@pytest.fixture(scope="module")
def found(gated: Simulation) -> Anatomy:
    return locate.anatomy(gated.volume, locate.body(gated.volume))


def test_a_thin_wall_of_fat_parts_two_sources() -> None:
    cost = np.ones((1, 1, 9), dtype=np.float32)
    cost[0, 0, 2] = 20.0
    source = np.zeros((1, 1, 9), dtype=np.uint8)
    source[0, 0, 0], source[0, 0, 8] = 1, 2
    assert nearest_source(cost, (1.0, 1.0, 1.0), source, {})[0, 0].tolist() == [1, 1, 1, 2, 2, 2, 2, 2, 2]


def test_a_source_that_pays_first_reaches_less_far() -> None:
    source = np.array([[[1, 0, 0, 0, 0, 0, 2]]], dtype=np.uint8)
    cost = np.ones(source.shape, dtype=np.float32)
    assert nearest_source(cost, (1.0, 1.0, 1.0), source, {2: 3.0})[0, 0].tolist() == [1, 1, 1, 1, 1, 2, 2]


def test_centroid_and_apex_lie_near_the_truth(gated: Simulation, found: Anatomy) -> None:
    assert gated.anatomy is not None
    for name, mm in (("heart", 16.0), ("apex", 20.0)):
        assert np.linalg.norm(np.subtract(found.points[name].mm, gated.anatomy.points[name].mm)) < mm


def test_the_chambers_are_heart_and_the_courses_lie_at_its_surface(gated: Simulation, found: Anatomy) -> None:
    tissue, truth = found.tissue, gated.anatomy
    assert tissue is not None
    assert truth is not None
    named = {one.label: one.name for one in tissue.regions}

    def at(mm: np.ndarray) -> list[str]:
        index = np.rint(gated.volume.geometry.to_index(mm)).astype(int)
        return [named.get(int(one), "outside") for one in tissue.at(gated.volume.geometry, np.atleast_2d(index))]

    assert at(np.array(truth.points["heart"].mm)) == ["heart"]
    for name in ("left_anterior_descending", "left_circumflex", "right_coronary"):
        where = at(truth.tubes[name].points_mm)
        assert sum(one in ("heart", "epicardial_fat") for one in where) > 0.6 * len(where), name
