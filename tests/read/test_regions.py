"""Label maps: names, grids, formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from calcimetry import read
from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.image import Volume

SITES = {"coronary_artery": ("left_main", "right_coronary"), "kidney_mass": (), "unassigned": ()}


@pytest.fixture
def volume(make: Callable[..., Path]) -> Volume:
    image = read.study(make(6)).images[0]
    assert isinstance(image, Volume)
    return image


@pytest.fixture
def labels(volume: Volume) -> np.ndarray:
    values = np.zeros(volume.pixels.shape, np.uint8)
    values[1:3, 8:11, 9:13] = 1
    values[4, 2:5, 2:9] = 2
    return values


def save(path: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    ras = np.diag([-1.0, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]]
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), ras), path)
    return path


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


def seg(path: Path, volume: Volume, labels: np.ndarray, *, binary: bool) -> Path:
    """A segmentation object as small as the standard lets it be; planes without a segment are left out."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4" if binary else "1.2.840.10008.5.1.4.1.1.66.7"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, "1.2.3"
    ds.SOPInstanceUID, ds.Modality, ds.SegmentationType = "1.2.3", "SEG", "BINARY" if binary else "LABELMAP"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = *labels.shape[1:], 1, "MONOCHROME2"
    bits = 1 if binary else 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.SegmentSequence = Sequence([Dataset(), Dataset()])
    for n, item in enumerate(ds.SegmentSequence, start=1):
        item.SegmentNumber, item.SegmentLabel = n, f"part {n}"
    shared, turned, measured = Dataset(), Dataset(), Dataset()
    turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measured.PixelSpacing, measured.SliceThickness = [0.5, 0.5], 3
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Sequence([turned]), Sequence([measured])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    groups, frames = [], []
    for segment in (1, 2) if binary else (0,):
        for k in reversed(range(len(labels))):
            plane = labels[k] == segment if binary else labels[k]
            if not plane.any():
                continue
            group, placed, named = Dataset(), Dataset(), Dataset()
            placed.ImagePositionPatient = [float(v) for v in volume.geometry.to_lps_mm([k, 0, 0])]
            group.PlanePositionSequence = Sequence([placed])
            if binary:
                named.ReferencedSegmentNumber = segment
                group.SegmentIdentificationSequence = Sequence([named])
            groups.append(group)
            frames.append(plane)
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    ds.NumberOfFrames = len(frames)
    stack = np.array(frames, np.uint8)
    ds.PixelData = np.packbits(stack.reshape(-1), bitorder="little").tobytes() if binary else stack.tobytes()
    ds.save_as(path, enforce_file_format=True)
    return path


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
