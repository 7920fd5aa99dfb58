"""A plain array with its spacing, as a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.note import Note
from calcimetry.core.study import Study, Subject
from calcimetry.read.checks import rules

__all__ = ["as_hu", "from_array"]


def as_hu(pixels: NDArray[Any], where: str) -> NDArray[Any]:
    """A volume's values in one of the types a :class:`Volume` holds: int16 where they fit, int32, else float32.

    Raises
    ------
    InputError
        Not three axes, empty, or not numbers.
    """
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise InputError(
            "this is no volume", where=where, found=f"shape {pixels.shape}", expected="(slice, row, column)"
        )
    if pixels.dtype == np.bool_ or pixels.dtype.kind not in "iuf":
        raise InputError(
            "the values are no real numbers", where=where, found=str(pixels.dtype), expected="integers or floats"
        )
    if pixels.dtype.kind == "f":
        if not np.isfinite(pixels).all():
            raise InputError("the values are not all numbers", where=where, found="NaN or infinity")
        return pixels.astype(np.float32, copy=False)
    if pixels.dtype == np.int16:
        return pixels
    low, high = int(pixels.min()), int(pixels.max())
    small, large = np.iinfo(np.int16), np.iinfo(np.int32)
    if small.min <= low and high <= small.max:
        return pixels.astype(np.int16)
    if large.min <= low and high <= large.max:
        return pixels.astype(np.int32)
    raise InputError("the values are far outside any HU", where=where, found=f"{low} to {high}")


def file_notes(kvp: float | None) -> tuple[Note, ...]:
    """What an array or a research format cannot tell."""
    notes = [
        Note(
            "header-poor",
            "the format carries no kernel, gating, contrast or slice thickness: these checks were not possible",
            "caution",
        )
    ]
    if kvp is None:
        text = (
            "the header gives no tube voltage: a threshold that depends on it cannot be chosen; state it if you know it"
        )
        notes.append(Note("kvp-missing", text, "caution"))
    return tuple(notes)


def volume_notes(pixels: NDArray[Any], kvp: float | None) -> tuple[tuple[Note, ...], float | None]:
    """Notes on an image without DICOM header, and its padding value."""
    from calcimetry.read.checks import range_notes

    low, high = float(pixels.min()), float(pixels.max())
    limits = rules()["range"]
    padded = (
        low if low <= limits["padding_below_hu"] and float((pixels == low).mean()) >= limits["padding_share"] else None
    )
    notes = (*file_notes(kvp), *range_notes(low, high, padded))
    if len(pixels) == 1:
        text = "one slice only: areas can be measured, volume and score cannot; send the whole series"
        notes = (*notes, Note("single-slice", text, "withheld"))
    return notes, padded


def from_array(
    pixels: ArrayLike,
    spacing_mm: Sequence[float],
    *,
    kvp: float | None = None,
    origin_mm: Sequence[float] = (0.0, 0.0, 0.0),
    affine: ArrayLike | None = None,
    thickness_mm: float | None = None,
    kernel: str | None = None,
    gated: bool | None = None,
    subject: Subject | None = None,
) -> Study:
    """A study from an array of HU.

    Parameters
    ----------
    pixels : (slice, row, column)
        HU; slices from feet to head, rows to the back, columns to the patient's left, unless ``affine`` says else.
    spacing_mm : (float, float, float)
        Step between slices, row pitch, column pitch [mm].
    kvp : float, optional
        Tube voltage [kV], where you know it.
    affine : (4, 4), optional
        Index (slice, row, column, 1) to LPS mm; replaces spacing and origin.

    Raises
    ------
    GeometryError
        The spacing is not three positive numbers.
    InputError
        The array is no volume of real numbers.

    >>> import numpy as np
    >>> from_array(np.zeros((2, 4, 4), np.int16), (3, 0.5, 0.5), kvp=120).images[0].geometry.voxel_mm3
    0.75
    """
    array = as_hu(np.asarray(pixels), "the array")
    spacing = [float(s) for s in spacing_mm]
    if affine is None and (len(spacing) != 3 or not all(np.isfinite(s) and s > 0 for s in spacing)):
        raise GeometryError(
            "the spacing is no spacing", found=str(tuple(spacing_mm)), expected="three positive numbers in mm"
        )
    shape = (int(array.shape[0]), int(array.shape[1]), int(array.shape[2]))
    if affine is None:
        geometry = Geometry.from_spacing(shape, spacing, origin_mm)
    else:
        geometry = Geometry(shape, np.asarray(affine, dtype=np.float64))
    notes, padded = volume_notes(array, kvp)
    taken = Acquisition(
        modality="CT",
        kvp=kvp,
        thickness_mm=thickness_mm,
        kernel=kernel,
        gated=gated,
        hu=not any(n.code == "hu-implausible" for n in notes),
    )
    return Study((Volume("i1", array, geometry, taken, padding_hu=padded, notes=notes),), subject or Subject())
