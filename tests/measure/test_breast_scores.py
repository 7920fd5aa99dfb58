"""What one view of a breast adds up to."""

from __future__ import annotations

import numpy as np

from calcimetry.core.image import Acquisition, Projection
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.measure import breast_scores
from calcimetry.measure.breast import BREAST_SCORE_UNITS


def projection(pixel_mm: tuple[float, float] | None) -> Projection:
    return Projection("i1", np.zeros((80, 200), np.uint16), Acquisition("MG"), pixel_mm=pixel_mm)


def artery(gap: int, *, length_mm: float, counted: bool = True) -> Lesion:
    """Runs of 20 pixels with gaps, one pixel wide (``gap`` 0: unbroken)."""
    bits = np.zeros((1, 3, 120), bool)
    bits[0, 1] = True
    if gap:
        bits[0, 1] = np.arange(120) % (20 + gap) < 20
    where = (0.0, 1.0, 60.0)
    return Lesion(
        "L1", "i1", 1, "calcification", where, None, ((0, 0, 0), (1, 3, 120)), (0, 1, 0), site="breast",
        counted=counted, pattern=("br_vascular",), evidence={"length_mm": length_mm}, mask=Mask((0, 5, 5), bits),
    )  # fmt: skip


LESIONS = (artery(0, length_mm=14.04), artery(5, length_mm=20.0), artery(0, length_mm=50.0, counted=False))


def test_arteries_are_counted_measured_and_told_from_rows_of_points() -> None:
    # 120 pixels of 0.1 mm are 12 mm in one part; 20 of them are 2 mm.
    found = breast_scores(projection((0.1, 0.1)), LESIONS, ())
    assert {s.name: s.value for s in found} == {
        "count": 2.0, "group_count": 0.0, "artery_count": 2.0, "coarse_artery_count": 1.0, "arterial_length": 34.0,
    }  # fmt: skip
    assert {s.name: s.unit for s in found} == BREAST_SCORE_UNITS
    (length,) = [s for s in found if s.name == "arterial_length"]
    assert str(length.reason).startswith("of the courses that were found")
    assert {(s.site, s.structure, s.image, s.status) for s in found} == {("breast", "total", "i1", "final")}


def test_at_twice_the_pixel_the_rows_are_coarse_as_well() -> None:
    found = {s.name: s.value for s in breast_scores(projection((0.2, 0.2)), LESIONS, ())}
    assert found["coarse_artery_count"] == 2.0


def test_without_a_pixel_size_no_length_is_told() -> None:
    held = {s.name: s for s in breast_scores(projection(None), LESIONS, ()) if s.value is None}
    assert set(held) == {"coarse_artery_count", "arterial_length"}
    assert all(s.status == "withheld" and "--spacing" in str(s.reason) for s in held.values())


def test_where_no_artery_was_found_no_length_is_told() -> None:
    found = {s.name: s for s in breast_scores(projection((0.1, 0.1)), (), ())}
    assert found["artery_count"].value == found["coarse_artery_count"].value == 0.0
    assert (found["arterial_length"].value, found["arterial_length"].status) == (None, "withheld")
    assert str(found["arterial_length"].reason).startswith("no calcified artery was found")
