"""Drawn shapes: volumes as on paper, either unit, clear errors."""

import numpy as np
import pytest
from locate_phantoms import volume

from calcimetry import locate
from calcimetry.core.errors import UnknownIdError, UsageError

IMAGE = volume(np.zeros((20, 60, 60), dtype=np.int16), (1.5, 0.5, 0.5))


def count(shape, label=1):
    return int((locate.drawn([shape], IMAGE).labels == label).sum()) * IMAGE.geometry.voxel_mm3


def test_volumes_are_those_of_geometry():
    sphere = {"shape": "sphere", "center": [15, 15, 15], "radius_mm": 8}
    cylinder = {"shape": "cylinder", "start": [15, 15, 6], "end": [15, 15, 24], "radius_mm": 6}
    assert count(sphere) == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.03)
    assert count(cylinder) == pytest.approx(np.pi * 36 * 19.5, rel=0.03)
    assert count({"shape": "box", "from": [5, 5, 3], "to": [14.5, 9.5, 12], "name": "b"}) == 20 * 10 * 7 * 0.375


def test_index_units_name_the_same_place():
    by_mm = {"shape": "sphere", "center": [10, 12, 9], "radius_mm": 4}
    by_index = {"shape": "sphere", "center": [6, 24, 20], "radius_mm": 4, "units": "index"}
    assert (locate.drawn([by_mm], IMAGE).labels == locate.drawn([by_index], IMAGE).labels).all()


def test_an_oblique_cylinder_is_as_large_as_an_upright_one():
    upright = {"shape": "cylinder", "start": [15, 15, 5], "end": [15, 15, 20], "radius_mm": 4}
    lying = {"shape": "cylinder", "start": [9.7, 9.7, 15], "end": [20.3, 20.3, 15], "radius_mm": 4}
    assert count(lying) == pytest.approx(count(upright), rel=0.1)


def test_a_polygon_holds_its_corners():
    shape = {"shape": "polygon", "points": [[10, 10], [10, 20], [20, 20], [20, 10]], "slices": [3, 4]}
    labels = locate.drawn([shape], IMAGE).labels
    assert labels.sum() == 2 * 11 * 11
    assert labels[3, 10, 10] == labels[4, 20, 20] == 1


def test_names_sites_and_order():
    first = {"shape": "sphere", "center": [10, 10, 10], "radius_mm": 3, "name": "A", "site": "coronary_artery"}
    again = dict(first, center=[20, 20, 10])
    other = {"shape": "sphere", "center": [10, 10, 10], "radius_mm": 1}
    regions = locate.drawn([first, again, other], IMAGE)
    assert [(r.label, r.name, r.site, r.source) for r in regions.regions] == [
        (1, "A", "coronary_artery", "given"),
        (2, "sphere 3", "unassigned", "given"),
    ]
    assert (regions.labels == 2).any()
    assert regions.labels.dtype == np.uint16


def test_a_shape_outside_the_image_is_empty():
    assert count({"shape": "sphere", "center": [500, 500, 500], "radius_mm": 3}) == 0
    assert count({"shape": "box", "from": [-9, -9, -9], "to": [-5, -5, -5]}) == 0


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"shape": "ball"}, "nearest"),
        ({}, "nearest"),
        ({"shape": "sphere", "center": [1, 2, 3]}, "radius_mm"),
        ({"shape": "sphere", "center": [1, 2], "radius_mm": 1}, "center"),
        ({"shape": "sphere", "center": [1, 2, float("nan")], "radius_mm": 1}, "finite"),
        ({"shape": "sphere", "center": [1, 2, 3], "radius_mm": -1}, "radius_mm"),
        ({"shape": "sphere", "center": [1, 2, 3], "radius_mm": 1, "colour": "red"}, "colour"),
        ({"shape": "sphere", "center": [1, 2, 3], "radius_mm": 1, "units": "cm"}, "units"),
        ({"shape": "cylinder", "start": [1, 2, 3], "end": [1, 2, 3], "radius_mm": 1}, "one point"),
        ({"shape": "polygon", "points": [[1, 1], [2, 2]], "slices": [0, 1]}, "three points"),
    ],
)
def test_wrong_shapes_are_named(shape, words):
    with pytest.raises((UsageError, UnknownIdError), match=words):
        locate.drawn([shape], IMAGE)
