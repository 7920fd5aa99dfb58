"""The inside of the ring of ribs and sternum: there where no lung shows it, as beside fluid or a tumour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.heart.frame import Frame

__all__ = ["inside_cage"]

Bits = NDArray[np.bool_]

_BINS = 72


def inside_cage(frame: Frame, row: float, column: float, *, reach_mm: float = 14.0, wall_mm: float = 5.0) -> Bits:
    """Voxels (slice, row, column) that lie inside the bones seen from a point in the middle of the chest.

    A rib crosses a slice here and there: bones of ``reach_mm`` up and down count, and gaps between them are bridged
    in a straight line. Where more than a third of the way round shows no bone (a small field of view) nothing is
    inside. ``wall_mm`` is left for the pleura and what lies under the ribs.
    """
    _, mj, mi = frame.mm
    j = (np.arange(frame.shape[1]) - row) * mj
    i = (np.arange(frame.shape[2]) - column) * mi
    away = np.hypot(j[:, None], i[None, :])
    turn = ((np.arctan2(j[:, None], i[None, :]) / (2 * np.pi)) % 1.0 * _BINS).astype(np.intp) % _BINS
    ring = np.full((frame.shape[0], _BINS), np.inf)
    # In the bodies of vertebrae, calcified valves and plaques no wall begins.
    k, jj, ii = np.nonzero(frame.bone & (away > 45.0))
    np.minimum.at(ring, (k, turn[jj, ii]), away[jj, ii])
    ring = ndimage.minimum_filter1d(ring, 2 * max(1, frame.slices(reach_mm)) + 1, axis=0, mode="nearest")
    out = np.zeros(frame.shape, dtype=bool)
    for n, one in enumerate(ring):
        seen = np.flatnonzero(np.isfinite(one))
        if len(seen) < 8:
            continue
        gaps = np.diff(np.append(seen, seen[0] + _BINS))
        if gaps.max() > _BINS // 3:
            continue
        full = np.interp(np.arange(_BINS), seen, one[seen], period=_BINS)
        out[n] = away < full[turn] - wall_mm
    return out
