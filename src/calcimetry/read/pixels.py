"""Stored pixel values of one slice. The decoder of each transfer syntax is named here, once, and guarded.

Which decoder, and why, is measured in the decision record on decoders: another package that happens to be
installed must not change the pixels.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, InputError
from calcimetry.core.extras import need
from calcimetry.read.guard import JPEG_FAMILY, Limits, check_jpeg_end, inflate
from calcimetry.read.header import Slice
from calcimetry.read.place import Place
from calcimetry.read.scan import BIG_ENDIAN, DEFLATED, EXPLICIT, GE_PRIVATE_BIG_ENDIAN, IMPLICIT, read_meta

__all__ = ["LOSSY", "SYNTAX_NAMES", "FrameReader", "is_compressed", "load_decoder"]

_JPEG = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
JPEG_12 = _JPEG + "51"
_JPEG_12_WORDS = "12-bit JPEG (transfer syntax 1.2.840.10008.1.2.4.51)"

DECODERS: dict[str, str] = {
    _JPEG + "50": "gdcm",
    JPEG_12: "imagecodecs",
    _JPEG + "57": "gdcm",
    _JPEG + "70": "gdcm",
    _JPEG + "80": "gdcm",
    _JPEG + "81": "gdcm",
    _JPEG + "90": "gdcm",
    _JPEG + "91": "gdcm",
    _JPEG + "201": "pylibjpeg",
    _JPEG + "202": "pylibjpeg",
    _JPEG + "203": "pylibjpeg",
    RLE: "pylibjpeg",
}

SYNTAX_NAMES: dict[str, str] = {
    IMPLICIT: "uncompressed",
    EXPLICIT: "uncompressed",
    BIG_ENDIAN: "uncompressed, big endian",
    GE_PRIVATE_BIG_ENDIAN: "uncompressed, GE private, big endian pixels",
    DEFLATED: "deflated",
    RLE: "RLE",
    _JPEG + "50": "JPEG baseline (8 bit, lossy)",
    JPEG_12: "JPEG extended (12 bit, lossy)",
    _JPEG + "53": "JPEG spectral selection (process 6 and 8, lossy)",
    _JPEG + "55": "JPEG full progression (process 10 and 12, lossy)",
    _JPEG + "57": "JPEG lossless (process 14)",
    _JPEG + "70": "JPEG lossless (first-order prediction)",
    _JPEG + "80": "JPEG-LS lossless",
    _JPEG + "81": "JPEG-LS near-lossless (lossy)",
    _JPEG + "90": "JPEG 2000 lossless",
    _JPEG + "91": "JPEG 2000 (lossy)",
    _JPEG + "201": "HTJ2K lossless",
    _JPEG + "202": "HTJ2K lossless, RPCL",
    _JPEG + "203": "HTJ2K (lossy)",
}

LOSSY = frozenset(_JPEG + n for n in ("50", "51", "53", "55", "81", "91", "203"))
"""Syntaxes that are lossy, or (.91, .203) may be and do not say: they count as lossy unless the header denies it."""

_NATIVE = frozenset((IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, GE_PRIVATE_BIG_ENDIAN))


def is_compressed(syntax: str) -> bool:
    """Whether decoding costs enough to be worth a second process."""
    return syntax in DECODERS or syntax == DEFLATED


def check_readable(syntax: str, where: str) -> None:
    """Refuse by name a transfer syntax that no decoder here reads.

    Raises
    ------
    DecodingError
    """
    if syntax in _NATIVE or syntax in DECODERS:
        return
    raise DecodingError(
        "nobody here can decode these pixels",
        where=where,
        found=f"{SYNTAX_NAMES.get(syntax, 'an unknown transfer syntax')} {syntax}",
        remedy="Send the series uncompressed or as JPEG-LS, JPEG 2000 or RLE.",
    )


def load_decoder(syntax: str) -> None:
    """Import what decoding this syntax needs, so that processes forked from here have it."""
    if DECODERS.get(syntax) == "imagecodecs":
        need("imagecodecs", for_=_JPEG_12_WORDS)
    elif syntax in DECODERS:
        from pydicom.pixels.decoders.base import get_decoder
        from pydicom.uid import UID

        get_decoder(UID(syntax))


class FrameReader:
    """Stored values of slices, one file at a time: a multi-frame file is read and taken apart once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._place: Place | None = None
        self._frames: list[bytes | list[memoryview]] = []
        self._inflated: bytes | bytearray = b""

    def values(self, one: Slice) -> NDArray[np.generic]:
        """Stored values (row, column) of one slice, before rescale.

        Raises
        ------
        DecodingError
            Cut off, damaged, or no decoder.
        """
        common = one.common
        check_readable(common.syntax, one.place.name)
        if self._place is not one.place:
            self._place, self._frames, self._inflated = one.place, [], b""
        if common.syntax in _NATIVE:
            return _cleaned(self._native(one), one)
        if not self._frames:
            self._frames = _frames(one, self.limits)
        pieces = self._frames[one.frame]
        frame = pieces if isinstance(pieces, bytes) else b"".join(pieces)
        if common.syntax in JPEG_FAMILY:
            check_jpeg_end(frame, one.place.name)
        return _cleaned(_decode(frame, one), one)

    def _native(self, one: Slice) -> NDArray[np.generic]:
        common, where = one.common, one.place.name
        big = common.syntax in (BIG_ENDIAN, GE_PRIVATE_BIG_ENDIAN)
        kind = {8: "1", 16: "2", 32: "4"}.get(common.bits_allocated)
        if kind is None:
            raise DecodingError("the pixels have an unknown depth", where=where, found=f"{common.bits_allocated} bits")
        dtype = np.dtype((">" if big else "<") + ("i" if common.signed else "u") + kind)
        count = common.rows * common.columns
        start, size = one.offset + one.frame * count * dtype.itemsize, count * dtype.itemsize
        if common.syntax == DEFLATED:
            if not self._inflated:
                self._inflated = _inflated(one, one.offset + common.frames * size, self.limits)
            data = self._inflated[start : start + size]
        else:
            data = one.place.read(start, size)
        if len(data) < size:
            raise DecodingError(
                "the pixel data were cut off", where=where, found=f"{len(data)} bytes", expected=f"{size} bytes"
            )
        array = np.frombuffer(data, dtype).reshape(common.rows, common.columns)
        return array.astype(dtype.newbyteorder("=")) if big else array


