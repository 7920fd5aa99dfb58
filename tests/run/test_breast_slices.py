"""Simulated slices of tomosynthesis go the whole way: one group, reported and counted once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

import calcimetry
from calcimetry import report
from calcimetry.core.case import Case
from calcimetry.core.lesion import Lesion
from calcimetry.core.study import Study
from calcimetry.phantom import breast as simulated
from calcimetry.run import mammograms
from calcimetry.run.looked import Looked

SMALL = replace(simulated.PROTOCOLS["digital-100"], height_mm=(70.0, 70.0))


@cache
def made() -> simulated.SimulatedSlices:
    return simulated.simulated_slices(5, SMALL, count=5)


@cache
def case() -> Case:
    return calcimetry.analyze(Study(images=made().slices))


def test_one_group_is_reported_once() -> None:
    reported = [group for group in case().groups if group.reported]
    near = [one for one in reported if np.hypot(*(np.array(one.center_index[1:]) - made().places.mean(axis=0))) < 40]
    assert len(near) == 1
    (kept,) = near
    assert kept.seen_in
    count = kept.measures["count"].value
    assert count is not None
    assert 4 <= count <= len(made().places) + 1
    # The others stand beside it, and in no line of their own.
    first = [line.split()[0] for line in report.text(case()).splitlines() if line.split()]
    assert first.count(kept.id) == 1
    assert not set(kept.seen_in) & set(first)


def test_each_particle_is_counted_once_and_near_its_own_height() -> None:
    counted = [one for one in case().lesions if one.counted]
    height = {one.id: one.height_mm for one in made().slices}
    off = []
    for place, at in zip(made().places, made().heights_mm, strict=True):
        here = [one for one in counted if np.hypot(*(np.array(one.center_index[1:]) - place)) < 4]
        assert len(here) <= 1
        off += [abs((height[one.image] or 0.0) - at) for one in here]
    assert len(off) >= 4
    assert np.median(off) <= 1.0


def test_sums_of_slices_add_up_and_the_linking_is_said_once() -> None:
    total = sum(s.value or 0.0 for s in case().scores if s.name == "count")
    assert total == sum(one.counted for one in case().lesions)
    assert sum(note.code == "slices-linked" for image in case().images for note in image.notes) == 1
    assert not [s for s in case().scores if s.name == "csbi_grade"]


def test_the_linking_is_said_on_the_stack_concerned() -> None:
    place = made().slices
    empty = [
        replace(one, id=f"e{n}", laterality="L" if one.laterality != "L" else "R", pixels=np.zeros_like(one.pixels))
        for n, one in enumerate(place)
    ]
    looked = [Looked(one, mammograms._info(one, (), True)) for one in empty]
    spot = {"kind": "calcification", "center_mm": None, "bounds_index": ((0, 48, 48), (1, 52, 52))}
    for n, one in enumerate(place[:2]):
        lesion = Lesion(f"L{n}", one.id, 1, center_index=(0.0, 50.0, 50.0), peak_index=(0, 50, 50), **spot)
        looked.append(Looked(one, mammograms._info(one, (), True), lesions=(lesion,)))
    told = [one.image.id for one in mammograms.together(looked, {}) if "slices-linked" in _codes(one)]
    assert told == [place[0].id]


def _codes(one: Looked) -> set[str]:
    return {note.code for note in one.info.notes}
