"""Spatially weighted score: no threshold; each voxel counts as likely as it is calcium, smoothed in its slice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

__all__ = ["spatially_weighted"]

_NEIGHBOUR = 0.2
"""Weight of the voxel and of each of its four neighbours in the slice."""


def spatially_weighted(
    hu: NDArray[Any], *, rod_mean_hu: float, rod_sd_hu: float, inside: NDArray[np.bool_] | None = None
) -> float:
    """Spatially weighted calcium score [1]. Research only: no published limits.

    Each HU becomes the probability under a normal distribution that it reaches that of a calibration rod of
    100 mg/cm³; these are averaged with the four neighbours in the slice (nothing lies beyond the array) and summed.

    Parameters
    ----------
    hu : (slice, row, column) or (row, column)
    rod_mean_hu, rod_sd_hu : float
        Mean and sample standard deviation [HU] in the rod.
    inside : bool array, optional
        Voxels outside count as no calcium.

    Examples
    --------
    A voxel at the rod's mean counts one half; at the corner of an array it keeps three fifths of it:

    >>> corner = np.array([[180.0, -900.0], [-900.0, -900.0]])
    >>> round(spatially_weighted(corner, rod_mean_hu=180.0, rod_sd_hu=20.0), 6)
    0.3

    References
    ----------
    Liang CJ et al., BMC Med Imaging 2012;12:14 (source ``liang-2012``), as coded in CalciumScoring.jl.
    """
    if rod_sd_hu <= 0:
        raise ValueError(f"standard deviation {rod_sd_hu} HU in the rod; expected more than 0")
    likely: NDArray[np.float64] = special.ndtr((hu.astype(np.float64) - rod_mean_hu) / rod_sd_hu)
    if inside is not None:
        likely = np.where(inside, likely, 0.0)
    cross = ndimage.generate_binary_structure(2, 1).astype(np.float64) * _NEIGHBOUR
    kernel = cross.reshape((1,) * (likely.ndim - 2) + cross.shape)
    return float(ndimage.convolve(likely, kernel, mode="constant").sum())
