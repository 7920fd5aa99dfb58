"""Limits that no honest file reaches, and the cheap tests that must pass before a decoder is trusted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from calcimetry.core.errors import DecodingError, HostileInputError

__all__ = ["JPEG_FAMILY", "Limits", "check_jpeg_end", "inflate", "unpacked_limit"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes, counts and depths. All are ours: far above what scanners make, far below what hurts.

    ``file_bytes`` bounds one file read whole; ``inflated_bytes`` the header of a deflated
    data set, ``deflated_tail_bytes`` what may follow its pixels; ``volume_bytes`` one
    image in memory; ``zip_bytes`` all members of a zip together; ``zip_ratio`` unpacked to packed bytes of one
    member (zeros deflate to 1:1000, CT to less than 1:10; counted from 1 MiB up), and ``packed_bytes`` what a packed
    research format may come to whatever its ratio (label maps are mostly zeros). ``picture_pixels`` bounds one plain
    picture (the finest film scans have a hundred million), ``picture_head_bytes`` what is read of it to learn its size,
    ``picture_file_bytes`` its file.
    """

    depth: int = 64
    elements: int = 200_000
    header_bytes: int = 64 << 20
    file_bytes: int = 4 << 30
    inflated_bytes: int = 128 << 20
    deflated_tail_bytes: int = 16 << 20
    side: int = 16_384
    frames: int = 20_000
    volume_bytes: int = 16 << 30
    zip_members: int = 1_000_000
    zip_member_bytes: int = 1 << 30
    zip_bytes: int = 64 << 30
    zip_ratio: int = 200
    packed_bytes: int = 256 << 20
    dicomdir_records: int = 1_000_000
    picture_pixels: int = 170_000_000
    picture_head_bytes: int = 1 << 20
    picture_file_bytes: int = 1 << 30


JPEG_FAMILY = frozenset(
    f"1.2.840.10008.1.2.4.{n}"
    for n in (50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 70, 80, 81, 90, 91, 201, 202, 203)
)
"""Transfer syntaxes whose frames end with the marker FF D9."""


def check_jpeg_end(frame: bytes | bytearray | memoryview, where: str) -> None:
    """Refuse a frame of the JPEG family that does not end with its end marker (padding aside).

    Several decoders return wrong pixels or never return on a frame that was cut; each cut frame lacks the
    marker FF D9 at its end. Odd lengths are padded, by most writers with 0 and by some with FF.

    Raises
    ------
    DecodingError
    """
    tail = bytes(frame[-16:]).rstrip(b"\0")
    if not tail.endswith((b"\xff\xd9", b"\xff\xd9\xff")):
        raise DecodingError(
            "the compressed frame was cut off",
            where=where,
            found=f"last bytes {tail[-2:].hex(' ') or 'zeros'}",
            expected="ff d9",
        )


def unpacked_limit(packed: int, limits: Limits) -> int:
    """How many bytes a packed file of this size may unpack to."""
    return min(max(limits.packed_bytes, limits.zip_ratio * packed), limits.file_bytes)


def inflate(packed: bytes | memoryview, where: str, *, limit: int, at_least: int = 0) -> bytearray:
    """Inflate raw deflate data in steps and stop at the limit, before memory is taken.

    Parameters
    ----------
    at_least : int
        Stop as soon as this many bytes are there (0: to the end).

    Raises
    ------
    HostileInputError
        More than ``limit`` bytes.
    DecodingError
        The data are damaged or cut off.
    """
    step = 1 << 20
    machine, out, rest = zlib.decompressobj(-zlib.MAX_WBITS), bytearray(), memoryview(packed)
    try:
        while not machine.eof and (rest or machine.unconsumed_tail):
            piece = machine.unconsumed_tail or rest[:step]
            if not machine.unconsumed_tail:
                rest = rest[step:]
            out += machine.decompress(piece, max(step, 1))
            if len(out) > limit:
                raise HostileInputError(
                    "the deflated data set grows beyond any CT image",
                    where=where,
                    found=f"more than {limit >> 20} MiB from {len(packed)} bytes",
                    expected=f"at most {limit >> 20} MiB",
                )
            if at_least and len(out) >= at_least:
                return out
    except zlib.error as error:
        raise DecodingError("the deflated data are damaged", where=where, found=str(error)) from error
    if not machine.eof:
        raise DecodingError("the deflated data were cut off", where=where, found=f"{len(out)} bytes")
    return out
