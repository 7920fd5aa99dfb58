"""Shapes as densities, and which of them explains places best."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.describe.likelihood import explained
from calcimetry.describe.patterns import NUMBERS, SHAPES, density, moved, proposed
from calcimetry.describe.settings import PatternSettings

SETTINGS = PatternSettings()
BREAST_MM2 = 10000.0
NIPPLE = np.array([50.0, 100.0])
NONE = np.zeros((0, 2))

DRAWN = {
    "grouped": [50.0, 50.0, 3.0, 0.7, 0.4],
    "linear": [50.0, 50.0, 20.0, 0.5, 0.4, 1.0, 0.5],
    "segmental": [50.0, 70.0, 40.0, 0.5, 3.0],
    "regional": [50.0, 50.0, 20.0, 0.8, 0.4],
}


@pytest.mark.parametrize("word", SHAPES)
def test_a_density_adds_up_to_one(word: str) -> None:
    axis = np.arange(0.0, 100.0, 0.25)
    places = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    total = density(word, np.array([DRAWN[word]]), places, SETTINGS).sum() * 0.25**2
    assert total == pytest.approx(1.0, abs=0.04)


def test_a_line_with_a_branch_adds_up_to_one_too() -> None:
    axis = np.arange(0.0, 100.0, 0.25)
    places = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    forked = np.array([[50.0, 50.0, 24.0, 0.5, 0.4, 0.0, 0.5]])
    assert density("linear", forked, places, SETTINGS).sum() * 0.25**2 == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("word", SHAPES)
def test_shapes_that_are_tried_keep_their_limits(word: str) -> None:
    rng = np.random.default_rng(3)
    members, others = rng.uniform(30, 60, (6, 2)), rng.uniform(0, 100, (20, 2))
    first = proposed(word, members, others, np.ones(26), NIPPLE, 50, rng, SETTINGS)
    assert first.shape == (50, len(NUMBERS[word]))
    near = moved(word, first, 3, 0.3, NIPPLE, rng, SETTINGS)
    assert near.shape == (150, len(NUMBERS[word]))
    low, high = {
        "grouped": SETTINGS.cluster_mm,
        "linear": SETTINGS.line_mm,
        "segmental": SETTINGS.wedge_mm,
        "regional": SETTINGS.region_mm,
    }[word]
    assert near[:, 2].min() >= low
    assert near[:, 2].max() <= high


def test_without_a_nipple_no_wedge_is_tried() -> None:
    rng = np.random.default_rng(3)
    places = rng.uniform(30, 60, (6, 2))
    assert len(proposed("segmental", places, NONE, np.ones(6), None, 50, rng, SETTINGS)) == 0
    assert "segmental" not in explained(places, NONE, np.ones(6), [], BREAST_MM2, None, SETTINGS).gain


def test_a_row_is_explained_by_a_line_of_its_length() -> None:
    row = np.stack([np.linspace(30.0, 54.0, 10), np.full(10, 40.0)], axis=1)
    made = explained(row, NONE, np.full(10, 0.9), [], BREAST_MM2, NIPPLE, SETTINGS)
    assert max(made.gain, key=made.gain.__getitem__) == "linear"
    assert made.shape["linear"][2] == pytest.approx(24.0, rel=0.25)


def test_two_groups_stay_two() -> None:
    rng = np.random.default_rng(4)
    here, there = rng.normal(30, 1.0, (8, 2)), rng.normal((30.0, 60.0), 1.0, (8, 2))
    made = explained(here, there, np.full(16, 0.9), [np.arange(8, 16)], BREAST_MM2, NIPPLE, SETTINGS)
    assert made.gain["grouped"] > made.gain["regional"] + 10
    assert made.gain["grouped"] > made.gain["diffuse"] + 10


def test_what_is_hardly_calcium_hardly_counts() -> None:
    rng = np.random.default_rng(5)
    here, around = rng.normal(50, 1.0, (6, 2)), rng.uniform(30, 70, (30, 2))
    weak = explained(here, around, np.r_[np.full(6, 0.9), np.full(30, 0.02)], [], BREAST_MM2, NIPPLE, SETTINGS)
    sure = explained(here, around, np.full(36, 0.9), [], BREAST_MM2, NIPPLE, SETTINGS)
    assert weak.gain["regional"] - weak.gain["grouped"] < sure.gain["regional"] - sure.gain["grouped"]


def test_the_same_places_give_the_same_numbers() -> None:
    places = np.random.default_rng(6).uniform(30, 60, (9, 2))
    a, b = (explained(places, NONE, np.ones(9), [], BREAST_MM2, NIPPLE, SETTINGS) for _ in range(2))
    assert a.gain == b.gain


@pytest.mark.parametrize("nipple", [None, NIPPLE])
def test_mirrored_places_in_another_order_are_explained_alike(nipple: np.ndarray | None) -> None:
    rng = np.random.default_rng(5)
    members, others = rng.normal(40, 4, (9, 2)), rng.uniform(0, 100, (14, 2))
    sure = rng.uniform(0.2, 0.9, 23)
    groups = [np.array([10, 12, 13])]
    one = explained(members, others, sure, groups, BREAST_MM2, nipple, SETTINGS)
    mirror, order = np.array([1.0, -1.0]), np.concatenate([rng.permutation(9), 9 + rng.permutation(14)])
    every = (np.concatenate([members, others]) * mirror)[order]
    moved_groups = [np.flatnonzero(np.isin(order, groups[0]))]
    there = None if nipple is None else nipple * mirror
    other = explained(every[:9], every[9:], sure[order], moved_groups, BREAST_MM2, there, SETTINGS)
    assert one.gain == pytest.approx(other.gain, abs=1e-6)
    assert one.count == other.count
