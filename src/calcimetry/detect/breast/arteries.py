"""Calcified arteries: pieces of lines that look like one, linked to courses; taken out before groups are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from calcimetry.detect.breast.field import Field
from calcimetry.detect.breast.ridges import Pieces
from calcimetry.detect.breast.settings import ArterySettings
from calcimetry.imaging.filters import gaussian

__all__ = ["Artery", "accepted", "arteries", "band", "linked", "near_course", "track_names", "track_values"]

F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Artery:
    """One course.

    ``points`` (n, 2) are row and column in the field; ``base``, ``height`` and ``half_mm`` (n,) say how bright and wide
    it is there; ``length_mm`` is all of it that was seen, ``probability`` that it is a calcified artery.
    """

    points: F64
    base: F64
    height: F64
    half_mm: F64
    length_mm: float
    width_mm: float
    pieces: int
    probability: float


def track_names() -> tuple[str, ...]:
    """Names of the features of a track in order."""
    return ("sure_mm", "length_mm", "pieces", "mean", "highest", "second", "extent_mm", "height", "width_mm")


def linked(found: Pieces, odds: F64, mm: float, settings: ArterySettings) -> list[Index]:
    """Tracks: pieces (numbers) that follow each other along a line, or beyond a gap in its direction.

    Parameters
    ----------
    odds : (pieces,)
        Log-odds of each piece to lie on a calcified artery.
    mm : float
        Pixel of the field.
    """
    least = float(np.log(settings.piece_from / (1 - settings.piece_from)))
    taking = np.flatnonzero(odds >= least)
    if taking.size == 0:
        return []
    ends, ways = _ends(found, taking)
    count = len(taking)
    owner = np.concatenate([np.arange(count), np.arange(count)])
    gap = ends[None, :] - ends[:, None]
    far = np.hypot(gap[..., 0], gap[..., 1]) * mm
    meet = gap / (np.hypot(gap[..., 0], gap[..., 1])[..., None] + 1e-9)
    least_along = np.cos(settings.link_turn)
    onward = (ways[:, None] * meet).sum(axis=2) >= least_along
    facing = -(ways[:, None] * ways[None, :]).sum(axis=2) >= np.cos(1.5 * settings.link_turn)
    joined = facing & (far <= settings.link_mm) & ((onward & onward.T) | (far < 1.0))
    joined &= owner[:, None] != owner[None, :]
    a, b = np.nonzero(joined)
    next_one = np.flatnonzero((np.diff(taking) == 1) & (found.line[taking[1:]] == found.line[taking[:-1]]))
    rows, columns = np.concatenate([owner[a], next_one]), np.concatenate([owner[b], next_one + 1])
    graph = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    number, which = csgraph.connected_components(graph, directed=False)
    return [taking[which == n] for n in range(number)]


def _ends(found: Pieces, taking: Index) -> tuple[F64, F64]:
    """Both ends (2 n, 2) of pieces, first all starts, then all stops, and the direction outwards at each."""
    first = np.searchsorted(found.piece, taking)
    last = np.searchsorted(found.piece, taking, side="right") - 1
    inner = np.minimum(6, last - first)
    starts, stops = found.points[first], found.points[last]
    ways = np.concatenate([starts - found.points[first + inner], stops - found.points[last - inner]])
    return np.concatenate([starts, stops]), ways / (np.linalg.norm(ways, axis=1, keepdims=True) + 1e-9)


def track_values(found: Pieces, odds: F64, track: Index, mm: float) -> F64:
    """Features of one track: see :func:`track_names`."""
    own = np.isin(found.piece, track)
    lengths = np.bincount(found.piece, minlength=len(found))[track] * mm
    shares = 1 / (1 + np.exp(-odds[track]))
    falling = np.sort(odds[track])[::-1]
    points = found.points[own]
    return np.array(
        [
            float((lengths * shares).sum()),
            float(lengths.sum()),
            float(len(track)),
            float(np.average(odds[track], weights=lengths)),
            float(falling[0]),
            float(falling[1]) if len(falling) > 1 else -3.0,
            float(np.hypot(*np.ptp(points, axis=0))) * mm,
            float(np.average(found.values[track, 0], weights=lengths)),
            2 * float(np.average(found.half_mm[track], weights=lengths)),
        ]
    )


def arteries(
    found: Pieces, odds: F64, tracks: list[Index], probability: F64, mm: float, settings: ArterySettings
) -> list[Artery]:
    """Courses that are calcified arteries, the longest first. Two walls of one vessel are one.

    Parameters
    ----------
    probability : (tracks,)
        That each track is an artery.
    """
    kept = accepted(found, tracks, probability, mm, settings)
    if not kept:
        return []
    which = _walls([found.points[np.isin(found.piece, tracks[n])] * mm for n in kept], settings.wall_mm)
    out = []
    for vessel in sorted(set(which)):
        mine = [kept[n] for n in range(len(kept)) if which[n] == vessel]
        members = np.sort(np.concatenate([tracks[n] for n in mine]))
        own = np.isin(found.piece, members)
        longest = max(float(np.isin(found.piece, tracks[n]).sum()) for n in mine) * mm
        between, beside = _bridges(found, members, mm, settings)
        piece = np.concatenate([found.piece[own], beside])
        wide = 2 * float(np.median(found.half_mm[found.piece[own]]))
        sure = float(max(probability[n] for n in mine))
        points = np.concatenate([found.points[own], between])
        base, height, half = found.base[piece], found.height[piece], found.half_mm[piece]
        out.append(Artery(points, base, height, half, longest, wide, len(members), sure))
    return sorted(out, key=lambda one: (-one.length_mm, tuple(one.points[0])))


def accepted(found: Pieces, tracks: list[Index], probability: F64, mm: float, settings: ArterySettings) -> list[int]:
    """Numbers of the tracks that are called arteries: sure by themselves, or likely where others are sure."""
    points = np.bincount(found.piece, minlength=len(found))
    length = np.array([float(points[one].sum()) * mm for one in tracks])
    long = (length >= settings.long_mm) & (probability >= settings.track_from)
    taken = long | (probability >= settings.short_from)
    if float(length[long].sum()) >= settings.many_mm:
        taken |= probability >= settings.more_from
    return [int(n) for n in np.flatnonzero(taken)]


def _bridges(found: Pieces, members: Index, mm: float, settings: ArterySettings) -> tuple[F64, Index]:
    """Points across the gaps between the pieces of one vessel, and a piece beside each."""
    ends, _ = _ends(found, members)
    owner = np.concatenate([members, members])
    away = np.hypot(*(ends[:, None] - ends[None, :]).transpose(2, 0, 1)) * mm
    away[owner[:, None] == owner[None, :]] = np.inf
    points, pieces = [np.zeros((0, 2))], [np.zeros(0, np.intp)]
    for n, other in enumerate(away.argmin(axis=1)):
        if 0 < away[n, other] <= settings.link_mm:
            share = np.linspace(0, 1, max(2, round(float(away[n, other]) / mm)))[:, None]
            points.append(np.rint(ends[n] * (1 - share) + ends[other] * share))
            pieces.append(np.full(len(share), owner[n]))
    return np.concatenate(points), np.concatenate(pieces)


def _walls(courses_mm: list[F64], apart_mm: float) -> list[int]:
    """Number of the vessel of each course: one that runs beside another for half of its length is its other wall."""
    which = list(range(len(courses_mm)))
    for a in range(len(courses_mm)):
        for b in range(a):
            away = np.hypot(*(courses_mm[a][:, None] - courses_mm[b][None]).transpose(2, 0, 1))
            beside = max(float(np.mean(away.min(axis=1) <= apart_mm)), float(np.mean(away.min(axis=0) <= apart_mm)))
            if beside >= 0.5:
                which = [which[b] if n == which[a] else n for n in which]
    return which


def near_course(places: F64, found: list[Artery], mm: float, within_mm: float) -> Bits:
    """Which places (row, column of the field) lie within this distance of the edge of a course."""
    out = np.zeros(len(places), bool)
    for one in found:
        # Far from the box around a course nothing is near the course.
        reach = (float(one.half_mm.max()) + within_mm) / mm + 1
        low, high = one.points.min(axis=0) - reach, one.points.max(axis=0) + reach
        near = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
        for first in range(0, len(near), 500):
            some = near[first : first + 500]
            away = np.hypot(*(places[some, None] - one.points[None]).transpose(2, 0, 1)) * mm
            out[some] |= (away - one.half_mm[None]).min(axis=1) <= within_mm
    return out


def band(one: Artery, pixels: NDArray[np.generic], field: Field) -> tuple[tuple[int, int], Bits]:
    """Outline on the image's own pixels: what is bright beside the course, within its width."""
    step, mm = field.step, field.mm / field.step
    margin = int(np.ceil((float(one.half_mm.max()) + 0.6) / field.mm)) + 1
    low = np.maximum(np.floor(one.points.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(one.points.max(axis=0)).astype(int) + margin + 1, np.array(field.pixels.shape))
    course = np.full(high - low, -1, np.intp)
    index = one.points.astype(int) - low
    course[index[:, 0], index[:, 1]] = np.arange(len(index))
    away, nearest = ndimage.distance_transform_edt(course < 0, return_indices=True)
    point = course[nearest[0], nearest[1]]
    inside = away * field.mm <= one.half_mm[point] + 0.2
    level = (one.base + 0.4 * one.height)[point].astype(np.float32)

    start = (field.origin[0] + int(low[0]) * step, field.origin[1] + int(low[1]) * step)
    rows, columns = inside.shape[0] * step, inside.shape[1] * step
    part = np.asarray(pixels[start[0] : start[0] + rows, start[1] : start[1] + columns], np.float32)
    part = gaussian(part, 0.06 / mm) if step > 1 else part
    wide = np.ones((step, step), np.float32)
    bits = (np.kron(inside.astype(np.float32), wide) > 0) & (part > np.kron(level, wide))
    if not bits.any():
        bits = np.kron((away * field.mm <= 0.6).astype(np.float32), wide) > 0
    return start, np.asarray(bits, np.bool_)
