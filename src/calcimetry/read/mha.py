"""MetaImage (.mha, .mhd): a text header and raw or zlib-packed values. World is LPS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, GeometryError, HostileInputError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.read.guard import Limits, inflate, unpacked_limit

__all__ = ["mha_grid", "read_mha"]

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_HEADER_BYTES = 1 << 16


def read_mha(path: Path, limits: Limits) -> tuple[NDArray[np.generic], Geometry, dict[str, Any]]:
    """Values (slice, row, column), grid in LPS, header.

    Raises
    ------
    InputError
        Damaged, cut off, no volume, or values in a file outside the header's folder.
    """
    where = str(path)
    head, start = _header(path)
    grid, dtype = _understood(head, where)
    slices, rows, columns = grid.shape
    needed = slices * rows * columns * dtype.itemsize
    if needed > limits.volume_bytes:
        raise HostileInputError(
            "the image does not fit the memory limit", where=where, found=f"sizes {[columns, rows, slices]}"
        )
    data = _data(path, head, start, needed, limits)
    array = np.frombuffer(data, dtype).reshape(grid.shape).astype(dtype.newbyteorder("="), copy=False)
    return array, grid, dict(head)


def mha_grid(path: Path) -> Geometry:
    """The grid in LPS from the header alone.

    Raises
    ------
    InputError
        As :func:`read_mha`, as far as the header shows it.
    """
    return _understood(_header(path)[0], str(path))[0]


def _understood(head: dict[str, str], where: str) -> tuple[Geometry, np.dtype[np.generic]]:
    try:
        sizes = [int(v) for v in head["DimSize"].split()]
        dtype: np.dtype[np.generic] = np.dtype(
            (">" if _true(head, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<") + _TYPES[head["ElementType"]]
        )
        spacing = _numbers(head, ("ElementSpacing", "ElementSize"), 3, (1.0, 1.0, 1.0))
        origin = _numbers(head, ("Offset", "Position", "Origin"), 3, (0.0, 0.0, 0.0))
        turn = np.reshape(
            _numbers(head, ("TransformMatrix", "Rotation", "Orientation"), 9, tuple(np.eye(3).ravel())), (3, 3)
        )
    except (KeyError, ValueError) as error:
        raise DecodingError("the MetaImage header cannot be understood", where=where, found=str(error)) from error
    if len(sizes) != 3 or min(sizes) < 1 or head.get("ElementNumberOfChannels", "1") != "1":
        raise InputError("this is no volume", where=where, found=f"sizes {sizes}", expected="three axes, one channel")
    if not all(s > 0 for s in spacing):
        raise GeometryError(
            "the spacing is no spacing", where=where, found=str(spacing), expected="three positive numbers"
        )
    affine = np.eye(4)
    # One row of the matrix is the direction of one axis, fastest first: (column, row, slice).
    for axis in range(3):
        affine[:3, 2 - axis] = turn[axis] * spacing[axis]
    affine[:3, 3] = origin
    return Geometry((sizes[2], sizes[1], sizes[0]), affine), dtype


def _header(path: Path) -> tuple[dict[str, str], int]:
    with path.open("rb") as file:
        text = file.read(_HEADER_BYTES)
    head: dict[str, str] = {}
    at = 0
    while at < len(text) and "ElementDataFile" not in head:
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        name, equals, value = text[at:end].partition(b"=")
        if not equals:
            break
        head[name.decode("ascii", "replace").strip()] = value.decode("utf-8", "replace").strip()
        at = end + 1
    if "ElementDataFile" not in head:
        raise DecodingError("this is no MetaImage header", where=str(path), expected="ElementDataFile at its end")
    return head, at


def _data(path: Path, head: dict[str, str], start: int, needed: int, limits: Limits) -> bytes | bytearray:
    named = head["ElementDataFile"]
    source, where = path, str(path)
    if named != "LOCAL":
        if "/" in named or "\\" in named or named in ("", ".", "..", "LIST") or "%" in named:
            raise InputError(
                "the values must stand beside the header", where=where, found=named, expected="a file name"
            )
        source, start = path.with_name(named), 0
        if source.is_symlink() or not source.is_file():
            raise InputError("the file with the values is missing", where=where, found=named)
    packed = _true(head, "CompressedData")
    with source.open("rb") as file:
        file.seek(start)
        if packed:
            # zlib adds two bytes before and a checksum behind the deflated data
            packed_data = file.read()
            limit = min(needed, unpacked_limit(len(packed_data), limits))
            data: bytes | bytearray = inflate(packed_data[2:], where, limit=limit)
        else:
            data = file.read(needed)
    if len(data) < needed:
        raise DecodingError(
            "the values were cut off", where=where, found=f"{len(data)} bytes", expected=f"{needed} bytes"
        )
    return data


def _true(head: dict[str, str], *names: str) -> bool:
    return any(head.get(n, "").lower() == "true" for n in names)


def _numbers(head: dict[str, str], names: tuple[str, ...], count: int, default: tuple[float, ...]) -> tuple[float, ...]:
    text = next((head[n] for n in names if n in head), None)
    if text is None:
        return default
    found = tuple(float(v) for v in text.split())
    if len(found) != count or not np.isfinite(found).all():
        raise ValueError(f"{names[0]} = {text[:60]}")
    return found
