"""Numbers of a group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from calcimetry.core.measurement import Measurement

__all__ = ["group_measures"]

F64 = NDArray[np.float64]


def group_measures(places_mm: F64, diameters_mm: F64) -> dict[str, Measurement]:
    """Count, extent, area, median diameter and density of a group.

    Parameters
    ----------
    places_mm : (n, 2)
        Middles of the counted particles, row and column.
    diameters_mm : (n,)
        Diameter of the circle of the same area.

    Returns
    -------
    dict
        ``count``; ``extent`` [mm], greatest distance of two edges; ``area`` [mm2] of the convex hull of the particles,
        each taken as its circle; ``median_diameter`` [mm]; ``density`` [/cm2], count over that area (from three on).

    Examples
    --------
    >>> made = group_measures(np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([0.5, 0.5]))
    >>> made["extent"].value, made["count"].value
    (4.5, 2.0)
    """
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.sin(turns), np.cos(turns)], axis=1)
    rim = (places_mm[:, None] + 0.5 * diameters_mm[:, None, None] * circle).reshape(-1, 2)
    radii = 0.5 * diameters_mm
    far = np.hypot(*(places_mm[:, None] - places_mm[None]).transpose(2, 0, 1)) + radii[:, None] + radii[None]
    area = _hull(rim)
    count = float(len(places_mm))
    made = {
        "count": Measurement(count, "1", None, "counted particles of the group"),
        "extent": Measurement(round(float(far.max()), 2), "mm", None, "greatest distance of two outer edges"),
        "area": Measurement(round(area, 2), "mm2", None, "convex hull of the particles"),
        "median_diameter": Measurement(
            round(float(np.median(diameters_mm)), 3), "mm", None, "circle of the same area, outlined at half height"
        ),
    }
    if len(places_mm) >= 3 and area > 0:
        made["density"] = Measurement(round(100 * count / area, 1), "/cm2", None, "count over the area of the hull")
    return made


def _hull(points: F64) -> float:
    try:
        return float(ConvexHull(points).volume)
    except QhullError:
        return 0.0
