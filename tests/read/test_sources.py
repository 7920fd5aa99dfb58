"""The same study from every kind of source gives the same image."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, InputError
from calcimetry.core.study import Study


def same(a: Study, b: Study) -> None:
    assert len(a.images) == len(b.images)
    for mine, other in zip(a.images, b.images, strict=True):
        np.testing.assert_array_equal(mine.pixels, other.pixels)
        np.testing.assert_allclose(mine.geometry.affine, other.geometry.affine, atol=1e-6)


@pytest.fixture
def folder(make: Callable[..., Path]) -> Path:
    return make(6)


def test_folder_is_what_was_written(folder: Path, stored: Callable[..., np.ndarray]) -> None:
    study = read.study(folder)
    image = study.images[0]
    np.testing.assert_array_equal(image.pixels, np.stack([stored(n) for n in range(6)]).astype(int) - 1024)
    assert image.geometry.to_lps_mm([2, 4, 6]).tolist() == [-7.0, -18.0, -24.0]
    assert image.geometry.spacing_mm == (3.0, 0.5, 0.5)
    assert [s.sop_instance_uid for s in image.sources] == [f"1.2.3.4.{n + 1}" for n in range(6)]
    a = image.acquisition
    assert (a.kvp, a.thickness_mm, a.kernel, a.hu, a.study_date) == (120, 3, "B30f", True, "2026-01-02")
    person = study.subject
    assert (person.name, person.id, person.sex, person.age_years) == ("Nobody At All", "P1", "female", 61)
    assert study.uid == "1.2.3.1"


def test_nested_folders_and_names_do_not_matter(folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    files = sorted(folder.iterdir())
    random.Random(1).shuffle(files)
    for n, path in enumerate(files):
        target = (deep if n % 2 else deep.parent) / f"{n}"
        shutil.copy(path, target)
    (deep / "notes.txt").write_text("not an image")
    study = read.study(tmp_path / "a")
    same(study, read.study(folder))
    assert [(Path(s.what).name, s.reason) for s in study.skipped] == [("notes.txt", "not a DICOM file")]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip(folder: Path, tmp_path: Path, packing: int) -> None:
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w", packing) as out:
        for path in folder.iterdir():
            out.write(path, f"x/{path.name}")
    same(read.study(archive), read.study(folder))


def test_dicomdir_and_a_missing_file(folder: Path, tmp_path: Path) -> None:
    files = FileSet()
    for path in folder.iterdir():
        ds = dcmread(path)
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
            ds.SOPClassUID,
            ds.SOPInstanceUID,
        )
        ds.StudyTime, ds.StudyID, ds.AccessionNumber = "120000", "1", "1"
        files.add(ds)
    files.write(tmp_path / "medium")
    files._stage["t"].cleanup()  # pydicom leaves it to the garbage collector
    same(read.study(tmp_path / "medium" / "DICOMDIR"), read.study(folder))
    same(read.study(tmp_path / "medium"), read.study(folder))
    last = max(
        (p for p in (tmp_path / "medium").rglob("*") if p.is_file() and p.name != "DICOMDIR"), key=lambda p: p.name
    )
    last.unlink()
    study = read.study(tmp_path / "medium" / "DICOMDIR")
    assert any("missing" in s.reason and last.name in s.what for s in study.skipped)


def test_list_of_data_sets(folder: Path) -> None:
    data_sets = [dcmread(p) for p in sorted(folder.iterdir(), reverse=True)]
    same(read.study(data_sets), read.study(folder))
    with pytest.raises(InputError, match="no pydicom Dataset"):
        read.study([3])  # type: ignore[list-item]


def test_array(folder: Path) -> None:
    image = read.study(folder).images[0]
    study = read.from_array(image.pixels, (3.0, 0.5, 0.5), kvp=120, origin_mm=(-10, -20, -30))
    same(study, read.study(folder))
    assert study.images[0].acquisition.kvp == 120
    assert "kvp-missing" in {n.code for n in read.from_array(image.pixels, (3, 1, 1)).images[0].notes}


@pytest.mark.parametrize("spacing", [(0, 1, 1), (1, 1), (1, 1, -1), (1, float("nan"), 1)])
def test_array_refuses_what_is_no_spacing(spacing: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="spacing"):
        read.from_array(np.zeros((2, 3, 3)), spacing)


@pytest.mark.parametrize(
    "values", [np.zeros((3, 3)), np.zeros((0, 3, 3)), np.full((2, 2, 2), np.nan), np.ones((2, 2, 2), bool)]
)
def test_array_refuses_what_is_no_volume(values: np.ndarray) -> None:
    with pytest.raises(InputError):
        read.from_array(values, (1, 1, 1))


def _ras(image: object) -> tuple[np.ndarray, np.ndarray]:
    geometry = image.geometry  # type: ignore[attr-defined]
    affine = np.diag([-1.0, -1, 1, 1]) @ geometry.affine[:, [2, 1, 0, 3]]
    return image.pixels.transpose(2, 1, 0), affine  # type: ignore[attr-defined]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("flipped", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_nifti(folder: Path, tmp_path: Path, ending: str, flipped: tuple[int, ...]) -> None:
    values, affine = _ras(read.study(folder).images[0])
    for axis in flipped:
        affine[:3, 3] += affine[:3, axis] * (values.shape[axis] - 1)
        affine[:3, axis] *= -1
        values = np.flip(values, axis)
    path = tmp_path / f"image{ending}"
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(values), affine), path)
    same(read.study(path), read.study(folder))


def test_nifti_scale_and_axes_in_another_order(folder: Path, tmp_path: Path) -> None:
    values, affine = _ras(read.study(folder).images[0])
    image = nibabel.Nifti1Image(values.transpose(2, 0, 1) + 1024, affine[:, [2, 0, 1, 3]])
    image.header.set_slope_inter(1, -1024)
    image.header.set_data_dtype(np.int16)
    path = tmp_path / "turned.nii"
    data = bytearray(nibabel.Nifti1Image(values.transpose(2, 0, 1) + 1024, affine[:, [2, 0, 1, 3]]).to_bytes())
    data[112:120] = np.array([1.0, -1024.0], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(bytes(data))
    same(read.study(path), read.study(folder))
    assert read.study(path).images[0].pixels.dtype == np.int16


def test_nifti_without_position_is_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((3, 3, 3), np.int16), None)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(InputError, match="no position"):
        read.study(tmp_path / "a.nii")


@pytest.mark.parametrize(
    "space, signs", [("left-posterior-superior", (1, 1, 1)), ("right-anterior-superior", (-1, -1, 1))]
)
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_nrrd(folder: Path, tmp_path: Path, space: str, signs: tuple[int, ...], encoding: str) -> None:
    image = read.study(folder).images[0]
    affine = np.diag([*signs, 1]) @ image.geometry.affine
    header = {
        "space": space,
        "space directions": affine[:3, [2, 1, 0]].T,
        "space origin": affine[:3, 3],
        "encoding": encoding,
    }
    nrrd.write(str(tmp_path / "a.nrrd"), np.asarray(image.pixels).transpose(2, 1, 0), header, compression_level=1)
    same(read.study(tmp_path / "a.nrrd"), read.study(folder))


@pytest.mark.parametrize("ending, packed", [(".mha", False), (".mha", True), (".mhd", False), (".mhd", True)])
def test_metaimage(folder: Path, tmp_path: Path, ending: str, packed: bool) -> None:
    sitk = pytest.importorskip("SimpleITK")
    image = read.study(folder).images[0]
    written = sitk.GetImageFromArray(np.asarray(image.pixels))
    dz, dy, dx = image.geometry.spacing_mm
    written.SetSpacing((dx, dy, dz))
    written.SetOrigin([float(v) for v in image.geometry.affine[:3, 3]])
    sitk.WriteImage(written, str(tmp_path / f"a{ending}"), useCompression=packed)
    same(read.study(tmp_path / f"a{ending}"), read.study(folder))


def test_metaimage_may_not_point_elsewhere(tmp_path: Path) -> None:
    for named in ("../other.raw", "/etc/passwd", "LIST", "%d.raw"):
        path = tmp_path / "a.mhd"
        path.write_text(f"DimSize = 2 2 2\nElementType = MET_SHORT\nElementDataFile = {named}\n")
        with pytest.raises(InputError, match="beside the header"):
            read.study(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_volume_files_cut_anywhere(folder: Path, tmp_path: Path, name: str) -> None:
    image = read.study(folder).images[0]
    values, affine = _ras(image)
    path = tmp_path / name
    if ".nii" in name:
        nibabel.save(nibabel.Nifti1Image(values, affine), path)
    elif name.endswith(".nrrd"):
        header = {
            "space": "left-posterior-superior",
            "space directions": image.geometry.affine[:3, [2, 1, 0]].T,
            "space origin": image.geometry.affine[:3, 3],
        }
        nrrd.write(str(path), np.asarray(image.pixels).transpose(2, 1, 0), header, compression_level=1)
    else:
        head = f"NDims = 3\nDimSize = {values.shape[0]} {values.shape[1]} {values.shape[2]}\nElementSpacing = .5 .5 3\n"
        head += "Offset = -10 -20 -30\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
        path.write_bytes(head.encode() + image.pixels.astype("<i2").tobytes())
    whole = path.read_bytes()
    right = np.asarray(read.study(path).images[0].pixels)
    for at in range(0, len(whole), max(1, len(whole) // 50)):
        path.write_bytes(whole[:at])
        try:
            np.testing.assert_array_equal(read.study(path).images[0].pixels, right)
        except InputError:
            continue


def test_one_volume_file_in_a_folder_is_the_image_and_two_are_not_guessed(folder: Path, tmp_path: Path) -> None:
    values, affine = _ras(read.study(folder).images[0])
    target = tmp_path / "volumes"
    target.mkdir()
    nibabel.save(nibabel.Nifti1Image(values, affine), target / "a.nii")
    same(read.study(target), read.study(folder))
    nibabel.save(nibabel.Nifti1Image(values, affine), target / "b.nii")
    with pytest.raises(AmbiguousInputError, match=r"b\.nii"):
        read.study(target)


def test_links_out_of_the_tree_and_loops_are_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(folder, outside)
    (folder / "loop").symlink_to(folder)
    (folder / "out").symlink_to(outside)
    (folder / "file").symlink_to(outside / "000.dcm")
    os.mkfifo(folder / "pipe")
    study = read.study(folder)
    assert len(study.images[0].pixels) == 6
    assert {Path(s.what).name for s in study.skipped} == {"loop", "out", "file", "pipe"}


def test_nothing_there() -> None:
    with pytest.raises(InputError, match="no such file"):
        read.study("/nowhere/at/all")


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files"):
        read.study(tmp_path)


def test_a_folder_of_other_things_says_what_lies_there(make: Callable[..., Path]) -> None:
    folder = make(3, lambda ds, n: setattr(ds, "Modality", "MR"))
    (folder / "a.txt").write_text("x")
    with pytest.raises(InputError, match="3 x modality MR: not CT; 1 x not a DICOM file"):
        read.study(folder)


def test_gzip_that_is_no_volume(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"\0" * 5000))
    with pytest.raises(InputError):
        read.study(tmp_path / "a.nii.gz")


def test_progress_is_told(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    read.study(folder, progress=lambda *step: told.append(step))
    assert ("headers", 6, 6) in told
    assert ("pixels", 6, 6) in told


def test_names_reach_no_message(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n >= 3:
            ds.PatientID, ds.PatientName = "P2", "Somebody^Else"

    with pytest.raises(AmbiguousInputError) as caught:
        read.study(make(6, change))
    for word in ("Nobody", "Somebody", "P2"):
        assert word not in str(caught.value)
