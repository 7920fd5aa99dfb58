"""Masks of TotalSegmentator as files: folders, one image with all labels, and what must be refused."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from calcimetry import read
from calcimetry.core.errors import DecodingError, GeometryError, HostileInputError, InputError, MissingExtraError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.read.guard import Limits

from .maps import save

HEART, AORTA, LUNG = 51, 52, 10


@pytest.fixture
def chest() -> tuple[Volume, np.ndarray]:
    """A heart with an aorta beside a lung, as labels of the task ``total``."""
    labels = np.zeros((10, 24, 24), dtype=np.uint8)
    labels[2:8, 4:12, 4:10] = HEART
    labels[1:9, 14:18, 4:8] = AORTA
    labels[1:9, 4:20, 12:22] = LUNG
    pixels = np.full(labels.shape, 20, dtype=np.int16)
    pixels[labels == LUNG] = -850
    grid = Geometry.from_spacing(labels.shape, (5.0, 4.0, 4.0), (-40.0, -30.0, -25.0))
    return Volume("i1", pixels, grid, Acquisition(modality="CT")), labels


def folder(at: Path, volume: Volume, labels: np.ndarray) -> Path:
    at.mkdir()
    for name, label in (("heart", HEART), ("aorta", AORTA), ("lung_upper_lobe_left", LUNG), ("brain", 90)):
        save(at / f"{name}.nii.gz", (labels == label).astype(np.uint8), volume.geometry.affine)
    (at / "statistics.json").write_text("{}")
    return at


def with_names(path: Path, labels: np.ndarray, grid: Geometry, names: dict[int, str]) -> Path:
    rows = "\n".join(f'<Label Key="{n}" Red="1" Alpha="1"><![CDATA[{name}]]></Label>' for n, name in names.items())
    ras = np.diag([-1.0, -1, 1, 1]) @ grid.affine[:, [2, 1, 0, 3]]
    image = nibabel.Nifti1Image(labels.transpose(2, 1, 0), ras)
    xml = f'<?xml version="1.0"?> <CaretExtension><LabelTable>{rows}</LabelTable></CaretExtension>'
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, xml.encode()))
    nibabel.save(image, path)
    return path


def found(regions: object) -> dict[str, int]:
    return {one.name: int((regions.labels == one.label).sum()) for one in regions.regions}  # type: ignore[attr-defined]


def expected(labels: np.ndarray) -> dict[str, int]:
    named = {"heart": HEART, "aorta": AORTA, "lung_upper_lobe_left": LUNG}
    return {name: int((labels == label).sum()) for name, label in named.items()}


def test_a_folder(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    regions, notes = read.masks(folder(tmp_path / "m", volume, labels), volume)
    assert found(regions) == expected(labels)
    assert {(one.source, one.confidence) for one in regions.regions} == {("totalsegmentator", 1.0)}
    assert notes == ()
    assert regions.geometry is volume.geometry


def test_one_image_with_names_in_its_header(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    other = np.zeros_like(labels)
    for new, old in enumerate((HEART, AORTA, LUNG), start=1):
        other[labels == old] = new
    names = {1: "heart", 2: "aorta", 3: "lung_upper_lobe_left", 4: "unheard_of"}
    for ending in (".nii", ".nii.gz"):
        regions, notes = read.masks(with_names(tmp_path / f"m{ending}", other, volume.geometry, names), volume)
        assert found(regions) == expected(labels)
        assert notes == ()


def test_names_beside_the_image(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    (tmp_path / "m.json").write_text(json.dumps({"51": "heart", "52": {"site": "x", "name": "aorta"}}))
    regions, _ = read.masks(save(tmp_path / "m.nii.gz", labels, volume.geometry.affine), volume)
    assert set(found(regions)) == {"heart", "aorta"}


def test_one_image_without_names(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    regions, notes = read.masks(save(tmp_path / "m.nii.gz", labels, volume.geometry.affine), volume)
    assert found(regions) == expected(labels)
    assert [note.code for note in notes] == ["masks-names"]


def test_another_grid(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    double = np.repeat(np.repeat(np.repeat(labels, 2, 0), 2, 1), 2, 2)
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.full(3, -0.25)
    affine[:3, :3] /= 2.0
    finer = Volume("i1", np.zeros(double.shape, np.int16), Geometry(double.shape, affine), volume.acquisition)
    regions, notes = read.masks(folder(tmp_path / "m", finer, double), volume)
    assert found(regions) == expected(labels)
    assert [note.code for note in notes] == ["regions-resampled"]


def test_one_mask_that_does_not_fit_is_left_out(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    wrong = labels.copy()
    wrong[labels == AORTA] = 0
    wrong[1:9, 8:12, 14:18] = AORTA
    regions, notes = read.masks(folder(tmp_path / "m", volume, wrong), volume)
    assert set(found(regions)) == {"heart", "lung_upper_lobe_left"}
    assert [note.code for note in notes] == ["masks-fit"]
    assert "aorta with 0 %" in notes[0].text
    assert set(np.unique(regions.labels)) == {0, *(one.label for one in regions.regions)}


def test_masks_of_another_person_are_refused(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    with pytest.raises(InputError, match="do not lie on the organs"):
        read.masks(folder(tmp_path / "m", volume, labels[:, :, ::-1]), volume)


def test_masks_beside_the_image_are_refused(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += 500.0
    with pytest.raises(GeometryError, match="do not overlap"):
        read.masks(save(tmp_path / "m.nii.gz", labels, affine), volume)


def test_what_is_no_folder_of_masks(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    with pytest.raises(InputError, match="no such masks"):
        read.masks(tmp_path / "none", volume)
    with pytest.raises(InputError, match="no mask of a class"):
        read.masks(tmp_path, volume)
    save(tmp_path / "heart.nii.gz", labels, volume.geometry.affine)
    with pytest.raises(InputError, match="several labels"):
        read.masks(tmp_path, volume)
    save(tmp_path / "heart.nii.gz", (labels == HEART) * np.float32(0.5), volume.geometry.affine)
    with pytest.raises(InputError, match="no labels"):
        read.masks(tmp_path, volume)
    save(tmp_path / "heart.nii.gz", (labels == HEART).astype(np.uint8), volume.geometry.affine)
    save(tmp_path / "heart.nii", (labels == HEART).astype(np.uint8), volume.geometry.affine)
    with pytest.raises(InputError, match="one class twice"):
        read.masks(tmp_path, volume)


def test_empty_masks_are_no_masks(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    with pytest.raises(InputError, match="no mask of a class"):
        read.masks(folder(tmp_path / "m", volume, np.zeros_like(labels)), volume)


def test_links_are_not_followed(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    elsewhere = folder(tmp_path / "m", volume, labels)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "heart.nii.gz").symlink_to(elsewhere / "heart.nii.gz")
    with pytest.raises(InputError, match="no mask of a class"):
        read.masks(tmp_path / "linked", volume)


def test_hostile_files(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    made = folder(tmp_path / "m", volume, labels)
    whole = (made / "heart.nii.gz").read_bytes()
    (made / "heart.nii.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DecodingError):
        read.masks(made, volume)
    (made / "heart.nii.gz").write_bytes(gzip.compress(gzip.decompress(whole) + bytes(1 << 20)))
    with pytest.raises(HostileInputError):
        read.masks(made, volume, limits=Limits(packed_bytes=1 << 16, zip_ratio=1))


def test_a_label_table_that_never_ends(chest: tuple[Volume, np.ndarray], tmp_path: Path) -> None:
    volume, labels = chest
    names = dict.fromkeys(range(1, 9000), "x" * 90) | {HEART: "heart"}
    regions, _ = read.masks(with_names(tmp_path / "m.nii.gz", labels, volume.geometry, names), volume)
    assert set(found(regions)) == {"heart"}


PROGRAM = """
import json, os, sys
import nibabel, numpy as np
from pathlib import Path
def totalsegmentator(source, target, ml, task, fast, quiet):
    home = Path(os.environ["TOTALSEG_HOME_DIR"])
    assert json.loads((home / "config.json").read_text())["send_usage_stats"] is False
    assert os.environ["https_proxy"].endswith(":9") and task == "total" and ml and fast is FAST
    image = nibabel.load(source)
    hu = np.asarray(image.dataobj)
    labels = np.where(hu < -500, 10, 51).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(labels, image.affine), target)
"""


@pytest.mark.parametrize("fast", [False, True])
def test_the_program_where_it_is_installed(
    chest: tuple[Volume, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    volume, labels = chest
    package, weights = tmp_path / "site" / "totalsegmentator", tmp_path / "weights"
    package.mkdir(parents=True)
    weights.mkdir()
    (package / "__init__.py").write_text("")
    (package / "python_api.py").write_text(PROGRAM.replace("FAST", str(fast)))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(weights))
    with pytest.raises(MissingExtraError, match="no weights"):
        read.segmented(volume)
    for number in (297,) if fast else range(291, 296):
        (weights / f"Dataset{number}_part").mkdir()
    regions, _ = read.segmented(volume)
    assert found(regions)["lung_upper_lobe_left"] == int((labels == LUNG).sum())
    (package / "python_api.py").write_text("raise SystemExit('out of memory')")
    with pytest.raises(InputError, match="out of memory"):
        read.segmented(volume)


def test_the_program_where_it_is_not(chest: tuple[Volume, np.ndarray]) -> None:
    with pytest.raises(MissingExtraError, match="never fetched"):
        read.segmented(chest[0])
