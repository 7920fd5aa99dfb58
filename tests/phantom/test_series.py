"""DICOM written is DICOM: it reads back to the same voxels, byte for byte the same for the same seed."""

from __future__ import annotations

import json
import shutil
import subprocess

import nibabel
import numpy as np
import pydicom
import pytest
from phantom_recipes import SMALL

from calcimetry import phantom
from calcimetry.core.errors import InputError, UsageError


@pytest.mark.parametrize("compression", ["none", "rle"])
def test_reads_back_to_the_same_voxels(small, tmp_path, compression):
    files = phantom.write_dicom(small.volume, tmp_path / "d", seed=3, compression=compression)
    assert len(files) == 9
    grid = small.volume.geometry
    for k, path in enumerate(files):
        ds = pydicom.dcmread(path)
        assert np.array_equal(ds.pixel_array * int(ds.RescaleSlope) + int(ds.RescaleIntercept), small.volume.pixels[k])
        assert np.allclose([float(v) for v in ds.ImagePositionPatient], grid.to_lps_mm((k, 0, 0)), atol=1e-6)
        assert [float(v) for v in ds.PixelSpacing] == [0.5, 0.5]
        assert float(ds.KVP) == 120
        assert ds.InstanceNumber == k + 1
    assert len({pydicom.dcmread(p).SOPInstanceUID for p in files}) == 9
    assert len({pydicom.dcmread(p).SeriesInstanceUID for p in files}) == 1


def test_same_seed_same_bytes(tmp_path):
    for name in ("a", "b"):
        phantom.write_study(phantom.simulate(SMALL, seed=3), tmp_path / name, seed=3)
    written = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(written) == 9 + 3
    for path in written:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def test_truth_and_regions_lie_beside_the_series(small, tmp_path):
    folder = phantom.write_study(small, tmp_path / "s", seed=3)
    assert {p.suffix for p in folder.iterdir()} == {".dcm"}
    assert phantom.read_truth(tmp_path / "s" / "truth.json") == small.truth
    names = json.loads((tmp_path / "s" / "regions.json").read_text())
    assert names == {"1": "A", "2": "O2"}
    image = nibabel.load(tmp_path / "s" / "regions.nii.gz")
    labels = np.asarray(image.dataobj)
    assert np.array_equal(labels.transpose(2, 1, 0), small.regions.labels)
    # RAS of a voxel is its LPS turned.
    lps = small.volume.geometry.to_lps_mm((3, 10, 20))
    assert np.allclose(image.affine @ (20, 10, 3, 1), (-lps[0], -lps[1], lps[2], 1))


def test_read_by_the_product(small, tmp_path):
    from calcimetry import read

    phantom.write_dicom(small.volume, tmp_path / "d", seed=3)
    found = read.study(tmp_path / "d").images[0]
    assert np.array_equal(found.pixels, small.volume.pixels)
    assert found.geometry.same_grid_as(small.volume.geometry)
    assert found.acquisition.kvp == 120


def test_refusals(small, tmp_path):
    phantom.write_dicom(small.volume, tmp_path / "d")
    with pytest.raises(UsageError, match="already holds"):
        phantom.write_dicom(small.volume, tmp_path / "d")
    with pytest.raises(UsageError, match="compression"):
        phantom.write_dicom(small.volume, tmp_path / "e", compression="zip")
    (tmp_path / "truth.json").write_text("{}")
    with pytest.raises(InputError):
        phantom.read_truth(tmp_path / "truth.json")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="no dciodvfy: apt-get install dicom3tools")
@pytest.mark.parametrize("gated", [True, False, None])
def test_the_outside_validator_finds_no_error(tmp_path, gated):
    made = phantom.simulate({**SMALL, "scan": {**SMALL["scan"], "slices": 2, "gated": gated}}, seed=1)
    path = phantom.write_dicom(made.volume, tmp_path / "d", seed=1)[0]
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False).stderr
    assert "CTImage" in said
    assert "Error" not in said
