"""The rich made-up case, once for all tests of this stage."""

from __future__ import annotations

import pytest

from . import cases


@pytest.fixture(scope="session")
def rich():
    return cases.rich_case()
