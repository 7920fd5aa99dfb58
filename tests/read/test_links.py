"""Symbolic links: those that lead out of the tree are counted, and followed on request only; no loop, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from calcimetry import read
from calcimetry.core.errors import InputError


@pytest.fixture
def linked(make: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder of links to six slices that lie in a store outside of it."""
    folder = tmp_path / "linked"
    folder.mkdir()
    for path in make(6, name="store").iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def test_links_out_of_the_tree_are_counted(linked: Path) -> None:
    with pytest.raises(
        InputError, match=r"6 symbolic links .* left out; --follow-links \(follow_links=True\)"
    ) as caught:
        read.study(linked)
    assert caught.value.exit_code == 3
    assert read.index(linked).links_left_out == 6


def test_the_count_is_exact_where_there_are_many(linked: Path) -> None:
    for n in range(50):
        (linked / f"more{n}.dcm").symlink_to((linked / "000.dcm").readlink())
    with pytest.raises(InputError, match="56 symbolic links"):
        read.study(linked)


def test_they_are_followed_on_request(linked: Path) -> None:
    study = read.study(linked, follow_links=True)
    assert len(study.images[0].pixels) == 6
    assert study.skipped == ()
    assert read.index(linked, follow_links=True).links_left_out == 0
    assert len(read(linked, follow_links=True).images[0].pixels) == 6


def test_a_linked_folder_and_loops(make: Callable[..., Path], tmp_path: Path) -> None:
    store, folder = make(6, name="store"), tmp_path / "linked"
    (folder / "sub").mkdir(parents=True)
    (folder / "series").symlink_to(store)
    (folder / "again").symlink_to(store)
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "parent").symlink_to(tmp_path)
    (store / "loop").symlink_to(store)
    study = read.study(folder, follow_links=True)
    assert len(study.images[0].pixels) == 6
    assert not any(n.code == "duplicate-position" for n in study.images[0].notes)
    with pytest.raises(InputError, match="4 symbolic links"):
        read.study(folder)


def test_one_file_linked_twice_counts_once(linked: Path) -> None:
    (linked / "zzz.dcm").symlink_to((linked / "000.dcm").readlink())
    study = read.study(linked, follow_links=True)
    assert len(study.images[0].pixels) == 6
    assert [s.reason for s in study.skipped] == ["a symbolic link to what was read already"]


def test_links_to_nothing_and_to_a_device(make: Callable[..., Path]) -> None:
    folder = make(3)
    (folder / "gone.dcm").symlink_to(folder / "annex" / "gone")
    (folder / "null").symlink_to("/dev/null")
    reasons = {Path(s.what).name: s.reason for s in read.study(folder, follow_links=True).skipped}
    assert "not fetched" in reasons["gone.dcm"]
    assert reasons["null"] == "not a regular file"
    assert read.index(folder).links_left_out == 1


def test_links_inside_the_tree_need_no_request(make: Callable[..., Path]) -> None:
    folder = make(3)
    (folder / "store").mkdir()
    (folder / "000.dcm").rename(folder / "store" / "x")
    (folder / "000.dcm").symlink_to(folder / "store" / "x")
    for follow in (False, True):
        assert len(read.study(folder, follow_links=follow).images[0].pixels) == 3
