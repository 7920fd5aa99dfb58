"""A mammogram goes the whole way: from pixels or a file to a case, its record and its label map."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from importlib import resources

import numpy as np
import pytest

import calcimetry
from calcimetry import report
from calcimetry.core.case import Case
from calcimetry.core.errors import InputError, UsageError
from calcimetry.core.image import Projection
from calcimetry.core.study import Study
from calcimetry.phantom import breast as simulated

CONTENTS = simulated.Contents(
    groups=1.0, singles=0.0, specks=0.0, arteries=0.0, cnr=(14.0, 14.0), pattern="br_fine_pleomorphic",
    distribution="grouped", density=0.3,
)  # fmt: skip


@cache
def film(seed: int = 1) -> Projection:
    return simulated.mammogram(seed, "film-200", CONTENTS).projection


@cache
def case() -> Case:
    left, right = replace(film(1), id="i1", laterality="L"), replace(film(3), id="i2", laterality="R")
    return calcimetry.analyze(Study(images=(left, right)))


def test_two_views_are_one_case_with_names_of_its_own() -> None:
    ids = [lesion.id for lesion in case().lesions]
    assert len(ids) == len(set(ids)) > 10
    assert [lesion.label for lesion in case().lesions] == list(range(1, len(ids) + 1))
    image_of = {lesion.id: lesion.image for lesion in case().lesions}
    for group in case().groups:
        assert {image_of[member] for member in group.lesions} == {group.image}
    assert {group.image for group in case().groups if group.reported} == {"i1", "i2"}


def test_a_projection_has_neither_volume_nor_place_in_the_patient() -> None:
    for lesion in case().lesions:
        assert lesion.center_mm is None
        assert {"volume", "agatston", "peak"}.isdisjoint(lesion.measures)
        assert lesion.measures["area"].unit == "mm2"
    rows = {(s.name, s.site, s.structure, s.image) for s in case().scores}
    assert len(rows) == len(case().scores)
    assert {site for _, site, _, _ in rows} == {"breast"}
    assert not [gap for gap in case().not_assessed if gap.site == "coronary_artery"]


def test_the_record_comes_back_as_the_same_case() -> None:
    plain = report.record(case(), created="2026-01-01T00:00:00Z")
    again = report.read_record(plain)
    assert report.record(again, created="2026-01-01T00:00:00Z") == plain
    assert [g.evidence for g in again.groups] == [g.evidence for g in again.groups]
    assert plain["images"][0]["shape"][0] == 1


def test_fitted_models_are_named_with_their_hash() -> None:
    used = {table.id: table for table in case().provenance.tables}
    models = sorted(name for name in used if name.startswith("model:"))
    assert models == ["model:describe/model", "model:detect/breast/model", "model:detect/breast/sizes"]
    data = resources.files("calcimetry").joinpath("detect", "breast", "model.json").read_bytes()
    one = used["model:detect/breast/model"]
    assert (one.edition, one.sha256) == (json.loads(data)["schema"], hashlib.sha256(data).hexdigest())


def test_label_maps_carry_the_lesions(tmp_path) -> None:
    from PIL import Image

    report.write(case(), tmp_path / "out")
    for name, image in (("labels.png", "i1"), ("labels_i2.png", "i2")):
        with Image.open(tmp_path / "out" / name) as picture:
            labels = np.array(picture)
        assert labels.shape == case().pixels[image].pixels.shape
        mine = {lesion.label for lesion in case().lesions if lesion.image == image}
        shown = set(np.unique(labels).tolist()) - {0}
        assert shown <= mine
        assert len(shown) > 0.8 * len(mine)


def test_without_a_pixel_sizes_are_in_pixels() -> None:
    unknown = calcimetry.analyze(replace(film(), pixel_mm=None))
    assert unknown.lesions
    for lesion in unknown.lesions:
        assert "area" not in lesion.measures
        assert lesion.measures["area_pixels"].unit == "{pixel}"
    assert [group for group in unknown.groups if group.reported]
    assert unknown.images[0].spacing_mm is None


def test_a_radiograph_of_another_part_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="another part than the breast"):
        calcimetry.analyze(replace(film(), kind="radiograph"))


def test_a_picture_without_a_breast_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="no breast was found"):
        calcimetry.analyze(replace(film(), kind="picture", pixels=np.zeros((400, 300), np.uint16)))


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_refused_with_their_count(odd: float) -> None:
    pixels = film().pixels.astype(np.float32)
    pixels[100, 50:53] = odd
    with pytest.raises(InputError, match=rf"i1: pixels that are no finite numbers; found 3 of {pixels.size} "):
        calcimetry.analyze(replace(film(), id="i1", pixels=pixels))


def test_a_label_map_does_not_go_with_a_mammogram(tmp_path) -> None:
    file = tmp_path / "map.nii.gz"
    file.write_bytes(b"")
    with pytest.raises(UsageError, match="CT series"):
        calcimetry.analyze(film(), regions=file)
