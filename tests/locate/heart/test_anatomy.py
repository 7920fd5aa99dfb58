"""Landmarks on a simulated chest, whose truth is the phantom's heart."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry import locate
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.phantom import Recipe, Scan, Simulation, simulate


@pytest.fixture(scope="module")
def chest() -> Simulation:
    scan = Scan(slices=70, rows=200, columns=200, pixel_mm=1.75, increment_mm=4.0, thickness_mm=4.0, noise_hu=12.0)
    return simulate(Recipe(id="chest", title="Chest", scan=scan), seed=3)


@pytest.fixture(scope="module")
def found(chest: Simulation) -> Anatomy:
    return locate.anatomy(chest.volume, locate.body(chest.volume))


def test_carina_and_root_lie_where_the_phantom_has_them(found: Anatomy) -> None:
    assert np.linalg.norm(np.array(found.points["carina"].mm) - (-5.0, 28.0, 0.0)) < 10.0
    assert abs(found.points["left_ostium"].mm[2] + 46.0) < 8.0


def test_a_block_of_tissue_has_no_landmarks(chest: Simulation) -> None:
    flat = Volume("i1", np.full_like(chest.volume.pixels, 40), chest.volume.geometry, chest.volume.acquisition)
    nothing = locate.anatomy(flat, locate.body(flat))
    assert (nothing.tubes, nothing.points, nothing.confidence) == ({}, {}, 0.0)
