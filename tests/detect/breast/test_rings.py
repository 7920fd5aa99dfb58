"""Small rings: told from balls, crossings and specks that lie around a middle; strands that touch do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from calcimetry.detect.breast.rings import ring_at
from calcimetry.detect.breast.settings import RingSettings
from calcimetry.phantom import breast as simulated
from calcimetry.phantom.breast.particles import Particle, Placed2D, Solid

MM = 0.07
MIDDLE = (60.0, 60.0)
BESIDE = np.array([60.0, 60.0 + 0.42 / MM])


def image(*solids: Solid, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    ground = 100 + rng.normal(0, 1.0, (121, 121))
    local = simulated.local_noise(ground, MM)
    placed = [Placed2D(Particle("br_rim", solids), MIDDLE, 12.0)] if solids else []
    signal, _, _ = simulated.put(placed, ground.shape, MM, 0.06, local)
    return ground + signal


SHELL = Solid("shell", 0.0, 0.0, 0.5, wall=0.12)
STRAND = Solid("rod", 0.45, 0.0, 0.1, 2.5, 1.5)


@pytest.mark.parametrize("solids", [(SHELL,), (SHELL, STRAND)])
def test_a_ring_is_found_from_its_wall_whatever_touches_it(solids: tuple[Solid, ...]) -> None:
    ring = ring_at(image(*solids), BESIDE, MM, RingSettings())
    assert ring is not None
    assert np.hypot(*(np.array(ring.center) - MIDDLE)) * MM < 0.15
    assert 2 * float(np.median(ring.outer_mm)) == pytest.approx(1.0, abs=0.15)
    assert ring.hollow > 0.3
    bits = ring.bits((41, 41), (-20 * MM, -20 * MM), MM)
    assert bits[20, 20]
    assert bits.sum() * MM**2 == pytest.approx(np.pi * 0.25, rel=0.35)


@pytest.mark.parametrize(
    "solids",
    [
        (),
        (Solid("ball", 0.0, 0.0, 0.45),),
        (Solid("rod", -2.0, -2.0, 0.15, 2.0, 2.0), Solid("rod", -2.0, 2.0, 0.15, 2.0, -2.0)),
        tuple(Solid("ball", float(0.6 * np.sin(t)), float(0.6 * np.cos(t)), 0.15) for t in (0.0, 1.6, 3.1, 4.7)),
    ],
)
def test_balls_crossings_and_specks_around_a_middle_are_no_rings(solids: tuple[Solid, ...]) -> None:
    assert ring_at(image(*solids), BESIDE, MM, RingSettings()) is None
