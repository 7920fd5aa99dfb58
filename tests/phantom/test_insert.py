"""Objects put into a series: mass right, nothing changed elsewhere, the original untouched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcimetry import phantom
from calcimetry.core.errors import UsageError
from calcimetry.phantom import Cylinder, Placed, Sphere
from calcimetry.phantom.materials import hu_per_mg_cm3

OBJECTS = (
    Placed("P1", "coronary_artery", "left_main", Sphere((31.0, -20.0, -85.0), 3.0), 500.0),
    Placed("P2", "unassigned", "", Cylinder((-60.0, 0.0, -115.0), 2.0, 5.0, (1.0, 0.2, 0.5)), 350.0),
)


def test_only_the_objects_change(chest):
    before = chest.volume.pixels.copy()
    after, truth = phantom.insert(chest.volume, OBJECTS, seed=1)
    assert np.array_equal(chest.volume.pixels, before)
    assert [one.id for one in truth] == ["P1", "P2"]
    changed = chest.volume.geometry.to_lps_mm(np.argwhere(after.pixels != before))
    away = np.linalg.norm(changed[:, None] - np.array([one.center_mm for one in truth])[None], axis=2).min(axis=1)
    assert away.max() < 9.0
    assert after.pixels.dtype == before.dtype


def test_mass_added_is_the_truth(chest):
    after, truth = phantom.insert(chest.volume, OBJECTS, seed=1)
    added = after.pixels.astype(float) - chest.volume.pixels
    for one in truth:
        k, j, i = np.rint(chest.volume.geometry.to_index(one.center_mm)).astype(int)
        box = np.s_[k - 3 : k + 4, j - 15 : j + 16, i - 15 : i + 16]
        excess = added[box].sum() * chest.volume.geometry.voxel_mm3
        # The tissue it replaced had about this CT number (fat to blood): a few percent of the object's.
        low, high = (excess / (one.object_hu - around) * one.density_mg_cm3 / 1000 for around in (-90, 70))
        assert low * 0.98 < one.mass_mg < high * 1.02
        assert one.object_hu == pytest.approx(hu_per_mg_cm3(120.0) * one.density_mg_cm3)


def test_same_seed_same_voxels(chest):
    first, second = (phantom.insert(chest.volume, OBJECTS, seed=9)[0] for _ in range(2))
    assert np.array_equal(first.pixels, second.pixels)


def test_float_series_keep_their_type(small):
    volume = replace(small.volume, pixels=small.volume.pixels.astype(np.float32))
    after, _ = phantom.insert(volume, [Placed("P", "unassigned", "", Sphere((0, 8, 0), 2.0), 400.0)], seed=0)
    assert after.pixels.dtype == np.float32
    assert after.pixels.max() <= small.volume.pixels.max() + 600


def test_what_lies_outside_is_no_truth(small):
    after, truth = phantom.insert(
        small.volume, [Placed("P", "unassigned", "", Sphere((900, 0, 0), 2.0), 400.0)], seed=0
    )
    assert truth == ()
    assert np.array_equal(after.pixels, small.volume.pixels)


def test_unknown_voltage_is_asked_for(small):
    blind = replace(small.volume, acquisition=replace(small.volume.acquisition, kvp=None))
    one = [Placed("P", "unassigned", "", Sphere((0, 0, 0), 2.0), 400.0)]
    with pytest.raises(UsageError, match="tube voltage"):
        phantom.insert(blind, one, seed=0)
    assert phantom.insert(blind, one, seed=0, kvp=120.0)[1][0].mass_mg > 0


@pytest.mark.shared_data
def test_into_a_real_scan(shared_data):
    from calcimetry import read

    found = read.study(shared_data / "ct" / "qrm_canon_phantom").images[0]
    z = float(found.geometry.to_lps_mm((30, 300, 350))[2])
    x, y = (float(v) for v in found.geometry.to_lps_mm((30, 300, 350))[:2])
    after, truth = phantom.insert(found, [Placed("P", "unassigned", "", Sphere((x, y, z), 5.0), 600.0)], seed=2)
    gain = (after.pixels.astype(float) - found.pixels).sum() * found.geometry.voxel_mm3
    around = float(found.pixels[29:32, 290:310, 340:360].mean())
    assert gain == pytest.approx(truth[0].volume_mm3 * (truth[0].object_hu - around), rel=0.05)
