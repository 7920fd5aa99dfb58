"""Outlines over a mammogram as SVG paths: boxes of groups, rings and edges of particles, masked parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.group import Group
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.regions import Regions
from calcimetry.report.breast.kinds import Role
from calcimetry.report.breast.words import REGIONS, SHUT
from calcimetry.report.outlines import outline_path
from calcimetry.report.words import visible

__all__ = ["Area", "Frame", "GroupBox", "Mark", "areas", "boxes", "edges", "rings"]

_GRID = 260
"""Cells along the longer side on which masked parts are drawn."""
_MOST_PARTS = 32
_LEAST_RING = 3.4
_ROOM = 2.4
"""Radius of the smallest ring, and room between a particle and its ring, in units of the picture."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a picture lies on its image: first row and column, and units of the picture per pixel down and across."""

    row: int
    column: int
    down: float
    across: float

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Horizontal and vertical place of a corner of a pixel."""
        return (column - self.column) * self.across, (row - self.row) * self.down


@dataclass(frozen=True, slots=True)
class Mark:
    """All particles of one role as one path."""

    role: Role
    path: str


@dataclass(frozen=True, slots=True)
class GroupBox:
    """The rounded box of one group, with the place of its name."""

    id: str
    reported: bool
    x: float
    y: float
    wide: float
    tall: float
    label_xy: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """One part of the map as filled cells; ``shut``: nothing is looked for in it."""

    title: str
    shut: bool
    path: str


def rings(found: Iterable[tuple[Role, Lesion]], frame: Frame) -> tuple[Mark, ...]:
    """A ring around each particle, a dot for what is less sure, the outline of an artery. For whole views."""
    paths: dict[Role, list[str]] = {}
    for role, lesion in found:
        if role == "artery" and lesion.mask is not None:
            piece = _coarse_edge(lesion.mask, frame)
        elif role == "faint":
            x, y = frame.at(lesion.center_index[1] + 0.5, lesion.center_index[2] + 0.5)
            piece = f"M{_n(x)} {_n(y)}h0"
        else:
            piece = _ring(lesion, frame)
        paths.setdefault(role, []).append(piece)
    return tuple(Mark(role, "".join(pieces)) for role, pieces in paths.items())


def _ring(lesion: Lesion, frame: Frame) -> str:
    (_, r0, c0), (_, r1, c1) = lesion.bounds_index
    x, y = frame.at((r0 + r1) / 2, (c0 + c1) / 2)
    half = 0.5 * max((r1 - r0) * frame.down, (c1 - c0) * frame.across)
    r = _n(max(_LEAST_RING, half + _ROOM))
    return f"M{_n(x - float(r))} {_n(y)}a{r} {r} 0 1 0 {_n(2 * float(r))} 0a{r} {r} 0 1 0 -{_n(2 * float(r))} 0"


def _coarse_edge(mask: Mask, frame: Frame) -> str:
    """The outline of a long thing on cells about as large as a unit of the picture."""
    bits = mask.bits[0]
    step = max(1, round(1.0 / max(frame.down, 1e-6)))
    row, column = mask.start[1] - frame.row, mask.start[2] - frame.column
    top, left = row % step, column % step
    tall, wide = -(-(top + bits.shape[0]) // step), -(-(left + bits.shape[1]) // step)
    padded = np.zeros((tall * step, wide * step), bool)
    padded[top : top + bits.shape[0], left : left + bits.shape[1]] = bits
    cells = np.asarray(padded.reshape(tall, step, wide, step).any(axis=(1, 3)), bool)
    return outline_path(cells, (row // step, column // step), (step * frame.across, step * frame.down))


def edges(
    found: Iterable[tuple[Role, Lesion]], frame: Frame, shape: tuple[int, int], max_chars: int
) -> tuple[tuple[Mark, ...], int]:
    """The outline of each particle along its own pixels, for close views; and how many found no room.

    Parameters
    ----------
    found : iterable of (role, lesion)
        What matters most last.
    frame : Frame
    shape : (int, int)
        Rows and columns of the image that are shown; nothing is drawn beyond.
    max_chars : int
        Of all paths together.
    """
    paths: dict[Role, list[str]] = {}
    bare = 0
    for role, lesion in reversed(list(found)):
        if lesion.mask is None:
            continue
        row, column = lesion.mask.start[1] - frame.row, lesion.mask.start[2] - frame.column
        top, left = max(0, -row), max(0, -column)
        bits = lesion.mask.bits[0, top : max(0, shape[0] - row), left : max(0, shape[1] - column)]
        piece = outline_path(bits, (row + top, column + left), (frame.across, frame.down))
        max_chars -= len(piece)
        if max_chars < 0:
            bare += 1
            continue
        paths.setdefault(role, []).append(piece)
    return tuple(Mark(role, "".join(pieces)) for role, pieces in reversed(paths.items())), bare


def boxes(groups: Sequence[Group], frame: Frame, size: tuple[float, float], room: float) -> tuple[GroupBox, ...]:
    """A box around each group, ``room`` wider than its particles, with its name where that fits."""
    wide, tall = size
    out = []
    for group in groups:
        (_, r0, c0), (_, r1, c1) = group.bounds_index
        x0, y0 = frame.at(r0, c0)
        x1, y1 = frame.at(r1, c1)
        x0, y0, x1, y1 = (round(v, 1) for v in (x0 - room, y0 - room, x1 + room, y1 + room))
        x = min(max(x0, 3.0), wide - 34.0)
        y = y0 - 4.0 if y0 > 18.0 else min(y1 + 14.0, tall - 4.0)
        box = (x0, y0, round(x1 - x0, 1), round(y1 - y0, 1))
        out.append(GroupBox(visible(group.id), group.reported, *box, (round(x, 1), round(y, 1))))
    return tuple(out)


def areas(regions: Regions | None, shape: tuple[int, int], frame: Frame) -> tuple[Area, ...]:
    """The parts of the map that are not plain breast, as rows of filled cells."""
    if regions is None or regions.labels.shape[1:] != shape:
        return ()
    step = max(1, -(-max(shape) // _GRID))
    named = {one.label: one.name for one in regions.regions if one.name not in ("breast", "nipple")}
    cells = _cells(regions.labels[0], sorted(named)[:_MOST_PARTS], step)
    return tuple(
        Area(_title(named[label]), named[label] in SHUT, _filled(held, step, frame))
        for label, held in cells.items()
        if held.any()
    )


def _title(name: str) -> str:
    return REGIONS[name][0] if name in REGIONS else visible(name.replace("_", " "))


def _cells(labels: NDArray[np.unsignedinteger], wanted: Sequence[int], step: int) -> dict[int, NDArray[np.bool_]]:
    """Where each label has at least one pixel in a cell: a scanner's line is one pixel wide."""
    rows, columns = -(-labels.shape[0] // step), labels.shape[1] // step
    bit = np.zeros(np.iinfo(labels.dtype).max + 1 if labels.dtype.itemsize == 1 else int(labels.max()) + 1, np.uint32)
    for n, label in enumerate(wanted):
        bit[label] = 1 << n
    held = np.zeros((rows, columns), np.uint32)
    for row in range(rows):
        strip = bit[labels[row * step : (row + 1) * step, : columns * step]]
        line = np.bitwise_or.reduce(strip, axis=0)
        held[row] = np.bitwise_or.reduce(line.reshape(columns, step), axis=1)
    return {label: held & np.uint32(1 << n) > 0 for n, label in enumerate(wanted)}


def _filled(cells: NDArray[np.bool_], step: int, frame: Frame) -> str:
    """Runs of cells as rectangles; runs that repeat in the next row are drawn as one."""
    pieces: list[str] = []
    open_: dict[tuple[int, int], int] = {}
    for row in range(len(cells) + 1):
        line = cells[row] if row < len(cells) else np.zeros(cells.shape[1], bool)
        change = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
        runs = set(zip(change[::2].tolist(), change[1::2].tolist(), strict=True))
        for run in sorted(set(open_) - runs):
            pieces.append(_rectangle(open_.pop(run), row, run, step, frame))
        for run in runs - set(open_):
            open_[run] = row
    return "".join(pieces)


def _rectangle(first: int, stop: int, run: tuple[int, int], step: int, frame: Frame) -> str:
    x0, y0 = frame.at(first * step, run[0] * step)
    x1, y1 = frame.at(stop * step, run[1] * step)
    return f"M{_n(x0)} {_n(y0)}H{_n(x1)}V{_n(y1)}H{_n(x0)}z"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
