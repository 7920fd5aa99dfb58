"""Intervals of the size of a spot on a projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Projection
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.measurement import Measurement
from calcimetry.core.word import Word
from calcimetry.knowledge.load import table
from calcimetry.measure import projected
from calcimetry.measure.size_interval import (
    EXTENTS,
    SIZES,
    size_interval,
    with_extents,
)

PROJECTION = Projection("i1", np.zeros((40, 40), np.uint16), Acquisition("MG"), pixel_mm=(0.1, 0.1))


def spot(side: int, snr: float | None = 12.0) -> Lesion:
    evidence = {} if snr is None else {"snr": snr}
    return Lesion(
        "L1", "i1", 1, "calcification", (0.0, 10.0, 10.0), None, ((0, 5, 5), (1, 5 + side, 5 + side)), (0, 6, 6),
        evidence=evidence, mask=Mask((0, 5, 5), np.ones((1, side, side), bool)),
    )  # fmt: skip


def test_sizes_of_a_square_by_hand() -> None:
    (made,) = projected(PROJECTION, (spot(4),))
    values = {name: one.value for name, one in made.measures.items()}
    # 16 pixels of 0.01 mm2; between middles of opposite outer sides, 4 along and 3 across: 5 pixels.
    assert values == {
        "area": pytest.approx(0.16),
        "diameter": pytest.approx(0.5),
        "diameter_mean": pytest.approx(2 * np.sqrt(0.16 / np.pi)),
    }


def test_an_interval_is_that_of_its_class_and_an_area_goes_with_the_square() -> None:
    rows = table(SIZES)["diameter_mean"]
    # 4 by 4 pixels are 4.51 across, the third class; a height of 12 the last.
    (made,) = projected(PROJECTION, (spot(4),))
    mean = made.measures["diameter_mean"]
    assert mean.value is not None
    assert mean.interval95 == pytest.approx((mean.value * rows["low"][2][2], mean.value * rows["high"][2][2]))
    low, high = size_interval("area", 2.0, 5.0, 12.0)
    assert (low, high) == pytest.approx((2.0 * rows["low"][2][2] ** 2, 2.0 * rows["high"][2][2] ** 2))


def test_every_class_holds_one_and_noise_widens_it() -> None:
    values = table(SIZES)
    for name in ("diameter", "diameter_mean"):
        low, high = np.array(values[name]["low"]), np.array(values[name]["high"])
        assert low.shape == high.shape == (len(values["across_px"]) + 1, len(values["snr"]) + 1)
        assert (low < 1).all()
        assert (high > 1).all()
        assert ((high - low)[:, 0] > (high - low)[:, -1]).all()


def test_without_a_height_over_the_noise_or_a_pixel_there_is_no_interval() -> None:
    for one in projected(PROJECTION, (spot(4, None),)) + projected(PROJECTION, (spot(4),), intervals=False):
        assert {held.interval95 for held in one.measures.values()} == {None}
    (made,) = projected(replace(PROJECTION, pixel_mm=None), (spot(4),))
    assert {name: one.interval95 for name, one in made.measures.items()} == {
        "area_pixels": None, "diameter_pixels": None,
    }  # fmt: skip


def group(members: int, *, reported: bool = True, unit: str = "mm", distribution: str = "grouped") -> Group:
    measures = {"extent": Measurement(10.0, unit, None, "far"), "count": Measurement(float(members), "1")}
    box = ((0, 0, 0), (1, 9, 9))
    return Group(
        "G1", "i1", (), 0.9, reported, (0.0, 5.0, 5.0), box, measures=measures, distribution=distribution
    )  # fmt: skip


def test_extents_of_reported_groups_have_the_interval_of_their_class() -> None:
    rows = table(EXTENTS)["extent"]
    (limit,) = rows["members"]
    for members, k in ((limit - 1, 0), (limit, 1)):
        (made,) = with_extents((group(members),))
        held = made.measures["extent"]
        assert (held.value, held.method) == (10.0, "far")
        assert held.interval95 == pytest.approx((10 * rows["low"][k], 10 * rows["high"][k]))
    for other in (group(8, reported=False), group(8, unit="{pixel}"), group(8, distribution="regional")):
        assert with_extents((other,)) == (other,)


def test_what_has_no_edge_has_no_interval() -> None:
    first, second = Word("br_amorphous", 0.6), Word("br_round", 0.4)
    (hazy,) = projected(PROJECTION, (replace(spot(4), words=(first, second)),))
    assert {one.interval95 for one in hazy.measures.values()} == {None}
    (clear,) = projected(PROJECTION, (replace(spot(4), words=(second, first)),))
    assert None not in {one.interval95 for one in clear.measures.values()}
