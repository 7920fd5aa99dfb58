"""What is known only when all views of a case are there: partners, notes, one suggested range for each breast."""

from __future__ import annotations

from typing import Any

import numpy as np

from calcimetry.core.case import ImageInfo
from calcimetry.core.geometry import Geometry
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Contrast, Projection
from calcimetry.core.regions import Regions
from calcimetry.core.study import Subject
from calcimetry.locate import BreastMap
from calcimetry.run.looked import Looked
from calcimetry.run.mammograms import graded, together


def looked(name: str, seen_from: str, side: str, *places: tuple[str, float, float]) -> Looked:
    """A view with the nipple at row 50 and the chest wall where it usually hangs; places are (id, row, column)."""
    chest, column = ("left", 90.0) if side == "L" else ("right", 10.0)
    projection = Projection(
        name, np.zeros((100, 100), np.uint16), Acquisition("MG"), pixel_mm=(1.0, 1.0), view=seen_from, laterality=side,
        kind="mammogram",
    )  # fmt: skip
    info = ImageInfo(
        id=name, modality="MG", series_uid=None, study_date=None, view=seen_from, laterality=side, thickness_mm=None,
        files=1, shape=(1, 100, 100), spacing_mm=(1.0, 1.0), kvp=None, kernel=None, contrast=Contrast(), gated=None,
    )  # fmt: skip
    known: dict[str, Any] = {"morphology": "br_amorphous", "distribution": "grouped", "laterality": side}
    groups = tuple(
        Group(one, name, (), 0.9, True, (0.0, row, across), ((0, 0, 0), (1, 1, 1)), **known)
        for one, row, across in places
    )
    labels = Regions(name, np.zeros((1, 100, 100), np.uint8), Geometry.from_spacing((1, 100, 100), (1.0, 1.0, 1.0)), ())
    found = BreastMap(labels, chest, (50.0, column), 0.0, 1.0, 1.0, False)
    return Looked(projection, info, (), (), groups, (), {"breast": ()}, {}, found)


FOUR = [
    looked("i1", "CC", "R"),
    looked("i2", "CC", "L", ("G1", 20.0, 40.0)),
    looked("i3", "MLO", "R"),
    looked("i4", "MLO", "L", ("G2", 5.0, 50.0)),
]


def test_groups_of_two_views_name_each_other_and_their_quadrant() -> None:
    groups = {group.id: group for one in together(FOUR, {}) for group in one.groups}
    assert {name: (one.seen_in, one.structure) for name, one in groups.items()} == {
        "G1": (("G2",), "upper outer"),
        "G2": (("G1",), "upper outer"),
    }


def test_four_screening_views_are_one_result_with_a_row_for_each_breast() -> None:
    done = together(FOUR, {})
    rows = graded(done, Subject())
    assert [(row.laterality, row.category, row.image) for row in rows] == [("R", "1", None), ("L", "0", None)]
    for one in done:
        assert [note.code for note in one.info.notes] == ["sides-differ"]


def test_what_is_no_breast_is_left_as_it_is() -> None:
    other = Looked(FOUR[0].image, FOUR[0].info)
    assert together([other], {}) == [other]
    assert graded([other], Subject()) == ()
