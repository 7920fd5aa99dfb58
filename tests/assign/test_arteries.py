"""Arteries by their courses."""

from __future__ import annotations

import numpy as np

from calcimetry.assign.arteries import by_course
from calcimetry.assign.classes import CLASSES

NAMES = ("left_main_mm", "left_anterior_descending_mm", "left_circumflex_mm", "right_coronary_mm")


def _shares(away: list[float]) -> np.ndarray:
    p = np.full((1, len(CLASSES)), 0.2 / (len(CLASSES) - 4))
    p[0, :4] = [0.1, 0.2, 0.4, 0.1]
    return by_course(p, NAMES, np.array([away]), trust=0.5, course_mm=4.0)[0]


def test_an_artery_whose_course_is_far_off_gives_way_and_the_sum_stays() -> None:
    found = _shares([40.0, 2.0, 12.0, 60.0])
    assert found[:4].argmax() == 1
    assert abs(found[:4].sum() - 0.8) < 1e-9
    assert abs(found.sum() - 1.0) < 1e-9


def test_without_courses_the_network_speaks_alone() -> None:
    assert np.allclose(_shares([np.nan] * 4)[:4], [0.1, 0.2, 0.4, 0.1])
