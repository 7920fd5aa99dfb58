"""Probability and alternatives of one lesion are shares of one whole."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.assign.assign import _one
from calcimetry.assign.classes import CLASSES
from calcimetry.assign.parting import Part
from calcimetry.assign.settings import AssignSettings
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.lesion import Lesion

WHERE = (0.0, 0.0, 0.0)
LESION = Lesion("L1", "i1", 1, "calcification", WHERE, WHERE, ((0, 0, 0), (1, 1, 1)), (0, 0, 0), structure="thorax")


def _named(**likely: float) -> Lesion:
    shares = np.array([likely.get(one.name, 0.0) for one in CLASSES])
    assert shares.sum() == pytest.approx(1.0)
    return _one(LESION, Part(np.array([0]), shares), Anatomy("i1"), AssignSettings())


@pytest.mark.parametrize(
    "likely",
    [
        {"bone": 0.5, "pleura": 0.2, "artefact": 0.2, "right_coronary": 0.1},
        {"node": 0.6, "airway": 0.3, "arch": 0.1},
        {"left_main": 0.5, "ascending": 0.4, "node": 0.1},
        {"left_main": 0.26, "ascending": 0.25, "myocardium": 0.25, "node": 0.24},
    ],
)
def test_shares_come_to_no_more_than_one(likely: dict[str, float]) -> None:
    found = _named(**likely)
    assert found.probability + sum(one.probability for one in found.alternatives) <= 1.001


def test_what_stays_unassigned_names_only_what_it_may_be_beside() -> None:
    found = _named(bone=0.5, pleura=0.2, artefact=0.2, right_coronary=0.1)
    assert (found.site, found.structure, found.probability, found.counted) == ("unassigned", "thorax", 0.9, False)
    assert [one.structure for one in found.alternatives] == ["right_coronary"]
