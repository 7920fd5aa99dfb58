"""Order and regularity of slices: by position alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from calcimetry import read
from calcimetry.core.image import Volume
from calcimetry.read.guard import Limits
from calcimetry.read.header import SliceBuilder
from calcimetry.read.order import stacks


def codes(image: Volume) -> set[str]:
    return {n.code for n in image.notes}


def at(ds: Dataset, z: float) -> None:
    ds.ImagePositionPatient = [-10, -20, z]


def test_number_location_and_thickness_lie(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.InstanceNumber, ds.SliceLocation, ds.SliceThickness = 6 - n, -3 * n, 1.0

    image = read.study(make(6, change)).images[0]
    np.testing.assert_array_equal(image.pixels, np.stack([stored(n) for n in range(6)]).astype(int) - 1024)
    assert image.geometry.spacing_mm[0] == 3
    assert "thickness-not-increment" in codes(image)


def test_a_feet_up_stack_is_put_upright(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    image = read.study(make(5, lambda ds, n: at(ds, 30.0 - 3 * n))).images[0]
    np.testing.assert_array_equal(image.pixels[0], stored(4).astype(int) - 1024)
    assert image.geometry.to_lps_mm([[0, 0, 0], [4, 0, 0]])[:, 2].tolist() == [18, 30]


@pytest.mark.parametrize(
    "orientation, step, axis",
    [
        ([1, 0, 0, 0, 0, -1], [0, 3, 0], 1),  # coronal
        ([0, 1, 0, 0, 0, -1], [3, 0, 0], 0),  # sagittal
        ([-1, 0, 0, 0, -1, 0], [0, 0, -3], 2),  # prone, backwards
    ],
)
def test_other_planes_rise_along_their_axis(
    make: Callable[..., Path], orientation: list[float], step: list[float], axis: int
) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.ImageOrientationPatient = orientation
        ds.ImagePositionPatient = [float(v) * n for v in step]

    image = read.study(make(4, change)).images[0]
    ends = image.geometry.to_lps_mm([[0, 0, 0], [3, 0, 0]])
    assert ends[1][axis] > ends[0][axis]
    assert image.geometry.spacing_mm == pytest.approx((3, 0.5, 0.5))
    across = image.geometry.to_lps_mm([0, 0, 2]) - image.geometry.to_lps_mm([0, 0, 0])
    assert across.tolist() == pytest.approx([float(v) for v in orientation[:3]])


def test_tilt_is_measured_along_the_normal(make: Callable[..., Path]) -> None:
    tilt = np.radians(20.0)

    def change(ds: Dataset, n: int) -> None:
        ds.ImageOrientationPatient = [1, 0, 0, 0, float(f"{np.cos(tilt):.9f}"), float(f"{-np.sin(tilt):.9f}")]

    image = read.study(make(5, change)).images[0]
    assert image.geometry.spacing_mm[0] == pytest.approx(3 * np.cos(tilt), abs=1e-6)
    assert image.geometry.shear_deg == pytest.approx(20, abs=0.01)
    assert "sheared-stack" in codes(image)


def test_gap_names_slice_found_and_expected(make: Callable[..., Path]) -> None:
    images = read.study(make(6, lambda ds, n: at(ds, 3.0 * (n + 2 * (n > 3))))).images
    assert [len(v.pixels) for v in images] == [4, 2]
    for image in images:
        note = next(n for n in image.notes if n.code == "missing-slices")
        assert note.severity == "withheld"
        assert "2 slices missing between z=9.00 mm and z=18.00 mm" in note.text
        assert "found a step of 9.00 mm, expected 3.00 mm" in note.text


def test_gap_right_after_the_first_slice(make: Callable[..., Path]) -> None:
    images = read.study(make(6, lambda ds, n: at(ds, 3.0 * (n + (n > 0))))).images
    assert [len(v.pixels) for v in images] == [1, 5]
    assert images[1].geometry.spacing_mm[0] == 3


def test_two_spacings_are_two_images(make: Callable[..., Path]) -> None:
    images = read.study(make(9, lambda ds, n: at(ds, 2.0 * n if n < 5 else 8 + 5.0 * (n - 4)))).images
    assert sorted(len(v.pixels) for v in images) == [4, 5]
    assert all("spacing-changes" in codes(v) for v in images)


def test_positions_rounded_to_one_decimal_are_even(make: Callable[..., Path]) -> None:
    image = read.study(make(30, lambda ds, n: at(ds, round(0.625 * n, 1)))).images[0]
    assert len(image.pixels) == 30
    assert image.geometry.spacing_mm[0] == pytest.approx(0.625, abs=0.005)


def test_slices_shifted_sideways_are_not_one_volume(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        ds.ImagePositionPatient = [-10 + 15 * (n >= 3), -20, 3 * n]

    assert len(read.study(make(6, change)).images) == 2


def test_a_repeated_position_counts_once(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        at(ds, 3.0 * min(n, 4))

    image = read.study(make(6, change)).images[0]
    assert len(image.pixels) == 5
    assert any("005.dcm at z=12.00 mm repeats 004.dcm" in n.text for n in image.notes)


def test_two_acquisitions_in_one_series_compete(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        at(ds, 3.0 * (n % 5))
        ds.AcquisitionNumber, ds.ConvolutionKernel = 1 + n // 5, ("B30f", "B70f")[n // 5]

    study = read.study(make(10, change))
    assert [len(v.pixels) for v in study.images] == [5]
    assert study.images[0].acquisition.kernel == "B30f"
    assert "several-sets-in-series" in codes(study.images[0])
    assert any("its kernel is soft" in s.reason for s in study.skipped)


def test_localizer_and_its_slices(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n == 5:
            ds.ImageType, ds.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "LOCALIZER"], [1, 0, 0, 0, 0, -1]

    study = read.study(make(6, change))
    assert [len(v.pixels) for v in study.images] == [5]
    assert any("localizer" in s.reason for s in study.skipped)


def test_slices_without_position_are_named(make: Callable[..., Path]) -> None:
    def change(ds: Dataset, n: int) -> None:
        if n == 5:
            del ds.ImagePositionPatient

    study = read.study(make(6, change))
    assert [len(v.pixels) for v in study.images] == [5]
    assert any("005.dcm" in s.what and "no position" in s.reason for s in study.skipped)


@given(order=st.permutations(range(12)), gap=st.integers(0, 11), repeat=st.integers(0, 11))
def test_order_of_files_changes_nothing(order: list[int], gap: int, repeat: int) -> None:
    from calcimetry.read.place import MemoryPlace
    from calcimetry.read.scan import Meta, Scan

    builder = SliceBuilder(Limits())
    meta = Meta("1.2.840.10008.1.2.1", 0)
    made = []
    for n in range(12):
        if n == gap:
            continue
        z = 2.5 * (n if n != repeat else max(n - 1, 0))
        values = {
            0x00280010: b"\x04\0", 0x00280011: b"\x04\0", 0x00280100: b"\x10\0", 0x00280030: b"1\\1",
            0x00200037: b"1\\0\\0\\0\\1\\0", 0x00200032: f"0\\0\\{z}".encode(), 0x00200013: str(n).encode(),
        }  # fmt: skip
        place = MemoryPlace(f"{n}", b"\0" * 32)
        made.append(builder.slice(place, meta, Scan(values, 0, 32)))
    straight, _ = stacks(made)
    shuffled, _ = stacks([made[n] for n in order if n < len(made)])
    assert [[s.place.name for s in a.slices] for a in straight] == [[s.place.name for s in a.slices] for a in shuffled]
    kept = sum(len(a.slices) for a in straight)
    dropped = sum(n.code == "duplicate-position" for a in straight[:1] for n in a.notes)
    assert kept == len(made) - dropped
    for a in straight:
        if len(a.slices) > 1:
            steps = np.diff([s.position[2] for s in a.slices])  # type: ignore[index]
            assert steps.min() > 0
            assert np.ptp(steps) < 1e-9
