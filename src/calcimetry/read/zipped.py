"""Members of a zip archive, checked before one byte is unpacked; nothing is ever written to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from calcimetry.core.errors import DecodingError, HostileInputError
from calcimetry.read.guard import Limits
from calcimetry.read.place import ZipPlace

__all__ = ["members"]


def _unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name


def members(path: Path, limits: Limits, report: Callable[[str, str], None]) -> Iterator[ZipPlace]:
    """The members that may be read, in the order of their names.

    Left out with a reason: paths that lead out of the archive, encrypted members, unusual packing methods, members
    that unpack to more than the limits allow.

    Raises
    ------
    DecodingError
        No readable zip archive.
    HostileInputError
        Too many members, or too much in all.
    """
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise DecodingError("the zip archive cannot be read", where=where, found=str(error)) from error
    if len(infos) > limits.zip_members:
        raise HostileInputError(
            "the archive has too many members",
            where=where,
            found=str(len(infos)),
            expected=f"at most {limits.zip_members}",
        )
    total = 0
    for info in sorted(infos, key=lambda i: (i.filename, i.header_offset)):
        if info.is_dir():
            continue
        reason = _refusal(info, limits)
        if reason:
            report(f"{where}!{info.filename!r}", reason)
            continue
        total += info.file_size
        if total > limits.zip_bytes:
            raise HostileInputError(
                "the archive unpacks to too much", where=where, expected=f"at most {limits.zip_bytes >> 30} GiB"
            )
        stored = info.compress_type == zipfile.ZIP_STORED
        yield ZipPlace(where, info.filename, info.header_offset, info.compress_size, info.file_size, info.CRC, stored)


def _refusal(info: zipfile.ZipInfo, limits: Limits) -> str:
    if _unsafe(info.filename):
        return "its path leads out of the archive"
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"it is packed by method {info.compress_type}; only stored and deflated members are read"
    if info.file_size > limits.zip_member_bytes:
        return f"it unpacks to {info.file_size >> 20} MiB; at most {limits.zip_member_bytes >> 20} MiB are read"
    if info.file_size > 1 << 20 and info.file_size > limits.zip_ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        return (
            f"it unpacks to {info.file_size >> 20} MiB, {ratio} times its packed size; at most {limits.zip_ratio} times"
        )
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        return "its sizes contradict each other"
    return ""
