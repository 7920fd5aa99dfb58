"""Lesions and decoys along given courses: in free space, on their vessel, of the mass that they add."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from calcimetry import phantom
from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.decoys import DECOYS


@pytest.fixture(scope="module")
def patient():
    return phantom.person(11, "chest", matrix=256, thickness_mm=3.0, calcium=False)


@pytest.fixture(scope="module")
def lesions(patient):
    return phantom.lesions_along(patient.volume, patient.anatomy, np.random.default_rng(1), 40)


def test_no_calcium_leaves_decoys(patient):
    assert patient.truth
    assert {one.site for one in patient.truth} == {"unassigned"}


def test_every_course_gets_some(lesions):
    named = {one.id.split("/")[0] for one in lesions}
    assert {"left_main", "right_coronary", "aortic_valve", "mitral_annulus", "arch", "great_vessel"} <= named
    assert len(lesions) > 25


def test_lesions_lie_on_their_course_and_apart(patient, lesions):
    middles = []
    for one in lesions:
        structure, course = one.id.split("/")[:2]
        low, high = one.shape.bounds_mm()
        middles.append((low + high) / 2)
        if structure in BRANCH_OF:
            tube = patient.anatomy.tubes[course]
            points = np.random.default_rng(0).uniform(low, high, (3000, 3))
            points = points[one.shape.inside(points)]
            away, at = cKDTree(tube.points_mm).query(points)
            assert np.quantile(away - tube.radius_mm[at], 0.9) < 3.2, one.id
    away = cKDTree(middles).query(middles, k=2)[0][:, 1]
    assert away.min() > 2.0


def test_inserted_mass_is_the_truth(patient, lesions):
    after, truth = phantom.insert(patient.volume, lesions, seed=1)
    assert len(truth) == len(lesions)
    added = (after.pixels.astype(float) - patient.volume.pixels).sum() * patient.volume.geometry.voxel_mm3
    low, high = (sum(one.volume_mm3 * (one.object_hu - around) for one in truth) for around in (70.0, -120.0))
    assert low * 0.97 < added < high * 1.03


def test_decoys_have_known_names(patient):
    found = phantom.decoys_along(patient.volume, patient.anatomy, np.random.default_rng(2), 24)
    assert len({one.structure for one in found}) >= 3
    assert {one.structure for one in found} <= set(DECOYS)
    assert {one.site for one in found} == {"unassigned"}


def test_nothing_where_nothing_is_known(patient):
    from calcimetry.core.anatomy import Anatomy

    assert phantom.lesions_along(patient.volume, Anatomy("i1"), np.random.default_rng(0), 5) == []
