"""Volume-fraction mass: each voxel is so much calcium and so much tissue as its HU lies between the two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["calcium_fraction", "volume_fraction_mass_mg", "volume_fraction_mm3"]

_CM3_PER_MM3 = 1e-3


def calcium_fraction(
    hu: NDArray[Any], *, tissue_hu: float, calcium_hu: float, clip: bool = False
) -> NDArray[np.float64]:
    """Share of calcium in each voxel [1].

    Parameters
    ----------
    hu : array
    tissue_hu, calcium_hu : float
        HU of pure tissue and of pure calcium (of the rod's density).
    clip : bool
        Keep each share between 0 and 1. Off, noise averages out over a region; on, noise adds up, but a map looks
        right and a neighbour of lower HU (fat, lung) takes nothing away.

    Examples
    --------
    >>> calcium_fraction(np.array([400, 200, 0]), tissue_hu=100, calcium_hu=400, clip=True).round(3).tolist()
    [1.0, 0.333, 0.0]
    """
    if calcium_hu <= tissue_hu:
        raise ValueError(f"calcium {calcium_hu} HU and tissue {tissue_hu} HU; expected calcium to be denser")
    share: NDArray[np.float64] = (hu.astype(np.float64) - tissue_hu) / (calcium_hu - tissue_hu)
    return np.clip(share, 0.0, 1.0) if clip else share


def volume_fraction_mm3(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    *,
    tissue_hu: float,
    calcium_hu: float,
    inside: NDArray[np.bool_] | None = None,
    clip: bool = False,
) -> float:
    """Calcium volume [mm³] as the sum of the shares; parameters as for :func:`calcium_fraction`.

    >>> hu = np.array([[[400, 300], [200, 100], [0, 0]]])
    >>> round(volume_fraction_mm3(hu, (0.5, 1.0, 1.0), tissue_hu=100, calcium_hu=400), 4)
    0.6667
    """
    values = hu if inside is None else hu[inside]
    voxel_mm3 = spacing_mm[0] * spacing_mm[1] * spacing_mm[2]
    share = calcium_fraction(values, tissue_hu=tissue_hu, calcium_hu=calcium_hu, clip=clip)
    return float(share.sum()) * voxel_mm3


def volume_fraction_mass_mg(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    *,
    tissue_hu: float,
    calcium_hu: float,
    density_mg_cm3: float,
    inside: NDArray[np.bool_] | None = None,
    clip: bool = False,
) -> float:
    """Calcium mass [mg] as the sum of the shares times the density that ``calcium_hu`` stands for [mg/cm³].

    >>> hu = np.array([[[400, 300], [200, 100], [0, 0]]])
    >>> mass = volume_fraction_mass_mg(hu, (0.5, 1.0, 1.0), tissue_hu=100, calcium_hu=400, density_mg_cm3=1500.0)
    >>> round(mass, 4)
    1.0

    References
    ----------
    As in CalciumScoring.jl (source ``calciumscoring-jl``).
    """
    volume_mm3 = volume_fraction_mm3(
        hu, spacing_mm, tissue_hu=tissue_hu, calcium_hu=calcium_hu, inside=inside, clip=clip
    )
    return volume_mm3 * _CM3_PER_MM3 * density_mg_cm3
