"""Files under a folder, streamed in a fixed order, without following links out of the tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from calcimetry.read.place import FilePlace

__all__ = ["walk"]

Report = Callable[[str, str], None]
"""Called with what and why for each thing that is left out."""


def walk(root: Path, report: Report) -> Iterator[FilePlace]:
    """Every regular file below ``root``, folder by folder, names sorted.

    Links to folders are not followed (they may loop); a link to a file is followed only where it stays inside
    ``root``. Pipes, sockets and devices are left alone.
    """
    top = os.path.realpath(root)
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            report(folder, f"the folder cannot be opened: {error.strerror or error}")
            continue
        below: list[str] = []
        for entry in entries:
            try:
                if entry.is_symlink():
                    target = os.path.realpath(entry.path)
                    inside = os.path.commonpath([top, target]) == top
                    if not inside or not Path(target).is_file():
                        report(entry.path, "a symbolic link that leads to a folder or out of the tree is not followed")
                        continue
                    yield FilePlace(entry.path, entry.stat().st_size)
                elif entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield FilePlace(entry.path, entry.stat(follow_symlinks=False).st_size)
                else:
                    report(entry.path, "not a regular file")
            except (OSError, ValueError) as error:
                report(entry.path, f"cannot be looked at: {error}")
        waiting += reversed(below)
