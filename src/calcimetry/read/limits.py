"""Numbers that no CT file has: held against ``checks/series`` as soon as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from calcimetry.core.errors import DecodingError, GeometryError
from calcimetry.core.geometry import Geometry
from calcimetry.knowledge.load import table

__all__ = ["check_grid", "check_position", "check_rescale", "plausible_spacing", "unit_axes"]


def _rows() -> dict[str, Any]:
    return table("checks/series")["plausible"]


def check_rescale(slope: float | None, intercept: float | None, where: str) -> None:
    """Refuse a slope or intercept that no scanner writes. A slope of 0 is another finding (``hu-unknown``).

    Raises
    ------
    DecodingError
    """
    rows = _rows()
    low, high, most = rows["lowest_slope"], rows["highest_slope"], rows["highest_intercept"]
    if slope and not low <= abs(slope) <= high:
        raise DecodingError(
            "the rescale slope is none that an image has",
            where=where,
            found=f"{slope:g}",
            expected=f"{low:g} to {high:g}",
        )
    if intercept is not None and not abs(intercept) <= most:  # (NaN is none, either)
        raise DecodingError(
            "the rescale intercept is none that an image has",
            where=where,
            found=f"{intercept:g}",
            expected=f"{-most:g} to {most:g}",
        )


def check_position(position: Sequence[float] | None, where: str) -> None:
    """Refuse a position that lies in no room with a scanner.

    Raises
    ------
    GeometryError
    """
    most = _rows()["farthest_mm"]
    if position is not None and not all(abs(v) <= most for v in position):
        raise GeometryError(
            "the position in the patient is none that a scanner gives",
            where=where,
            found=", ".join(f"{v:g}" for v in position) + " mm",
            expected=f"at most {most:g} mm from the origin",
        )


def check_grid(grid: Geometry, where: str) -> None:
    """Refuse a grid whose origin or steps lie in no room with a scanner.

    Raises
    ------
    GeometryError
    """
    for column in (3, 0, 1, 2):
        check_position([float(v) for v in grid.affine[:3, column]], where)


def plausible_spacing(mm: float) -> bool:
    """Whether this may be the pixel spacing or slice step of a CT of a body."""
    low, high = _rows()["spacing_mm"]
    return bool(low <= mm <= high)


def unit_axes(values: Sequence[float] | None) -> tuple[float, ...] | None:
    """ImageOrientationPatient, where its two directions are unit vectors at a right angle; else ``None``.

    >>> unit_axes((1, 0, 0, 0, 1, 0))
    (1, 0, 0, 0, 1, 0)
    >>> unit_axes((0, 0, 0, 0, 0, 0)) is None
    True
    """
    if values is None:
        return None
    off = _rows()["axes_off"]
    across, down = values[:3], values[3:]
    lengths = [sum(v * v for v in axis) ** 0.5 for axis in (across, down)]
    angle = sum(a * b for a, b in zip(across, down, strict=True))
    return tuple(values) if abs(angle) <= off and all(abs(n - 1) <= off for n in lengths) else None
