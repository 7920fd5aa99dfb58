"""Simulations that several tests look at, once; and helpers of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from calcimetry import phantom

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def chest():
    """The chest of the demo, at its own size."""
    return phantom.simulate("thorax-demo", seed=1)


@pytest.fixture(scope="session")
def small():
    """A small block with two objects."""
    from phantom_recipes import SMALL

    return phantom.simulate(SMALL, seed=3)
