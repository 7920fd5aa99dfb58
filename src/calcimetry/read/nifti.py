"""NIfTI: the one place where RAS is turned into LPS."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, GeometryError, HostileInputError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.read.guard import Limits, unpacked_limit
from calcimetry.read.limits import check_rescale

__all__ = ["nifti_extension", "nifti_grid", "read_nifti", "write_nifti"]

_HEADER_BYTES = 540
"""The longer one of the two headers."""
_EXTENSION_BYTES = 1 << 20
"""More words than this stand in front of no label map."""


def read_nifti(path: Path, limits: Limits) -> tuple[NDArray[np.generic], Geometry, dict[str, Any]]:
    """Values (slice, row, column), grid in LPS, and the header's words.

    The file's axes (i, j, k) become (column, row, slice); both signs of RAS are turned. Integers without scale
    stay integers.

    Raises
    ------
    InputError
        Damaged, cut off, no position, or larger than the limits.
    """
    import nibabel

    where = str(path)
    data: Any = _bytes(path, limits)
    try:
        kind = nibabel.Nifti1Image if data[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c") else nibabel.Nifti2Image
        image: Any = kind.from_bytes(data)
        shape = tuple(int(n) for n in image.shape)
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        if len(shape) != 3 or min(shape) < 1:
            raise InputError("this is no volume", where=where, found=f"shape {image.shape}", expected="three axes")
        slope, shift = image.dataobj.slope, image.dataobj.inter
        check_rescale(float(slope), float(shift), where)
        scaled = not (slope == 1 and shift == 0)
        whole = float(slope).is_integer() and float(shift).is_integer() and image.get_data_dtype().kind in "iu"
        values = np.asanyarray(image.dataobj.get_unscaled()).reshape(shape)
        if scaled and whole:
            values = values.astype(np.int64) * int(slope) + int(shift)
        elif scaled:
            values = (values * np.float64(slope) + np.float64(shift)).astype(np.float32)
        ras = np.asarray(image.affine, dtype=np.float64)
        words = image.header["descrip"].tobytes().rstrip(b"\0").decode("ascii", "replace")
        described = _described(image.header)
    except InputError:
        raise
    except Exception as error:  # whatever a damaged file makes the library throw
        raise DecodingError("the NIfTI file cannot be read", where=where, found=str(error)[:200]) from error
    array = values.transpose(2, 1, 0)
    return array, _grid(array.shape, ras, described, where), {"description": words}


def nifti_grid(path: Path) -> Geometry:
    """The grid in LPS from the first bytes of the file.

    Raises
    ------
    InputError
        Damaged, no volume, no position.
    """
    import nibabel

    where = str(path)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            data = stream.read(_HEADER_BYTES)
        first = data[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c")
        kind: Any = nibabel.Nifti1Header if first else nibabel.Nifti2Header
        header = kind(data[: kind.template_dtype.itemsize], check=False)
        shape = tuple(int(n) for n in header.get_data_shape())
        ras = np.asarray(header.get_best_affine(), dtype=np.float64)
        described = _described(header)
    except Exception as error:  # whatever a damaged file makes the library throw
        raise DecodingError("the NIfTI file cannot be read", where=where, found=str(error)[:200]) from error
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1:
        raise InputError("this is no volume", where=where, found=f"shape {shape}", expected="three axes")
    return _grid(shape[::-1], ras, described, where)


def nifti_extension(path: Path) -> bytes:
    """What stands between header and voxels, one MiB of it at the most; empty where nothing does.

    Raises
    ------
    InputError
        Damaged.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            data = stream.read(_HEADER_BYTES + _EXTENSION_BYTES)
        return data[: _voxels_begin(data[:_HEADER_BYTES], path)][352:]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodingError("the file is damaged or cut off", where=str(path), found=str(error)) from error


def _voxels_begin(data: bytes, path: Path) -> int:
    """Where the voxels begin; 0 where the header does not say it."""
    import nibabel

    first = data[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c")
    kind: Any = nibabel.Nifti1Header if first else nibabel.Nifti2Header
    try:
        begin = float(kind(data[: kind.template_dtype.itemsize], check=False)["vox_offset"])
    except Exception as error:  # whatever a damaged file makes the library throw
        raise DecodingError("the NIfTI file cannot be read", where=str(path), found=str(error)[:200]) from error
    return int(min(max(begin, 0.0), _HEADER_BYTES + _EXTENSION_BYTES)) if math.isfinite(begin) else 0


def write_nifti(path: Path, values: NDArray[np.generic], grid: Geometry) -> None:
    """An array (slice, row, column) with its grid (LPS) as a NIfTI file."""
    import nibabel

    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine[:, [2, 1, 0, 3]]
    kind: Any = nibabel.Nifti1Image
    nibabel.save(kind(values.transpose(2, 1, 0), ras), path)


def _described(header: Any) -> bool:
    return int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0


def _grid(shape: tuple[int, ...], ras: NDArray[np.float64], described: bool, where: str) -> Geometry:
    if not described:
        raise GeometryError(
            "the NIfTI file gives no position in the patient", where=where, expected="an sform or qform"
        )
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ras
    return Geometry((shape[0], shape[1], shape[2]), lps[:, [2, 1, 0, 3]])


def _bytes(path: Path, limits: Limits) -> bytes | bytearray:
    """The file, unpacked, with the limit held while unpacking."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        if not packed:
            if path.stat().st_size > limits.file_bytes:
                raise HostileInputError("the file is too large", where=str(path))
            return path.read_bytes()
        out, limit = bytearray(), unpacked_limit(path.stat().st_size, limits)
        with gzip.open(path, "rb") as stream:
            while piece := stream.read(1 << 22):
                out += piece
                if len(out) > limit:
                    raise HostileInputError(
                        "the file unpacks to too much", where=str(path), found=f"{len(out) >> 20} MiB"
                    )
        return out
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodingError("the file is damaged or cut off", where=str(path), found=str(error)) from error
