"""From measures to the word for a group's distribution, with the numbers that ship."""

from __future__ import annotations

import numpy as np
import pytest
from test_distribution import BREAST_MM2, NIPPLE, NONE, SETTINGS, cloud, wedge

from calcimetry.core.word import Word
from calcimetry.describe.arrangement import arrangement
from calcimetry.describe.distribution import distribution
from calcimetry.describe.likelihood import explained
from calcimetry.describe.model import shipped
from calcimetry.describe.settings import PatternSettings
from calcimetry.describe.weighing import DISTRIBUTION_INPUTS, DISTRIBUTIONS, distribution_inputs, weighed_distribution


def words(
    members: np.ndarray, others: np.ndarray = NONE, nipple: tuple[float, float] | None = NIPPLE
) -> tuple[Word, ...]:
    patch = arrangement(members, others, BREAST_MM2, SETTINGS)
    seen = explained(
        members,
        others,
        np.full(len(members) + len(others), 0.95),
        [],
        BREAST_MM2,
        None if nipple is None else np.array(nipple),
        PatternSettings(),
    )
    said = distribution(patch, nipple, SETTINGS)
    if said:
        assert distribution_inputs(len(members), patch, said, seen).shape == (len(DISTRIBUTION_INPUTS),)
    return weighed_distribution(len(members), patch, said, seen, shipped().distribution)


def test_what_ships_takes_what_is_measured() -> None:
    model = shipped().distribution
    assert model.inputs == DISTRIBUTION_INPUTS
    assert model.classes == DISTRIBUTIONS


@pytest.mark.parametrize(
    ("word", "places"),
    [
        ("grouped", cloud(9, 3.0, (40.0, 40.0))),
        ("linear", np.stack([np.full(11, 40.0), np.linspace(30.0, 54.0, 11)], axis=1)),
        ("segmental", wedge(40, (50.0, 80.0), 45.0, 0.5)),
        ("regional", cloud(40, 18.0, (45.0, 40.0))),
    ],
)
def test_plain_arrangements(word: str, places: np.ndarray) -> None:
    made = words(places)
    assert made[0].word == word
    assert sum(one.probability for one in made) == pytest.approx(1.0, abs=0.001)
    assert {"extent_mm", "log_likelihood"} <= set(made[0].because)


def test_all_over_the_breast_is_diffuse() -> None:
    every = np.random.default_rng(8).uniform(0, 100, (60, 2))
    order = np.argsort(np.hypot(*(every - every[0]).T))
    assert words(every[order[:4]], every[order[4:]])[0].word == "diffuse"


def test_without_a_nipple_nothing_is_segmental() -> None:
    made = words(wedge(40, (50.0, 80.0), 45.0, 0.6), nipple=None)
    assert {one.word: one.probability for one in made}["segmental"] == 0.0


def test_two_particles_have_no_word() -> None:
    assert words(np.array([[10.0, 10.0], [11.0, 10.0]])) == ()


def test_what_is_unlike_all_that_was_learned_from_is_named_by_the_stated_limits() -> None:
    every = np.random.default_rng(9).uniform(0, 100, (1500, 2))
    order = np.argsort(np.hypot(*(every - 50.0).T))
    made = words(every[order[:12]], every[order[12:]])
    assert made[0].because["trust"] == 0.0
    stated = distribution(arrangement(every[order[:12]], every[order[12:]], BREAST_MM2, SETTINGS), NIPPLE, SETTINGS)
    assert made[0].word == stated[0].word
