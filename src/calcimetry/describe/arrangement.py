"""The particles that hang together with a group, whether the search put them into it or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import ConvexHull, QhullError, cKDTree

from calcimetry.describe.settings import DistributionSettings

__all__ = ["Arrangement", "arrangement"]

F64 = NDArray[np.float64]
_STRAY = 2.0
"""Ours: a place is a stray where the ratio of the spreads grows by this factor without it ..."""
_LINE = 4.0
"""... to at least this."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Particles that hang together.

    Parameters
    ----------
    places_mm : (n, 2)
        Row and column.
    link_mm : float
        Distance up to which they were taken to belong together.
    gain : float
        Log-likelihood of a denser patch here over one density all over the breast.
    share_of_breast, share_of_all : float
        Share of the breast's area over which they, and all surer particles of the image, lie.
    count_of_all : float
        Expected number of all of the image's particles, these included.
    extent_mm : float
        Greatest distance of two.
    along_mm, across_mm : float
        Standard deviations along the long axis and across it, a slight bend and the farthest few taken out.
    axis : (2,)
        Direction of the long axis.
    """

    places_mm: F64
    link_mm: float
    gain: float
    share_of_breast: float
    share_of_all: float
    count_of_all: float
    extent_mm: float
    along_mm: float
    across_mm: float
    axis: F64

    @property
    def ratio(self) -> float:
        """Spread along over spread across."""
        return self.along_mm / max(self.across_mm, 1e-6)


def arrangement(
    members_mm: F64, others_mm: F64, breast_mm2: float, settings: DistributionSettings,
    members_sure: F64 | None = None, others_sure: F64 | None = None,
) -> Arrangement:  # fmt: skip
    """What hangs together with the members of a group.

    Particles are linked at several distances; of the patches that come out, the one counts whose density differs most
    from that of the rest of the breast (Kulldorff's scan statistic): a search that cuts a segment into pieces, or adds
    a stray to a group, does not change the word.

    Parameters
    ----------
    members_mm : (n, 2)
        Places of the group's particles, at least two.
    others_mm : (m, 2)
        Those of all other particles that are counted.
    breast_mm2 : float
        Area of the breast.
    settings : DistributionSettings
    members_sure, others_sure : (n,), (m,), optional
        How sure each is calcium; 1 where not given. One that is half sure counts half.
    """
    sure = np.concatenate(
        [
            np.ones(len(given)) if weights is None else weights
            for given, weights in ((members_mm, members_sure), (others_mm, others_sure))
        ]
    )
    every = np.concatenate([members_mm, others_mm.reshape(-1, 2)])
    tried = []
    for link in settings.links_mm:
        mine = _linked(every, len(members_mm), link)
        area = _patch_mm2(every[mine], link)
        tried.append((_gain(float(sure[mine].sum()), area, float(sure.sum()), breast_mm2), link, mine, area))
    gain, link, mine, area = max(tried, key=lambda one: one[0])
    # (what is hardly calcium may hold a patch together, but not stretch it)
    kept = mine & (sure >= settings.least_sure)
    if kept.sum() < 3:
        kept = mine
    places = every[kept]
    extent = float(np.max(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))))
    along, across, axis = _spreads(places)
    sure_ones = every[sure >= settings.least_sure]
    whole = _patch_mm2(sure_ones if len(sure_ones) else every, link)
    return Arrangement(
        places,
        link,
        gain,
        min(area / breast_mm2, 1.0),
        min(whole / breast_mm2, 1.0),
        float(sure.sum()),
        extent,
        along,
        across,
        axis,
    )


def _linked(every: F64, members: int, link_mm: float) -> NDArray[np.bool_]:
    """The patch that holds most of the first ``members`` places, and those that hold hardly fewer of them."""
    pairs = cKDTree(every).query_pairs(link_mm, output_type="ndarray").reshape(-1, 2)
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(every),) * 2)
    _, which = csgraph.connected_components(graph, directed=False)
    counts = np.bincount(which[:members], minlength=int(which.max()) + 1)
    return np.asarray(np.isin(which, np.flatnonzero(counts >= max(1.0, 0.34 * counts.max()))))


def _patch_mm2(places: F64, link_mm: float) -> float:
    """Area that particles claim: their hull, with half of their spacing around it."""
    hull, around = _hull(places)
    reach = 0.5 * link_mm
    if len(places) > 3 and hull > 0:
        reach = min(reach, 0.5 * float(np.sqrt(hull / len(places))) + 0.25)
    return hull + around * reach + float(np.pi) * reach**2


def _hull(places: F64) -> tuple[float, float]:
    if len(places) == 1:
        return 0.0, 0.0
    try:
        hull = ConvexHull(places)
    except (QhullError, ValueError):
        far = float(np.max(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))))
        return 0.0, 2 * far
    return float(hull.volume), float(hull.area)


def _gain(inside: float, area: float, total: float, breast_mm2: float) -> float:
    """Log-likelihood of two densities over one (Poisson); 0 where the patch is no denser than the rest."""
    area = min(area, 0.98 * breast_mm2)
    outside = total - inside
    share = area / breast_mm2
    if inside / total <= share:
        return 0.0
    gain = inside * np.log(inside / total / share)
    if outside > 1e-9:
        gain += outside * np.log(outside / total / (1 - share))
    return float(gain)


def _spreads(places: F64) -> tuple[float, float, F64]:
    """Spread along the long axis and across it, and the axis; a bend, and strays off a line, are taken out."""
    along, across, axis = _spread(places)
    for _ in range(1 + len(places) // 8):
        if len(places) < 5:
            break
        tried = [_spread(np.delete(places, n, axis=0)) for n in range(len(places))]
        ratios = np.array([one[0] / max(one[1], 0.3) for one in tried])
        best = int(ratios.argmax())
        # One without which all others keep to a line is a stray.
        if ratios[best] < max(_STRAY * along / max(across, 0.3), _LINE):
            break
        along, across, axis = tried[best]
        places = np.delete(places, best, axis=0)
    return along, across, axis


def _spread(places: F64) -> tuple[float, float, F64]:
    if len(places) < 3:
        far = places[-1] - places[0]
        length = float(np.hypot(*far))
        return length / 2, 0.0, far / max(length, 1e-9)
    off = places - places.mean(axis=0)
    axis = np.linalg.svd(off, full_matrices=False)[2][0]
    t, side = off @ axis, off @ np.array([-axis[1], axis[0]])
    bend = len(places) >= 6 and t.std() > 0
    left = 3 if bend else 2
    if bend:
        side = side - np.polyval(np.polyfit(t, side, 2), t)
    # (each term that is taken out leaves less to spread)
    across = float(np.sqrt((side**2).sum() / max(len(places) - left, 1)))
    return float(t.std(ddof=1)), across, axis
