"""Worked cases of the Agatston rule, one row each."""

from __future__ import annotations

import numpy as np
import pytest
from measure_phantoms import COLUMNS, OURS, PHANTOMS, TABLE, USUAL, block

from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure import agatston, volume_mm3
from calcimetry.measure.rule import Minimum, Rule, rule

STRICT = Rule(id="strict", title="strict", comparison=">")
FOUR = rule("four-neighbours")


def plane(points: list[tuple[int, int]], hu: float) -> np.ndarray:
    array = np.full((1, 8, 8), -50.0)
    for row, column in points:
        array[0, row, column] = hu
    return array


SQUARE = [(0, 0), (0, 1), (1, 0), (1, 1)]
STAIRS = [(0, 0), (0, 1), (1, 2), (1, 3)]
BLOCK = [(row, column) for row in range(4) for column in range(4)]


@pytest.mark.parametrize(
    ("case", "points", "hu", "counting", "expected"),
    [
        ("A1", SQUARE, 130, rule(), 1.0),
        ("A1 strict", SQUARE, 130, STRICT, 0.0),
        ("A2", SQUARE, 131, rule(), 1.0),
        ("A3", BLOCK[:3], 131, rule(), 0.0),
        ("A3 pixels", BLOCK[:3], 131, rule("min3px"), 0.75),
        ("A4", STAIRS, 150, rule(), 1.0),
        ("A4 four", STAIRS, 150, FOUR, 0.0),
        ("A5a", BLOCK, 199, rule(), 4.0),
        ("A5b", BLOCK, 200, rule(), 8.0),
        ("A5c", BLOCK, 299, rule(), 8.0),
        ("A5d", BLOCK, 300, rule(), 12.0),
        ("A5e", BLOCK, 399, rule(), 12.0),
        ("A5f", BLOCK, 400, rule(), 16.0),
        ("A11", SQUARE, 129.6, rule(), 0.0),
    ],
)
def test_one_slice(case: str, points: list[tuple[int, int]], hu: float, counting: Rule, expected: float) -> None:
    assert agatston(plane(points, hu), USUAL, counting) == pytest.approx(expected, abs=1e-9), case


def test_a6_the_peak_is_that_of_the_piece_in_its_slice() -> None:
    array = np.full((2, 8, 8), -50.0)
    array[:, :2, :2] = 150
    array[1, 0, 0] = 450
    assert agatston(array, USUAL) == pytest.approx(5.0)
    wrong = Rule(id="wrong", title="wrong", dimensions=3, connectivity=26, peak="object")
    assert agatston(array, USUAL, wrong) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("case", "slices", "increment", "expected", "bare"), [("A7a", 3, 2.5, 40.0, 48.0), ("A7b", 4, 1.5, 32.0, 64.0)]
)
def test_a7_slices_count_by_their_distance(
    case: str, slices: int, increment: float, expected: float, bare: float
) -> None:
    array = block(450.0, slices=slices, at=tuple(range(slices)))
    assert agatston(array, (increment, 0.5, 0.5), thickness_mm=3.0) == pytest.approx(expected), case
    raw = Rule(id="raw", title="raw", factor="none")
    assert agatston(array, (increment, 0.5, 0.5), raw) == pytest.approx(bare), case


def test_a8_two_large_pixels_are_less_than_1_mm2_unless_a_program_rounds() -> None:
    side = 0.68359375
    array = plane([(0, 0), (0, 1)], 500)
    assert agatston(array, (3.0, side, side)) == 0.0
    assert agatston(array, (3.0, side, side), rule("slicer-like")) == pytest.approx(3.74, abs=0.005)


def test_a9_four_and_five_pixels_of_0_488_mm() -> None:
    side = 0.48828125
    assert agatston(plane(SQUARE, 250), (3.0, side, side)) == 0.0
    assert agatston(plane([*SQUARE, (0, 2)], 250), (3.0, side, side)) == pytest.approx(2.38, abs=0.005)


def test_a10_nothing_is_zero() -> None:
    nothing = np.zeros((2, 4, 4), np.int16)
    assert agatston(nothing, USUAL) == 0.0
    assert agatston(nothing + 500, USUAL, inside=np.zeros((2, 4, 4), bool)) == 0.0


@pytest.mark.parametrize(
    ("case", "kvp", "hu", "expected"),
    [("A19", 100.0, 300, 8.0), ("A20", 70.0, 320, 8.0), ("A21", 135.0, 119, 4.0), ("A21 below", 135.0, 118, 0.0)],
)
def test_other_voltages(case: str, kvp: float, hu: float, expected: float) -> None:
    assert agatston(plane(BLOCK, hu), USUAL, limits=limits(kvp)) == pytest.approx(expected), case


def test_a19_the_rule_of_120_kv_gives_more_at_100_kv() -> None:
    assert agatston(plane(BLOCK, 300), USUAL) == pytest.approx(12.0)


def test_a24_a_calcium_aware_kernel_keeps_130() -> None:
    assert agatston(plane(BLOCK, 140), USUAL, limits=limits(80.0, "Sa36f\\3")) == pytest.approx(4.0)
    assert agatston(plane(BLOCK, 140), USUAL, limits=limits(80.0, "Br36f")) == 0.0


def test_a25_no_voltage_no_score_but_a_volume() -> None:
    with pytest.raises(ValueError, match="kV missing"):
        agatston(plane(BLOCK, 300), USUAL, limits=limits(None))
    assert volume_mm3(plane(BLOCK, 300), USUAL, limits=limits(None)) == pytest.approx(12.0)


@pytest.mark.parametrize("name", PHANTOMS)
def test_ours_on_the_twelve_phantoms(name: str) -> None:
    hu, spacing_mm = PHANTOMS[name]
    assert agatston(hu, spacing_mm) == pytest.approx(OURS[name], abs=1e-6)


def test_h_depends_on_the_neighbourhood_alone() -> None:
    assert agatston(*PHANTOMS["H"], FOUR) == pytest.approx(5.0)


@pytest.mark.parametrize("name", PHANTOMS)
@pytest.mark.parametrize("column", range(len(COLUMNS)))
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_each_program_on_each_phantom(name: str, column: int, dtype: type) -> None:
    hu, spacing_mm = PHANTOMS[name]
    found = agatston(hu.astype(dtype), spacing_mm, rule(COLUMNS[column]), thickness_mm=spacing_mm[0])
    assert found == pytest.approx(TABLE[name][column], abs=1e-6)


def test_c_programs_that_see_129_hu_as_volume_give_it_no_score() -> None:
    hu, spacing_mm = PHANTOMS["C"]
    assert volume_mm3(hu, spacing_mm, rule("calciumscoring-jl")) == pytest.approx(12.0)


@pytest.mark.parametrize(("strict", "expected"), [(False, 4.0), (True, 0.0)])
def test_exactly_the_minimum(strict: bool, expected: float) -> None:
    counting = Rule(id="edge", title="edge", minimum=(Minimum(1.0, "mm2", strict=strict),))
    assert agatston(block(450.0, size=2), USUAL, counting) == pytest.approx(expected)


def test_float_noise_in_the_spacing_does_not_lose_a_lesion() -> None:
    spacing_mm = (3.0, 0.4999999999, 0.5)
    assert agatston(block(450.0, size=2), spacing_mm) == pytest.approx(4.0, abs=1e-6)


def test_a_plane_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="slice, row, column"):
        agatston(np.zeros((4, 4)), USUAL)
