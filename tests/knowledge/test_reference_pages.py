"""The generated reference: the same at every run, complete, and a stale page is noticed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from calcimetry.grade import scales
from calcimetry.knowledge.load import sources, table

TOOL = Path(__file__).resolve().parents[2] / "tools" / "make_reference.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_reference", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_are_the_same_at_every_run_and_hold_no_examples(tool) -> None:
    for name, make in tool.PAGES.items():
        text = make()
        assert text == make()
        assert text.startswith("# ")
        assert text.endswith("\n")
        assert ">>>" not in text, f"{name}: pages are collected as doctests"


def test_everything_that_a_result_can_carry_has_its_place(tool) -> None:
    pages = {name: make() for name, make in tool.PAGES.items()}
    for one in scales().values():
        assert f"`{one.id}`" in pages["scales"]
        assert all(f"**Edition {e.id}**" in pages["scales"] for e in one.editions)
    for source_id in sources():
        assert f'<a id="{source_id}"></a>' in pages["tables"]
    for row in table("checks/notes").get("note", []):
        assert f"`{row['code']}`" in pages["notes"]
    for row in table("rules/agatston")["rule"]:
        assert f"`{row['id']}`" in pages["scores"]
    for settings in ("GradeSettings", "DetectSettings"):
        assert f"## {settings}" in pages["settings"]


def test_a_stale_or_missing_page_fails_the_check(tool, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(tool, "FOLDER", tmp_path)
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    assert tool.main(["--check"]) == 0
    (tmp_path / "scales.md").write_text("# Scales\n")
    capsys.readouterr()
    assert tool.main(["--check"]) == 1
    assert "stale: scales;" in capsys.readouterr().out
