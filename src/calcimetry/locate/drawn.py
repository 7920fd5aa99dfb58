"""Regions drawn by hand: spheres, cylinders, boxes and polygons, as plain dictionaries (from JSON)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import UnknownIdError, UsageError
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions

__all__ = ["drawn"]

Bits = NDArray[np.bool_]
Points = NDArray[np.float64]

_KEYS = {
    "sphere": {"center", "radius_mm"},
    "cylinder": {"start", "end", "radius_mm"},
    "box": {"from", "to"},
    "polygon": {"points", "slices"},
}
_COMMON = {"shape", "units", "name", "site", "structure"}


def drawn(shapes: Iterable[Mapping[str, Any]], volume: Volume) -> Regions:
    """Shapes as regions on the volume's own grid; a later shape lies over an earlier one.

    Parameters
    ----------
    shapes : iterable of dict
        Each with ``shape`` and, for

        - ``sphere``: ``center``, ``radius_mm``;
        - ``cylinder``: ``start``, ``end`` (ends of the axis), ``radius_mm``;
        - ``box``: ``from``, ``to`` (opposite corners, both inside; edges along the image's axes);
        - ``polygon``: ``points`` (row, column) pairs in a plane of the image, ``slices`` [first, last], both inside;
          always in index units.

        ``units`` is ``mm`` (patient space, LPS; the default) or ``index`` (slice, row, column). ``name`` names the
        region; shapes of one name, site and structure are one region. ``site`` defaults to ``unassigned`` and
        ``structure`` to the name.
    volume : Volume

    Returns
    -------
    Regions
        uint16 labels; source ``given``. A voxel belongs to a shape when its centre does.

    Raises
    ------
    UsageError
        A shape is unknown, lacks a key, has one too many, or a value that is no number.

    Examples
    --------
    >>> from calcimetry.core.image import Acquisition
    >>> grid = Geometry.from_spacing((3, 8, 8), (1, 1, 1))
    >>> image = Volume("i1", np.zeros(grid.shape, np.int16), grid, Acquisition("CT"))
    >>> drawn([{"shape": "sphere", "center": [4, 4, 1], "radius_mm": 1, "name": "A"}], image).labels.sum().item()
    7
    """
    grid = volume.geometry
    labels = np.zeros(grid.shape, dtype=np.uint16)
    regions: dict[tuple[str, str, str], Region] = {}
    for number, shape in enumerate(shapes, start=1):
        kind = _checked(shape, number)
        name = str(shape.get("name", f"{kind} {number}"))
        key = (name, str(shape.get("site", "unassigned")), str(shape.get("structure", name)))
        region = regions.setdefault(key, Region(len(regions) + 1, name, key[1], key[2], "given"))
        box, inside = _FILL[kind](shape, grid, number)
        labels[box][inside] = region.label
    return Regions(volume.id, labels, grid, tuple(regions.values()))


def _checked(shape: Mapping[str, Any], number: int) -> str:
    kind = str(shape.get("shape", ""))
    if kind not in _KEYS:
        raise UnknownIdError("shape", kind, _KEYS)
    missing = _KEYS[kind] - shape.keys()
    extra = shape.keys() - _KEYS[kind] - _COMMON
    if missing or extra:
        raise UsageError(
            f"shape {number} ({kind}): missing {sorted(missing) or 'nothing'}, not known {sorted(extra) or 'nothing'}"
        )
    if shape.get("units", "mm") not in ("mm", "index"):
        raise UsageError(f"shape {number} ({kind}): units {shape['units']!r}; expected 'mm' or 'index'")
    return kind


def _numbers(value: Any, number: int, what: str, size: tuple[int, ...]) -> Points:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.full(1, np.nan)
    fits = array.ndim == len(size) and all(s in (-1, n) for s, n in zip(size, array.shape, strict=True))
    if not fits or not np.isfinite(array).all():
        raise UsageError(
            f"shape {number}: {what} {value!r}; expected {'x'.join(map(str, size)) or 'one'} finite numbers"
        )
    return array


def _point(shape: Mapping[str, Any], key: str, grid: Geometry, number: int) -> Points:
    """A point of the shape in LPS mm."""
    point = _numbers(shape[key], number, key, (3,))
    return grid.to_lps_mm(point) if shape.get("units", "mm") == "index" else point


def _radius(shape: Mapping[str, Any], number: int) -> float:
    radius = float(_numbers(shape["radius_mm"], number, "radius_mm", ()))
    if radius < 0.0:
        raise UsageError(f"shape {number}: radius_mm {radius:g}; expected 0 or more")
    return radius


def _window(low: Points, high: Points, grid: Geometry) -> tuple[tuple[slice, slice, slice], Points]:
    """The part of the grid between two indices, and the LPS position (..., 3) of its voxels."""
    first = np.clip(np.floor(low), 0, np.array(grid.shape)).astype(int)
    stop = np.clip(np.ceil(high) + 1, first, np.array(grid.shape)).astype(int)
    box = (slice(first[0], stop[0]), slice(first[1], stop[1]), slice(first[2], stop[2]))
    index = np.stack(np.meshgrid(*[np.arange(s.start, s.stop) for s in box], indexing="ij"), axis=-1)
    return box, grid.to_lps_mm(index)


def _around(points: Points, radius: float, grid: Geometry) -> tuple[tuple[slice, slice, slice], Points]:
    """Window of everything within ``radius`` of points in mm; corners of their box bound it on any oblique grid."""
    low, high = points.min(axis=0) - radius, points.max(axis=0) + radius
    corners = np.array([[(low, high)[b >> n & 1][n] for n in range(3)] for b in range(8)])
    index = grid.to_index(corners)
    return _window(index.min(axis=0), index.max(axis=0), grid)


def _sphere(shape: Mapping[str, Any], grid: Geometry, number: int) -> tuple[tuple[slice, ...], Bits]:
    center, radius = _point(shape, "center", grid, number), _radius(shape, number)
    box, mm = _around(center[None], radius, grid)
    return box, np.asarray(((mm - center) ** 2).sum(axis=-1) <= radius**2 + 1e-9)


def _cylinder(shape: Mapping[str, Any], grid: Geometry, number: int) -> tuple[tuple[slice, ...], Bits]:
    start, end = _point(shape, "start", grid, number), _point(shape, "end", grid, number)
    radius, axis = _radius(shape, number), end - start
    length = float(np.linalg.norm(axis))
    if length == 0.0:
        raise UsageError(f"shape {number}: start and end are one point; expected a cylinder of some length")
    box, mm = _around(np.stack([start, end]), radius, grid)
    along = (mm - start) @ (axis / length)
    across = ((mm - start) ** 2).sum(axis=-1) - along**2
    return box, np.asarray((along >= -1e-9) & (along <= length + 1e-9) & (across <= radius**2 + 1e-9))


def _box(shape: Mapping[str, Any], grid: Geometry, number: int) -> tuple[tuple[slice, ...], Bits]:
    ends = np.stack([grid.to_index(_point(shape, key, grid, number)) for key in ("from", "to")])
    low, high = np.ceil(ends.min(axis=0) - 1e-6), np.floor(ends.max(axis=0) + 1e-6)
    box, mm = _window(low, np.maximum(high, low), grid)
    empty = bool((high < low).any())
    index = np.rint(grid.to_index(mm)) if mm.size else np.zeros(mm.shape)
    inside = ((index >= low) & (index <= high)).all(axis=-1) & (not empty)
    return box, np.asarray(inside)


def _polygon(shape: Mapping[str, Any], grid: Geometry, number: int) -> tuple[tuple[slice, ...], Bits]:
    points = _numbers(shape["points"], number, "points", (-1, 2))
    first, last = (int(n) for n in _numbers(shape["slices"], number, "slices", (2,)))
    if len(points) < 3 or last < first:
        raise UsageError(f"shape {number}: expected three points or more, and slices [first, last] in rising order")
    low = np.array([first, *points.min(axis=0)])
    high = np.array([last, *points.max(axis=0)])
    box, _ = _window(low, high, grid)
    rows = np.arange(box[1].start, box[1].stop)[:, None]
    columns = np.arange(box[2].start, box[2].stop)[None, :]
    inside = _even_odd(points, rows, columns)
    return box, np.broadcast_to(inside, (box[0].stop - box[0].start, *inside.shape))


def _even_odd(points: Sequence[Sequence[float]] | Points, rows: NDArray[np.int_], columns: NDArray[np.int_]) -> Bits:
    """Pixels whose centre lies inside a polygon or on its edge (to within a millionth of a pixel)."""
    corners = np.asarray(points, dtype=np.float64)
    inside = np.zeros((len(rows), columns.shape[1]), dtype=bool)
    edge = np.zeros_like(inside)
    for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (rows >= min(y0, y1)) & (rows < max(y0, y1))
            inside ^= crosses & (columns < x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
        length2 = (y1 - y0) ** 2 + (x1 - x0) ** 2
        share = np.clip(((rows - y0) * (y1 - y0) + (columns - x0) * (x1 - x0)) / max(length2, 1e-12), 0.0, 1.0)
        off = (rows - y0 - share * (y1 - y0)) ** 2 + (columns - x0 - share * (x1 - x0)) ** 2
        edge |= off < 1e-12
    return inside | edge


_FILL = {"sphere": _sphere, "cylinder": _cylinder, "box": _box, "polygon": _polygon}
