"""NRRD: values and grid. The header is checked against the limits before the library unpacks anything."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, GeometryError, HostileInputError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.read.guard import Limits, unpacked_limit

__all__ = ["nrrd_grid", "read_nrrd"]

# Signs that turn a world into LPS, by the header's space field.
_SPACES = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}


def read_nrrd(path: Path, limits: Limits) -> tuple[NDArray[np.generic], Geometry, dict[str, Any]]:
    """Values (slice, row, column), grid in LPS, header.

    The data must stand in the same file: a header that points to other files is refused.

    Raises
    ------
    InputError
        Damaged, cut off, without position, or larger than the limits.
    """
    import nrrd

    where = str(path)
    try:
        with path.open("rb") as file:
            header = dict(nrrd.read_header(file))
            _check(header, where, path.stat().st_size, limits)
            values = nrrd.read_data(header, file, str(path), index_order="F")
    except (InputError, OSError):
        raise
    except (EOFError, zlib.error) as error:
        raise DecodingError("the file is damaged or cut off", where=where, found=str(error)) from error
    except Exception as error:  # whatever a damaged file makes the library throw
        raise DecodingError("the NRRD file cannot be read", where=where, found=str(error)[:200]) from error
    array = np.asarray(values).transpose(2, 1, 0)
    words = {k: v for k, v in header.items() if isinstance(v, str)}
    return array, _grid(header), words


def nrrd_grid(path: Path, limits: Limits) -> Geometry:
    """The grid in LPS from the header alone.

    Raises
    ------
    InputError
        As :func:`read_nrrd`, as far as the header shows it.
    """
    import nrrd

    where = str(path)
    try:
        with path.open("rb") as file:
            header = dict(nrrd.read_header(file))
        _check(header, where, path.stat().st_size, limits)
        return _grid(header)
    except (InputError, OSError):
        raise
    except Exception as error:  # whatever a damaged file makes the library throw
        raise DecodingError("the NRRD file cannot be read", where=where, found=str(error)[:200]) from error


def _grid(header: dict[str, Any]) -> Geometry:
    signs = _SPACES[str(header["space"]).lower()]
    directions = np.asarray(header["space directions"], dtype=np.float64)
    affine = np.eye(4)
    # NRRD's axes are fastest first: (column, row, slice).
    for axis in range(3):
        affine[:3, 2 - axis] = directions[axis] * signs
    affine[:3, 3] = np.asarray(header["space origin"], dtype=np.float64) * signs
    columns, rows, slices = (int(n) for n in header["sizes"])
    return Geometry((slices, rows, columns), affine)


def _check(header: dict[str, Any], where: str, packed: int, limits: Limits) -> None:
    if any(key in header for key in ("data file", "datafile")):
        raise InputError(
            "the values stand in another file", where=where, remedy="Save header and values in one .nrrd file."
        )
    sizes = [int(n) for n in header.get("sizes", ())]
    if len(sizes) != 3 or min(sizes) < 1:
        raise InputError("this is no volume", where=where, found=f"sizes {sizes}", expected="three axes")
    if header.get("type") == "block" or 8 * sizes[0] * sizes[1] * sizes[2] > limits.volume_bytes:
        raise HostileInputError("the image does not fit the memory limit", where=where, found=f"sizes {sizes}")
    if header.get("encoding") not in ("raw", None) and 4 * sizes[0] * sizes[1] * sizes[2] > unpacked_limit(
        packed, limits
    ):
        raise HostileInputError(
            "the image unpacks to too much", where=where, found=f"sizes {sizes} from {packed} bytes"
        )
    space = str(header.get("space", "")).lower()
    if space not in _SPACES or "space directions" not in header or "space origin" not in header:
        raise GeometryError(
            "the NRRD file gives no position in the patient",
            where=where,
            found=f"space {space or 'none'}",
            expected="space, space directions and space origin",
        )
    if not np.isfinite(np.asarray(header["space directions"], dtype=np.float64)).all():
        raise GeometryError("an axis has no direction", where=where)
