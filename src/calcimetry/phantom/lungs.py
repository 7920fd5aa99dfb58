"""Vessels and airways of the lungs: a tree on each side, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.phantom.tubes import Speckles

__all__ = ["lung_vessels"]

# Where the vessels of a lung come from, and the ellipsoid of their ends; right (x < 0) and left [mm].
_HILA = (((-48.0, 18.0, -34.0), (-84.0, 4.0, -50.0)), ((50.0, 24.0, -32.0), (86.0, 6.0, -54.0)))
_REACH = (44.0, 74.0, 118.0)
_BRANCHES = 14
_TWIGS = 34


def _curve(
    start: NDArray[np.float64], end: NDArray[np.float64], bend: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    count = max(3, int(np.linalg.norm(end - start) / step))
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * ((start + end) / 2 + bend) + t**2 * end)


def lung_vessels(
    rng: np.random.Generator,
    hila: Sequence[tuple[Sequence[float], Sequence[float]]] = _HILA,
    reach_mm: Sequence[float] = _REACH,
) -> Speckles:
    """Branches from the hila, and twigs along the branches, thinning outward.

    ``hila``: for each lung where its vessels come from and the middle of their ends; ``reach_mm``: half axes of the
    ellipsoid that those ends lie in.
    """
    points: list[NDArray[np.float64]] = []
    radii: list[NDArray[np.float64]] = []

    def add(line: NDArray[np.float64], start: float, end: float) -> None:
        points.append(line)
        radii.append(np.linspace(start, end, len(line)))

    for hilum, center in hila:
        for _ in range(_BRANCHES):
            way = rng.normal(size=3)
            way /= np.linalg.norm(way)
            branch_end = np.array(center) + 0.62 * way * np.array(reach_mm)
            branch = _curve(np.array(hilum) + rng.normal(0, 4, 3), branch_end, rng.normal(0, 9, 3), 1.0)
            add(branch, 3.4, 1.5)
            for _ in range(_TWIGS):
                at = int(rng.uniform(0.15, 1.0) * (len(branch) - 1))
                way = rng.normal(size=3)
                way /= np.linalg.norm(way)
                outward = branch[at] - np.array(hilum)
                way = way + 0.7 * outward / (np.linalg.norm(outward) + 1.0)
                twig_end = branch[at] + way * rng.uniform(18, 52)
                thick = 0.75 * (3.4 - 1.9 * at / len(branch)) * rng.uniform(0.45, 1.0)
                add(_curve(branch[at], twig_end, rng.normal(0, 5, 3), 0.8), thick, 0.45)
    return Speckles(np.concatenate(points), np.concatenate(radii))
