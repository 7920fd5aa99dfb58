"""Largest diameters of a lesion, in space and in a slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

__all__ = ["diameter_in_plane_mm", "diameter_mm"]

_DIRECT = 200
"""Up to so many points every pair is compared; above, only the corners of their convex hull are, so many at a time."""


def diameter_mm(inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Largest distance [mm] between two points of the surface, in space.

    The surface is the one that marching cubes draws round a mask: its corners are the centres of the voxel faces
    that look outside. One voxel so has the length of its longest side, not zero.

    Parameters
    ----------
    inside : (slice, row, column) bool
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].

    Examples
    --------
    >>> diameter_mm(np.ones((1, 1, 1), bool), (3.0, 0.5, 0.5))
    3.0

    References
    ----------
    Image biomarker standardisation initiative, maximum 3-D diameter (digital phantom: 13.1 mm).
    """
    return _largest(_faces(inside) * np.array(spacing_mm))


def diameter_in_plane_mm(inside: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Largest distance [mm] between two points of the outline in one slice, over all slices.

    >>> diameter_in_plane_mm(np.ones((2, 1, 4), bool), (3.0, 0.5, 0.5))
    2.0
    """
    longest = 0.0
    for plane in inside:
        if plane.any():
            points = _faces(plane) * np.array(spacing_mm[1:])
            longest = max(longest, _largest(points))
    return longest


def _faces(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Centres of the faces between inside and outside, in voxels."""
    padded = np.zeros([n + 2 for n in inside.shape], np.bool_)
    padded[(slice(1, -1),) * inside.ndim] = inside
    found = []
    for axis in range(inside.ndim):
        ahead, behind = [slice(None)] * inside.ndim, [slice(None)] * inside.ndim
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        faces = np.stack(np.nonzero(padded[tuple(ahead)] != padded[tuple(behind)]), axis=1).astype(np.float64)
        faces[:, axis] += 0.5
        found.append(faces)
    return np.concatenate(found)


def _largest(points: NDArray[np.float64]) -> float:
    if not len(points):
        return 0.0
    if len(points) > _DIRECT:
        points = points[ConvexHull(points).vertices]
    longest = 0.0
    for start in range(0, len(points), _DIRECT):
        apart = points[start : start + _DIRECT, np.newaxis, :] - points[np.newaxis, start:, :]
        longest = max(longest, float(np.einsum("ijk,ijk->ij", apart, apart).max()))
    return float(np.sqrt(longest))
