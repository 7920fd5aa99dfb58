"""Size and shape of a body of voxels, in mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shape", "shape_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Size, density and form of one body.

    pieces_mm2 : area in each of its slices, from the first to the last (0 where it skips one).
    axes_mm : half lengths of the ellipsoid of the same spread, short to long.
    wander_mm : how far the centres of the slices stray from a straight line (root mean square).
    """

    voxels: int
    volume_mm3: float
    peak_hu: float
    mean_hu: float
    pieces_mm2: tuple[float, ...]
    axes_mm: tuple[float, float, float]
    wander_mm: float

    @property
    def slices(self) -> int:
        """Slices from the first to the last."""
        return len(self.pieces_mm2)

    @property
    def piece_mm2(self) -> float:
        """Largest area in one slice."""
        return max(self.pieces_mm2)


def shape_of(index: NDArray[np.int64], hu: NDArray[np.generic], spacing_mm: tuple[float, float, float]) -> Shape:
    """Shape of a body.

    Parameters
    ----------
    index : (n, 3) int
        Indices (slice, row, column) of its voxels, one at least.
    hu : (n,)
        Their values [HU].
    spacing_mm : (float, float, float)
    """
    dz, dy, dx = spacing_mm
    counts = np.bincount(index[:, 0] - index[:, 0].min())
    mm = index * np.array(spacing_mm)
    spread = np.cov(mm.T) if len(mm) > 1 else np.zeros((3, 3))
    spread = spread + np.diag(np.array(spacing_mm) ** 2 / 12.0)  # a voxel is no point
    axes = np.sqrt(5.0 * np.maximum(np.linalg.eigvalsh(spread), 0.0))
    return Shape(
        voxels=len(index),
        volume_mm3=len(index) * dz * dy * dx,
        peak_hu=float(hu.max()),
        mean_hu=float(hu.mean()),
        pieces_mm2=tuple(float(n) * dy * dx for n in counts),
        axes_mm=(float(axes[0]), float(axes[1]), float(axes[2])),
        wander_mm=_wander(index, counts, spacing_mm),
    )


def _wander(index: NDArray[np.int64], counts: NDArray[np.int64], spacing_mm: tuple[float, float, float]) -> float:
    slices = np.flatnonzero(counts)
    if len(slices) < 3:
        return 0.0
    at = index[:, 0] - index[:, 0].min()
    centres = np.stack(
        [np.bincount(at, index[:, axis])[slices] / counts[slices] * spacing_mm[axis] for axis in (1, 2)], axis=1
    )
    line = np.stack([slices, np.ones(len(slices))], axis=1)
    left = centres - line @ np.linalg.lstsq(line, centres, rcond=None)[0]
    return float(np.sqrt((left**2).sum(axis=1).mean()))
