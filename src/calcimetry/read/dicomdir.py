"""DICOMDIR: the files it names, found beside it and nowhere else.

The tree of records is not followed (its offsets may be missing, wrong or looped): each record that names a file
is taken for itself, and the file's own header tells what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from calcimetry.core.errors import DecodingError, HostileInputError, InputError
from calcimetry.read.guard import Limits
from calcimetry.read.place import FilePlace
from calcimetry.read.scan import NeedMoreError, read_meta

__all__ = ["is_dicomdir", "referenced"]

_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_DIRECTORY_RECORDS = 0x00041220


def is_dicomdir(place: FilePlace, limits: Limits) -> bool:
    """Whether the file says that it is a directory of a medium."""
    try:
        meta = read_meta(place.read(0, 1 << 14), place.name)
    except (InputError, NeedMoreError):
        return False
    return meta is not None and meta.sop_class == _MEDIA_DIRECTORY


def referenced(place: FilePlace, limits: Limits, report: Callable[[str, str], None]) -> Iterator[FilePlace]:
    """The files that the directory names and that are there, each once, in the order of their paths.

    Raises
    ------
    DecodingError, HostileInputError
        The directory itself cannot be read, or names more files than any medium holds.
    """
    root = Path(place.path).resolve().parent
    wanted: dict[str, tuple[str, ...]] = {}
    for parts in _file_ids(place, limits):
        wanted.setdefault("/".join(parts), parts)
    if not wanted:
        raise InputError("the DICOMDIR names no files", where=place.name, remedy="Give the folder itself.")
    for shown in sorted(wanted):
        reason, found = _locate(root, wanted[shown])
        if found is None:
            report(f"{place.name} -> {shown!r}", reason)
        else:
            yield FilePlace(str(found), found.stat().st_size)


def _file_ids(place: FilePlace, limits: Limits) -> list[tuple[str, ...]]:
    import warnings

    from pydicom import dcmread

    if place.size > limits.header_bytes:
        raise HostileInputError("the DICOMDIR is too large", where=place.name, found=f"{place.size >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            records = dcmread(BytesIO(place.read()), force=True).get("DirectoryRecordSequence") or []
            if len(records) > limits.dicomdir_records:
                raise HostileInputError("the DICOMDIR has too many records", where=place.name, found=str(len(records)))
            named = [r.get("ReferencedFileID") for r in records]
    except InputError:
        raise
    except RecursionError as error:
        raise HostileInputError("records are nested too deep", where=place.name) from error
    except Exception as error:  # whatever a damaged directory makes the parser throw
        raise DecodingError("the DICOMDIR cannot be read", where=place.name, found=str(error)[:200]) from error
    return [(n,) if isinstance(n, str) else tuple(str(p) for p in n) for n in named if n]


def _locate(root: Path, parts: tuple[str, ...]) -> tuple[str, Path | None]:
    if any(p in ("", ".", "..") or "/" in p or "\\" in p or "\0" in p or ":" in p for p in parts):
        return "its path leads out of the medium", None
    at = root
    for part in parts:
        below = at / part
        if not below.exists():
            # Media written with upper-case names are often copied to lower case.
            try:
                below = next((at / n for n in sorted(p.name for p in at.iterdir()) if n.lower() == part.lower()), below)
            except OSError:
                return "named by the DICOMDIR, but missing", None
        at = below
    try:
        resolved = at.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return "named by the DICOMDIR, but missing", None
    if not resolved.is_relative_to(root):
        return "it is a link that leads out of the medium", None
    return ("", at) if resolved.is_file() else ("named by the DICOMDIR, but missing", None)
