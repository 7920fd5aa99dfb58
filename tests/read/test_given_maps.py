"""What a given map must not get away with: another series, overlaps, names that fit nothing, absurd places."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import nrrd
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from calcimetry import read
from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.image import Volume

from .maps import save, seg

SITES = {"coronary_artery": ("left_main", "right_coronary"), "kidney_mass": ()}


def tied(
    frame: str | None = "1.2.3.3", series: str | None = "1.2.3.2", study: str = "1.2.3.1", instance: str = ""
) -> Callable[[Dataset], None]:
    """Identifiers of a segmentation; by default those of the made series."""

    def change(ds: Dataset) -> None:
        ds.StudyInstanceUID = study
        if frame:
            ds.FrameOfReferenceUID = frame
        if series:
            item, one = Dataset(), Dataset()
            item.SeriesInstanceUID = series
            if instance:
                one.ReferencedSOPInstanceUID = instance
                item.ReferencedInstanceSequence = Sequence([one])
            ds.ReferencedSeriesSequence = Sequence([item])

    return change


def codes(notes: tuple) -> list[str]:
    return [n.code for n in notes]


def test_a_segmentation_of_this_series(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    path = seg(tmp_path / "s.dcm", volume, labels, change=tied())
    regions, notes = read.regions_with_notes(path, volume)
    np.testing.assert_array_equal(regions.labels, labels)
    assert notes == ()
    assert read.grid_matches(path, volume)


@pytest.mark.parametrize(
    "other, words",
    [
        ({"frame": "9.9"}, r"another frame of reference than the image; found 9\.9; expected 1\.2\.3\.3"),
        ({"series": "9.8"}, r"drawn on another series; found 9\.8; expected 1\.2\.3\.2"),
        ({"series": None, "study": "9.7"}, r"belongs to another study; found 9\.7; expected 1\.2\.3\.1"),
    ],
)
def test_a_segmentation_of_something_else(
    volume: Volume, labels: np.ndarray, tmp_path: Path, other: dict[str, str], words: str
) -> None:
    path = seg(tmp_path / "s.dcm", volume, labels, change=tied(**other))
    with pytest.raises(InputError, match=words) as caught:
        read.regions_file(path, volume)
    assert caught.value.where == str(path)
    assert not read.grid_matches(path, volume)


def test_slices_outweigh_a_renamed_series(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    path = seg(tmp_path / "s.dcm", volume, labels, change=tied(series="9.8", instance="1.2.3.4.3"))
    assert read.regions_with_notes(path, volume)[1] == ()
    seg(path, volume, labels, change=tied(series="9.8", instance="9.9.9"))
    with pytest.raises(InputError, match="another series"):
        read.regions_file(path, volume)


@pytest.mark.parametrize("missing", ["frame", "series"])
def test_a_segmentation_that_does_not_say(volume: Volume, labels: np.ndarray, tmp_path: Path, missing: str) -> None:
    path = seg(tmp_path / "s.dcm", volume, labels, change=tied(**{missing: None}))
    (note,) = read.regions_with_notes(path, volume)[1]
    assert (note.code, note.severity) == ("regions-not-tied", "caution")
    assert f"the segmentation names no {missing}" in note.text


def test_overlapping_segments_are_refused(volume: Volume, tmp_path: Path) -> None:
    masks = np.zeros((2, *volume.pixels.shape), bool)
    masks[0, 1:3, 8:12, 9:13] = True
    masks[1, 1:3, 8:10, 9:13] = True
    path = seg(tmp_path / "s.dcm", volume, masks)
    with pytest.raises(InputError, match=r"found 16 voxels in both 1 'part 1' and 2 'part 2'.*separate files"):
        read.regions_file(path, volume)
    (tmp_path / "s.json").write_text('{"1": "mine", "3": "other"}')
    with pytest.raises(InputError, match="segments overlap"):
        read.regions_file(path, volume)


def test_overlapping_segments_of_one_name_lose_nothing(volume: Volume, tmp_path: Path) -> None:
    masks = np.zeros((2, *volume.pixels.shape), bool)
    masks[0, 1:3, 8:12, 9:13] = True
    masks[1, 1:3, 10:14, 9:13] = True

    def change(ds: Dataset) -> None:
        tied()(ds)
        for item in ds.SegmentSequence:
            item.SegmentLabel = "plaque"

    regions = read.regions_file(seg(tmp_path / "s.dcm", volume, masks, change=change), volume)
    np.testing.assert_array_equal(regions.labels > 0, masks.any(axis=0))
    np.testing.assert_array_equal(regions.labels == 1, masks[0])
    assert {r.name for r in regions.regions} == {"plaque"}


def named(volume: Volume, labels: np.ndarray, tmp_path: Path, names: object) -> Path:
    path = save(tmp_path / "m.nii.gz", labels, volume.geometry.affine)
    (tmp_path / "m.json").write_text(names if isinstance(names, str) else json.dumps(names))
    return path


def test_names_without_label_and_labels_without_name(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    path = named(volume, labels, tmp_path, {"1": "mine", "99": {"site": "kidney_mass"}, "0": "background"})
    regions, notes = read.regions_with_notes(path, volume, sites=SITES)
    assert [r.name for r in regions.regions] == ["mine", "region 2"]
    assert codes(notes) == ["regions-names", "regions-names"]
    assert "99 ('kidney_mass')" in notes[0].text
    assert "1 label of the map without a name: 2;" in notes[1].text


@pytest.mark.parametrize(
    "names, words",
    [
        ('{"1": "a", "1": "b"}', "the key '1' twice"),
        ('{"1": "a", "01": "b"}', "label 1 twice"),
        ('{"1": {"site": "kidney_mass", "site": "coronary_artery"}}', "the key 'site' twice"),
        ({"1": ""}, "label 1 cannot be understood; found ''"),
        ({"1": "  "}, "label 1 cannot be understood; found '  '"),
        ({"1": "x" * 201}, "too long; found 201 characters, .*at most 200"),
        ({"1": {"site": "kidney_mass", "structure": "x" * 201}}, "too long"),
        ({"1": {"site": "kidney_mass", "name": 7}}, "the name of label 1 is no text; found 7"),
        ({str(n): "x" for n in range(1025)}, "too many names .*found 1025; expected at most 1024"),
    ],
)
def test_names_that_are_refused(volume: Volume, labels: np.ndarray, tmp_path: Path, names: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read.regions_file(named(volume, labels, tmp_path, names), volume, sites=SITES)
    assert caught.value.where == str(tmp_path / "m.json")
    assert caught.value.exit_code == 3


def test_too_many_labels(volume: Volume, tmp_path: Path) -> None:
    values = np.zeros(volume.pixels.shape, np.uint16)
    values.reshape(-1)[:1025] = np.arange(1, 1026)
    with pytest.raises(InputError, match=r"too many labels .*found 1025; expected at most 1024"):
        read.regions_file(save(tmp_path / "m.nii.gz", values, volume.geometry.affine), volume)
    values[values == 1025] = 0
    assert len(read.regions_file(save(tmp_path / "m.nii.gz", values, volume.geometry.affine), volume).regions) == 1024


def test_total_is_the_site_without_a_structure(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    site = {"site": "coronary_artery", "structure": "total"}
    regions = read.regions_file(named(volume, labels, tmp_path, {"1": site, "2": "rest"}), volume, sites=SITES)
    assert (regions.regions[0].site, regions.regions[0].structure, regions.regions[0].name) == (
        "coronary_artery",
        None,
        "coronary_artery",
    )


@pytest.mark.parametrize("far", [1e30, -1e6, 2e5])
def test_absurd_positions(volume: Volume, labels: np.ndarray, tmp_path: Path, far: float) -> None:
    affine = volume.geometry.affine.copy()
    affine[0, 3] = far
    path = save(tmp_path / "m.nii.gz", labels, affine)
    with pytest.raises(
        GeometryError, match=r"none that a scanner gives; found .* expected at most 100000 mm"
    ) as caught:
        read.regions_file(path, volume)
    assert caught.value.where == str(path)

    def change(ds: Dataset) -> None:
        for group in ds.PerFrameFunctionalGroupsSequence:
            group.PlanePositionSequence[0].ImagePositionPatient[0] = f"{far:g}"

    with pytest.raises(GeometryError, match="none that a scanner gives"):
        read.regions_file(seg(tmp_path / "s.dcm", volume, labels, change=change), volume)


@pytest.mark.parametrize("value", [[0, 0], ["1e30", "1e30"]])
def test_a_segmentation_that_spans_nothing(
    volume: Volume, labels: np.ndarray, tmp_path: Path, value: list[object]
) -> None:
    def change(ds: Dataset) -> None:
        ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = value

    path = seg(tmp_path / "s.dcm", volume, labels, change=change)
    with pytest.raises(GeometryError, match=r"does not span a volume|none that a scanner gives") as caught:
        read.regions_file(path, volume)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("turned", [[0] * 6, [1, 0, 0, 1, 0, 0]])
def test_a_segmentation_without_orientation(
    volume: Volume, labels: np.ndarray, tmp_path: Path, turned: list[float]
) -> None:
    def change(ds: Dataset) -> None:
        ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = turned

    with pytest.raises(GeometryError, match="no orientation; found"):
        read.regions_file(seg(tmp_path / "s.dcm", volume, labels, change=change), volume)


def test_an_index_beyond_any_integer_is_no_overlap(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    from dataclasses import replace

    from calcimetry.core.geometry import Geometry

    affine = volume.geometry.affine.copy()
    affine[0, 3] = 1e30
    far = replace(volume, geometry=Geometry(volume.geometry.shape, affine))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GeometryError, match="do not overlap"):
            read.regions_file(save(tmp_path / "m.nii.gz", labels, volume.geometry.affine), far)


def _formats(tmp_path: Path, labels: np.ndarray, affine: np.ndarray) -> list[Path]:
    space = {"space": "left-posterior-superior", "space directions": affine[:3, [2, 1, 0]].T}
    nrrd.write(str(tmp_path / "m.nrrd"), labels.transpose(2, 1, 0), {**space, "space origin": affine[:3, 3]})
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    lines = {
        "DimSize": " ".join(map(str, labels.shape[::-1])),
        "ElementSpacing": " ".join(map(str, steps[::-1])),
        "Offset": " ".join(map(str, affine[:3, 3])),
        "TransformMatrix": " ".join(map(str, (affine[:3, [2, 1, 0]] / steps[::-1]).T.ravel())),
        "ElementType": "MET_UCHAR",
        "ElementDataFile": "LOCAL",
    }
    head = "".join(f"{key} = {value}\n" for key, value in lines.items())
    (tmp_path / "m.mha").write_bytes(head.encode() + labels.tobytes())
    nifti = [save(tmp_path / name, labels, affine) for name in ("m.nii", "m.nii.gz")]
    return [*nifti, tmp_path / "m.nrrd", tmp_path / "m.mha"]


def test_grid_matches_whatever_the_order_of_axes(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    affine, shape = volume.geometry.affine, volume.geometry.shape
    assert all(read.grid_matches(p, volume) for p in _formats(tmp_path, labels, affine))
    flipped = affine.copy()
    flipped[:3, 3] += affine[:3, 1] * (shape[1] - 1)
    flipped[:3, 1] *= -1
    assert all(read.grid_matches(p, volume) for p in _formats(tmp_path, labels[:, ::-1], flipped))
    turned = affine[:, [2, 1, 0, 3]]
    assert all(read.grid_matches(p, volume) for p in _formats(tmp_path, labels.transpose(2, 1, 0), turned))
    part = affine.copy()
    part[:3, 3] = volume.geometry.to_lps_mm([1, 2, 3])
    assert all(read.grid_matches(p, volume) for p in _formats(tmp_path, labels[1:, 2:, 3:], part))


@pytest.mark.parametrize("how", ["half", "finer", "outside", "tilted"])
def test_grid_does_not_match(volume: Volume, labels: np.ndarray, tmp_path: Path, how: str) -> None:
    affine = volume.geometry.affine.copy()
    if how == "half":
        affine[:3, 3] += 0.5 * affine[:3, 0]
    elif how == "finer":
        affine[:3, 1] *= 0.5
    elif how == "outside":
        affine[:3, 3] += affine[:3, 0]
    else:
        angle = np.radians(5)
        turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
        affine[:3, :3] = turn @ affine[:3, :3]
    assert not any(read.grid_matches(p, volume) for p in _formats(tmp_path, labels, affine))


def test_grid_matches_reads_no_values(volume: Volume, labels: np.ndarray, tmp_path: Path) -> None:
    for path in _formats(tmp_path, labels, volume.geometry.affine):
        if path.suffix != ".gz":
            path.write_bytes(path.read_bytes()[:-10])
            assert read.grid_matches(path, volume), path
    path = seg(tmp_path / "s.dcm", volume, labels)
    path.write_bytes(path.read_bytes()[:-10])
    assert read.grid_matches(path, volume)


def test_grid_matches_of_no_map(volume: Volume, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such label map"):
        read.grid_matches(tmp_path / "x.nii", volume)
    for name in ("x.nii", "x.nii.gz", "x.nrrd", "x.mha", "x.dcm"):
        for data in (b"", b"?" * 700, b"\x1f\x8b" + b"?" * 50, b"\x5c\x01\0\0" + b"\xff" * 600):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(InputError):
                read.grid_matches(tmp_path / name, volume)
