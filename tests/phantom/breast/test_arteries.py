"""Calcified arteries: as long as their course, with two walls or one, and none where none are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.phantom.breast import thickness
from calcimetry.phantom.breast.arteries import artery, courses
from calcimetry.phantom.breast.outline import outline
from calcimetry.phantom.breast.particles import Particle, Solid
from calcimetry.phantom.breast.tissue import Strand


def test_courses_stay_inside_and_branches_are_no_wider() -> None:
    body = outline((400, 300), 0.4, "CC", np.random.default_rng(1))
    for seed in range(8):
        made = courses(body, np.random.default_rng(seed))
        for one in made:
            index = np.rint(one.points).astype(int)
            assert body.inside[index[:, 0], index[:, 1]].all()
            assert 0.5 <= one.width_mm <= 3.4
        assert all(one.width_mm <= max(0.5, made[0].width_mm) for one in made)


def test_calcium_lies_in_the_wall() -> None:
    line = Strand(np.stack([np.full(200, 50.0), np.arange(200.0)], axis=1), 2.0)
    far = []
    for seed in range(12):
        one = artery(line, 0.2, 8.0, np.random.default_rng(seed))
        assert one is not None
        assert one.particle.pattern == "br_vascular"
        far += [abs(s.row) + s.radius * (s.kind == "tube") for s in one.particle.solids if s.kind != "ball"]
    assert 0.8 < float(np.median(far)) < 1.2


def test_a_tube_is_brightest_at_its_walls() -> None:
    tube = Particle("br_vascular", (Solid("tube", 0.0, -3.0, 1.0, 0.0, 3.0, wall=0.2),))
    patch, row, _ = thickness(tube, 0.1, (40.0, 40.0))
    across = patch[:, patch.shape[1] // 2]
    assert across.max() > 1.5 * across[40 - row]
    assert across[40 - row] == pytest.approx(0.4, abs=0.03)
