"""Shared fixtures: the folder of real images (or a clean skip that says so), seeded Hypothesis profiles."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile(
    "default", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "heavy", deadline=None, derandomize=True, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("CALCIMETRY_HYPOTHESIS", "default"))


def data_folder() -> Path | None:
    """The folder of real images, or None: ``CALCIMETRY_DATA``, else ``../shared/data`` from the root."""
    named = os.environ.get("CALCIMETRY_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "DATA.md").is_file() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = data_folder()
    if folder is None:
        pytest.skip("no folder of real images: set CALCIMETRY_DATA or lay it at ../shared/data")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium: apt-get install chromium")
    return found
