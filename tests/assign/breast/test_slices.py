"""Slices of tomosynthesis: one finding for what several show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcimetry.assign.breast import OTHER_SLICE, SeenBreast, over_slices
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Projection
from calcimetry.core.lesion import Lesion

PIXELS = np.zeros((200, 200), np.uint16)


def lesion(name: str, image: str, row: float, column: float, *, sure: float = 0.9, height: float = 8.0) -> Lesion:
    low, high = (0, int(row) - 2, int(column) - 2), (1, int(row) + 2, int(column) + 2)
    return Lesion(
        name, image, 1, "calcification", (0.0, row, column), None, (low, high), low, confidence=sure,
        evidence={"height": height},
    )  # fmt: skip


def group(name: str, image: str, members: tuple[str, ...], box: tuple[int, int, int, int], *, sure: float) -> Group:
    r0, c0, r1, c1 = box
    center = (0.0, (r0 + r1) / 2, (c0 + c1) / 2)
    return Group(name, image, members, sure, True, center, ((0, r0, c0), (1, r1, c1)))


def view(number: int, lesions: tuple[Lesion, ...] = (), groups: tuple[Group, ...] = (), **more: object) -> SeenBreast:
    taken = Projection(
        f"i{number}", PIXELS, Acquisition("MG", series_uid="1.2"), pixel_mm=(0.1, 0.1), laterality="R", view="CC",
        kind="tomosynthesis", height_mm=float(number),
    )  # fmt: skip
    return SeenBreast(replace(taken, **more), lesions, groups)  # type: ignore[arg-type]


def test_one_calcification_of_three_slices_is_counted_where_it_is_sharpest() -> None:
    views = [view(n, (lesion(f"L{n}", f"i{n}", 50 + n, 60, height=h),)) for n, h in ((1, 5.0), (2, 9.0), (3, 6.0))]
    changed, groups = over_slices(views)
    assert set(changed) == {"L1", "L3"}
    assert all(not one.counted and one.reason == OTHER_SLICE for one in changed.values())
    assert groups == {}


def test_what_lies_apart_in_plane_or_height_stays_two() -> None:
    beside = [view(1, (lesion("L1", "i1", 50, 60),)), view(2, (lesion("L2", "i2", 50, 75),))]
    assert over_slices(beside) == ({}, {})
    above = [view(1, (lesion("L1", "i1", 50, 60),)), view(9, (lesion("L2", "i9", 50, 60),))]
    assert over_slices(above) == ({}, {})


def test_views_that_are_no_slices_of_one_stack_are_left_alone() -> None:
    one, other = (lesion("L1", "i1", 50, 60),), (lesion("L2", "i2", 50, 60),)
    for change in ({"kind": "mammogram"}, {"laterality": "L"}, {"height_mm": None}, {"pixel_mm": None}):
        assert over_slices([view(1, one), view(2, other, **change)]) == ({}, {})


def test_a_group_of_a_slab_is_reported_once_with_all_that_its_slices_show() -> None:
    first = tuple(lesion(f"L{n}", "i1", 50, 40 + 10 * n) for n in range(1, 4))
    # Two of them again, less sharp, and a fourth that the first slice does not show.
    second = tuple(lesion(f"L{n + 10}", "i2", 50, 40 + 10 * n, height=4.0) for n in range(2, 5))
    views = [
        view(1, first, (group("G1", "i1", ("L1", "L2", "L3"), (48, 48, 52, 72), sure=0.9),)),
        view(2, second, (group("G2", "i2", ("L12", "L13", "L14"), (48, 58, 52, 82), sure=0.7),)),
        view(30, (), (group("G3", "i30", (), (48, 48, 52, 72), sure=0.5),)),
    ]
    changed, groups = over_slices(views)
    assert set(changed) == {"L12", "L13"}
    assert set(groups) == {"G1", "G2"}
    kept, other = groups["G1"], groups["G2"]
    assert (kept.reported, kept.seen_in, other.reported, other.seen_in) == (True, ("G2",), False, ("G1",))
    # Four middles 10 pixels apart, and half of a width of 4 pixels at either end: 3.4 mm.
    assert kept.measures["count"].value == 4.0
    assert kept.measures["extent"].value == 3.4
    assert kept.measures["depth"].value == 1.0


def test_a_slab_is_no_deeper_than_it_may_be() -> None:
    box = (48, 48, 52, 72)
    sure = {1: 0.6, 11: 0.9, 21: 0.7}
    _, groups = over_slices([view(at, (), (group(f"G{at}", f"i{at}", (), box, sure=one),)) for at, one in sure.items()])
    # The surest lies in the middle: the surer of its neighbors joins it, the other stays by itself.
    assert set(groups) == {"G11", "G21"}
    assert groups["G11"].seen_in == ("G21",)
    assert groups["G11"].measures["depth"].value == 10.0


def test_an_extent_reaches_to_the_ends_of_long_particles() -> None:
    rods = [
        replace(lesion(f"L{n}", f"i{n}", 50, column), bounds_index=((0, 49, column - 10), (1, 51, column + 10)))
        for n, column in ((1, 60), (2, 100))
    ]
    views = [
        view(n, (one,), (group(f"G{n}", f"i{n}", (one.id,), (49, 50, 51, 110), sure=0.9 - 0.1 * n),))
        for n, one in enumerate(rods, 1)
    ]
    _, groups = over_slices(views)
    # Middles 4 mm apart, and half of a length of 2 mm at either end.
    assert groups["G1"].measures["extent"].value == 6.0
