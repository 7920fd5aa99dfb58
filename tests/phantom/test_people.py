"""Persons drawn at random: same seed, same voxels; calcium where its structure is; decoys where they belong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial import cKDTree

from calcimetry import phantom
from calcimetry.core.errors import UnknownIdError
from calcimetry.phantom.burden import SITE_OF, STRUCTURES, draw_burden
from calcimetry.phantom.coronaries import BRANCH_OF
from calcimetry.phantom.decoys import DECOYS, draw_decoys
from calcimetry.phantom.figure import draw_figure
from calcimetry.phantom.organs import build_organs
from calcimetry.phantom.people import true_anatomy
from calcimetry.phantom.protocols import PROTOCOLS, draw_protocol
from calcimetry.phantom.torso import Torso

QUICK = {"matrix": 192, "thickness_mm": 5.0}
OFTEN = dict.fromkeys((*STRUCTURES, *DECOYS), 100.0)
AXES = tuple(np.arange(-a, a, 4.0, dtype=np.float32) for a in (170.0, 130.0))


def bodies(count):
    for seed in range(count):
        rng = np.random.default_rng([seed, 0])
        figure = draw_figure(rng, gated=False)
        organs = build_organs(figure, rng)
        yield Torso(figure, organs, *AXES, 120.0, np.random.default_rng([seed, 1])), np.random.default_rng([seed, 2])


def inside_points(shape, rng, count=4000):
    low, high = shape.bounds_mm()
    points = rng.uniform(low, high, (count, 3))
    return points[shape.inside(points)]


@pytest.fixture(scope="module")
def patient():
    return phantom.person(5, "gated", **QUICK)


def test_same_seed_same_voxels(patient):
    again, other = phantom.person(5, "gated", **QUICK), phantom.person(6, "gated", **QUICK)
    assert np.array_equal(again.volume.pixels, patient.volume.pixels)
    assert again.truth == patient.truth
    assert not np.array_equal(other.volume.pixels[:20], patient.volume.pixels[:20])


def test_unknown_protocol():
    with pytest.raises(UnknownIdError):
        phantom.person(0, "neck")


def test_every_structure_and_decoy_is_drawn():
    seen = set()
    for torso, rng in bodies(6):
        seen |= {one.id.split("/")[0] for one in draw_burden(torso, rng, OFTEN) + draw_decoys(torso, rng, OFTEN)}
    assert seen == {*STRUCTURES, *DECOYS}


def test_calcium_lies_in_its_structure():
    for torso, rng in bodies(5):
        organs = torso.organs
        for one in draw_burden(torso, rng, OFTEN):
            structure, course = one.id.split("/")[:2]
            assert one.site == SITE_OF[structure]
            points = inside_points(one.shape, rng)
            if not len(points):
                continue
            middle = points.mean(axis=0)
            if structure == "aortic_valve":
                assert np.linalg.norm(middle - organs.valve[0]) < organs.figure.root_radius_mm + 6.0
            elif structure == "mitral_annulus":
                away = cKDTree(organs.tubes["mitral_ring"].path_mm).query(points)[0]
                assert np.median(away) < 5.0
            elif structure == "pericardium":
                assert abs(float(organs.sac.pericardium_at(middle[None])[0])) < 6.0
            elif structure == "myocardium":
                assert organs.muscle_distance(middle[None])[0] < 1.0
            else:
                tube = organs.tubes[{"aorta_abdominal": "abdominal"}.get(structure, course)]
                away, at = cKDTree(tube.path_mm).query(points)
                # In the wall of its vessel, or in its lumen: never further out than the wall is thick.
                assert np.quantile(away - tube.radius_mm[at], 0.9) < 3.2, one.id


def test_decoys_lie_in_no_coronary():
    for torso, rng in bodies(6):
        tubes = torso.organs.tubes
        line = np.concatenate([tubes[name].path_mm for name in BRANCH_OF])
        radius = np.concatenate([tubes[name].radius_mm for name in BRANCH_OF])
        tree = cKDTree(line)
        for one in draw_decoys(torso, rng, OFTEN):
            if one.structure in ("stent", "clip", "lead", "valve_prosthesis"):  # metal lies where it was put
                continue
            points = inside_points(one.shape, rng, 1500)
            if len(points):
                away, at = tree.query(points)
                assert (away > radius[at]).all(), one.id


def test_truth_mass_is_what_is_painted():
    bare = phantom.person(3, "gated", **QUICK, noise_hu=0.0, often=dict.fromkeys(OFTEN, 0.0))
    full = phantom.person(
        3, "gated", **QUICK, noise_hu=0.0, often=OFTEN | dict.fromkeys(DECOYS, 0.0) | {"myocardium": 0.0}
    )
    assert not bare.truth
    added = full.volume.pixels.astype(float) - bare.volume.pixels
    hu = {one.id: one.object_hu for one in full.truth}
    # Tissue that gives way has between -110 and 70 HU.
    low, high = (sum(one.volume_mm3 * (hu[one.id] - around) for one in full.truth) for around in (70.0, -110.0))
    total = added.sum() * full.volume.geometry.voxel_mm3
    assert 0.9 * low < total < 1.05 * high


def test_contrast_brightens_blood(patient):
    bright = phantom.person(5, "gated", **QUICK, contrast_hu=250.0)
    k, j, i = np.rint(patient.volume.geometry.to_index(patient.anatomy.points["root"].mm)).astype(int)
    spot = np.s_[k, j - 3 : j + 4, i - 3 : i + 4]
    gain = np.median(bright.volume.pixels[spot]) - np.median(patient.volume.pixels[spot])
    assert gain == pytest.approx(250.0, abs=25.0)


def test_protocols_stay_in_limits():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        figure = draw_figure(rng, gated=False)
        for name in PROTOCOLS:
            scan = draw_protocol(name, figure, rng)
            assert 70 <= scan.kvp <= 140
            assert 0.5 <= scan.thickness_mm <= 8
            assert 3 <= scan.noise_hu <= 45
            if name == "gated":
                assert 200 <= scan.field_mm <= 250
                assert 119 <= scan.length_mm <= 161
            assert scan.grid().shape[0] >= 20


def test_anatomy_names_what_is_asked(patient):
    found = patient.anatomy
    assert {"ascending", "arch", "descending", "abdominal", "pulmonary_trunk", "spine", "airway"} <= set(found.tubes)
    assert {"left_main", "left_anterior_descending", "left_circumflex", "right_coronary"} <= set(found.tubes)
    assert {"root", "carina", "heart", "apex", "left_ostium", "right_ostium"} <= set(found.points)
    assert {"aortic_valve", "mitral", "heart_bottom"} <= set(found.planes)


def test_anatomy_is_sound():
    for torso, _ in bodies(8):
        found = true_anatomy(torso.organs)
        for name in BRANCH_OF:
            assert np.isfinite(found.tubes[name].points_mm).all()
            # A course that wanders off has not found its groove.
            assert (np.abs(torso.organs.muscle_distance(found.tubes[name].points_mm[5:])) < 30).all(), name
        for name, plane in found.planes.items():
            assert np.linalg.norm(plane.normal) == pytest.approx(1.0), name
        assert dataclasses.is_dataclass(torso.figure)
