"""What a field shows of the heart, and where it cuts it."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.assign import shown
from calcimetry.core.anatomy import Anatomy, Landmark, Tube
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.regions import Region, Regions

GRID = Geometry.from_spacing((40, 20, 20), (3.0, 10.0, 10.0))
VOLUME = Volume("i1", np.full(GRID.shape, 40, np.int16), GRID, Acquisition("CT"))


def _notes(first: int, stop: int, *, downward: bool = False) -> list[str]:
    """Notes on a field whose heart fills these slices (counted upward)."""
    heart = np.zeros(GRID.shape, np.uint8)
    heart[first:stop, 5:15, 5:15] = 1
    affine = GRID.affine.copy()
    if downward:
        heart = heart[::-1]
        affine[:3, 3] += (GRID.shape[0] - 1) * affine[:3, 0]
        affine[:3, 0] *= -1.0
    tissue = Regions("i1", heart, Geometry(GRID.shape, affine), (Region(1, "heart"),))
    root = Landmark((100.0, 100.0, 80.0), (3.0, 3.0, 3.0))
    found = shown(VOLUME, Anatomy("i1", points={"root": root}, tissue=tissue, confidence=0.9), None)
    return [note.text.split(":")[0] for note in found.notes if note.code == "heart-cut"]


def test_a_heart_inside_the_field_is_not_cut() -> None:
    assert _notes(5, 30) == []


@pytest.mark.parametrize("downward", [False, True])
def test_a_heart_that_goes_on_beyond_the_field_is_cut(downward: bool) -> None:
    assert _notes(0, 30, downward=downward) == ["The field ends amid the heart"]
    assert _notes(5, 40, downward=downward) == ["The field begins amid the heart"]


def test_without_tissue_nothing_is_said() -> None:
    root = Landmark((100.0, 100.0, 80.0), (3.0, 3.0, 3.0))
    assert shown(VOLUME, Anatomy("i1", points={"root": root}, confidence=0.9), None).notes == ()


@pytest.mark.parametrize(("heart_x", "said"), [(130.0, False), (101.0, False), (80.0, True)])
def test_a_heart_on_the_right_is_said(heart_x: float, said: bool) -> None:
    points = {
        "root": Landmark((100.0, 100.0, 80.0), (3.0, 3.0, 3.0)),
        "heart": Landmark((heart_x, 100.0, 60.0), (3.0, 3.0, 3.0)),
    }
    # The spine leans over: at the height of the heart it lies at x = 100 mm.
    line = np.array([[70.0, 170.0, 0.0], [100.0, 170.0, 60.0], [130.0, 170.0, 120.0]])
    spine = Tube(line, np.full(3, 15.0), np.full(3, 3.0))
    found = shown(VOLUME, Anatomy("i1", points=points, tubes={"spine": spine}, confidence=0.9), None)
    assert [note.code for note in found.notes] == (["heart-landmarks"] if said else [])
