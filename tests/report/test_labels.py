from __future__ import annotations

import tracemalloc
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from PIL import Image

from calcimetry.core.case import Case
from calcimetry.core.errors import CalcimetryError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Mask
from calcimetry.report.labels import label_planes, ras_affine, write_labels

from . import cases


def _slow_map(shape, lesions):
    """The whole map at once, voxel by voxel."""
    found = np.zeros(shape, np.uint32)
    for lesion in lesions:
        for k, j, i in lesion.mask.indices():
            found[k, j, i] = lesion.label
    return found


def test_nifti_holds_the_labels_on_the_images_own_grid(rich, tmp_path):
    (written, *others) = write_labels(rich, tmp_path)
    assert written.name == "labels.nii.gz"
    assert [path.name for path in others] == ["labels_i2.nii.gz"]
    image = nibabel.load(written)
    assert image.get_data_dtype() == np.uint16
    found = np.asarray(image.dataobj).transpose(2, 1, 0)
    assert (found == _slow_map(cases.SHAPE, rich.lesions)).all()
    geometry = rich.pixels["i1"].geometry
    for lesion in rich.lesions:
        k, j, i = np.argwhere(found == lesion.label).mean(axis=0)
        x, y, z = (image.affine @ [i, j, k, 1])[:3]
        assert (-x, -y, z) == pytest.approx(lesion.center_mm, abs=1e-3)
    assert image.header.get_zooms() == pytest.approx(geometry.spacing_mm[::-1], rel=1e-6)
    assert image.header["qform_code"] == image.header["sform_code"] == 1
    assert np.allclose(image.header.get_qform(), image.header.get_sform(), atol=1e-4)


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_oblique_and_sheared_grids(tmp_path, turn):
    affine = np.eye(4)
    angle = 0.4
    affine[:3, :3] = np.array(
        [[0, 0, 0.5], [0, 0.6, 0], [3.0, 0, 0]] if turn == 0 else [[0, 0, 0.5], [0.9, 0.6, 0], [3.0, 0, 0]]
    )
    if turn == 2:
        spin = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        affine[:3, :3] = spin @ np.array([[0, 0, 0.5], [0, 0.6, 0], [3.0, 0, 0]])
    affine[:3, 3] = (5, -7, 11)
    geometry = Geometry((3, 4, 5), affine)
    volume = Volume("i1", np.zeros((3, 4, 5), np.int16), geometry, Acquisition("CT"))
    write_labels(Case(pixels={"i1": volume}), tmp_path)
    image = nibabel.load(tmp_path / "labels.nii.gz")
    for index in np.ndindex(3, 4, 5):
        x, y, z = (image.affine @ [*index[::-1], 1])[:3]
        assert (-x, -y, z) == pytest.approx(tuple(geometry.to_lps_mm(index)), abs=1e-4)
    assert image.header["qform_code"] == (0 if turn == 1 else 1)
    assert (image.affine == np.float32(ras_affine(geometry))).all()


def test_same_case_same_bytes(rich, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_labels(rich, tmp_path / name)
    assert (tmp_path / "a/labels.nii.gz").read_bytes() == (tmp_path / "b/labels.nii.gz").read_bytes()


def test_overlap_later_stands_and_large_labels_widen():
    lesion = cases.projection_case().lesions[0]
    under = replace(lesion, label=7, mask=Mask((0, 0, 0), np.ones((2, 2, 2), bool)))
    over = replace(lesion, label=70_000, mask=Mask((1, 1, 1), np.ones((1, 1, 1), bool)))
    planes = np.stack(list(label_planes((3, 3, 3), [under, over])))
    assert planes.dtype == np.uint32
    assert planes[1, 1, 1] == 70_000
    assert planes[0, 0, 0] == 7
    assert (planes[2] == 0).all()


def test_projection_is_a_16_bit_png(tmp_path):
    case = cases.projection_case()
    assert [path.name for path in write_labels(case, tmp_path)] == ["labels.png"]
    with Image.open(tmp_path / "labels.png") as image:
        assert image.mode.startswith("I;16")
        found = np.asarray(image)
    assert found.shape == (64, 48)
    assert np.argwhere(found == 300).tolist() == [[10, 12], [10, 13], [10, 14], [11, 12], [11, 13], [11, 14]]
    too_many = case.adding(lesions=(replace(case.lesions[0], label=70_000),))
    with pytest.raises(CalcimetryError, match="65535"):
        write_labels(too_many, tmp_path)


def test_no_pixels_no_map(rich, tmp_path):
    assert write_labels(rich.adding(pixels={}), tmp_path) == []


def test_memory_stays_at_a_few_planes(tmp_path):
    shape = (200, 256, 256)
    pixels = np.broadcast_to(np.int16(0), shape)
    volume = Volume("i1", pixels, Geometry.from_spacing(shape, (1, 1, 1)), Acquisition("CT"))
    tracemalloc.start()
    write_labels(Case(pixels={"i1": volume}), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.2 * pixels.nbytes
