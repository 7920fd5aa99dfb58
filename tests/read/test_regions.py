"""Label maps: names, grids, formats."""

from __future__ import annotations

import json
from pathlib import Path

import nrrd
import numpy as np
import pytest

from calcimetry import read
from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.image import Volume

from .maps import save, seg

SITES = {"coronary_artery": ("left_main", "right_coronary"), "kidney_mass": (), "unassigned": ()}


def test_own_grid_and_names_beside(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    path = save(tmp_path / "map.nii.gz", labels, volume.geometry.affine)
    names = {"1": {"site": "coronary_artery", "structure": "left_main"}, "2": "insert A"}
    (tmp_path / "map.json").write_text(json.dumps(names))
    regions = read.regions_file(path, volume, sites=SITES)
    np.testing.assert_array_equal(regions.labels, labels)
    assert regions.labels.dtype == np.uint8
    assert [(r.label, r.name, r.site, r.structure, r.source) for r in regions.regions] == [
        (1, "left_main", "coronary_artery", "left_main", "given"),
        (2, "insert A", "unassigned", "insert A", "given"),
    ]
    assert regions.geometry is volume.geometry


def test_names_are_made_up_where_there_are_none(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    regions = read.regions_file(save(tmp_path / "m.nii", labels, volume.geometry.affine), volume)
    assert [r.name for r in regions.regions] == ["region 1", "region 2"]


@pytest.mark.parametrize(
    "named, words",
    [
        ({"1": {"site": "coronary_arteri"}}, "Nearest: coronary_artery"),
        ({"1": {"site": "coronary_artery", "structure": "left"}}, "Nearest: left_main"),
        ({"1": {"sight": "x"}}, "cannot be understood"),
        ({"1": {"site": "kidney_mass", "colour": "red"}}, "unknown key 'colour'"),
        ({"one": "x"}, "cannot be read"),
        ([1], "cannot be read"),
        ({"1": 7}, "cannot be understood"),
    ],
)
def test_names_that_are_not_understood(
    volume: Volume, labels: np.ndarray, tmp_path: Path, named: object, words: str
) -> None:
    path = save(tmp_path / "m.nii", labels, volume.geometry.affine)
    (tmp_path / "m.json").write_text(json.dumps(named))
    with pytest.raises(InputError, match=words):
        read.regions_file(path, volume, sites=SITES)


def test_another_grid_is_brought_over_by_position(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    # twice as fine in plane, cut, flipped: each voxel of the image lies in one of the map
    fine = labels.repeat(2, axis=1).repeat(2, axis=2)[:, ::-1]
    affine = volume.geometry.affine.copy()
    affine[:3, 1] *= 0.5
    affine[:3, 2] *= 0.5
    affine[:3, 3] -= (affine[:3, 1] + affine[:3, 2]) / 2
    affine[:3, 3] += affine[:3, 1] * (fine.shape[1] - 1)
    affine[:3, 1] *= -1
    regions = read.regions_file(save(tmp_path / "m.nii", fine, affine), volume)
    np.testing.assert_array_equal(regions.labels, labels)


def test_part_of_the_image(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_lps_mm([1, 8, 9])
    regions = read.regions_file(save(tmp_path / "m.nii", labels[1:3, 8:11, 9:13], affine), volume)
    np.testing.assert_array_equal(regions.labels, np.where(labels == 1, 1, 0))


def test_no_overlap(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    affine = volume.geometry.affine.copy()
    affine[2, 3] += 500
    with pytest.raises(GeometryError, match=r"do not overlap; found map x .* z 470 to 485 mm; expected image .* z -30"):
        read.regions_file(save(tmp_path / "m.nii", labels, affine), volume)


@pytest.mark.parametrize("values", [-1.0, 0.5, 70000.0])
def test_values_that_are_no_labels(volume: Volume, tmp_path: Path, values: float) -> None:
    path = save(tmp_path / "m.nii", np.full(volume.pixels.shape, values, np.float32), volume.geometry.affine)
    with pytest.raises(InputError, match="no labels"):
        read.regions_file(path, volume)


def test_empty_and_missing(volume: Volume, tmp_path: Path) -> None:
    path = save(tmp_path / "m.nii", np.zeros(volume.pixels.shape, np.uint8), volume.geometry.affine)
    with pytest.raises(InputError, match="empty"):
        read.regions_file(path, volume)
    with pytest.raises(InputError, match="no such label map"):
        read.regions_file(tmp_path / "n.nii", volume)
    (tmp_path / "x.txt").write_text("?" * 400)
    with pytest.raises(InputError, match=r"no label map|cannot be read"):
        read.regions_file(tmp_path / "x.txt", volume)


def test_nrrd_with_segment_names(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    affine = volume.geometry.affine
    header = {
        "space": "left-posterior-superior",
        "space directions": affine[:3, [2, 1, 0]].T,
        "space origin": affine[:3, 3],
        "Segment0_Name": "plaque",
        "Segment0_LabelValue": "1",
    }
    nrrd.write(str(tmp_path / "m.seg.nrrd"), labels.transpose(2, 1, 0), header, compression_level=1)
    regions = read.regions_file(tmp_path / "m.seg.nrrd", volume)
    np.testing.assert_array_equal(regions.labels, labels)
    assert [r.name for r in regions.regions] == ["plaque", "region 2"]


@pytest.mark.parametrize("binary", [True, False])
def test_dicom_segmentation(volume: Volume, labels: np.ndarray, tmp_path: Path, binary: bool) -> None:
    regions = read.regions_file(seg(tmp_path / "s.dcm", volume, labels, binary=binary), volume)
    np.testing.assert_array_equal(regions.labels, labels)
    assert [r.name for r in regions.regions] == ["part 1", "part 2"]
    (tmp_path / "s.json").write_text('{"1": "mine"}')
    assert read.regions_file(tmp_path / "s.dcm", volume).regions[0].name == "mine"


@pytest.mark.parametrize("binary", [True, False])
def test_segmentation_cut_anywhere(volume: Volume, labels: np.ndarray, tmp_path: Path, binary: bool) -> None:
    path = seg(tmp_path / "s.dcm", volume, labels, binary=binary)
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:at])
        with pytest.raises(InputError):
            read.regions_file(path, volume)
