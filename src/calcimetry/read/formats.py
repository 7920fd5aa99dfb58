"""Research formats by their ending: one file, one image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, SliceSource, Volume
from calcimetry.core.note import Note
from calcimetry.read.array import as_hu, volume_notes
from calcimetry.read.checks import rules
from calcimetry.read.guard import Limits
from calcimetry.read.limits import check_grid, plausible_spacing

__all__ = ["VOLUME_FORMATS", "read_grid", "read_head", "upright", "volume_file"]

VOLUME_FORMATS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


def read_grid(path: Path, limits: Limits) -> tuple[NDArray[np.generic], Geometry, dict[str, Any]]:
    """Values, grid in LPS and header of a NIfTI, NRRD, MHA or MHD file.

    Raises
    ------
    InputError
        Unknown ending, damaged, cut off, without position, or a position where no scanner is.
    """
    name = path.name.lower()
    with _naming(path):
        if name.endswith((".nii", ".nii.gz")):
            from calcimetry.read.nifti import read_nifti

            found = read_nifti(path, limits)
        elif name.endswith((".nrrd", ".nhdr")):
            from calcimetry.read.nrrd import read_nrrd

            found = read_nrrd(path, limits)
        else:
            from calcimetry.read.mha import read_mha

            _check_ending(path)
            found = read_mha(path, limits)
        check_grid(found[1], str(path))
    return found


def read_head(path: Path, limits: Limits) -> Geometry:
    """The grid in LPS alone; values are not unpacked.

    Raises
    ------
    InputError
        As :func:`read_grid`, as far as the header shows it.
    """
    name = path.name.lower()
    with _naming(path):
        if name.endswith((".nii", ".nii.gz")):
            from calcimetry.read.nifti import nifti_grid

            found = nifti_grid(path)
        elif name.endswith((".nrrd", ".nhdr")):
            from calcimetry.read.nrrd import nrrd_grid

            found = nrrd_grid(path, limits)
        else:
            from calcimetry.read.mha import mha_grid

            _check_ending(path)
            found = mha_grid(path)
        check_grid(found, str(path))
    return found


def _check_ending(path: Path) -> None:
    if not path.name.lower().endswith((".mha", ".mhd")):
        raise InputError(
            "the ending names no format that is read here",
            where=str(path),
            expected=".nii, .nii.gz, .nrrd, .mha, .mhd or DICOM",
        )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """A grid that spans no volume is refused where it is built; here the file is added."""
    try:
        yield
    except GeometryError as error:
        if error.where:
            raise
        raise GeometryError(error.what, where=str(path), found=error.found, expected=error.expected) from error


def upright(array: NDArray[np.generic], grid: Geometry) -> tuple[NDArray[np.generic], Geometry]:
    """The same voxels with the axes turned and flipped so that slices run along the patient axis that the file's
    slowest axis is closest to, rising; rows and columns are only flipped where slices are axial.

    Values are moved, never interpolated.
    """
    affine = grid.affine.copy()
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    closest = np.argmax(np.abs(directions), axis=0)
    if sorted(closest) == [0, 1, 2]:
        order = [int(np.flatnonzero(closest == axis)[0]) for axis in (2, 1, 0)]
        array = array.transpose(order)
        affine = affine[:, [*order, 3]]
    for axis in range(3):
        along = affine[:3, axis]
        if along[np.argmax(np.abs(along))] < 0:
            affine[:3, 3] += along * (array.shape[axis] - 1)
            affine[:3, axis] = -along
            array = np.flip(array, axis)
    return array, Geometry((array.shape[0], array.shape[1], array.shape[2]), affine, grid.frame_uid)


def volume_file(path: Path, limits: Limits) -> Volume:
    """One image from one file of a research format; tube voltage and all else the format lacks stay unknown."""
    values, grid, words = read_grid(path, limits)
    values, grid = upright(values, grid)
    pixels = np.ascontiguousarray(as_hu(values, str(path)))
    kvp = words.get("kvp")
    notes, padded = volume_notes(pixels, kvp)
    if not all(map(plausible_spacing, grid.spacing_mm)):
        low, high = rules()["plausible"]["spacing_mm"]
        found = " x ".join(f"{mm:.4g}" for mm in grid.spacing_mm)
        text = (
            f"{path.name}: the spacing is none of a CT of a body (found {found} mm, "
            f"expected {low:g} to {high:g} mm each): no volume or score"
        )
        notes = (*notes, Note("spacing-implausible", text, "withheld"))
    taken = Acquisition(
        modality="CT",
        kvp=kvp,
        hu=not any(n.code == "hu-implausible" for n in notes),
        series_description=str(words.get("description") or "") or None,
    )
    sources = tuple(SliceSource(str(path), frame=n) for n in range(len(pixels)))
    return Volume("i1", pixels, grid, taken, sources, padded, notes)
