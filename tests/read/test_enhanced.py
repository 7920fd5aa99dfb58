"""Multi-frame CT: geometry, rescale and acquisition of each frame from the functional groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID

from calcimetry import read
from calcimetry.core.errors import InputError


def item(**values: object) -> Sequence:
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, value)
    return Sequence([ds])


def enhance(ds: Dataset, planes: list[np.ndarray], shifts: list[int], *, syntax: str | None = None) -> None:
    """Turn a single-frame data set into an enhanced one; frames are stored from top to bottom."""
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "KVP"):
        delattr(ds, name)
    for name in ("RescaleSlope", "RescaleIntercept", "RescaleType", "ConvolutionKernel"):
        delattr(ds, name)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    shared = Dataset()
    shared.PixelMeasuresSequence = item(PixelSpacing=[0.5, 0.5], SliceThickness=3)
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.CTXRayDetailsSequence = item(KVP=100)
    shared.CTReconstructionSequence = item(ConvolutionKernel="B30f", ReconstructionDiameter=250)
    shared.CTImageFrameTypeSequence = item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = []
    for n, shift in enumerate(shifts):
        group = Dataset()
        group.PlanePositionSequence = item(ImagePositionPatient=[-10, -20, 30.0 - 3 * n])
        group.PixelValueTransformationSequence = item(RescaleSlope=1, RescaleIntercept=shift, RescaleType="HU")
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    ds.NumberOfFrames = len(planes)
    if syntax is None:
        ds.PixelData = np.stack(planes).astype("<u2").tobytes()
    else:
        ds.PixelData = encapsulate([imagecodecs.jpegls_encode(p) for p in planes])
        ds["PixelData"].is_undefined_length = True
        ds.file_meta.TransferSyntaxUID = UID(syntax)


@pytest.mark.parametrize("syntax", [None, "1.2.840.10008.1.2.4.80"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_frames_are_slices(
    make: Callable[..., Path], stored: Callable[..., np.ndarray], syntax: str | None, jobs: int
) -> None:
    planes, shifts = [stored(n) for n in range(20)], [-1024 + n for n in range(20)]
    folder = make(1, lambda ds, n: enhance(ds, planes, shifts, syntax=syntax))
    image = read.study(folder, jobs=jobs).images[0]
    right = np.stack([p.astype(int) + s for p, s in zip(planes, shifts, strict=True)])[::-1]
    np.testing.assert_array_equal(image.pixels, right)
    assert image.geometry.spacing_mm == (3.0, 0.5, 0.5)
    assert image.geometry.to_lps_mm([0, 0, 0]).tolist() == [-10, -20, -27]
    a = image.acquisition
    assert (a.kvp, a.kernel, a.thickness_mm, a.field_of_view_mm, a.hu) == (100, "B30f", 3, 250, True)
    assert [s.frame for s in image.sources] == list(range(19, -1, -1))
    assert {s.sop_instance_uid for s in image.sources} == {"1.2.3.4.1"}
    assert "duplicate-uid" not in {n.code for n in image.notes}
    assert "mixed-rescale" in {n.code for n in image.notes}


def test_two_enhanced_objects_continue_each_other(make: Callable[..., Path], stored: Callable[..., np.ndarray]) -> None:
    def change(ds: Dataset, n: int) -> None:
        enhance(ds, [stored(n), stored(n + 5)], [-1024, -1024])
        for k, group in enumerate(ds.PerFrameFunctionalGroupsSequence):
            group.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 6 * n + 3 * k]

    assert [len(v.pixels) for v in read.study(make(3, change)).images] == [6]


def _few(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence[-1]


def _none(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence


def _short(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[:-2]


def _odd(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0].ImagePositionPatient = [1, 2]


@pytest.mark.parametrize(
    "damage, words",
    [(_few, "2 descriptions; expected 3"), (_none, "no position for each frame"), (_short, "shorter than the image")],
)
def test_frames_that_do_not_fit(
    make: Callable[..., Path], stored: Callable[..., np.ndarray], damage: Callable[[Dataset], None], words: str
) -> None:
    def change(ds: Dataset, n: int) -> None:
        enhance(ds, [stored(k) for k in range(3)], [-1024] * 3)
        damage(ds)

    with pytest.raises(InputError, match=words):
        read.study(make(1, change))


def test_a_frame_without_place_is_left_out_and_named(
    make: Callable[..., Path], stored: Callable[..., np.ndarray]
) -> None:
    def change(ds: Dataset, n: int) -> None:
        enhance(ds, [stored(k) for k in range(3)], [-1024] * 3)
        _odd(ds)

    study = read.study(make(1, change))
    assert any("no position" in s.reason for s in study.skipped)
    assert all("withheld" in {n.severity for n in v.notes} or len(v.pixels) == 2 for v in study.images)
