"""Walks the top level of a DICOM data set: where each wanted element lies, where the pixels begin.

Nothing is trusted: lengths are held against what is there, nesting is walked with a counter instead of by
recursion, and no value is copied that nobody asked for. Values stay bytes; :mod:`header` gives them meaning.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass

from calcimetry.core.errors import DecodingError, HostileInputError
from calcimetry.read.guard import Limits

__all__ = ["DEFLATED", "GE_PRIVATE_BIG_ENDIAN", "IMPLICIT", "Meta", "Scan", "read_meta", "scan"]

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
GE_PRIVATE_BIG_ENDIAN = "1.2.840.113619.5.2"

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US"
_VRS = _LONG | frozenset(vr.encode() for vr in _SHORT.split())
_PIXELS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class NeedMoreError(Exception):
    """The bytes at hand end before the pixels do: give more."""


@dataclass(slots=True)
class Meta:
    """The file's head: transfer syntax, SOP class, where the data set begins, and whether it was guessed."""

    syntax: str
    start: int
    sop_class: str = ""
    guess: str = ""


@dataclass(slots=True)
class Scan:
    """Wanted elements as bytes, and the place of the pixel data (``pixel_length`` -1: encapsulated)."""

    values: dict[int, bytes]
    pixel_offset: int = -1
    pixel_length: int = 0
    pixel_tag: int = 0
    pixel_head: int = -1
    end: int = 0