def _inflated(one: Slice, size: int, limits: Limits) -> bytes | bytearray:
    """The data set up to the end of its pixels. To its end, so that a file that was cut is noticed."""
    where = one.place.name
    meta = read_meta(one.place.read(0, 1 << 16), where)
    if meta is None:
        raise DecodingError("the file changed while it was read", where=where)
    return inflate(one.place.read(meta.start), where, limit=size + limits.deflated_tail_bytes)


def _items(data: bytes, where: str) -> Iterator[memoryview]:
    """Items of an encapsulated pixel element: the offset table first, then the fragments."""
    at, view = 0, memoryview(data)
    while True:
        if at + 8 > len(view):
            raise DecodingError(
                "the compressed pixel data were cut off",
                where=where,
                found="the file's end",
                expected="a sequence delimiter",
            )
        group, element, length = struct.unpack_from("<HHI", view, at)
        if (group, element) == (0xFFFE, 0xE0DD):
            return
        if (group, element) != (0xFFFE, 0xE000) or at + 8 + length > len(view):
            raise DecodingError(
                "the compressed pixel data are damaged or cut off", where=where, found=f"item of {length} bytes"
            )
        yield view[at + 8 : at + 8 + length]
        at += 8 + length


def _frames(one: Slice, limits: Limits) -> list[bytes | list[memoryview]]:
    """The encoded frames of one file, each as its fragments."""
    where, frames = one.place.name, one.common.frames
    if one.place.size - one.offset > limits.file_bytes:
        raise DecodingError("the file is too large to be read whole", where=where, found=f"{one.place.size} bytes")
    items = list(_items(one.place.read(one.offset), where))
    if len(items) < 2:
        raise DecodingError("there is no compressed frame", where=where)
    table, fragments = items[0], items[1:]
    if frames == 1:
        return [fragments]
    if len(fragments) == frames:
        return [[f] for f in fragments]
    groups: list[bytes | list[memoryview]] = []
    starts = set(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))
    current: list[memoryview] = []
    at = 0
    for fragment in fragments:
        # By the offset table; without one, a frame of the JPEG family ends where its end marker stands.
        if at in starts and current:
            groups.append(current)
            current = []
        current.append(fragment)
        at += 8 + len(fragment)
        if not starts and bytes(fragment[-16:]).rstrip(b"\0").endswith(b"\xff\xd9"):
            groups.append(current)
            current = []
    if current:
        groups.append(current)
    if len(groups) != frames or (not starts and one.common.syntax not in JPEG_FAMILY):
        raise DecodingError(
            "the frames cannot be told apart",
            where=where,
            found=f"{len(fragments)} fragments",
            expected=f"{frames} frames",
        )
    return groups


