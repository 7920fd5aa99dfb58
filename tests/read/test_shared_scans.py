"""The real scans: split, joined, chosen and refused as their description says."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from calcimetry import read
from calcimetry.core.errors import AmbiguousInputError, GeometryError, InputError

pytestmark = pytest.mark.shared_data


def codes(image: object) -> set[str]:
    return {n.code for n in image.notes}  # type: ignore[attr-defined]


def test_tilted_head_is_two_regular_stacks(shared_data: Path) -> None:
    study = read.study(shared_data / "ct/head_tilt_ge/head_tilt_ge.zip")
    lower, upper = study.images
    assert (len(lower.pixels), len(upper.pixels)) == (14, 14)
    assert lower.geometry.spacing_mm[0] == pytest.approx(4.0, abs=0.005)
    assert upper.geometry.spacing_mm[0] == pytest.approx(7.0, abs=0.005)
    assert lower.geometry.shear_deg == pytest.approx(18.5, abs=0.1)
    assert lower.padding_hu == upper.padding_hu == -1500
    for image in study.images:
        assert {"spacing-changes", "sheared-stack"} <= codes(image)
        assert not any(n.severity == "withheld" for n in image.notes)
    # a calcified choroid plexus lies in one of the two, and only there
    where = [image for image in study.images if 0 <= np.rint(image.geometry.to_index([27.1, 18.5, 36.4]))[0] < 14]
    assert len(where) == 1


def test_two_studies_of_one_person_are_never_joined(shared_data: Path) -> None:
    source = shared_data / "ct/torso_port_acrin001/torso_port_acrin001.zip"
    with pytest.raises(AmbiguousInputError) as caught:
        read.study(source)
    counts = []
    for choice in caught.value.choices:
        assert "ACRIN" not in choice
        study = read.study(source, study_uid=choice.split(" ")[0])
        assert len(study.images) == 1
        counts.append(len(study.images[0].pixels))
        assert study.images[0].padding_hu == -3024
    assert sorted(counts) == [4, 41]


@pytest.mark.parametrize("name, slices", [("coca_nongated_2", 70), ("coca_nongated_5", 59)])
def test_files_with_uids_of_their_own_are_one_series(shared_data: Path, name: str, slices: int) -> None:
    study = read.study(shared_data / f"ct/{name}/series.zip")
    assert [len(v.pixels) for v in study.images] == [slices]
    assert study.uid is None
    assert "uids-missing" in {n.code for n in study.notes}
    assert study.images[0].geometry.spacing_mm[0] == pytest.approx(5.0)
    assert study.images[0].acquisition.gated is None


def test_the_phantom_is_used_though_derived(shared_data: Path) -> None:
    image = read.study(shared_data / "ct/qrm_canon_phantom/series.zip").images[0]
    assert image.pixels.shape == (47, 512, 512)
    assert image.pixels.dtype == np.int16
    assert image.geometry.spacing_mm == pytest.approx((3.0, 0.488, 0.488))
    assert image.geometry.to_lps_mm([0, 0, 0]).tolist() == pytest.approx([-128.506, -106.006, 534.875], abs=1e-3)
    assert image.acquisition.kernel == "FC12"
    assert "derived" in codes(image)
    assert not any(n.severity == "withheld" for n in image.notes)
    assert image.pixels[21:24, 210:231, 170:191].max() == 1275


def test_heart_beat_in_the_header_means_gated(shared_data: Path) -> None:
    for n in (0, 1, 3):
        image = read.study(shared_data / f"ct/coca_gated_{n}/series.zip").images[0]
        assert image.pixels.shape == (57, 512, 512)
        assert image.acquisition.gated is True
        assert image.acquisition.kvp == 120


@pytest.mark.parametrize(
    "name, shape, sex, age",
    [
        ("pelvis_sts007/pelvis_sts007.zip", 70, "female", None),
        ("prostate_sts001/prostate_sts001.zip", 59, "male", None),
        ("thigh_sts038/thigh_sts038.zip", 59, "male", None),
        ("lung1_001_lowdose/series.zip", 68, "male", 83.0),
        ("lungdx_a0001_philips/series.zip", 58, "male", 58.0),
        ("abdomen_crlm1006/abdomen_crlm1006.zip", 51, "female", 49.0),
    ],
)
def test_plain_series(shared_data: Path, name: str, shape: int, sex: str, age: float | None) -> None:
    study = read.study(shared_data / "ct" / name)
    assert [len(v.pixels) for v in study.images] == [shape]
    assert (study.subject.sex, study.subject.age_years) == (sex, age)
    assert not any(n.severity == "withheld" for n in study.images[0].notes)


def test_stored_values_are_the_delivered_ones(shared_data: Path) -> None:
    image = read.study(shared_data / "ct/lung1_001_lowdose/series.zip").images[0]
    digest = hashlib.sha256((image.pixels.astype(np.int32) + 1024).astype(np.int16).tobytes()).hexdigest()
    assert digest.startswith("46be25d5deabb55d1ad34545e4b99fcf")
    image = read.study(shared_data / "ct/lungdx_a0001_philips/series.zip").images[0]
    digest = hashlib.sha256((image.pixels.astype(np.int32) + 1024).astype(np.int16).tobytes()).hexdigest()
    assert digest.startswith("5bac158142adaf61daa9b2a941f9547d")


def test_contrast_field_is_told(shared_data: Path) -> None:
    image = read.study(shared_data / "ct/abdomen_crlm1006/abdomen_crlm1006.zip").images[0]
    assert image.acquisition.contrast_header == "GASTRO & OMNI, Oral & IV"
    assert "contrast-named" in codes(image)


def test_single_slices_are_of_several_people(shared_data: Path) -> None:
    with pytest.raises(AmbiguousInputError) as caught:
        read.study(shared_data / "ct/single_slices")
    assert len(caught.value.choices) == 8
    one = read.study(shared_data / "ct/single_slices/A062055_19001127-136.dcm").images[0]
    assert "single-slice" in codes(one)
    assert one.acquisition.contrast_header == "& NON IONIC, Oral & IV"


def test_nifti_axes_are_turned(shared_data: Path) -> None:
    image = read.study(shared_data / "ct/totseg_aorta_contrast/ct.nii.gz").images[0]
    assert image.pixels.shape == (164, 126, 120)
    assert image.geometry.spacing_mm == pytest.approx((1.5, 1.5, 1.5))
    assert (np.diag(image.geometry.affine[:3, 2::-1]) > 0).all()
    assert "kvp-missing" in codes(image)


def test_segmentation_of_a_shared_series(shared_data: Path, corpus: Path) -> None:
    study = read.study(corpus / "dicomdir/77654033/CT2", study_uid=None)
    volume = study.images[-1]
    path = shared_data / "output_examples/seg_image_ct_binary.dcm"
    regions, notes = read.regions_with_notes(path, volume)
    assert regions.labels.shape == volume.pixels.shape
    assert regions.regions[0].source == "given"
    assert notes == ()
    with pytest.raises(InputError, match="found 16 voxels in both 1 'first segment' and 2 'second segment'"):
        read.regions_file(shared_data / "output_examples/seg_image_ct_binary_overlap.dcm", volume)


def test_segmentation_of_another_person_is_refused(shared_data: Path) -> None:
    volume = read.study(shared_data / "ct/qrm_canon_phantom/series.zip").images[0]
    with pytest.raises(GeometryError, match="another frame of reference"):
        read.regions_file(shared_data / "output_examples/dcmqi_seg.dcm", volume)