def _text(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("ascii", "replace").strip()


def _guess(data: bytes, start: int) -> Meta | None:
    """A data set without file meta: explicit or implicit, little or big endian, by its first element."""
    head = data[start : start + 8]
    if len(head) < 8:
        return None
    for order, explicit, implicit in (("<", EXPLICIT, IMPLICIT), (">", BIG_ENDIAN, "")):
        group, element = struct.unpack_from(order + "HH", head)
        if group not in (0x0002, 0x0004, 0x0008, 0x0010) or element > 0x3010:
            continue
        if head[4:6] in _VRS:
            return Meta(explicit, start, guess="explicit" if order == "<" else "explicit, big endian")
        length = struct.unpack_from("<I", head, 4)[0]
        if implicit and group != 0x0002 and length < 4096:
            return Meta(implicit, start, guess="implicit")
    return None


def read_meta(data: bytes, where: str) -> Meta | None:
    """Preamble and file meta; a guess where they are missing; ``None`` where this is no DICOM at all.

    Raises
    ------
    DecodingError
        The file ends inside its meta.
    """
    if data[128:132] != b"DICM":
        guessed = _guess(data, 0)
        if guessed is None or struct.unpack_from("<H", data)[0] != 0x0002:
            return guessed
        start = 0
    else:
        start = 132
    syntax, sop_class, at = "", "", start
    while at + 8 <= len(data):
        group, element = struct.unpack_from("<HH", data, at)
        if group != 0x0002:
            break
        vr = data[at + 4 : at + 6]
        if vr in _LONG:
            if at + 12 > len(data):
                raise NeedMoreError
            length, head = struct.unpack_from("<I", data, at + 8)[0], 12
        elif vr in _VRS:
            length, head = struct.unpack_from("<H", data, at + 6)[0], 8
        else:
            length, head = struct.unpack_from("<I", data, at + 4)[0], 8
        if at + head + length > len(data):
            raise NeedMoreError
        value = data[at + head : at + head + length]
        if element == 0x0010:
            syntax = _text(value)
        elif element == 0x0002:
            sop_class = _text(value)
        at += head + length
    if syntax:
        return Meta(syntax, at, sop_class)
    guessed = _guess(data, at)
    if guessed is None:
        raise DecodingError("the file names no transfer syntax and none can be guessed", where=where)
    guessed.sop_class = sop_class
    return guessed


class _Walker:
    """Position and encoding while walking; one for each file."""

    def __init__(self, data: bytes, meta: Meta, size: int, where: str, limits: Limits) -> None:
        big = meta.syntax == BIG_ENDIAN
        self.explicit = meta.syntax not in (IMPLICIT, GE_PRIVATE_BIG_ENDIAN)
        self.tag_of = struct.Struct(">HH" if big else "<HH").unpack_from
        self.short_of = struct.Struct(">H" if big else "<H").unpack_from
        self.long_of = struct.Struct(">I" if big else "<I").unpack_from
        self.data, self.size, self.where, self.limits = data, size, where, limits
        self.count = 0

    def head(self, at: int, explicit: bool) -> tuple[int, bytes, int, int]:
        """Tag, VR, length and where the value begins, for the element at ``at``."""
        data = self.data
        if at + 12 > len(data):
            if len(data) < self.size:
                raise NeedMoreError
            if at + 8 > len(data):
                raise DecodingError("the file ends inside an element", where=self.where, found=f"{self.size} bytes")
        group, element = self.tag_of(data, at)
        tag = group << 16 | element
        self.count += 1
        if self.count > self.limits.elements:
            raise HostileInputError("more header elements than any image has", where=self.where)
        if not explicit or group == 0xFFFE:
            return tag, b"", self.long_of(data, at + 4)[0], at + 8
        vr = data[at + 4 : at + 6]
        if vr in _LONG:
            if at + 12 > len(data):
                raise DecodingError("the file ends inside an element", where=self.where, found=f"{self.size} bytes")
            return tag, vr, self.long_of(data, at + 8)[0], at + 12
        if vr in _VRS or (vr.isalpha() and vr.isupper()):
            return tag, vr, self.short_of(data, at + 6)[0], at + 8
        # Some writers put single implicit elements into an explicit data set.
        return tag, b"", self.long_of(data, at + 4)[0], at + 8

    def beyond(self, tag: int, length: int, at: int) -> None:
        """Say that a value runs behind the end of the file."""
        raise DecodingError(
            f"element ({tag >> 16:04x},{tag & 0xFFFF:04x}) runs behind the end of the file",
            where=self.where,
            found=f"{max(self.size - at, 0)} bytes left",
            expected=f"{length} bytes",
        )

    def skip_undefined(self, at: int, explicit: bool) -> int:
        """Behind the end of a sequence of undefined length that begins at ``at``; a counter, no recursion."""
        stack = [("items", explicit)]
        while stack:
            if len(stack) > self.limits.depth * 2:
                raise HostileInputError(
                    "sequences are nested too deep", where=self.where, expected=f"at most {self.limits.depth} levels"
                )
            kind, mode = stack[-1]
            tag, vr, length, value = self.head(at, mode and kind == "elements")
            if tag in (_SEQUENCE_END, _ITEM_END):
                stack.pop()
                at = value
            elif kind == "items":
                if tag != _ITEM:
                    raise DecodingError(
                        "a sequence holds something else than items",
                        where=self.where,
                        found=f"({tag >> 16:04x},{tag & 0xFFFF:04x})",
                        expected="(fffe,e000)",
                    )
                if length == _UNDEFINED:
                    stack.append(("elements", mode))
                    at = value
                else:
                    at = value + length
            elif length == _UNDEFINED:
                # UN of undefined length holds implicit elements, whatever surrounds it (PS3.5, 6.2.2).
                stack.append(("items", mode and vr != b"UN"))
                at = value
            else:
                at = value + length
            if at > self.size:
                self.beyond(tag, length, value)
        return at


def scan(
    data: bytes, meta: Meta, wanted: Container[int], *, size: int, where: str, limits: Limits, start: int | None = None
) -> Scan:
    """Walk the top level up to the pixel data.

    Parameters
    ----------
    data : bytes
        The beginning of the file, as far as it was read.
    size : int
        Size of the whole file.
    wanted : container of tags
        Elements whose values are kept.

    Raises
    ------
    NeedMoreError
        ``data`` ends before the pixels do and is not the whole file.
    DecodingError, HostileInputError
    """
    walker = _Walker(data, meta, size, where, limits)
    values: dict[int, bytes] = {}
    at, available = meta.start if start is None else start, len(data)
    while at < size:
        if at + 8 > size:
            break  # a few stray bytes at the end; a cut inside an element is found where pixels are missed
        tag, vr, length, value = walker.head(at, walker.explicit)
        if tag in _PIXELS:
            return Scan(values, value, -1 if length == _UNDEFINED else length, tag, at, size)
        if length == _UNDEFINED:
            begin = value
            at = walker.skip_undefined(value, walker.explicit and vr != b"UN")
            if tag in wanted:
                values[tag] = data[begin:at]
            continue
        at = value + length
        if at > size:
            walker.beyond(tag, length, value)
        if tag in wanted:
            if at > available:
                raise NeedMoreError
            values[tag] = data[value:at]
    return Scan(values, end=at)
