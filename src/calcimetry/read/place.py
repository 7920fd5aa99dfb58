"""Where bytes lie: a file, a member of a zip, or memory. Small, and fit to be sent to another process."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from calcimetry.core.errors import DecodingError, HostileInputError

__all__ = ["FilePlace", "MemoryPlace", "Place", "ZipPlace"]


class Place(Protocol):
    """Bytes that can be read again later, in this process or another."""

    @property
    def name(self) -> str:
        """What to call it in a message: a path, never a patient's name."""
        ...

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def read(self, start: int = 0, count: int | None = None) -> bytes:
        """``count`` bytes from ``start`` on (fewer at the end); all where ``count`` is None."""
        ...


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file on disk."""

    path: str
    size: int

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    def read(self, start: int = 0, count: int | None = None) -> bytes:
        """Read a part of the file, unbuffered."""
        with Path(self.path).open("rb", buffering=0) as file:
            if start:
                file.seek(start)
            wanted = max(self.size - start, 0) if count is None else min(count, max(self.size - start, 0))
            pieces, got = [], 0
            while got < wanted:
                piece = file.read(wanted - got)
                if not piece:
                    break
                pieces.append(piece)
                got += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(frozen=True, slots=True)
class MemoryPlace:
    """Bytes in memory (a data set that was handed over)."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def read(self, start: int = 0, count: int | None = None) -> bytes:
        """A part of the bytes."""
        return self.data[start:] if count is None else self.data[start : start + count]


@dataclass(frozen=True, slots=True)
class ZipPlace:
    """A member of a zip archive; its sizes were checked against the limits before this was made."""

    archive: str
    member: str
    header_offset: int
    packed: int
    size: int
    crc: int
    stored: bool

    @property
    def name(self) -> str:
        """Archive and member."""
        return f"{self.archive}!{self.member}"

    def _begin(self) -> int:
        with Path(self.archive).open("rb", buffering=0) as file:
            file.seek(self.header_offset)
            head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise DecodingError("the zip member is damaged", where=self.name, expected="a local file header")
        named, extra = struct.unpack_from("<HH", head, 26)
        return self.header_offset + 30 + int(named) + int(extra)

    def read(self, start: int = 0, count: int | None = None) -> bytes:
        """Unpack up to what is asked for, never beyond the size that the archive names; whole reads check the CRC.

        Raises
        ------
        DecodingError
            The member is damaged or cut off.
        HostileInputError
            It unpacks to more than it says.
        """
        stop = self.size if count is None else min(start + count, self.size)
        begin = self._begin()
        with Path(self.archive).open("rb", buffering=0) as file:
            file.seek(begin + (start if self.stored else 0))
            if self.stored:
                data = file.read(max(stop - start, 0))
                if len(data) < stop - start:
                    raise DecodingError("the zip member was cut off", where=self.name)
                if start == 0 and stop == self.size and zlib.crc32(data) != self.crc:
                    raise DecodingError("the zip member is damaged", where=self.name, expected="its checksum")
                return data
            machine, out, left = zlib.decompressobj(-zlib.MAX_WBITS), bytearray(), self.packed
            try:
                while len(out) < stop or (stop == self.size and not machine.eof):
                    piece = machine.unconsumed_tail or file.read(min(left, 1 << 18))
                    if not machine.unconsumed_tail:
                        left -= len(piece)
                    if not piece:
                        raise DecodingError("the zip member was cut off", where=self.name, found=f"{len(out)} bytes")
                    out += machine.decompress(piece, max(stop - len(out), 1))
                    if len(out) > self.size:
                        raise HostileInputError("the zip member unpacks to more than it says", where=self.name)
                    if machine.eof:
                        break
            except zlib.error as error:
                raise DecodingError("the zip member is damaged", where=self.name, found=str(error)) from error
        if len(out) < stop:
            raise DecodingError("the zip member was cut off", where=self.name, found=f"{len(out)} of {stop} bytes")
        if stop == self.size and zlib.crc32(out) != self.crc:
            raise DecodingError("the zip member is damaged", where=self.name, expected="its checksum")
        return bytes(out[start:stop])
