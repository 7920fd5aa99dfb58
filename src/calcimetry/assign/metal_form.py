"""Calcium that has the form of metal: as even along its length as a stent, as narrow and dense as a clip.

Neither form proves metal. Plaque can look the same, so nothing is left out for it: the form is measured and said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion

__all__ = ["even_length_mm", "narrow_mm"]

F64 = NDArray[np.float64]

_STEP_MM = 2.0
_WIDTH_MM = (2.0, 8.0)
"""Root mean square width of what blur makes of a tube of 2.5 to 4 mm."""
_WINDOW_MM = 6.0


def even_length_mm(volume: Volume, lesion: Lesion, *, even: float) -> float:
    """Length of a body whose signal along its length is even, as a stent's is; 0 for any other [mm].

    Cut across its longest axis into slabs, the first and the last apart, the sum of what stands above the surroundings
    spreads by less than ``even`` times its mean. Blur changes heights, not these sums.
    """
    if lesion.mask is None:
        return 0.0
    index = lesion.mask.indices()
    spacing = np.array(volume.geometry.spacing_mm)
    excess = volume.pixels[tuple(index.T)].astype(np.float64) - lesion.evidence.get("background_hu", 40.0)
    away = index * spacing
    away = away - away.mean(axis=0)
    axes = np.linalg.eigh(away.T @ away / len(away) + np.diag(spacing**2 / 12.0))[1]
    along = away @ axes[:, 2]
    across = np.sqrt(np.maximum((away**2).sum(axis=1) - along**2, 0.0))
    width = 2.0 * float(np.sqrt(2.0 * (across**2).mean()))
    step = max(_STEP_MM, float(abs(axes[0, 2]) * spacing[0]))
    length = float(np.ptp(along)) + float(np.abs(axes[:, 2]) @ spacing)
    slabs = int(length // step)
    if slabs < 5 or not _WIDTH_MM[0] <= width <= _WIDTH_MM[1]:
        return 0.0
    at = np.minimum(((along - along.min()) / max(float(np.ptp(along)), 1e-9) * slabs).astype(np.int64), slabs - 1)
    sums = np.bincount(at, excess, minlength=slabs)[1:-1]
    return length if sums.std() <= even * sums.mean() else 0.0


def narrow_mm(volume: Volume, lesion: Lesion) -> float:
    """Width at half height of the densest place in its slice, across its shorter way [mm]."""
    k, j, i = lesion.peak_index
    height, width = volume.geometry.spacing_mm[1:]
    reach = max(1, round(_WINDOW_MM / height)), max(1, round(_WINDOW_MM / width))
    low = max(j - reach[0], 0), max(i - reach[1], 0)
    patch = volume.pixels[k, low[0] : j + reach[0] + 1, low[1] : i + reach[1] + 1].astype(np.float64)
    half = (float(patch[j - low[0], i - low[1]]) + max(lesion.evidence.get("background_hu", 40.0), 0.0)) / 2.0
    widths = []
    for turn in np.linspace(0.0, np.pi, 12, endpoint=False):
        ways = [_to_half(patch, (j - low[0], i - low[1]), turn + side, half, (height, width)) for side in (0.0, np.pi)]
        widths.append(sum(ways))
    return float(min(widths))


def _to_half(patch: F64, at: tuple[int, int], turn: float, half: float, spacing_mm: tuple[float, float]) -> float:
    """Way from a pixel to where values fall below half, between pixels linear [mm]."""
    away = np.arange(0.0, _WINDOW_MM, 0.1)
    rows = at[0] + away * np.sin(turn) / spacing_mm[0]
    columns = at[1] + away * np.cos(turn) / spacing_mm[1]
    values = map_coordinates(patch, [rows, columns], order=1, mode="nearest")
    below = np.flatnonzero(values < half)
    return float(away[below[0]]) if len(below) else _WINDOW_MM
