"""Masks of another program -> regions and landmarks: never further from the truth than what the image alone gives."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry import locate, read
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.geometry import Geometry
from calcimetry.core.regions import Region, Regions
from calcimetry.locate.masks.block import Block, Masks
from calcimetry.locate.masks.line import centre_line
from calcimetry.phantom import Simulation

from .made_masks import drawn, truth_masks, write_folder

Made = tuple[Simulation, dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def chest() -> Made:
    scan, organs = drawn(34, "chest", matrix=160, thickness_mm=4.0)
    return scan, truth_masks(scan, organs, chambers=True)


@pytest.fixture(scope="module")
def body(chest: Made) -> Regions:
    return locate.body(chest[0].volume)


@pytest.fixture(scope="module")
def found(chest: Made, body: Regions) -> Anatomy:
    return locate.anatomy(chest[0].volume, body)


@pytest.fixture(scope="module")
def regions(chest: Made, tmp_path_factory: pytest.TempPathFactory) -> Regions:
    scan, made = chest
    return read.masks(write_folder(tmp_path_factory.mktemp("masks"), made, scan.volume.geometry), scan.volume)[0]


@pytest.fixture(scope="module")
def joined(chest: Made, body: Regions, found: Anatomy, regions: Regions) -> tuple[Regions, Anatomy]:
    return locate.from_masks(chest[0].volume, regions, found, body)


def off(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(points[:, None] - line, axis=2).min(axis=1))


@pytest.mark.parametrize(
    ("name", "most_mm"),
    [
        ("ascending", 2.0),
        ("arch", 2.5),
        ("descending", 1.5),
        ("abdominal", 3.5),
        ("pulmonary_trunk", 4.0),
        ("vena_cava_superior", 1.5),
        ("brachiocephalic", 1.5),
        ("left_carotid", 1.5),
        ("left_subclavian", 1.5),
        ("airway", 1.0),
        ("spine", 3.0),
        ("left_main", 5.0),
        ("left_anterior_descending", 5.0),
        ("left_circumflex", 5.5),
        ("right_coronary", 4.0),
    ],
)
def test_lines_lie_where_they_are(
    chest: Made, joined: tuple[Regions, Anatomy], found: Anatomy, name: str, most_mm: float
) -> None:
    truth = chest[0].anatomy
    assert truth is not None
    line = truth.tubes[name].points_mm
    own = float(np.median(off(joined[1].tubes[name].points_mm, line)))
    assert own < most_mm
    if name in found.tubes:
        # (half a cell of the image is no difference)
        assert own <= float(np.median(off(found.tubes[name].points_mm, line))) + 1.0


@pytest.mark.parametrize(("name", "most_mm"), [("root", 4.0), ("carina", 6.0), ("apex", 8.0)])
def test_points(chest: Made, joined: tuple[Regions, Anatomy], found: Anatomy, name: str, most_mm: float) -> None:
    truth = chest[0].anatomy
    assert truth is not None
    at = np.array(truth.points[name].mm)
    own = float(np.linalg.norm(joined[1].points[name].mm - at))
    assert own < most_mm
    # (a mask of slices of 4 mm ends up to a slice away)
    assert own <= float(np.linalg.norm(found.points[name].mm - at)) + 4.0


def test_valves_and_the_parting_of_the_aorta(chest: Made, joined: tuple[Regions, Anatomy]) -> None:
    truth, anatomy = chest[0].anatomy, joined[1]
    assert truth is not None
    for name, most_mm in (("aortic_valve", 6.0), ("mitral", 11.0)):
        assert np.linalg.norm(np.array(anatomy.planes[name].mm) - truth.planes[name].mm) < most_mm
        assert np.array(anatomy.planes[name].normal) @ truth.planes[name].normal > 0.7
    assert abs(anatomy.tubes["abdominal"].points_mm[0, 2] - truth.tubes["abdominal"].points_mm[0, 2]) < 8.0
    assert {"vertebra_T12", "vertebra_L1"} <= set(anatomy.points)
    assert anatomy.confidence > 0.9
    assert not anatomy.notes


def test_regions_of_the_house(joined: tuple[Regions, Anatomy]) -> None:
    named = {one.name: one for one in joined[0].regions}
    assert {"heart_myocardium", "aorta", "airway", "vena_cava_superior", "left_carotid", "vertebra_T12"} <= set(named)
    assert {one.source for one in named.values()} == {"totalsegmentator"}
    assert all(0.8 < one.confidence <= 1.0 for one in named.values())
    assert named["vena_cava_superior"].complete
    assert not named["aorta"].complete
    tissue = joined[1].tissue
    assert tissue is not None
    assert {"heart", "epicardial_fat", "chest_wall", "lung"} <= {one.name for one in tissue.regions}


def test_what_no_mask_shows_stays_as_it_was_found(chest: Made, body: Regions, found: Anatomy, regions: Regions) -> None:
    label = {one.name: one.label for one in regions.regions}["trachea"]
    only = Regions(
        regions.image, np.where(regions.labels == label, label, 0), regions.geometry, (Region(label, "trachea"),)
    )
    _, anatomy = locate.from_masks(chest[0].volume, only, found, body)
    assert anatomy.tubes["ascending"] is found.tubes["ascending"]
    assert anatomy.points["root"] is found.points["root"]
    assert anatomy.tissue is found.tissue
    assert anatomy.tubes["airway"] is not found.tubes["airway"]
    assert anatomy.confidence == found.confidence


def test_masks_alone_are_enough(chest: Made, regions: Regions) -> None:
    """An image in which nothing was found."""
    _, anatomy = locate.from_masks(chest[0].volume, regions, Anatomy("i1"))
    truth = chest[0].anatomy
    assert truth is not None
    assert np.linalg.norm(np.array(anatomy.points["root"].mm) - truth.points["root"].mm) < 4.0
    assert "left_main" not in anatomy.tubes


def test_a_root_far_from_that_of_the_image_is_said(chest: Made, regions: Regions, found: Anatomy) -> None:
    far = Anatomy("i1", points={"root": found.points["carina"]}, confidence=0.5)
    _, anatomy = locate.from_masks(chest[0].volume, regions, far)
    assert [note.code for note in anatomy.notes] == ["masks-differ"]


@pytest.mark.parametrize("lowest", [-30.0, 0.0])
def test_a_field_that_cuts_the_root_gives_none(chest: Made, regions: Regions, lowest: float) -> None:
    grid = regions.geometry
    first = int(np.ceil(grid.to_index(np.array([[0.0, 0.0, lowest]]))[0, 0]))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps_mm(np.array([[first, 0, 0]]))[0]
    labels = regions.labels[first:]
    cut = Regions("i1", labels, Geometry((len(labels), *grid.shape[1:]), affine), regions.regions)
    _, anatomy = locate.from_masks(chest[0].volume, cut, Anatomy("i1"))
    assert "root" not in anatomy.points
    assert "aortic_valve" not in anatomy.planes
    assert "heart_bottom" not in anatomy.planes
    assert {"arch", "descending"} <= set(anatomy.tubes)


def test_a_mask_that_is_far_too_large_moves_nothing(chest: Made, found: Anatomy) -> None:
    grid = chest[0].volume.geometry
    everywhere = Regions("i1", np.ones(grid.shape, dtype=np.uint8), grid, (Region(1, "aorta"),))
    house, anatomy = locate.from_masks(chest[0].volume, everywhere, found)
    assert house.regions[0].confidence < 0.1
    assert anatomy.tubes == found.tubes


def test_a_straight_tube_has_its_axis_and_radius() -> None:
    z, y, x = np.indices((40, 21, 21))
    bits = (np.hypot(y - 10, x - 10) <= 6) & (z > 2) & (z < 37)
    line = centre_line(Block(bits, np.zeros(3), 2.0, (False, False)))
    assert line is not None
    assert np.abs(line.points_mm[:, :2] - 20.0).max() < 1.0
    assert abs(np.ptp(line.points_mm[:, 2]) - 68.0) < 3.0
    assert np.abs(line.radius_mm - 12.2).max() < 1.5


def test_too_little_has_no_line() -> None:
    assert centre_line(Block(np.ones((2, 2, 2), dtype=bool), np.zeros(3), 2.0, (False, False))) is None


def test_empty_regions_change_nothing(chest: Made, found: Anatomy) -> None:
    grid = chest[0].volume.geometry
    nothing = Regions("i1", np.zeros(grid.shape, dtype=np.uint8), grid, ())
    assert Masks(nothing).block(("aorta",)) is None
    regions, anatomy = locate.from_masks(chest[0].volume, nothing, found)
    assert regions.regions == ()
    assert anatomy.tubes == found.tubes
