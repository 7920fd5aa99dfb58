"""Arteries: long tracks of pieces of calcium along a line, taken out before groups are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from calcimetry.detect.breast.settings import ArterySettings

__all__ = ["Artery", "arteries"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Artery:
    """One track.

    ``members`` are places in the list of spots; ``path`` (n, 2, 2) the straight pieces between neighbors (row, column)
    [mm]; ``length_mm`` the longest way through it; ``piece`` the mean probability of its spots to be
    part of something large.
    """

    members: NDArray[np.intp]
    path: F64
    length_mm: float
    piece: float


def arteries(places_mm: F64, llr: F64, piece: F64, settings: ArterySettings) -> list[Artery]:
    """Tracks, the longest first.

    A spot is on a track where its neighbors lie along a line; tracks are linked, and kept where they are long and where
    enough of their spots look like a piece of something large: rows of single specks in a duct do not.

    Parameters
    ----------
    places_mm : (n, 2)
    llr, piece : (n,)
        Evidence of a small calcification, and probability of a piece of a large one, of each spot.
    """
    taking = np.flatnonzero((piece > settings.piece_from) | (llr > settings.llr_from))
    if len(taking) < settings.least:
        return []
    places = places_mm[taking]
    along = np.array(
        [_in_line(places, mine, settings) for mine in cKDTree(places).query_ball_point(places, settings.window_mm)]
    )
    taking, places = taking[along], places[along]
    if len(taking) < settings.least:
        return []
    pairs = cKDTree(places).query_pairs(settings.link_mm, output_type="ndarray")
    if not len(pairs):
        return []
    lengths = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T) + 1e-3
    graph = sparse.coo_matrix((lengths, (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places))).tocsr()
    count, which = csgraph.connected_components(graph, directed=False)
    out = []
    for n in range(count):
        mine = np.flatnonzero(which == n)
        if len(mine) < settings.least or float(np.mean(piece[taking[mine]] > settings.piece_from)) < settings.share:
            continue
        near = graph[mine][:, mine]
        tree = csgraph.minimum_spanning_tree(near).tocoo()
        # Two walls are one vessel: the longest of the shortest ways, not the way that zigzags along both.
        far = csgraph.dijkstra(near, directed=False, indices=0)
        length = float(csgraph.dijkstra(near, directed=False, indices=int(far.argmax())).max())
        if length >= settings.length_mm:
            own = places[mine]
            path = np.stack([own[tree.row], own[tree.col]], axis=1)
            out.append(Artery(taking[mine], path, length, float(piece[taking[mine]].mean())))
    return sorted(out, key=lambda one: (-one.length_mm, int(one.members[0])))


def _in_line(places: F64, mine: list[int], settings: ArterySettings) -> bool:
    """Whether the places within a window lie along a line."""
    if len(mine) < settings.neighbors:
        return False
    values = np.linalg.eigvalsh(np.cov(places[mine].T))
    return bool(
        np.sqrt(max(values[0], 0.0)) <= settings.across_mm and values[1] >= settings.ratio**2 * max(values[0], 0.01)
    )
