"""Files under a folder, streamed in a fixed order; links out of the tree are followed only on request."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from calcimetry.read.place import FilePlace

__all__ = ["LINK_LEFT_OUT", "walk"]

Report = Callable[[str, str], None]
"""Called with what and why for each thing that is left out."""

LINK_LEFT_OUT = "a symbolic link that leads to a folder or out of the tree is not followed"
_DEAD_LINK = "a symbolic link to a file that is not there (not fetched?)"


def walk(root: Path, report: Report, *, follow_links: bool = False) -> Iterator[FilePlace]:
    """Every regular file below ``root``, folder by folder, names sorted.

    Links to folders are not followed (they may loop); a link to a file is followed only where it stays inside
    ``root``. With ``follow_links`` both are followed wherever they lead, each folder and each linked file once.
    Pipes, sockets and devices are left alone.
    """
    top = os.path.realpath(root)
    waiting, seen = [str(root)], {top}
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
                    if not Path(target).exists():
                        report(entry.path, _DEAD_LINK)
                    elif not follow_links and (not inside or not Path(target).is_file()):
                        report(entry.path, LINK_LEFT_OUT)
                    elif target in seen:
                        report(entry.path, "a symbolic link to what was read already")
                    elif Path(target).is_dir():
                        # (what lies inside the tree is met on the way)
                        if not inside:
                            seen.add(target)
                            below.append(entry.path)
                    elif Path(target).is_file():
                        if not inside:
                            seen.add(target)
                        yield FilePlace(entry.path, entry.stat().st_size)
                    else:
                        report(entry.path, "not a regular file")
                elif entry.is_dir(follow_symlinks=False):
                    if follow_links:
                        real = os.path.realpath(entry.path)
                        if real in seen:
                            continue
                        seen.add(real)
                    below.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield FilePlace(entry.path, entry.stat(follow_symlinks=False).st_size)
                else:
                    report(entry.path, "not a regular file")
            except (OSError, ValueError) as error:
                report(entry.path, f"cannot be looked at: {error}")
        waiting += reversed(below)
