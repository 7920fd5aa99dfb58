"""The whole stage: outlines in, words out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn import Drawing

from calcimetry import describe


@pytest.fixture(scope="module")
def row() -> Drawing:
    one = Drawing()
    for n in range(8):
        one.add("br_round", (20.0 + 0.1 * (n % 2), 12.0 + 2.5 * n), size_mm=0.6)
    return one


def test_same_things_in_the_same_order(row: Drawing) -> None:
    group = row.group()
    made = describe.breast(row.projection, row.lesions, [group], row.regions, row.mm)
    assert [one.id for one in made.lesions] == [one.id for one in row.lesions]
    assert [one.id for one in made.groups] == ["G1"]
    assert made.groups[0].lesions == group.lesions
    assert made.groups[0].confidence == group.confidence


BALL = 3**0.5 / 2
"""A ball's shadow is half as high at this share of its radius."""


def test_round_particles_in_a_line(row: Drawing) -> None:
    made = describe.breast(row.projection, row.lesions, [row.group()], row.regions, row.mm)
    group = made.groups[0]
    assert group.distribution == "linear"
    assert group.morphology == "br_round"
    assert group.measures["count"].value == 8
    assert group.measures["extent"].value == pytest.approx(7 * 2.5 + 0.6 * BALL, abs=0.1)
    assert group.measures["median_diameter"].value == pytest.approx(0.6 * BALL, abs=0.04)
    assert all(one.pattern == ("br_round",) for one in made.lesions)
    word = made.lesions[0].words[0]
    assert word.because["diameter_mm"] == pytest.approx(0.6 * BALL, abs=0.04)
    assert sum(one.probability for one in made.lesions[0].words) <= 1.0001


def test_without_millimeters_nothing_that_needs_them(row: Drawing) -> None:
    lesions = [replace(row.lesions[0], pattern=("br_coarse_popcorn",)), *row.lesions[1:]]
    made = describe.breast(row.projection, lesions, [row.group()], row.regions, None)
    assert [note.code for note in made.notes] == ["pixel-unknown"]
    assert made.groups[0].distribution is None
    assert made.groups[0].morphology is None
    assert made.groups[0].measures == {}
    assert all(one.words == () and one.pattern == () for one in made.lesions)


def test_arteries_stay_what_detection_called_them(row: Drawing) -> None:
    lesions = [replace(row.lesions[0], pattern=("br_vascular",)), *row.lesions[1:]]
    made = describe.breast(row.projection, lesions, [], row.regions, row.mm)
    assert made.lesions[0] is lesions[0]


def test_too_small_for_a_word() -> None:
    one = Drawing(mm=0.2)
    for n in range(6):
        one.add("br_round", (20.0 + (n % 3), 20.0 + 1.3 * n), size_mm=0.2)
    lesions = [replace(it, mask=replace(it.mask, bits=it.mask.bits[:, :1, :1])) for it in one.lesions]
    made = describe.breast(one.projection, lesions, [one.group()], one.regions, one.mm)
    small = [it for it in made.lesions if it.evidence.get("too_small_for_shape")]
    assert small
    assert all(it.words == () and it.pattern == () for it in small)


def test_lossy_images_give_fewer_words(row: Drawing) -> None:
    lossy = Drawing(lossy="JPEG baseline, 10:1")
    lossy.add("br_round", (20.0, 20.0), size_mm=0.2)
    lossy.add("br_round", (30.0, 20.0), size_mm=1.2)
    made = describe.breast(lossy.projection, lossy.lesions, [], lossy.regions, lossy.mm)
    assert made.lesions[0].pattern == ()
    assert made.lesions[1].pattern != ()
    assert [note.code for note in made.notes] == ["shape-lossy"]


def test_nothing_found_gives_nothing(row: Drawing) -> None:
    made = describe.breast(row.projection, [], [], row.regions, row.mm)
    assert (made.lesions, made.groups, made.notes) == ((), (), ())


def test_an_open_ring_is_called_rim() -> None:
    y, x = (np.mgrid[:41, :41] - 20) * 0.05
    far = np.hypot(y, x)
    one = Drawing()
    one.put(500.0 * ((far < 0.8) & (far > 0.5) & (np.abs(np.arctan2(y, x)) > 0.6)), 400, 300)
    made = describe.breast(one.projection, one.lesions, [], one.regions, one.mm)
    assert made.lesions[0].pattern == ("br_rim",)


def test_a_level_on_a_true_lateral_is_milk_of_calcium_and_on_other_views_it_is_not() -> None:
    y, x = (np.mgrid[:31, :41] - 15) * 0.05
    bowl = 500.0 * ((np.hypot(y, x) < 0.7) & (y > 0.1))
    for view, milk in (("ML", True), ("CC", False)):
        one = Drawing(view=view)
        one.put(bowl, 400, 300)
        made = describe.breast(one.projection, one.lesions, [], one.regions, one.mm)
        assert ("br_milk_of_calcium" in {word.word for word in made.lesions[0].words}) == milk


@pytest.mark.parametrize(("mm", "named"), [(0.1, True), (0.2, False)])
def test_coarse_pixels_name_only_what_is_several_wide(mm: float, named: bool) -> None:
    one = Drawing(mm=mm)
    one.add("br_round", (20.0, 20.0), size_mm=0.5)
    one.add("br_round", (30.0, 20.0), size_mm=2.0)
    made = describe.breast(one.projection, one.lesions, [], one.regions, mm)
    assert (made.lesions[0].pattern != ()) == named
    assert made.lesions[1].pattern != ()
