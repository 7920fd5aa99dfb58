"""Arrangements worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.describe.arrangement import arrangement
from calcimetry.describe.distribution import distribution
from calcimetry.describe.settings import DistributionSettings

SETTINGS = DistributionSettings()
BREAST_MM2 = 10000.0
NIPPLE = (50.0, 100.0)
NONE = np.zeros((0, 2))


def word(members: np.ndarray, others: np.ndarray = NONE, nipple: tuple[float, float] | None = NIPPLE) -> str:
    made = distribution(arrangement(members, others, BREAST_MM2, SETTINGS), nipple, SETTINGS)
    assert sum(one.probability for one in made) == pytest.approx(1.0, abs=0.001)
    return made[0].word


def cloud(n: int, radius: float, center: tuple[float, float], seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turns, far = rng.uniform(0, 2 * np.pi, n), radius * np.sqrt(rng.random(n))
    return np.array(center) + np.stack([far * np.sin(turns), far * np.cos(turns)], axis=1)


def wedge(n: int, tip: tuple[float, float], length: float, opening: float, *, away: bool = True) -> np.ndarray:
    """Towards column 0 from its tip; ``away`` from the nipple it widens."""
    rng = np.random.default_rng(5)
    t = length * np.sqrt(rng.random(n))
    side = (rng.random(n) - 0.5) * opening * t
    along = t if away else length - t
    return np.stack([tip[0] + side, tip[1] - along], axis=1)


def test_a_handful_close_together_is_grouped() -> None:
    assert word(cloud(8, 3.0, (40.0, 40.0))) == "grouped"


def test_a_row_is_linear_and_its_numbers_are_those_of_a_ruler() -> None:
    row = np.stack([np.full(9, 40.0), np.linspace(30.0, 54.0, 9)], axis=1)
    one = arrangement(row, NONE, BREAST_MM2, SETTINGS)
    assert one.extent_mm == pytest.approx(24.0)
    assert one.along_mm == pytest.approx(np.std(row[:, 1], ddof=1))
    assert one.across_mm == pytest.approx(0.0, abs=1e-9)
    assert word(row) == "linear"


def test_a_bent_row_with_a_stray_is_still_linear() -> None:
    t = np.linspace(-12.0, 12.0, 10)
    row = np.stack([40.0 + 0.01 * t**2, 45.0 + t], axis=1)
    stray = np.array([[44.5, 50.0]])
    assert word(row, stray) == "linear"


def test_a_wedge_to_the_nipple_is_segmental_and_turned_away_it_is_not() -> None:
    assert word(wedge(40, (50.0, 80.0), 45.0, 0.6)) == "segmental"
    assert word(wedge(40, (50.0, 80.0), 45.0, 0.6), nipple=(99.0, 45.0)) == "regional"


def test_without_a_nipple_nothing_is_segmental() -> None:
    made = distribution(arrangement(wedge(40, (50.0, 80.0), 45.0, 0.6), NONE, BREAST_MM2, SETTINGS), None, SETTINGS)
    assert {one.word: one.probability for one in made}["segmental"] == 0.0


def test_a_wide_cloud_is_regional() -> None:
    assert word(cloud(40, 20.0, (45.0, 40.0))) == "regional"


def test_a_piece_of_a_wide_cloud_is_named_by_the_whole() -> None:
    whole = cloud(40, 20.0, (45.0, 40.0))
    near = np.hypot(*(whole - (45.0, 40.0)).T) < 7.0
    assert word(whole[near], whole[~near]) == "regional"


def test_all_over_the_breast_is_diffuse_but_a_tight_group_in_it_is_not() -> None:
    rng = np.random.default_rng(8)
    every = rng.uniform(0, 100, (60, 2))
    first = every[0]
    order = np.argsort(np.hypot(*(every - first).T))
    assert word(every[order[:3]], every[order[3:]]) == "diffuse"
    assert word(cloud(10, 2.0, (50.0, 50.0)), every) == "grouped"


def test_two_particles_have_no_word() -> None:
    one = arrangement(np.array([[10.0, 10.0], [11.0, 10.0]]), NONE, BREAST_MM2, SETTINGS)
    assert distribution(one, NIPPLE, SETTINGS) == ()


def test_moving_and_turning_everything_changes_nothing() -> None:
    members, others = cloud(12, 4.0, (40.0, 40.0)), cloud(6, 30.0, (40.0, 60.0))
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    a = arrangement(members, others, BREAST_MM2, SETTINGS)
    b = arrangement(members @ turn.T + 7.0, others @ turn.T + 7.0, BREAST_MM2, SETTINGS)
    assert (b.extent_mm, b.ratio, b.gain) == pytest.approx((a.extent_mm, a.ratio, a.gain))
