"""Worked cases: every part as expected, nothing forbidden, everything traced to a table."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from calcimetry.explain import explain

from .vignettes import all_says, faults, seen, wrong

DAY = datetime.date(2026, 11, 25)
CASES = seen()


@pytest.mark.parametrize("vignette", CASES, ids=[v["id"] for v in CASES])
def test_every_part_is_as_expected(vignette) -> None:
    got = explain(vignette["input"], as_of=DAY).record()
    assert wrong(vignette["expected"], got) == []


@pytest.mark.parametrize("vignette", CASES, ids=[v["id"] for v in CASES])
def test_an_answer_holds_together(vignette) -> None:
    got = explain(vignette["input"], as_of=DAY).record()
    assert faults(got) == []
    json.dumps(got, allow_nan=False)


@pytest.mark.parametrize("vignette", CASES, ids=[v["id"] for v in CASES])
def test_every_statement_stands_in_a_table(vignette) -> None:
    got = explain(vignette["input"], as_of=DAY).record()
    says = all_says()
    for row in (*got["tests"], *got["referrals"]):
        assert row["why"] in says, row
    for row in (*got["readings"], *got["metabolic_patterns"], *got["shared"]):
        assert row["text"] in says, row
    for row in got["benign_reading_void_because"]:
        assert row["reason"] in says
    for row in got["red_flags"]:
        assert row["text"].split("; ")[0] in says


def test_the_published_examples(shared_data: Path) -> None:
    path = shared_data.parent / "clinical" / "example_vignettes.json"
    if not path.is_file():
        pytest.skip("no published examples beside the images")
    for vignette in json.loads(path.read_text())["vignettes"]:
        got = explain(vignette["input"], as_of=DAY).record()
        assert wrong(vignette["expected"], got) == [], vignette["id"]
        assert faults(got) == [], vignette["id"]


test_the_published_examples = pytest.mark.shared_data(test_the_published_examples)


def test_same_input_same_bytes() -> None:
    for vignette in CASES[:10]:
        first, again = (json.dumps(explain(vignette["input"], as_of=DAY).record()) for _ in range(2))
        assert first == again
