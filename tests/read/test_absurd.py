"""Numbers that no CT file has: refused or withheld, with file, found and expected; nothing is guessed instead."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset

from calcimetry import read
from calcimetry.core.errors import InputError


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def notes(study: object) -> dict[str, object]:
    return {n.code: n for n in study.images[0].notes}


@pytest.mark.parametrize(
    "slope, intercept, words",
    [
        ("1e30", "0", r"rescale slope is none that an image has; found 1e\+30; expected 1e-06 to 10000"),
        ("-1e5", "0", "rescale slope is none"),
        ("1e-9", "0", "rescale slope is none"),
        ("1", "-1e30", r"rescale intercept is none that an image has; found -1e\+30; expected -1e\+06 to 1e\+06"),
    ],
)
def test_rescale_that_no_image_has(make: Callable[..., Path], slope: str, intercept: str, words: str) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept

    with pytest.raises(InputError, match=words):
        read.study(make(3, change))
    with pytest.raises(InputError, match=words) as caught:
        read.study(make(1, change, name="one") / "000.dcm")
    assert caught.value.where.endswith("000.dcm")
    assert caught.value.exit_code == 3


def test_one_slice_with_such_a_rescale_withholds_the_score(make: Callable[..., Path]) -> None:
    study = read.study(make(6, lambda ds, n: setattr(ds, "RescaleSlope", "1e30" if n == 2 else "1")))
    assert any("rescale slope" in s.reason for s in study.skipped)
    assert notes(study)["missing-slices"].severity == "withheld"


def test_rescaled_values_beyond_any_integer(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.RescaleSlope = 32, 32, 31, 10
        ds.PixelData = np.full((ds.Rows, ds.Columns), 3_000_000_000, np.uint32).tobytes()

    with pytest.raises(InputError, match=r"far outside any HU; found 3e\+10"):
        read.study(make(2, change))


@pytest.mark.parametrize(
    "turned", [[0] * 6, [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 2, 0], [1, 0, 0, 0, 0.5, 0], [0.7, 0, 0, 0, 0.7, 0]]
)
def test_orientation_that_is_none(make: Callable[..., Path], turned: list[float]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.ImageOrientationPatient = turned

    with pytest.raises(InputError, match=r"no orientation in the patient \(found .*expected two unit vectors"):
        read.study(make(4, change))
    (image,) = read.study(make(1, change, name="one")).images
    found = {n.code: n for n in image.notes}["position-unknown"]
    assert "000.dcm: no orientation" in found.text
    assert found.severity == "caution"


def test_rounded_orientation_is_one(make: Callable[..., Path]) -> None:
    study = read.study(make(4, lambda ds, n: setattr(ds, "ImageOrientationPatient", [1, 0, 0, 0, 0.98, -0.17])))
    assert "position-unknown" not in notes(study)


@pytest.mark.parametrize("far", ["1e30", "-2e5"])
def test_position_where_no_scanner_is(make: Callable[..., Path], far: str) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.ImagePositionPatient[0] = far

    with pytest.raises(InputError, match=r"none that a scanner gives; found .* expected at most 100000 mm"):
        read.study(make(3, change))


@pytest.mark.parametrize("pitch", ["1e-9", "0.049", "10.5", "1e30"])
def test_pixel_spacing_of_no_body(make: Callable[..., Path], pitch: str) -> None:
    study = read.study(make(3, lambda ds, n: setattr(ds, "PixelSpacing", ["0.5", pitch])))
    note = notes(study)["spacing-unknown"]
    assert note.severity == "withheld"
    assert "000.dcm" in note.text
    assert f"found 0.5 x {pitch}, expected two numbers from 0.05 to 10 mm" in note.text


@pytest.mark.parametrize("step", [0.02, 12.0])
def test_slice_step_of_no_body(make: Callable[..., Path], step: float) -> None:
    study = read.study(make(4, lambda ds, n: setattr(ds, "ImagePositionPatient", [0, 0, step * n])))
    note = notes(study)["spacing-implausible"]
    assert note.severity == "withheld"
    assert "000.dcm" in note.text
    assert f"found {step:g} mm, expected 0.05 to 10 mm" in note.text


def test_a_thickness_that_spans_nothing(make: Callable[..., Path]) -> None:
    (image,) = read.study(make(1, lambda ds, n: setattr(ds, "SliceThickness", "1e-30"))).images
    assert image.geometry.spacing_mm[0] == 1.0


@pytest.mark.parametrize("spacing, said", [((0.5, 0.5, 20.0), True), ((0.01, 0.5, 3.0), True), ((0.5, 0.5, 3), False)])
def test_spacing_of_a_research_file(tmp_path: Path, spacing: tuple[float, ...], said: bool) -> None:
    values = np.random.default_rng(1).integers(-100, 100, (8, 8, 4)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([*spacing, 1.0])), tmp_path / "a.nii")
    assert ("spacing-implausible" in notes(read.study(tmp_path / "a.nii"))) is said


@pytest.mark.parametrize("slope, where", [(1e30, 0.0), (1.0, 1e6)])
def test_absurd_numbers_of_a_research_file(tmp_path: Path, slope: float, where: float) -> None:
    affine = np.diag([0.5, 0.5, 3.0, 1.0])
    affine[0, 3] = where
    image = nibabel.Nifti1Image(np.ones((8, 8, 4), np.int16), affine)
    image.header.set_slope_inter(slope, 0)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(InputError, match=r"rescale slope is none|none that a scanner gives") as caught:
        read.study(tmp_path / "a.nii")
    assert caught.value.where.endswith("a.nii")


def test_a_grid_that_spans_nothing_names_its_file(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.ones((8, 8, 4), np.int16), np.diag([1e-9, 1e-9, 1e-9, 1.0]))
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(InputError, match="does not span a volume") as caught:
        read.study(tmp_path / "a.nii")
    assert caught.value.where.endswith("a.nii")


@pytest.mark.parametrize(
    "age, birth, words",
    [
        ("999Y", "", "found PatientAge 999Y, expected 0 to 120 years"),
        ("999Y", "19800601", "found PatientAge 999Y"),
        ("121Y", "", "found PatientAge 121Y"),
        (None, "20300101", "found a birth date that does not go with the study date"),
    ],
)
def test_age_that_nobody_has(make: Callable[..., Path], age: str | None, birth: str, words: str) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.PatientBirthDate = birth
        if age is None:
            del ds.PatientAge
        else:
            ds.PatientAge = age

    study = read.study(make(2, change))
    assert study.subject.age_years is None
    (note,) = study.notes
    assert (note.code, note.severity) == ("subject-value-not-used", "caution")
    assert words in note.text
    assert birth not in note.text or not birth
