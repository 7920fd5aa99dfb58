"""Label maps that the user gives: on the image's own grid, or brought to it by position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import GeometryError, InputError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.read.formats import VOLUME_FORMATS, read_grid
from calcimetry.read.guard import Limits
from calcimetry.read.words import unknown_word

__all__ = ["regions_file"]

Sites = Mapping[str, tuple[str, ...]]
"""Site word -> allowed structure names; an empty tuple where they are free."""


def regions_file(
    path: str | Path, volume: Volume, *, sites: Sites | None = None, limits: Limits | None = None
) -> Regions:
    """Read a label map for an image.

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
        Unreadable, names that are not known (the three nearest are listed), labels that are no whole numbers.
    GeometryError
        Map and image do not overlap.
    """
    where, limits = Path(path), limits or Limits()
    if not where.is_file():
        raise InputError("there is no such label map", where=str(where))
    if where.name.lower().endswith(VOLUME_FORMATS):
        values, grid, header = read_grid(where, limits)
        labels, names = _as_labels(values, where), _header_names(header)
    else:
        from calcimetry.read.seg import read_seg

        labels, grid, names = read_seg(where, volume, limits)
    beside = _beside(where)
    if beside is not None:
        names = _json_names(beside)
    labels = _on_grid(labels, grid, volume.geometry, where)
    present = [int(v) for v in np.flatnonzero(np.bincount(labels.reshape(-1))) if v]
    if not present:
        raise InputError("the label map is empty where the image lies", where=str(where), expected="labels above 0")
    regions = tuple(_region(label, names.get(label), where, sites) for label in present)
    return Regions(volume.id, labels, volume.geometry, regions)


def _as_labels(values: NDArray[np.generic], where: Path) -> NDArray[np.unsignedinteger[Any]]:
    """Whole numbers from 0 to 65535, in the smallest type."""
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


def _on_grid(
    labels: NDArray[np.unsignedinteger[Any]], grid: Geometry, wanted: Geometry, where: Path
) -> NDArray[np.unsignedinteger[Any]]:
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
        near = [np.rint(a).astype(np.int64) for a in at]
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


def _beside(path: Path) -> Path | None:
    """``MAP.json`` for ``MAP.nii.gz`` and the like."""
    stem = path.name
    for ending in (*VOLUME_FORMATS, ".dcm"):
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
            break
    found = path.with_name(stem + ".json")
    return found if found.is_file() else None


def _json_names(path: Path) -> dict[int, Any]:
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
        return {int(label): value for label, value in named.items()}
    except (ValueError, AttributeError, RecursionError, OSError) as error:
        raise InputError(
            "the names of the labels cannot be read",
            where=str(path),
            found=str(error)[:120],
            expected='{"1": {"site": "...", "structure": "..."}, "2": "name"}',
        ) from error


def _header_names(header: Mapping[str, Any]) -> dict[int, Any]:
    """Names of segments that 3D Slicer writes into an NRRD header."""
    names: dict[int, Any] = {}
    for key, value in header.items():
        if key.startswith("Segment") and key.endswith("_LabelValue"):
            name = header.get(key.removesuffix("_LabelValue") + "_Name")
            if name and str(value).isdigit():
                names[int(value)] = str(name)
    return names


def _region(label: int, named: Any, where: Path, sites: Sites | None) -> Region:
    if named is None:
        return Region(label, f"region {label}", "unassigned", f"region {label}", source="given")
    if isinstance(named, str) and named.strip():
        return Region(label, named, "unassigned", named, source="given")
    if not isinstance(named, Mapping) or not isinstance(named.get("site"), str):
        raise InputError(
            f"the name of label {label} cannot be understood",
            where=str(where),
            found=str(named)[:80],
            expected='a text, or {"site": ..., "structure": ...}',
        )
    unknown = sorted(set(named) - {"site", "structure", "name"})
    if unknown:
        raise unknown_word("key", unknown[0], ("site", "structure", "name"), str(where))
    site, structure = named["site"], named.get("structure")
    if structure is not None and not isinstance(structure, str):
        raise InputError(f"the structure of label {label} is no text", where=str(where), found=str(structure)[:80])
    if sites is not None:
        if site not in sites:
            raise unknown_word("site", site, sites, str(where))
        if structure and sites[site] and structure not in sites[site]:
            raise unknown_word(f"structure of {site}", structure, sites[site], str(where))
    name = named.get("name") or structure or site
    return Region(label, str(name), site, structure or None, source="given")
