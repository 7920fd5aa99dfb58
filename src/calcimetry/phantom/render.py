"""From an object to the share of it in every voxel: exact volume, in-plane blur, slice profile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from calcimetry.core.geometry import Geometry
from calcimetry.phantom.shapes import Shape

__all__ = ["Optics", "Rendered", "render"]

# Cells an object is counted in: this many along its smallest dimension, at most so many in all.
_CELLS_ACROSS = 14
_MAX_CELLS = 400_000
# The Gaussian is cut here; what lies beyond is 6e-7 of the mass.
_REACH_SIGMA = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """How the scanner blurs.

    ``psf_sigma_mm``: Gaussian in plane, focal spot, detector and kernel together. ``thickness_mm``: full width
    of the slice profile, a box whose edges are softened by a Gaussian of ``edge_sigma_mm``: contiguous slices
    then share an object out without loss, as sequential scans do.
    """

    psf_sigma_mm: float = 0.6
    thickness_mm: float = 3.0
    edge_sigma_mm: float = 0.3


@dataclass(frozen=True, eq=False)
class Rendered:
    """The share (0 to 1) of an object in each voxel of a box that starts at ``start`` (slice, row, column)."""

    start: tuple[int, int, int]
    share: NDArray[np.float64]
    volume_mm3: float
    center_mm: tuple[float, float, float]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The box in the image."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.share.shape, strict=True))
        return k, j, i


def _gauss_weights(voxels: NDArray[np.float64], edges: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """(voxel, cell): integral of a Gaussian around each voxel's centre over each cell. Same unit throughout."""
    primitive = 0.5 * erf((edges[None, :] - voxels[:, None]) / (math.sqrt(2.0) * sigma))
    return np.asarray(np.diff(primitive, axis=1))


def _profile_weights(
    voxels: NDArray[np.float64], edges: NDArray[np.float64], width: float, sigma: float
) -> NDArray[np.float64]:
    """(slice, cell): integral over each cell of a box of unit area, softened by a Gaussian."""

    def ramp(x: NDArray[np.float64]) -> NDArray[np.float64]:
        # Integral of the Gaussian's distribution function.
        z = x / (math.sqrt(2.0) * sigma)
        return np.asarray(x * 0.5 * (1 + erf(z)) + sigma / math.sqrt(2 * math.pi) * np.exp(-(z**2)))

    away = edges[None, :] - voxels[:, None]
    return np.asarray(np.diff(ramp(away + width / 2) - ramp(away - width / 2), axis=1) / width)


def render(shape: Shape, grid: Geometry, optics: Optics) -> Rendered | None:
    """The object as this scanner shows it on this grid; ``None`` where it lies wholly outside.

    The object is counted in small cells that follow the grid's axes (oblique and sheared stacks included); the
    cells' sum is scaled to the exact volume where there is a formula. Blur is applied as exact integrals of the
    profiles over the cells, so that the sum of the shares times the voxel volume is the object's volume
    whenever slices are contiguous and the box lies inside the image.
    """
    low, high = shape.bounds_mm()
    corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
    index = grid.to_index(corners)
    first, last = index.min(axis=0), index.max(axis=0)
    spacing = np.array(grid.spacing_mm)
    cell_mm = max(
        shape.finest_mm / _CELLS_ACROSS,
        (float(np.prod((last - first) * spacing)) / _MAX_CELLS) ** (1 / 3),
    )
    counts = np.maximum(np.ceil((last - first) * spacing / cell_mm), 4).astype(int)
    edges = [np.linspace(a, b, n + 1) for a, b, n in zip(first, last, counts, strict=True)]
    middles = [(e[:-1] + e[1:]) / 2 for e in edges]
    cells = np.stack(np.meshgrid(*middles, indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid.to_lps_mm(cells)
    filled = shape.inside(points)
    if not filled.any():
        return None
    cell_mm3 = float(np.prod((last - first) / counts)) * grid.voxel_mm3
    counted_mm3 = float(filled.sum()) * cell_mm3
    exact = shape.exact_volume_mm3
    volume_mm3 = counted_mm3 if exact is None else exact
    center = points[filled].mean(axis=0)
    content = filled.reshape(tuple(counts)).astype(np.float64) * (volume_mm3 / counted_mm3)

    reach_mm = np.array(
        [optics.thickness_mm / 2 + _REACH_SIGMA * optics.edge_sigma_mm, *[_REACH_SIGMA * optics.psf_sigma_mm] * 2]
    )
    start = np.maximum(np.floor(first - reach_mm / spacing), 0).astype(int)
    stop = np.minimum(np.ceil(last + reach_mm / spacing) + 1, grid.shape).astype(int)
    if (stop <= start).any():
        return None
    voxels = [np.arange(a, b, dtype=np.float64) * s for a, b, s in zip(start, stop, spacing, strict=True)]
    scaled = [e * s for e, s in zip(edges, spacing, strict=True)]
    along = _profile_weights(voxels[0], scaled[0], optics.thickness_mm, optics.edge_sigma_mm)
    down = _gauss_weights(voxels[1], scaled[1], optics.psf_sigma_mm)
    across = _gauss_weights(voxels[2], scaled[2], optics.psf_sigma_mm)
    share = np.einsum("ka,abc->kbc", along, content, optimize=True)
    share = np.einsum("jb,kbc->kjc", down, share, optimize=True)
    share = np.einsum("ic,kjc->kji", across, share, optimize=True)
    # The profile integrates to one over mm, a voxel holds the mean over its own step.
    k, j, i = (int(n) for n in start)
    return Rendered((k, j, i), share, volume_mm3, (float(center[0]), float(center[1]), float(center[2])))
