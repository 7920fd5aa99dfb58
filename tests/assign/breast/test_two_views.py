"""Two views of one breast, and two breasts: partners, quadrants and notes, on breasts whose truth is known in space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcimetry.assign.breast import SeenBreast, side_notes, two_views
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.core.word import Word

BOX = ((0, 0, 0), (1, 1, 1))
MM = 0.2
NIPPLE = {"left": (500.0, 700.0), "right": (500.0, 100.0)}
USUAL = {"L": "left", "R": "right"}


def view(name: str, seen_from: str, side: str = "L", **known: Any) -> SeenBreast:
    chest = known.pop("chest", USUAL[side])
    known = {"pixel_mm": (MM, MM), "laterality": side, "view": seen_from, "kind": "mammogram", **known}
    projection = Projection(name, np.zeros((1000, 800), np.uint16), Acquisition("MG"), **known)
    return SeenBreast(projection, (), (), NIPPLE[chest], chest)


def group(name: str, one: SeenBreast, behind_mm: float, above_mm: float, **known: Any) -> Group:
    """A group so far behind the nipple and so far toward the top of the image."""
    row, column = NIPPLE[one.chest or "left"]
    inward = -1 if one.chest == "left" else 1
    center = (0.0, row - above_mm / MM, column + inward * behind_mm / MM)
    known = {"morphology": "br_amorphous", "reported": True, **known}
    return Group(name, one.projection.id, (), 0.9, center_index=center, bounds_index=BOX, **known)


def shown(one: SeenBreast, *groups: Group) -> SeenBreast:
    return replace(one, groups=groups)


def of_space(
    back: float, outer: float, up: float, *, side: str = "L", degrees: float = 45.0, turned: str = "MLO"
) -> tuple[SeenBreast, SeenBreast]:
    """CC and MLO of one point (millimeters behind, lateral and cranial of the nipple)."""
    turn = np.deg2rad(degrees if turned == "MLO" else 0.0)
    above, beside = view("i1", "CC", side), view("i2", turned, side)
    height = up * np.cos(turn) + outer * np.sin(turn)
    return shown(above, group("G1", above, back, outer)), shown(beside, group("G2", beside, back, height))


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize(
    ("outer", "up", "expected"),
    [(30, 30, "upper outer"), (-25, 40, "upper inner"), (25, -50, "lower outer"), (-30, -30, "lower inner")],
)
def test_both_views_tell_the_quadrant(side: str, outer: float, up: float, expected: str) -> None:
    found = two_views(of_space(60, outer, up, side=side, turned="ML"))
    assert {one.structure for one in found.values()} == {expected}
    assert {name: one.seen_in for name, one in found.items()} == {"G1": ("G2",), "G2": ("G1",)}


def test_a_quadrant_is_right_or_not_told_whatever_the_angle_of_the_oblique_view() -> None:
    rng = np.random.default_rng(5)
    told = wrong = partners = 0
    for _ in range(300):
        back, outer, up = rng.uniform(20, 90), rng.uniform(-45, 45), rng.uniform(-45, 45)
        found = two_views(of_space(back, outer, up, degrees=rng.uniform(35, 55)))
        partners += bool(found)
        for one in found.values():
            if one.structure:
                told += 1
                truth = f"{'upper' if up > 0 else 'lower'} {'outer' if outer > 0 else 'inner'}"
                wrong += one.structure != truth
    assert partners > 200
    assert told > 60
    assert wrong == 0


def test_what_lies_near_a_line_has_no_quadrant() -> None:
    assert [g.structure for g in two_views(of_space(60, 5, 40, turned="ML")).values()] == ["", ""]
    assert [g.structure for g in two_views(of_space(60, 40, 5, turned="ML")).values()] == ["", ""]
    # Above the line in the oblique view only since it lies far outside.
    assert [g.structure for g in two_views(of_space(60, 40, -5)).values()] == ["", ""]


def test_the_header_says_which_way_is_lateral_and_cranial() -> None:
    first, second = of_space(60, 30, 30, turned="ML")

    def told(down_above: str, down_beside: str) -> str:
        a = replace(first, projection=replace(first.projection, orientation=("P", down_above)))
        b = replace(second, projection=replace(second.projection, orientation=("P", down_beside)))
        (word,) = {one.structure for one in two_views([a, b]).values()}
        return word

    # Of a left breast R is medial: rows that run to R have what is lateral on top.
    assert told("R", "F") == "upper outer"
    assert told("L", "F") == "upper inner"
    assert told("R", "H") == "lower outer"
    assert told("R", "FL") == "upper outer"
    assert told("A", "F") == ""


def test_an_unusual_hanging_without_a_header_has_no_quadrant_and_still_partners() -> None:
    above, beside = view("i1", "CC", "L", chest="right"), view("i2", "MLO", "L", chest="right")
    found = two_views([shown(above, group("G1", above, 50, 30)), shown(beside, group("G2", beside, 50, 30))])
    assert {one.structure for one in found.values()} == {""}
    assert found["G1"].seen_in == ("G2",)


def test_partners_are_as_far_from_the_nipple() -> None:
    above, beside = view("i1", "CC"), view("i2", "MLO")
    near, far = group("G1", above, 30, 0), group("G2", above, 80, 0)
    also_far, also_near = group("G3", beside, 74, 20), group("G4", beside, 20, 20)
    found = two_views([shown(above, near, far), shown(beside, also_far, also_near)])
    assert {name: one.seen_in for name, one in found.items()} == {
        "G1": ("G4",), "G4": ("G1",), "G2": ("G3",), "G3": ("G2",),
    }  # fmt: skip
    assert two_views([shown(above, near), shown(beside, group("G5", beside, 46, 0))]) == {}


def test_of_several_partners_the_one_most_alike_is_taken() -> None:
    above, beside = view("i1", "CC"), view("i2", "MLO")
    mine = group("G1", above, 50, 0)
    found = two_views([shown(above, mine), shown(beside, group("G2", beside, 60, 0), group("G3", beside, 52, 0))])
    assert found["G1"].seen_in == ("G3",)
    assert "G2" not in found


@pytest.mark.parametrize(
    ("known", "partner"),
    [
        ({}, True),
        ({"morphology": "br_rim"}, False),
        ({"morphology": None}, True),
        ({"morphology": "br_rim", "words": (Word("br_rim", 0.5), Word("br_amorphous", 0.45))}, True),
        ({"reported": False}, False),
        ({"measures": {"extent": Measurement(12.0, "mm")}}, True),
        ({"measures": {"extent": Measurement(45.0, "mm")}}, False),
    ],
)
def test_partners_are_of_the_same_form_and_about_the_same_size(known: dict[str, Any], partner: bool) -> None:
    above, beside = view("i1", "CC"), view("i2", "MLO")
    mine = group("G1", above, 50, 0, measures={"extent": Measurement(9.0, "mm")})
    found = two_views([shown(above, mine), shown(beside, group("G2", beside, 50, 0, **known))])
    assert bool(found) is partner


@pytest.mark.parametrize(
    "other",
    [
        view("i2", "MLO", "R"),
        view("i2", "CC"),
        view("i2", "MLO", view_modifiers=("magnification",)),
        view("i2", "MLO", view_modifiers=("spot",)),
        view("i2", "MLO", pixel_mm=None),
        replace(view("i2", "MLO"), nipple_index=None),
        view("i2", "MLO", laterality=None),
    ],
)
def test_no_partner_from_another_breast_the_same_direction_a_part_or_an_unknown_place(other: SeenBreast) -> None:
    above = view("i1", "CC")
    assert two_views([shown(above, group("G1", above, 50, 0)), shown(other, group("G2", other, 50, 0))]) == {}


def test_three_views_that_disagree_tell_no_quadrant() -> None:
    first, second = of_space(60, 30, 30)
    third = view("i3", "ML")
    found = two_views([first, second, shown(third, group("G3", third, 60, -40))])
    assert found["G1"].seen_in == ("G2", "G3")
    assert found["G1"].structure == ""
    assert found["G3"].structure == "lower outer"


def singles(number: int, *pattern: str) -> tuple[Lesion, ...]:
    where = (0.0, 0.0, 0.0)
    return tuple(
        Lesion(f"L{n}", "i1", 1, "calcification", where, None, BOX, (0, 0, 0), site="breast", pattern=pattern)
        for n in range(number)
    )


def codes(*views: SeenBreast) -> list[tuple[str, str]]:
    return [(note.code, note.text) for note in side_notes(views)]


def test_a_group_in_one_breast_only_is_said() -> None:
    left, right = view("i1", "MLO"), view("i2", "MLO", "R")
    ((code, text),) = codes(shown(left, group("G1", left, 50, 0)), right)
    assert code == "sides-differ"
    assert "reported in the left breast and none in the right" in text
    assert codes(left, right) == []
    assert codes(shown(left, group("G1", left, 50, 0)), shown(right, group("G2", right, 50, 0))) == []
    assert codes(shown(left, group("G1", left, 50, 0)), view("i2", "CC", "R")) == []


@pytest.mark.parametrize(
    ("left", "right", "pattern", "expected"),
    [
        (30, 5, ("br_round",), ["sides-differ"]),
        (30, 0, (), ["sides-differ"]),
        (9, 0, (), []),
        (25, 20, ("br_round",), ["sides-alike"]),
        (25, 20, ("br_fine_linear",), []),
        (25, 20, (), []),
        (30, 0, ("br_vascular",), []),
    ],
)
def test_single_calcifications_of_both_sides_are_compared(
    left: int, right: int, pattern: tuple[str, ...], expected: list[str]
) -> None:
    here = replace(view("i1", "MLO"), lesions=singles(left, *pattern))
    there = replace(view("i2", "MLO", "R"), lesions=singles(right, *pattern))
    assert [code for code, _ in codes(here, there)] == expected
