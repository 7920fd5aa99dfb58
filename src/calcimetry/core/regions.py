"""Named parts of an image: given by the user, found by us, or read from another program's masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.geometry import Geometry

__all__ = ["Region", "Regions"]


@dataclass(frozen=True, slots=True)
class Region:
    """One named region.

    ``name`` as written on the result (``heart``, ``lung_left``, ``insert A``); ``site`` and ``structure`` are
    what a lesion inside it is called (site words of the ontology; ``unassigned`` and free text for a plain
    name). ``site`` is ``None`` for a region that only helps (body, bone). ``confidence`` 0 to 1.
    """

    label: int
    name: str
    site: str | None = None
    structure: str | None = None
    source: Literal["builtin", "given", "totalsegmentator"] = "builtin"
    confidence: float = 1.0
    complete: bool = True


@dataclass(frozen=True, eq=False)
class Regions:
    """A label map of one image with the names of its labels.

    Parameters
    ----------
    image : str
        Id of the image.
    labels : (slice, row, column) unsigned integer
        0 is no region. The grid may be coarser than the image's: ask :meth:`at`.
    geometry : Geometry
        Grid of ``labels``.
    regions : tuple of Region
        One for each label in use.
    """

    image: str
    labels: NDArray[np.unsignedinteger]
    geometry: Geometry
    regions: tuple[Region, ...]

    def __post_init__(self) -> None:
        view = self.labels.view()
        view.flags.writeable = False
        object.__setattr__(self, "labels", view)

    def __getitem__(self, label: int) -> Region:
        return next(r for r in self.regions if r.label == label)

    def named(self, name: str) -> Region | None:
        """The region of this name, or ``None``."""
        return next((r for r in self.regions if r.name == name), None)

    def at(self, grid: Geometry, index: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
        """Labels at indices (n, 3) of another grid, by position (nearest voxel; 0 outside)."""
        if grid.same_grid_as(self.geometry):
            found: NDArray[np.unsignedinteger] = self.labels[index[:, 0], index[:, 1], index[:, 2]]
            return found
        mine = np.rint(self.geometry.to_index(grid.to_lps_mm(index))).astype(np.int64)
        inside = ((mine >= 0) & (mine < np.array(self.geometry.shape))).all(axis=1)
        out = np.zeros(len(mine), dtype=self.labels.dtype)
        k, j, i = mine[inside].T
        out[inside] = self.labels[k, j, i]
        return out
