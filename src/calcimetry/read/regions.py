"""Label maps that the user gives: on the image's own grid, or brought to it by position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.read.formats import VOLUME_FORMATS, read_grid, read_head
from calcimetry.read.guard import Limits
from calcimetry.read.names import Sites, check_count, header_names, json_names, name_notes, region

__all__ = ["as_labels", "beside_json", "grid_matches", "on_grid", "regions_file", "regions_with_notes"]

_SAME_VOXEL = 0.05
"""Ours: centres that lie closer than this part of a voxel are one voxel; formats round directions and origins."""


def regions_file(
    path: str | Path, volume: Volume, *, sites: Sites | None = None, limits: Limits | None = None
) -> Regions:
    """Read a label map for an image; what is to be said of it is left to :func:`regions_with_notes`.

    Parameters
    ----------
    path : path
        NIfTI, NRRD, MHA or a DICOM SEG. Names come from ``<name>.json`` beside it, from the header, or are
        ``region 1``, ``region 2``.
    volume : Volume
        The image; a map on another grid is brought to it by position, nearest voxel.
    sites : mapping, optional
        The site words that may be named, with their structures. None: not checked.

    Raises
    ------
    InputError
        Unreadable, names that are not known (the three nearest are listed), labels that are no whole numbers or too
        many, segments that overlap, a DICOM SEG that was drawn on another series.
    GeometryError
        Map and image do not overlap, or lie in different frames of reference.
    """
    return regions_with_notes(path, volume, sites=sites, limits=limits)[0]


def regions_with_notes(
    path: str | Path, volume: Volume, *, sites: Sites | None = None, limits: Limits | None = None
) -> tuple[Regions, tuple[Note, ...]]:
    """The label map of :func:`regions_file`, and what must be known of it.

    Returns
    -------
    regions : Regions
    notes : tuple of Note
        ``regions-not-tied``: placed by position alone; ``regions-names``: names without label or label without name.

    Raises
    ------
    InputError, GeometryError
        As :func:`regions_file`.
    """
    where, limits = Path(path), limits or Limits()
    _check_there(where)
    beside = beside_json(where)
    given = json_names(beside) if beside is not None else None
    notes: tuple[Note, ...] = ()
    if where.name.lower().endswith(VOLUME_FORMATS):
        values, grid, header = read_grid(where, limits)
        labels, names = as_labels(values, where), header_names(header)
    else:
        from calcimetry.read.seg import read_seg

        labels, grid, names, notes = read_seg(where, volume, limits, given)
    names = names if given is None else given
    check_count(int(np.count_nonzero(np.bincount(labels.reshape(-1))[1:])), where)
    labels = on_grid(labels, grid, volume.geometry, where)
    present = [int(v) for v in np.flatnonzero(np.bincount(labels.reshape(-1))) if v]
    if not present:
        raise InputError("the label map is empty where the image lies", where=str(where), expected="labels above 0")
    named_in = beside or where
    regions = tuple(region(label, names.get(label), named_in, sites) for label in present)
    return Regions(volume.id, labels, volume.geometry, regions), (*notes, *name_notes(names, present))


def grid_matches(path: str | Path, volume: Volume, *, limits: Limits | None = None) -> bool:
    """Whether a label map lies on this image's own grid, so that no voxel has to be moved. Reads headers only.

    True where each voxel of the map has the place of a voxel of the image, in whatever order and direction its axes
    run; a map of a part of the image is on its grid, too. A DICOM SEG that names another series is not.

    Raises
    ------
    InputError
        The file is missing or cannot be read.
    """
    where, limits = Path(path), limits or Limits()
    _check_there(where)
    if where.name.lower().endswith(VOLUME_FORMATS):
        grid = read_head(where, limits)
    else:
        from calcimetry.read.seg import seg_grid

        lies = seg_grid(where, volume, limits)
        if lies is None:
            return False
        grid = lies
    step = np.linalg.inv(volume.geometry.affine) @ grid.affine
    # Each axis of the map runs along one of the image, by one voxel at a time.
    turned = np.rint(np.clip(step[:3, :3], -2, 2))
    if not (np.abs(turned).sum(axis=0) == 1).all() or not (np.abs(turned).sum(axis=1) == 1).all():
        return False
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij")).reshape(3, -1).T
    at = corners @ step[:3, :3].T + step[:3, 3]
    near = np.rint(at)
    inside = (near >= 0).all() and (near < np.array(volume.geometry.shape)).all()
    return bool(inside and np.abs(at - near).max() <= _SAME_VOXEL)


def _check_there(where: Path) -> None:
    if not where.is_file():
        raise InputError("there is no such label map", where=str(where))


def as_labels(values: NDArray[np.generic], where: Path) -> NDArray[np.unsignedinteger[Any]]:
    """Whole numbers from 0 to 65535, in the smallest type.

    Raises
    ------
    InputError
        They are others.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 65535):
        raise InputError(
            "these are no labels", where=str(where), found=f"values from {low:g} to {high:g}", expected="0 to 65535"
        )
    kind = np.uint8 if high <= 255 else np.uint16
    whole: NDArray[np.unsignedinteger[Any]] = values.astype(kind)
    if values.dtype.kind == "f" and not np.array_equal(values, whole):
        raise InputError("these are no labels", where=str(where), found="fractions", expected="whole numbers")
    return whole


def on_grid(
    labels: NDArray[np.unsignedinteger[Any]], grid: Geometry, wanted: Geometry, where: Path
) -> NDArray[np.unsignedinteger[Any]]:
    """Labels of one grid on another, by position, nearest voxel.

    Raises
    ------
    GeometryError
        They do not overlap.
    """
    if grid.same_grid_as(wanted):
        return np.ascontiguousarray(labels)
    out = np.zeros(wanted.shape, dtype=labels.dtype)
    # wanted index -> position -> index in the map: one affine step, evaluated slice by slice to spare memory
    step = np.linalg.inv(grid.affine) @ wanted.affine
    j, i = np.meshgrid(np.arange(wanted.shape[1]), np.arange(wanted.shape[2]), indexing="ij")
    shape = np.array(grid.shape)
    hit = False
    for k in range(wanted.shape[0]):
        at = [step[a, 0] * k + step[a, 1] * j + step[a, 2] * i + step[a, 3] for a in range(3)]
        # (far outside the map the index may be larger than an integer holds)
        near = [np.rint(np.clip(a, -1, n)).astype(np.int64) for a, n in zip(at, shape, strict=True)]
        inside = np.logical_and.reduce([(n >= 0) & (n < s) for n, s in zip(near, shape, strict=True)])
        if inside.any():
            hit = True
            out[k][inside] = labels[near[0][inside], near[1][inside], near[2][inside]]
    if not hit:
        raise GeometryError(
            "the label map and the image do not overlap",
            where=str(where),
            found=f"map {_extent(grid)}",
            expected=f"image {_extent(wanted)}",
            remedy="Was it drawn on another series, or are its axes turned?",
        )
    return out


def _extent(grid: Geometry) -> str:
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape], indexing="ij")).reshape(3, -1).T
    points = grid.to_lps_mm(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    return ", ".join(f"{axis} {a:.0f} to {b:.0f}" for axis, a, b in zip("xyz", low, high, strict=True)) + " mm"


def beside_json(path: Path) -> Path | None:
    """``MAP.json`` for ``MAP.nii.gz`` and the like."""
    stem = path.name
    for ending in (*VOLUME_FORMATS, ".dcm"):
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
            break
    found = path.with_name(stem + ".json")
    return found if found.is_file() else None