def _decode(frame: bytes, one: Slice) -> NDArray[np.generic]:
    """Hand the frame to the named decoder; whatever it throws becomes one error of ours."""
    common, where = one.common, one.place.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = _imagecodecs(frame) if DECODERS[common.syntax] == "imagecodecs" else _plugin(frame, one)
    except (KeyboardInterrupt, SystemExit, InputError):
        raise
    except MemoryError as error:
        raise DecodingError("the frame asks for too much memory", where=where) from error
    except BaseException as error:  # the RLE decoder's panic is a BaseException
        if type(error).__name__ == "MissingExtraError":
            raise
        what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        if "'NoneType' object has no attribute 'encode'" in what:
            what = "the decoder gave nothing back"
        raise DecodingError("the compressed frame is damaged", where=where, found=what) from None
    if array.shape != (common.rows, common.columns):
        raise DecodingError(
            "the compressed frame has another size than the header says",
            where=where,
            found=f"{array.shape}",
            expected=f"({common.rows}, {common.columns})",
        )
    return array


def _imagecodecs(frame: bytes) -> NDArray[np.generic]:
    codecs = need("imagecodecs", for_=_JPEG_12_WORDS)
    found: NDArray[np.generic] = codecs.jpeg_decode(frame)
    return found


def _plugin(frame: bytes, one: Slice) -> NDArray[np.generic]:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    common = one.common
    described: Any = {
        "rows": common.rows,
        "columns": common.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": common.bits_allocated,
        "bits_stored": common.bits_stored,
        "photometric_interpretation": "MONOCHROME2",
        "pixel_representation": int(common.signed),
        "pixel_keyword": "PixelData",
    }
    array, _ = get_decoder(UID(common.syntax)).as_array(
        encapsulate([frame], has_bot=False), index=0, raw=True, decoding_plugin=DECODERS[common.syntax], **described
    )
    return array


def _cleaned(array: NDArray[np.generic], one: Slice) -> NDArray[np.generic]:
    """Only the stored bits: overlay bits above (or below) them are dropped, the sign is carried up."""
    common = one.common
    bits, width = common.bits_stored, array.dtype.itemsize * 8
    if bits >= width:
        return array
    shift = common.high_bit + 1 - bits
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if common.signed else (0, (1 << bits) - 1)
    if shift <= 0 and low <= int(array.min()) and int(array.max()) <= high:
        return array
    up = width - bits - max(shift, 0)
    if up < 0:
        raise DecodingError(
            "the bits of a pixel contradict each other", where=one.place.name, found=f"high bit {common.high_bit}"
        )
    signed = array.astype(array.dtype) << up
    return np.asarray(signed >> (width - bits))
