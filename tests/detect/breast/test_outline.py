"""Outlines of spots: what they need."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from calcimetry.detect.breast import outline


@pytest.mark.parametrize("mm", [0.2, 0.05, 0.02, 0.005])
def test_memory_is_bounded_however_fine_the_pixels_are(mm: float) -> None:
    side = 2 * round(1.8 / mm) + 1
    assert outline._at_once(mm) * side**2 <= 1_100_000
    assert outline._at_once(mm) >= 1


def test_spots_on_tiny_pixels_do_not_fill_the_memory() -> None:
    pixels = np.random.default_rng(0).normal(1000, 5, (300, 300)).astype(np.float32)
    centers = np.random.default_rng(1).uniform(50, 250, (40, 2))
    tracemalloc.start()
    found = outline.outlined(pixels, centers, 0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 40
    assert peak < 80e6
