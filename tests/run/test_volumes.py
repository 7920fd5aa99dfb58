"""The whole way in one process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import calcimetry
from calcimetry import assign
from calcimetry.core.image import Acquisition, Contrast, Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.core.study import Subject
from calcimetry.run.volumes import missing


def _volume(kvp: float | None) -> Volume:
    grid = calcimetry.Geometry.from_spacing((5, 32, 32), (3.0, 0.5, 0.5))
    pixels = np.full(grid.shape, 40, np.int16)
    pixels[2, 8:12, 8:12] = 450
    return Volume("i1", pixels, grid, Acquisition("CT", kvp=kvp, thickness_mm=3.0, gated=True))


def _regions(volume: Volume) -> Regions:
    labels = np.zeros(volume.geometry.shape, np.uint8)
    labels[:, 4:16, 4:16] = 1
    labels[:, 20:28, 20:28] = 2
    return Regions(
        "i1",
        labels,
        volume.geometry,
        (
            Region(1, "lad", "coronary_artery", "left_anterior_descending", "given"),
            Region(2, "rca", "coronary_artery", "right_coronary", "given"),
        ),
    )


def _value(case: calcimetry.Case, name: str, structure: str) -> float | None:
    return next(s.value for s in case.scores if (s.name, s.structure) == (name, structure))


def test_given_regions_are_scored_exactly() -> None:
    volume = _volume(120.0)
    case = calcimetry.analyze(volume, regions=_regions(volume))
    assert _value(case, "agatston", "total") == 16.0
    assert _value(case, "agatston", "left_anterior_descending") == 16.0
    assert _value(case, "agatston", "right_coronary") == 0.0
    assert _value(case, "volume", "total") == 12.0
    # Regions that were given need no model of where things lie.
    assert not [table.id for table in case.provenance.tables if table.id.startswith("model:")]


def test_a_volume_that_is_located_names_the_models_behind_it() -> None:
    used = {table.id for table in calcimetry.analyze(_volume(120.0)).provenance.tables}
    assert {"model:locate/heart/courses", "model:assign/model"} <= used


def test_without_kv_the_score_is_withheld_and_the_volume_stays() -> None:
    volume = _volume(None)
    case = calcimetry.analyze(volume, regions=_regions(volume))
    row = next(s for s in case.scores if s.name == "agatston" and s.structure == "total")
    assert row.value is None
    assert row.status == "withheld"
    assert "kV missing" in (row.reason or "")
    assert _value(case, "volume", "total") == 12.0


def test_lesions_are_numbered_once_over_the_case() -> None:
    volume = _volume(120.0)
    case = calcimetry.analyze(volume, regions=_regions(volume))
    assert [lesion.id for lesion in case.lesions] == [f"L{n}" for n in range(1, len(case.lesions) + 1)]
    assert str(case)


def test_a_map_is_used_on_every_image_that_it_meets_and_the_others_are_named(tmp_path) -> None:
    import nibabel

    first, second = _volume(120.0), _volume(120.0)
    near = calcimetry.Geometry.from_spacing((5, 32, 32), (3.0, 0.5, 0.5), (0.0, 0.0, 30.0))
    far = calcimetry.Geometry.from_spacing((5, 32, 32), (3.0, 0.5, 0.5), (0.0, 0.0, 900.0))
    images = (
        first,
        Volume("i2", second.pixels, near, second.acquisition),
        Volume("i3", second.pixels, far, second.acquisition),
    )
    labels = np.zeros((32, 32, 16), np.uint8)
    labels[4:16, 4:16] = 1
    nibabel.save(nibabel.Nifti1Image(labels, np.diag([-0.5, -0.5, 3.0, 1.0])), tmp_path / "map.nii.gz")
    (tmp_path / "map.json").write_text('{"1": {"site": "coronary_artery", "structure": "left_main"}}')
    case = calcimetry.analyze(calcimetry.Study(images=images), regions=tmp_path / "map.nii.gz")
    totals = {s.image: s.value for s in case.scores if s.name == "agatston" and s.structure == "total"}
    assert totals == {"i1": 16.0, "i2": 16.0}
    assert [n.code for n in case.image("i3").notes] == ["outside-regions"]


def test_a_missing_map_is_told_before_anything_is_read(tmp_path) -> None:
    with pytest.raises(calcimetry.InputError, match="label map is not there"):
        calcimetry.analyze(tmp_path / "nothing", regions=tmp_path / "no.nii.gz")


def test_a_value_that_cannot_be_is_told_and_not_replaced_by_the_header(tmp_path) -> None:
    (tmp_path / "case.json").write_text('{"schema": "calcimetry-case/1", "age": {"value": -5, "unit": "a"}}')
    study = calcimetry.Study(images=(_volume(120.0),), subject=Subject(age_years=55.0, sex="male"))
    case = calcimetry.analyze(study, subject=tmp_path / "case.json")
    assert case.subject.age_years is None
    assert case.subject.sex == "male"
    assert "subject-value-not-used" in [note.code for note in case.notes]


def test_a_map_on_another_grid_says_so(tmp_path) -> None:
    import nibabel

    volume = _volume(120.0)
    for name, pitch in (("own", 0.5), ("other", 1.0)):
        size = (32, 32, 5) if name == "own" else (16, 16, 5)
        affine = np.diag([-pitch, -pitch, 3.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(np.ones(size, np.uint8), affine), tmp_path / f"{name}.nii.gz")
        (tmp_path / f"{name}.json").write_text('{"1": "all"}')
    codes = {
        name: [note.code for note in calcimetry.analyze(volume, regions=tmp_path / f"{name}.nii.gz").images[0].notes]
        for name in ("own", "other")
    }
    assert "regions-resampled" not in codes["own"]
    assert "regions-resampled" in codes["other"]


def test_enhanced_blood_is_named_as_the_reason_where_it_hid_the_heart() -> None:
    shows = assign.Shown({}, {"coronary_artery": "the heart was not found"})
    enhanced = missing(shows, Contrast("given", "blood about 300 HU"))
    assert enhanced["coronary_artery"].startswith("Contrast medium in the blood: blood about 300 HU.")
    assert missing(shows, Contrast("none", ""))["coronary_artery"] == "the heart was not found"


def test_a_date_that_is_on_no_calendar_dates_nothing() -> None:
    volume = _volume(120.0)
    wrong = replace(volume, acquisition=replace(volume.acquisition, study_date="2026-13-45"))
    case = calcimetry.analyze(wrong, regions=_regions(volume))
    assert case.explanation["schema"] == "calcimetry-explanation/1"
