"""Groups: places where spots lie closer than the rest of the same image lets one expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.detect.breast.settings import GroupSettings

__all__ = ["Cluster", "clusters", "grouped"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Spots that belong together (places in the list that was given), the circle that found them, and its surprise."""

    members: NDArray[np.intp]
    radius_mm: float
    surprise: float
    expected: float


def clusters(places_mm: F64, llr: F64, area_mm2: float, settings: GroupSettings) -> list[Cluster]:
    """Groups by a scan with circles, the most surprising first; each spot is used once.

    For each spot and radius: ``S`` is the evidence of the spots inside, each counted up to ``cap``, ``E`` what the rest
    of the image lets one expect on that area, the surprise ``(S - E) / sqrt(1 + E)``. The image's own density as the
    yardstick keeps grainy films from lighting up.

    Parameters
    ----------
    places_mm : (n, 2)
    llr : (n,)
        Log-likelihood ratio of each spot.
    area_mm2 : float
        Of the breast.

    Examples
    --------
    >>> import numpy as np
    >>> places = np.array([[10.0, 10.0], [11.0, 10.0], [10.0, 12.0], [60.0, 40.0]])
    >>> found = clusters(places, np.array([3.0, 2.5, 4.0, 3.0]), 10000.0, GroupSettings())
    >>> [one.members.tolist() for one in found]
    [[0, 1, 2]]
    """
    taking = np.flatnonzero(llr >= settings.from_llr)
    worth = np.minimum(llr[taking] - settings.from_llr + 0.5, settings.cap)
    places = places_mm[taking]
    if len(taking) < settings.least:
        return []
    away = np.hypot(places[:, None, 0] - places[None, :, 0], places[:, None, 1] - places[None, :, 1])
    free = np.ones(len(taking), bool)
    out: list[Cluster] = []
    total = float(worth.sum())
    while True:
        best: tuple[float, int, float, float] | None = None
        for radius in settings.radii_mm:
            inside = (away <= radius) & free[None, :] & free[:, None]
            sums = inside @ worth
            share = np.pi * radius**2 / max(area_mm2, np.pi * radius**2)
            # (what a group adds must not raise what is expected in its place)
            expected = np.maximum(total - sums, 0.0) * share / max(1.0 - share, 0.1)
            surprise = (sums - expected) / np.sqrt(1.0 + expected)
            surprise[inside.sum(axis=1) < settings.least] = -np.inf
            n = int(surprise.argmax())
            if np.isfinite(surprise[n]) and (best is None or surprise[n] > best[0]):
                best = (float(surprise[n]), n, radius, float(expected[n]))
        if best is None or best[0] <= 0:
            return out
        members = np.flatnonzero((away[best[1]] <= best[2]) & free)
        free[members] = False
        out.append(Cluster(taking[members], best[2], best[0], best[3]))


def grouped(places_mm: F64, llr: F64, coarse: F64, area_mm2: float, settings: GroupSettings) -> list[Cluster]:
    """:func:`clusters` of what is no piece of a large calcification (``coarse``: the probability that it is)."""
    return clusters(places_mm, np.where(coarse > settings.coarse_from, -np.inf, llr), area_mm2, settings)
