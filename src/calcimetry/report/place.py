"""The folder of results appears whole or not at all; an older one stays until the new one stands."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from calcimetry.core.errors import UsageError

__all__ = ["check_place", "placed"]

_AT_FDCWD = -100
_NOREPLACE, _EXCHANGE = 1, 2
_NOT_OFFERED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
"""What a kernel or file system answers that knows no such rename (NFS, some FUSE)."""

_OURS = re.compile(
    r"analysis\.json|page\.html|(lesions|scores|groups)\.tsv|columns\.json|labels(_i\d+)?\.(nii\.gz|png)"
)
_LEFTOVER = re.compile(r"\.calcimetry-([0-9a-f]{12})-([0-9a-f]{12})-([1-9]\d{0,8})-[0-9a-f]{8}\.(new|old)")


def check_place(out: Path, *, overwrite: bool = False, source: Path | None = None) -> Path:
    """Where the results will stand (the parent resolved), after every refusal that can be known beforehand.

    Where an earlier run was killed between two renames, the older folder is put back first.

    Parameters
    ----------
    out : Path
        Folder of results.
    overwrite : bool
        Whether an existing folder may be replaced.
    source : Path, optional
        The input: the results may neither be it, nor lie in it, nor hold it. For a single file that is the file,
        for a ``DICOMDIR`` the folder it describes.

    Raises
    ------
    UsageError
        If it exists and ``overwrite`` is not set, is no folder, is a symbolic link, or touches the input.
    """
    target = out.parent.resolve() / out.name if out.name not in ("", "..") else out.resolve()
    if target.is_symlink():
        raise UsageError(f"{out}: is a symbolic link; results are never written through one. Name its target.")
    if source is not None:
        _refuse_input(out, target, source)
    _put_back(target)
    if target.exists():
        if not target.is_dir():
            raise UsageError(f"{out}: exists and is no folder.")
        if not overwrite:
            raise UsageError(f"{out}: exists already. Name another folder, or give --overwrite to replace it.")
        for kept in (Path.cwd().resolve(), Path.home().resolve()):
            if kept == target or target in kept.parents:
                raise UsageError(f"{out}: holds {kept}; a folder one works in is not replaced.")
    return target


def _refuse_input(out: Path, target: Path, source: Path) -> None:
    taken = source.resolve()
    if taken.name.upper() == "DICOMDIR" and taken.is_file():
        taken = taken.parent
    if target == taken or taken in target.parents:
        raise UsageError(f"{out}: lies in the input, which is never written to. Name a folder outside {source}.")
    if target in taken.parents and target.exists():
        raise UsageError(f"{out}: holds the input, which replacing it would remove. Name another folder.")


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """A hidden folder beside ``target`` to write into; on a clean exit it becomes ``target`` in one step.

    Everything is on disk before it is renamed. An older ``target`` is swapped out in the same step where the system
    offers that, and removed afterwards; files in it that are not ours are kept, in ``<target>.replaced-<n>``.
    On an error nothing is left. What a killed run left behind is removed by the next run into the same folder of
    folders, if it bears our name and its process is gone.

    Raises
    ------
    UsageError
        If the place cannot be written to, or ``target`` appeared meanwhile.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean(target)
        existed = target.exists()
        fresh = target.parent / _hidden(target, "new")
        fresh.mkdir()
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from error
    try:
        yield fresh
        _to_disk(fresh)
        _stand(fresh, target, existed)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            _dispose(fresh, target)


def _stand(fresh: Path, target: Path, existed: bool) -> None:
    """Give ``fresh`` the name ``target``; afterwards ``fresh`` is the older folder, if there was one."""
    if not existed:
        try:
            if not _renameat2(fresh, target, _NOREPLACE):
                fresh.rename(target)
        except FileExistsError as error:
            raise UsageError(f"{target}: appeared while the results were written; it was left alone.") from error
    elif not _renameat2(fresh, target, _EXCHANGE):
        aside = target.parent / _hidden(target, "old")
        target.rename(aside)
        try:
            fresh.rename(target)
        except OSError:
            aside.rename(target)
            raise
        aside.rename(fresh)
    _sync_folder(target.parent)


def _renameat2(old: Path, new: Path, flag: int) -> bool:
    """Rename without replacing, or swap, in one step of the kernel; ``False`` where that is not offered."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if call(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), ctypes.c_uint(flag)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_OFFERED:
        return False
    raise OSError(code, os.strerror(code), str(new))


def _to_disk(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _hidden(target: Path, ending: str) -> str:
    """Name of a hidden folder that says where and by whom it was made, and for which target."""
    return f".calcimetry-{_machine()}-{_short(os.fsencode(target.name))}-{os.getpid()}-{os.urandom(4).hex()}.{ending}"


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _machine() -> str:
    """A short name of where process numbers mean something: host and process namespace."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return _short(f"{os.uname().nodename} {namespace}".encode())


def _leftovers(target: Path) -> Iterator[tuple[Path, bool, str]]:
    """What killed runs of this machine left beside ``target``: path, if made for ``target``, ending."""
    for path in sorted(target.parent.iterdir()) if target.parent.is_dir() else ():
        match = _LEFTOVER.fullmatch(path.name)
        if match and match[1] == _machine() and not _runs(int(match[3])) and path.is_dir() and not path.is_symlink():
            yield path, match[2] == _short(os.fsencode(target.name)), match[4]


def _put_back(target: Path) -> None:
    """Where a run died between two renames, the older folder gets its name again."""
    for path, mine, ending in _leftovers(target):
        if mine and ending == "old" and not target.exists():
            path.rename(target)


def _clean(target: Path) -> None:
    """Remove leftovers; an older folder of another target is for the run into that target to judge."""
    for path, mine, ending in _leftovers(target):
        if mine or ending == "new":
            with suppress(OSError):
                _dispose(path, target)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _dispose(folder: Path, target: Path) -> None:
    """Remove a folder of ours; one that holds anything else gets a visible name instead."""
    if not folder.exists():
        return
    for path in sorted(folder.iterdir()):
        if _OURS.fullmatch(path.name) and not path.is_dir():
            path.unlink()
    try:
        folder.rmdir()
    except OSError:
        n = next(n for n in count(1) if not (target.parent / f"{target.name}.replaced-{n}").exists())
        folder.rename(target.parent / f"{target.name}.replaced-{n}")
