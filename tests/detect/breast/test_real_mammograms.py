"""The search on real mammograms that are laid beside the program: arteries, rings, metal, and what is no group."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from calcimetry import locate, read
from calcimetry.detect import BreastFound, look_breast

pytestmark = pytest.mark.shared_data
MM = {"mg1": 0.05, "rmlo_mixed": 0.05, "lcc_person2": 0.07, "rcc_marker": 0.07}


@cache
def look(path: Path) -> BreastFound:
    image = read.study(path, spacing_mm=MM.get(path.stem, 0.2)).images[0]
    located = locate.breast_map(image)
    assert located is not None
    return look_breast(image, located.regions, located.mm)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith(name) and row["x"]]


def place(row: dict[str, str]) -> np.ndarray:
    return np.array([float(row["y"]), float(row["x"])])


def at(found: BreastFound, row: dict[str, str], within: float):
    """Lesions whose outline comes so near to a marked place."""
    return [
        one
        for one in found.lesions
        if one.mask is not None and np.hypot(*(one.mask.indices()[:, 1:] - place(row)).T).min() <= within
    ]


def along(row: dict[str, str]) -> np.ndarray:
    end = np.array([float(row["y2"]), float(row["x2"])])
    return place(row) + np.linspace(0, 1, 40)[:, None] * (end - place(row))


def test_arteries_of_a_full_size_film_are_arteries_and_the_specks_are_a_group(shared_data):
    folder = shared_data / "breast" / "fullfield"
    found = look(folder / "mg1.dcm")
    marked = rows(folder, "mg1")
    vessels = [row for row in marked if row["kind"] == "vascular"]
    calcium = np.concatenate(
        [one.mask.indices()[::5, 1:] for one in found.lesions if "br_vascular" in one.pattern and one.mask is not None]
    )
    seen = [np.mean([np.hypot(*(calcium - p).T).min() < 60 for p in along(row)]) > 0.4 for row in vessels]
    assert sum(seen) >= 6
    reported = [np.array(one.center_index[1:]) for one in found.groups if one.reported]
    on = [any(np.hypot(*(along(row) - one).T).min() < 60 for row in vessels) for one in reported]
    assert sum(on) <= 2
    (specks,) = (row for row in marked if row["kind"] == "microcalcification_group")
    assert any(np.hypot(*(one - place(specks))) <= 60 for one in reported)
    (disc,) = (row for row in marked if row["kind"] == "marker_disc")
    assert [one.kind for one in at(found, disc, 5)] == ["marker"]


def test_rings_rods_and_groups_of_a_digital_mammogram(shared_data):
    folder = shared_data / "breast" / "ffdm"
    found = look(folder / "rmlo_mixed.jpg")
    marked = rows(folder, "rmlo_mixed")
    words = {kind: [] for kind in ("lucent_centred", "large_rodlike")}
    for row in marked:
        if row["kind"] in words:
            words[row["kind"]].append({word for one in at(found, row, 12) for word in one.pattern})
    assert sum("br_rim" in one for one in words["lucent_centred"]) == 3
    assert sum("br_large_rodlike" in one for one in words["large_rodlike"]) == 3
    centers = {one.id: np.array(one.center_index[1:]) for one in found.lesions}
    for row in marked:
        if row["kind"] == "calcification_group":
            # (a group may reach farther than the mark: what was marked belongs to one that is reported)
            there = [
                sum(np.hypot(*(centers[name] - place(row))) <= float(row["r"]) + 12 for name in one.lesions)
                for one in found.groups
                if one.reported
            ]
            assert max(there) >= 3


def test_clip_and_nipple_marker_are_no_calcium_and_specks_are(shared_data):
    folder = shared_data / "breast" / "ffdm"
    for name, kind in (("lcc_person2", "marker_clip"), ("rcc_marker", "marker_disc")):
        found = look(folder / f"{name}.png")
        (row,) = (one for one in rows(folder, name) if one["kind"] == kind)
        assert {one.kind for one in at(found, row, 3)} <= {"metal", "marker"}
        assert at(found, row, 3)
    found = look(folder / "lcc_person2.png")
    marked = [row for row in rows(folder, "lcc_person2") if row["kind"] == "calcification_single"]
    assert sum(any(one.counted for one in at(found, row, 6)) for row in marked) >= 13


def test_benign_calcium_of_films_is_listed_and_no_group(shared_data):
    folder = shared_data / "breast" / "mias"
    marked = [row for row in rows(folder, "mdb") if row["status"] == "seen"]
    listed = []
    for row in marked:
        found = look(folder / row["file"])
        mine = [one for one in at(found, row, float(row["r"])) if one.kind == "calcification" and one.counted]
        listed.append(bool(mine))
        near = [one for one in found.groups if one.reported and {lesion.id for lesion in mine} & set(one.lesions)]
        # (one of these marks is itself a group of four or five specks, and is reported as one)
        assert near == [] or row["file"] == "mdb278.png"
    assert sum(listed) >= 0.8 * len(listed)
