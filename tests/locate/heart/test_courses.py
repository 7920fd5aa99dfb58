"""Courses of the arteries on simulated persons, whose true courses are known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from calcimetry import locate
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.geometry import Geometry
from calcimetry.locate.heart.courses import courses
from calcimetry.locate.heart.evidence import FEATURES
from calcimetry.locate.heart.frame import frame
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.shape import Shape
from calcimetry.locate.heart.template import template
from calcimetry.phantom import Simulation, person

NAMES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")


@pytest.fixture(scope="module")
def scan() -> Simulation:
    return person(8, "gated", matrix=200)


@pytest.fixture(scope="module")
def found(scan: Simulation) -> Anatomy:
    return locate.anatomy(scan.volume, locate.body(scan.volume))


def away(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    dense = np.concatenate([np.linspace(a, b, 6) for a, b in pairwise(line)])
    return np.asarray(np.linalg.norm(points[:, None] - dense, axis=2).min(axis=1))


def test_the_numbers_fit_the_features() -> None:
    assert len(template().weights) == len(FEATURES) + 1


def test_each_course_runs_near_the_true_one(scan: Simulation, found: Anatomy) -> None:
    assert scan.anatomy is not None
    for name in NAMES:
        tube = found.tubes[name]
        assert np.median(away(scan.anatomy.tubes[name].points_mm, tube.points_mm)) < 15.0, name
        assert ((tube.sd_mm >= 2.0) & (tube.sd_mm < 20.0)).all()
        assert 0.0 < tube.confidence <= 1.0
    assert {"left_ostium", "right_ostium", "fork"} <= set(found.points)


def test_left_main_ends_where_its_branches_begin(found: Anatomy) -> None:
    end = found.tubes["left_main"].points_mm[-1]
    assert np.linalg.norm(found.tubes["left_anterior_descending"].points_mm[0] - end) < 1e-6
    assert np.linalg.norm(found.tubes["left_circumflex"].points_mm[0] - end) < 12.0


def test_a_field_that_ends_in_the_heart_raises_nothing(scan: Simulation) -> None:
    volume, grid = scan.volume, scan.volume.geometry
    for start, stop in ((18, grid.shape[0]), (0, grid.shape[0] - 14)):
        part = Geometry((stop - start, *grid.shape[1:]), grid.cropped((start, 0, 0), (stop, 1, 1)).affine)
        cut = replace(volume, pixels=volume.pixels[start:stop], geometry=part)
        seen = locate.anatomy(cut, locate.body(cut))
        assert all(np.isfinite(tube.points_mm).all() for tube in seen.tubes.values())


def test_without_a_believable_shape_the_courses_hang_on_the_root_with_little_confidence(
    scan: Simulation, found: Anatomy
) -> None:
    grid = frame(scan.volume, locate.body(scan.volume))
    assert grid is not None
    assert found.tissue is not None
    place = grid.to_index(np.array(found.points["root"].mm))
    base = Root(float(place[0]), float(place[1]), float(place[2]), 16.0, (1.0, 0.0, 0.0), (3.0, 6.0), 1.0, 14.0, 0.0)
    form = Shape(np.asarray(found.tissue.labels), place, place, 0.0, 0.0, 3000.0, 0.0)
    loose = courses(scan.volume, grid, form, base, 0.9).tubes
    for name in NAMES:
        assert loose[name].confidence < 0.3 < found.tubes[name].confidence
        assert loose[name].sd_mm.mean() > found.tubes[name].sd_mm.mean()
    assert courses(scan.volume, grid, form, base, 0.0).tubes == {}
