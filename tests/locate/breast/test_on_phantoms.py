"""The map of a mammogram against simulated ones, whose outline, muscle and nipple are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcimetry.locate.breast import breast_map
from calcimetry.phantom.breast import PROTOCOLS, Contents, mammogram


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_breast_muscle_and_nipple_of_simulated_films(seed: int) -> None:
    made = mammogram(seed, "film-200", Contents(view="MLO" if seed % 2 else "CC"))
    found = breast_map(made.projection)
    assert found is not None
    both = 2 * float((found.inside & made.breast).sum()) / float(found.inside.sum() + made.breast.sum())
    assert both > 0.95
    assert made.nipple is not None
    assert found.nipple_index is not None
    assert np.hypot(*np.subtract(found.nipple_index, made.nipple)) * 0.2 < 20
    if seed % 2:
        muscle = found.mask("pectoral_muscle")
        assert 2 * float((muscle & made.muscle).sum()) / max(float(muscle.sum() + made.muscle.sum()), 1) > 0.8
    else:
        assert found.regions.named("pectoral_muscle") is None


def test_a_magnified_view_without_air_is_breast_throughout() -> None:
    made = mammogram(14, replace(PROTOCOLS["magnified-050"], height_mm=(30.0, 31.0)))
    found = breast_map(made.projection)
    assert found is not None
    assert found.inside.mean() > 0.95
    assert "breast-uncertain" in {n.code for n in found.notes}
    assert found.nipple_index is None
