"""Metal along an artery or in a valve has that site, whatever the model made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from calcimetry.assign import metal_notes, with_metal
from calcimetry.core.anatomy import Anatomy, Plane, Tube
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Alternative, Lesion, Mask
from calcimetry.core.regions import Region, Regions

GRID = Geometry.from_spacing((20, 60, 60), (3.0, 1.0, 1.0))
VOLUME = Volume("i1", np.full(GRID.shape, 40, np.int16), GRID, Acquisition("CT"))
LINE = np.array([[30.0, 30.0, z] for z in np.arange(3.0, 57.0, 3.0)])


def _anatomy(**more: Plane) -> Anatomy:
    course = Tube(LINE, np.full(len(LINE), 1.5), np.full(len(LINE), 3.0))
    return Anatomy("i1", tubes={"right_coronary": course}, planes=dict(more))


def _metal(start: tuple[int, int, int], shape: tuple[int, int, int]) -> Lesion:
    stop = (start[0] + shape[0], start[1] + shape[1], start[2] + shape[2])
    middle = tuple((a + b - 1) / 2 for a, b in zip(start, stop, strict=True))
    return Lesion(
        id="L1",
        image="i1",
        label=1,
        kind="metal",
        center_index=middle,  # type: ignore[arg-type]
        center_mm=tuple(float(v) for v in GRID.to_lps_mm(np.array(middle))),  # type: ignore[arg-type]
        bounds_index=(start, stop),
        peak_index=start,
        structure="thorax",
        counted=False,
        alternatives=(Alternative("right_coronary", 0.2, "coronary_artery"),),
        probability=0.8,
        mask=Mask(start, np.ones(shape, dtype=bool)),
    )


def test_a_stent_belongs_to_its_artery() -> None:
    found = with_metal(VOLUME, [_metal((5, 29, 31), (6, 3, 3))], _anatomy())[0]
    assert (found.site, found.structure) == ("coronary_artery", "right_coronary")
    assert found.probability == 0.2
    assert found.alternatives == ()
    assert not found.counted


def test_metal_far_from_every_course_stays_where_it_was() -> None:
    lesion = _metal((5, 5, 50), (6, 3, 3))
    assert with_metal(VOLUME, [lesion], _anatomy()) == (lesion,)


def test_a_wire_that_only_crosses_an_artery_is_no_stent() -> None:
    lesion = _metal((8, 30, 0), (1, 1, 60))
    assert with_metal(VOLUME, [lesion], _anatomy()) == (lesion,)


def test_calcium_is_left_alone() -> None:
    lesion = replace(_metal((5, 29, 31), (6, 3, 3)), kind="calcification")
    assert with_metal(VOLUME, [lesion], _anatomy()) == (lesion,)


def test_a_ring_in_the_plane_of_a_valve_belongs_to_it() -> None:
    plane = Plane((30.0, 30.0, 27.0), (0.0, 0.0, 1.0), 2.0)
    found = with_metal(VOLUME, [_metal((9, 20, 20), (1, 21, 21))], _anatomy(aortic_valve=plane))[0]
    assert (found.site, found.structure) == ("aortic_valve", "aortic_valve")


def test_wires_of_the_sternum_stay_in_the_chest_wall() -> None:
    coarse = Geometry.from_spacing((10, 12, 12), (6.0, 5.0, 5.0))
    wall = Regions("i1", np.ones(coarse.shape, np.uint8), coarse, (Region(1, "chest_wall"),))
    lesion = _metal((5, 29, 31), (6, 3, 3))
    assert with_metal(VOLUME, [lesion], replace(_anatomy(), tissue=wall)) == (lesion,)


def test_calcium_as_dense_as_a_stent_is_said() -> None:
    plaque = replace(_metal((5, 29, 31), (6, 3, 3)), kind="calcification", counted=True, site="coronary_artery")
    dense = replace(plaque, structure="right_coronary", evidence={"peak_hu": 1900.0})
    assert [note.code for note in metal_notes([dense])] == ["stent-suspected"]
    assert "right coronary 1900 HU" in metal_notes([dense])[0].text
    assert metal_notes([replace(dense, evidence={"peak_hu": 1200.0})]) == ()
    assert metal_notes([replace(dense, site="aortic_valve")]) == ()


def _bar(length_mm: float, hu: float, *, lumpy: bool = False, wide_mm: float = 3.0) -> tuple[Volume, Lesion]:
    """Calcium along the rows of one artery, blurred: a bar of one make, or one in lumps."""
    fine = Geometry.from_spacing((9, 80, 120), (3.0, 0.5, 0.5))
    image = np.full(fine.shape, 40.0)
    wide, long = round(2 * wide_mm), round(2 * length_mm)
    image[4, 40 : 40 + wide, 20 : 20 + long] = hu
    if lumpy:
        image[4, 40 : 40 + wide, 20 : 20 + long] *= np.where(np.arange(long) // 8 % 2, 0.4, 1.0)
    image = ndimage.gaussian_filter(image, (0.0, 1.2, 1.2))
    inside = image >= 130.0
    index = np.argwhere(inside)
    low, stop = index.min(axis=0), index.max(axis=0) + 1
    peak = np.unravel_index(image.argmax(), image.shape)
    lesion = replace(
        _metal((4, 38, 20), (1, 4, 4)),
        kind="calcification",
        counted=True,
        site="coronary_artery",
        structure="right_coronary",
        peak_index=tuple(int(n) for n in peak),  # type: ignore[arg-type]
        evidence={"peak_hu": float(image.max()), "background_hu": 40.0},
        mask=Mask(tuple(int(n) for n in low), inside[tuple(map(slice, low, stop))]),  # type: ignore[arg-type]
    )
    return Volume("i1", image.astype(np.int16), fine, Acquisition("CT")), lesion


def test_calcium_as_even_as_a_stent_is_said_and_counts() -> None:
    for lumpy, codes in ((False, ["stent-suspected"]), (True, [])):
        volume, lesion = _bar(20.0, 900.0, lumpy=lumpy)
        found = with_metal(volume, [lesion], _anatomy())
        assert found[0].counted
        assert [note.code for note in metal_notes(found)] == codes
    short = with_metal(*_and_list(_bar(8.0, 900.0)), _anatomy())
    assert metal_notes(short) == ()


def test_what_is_as_narrow_and_dense_as_a_clip_is_said_and_counts() -> None:
    for wide_mm, hu, codes in ((0.5, 3600.0, ["clip-suspected"]), (3.0, 1100.0, [])):
        found = with_metal(*_and_list(_bar(4.0, hu, wide_mm=wide_mm)), _anatomy())
        assert found[0].counted
        assert found[0].evidence["peak_hu"] >= 900.0
        assert [note.code for note in metal_notes(found)] == codes


def _and_list(both: tuple[Volume, Lesion]) -> tuple[Volume, list[Lesion]]:
    return both[0], [both[1]]
