"""Whether a particle is a ring, closed or not quite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["ring_share"]

F64 = NDArray[np.float64]
_SECTORS = 24
_LEAST_PX = 9.0


def ring_share(over: F64, body: NDArray[np.bool_], height: float) -> float:
    """Share of the directions from the middle in which a wall stands around a dark middle (0 where it is not dark).

    Parameters
    ----------
    over : (row, column)
        Brightness over the background.
    body : (row, column) bool
        The particle's outline; what it encloses need not be in it.
    height : float
        Of the particle.
    """
    rows, columns = np.nonzero(body)
    if min(np.ptp(rows), np.ptp(columns)) + 1 < _LEAST_PX:
        return 0.0
    # (the middle of the box: that of an open ring's pixels lies on the closed side)
    middle = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    half = (np.ptp(rows) + 1) / 2, (np.ptp(columns) + 1) / 2
    turns = (np.arange(_SECTORS) + 0.5) * 2 * np.pi / _SECTORS
    far = np.linspace(0.0, 1.1, 23)
    at = [
        m + h * far[None, :] * wave[:, None]
        for m, h, wave in zip(middle, half, (np.sin(turns), np.cos(turns)), strict=True)
    ]
    along = ndimage.map_coordinates(over, np.stack(at), order=1, mode="nearest") / height
    if float(np.median(along[:, far <= 0.25])) > 0.45:
        return 0.0
    wall = along[:, far >= 0.4].max(axis=1) > 0.55
    return float(wall.mean())
