"""Shapes know their volume: against a Monte Carlo count, and by formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calcimetry.core.errors import UsageError
from calcimetry.phantom import Cylinder, Ellipsoid, Plaque, Sphere

LINE = np.linspace((0.0, 0.0, -15.0), (0.0, 0.0, 15.0), 121)
SHAPES = [
    Sphere((1.0, -2.0, 0.5), 4.0),
    Cylinder((0.3, 0.2, 0.1), 3.0, 5.0, (1.0, 1.0, 0.3)),
    Ellipsoid((0.0, 1.0, 0.0), (2.0, 3.0, 6.0), (0.2, -1.0, 0.5)),
    Plaque(LINE, 1.5, 3.0, 10.0, 8.0, 30.0, 120.0),
]
EXPECTED = [math.pi / 6 * 64, math.pi / 4 * 9 * 5, math.pi / 6 * 36, math.pi * (9 - 2.25) * 8 / 3]


@pytest.mark.parametrize(
    ("shape", "volume_mm3"), list(zip(SHAPES, EXPECTED, strict=True)), ids=lambda s: getattr(s, "kind", "")
)
def test_volume_by_throwing_points(shape, volume_mm3):
    low, high = shape.bounds_mm()
    points = np.random.default_rng(3).uniform(low, high, (200_000, 3))
    found = shape.inside(points).mean() * np.prod(high - low)
    assert found == pytest.approx(volume_mm3, rel=0.02)
    if shape.exact_volume_mm3 is not None:
        assert shape.exact_volume_mm3 == pytest.approx(volume_mm3)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.kind)
def test_nothing_outside_the_bounds(shape):
    low, high = shape.bounds_mm()
    points = np.random.default_rng(4).uniform(low - 3, high + 3, (50_000, 3))
    outside = ((points < low) | (points > high)).any(axis=1)
    assert not shape.inside(points[outside]).any()


def test_plaque_lies_where_the_angle_points():
    front = Plaque(LINE, 1.5, 3.0, 10.0, 8.0, 0.0, 40.0)
    inside = front.inside(np.array([[0.0, -2.2, -1.0], [0.0, 2.2, -1.0], [0.0, 0.0, -1.0], [0.0, -2.2, 9.0]]))
    assert inside.tolist() == [True, False, False, False]  # 0 degrees is the front of the patient (y below 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sphere((0, 0, 0), 0.0),
        lambda: Cylinder((0, 0, 0), 1.0, -1.0),
        lambda: Cylinder((0, 0, 0), 1.0, 1.0, (0, 0, 0)),
        lambda: Ellipsoid((0, 0, 0), (1.0, math.nan, 1.0)),
        lambda: Plaque(LINE, 3.0, 1.5, 0.0, 5.0),
        lambda: Plaque(LINE, 1.0, 2.0, 28.0, 5.0),
    ],
)
def test_impossible_shapes_are_refused(make):
    with pytest.raises(UsageError):
        make()
