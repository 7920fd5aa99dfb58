from __future__ import annotations

from dataclasses import replace

import pytest

from calcimetry import report
from calcimetry.core.case import Case
from calcimetry.core.note import Note
from calcimetry.core.study import Subject

from . import cases


def test_name_and_number_are_nowhere_in_the_results(rich, tmp_path):
    loud = rich.adding(
        notes=(*rich.notes, Note("x", f"for ERIKA MUSTER, muster_erika, {cases.NUMBER}", "info")),
        explanation={"texts": {"clinician": ["Frau Muster has", "the Musterstrasse stays"]}},
    )
    open_ = report.write(loud, tmp_path / "open")
    assert any(b"Muster" in path.read_bytes() for path in open_.iterdir())
    closed = report.write(loud, tmp_path / "closed", anonymous=True)
    for path in closed.iterdir():
        found = path.read_bytes().lower().replace(b"musterstrasse", b"")
        for part in (b"muster", b"erika", cases.NUMBER.lower().encode()):
            assert part not in found, path.name
    assert "Musterstrasse" in (closed / "analysis.json").read_text(encoding="utf-8")


def test_nothing_else_changes(rich):
    before, after = report.record(rich), report.record(report.anonymised(rich))
    assert after["subject"] == {**before["subject"], "name": None, "id": None}
    for kind in ("lesions", "scores", "grades", "not_assessed"):
        assert after[kind] == before[kind]


@pytest.mark.parametrize("name", ["Mass^Left", "Agatston", "Volume^Main", "Heart^Total", "Final^CT"])
def test_a_name_that_is_one_of_our_words_breaks_nothing(rich, name):
    case = rich.adding(subject=replace(rich.subject, name=name, id="12"))
    found = report.record(report.anonymised(case))
    assert found["scores"][0]["name"] == "agatston"
    assert found["scores"][1]["structure"] == "left_main"
    assert "mass" in found["lesions"][0]["measures"]
    assert report.record(report.read_record(found), created=found["created"]) == found


def test_without_a_name_there_is_nothing_to_remove(rich):
    bare = rich.adding(subject=Subject())
    assert report.record(report.anonymised(bare)) == report.record(bare)
    assert report.anonymised(Case(subject=Subject(name="^^"))).subject.name is None
