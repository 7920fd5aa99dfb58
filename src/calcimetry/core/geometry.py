"""Where voxels lie. Arrays are (slice, row, column); the world is DICOM patient space, LPS, in mm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcimetry.core.errors import GeometryError

__all__ = ["Geometry"]


@dataclass(frozen=True, eq=False)
class Geometry:
    """A regular grid in patient space.

    Parameters
    ----------
    shape : (int, int, int)
        Slices, rows, columns.
    affine : (4, 4) float64
        Maps the index ``(slice, row, column, 1)`` to LPS mm. The slice axis may be oblique to the plane
        (gantry tilt): spacing and volume then use the step projected on the plane's normal.
    frame_uid : str or None
        Frame of reference, where the file names one.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    frame_uid: str | None = None

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise GeometryError("the grid does not span a volume", found=f"affine {affine.tolist()}")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)

    @classmethod
    def from_spacing(
        cls, shape: Sequence[int], spacing_mm: Sequence[float], origin_mm: Sequence[float] = (0, 0, 0)
    ) -> Geometry:
        """An axial grid: slices up (+z), rows to the back (+y), columns to the patient's left (+x).

        >>> Geometry.from_spacing((2, 4, 4), (3.0, 0.5, 0.5)).voxel_mm3
        0.75
        """
        dz, dy, dx = (float(s) for s in spacing_mm)
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1], affine[:3, 2] = (0, 0, dz), (0, dy, 0), (dx, 0, 0)
        affine[:3, 3] = origin_mm
        return cls((int(shape[0]), int(shape[1]), int(shape[2])), affine)

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal of the image plane, on the side to which slices rise."""
        normal = np.cross(self.affine[:3, 2], self.affine[:3, 1])
        normal = normal / np.linalg.norm(normal)
        return -normal if float(normal @ self.affine[:3, 0]) < 0 else normal

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Increment along the plane's normal, row pitch, column pitch [mm]."""
        step = float(self.affine[:3, 0] @ self.normal)
        return step, float(np.linalg.norm(self.affine[:3, 1])), float(np.linalg.norm(self.affine[:3, 2]))

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel [mm²]."""
        return self.spacing_mm[1] * self.spacing_mm[2]

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel [mm³]."""
        return self.spacing_mm[0] * self.pixel_mm2

    @cached_property
    def shear_deg(self) -> float:
        """Angle between the line of slice centres and the plane's normal [degree]; 0 for an upright stack."""
        step = self.affine[:3, 0]
        return float(np.degrees(np.arccos(np.clip(step @ self.normal / np.linalg.norm(step), -1.0, 1.0))))

    def to_lps_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Patient position [mm] of one or many indices (..., 3)."""
        points = np.asarray(index, dtype=np.float64)
        return np.asarray(points @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, lps_mm: ArrayLike) -> NDArray[np.float64]:
        """Index (..., 3), not rounded, of one or many patient positions [mm]."""
        points = np.asarray(lps_mm, dtype=np.float64) - self.affine[:3, 3]
        return np.asarray(points @ np.linalg.inv(self.affine[:3, :3]).T)

    def cropped(self, start: Sequence[int], stop: Sequence[int]) -> Geometry:
        """The grid of ``array[start[0]:stop[0], start[1]:stop[1], start[2]:stop[2]]``."""
        affine = self.affine.copy()
        affine[:3, 3] = self.to_lps_mm(start)
        shape = (int(stop[0] - start[0]), int(stop[1] - start[1]), int(stop[2] - start[2]))
        return Geometry(shape, affine, self.frame_uid)

    def same_grid_as(self, other: Geometry, tolerance_mm: float = 1e-2) -> bool:
        """Whether both grids have one shape and no corner lies farther apart than the tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij")).reshape(3, -1).T
        return bool(np.abs(self.to_lps_mm(corners) - other.to_lps_mm(corners)).max() <= tolerance_mm)
