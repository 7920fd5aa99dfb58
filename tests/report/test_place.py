from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calcimetry import report
from calcimetry.core.errors import UsageError
from calcimetry.report import place as place_module
from calcimetry.report.place import check_place, placed

NAMES = {"analysis.json", "page.html", "lesions.tsv", "scores.tsv", "columns.json", "labels.nii.gz", "labels_i2.nii.gz"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(params=["swap", "two renames"])
def renames(request, monkeypatch):
    """With the kernel's swap, and on a file system that has none."""
    if request.param == "two renames":
        monkeypatch.setattr(place_module, "_renameat2", lambda *_: False)


def test_everything_is_there_and_nothing_else(rich, tmp_path, renames):
    out = report.write(rich, tmp_path / "deep" / "er" / "out")
    assert names(out) == NAMES
    assert names(out.parent) == {"out"}
    assert json.loads((out / "analysis.json").read_text())["schema"] == "calcimetry-analysis/1"


def test_an_existing_one_is_refused_unless_overwritten(rich, tmp_path, renames):
    out = report.write(rich, tmp_path / "out")
    (out / "analysis.json").write_text("old")
    with pytest.raises(UsageError, match="--overwrite"):
        report.write(rich, out)
    assert (out / "analysis.json").read_text() == "old"
    report.write(rich, out, overwrite=True)
    assert (out / "analysis.json").read_text() != "old"
    assert names(tmp_path) == {"out"}


def test_files_that_are_not_ours_are_kept(rich, tmp_path, renames):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (out / "notes.txt").write_text("mine")
    (out / "page.html").write_text("old page")
    report.write(rich, out, overwrite=True)
    assert names(out) == NAMES
    assert (tmp_path / "out.replaced-1" / "notes.txt").read_text() == "mine"
    assert names(tmp_path) == {"out", "out.replaced-1"}


def test_an_error_on_the_way_leaves_the_old_one_and_nothing_else(tmp_path, renames):
    out = tmp_path / "out"
    out.mkdir()
    (out / "page.html").write_text("old")

    def fails():
        with placed(out) as folder:
            (folder / "page.html").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert names(tmp_path) == {"out"}
    assert (out / "page.html").read_text() == "old"


def test_no_space_is_said_in_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="No space left"), placed(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == set()


def test_one_that_appears_meanwhile_is_left_alone(tmp_path):
    out = tmp_path / "out"

    def late():
        with placed(out) as folder:
            (folder / "page.html").write_text("new")
            out.mkdir()
            (out / "page.html").write_text("theirs")

    with pytest.raises(UsageError, match="appeared"):
        late()
    assert (out / "page.html").read_text() == "theirs"
    assert names(tmp_path) == {"out"}


def test_symbolic_links_are_not_followed(rich, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(UsageError, match="symbolic link"):
            report.write(rich, tmp_path / name, overwrite=True)
    assert names(tmp_path / "real") == set()


def test_the_input_is_never_touched(tmp_path):
    scans = tmp_path / "scans"
    (scans / "a").mkdir(parents=True)
    (scans / "a" / "1.dcm").write_bytes(b"x")
    (scans / "DICOMDIR").write_bytes(b"x")
    (tmp_path / "alias").symlink_to(scans)
    for out in (scans, scans / "out", scans / "a" / "out", tmp_path / "alias" / "out", scans / "a" / ".." / "out"):
        with pytest.raises(UsageError, match="input"):
            check_place(out, overwrite=True, source=scans)
    with pytest.raises(UsageError, match="holds the input"):
        check_place(tmp_path, overwrite=True, source=scans)
    with pytest.raises(UsageError, match="input"):
        check_place(scans / "out", source=scans / "DICOMDIR")
    assert check_place(tmp_path / "out", source=scans) == tmp_path.resolve() / "out"
    assert check_place(scans / "a" / "out", source=scans / "a" / "1.dcm").name == "out"


def test_files_and_folders_one_works_in_are_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="no folder"):
        check_place(tmp_path / "file", overwrite=True)
    (tmp_path / "work" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "in")
    for out in (Path(), Path(".."), tmp_path / "work"):
        with pytest.raises(UsageError, match="works in"):
            check_place(out, overwrite=True)
    assert check_place(Path("out")) == tmp_path.resolve() / "work" / "in" / "out"


def _dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def _leave(parent: Path, target: str, pid: int, ending: str, machine: str | None = None) -> Path:
    short = place_module._short(target.encode())
    left = parent / f".calcimetry-{machine or place_module._machine()}-{short}-{pid}-00c0ffee.{ending}"
    left.mkdir()
    (left / "page.html").write_text("left")
    return left


def test_only_what_dead_processes_of_this_machine_left_is_removed(rich, tmp_path):
    dead = _leave(tmp_path, "out", _dead_pid(), "new")
    other_target = _leave(tmp_path, "other", _dead_pid(), "new")
    alive = _leave(tmp_path, "out", os.getppid(), "new")
    elsewhere = _leave(tmp_path, "out", _dead_pid(), "new", machine="0" * 12)
    foreign = tmp_path / ".calcimetry-cache"
    foreign.mkdir()
    report.write(rich, tmp_path / "out")
    assert names(tmp_path) == {"out", alive.name, elsewhere.name, foreign.name}
    assert not dead.exists()
    assert not other_target.exists()


def test_one_that_died_between_two_renames_is_put_back(rich, tmp_path):
    _leave(tmp_path, "out", _dead_pid(), "old")
    keeps = _leave(tmp_path, "other", _dead_pid(), "old")
    with pytest.raises(UsageError, match="--overwrite"):
        report.write(rich, tmp_path / "out")
    assert (tmp_path / "out" / "page.html").read_text() == "left"
    assert keeps.exists()


KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
from report import cases
from calcimetry import report
case = cases.rich_case()
out = sys.argv[1]
report.write(case, out + "-warm")
for line in sys.stdin:
    if os.fork() == 0:
        sys.stdout.write(f"{{os.getpid()}}\\n"); sys.stdout.flush()
        report.write(case, out, overwrite=True)
        os._exit(0)
    os.wait()
    sys.stdout.write("done\\n"); sys.stdout.flush()
"""


@pytest.mark.parametrize("rounds", [40, pytest.param(600, marks=pytest.mark.heavy)])
def test_killed_at_any_moment_it_is_absent_or_whole_and_the_older_intact(tmp_path, rounds):
    """One warm process forks a writer for each round; it gets SIGKILL at a random moment of its work."""
    rng = random.Random(rounds)
    out = tmp_path / "out"
    code = KILLED.format(tests=str(Path(__file__).resolve().parents[1]))
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:

        def start() -> int:
            parent.stdin.write("go\n")
            parent.stdin.flush()
            return int(parent.stdout.readline())

        start()
        began = time.perf_counter()
        assert parent.stdout.readline() == "done\n"
        lasts = time.perf_counter() - began
        killed = whole = absent = 0
        for n in range(rounds):
            if n % 2:
                for path in out.iterdir() if out.exists() else ():
                    path.unlink()
                if out.exists():
                    out.rmdir()
            had = out.exists()
            pid = start()
            time.sleep(rng.uniform(0, 1.1 * lasts))
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
            parent.stdout.readline()
            if out.exists():
                whole += 1
                assert names(out) == NAMES
                json.loads((out / "analysis.json").read_text())
                assert (out / "page.html").read_text().rstrip().endswith("</html>")
            else:
                absent += 1
                assert not had
        parent.stdin.close()
    assert killed > rounds // 4
    assert whole
    assert absent
    place_module._clean(out)
    assert not [name for name in names(tmp_path) if name.startswith(".")]
