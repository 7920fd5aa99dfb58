"""Numeric vectors, section D: change over time."""

from __future__ import annotations

import pytest

from calcimetry.grade.growth import doubling_time_days, nodule_grew, percent_change
from calcimetry.grade.progression import (
    annual_percent_compound,
    annual_percent_linear,
    berry_progression,
    rescan_limit,
    root_difference,
    root_limit,
    root_progression,
    sevrukov_limit,
    units_per_year,
)
from calcimetry.knowledge.load import table


@pytest.mark.parametrize(
    "vector, before, after, difference, reaches, exceeds",
    [
        ("D1", 100, 156.25, 2.50, True, False),
        ("D2", 100, 150, 2.247, False, False),
        ("D3", 0, 6.2, 2.490, False, False),
        ("D3", 0, 6.25, 2.500, True, False),
        ("D4", 400, 506.25, 2.50, True, False),
        ("beyond", 400, 507, 2.517, True, True),
    ],
)
def test_difference_of_roots(vector, before, after, difference, reaches, exceeds) -> None:
    assert root_difference(before, after) == pytest.approx(difference, abs=5e-4), vector
    assert root_progression(before, after) is reaches, vector
    assert root_progression(before, after, inclusive=False) is exceeds, vector


@pytest.mark.parametrize(
    "vector, before, after, years, linear, compound",
    [
        ("D5", 100, 152, 3, 17.33, 14.98),
        ("D6", 100, 152.0875, 3, 17.36, 15.00),
        ("D7", 100, 130, 2, 15.0, 14.02),
    ],
)
def test_annual_rates_say_which_they_are(vector, before, after, years, linear, compound) -> None:
    assert annual_percent_linear(before, after, years) == pytest.approx(linear, abs=0.01), vector
    assert annual_percent_compound(before, after, years) == pytest.approx(compound, abs=0.01), vector
    if vector == "D5":  # the two readings of one limit disagree
        limit = table("references/progression")["annual"]["limit_percent"]
        assert annual_percent_compound(before, after, years) < limit <= annual_percent_linear(before, after, years)


def test_d8_new_calcium_has_no_relative_change() -> None:
    assert annual_percent_linear(0, 3, 1) is None
    assert annual_percent_compound(0, 3, 1) is None
    assert percent_change(0, 3) is None
    assert berry_progression(0, 3, 1)


def test_d9_valve_progression() -> None:
    assert units_per_year(1108, 1640, 2.9) == pytest.approx(183.4, abs=0.05)


@pytest.mark.parametrize(
    "vector, before, after, days, doubling, tolerance",
    [
        ("D10", 268, 335, 90, 279.6, 0.05),
        ("D11", 113.1, 226.2, 100, 100.0, 0.05),
        ("D12", 100, 125, 365, 1133.8, 0.05),
    ],
)
def test_doubling_time(vector, before, after, days, doubling, tolerance) -> None:
    assert doubling_time_days(before, after, days) == pytest.approx(doubling, abs=tolerance), vector
    assert percent_change(268, 335) == pytest.approx(25.0)
    assert doubling_time_days(after, before, days) is None


def test_d13_d14_nodule_growth() -> None:
    assert nodule_grew(8.0, 9.6)
    assert not nodule_grew(8.0, 9.5)


@pytest.mark.parametrize(
    "before, after, years, progressed",
    [(50, 60, 1, True), (50, 59, 1, False), (200, 219, 1, False), (200, 240, 2, True)],
)
def test_progression_by_class_of_the_first_score(before, after, years, progressed) -> None:
    assert berry_progression(before, after, years) is progressed


@pytest.mark.parametrize(
    "score, mesa, sevrukov, root",
    [
        (10, 18.20, 15.59, 22.06),
        (30, 32.92, 27.00, 33.64),
        (100, 66.94, 49.30, 56.25),
        (400, 166.84, 98.60, 106.25),
        (1000, 325.68, 155.90, 164.36),
    ],
)
def test_least_increase_of_three_rules(score, mesa, sevrukov, root) -> None:
    assert rescan_limit(score, 27) == pytest.approx(mesa, abs=0.005)
    assert sevrukov_limit(score) == pytest.approx(sevrukov, abs=0.005)
    assert root_limit(score) == pytest.approx(root, abs=0.005)
    assert root_progression(score, score + root_limit(score))
    assert (sevrukov_limit(0), sevrukov_limit(0, "volume")) == (11.6, 9.5)
