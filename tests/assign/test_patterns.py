"""Words for the form of calcium."""

from __future__ import annotations

import numpy as np

from calcimetry.assign import with_patterns
from calcimetry.core.anatomy import Anatomy, Tube
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Lesion, Mask

GRID = Geometry.from_spacing((12, 80, 80), (3.0, 1.0, 1.0))
VOLUME = Volume("i1", np.full(GRID.shape, 40, np.int16), GRID, Acquisition("CT"))


def _wall(degrees: float) -> Lesion:
    row, column = np.mgrid[:80, :80] - 40.0
    radius, turn = np.hypot(row, column), np.degrees(np.arctan2(row, column)) % 360.0
    bits = np.zeros((1, 80, 80), dtype=bool)
    bits[0] = (np.abs(radius - 16) < 1.2) & (turn <= degrees)
    return Lesion(
        id="L1",
        image="i1",
        label=1,
        kind="calcification",
        center_index=(5.0, 40.0, 40.0),
        center_mm=tuple(float(v) for v in GRID.to_lps_mm(np.array([5.0, 40.0, 40.0]))),  # type: ignore[arg-type]
        bounds_index=((5, 0, 0), (6, 80, 80)),
        peak_index=(5, 40, 56),
        site="aorta_thoracic",
        structure="ascending",
        mask=Mask((5, 0, 0), bits),
    )


def _anatomy() -> Anatomy:
    line = np.asarray(GRID.to_lps_mm(np.array([[k, 40.0, 40.0] for k in range(12)])))
    return Anatomy("i1", tubes={"ascending": Tube(line, np.full(12, 16.0), np.ones(12))})


def test_a_ring_around_the_ascending_aorta_is_called_one() -> None:
    assert with_patterns(VOLUME, [_wall(350)], _anatomy())[0].pattern == ("rim",)


def test_three_quarters_of_a_ring_are_not_a_ring() -> None:
    assert with_patterns(VOLUME, [_wall(260)], _anatomy())[0].pattern == ()
