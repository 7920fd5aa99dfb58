"""Forms whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from calcimetry.core.lesion import Mask
from calcimetry.describe.shape import SHAPE, Shape, shape_of

MM = 0.05


def measured(signal: np.ndarray, *, height: float = 500.0, slope: float = 0.0) -> Shape:
    """The form of a signal on an uneven ground with noise."""
    rng = np.random.default_rng(4)
    columns = signal.shape[1]
    ground = 1000.0 + slope * np.arange(columns)[None, :] + rng.normal(0, 4, signal.shape)
    soft = ndimage.gaussian_filter(signal.astype(float), 0.8) * height
    bits = soft > 0.42 * soft.max()
    box = ndimage.find_objects(bits.astype(np.uint8))[0]
    mask = Mask((0, box[0].start, box[1].start), bits[box][None])
    return shape_of(ground + soft, mask, MM, 20.0)


def canvas() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:161, :161].astype(float)
    return (y - 80) * MM, (x - 80) * MM


def disc(radius: float) -> np.ndarray:
    y, x = canvas()
    return (np.hypot(y, x) < radius).astype(float)


def bar(length: float, width: float, turn: float = 0.0) -> np.ndarray:
    y, x = canvas()
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return ((np.abs(along) < length / 2) & (np.abs(across) < width / 2)).astype(float)


def test_a_disc() -> None:
    one = measured(disc(0.5)).values
    assert one["diameter_mm"] == pytest.approx(1.0, abs=0.04)
    assert one["length_mm"] == pytest.approx(1.0, abs=0.06)
    # (one of its twenty pixels, either way)
    assert one["elongation"] == pytest.approx(1.0, abs=0.1)
    assert one["circularity"] == pytest.approx(1.0, abs=0.1)
    assert one["solidity"] > 0.95
    assert one["hollow"] < 0.05
    assert one["long_sd_mm"] == pytest.approx(one["short_sd_mm"], rel=0.05)


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.2])
def test_a_bar_in_any_direction(turn: float) -> None:
    one = measured(bar(2.4, 0.3, turn)).values
    assert one["length_mm"] == pytest.approx(np.hypot(2.4, 0.3), abs=0.15)
    assert one["width_mm"] == pytest.approx(0.3, abs=0.1)
    assert one["elongation"] > 5
    assert one["long_sd_mm"] == pytest.approx(2.4 / np.sqrt(12), rel=0.1)


def test_a_ring_is_hollow_and_its_hole_counts_as_inside() -> None:
    one = measured(disc(1.0) - disc(0.7)).values
    assert one["hollow"] > 0.5
    assert one["diameter_mm"] == pytest.approx(2.0, abs=0.08)


def test_a_cross_is_neither_solid_nor_round() -> None:
    one = measured(np.maximum(bar(1.6, 0.25), bar(1.6, 0.25, np.pi / 2))).values
    assert one["solidity"] < 0.75
    assert one["circularity"] < 0.6


def test_a_slanting_ground_changes_nothing() -> None:
    even, slanting = measured(disc(0.4)), measured(disc(0.4), slope=3.0)
    assert slanting.values["diameter_mm"] == pytest.approx(even.values["diameter_mm"], abs=0.01)
    assert slanting.values["contrast"] == pytest.approx(even.values["contrast"], rel=0.1)


def test_a_blurred_edge_is_wider() -> None:
    sharp, hazy = measured(disc(0.4)), measured(ndimage.gaussian_filter(disc(0.4), 3.0))
    assert hazy.values["edge_mm"] > 1.5 * sharp.values["edge_mm"]


def test_twice_as_bright_is_twice_the_contrast_and_the_same_form() -> None:
    one, two = measured(disc(0.4), height=300.0), measured(disc(0.4), height=600.0)
    assert two.values["contrast"] / one.values["contrast"] == pytest.approx(2.0, rel=0.05)
    assert two.values["diameter_mm"] == pytest.approx(one.values["diameter_mm"], abs=0.01)


def test_one_pixel_at_the_border_and_an_empty_mask_are_measured() -> None:
    image = np.random.default_rng(0).normal(100, 3, (20, 20))
    for mask in (Mask((0, 0, 0), np.ones((1, 1, 1), bool)), Mask((0, 18, 18), np.zeros((1, 2, 2), bool))):
        one = shape_of(image, mask, 0.2, 5.0)
        assert np.isfinite(one.row).all()
        assert tuple(one.values) == SHAPE


def test_an_open_ring_is_a_ring_and_a_disc_or_a_cross_is_none() -> None:
    y, x = canvas()
    whole = disc(1.0) - disc(0.7)
    gap = np.abs(np.arctan2(y, x)) < 0.6
    assert measured(whole).ring == 1.0
    assert 0.7 <= measured(whole * ~gap).ring < 1.0
    assert measured(disc(0.5)).ring == 0.0
    assert measured(np.maximum(bar(1.6, 0.25), bar(1.6, 0.25, np.pi / 2))).ring == 0.0
