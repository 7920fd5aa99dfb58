"""DICOM SEG (binary or label map) -> one label map on the grid of its frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, GeometryError, HostileInputError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.read.guard import Limits
from calcimetry.read.limits import check_grid, check_position, unit_axes
from calcimetry.read.names import spoken
from calcimetry.read.ties import mismatch, tie_notes

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["read_seg", "seg_grid"]

_BINARY, _LABELMAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
_SAME_PLACE_MM = 0.01
"""Ours, as for image slices: frames closer than this lie in one plane."""


def read_seg(
    path: Path, volume: Volume, limits: Limits, beside: Mapping[int, Any] | None = None
) -> tuple[NDArray[np.unsignedinteger[Any]], Geometry, dict[int, Any], tuple[Note, ...]]:
    """Labels (slice, row, column), their grid, the segments' names, and what is to be said of it.

    Frames are put in order by position. Planes in which no segment has a frame are filled with zeros where the
    others lie at an even step. ``beside`` holds names that replace the file's. Where two segments of one name
    overlap the lower number stays.

    Raises
    ------
    InputError
        No segmentation, damaged, drawn on another series, planes that form no grid, or segments that overlap.
    """
    ds = _open(path, limits)
    with _refusing(path):
        if wrong := mismatch(ds, volume, path):
            raise wrong
        notes = tie_notes(ds, volume)
        labels, planes, names = _frames(ds, path, limits)
        grid, order = _grid(ds, planes, volume, path)
    out = np.zeros(grid.shape, dtype=labels.dtype)
    called = names if beside is None else beside
    shared: Counter[tuple[int, int]] = Counter()
    for n, at in enumerate(order):
        there, new = out[at], labels[n]
        both = (there > 0) & (new > 0) & (there != new)
        if both.any():
            pairs = np.sort(np.stack([there[both], new[both]]).astype(np.int64), axis=0)
            found, counts = np.unique(pairs, axis=1, return_counts=True)
            shared.update({(int(a), int(b)): int(c) for a, b, c in zip(*found, counts, strict=True)})
            new = np.where(both, np.minimum(there, new), new)
        np.copyto(there, new, where=new > 0)
    _check_overlap({p: n for p, n in shared.items() if called.get(p[0], p[0]) != called.get(p[1], p[1])}, called, path)
    return out, grid, names, notes


def seg_grid(path: Path, volume: Volume, limits: Limits) -> Geometry | None:
    """The grid of a segmentation, without its pixels; ``None`` where it was drawn on another image.

    Raises
    ------
    InputError
        No segmentation, damaged, or planes that form no grid.
    """
    ds = _open(path, limits, pixels=False)
    with _refusing(path):
        if mismatch(ds, volume, path):
            return None
        return _grid(ds, _positions(ds, path), volume, path)[0]


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes the library throw becomes an error of ours; what it warns of is dealt with here."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except GeometryError as error:
        if error.where:
            raise
        raise GeometryError(error.what, where=str(path), found=error.found, expected=error.expected) from error
    except InputError:
        raise
    except RecursionError as error:
        raise HostileInputError("sequences are nested too deep", where=str(path)) from error
    except Exception as error:
        raise DecodingError("the segmentation cannot be read", where=str(path), found=str(error)[:200]) from error


def _check_overlap(shared: Mapping[tuple[int, int], int], names: Mapping[int, Any], path: Path) -> None:
    if not shared:
        return
    (a, b), voxels = max(shared.items(), key=lambda item: (item[1], -item[0][0], -item[0][1]))
    more = f" (and {len(shared) - 1} more pairs)" if len(shared) > 1 else ""
    raise InputError(
        "segments overlap, and a label map cannot hold both",
        where=str(path),
        found=f"{voxels} voxels in both {a} {spoken(names.get(a, ''))} and {b} {spoken(names.get(b, ''))}{more}",
        expected="at most one segment for each voxel",
        remedy="Write these segments to separate files and assess one after the other.",
    )


def _open(path: Path, limits: Limits, *, pixels: bool = True) -> Dataset:
    import warnings

    from pydicom import dcmread

    if path.stat().st_size > limits.file_bytes:
        raise HostileInputError("the file is too large", where=str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source: Any = BytesIO(path.read_bytes()) if pixels else path
            ds = dcmread(source, force=True, stop_before_pixels=not pixels)
            uid, shape = (
                str(ds.get("SOPClassUID", "")),
                (ds.get("NumberOfFrames", 0), ds.get("Rows", 0), ds.get("Columns", 0)),
            )
            frames, rows, columns = (int(n or 0) for n in shape)
    except RecursionError as error:
        raise HostileInputError("sequences are nested too deep", where=str(path)) from error
    except Exception as error:  # whatever a damaged file makes the parser throw
        raise DecodingError("the file cannot be read", where=str(path), found=str(error)[:200]) from error
    if uid not in (_BINARY, _LABELMAP):
        raise InputError("this is no label map", where=str(path), expected="NIfTI, NRRD, MHA or a DICOM segmentation")
    if not (0 < frames <= limits.frames and 0 < rows <= limits.side and 0 < columns <= limits.side):
        raise HostileInputError(
            "the segmentation has an impossible size", where=str(path), found=f"{frames} x {rows} x {columns}"
        )
    if str(ds.get("SegmentationType", "BINARY")).upper() == "FRACTIONAL":
        raise InputError("fractional segmentations are not read", where=str(path), expected="BINARY or LABELMAP")
    return ds


def _frames(
    ds: Dataset, path: Path, limits: Limits
) -> tuple[NDArray[np.unsignedinteger[Any]], list[NDArray[np.float64]], dict[int, Any]]:
    import warnings

    binary = str(ds.SOPClassUID) == _BINARY
    groups, shared = _groups(ds, path)
    frames, rows, columns = len(groups), int(ds.Rows), int(ds.Columns)
    native = not ds.file_meta.TransferSyntaxUID.is_compressed
    if native and 8 * len(ds.PixelData) < frames * rows * columns * int(ds.BitsAllocated):
        raise DecodingError("the pixel data were cut off", where=str(path), found=f"{len(ds.PixelData)} bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels = ds.pixel_array.reshape(frames, rows, columns)
    segments = {
        int(s.SegmentNumber): str(s.get("SegmentLabel", "") or f"segment {s.SegmentNumber}") for s in ds.SegmentSequence
    }
    kind = np.uint8 if max(segments, default=0) <= 255 and int(pixels.max()) <= 255 else np.uint16
    labels: NDArray[np.unsignedinteger[Any]] = pixels.astype(kind)
    if binary:
        for n, group in enumerate(groups):
            numbered = next(
                g.SegmentIdentificationSequence[0] for g in (group, *shared) if "SegmentIdentificationSequence" in g
            )
            labels[n] *= kind(int(numbered.ReferencedSegmentNumber))
    return labels, _positions(ds, path), dict(segments)


def _groups(ds: Dataset, path: Path) -> tuple[list[Dataset], list[Dataset]]:
    """The description of each frame, and of all."""
    groups = list(ds.PerFrameFunctionalGroupsSequence)
    if len(groups) != int(ds.NumberOfFrames):
        raise DecodingError(
            "the frames are not described one by one",
            where=str(path),
            found=f"{len(groups)}",
            expected=f"{ds.NumberOfFrames}",
        )
    return groups, list(ds.get("SharedFunctionalGroupsSequence") or [])[:1]


def _positions(ds: Dataset, path: Path) -> list[NDArray[np.float64]]:
    groups, shared = _groups(ds, path)
    positions: list[NDArray[np.float64]] = []
    for group in groups:
        placed = next(g.PlanePositionSequence[0] for g in (group, *shared) if "PlanePositionSequence" in g)
        position = [float(v) for v in placed.ImagePositionPatient]
        check_position(position, str(path))
        positions.append(np.array(position))
    return positions


def _grid(ds: Dataset, positions: list[NDArray[np.float64]], volume: Volume, path: Path) -> tuple[Geometry, list[int]]:
    """The grid of the frames and the plane of each; the image's own step where one plane alone gives none."""
    groups = [*ds.get("SharedFunctionalGroupsSequence", []), ds.PerFrameFunctionalGroupsSequence[0]]
    turned = next(g.PlaneOrientationSequence[0] for g in groups if "PlaneOrientationSequence" in g)
    measured = next(g.PixelMeasuresSequence[0] for g in groups if "PixelMeasuresSequence" in g)
    given = [float(v) for v in turned.ImageOrientationPatient]
    if unit_axes(given) is None:
        raise GeometryError(
            "the segmentation has no orientation",
            where=str(path),
            found="\\".join(f"{v:g}" for v in given),
            expected="two unit vectors at a right angle",
        )
    values = np.array(given)
    rows_mm, columns_mm = (float(v) for v in measured.PixelSpacing)
    axis = np.cross(values[:3], values[3:])
    if axis[np.argmax(np.abs(axis))] < 0:
        axis = -axis
    depth = np.array([p @ axis for p in positions])
    places = np.unique(np.round(depth / _SAME_PLACE_MM).astype(np.int64)) * _SAME_PLACE_MM
    # Neighbouring planes are a step apart; planes without any segment are left out of the file.
    named = measured.get("SpacingBetweenSlices")
    same_plane = abs(float(axis @ volume.geometry.normal)) > 0.999
    step = volume.geometry.spacing_mm[0] if same_plane else float(named or 0) or float(np.diff(places).min(initial=1.0))
    at = (depth - depth.min()) / step
    if np.abs(at - np.rint(at)).max() > 0.05 and len(places) > 1:
        step = float(np.diff(places).min())
        at = (depth - depth.min()) / step
        if np.abs(at - np.rint(at)).max() > 0.05:
            raise GeometryError(
                "the planes of the segmentation have no even step", where=str(path), found=f"{step:.3f} mm"
            )
    planes = [int(v) for v in np.rint(at)]
    if max(planes) > 20 * (len(positions) + volume.geometry.shape[0]):
        raise HostileInputError("the planes of the segmentation lie too far apart", where=str(path))
    affine = np.eye(4)
    low, high = int(np.argmin(depth)), int(np.argmax(depth))
    span = planes[high] - planes[low]
    affine[:3, 0] = (positions[high] - positions[low]) / span if span else axis * step
    affine[:3, 1], affine[:3, 2] = values[3:] * rows_mm, values[:3] * columns_mm
    affine[:3, 3] = positions[low]
    grid = Geometry((max(planes) + 1, int(ds.Rows), int(ds.Columns)), affine)
    check_grid(grid, str(path))
    return grid, planes
