"""Great vessels of simulated persons, and of shared chests where they are at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import calcimetry
from calcimetry import locate
from calcimetry.core.anatomy import Anatomy, Tube
from calcimetry.core.image import Volume
from calcimetry.phantom import Simulation, person

F64 = NDArray[np.float64]


def found(volume: Volume) -> Anatomy:
    return locate.anatomy(volume, locate.body(volume))


def cut(volume: Volume, low: int, high: int, every: int = 1) -> Volume:
    """Slices of a volume."""
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * low
    affine[:3, 0] *= every
    pixels = np.ascontiguousarray(volume.pixels[low:high:every])
    return replace(volume, pixels=pixels, geometry=replace(volume.geometry, shape=pixels.shape, affine=affine))


def off_line(points: F64, line: Tube) -> F64:
    """Distance of points to a line [mm]."""
    return np.asarray(np.linalg.norm(points[:, None] - line.points_mm, axis=2).min(axis=1))


def inside(points: F64, volume: Volume) -> NDArray[np.bool_]:
    index = (points - volume.geometry.affine[:3, 3]) @ np.linalg.inv(volume.geometry.affine[:3, :3]).T
    return np.asarray(((index > 0) & (index < np.array(volume.geometry.shape) - 1)).all(axis=1))


@pytest.fixture(scope="module")
def gated() -> Simulation:
    return person(1, "gated", matrix=320)


@pytest.fixture(scope="module")
def chest() -> Simulation:
    return person(7, "chest", matrix=320)


@pytest.fixture(scope="module")
def seen(chest: Simulation) -> Anatomy:
    return found(chest.volume)


def test_root_of_a_gated_person(gated: Simulation) -> None:
    anatomy = found(gated.volume)
    assert gated.anatomy is not None
    off = np.array(anatomy.points["root"].mm) - gated.anatomy.points["root"].mm
    assert np.linalg.norm(off) < 12.0
    assert anatomy.confidence > 0.5
    assert "arch" not in anatomy.tubes


def test_every_part_of_the_aorta_lies_on_its_line(chest: Simulation, seen: Anatomy) -> None:
    assert chest.anatomy is not None
    lines = {name: chest.anatomy.tubes[name] for name in ("ascending", "arch", "descending", "abdominal")}
    whole = Tube(np.vstack([one.points_mm for one in lines.values()]), np.ones(1), np.ones(1))
    for name in ("ascending", "arch", "descending"):
        assert np.median(off_line(seen.tubes[name].points_mm, whole)) < 3.5, name
        truth = lines[name].points_mm[inside(lines[name].points_mm, chest.volume)]
        mine = Tube(
            np.vstack([seen.tubes[one].points_mm for one in lines if one in seen.tubes]), np.ones(1), np.ones(1)
        )
        assert np.percentile(off_line(truth, mine), 90) < 8.0, name


def test_neighbours_of_the_aorta_are_the_true_ones(chest: Simulation, seen: Anatomy) -> None:
    assert chest.anatomy is not None
    for name in ("pulmonary_trunk", "vena_cava_superior"):
        line, mine = chest.anatomy.tubes[name], seen.tubes[name].points_mm
        # Beyond its ends the vessel goes on as another one (outflow tract, branches): it is asked of where it runs.
        runs = (mine[:, 2] >= line.points_mm[:, 2].min()) & (mine[:, 2] <= line.points_mm[:, 2].max())
        assert runs.mean() > 0.7, name
        assert np.median(off_line(mine[runs], line)) < 8.0, name


def test_heights_of_the_heart(chest: Simulation, seen: Anatomy) -> None:
    assert chest.anatomy is not None
    for name, most in (("aortic_valve", 20.0), ("mitral", 25.0)):
        assert np.linalg.norm(np.array(seen.planes[name].mm) - chest.anatomy.planes[name].mm) < most, name
    assert abs(seen.planes["heart_bottom"].mm[2] - chest.anatomy.planes["heart_bottom"].mm[2]) < 25.0


def test_order_of_slices_and_place_of_the_table_change_nothing(gated: Simulation) -> None:
    volume = gated.volume
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (volume.geometry.shape[0] - 1) + (50.0, 20.0, -300.0)
    affine[:3, 0] *= -1.0
    pixels = np.ascontiguousarray(volume.pixels[::-1])
    other = replace(volume, pixels=pixels, geometry=replace(volume.geometry, affine=affine))
    moved = np.array(found(other).points["root"].mm) - np.array(found(volume).points["root"].mm)
    assert np.allclose(moved, (50.0, 20.0, -300.0), atol=1.0)


def test_a_field_without_the_bottom_or_with_few_slices_keeps_the_root(gated: Simulation) -> None:
    assert gated.anatomy is not None
    truth = np.array(gated.anatomy.points["root"].mm)
    n = gated.volume.geometry.shape[0]
    for part in (cut(gated.volume, n // 3, n), cut(gated.volume, 0, n, 2)):
        assert np.linalg.norm(np.array(found(part).points["root"].mm) - truth) < 15.0


def test_a_field_below_the_root_is_not_believed(gated: Simulation) -> None:
    assert gated.anatomy is not None
    z = (
        gated.volume.geometry.affine[2, 3]
        + np.arange(gated.volume.geometry.shape[0]) * gated.volume.geometry.spacing_mm[0]
    )
    top = int(np.searchsorted(z, gated.anatomy.points["root"].mm[2] - 25.0))
    assert found(cut(gated.volume, 0, top)).confidence < 0.5


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["coca_gated_1", "lungdx_a0001_philips"])
def test_shared_chests_show_one_believed_aorta(shared_data: Path, name: str) -> None:
    volumes = [one for one in calcimetry.read(shared_data / "ct" / name).images if isinstance(one, Volume)]
    anatomy = found(max(volumes, key=lambda one: one.geometry.shape[0]))
    assert anatomy.confidence > 0.5
    assert {"ascending", "descending", "pulmonary_trunk", "vena_cava_superior"} <= set(anatomy.tubes)
    up, down = anatomy.tubes["ascending"].points_mm, anatomy.tubes["descending"].points_mm
    # the ascending aorta lies in front and, but for a heart in the midline, on the right
    assert np.median(up[:, 1]) < np.median(down[:, 1]) - 40.0
    assert np.median(up[:, 0]) < np.median(down[:, 0])
