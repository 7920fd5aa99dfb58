"""How the particles of a group lie: diffuse, regional, grouped, linear or segmental."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import ConvexHull, QhullError, cKDTree
from scipy.stats import poisson

from calcimetry.core.word import Word
from calcimetry.describe.settings import DistributionSettings
from calcimetry.knowledge.load import table

__all__ = ["TABLE", "Arrangement", "arrangement", "distribution"]

F64 = NDArray[np.float64]
TABLE = "projections/distribution"


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Particles that hang together with a group, whether the search put them into it or not.

    Parameters
    ----------
    places_mm : (n, 2)
        Row and column.
    others_mm : (m, 2)
        All other counted particles of the image.
    link_mm : float
        Up to this distance they were taken to belong together.
    extent_mm : float
        Greatest distance of two.
    along_mm, across_mm : float
        Standard deviations along the long axis and across it, a slight bend taken out.
    axis : (2,)
        Direction of the long axis.
    """

    places_mm: F64
    others_mm: F64
    link_mm: float
    extent_mm: float
    along_mm: float
    across_mm: float
    axis: F64

    @property
    def ratio(self) -> float:
        """Spread along over spread across."""
        return self.along_mm / max(self.across_mm, 1e-6)


def arrangement(members_mm: F64, others_mm: F64, settings: DistributionSettings) -> Arrangement:
    """What hangs together with the members of a group.

    Parameters
    ----------
    members_mm : (n, 2)
        At least two.
    others_mm : (m, 2)
        Counted particles outside the group.
    """
    within = float(table(TABLE)["grouped"]["within_mm"])
    near = cKDTree(members_mm).query(members_mm, k=2)[0][:, 1]
    link = float(np.clip(settings.link_times * np.median(near), settings.link_least_mm, within))
    every = np.concatenate([members_mm, others_mm.reshape(-1, 2)])
    pairs = cKDTree(every).query_pairs(link, output_type="ndarray")
    graph = sparse.coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(every),) * 2)
    _, which = csgraph.connected_components(graph, directed=False)
    # Pieces that hold few of the members are strays of the search.
    counts = np.bincount(which[: len(members_mm)], minlength=which.max() + 1)
    mine = np.isin(which, np.flatnonzero(counts >= max(1.0, 0.34 * counts.max())))
    places = every[mine]
    extent = float(np.max(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))))
    along, across, axis = _spreads(places)
    return Arrangement(places, every[~mine], link, extent, along, across, axis)


def _spreads(places: F64) -> tuple[float, float, F64]:
    """Spread along the long axis and across it, without a bend where there are enough places for one; the axis."""
    if len(places) < 2:
        return 0.0, 0.0, np.array([0.0, 1.0])
    off = places - places.mean(axis=0)
    axis = np.linalg.svd(off, full_matrices=False)[2][0]
    t, side = off @ axis, off @ np.array([-axis[1], axis[0]])
    terms = 2 if len(places) >= 6 else 1
    side = side - np.polyval(np.polyfit(t, side, terms), t) if len(places) > terms + 1 else side
    # (each term that is taken out leaves less to spread)
    across = float(np.sqrt((side**2).sum() / max(len(places) - 1 - terms, 1)))
    return float(t.std(ddof=1)), across, axis


def distribution(
    one: Arrangement, breast_mm2: float, nipple_mm: tuple[float, float] | None, settings: DistributionSettings
) -> tuple[Word, ...]:
    """The five words, the likeliest first; empty where there are too few particles.

    Parameters
    ----------
    one : Arrangement
    breast_mm2 : float
        Area of the breast.
    nipple_mm : (float, float) or None
        Row and column; without it nothing is segmental.
    """
    if len(one.places_mm) < settings.least:
        return ()
    because = {"count": float(len(one.places_mm)), "extent_mm": one.extent_mm, "axis_ratio": one.ratio}
    because |= {"across_mm": one.across_mm} | _toward_nipple(one, nipple_mm)
    share, chance = _over_breast(one, breast_mm2)
    because |= {"share_of_breast": share, "expected_by_chance": chance}
    diffuse = _soft(share, settings.diffuse_share, 0.06) * _soft(np.log10(chance), np.log10(settings.chance), 0.4)
    line = _soft(np.log(max(one.ratio, 1e-6)), np.log(settings.axis_ratio), 0.15)
    line *= _soft(-one.across_mm, -settings.line_mm, 0.25)
    large = _soft(one.extent_mm, float(table(TABLE)["regional"]["from_mm"]), 1.5)
    segment = _segment(because, settings)
    shares = {
        "diffuse": diffuse,
        "linear": (1 - diffuse) * line,
        "segmental": (1 - diffuse) * (1 - line) * large * segment,
        "regional": (1 - diffuse) * (1 - line) * large * (1 - segment),
        "grouped": (1 - diffuse) * (1 - line) * (1 - large),
    }
    numbers = {name: round(value, 3) for name, value in because.items()}
    words = [Word(name, round(value, 4), numbers) for name, value in shares.items()]
    return tuple(sorted(words, key=lambda word: -word.probability))


def _soft(value: float, limit: float, width: float) -> float:
    """How sure it is that a value that is known to ``width`` lies above a limit."""
    return float(1 / (1 + np.exp(-np.clip((value - limit) / width, -30, 30))))


def _toward_nipple(one: Arrangement, nipple_mm: tuple[float, float] | None) -> dict[str, float]:
    """Angle of the long axis with the way to the nipple, and how much the arrangement widens away from it."""
    if nipple_mm is None:
        return {}
    way = np.array(nipple_mm) - one.places_mm.mean(axis=0)
    far = float(np.hypot(*way))
    if far < 1e-6:
        return {}
    way /= far
    angle = float(np.degrees(np.arccos(np.clip(abs(one.axis @ way), 0, 1))))
    axis = one.axis if one.axis @ way > 0 else -one.axis
    off = one.places_mm - one.places_mm.mean(axis=0)
    t, side = -(off @ axis), np.abs(off @ np.array([-axis[1], axis[0]]))
    widens = float(np.corrcoef(t, side)[0, 1]) if len(t) >= 4 and side.std() > 0 and t.std() > 0 else 0.0
    return {"nipple_degrees": angle, "widening": widens}


def _segment(because: dict[str, float], settings: DistributionSettings) -> float:
    """How much an arrangement that is neither small nor a line looks like a segment."""
    if "nipple_degrees" not in because:
        return 0.0
    toward = _soft(-because["nipple_degrees"], -settings.nipple_degrees, 5.0)
    longer = _soft(np.log(max(because["axis_ratio"], 1e-6)), np.log(settings.segment_ratio), 0.12)
    return toward * longer * _soft(because["widening"], settings.widening, 0.12)


def _over_breast(one: Arrangement, breast_mm2: float) -> tuple[float, float]:
    """Share of the breast over which all particles lie, and how often chance would put so many so close together."""
    every = np.concatenate([one.places_mm, one.others_mm])
    share = min(_hull_mm2(every) / max(breast_mm2, 1.0), 1.0)
    area = max(_hull_mm2(one.places_mm), 0.25 * np.pi * one.link_mm**2)
    expected = len(one.others_mm) / max(breast_mm2 - area, area) * area
    tail = float(poisson.sf(len(one.places_mm) - 2, max(expected, 1e-9)))
    return share, max(tail * breast_mm2 / area, 1e-12)


def _hull_mm2(places: F64) -> float:
    if len(places) < 3:
        return 0.0
    try:
        return float(ConvexHull(places).volume)
    except QhullError:
        return 0.0
