"""Integrated volume and mass: all the signal above background, no threshold, so partial volume is not lost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["integrated_mass_mg", "integrated_volume_mm3"]

_CM3_PER_MM3 = 1e-3


def integrated_volume_mm3(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    *,
    background_hu: float,
    object_hu: float,
    inside: NDArray[np.bool_] | None = None,
) -> float:
    """Volume [mm³] of an object of known HU, from the signal in a region that holds all of it and its blur.

    ``(sum(HU) - N * background) / (object - background)`` voxels. The region must reach past the blur; noise
    averages out and may make a small result negative, which is given as it is.

    Parameters
    ----------
    hu : (slice, row, column)
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    background_hu, object_hu : float
        HU of the tissue around and of the pure object.
    inside : (slice, row, column) bool, optional
        The region; all of the array where not given.

    Examples
    --------
    >>> hu = np.full((2, 4, 4), -1024.0); hu[:, 1:3, 1:3] = 800
    >>> integrated_volume_mm3(hu, (0.5, 0.5, 0.5), background_hu=-1024, object_hu=800)
    1.0

    References
    ----------
    As in CalciumScoring.jl (source ``calciumscoring-jl``).
    """
    if object_hu <= background_hu:
        raise ValueError(f"object {object_hu} HU and background {background_hu} HU; expected the object to be denser")
    values = hu if inside is None else hu[inside]
    above = float(values.sum(dtype=np.float64)) - values.size * background_hu
    voxel_mm3 = spacing_mm[0] * spacing_mm[1] * spacing_mm[2]
    return above / (object_hu - background_hu) * voxel_mm3


def integrated_mass_mg(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    *,
    background_hu: float,
    object_hu: float,
    density_mg_cm3: float,
    inside: NDArray[np.bool_] | None = None,
) -> float:
    """Mass [mg] of an object of known HU and density; see :func:`integrated_volume_mm3`.

    Parameters
    ----------
    hu, spacing_mm, background_hu, object_hu, inside
        As there.
    density_mg_cm3 : float
        Hydroxyapatite [mg/cm³] of what ``object_hu`` was measured on.

    Examples
    --------
    >>> hu = np.full((2, 4, 4), -1024.0); hu[:, 1:3, 1:3] = 800
    >>> integrated_mass_mg(hu, (0.5, 0.5, 0.5), background_hu=-1024, object_hu=800, density_mg_cm3=200)
    0.2
    """
    volume_mm3 = integrated_volume_mm3(hu, spacing_mm, background_hu=background_hu, object_hu=object_hu, inside=inside)
    return volume_mm3 * _CM3_PER_MM3 * density_mg_cm3
