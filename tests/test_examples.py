"""Every example runs, warns of nothing, and leaves a picture."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def test_there_are_examples_and_all_are_listed():
    listed = (FOLDER / "README.md").read_text("utf-8")
    assert len(SCRIPTS) >= 3
    assert [s.name for s in SCRIPTS if s.name not in listed] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.stem)
def test_an_example_ends_in_a_picture(script, tmp_path):
    name = "result" if script.stem.startswith("01") else "picture.png"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("picture: ")
    made = tmp_path / done.stdout.splitlines()[-1].removeprefix("picture: ")
    head = made.read_bytes()
    assert b"<img" in head or head.startswith(b"\x89PNG")
