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


class _Counter:
    """Counts, on the controlling process, the tests that used the folder of real images and passed."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed and "shared_data" in report.keywords:
            self.used.add(report.nodeid)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Counter(), "calcimetry-shared-data")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counter = config.pluginmanager.get_plugin("calcimetry-shared-data")
    there = data_folder() is not None
    where = "found" if there else "absent: the tests that need it were skipped"
    terminalreporter.write_line(f"folder of real images {where}; tests that used it: {len(counter.used)}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    counter = session.config.pluginmanager.get_plugin("calcimetry-shared-data")
    demanded = os.environ.get("CALCIMETRY_REQUIRE_DATA") and data_folder() is not None
    if counter is not None and demanded and not counter.used and exitstatus == 0:
        session.exitstatus = 1
