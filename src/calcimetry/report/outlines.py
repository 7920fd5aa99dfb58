"""Outlines of lesions on a picture, as SVG paths along the edges of their pixels."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.lesion import Lesion
from calcimetry.report.answer import by_weight
from calcimetry.report.words import visible

__all__ = ["Outline", "outline_path", "outlines"]

Box = tuple[int, int, int, int]
"""First row, row behind the last, first column, column behind the last."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The edge of one lesion on a picture: an SVG path in pixels of the picture, and where its name goes, if there.

    ``role``: ``counted``; ``apart``, counted, but not what this picture is about; ``other``, not counted.
    """

    id: str
    role: Literal["counted", "apart", "other"]
    path: str
    label_xy: tuple[float, float] | None


def outlines(
    lesions: Sequence[Lesion],
    plane: int,
    box: Box,
    scale: tuple[float, float],
    *,
    about: Collection[str] | None = None,
    max_chars: int,
) -> tuple[list[Outline], int]:
    """Outlines of the lesions that a picture shows, heaviest first, and how many more it shows without one.

    Names stand where there is room.

    Parameters
    ----------
    lesions, plane, box
        Of one image; which of its planes and which part of it is shown.
    scale : (float, float)
        Pixels of the picture per column and per row.
    about : collection of str, optional
        Ids of the lesions that the picture is about: they come first and have a name though they are not counted.
        Without it all counted ones are.
    max_chars : int
        Of all paths together; what is lighter goes without.
    """
    r0, r1, c0, c1 = box
    wide, taken = (c1 - c0) * scale[0], list[tuple[float, float]]()
    found: list[Outline] = []
    bare = 0
    first = frozenset() if about is None else frozenset(about)
    for lesion in sorted(by_weight(list(lesions)), key=lambda x: x.id not in first):
        mask = lesion.mask
        if mask is None or not mask.start[0] <= plane < mask.stop[0]:
            continue
        bits = mask.bits[plane - mask.start[0]]
        _, j0, i0 = mask.start
        seen = np.argwhere(bits[max(0, r0 - j0) : max(0, r1 - j0), max(0, c0 - i0) : max(0, c1 - i0)])
        if not len(seen):
            continue
        if max_chars <= 0:
            bare += 1
            continue
        top, right = seen[0, 0] + max(j0, r0), seen[seen[:, 0] == seen[0, 0], 1].max() + 1 + max(i0, c0)
        # The name stands right of the uppermost row that is seen, inside the picture, clear of other names.
        x = round(min(float(right - c0) * scale[0] + 3.0, wide - 40.0), 1)
        y = round(max(float(top - r0) * scale[1] - 2.0, 13.0), 1)
        free = all(abs(x - other_x) > 36.0 or abs(y - other_y) > 13.0 for other_x, other_y in taken)
        named = (lesion.counted or lesion.id in first) and free
        if named:
            taken.append((x, y))
        path = outline_path(bits, (j0 - r0, i0 - c0), scale)
        max_chars -= len(path)
        if max_chars < 0:
            bare += 1
            continue
        role: Literal["counted", "apart", "other"] = "counted" if about is None or lesion.id in first else "apart"
        found.append(Outline(visible(lesion.id), role if lesion.counted else "other", path, (x, y) if named else None))
    return found, bare


def outline_path(bits: NDArray[np.bool_], start: tuple[int, int], scale: tuple[float, float] = (1.0, 1.0)) -> str:
    """The edges of the pixels of a mask as an SVG path: straight runs between inside and outside.

    Parameters
    ----------
    bits : (row, column) bool
    start : (int, int)
        Row and column of ``bits[0, 0]`` in the picture.
    scale : (float, float)
        Units of the path per column and per row.

    >>> outline_path(np.array([[True, True]]), (0, 0))
    'M0 0H2M0 1H2M0 0V1M2 0V1'
    """
    padded = np.pad(bits, 1)
    pieces: list[str] = []
    for y, edge in enumerate(padded[1:] != padded[:-1]):
        for x0, x1 in _runs(edge):
            pieces.append(
                f"M{_at(x0 - 1 + start[1], scale[0])} {_at(y + start[0], scale[1])}H{_at(x1 - 1 + start[1], scale[0])}"
            )
    for x, edge in enumerate((padded[:, 1:] != padded[:, :-1]).T):
        for y0, y1 in _runs(edge):
            pieces.append(
                f"M{_at(x + start[1], scale[0])} {_at(y0 - 1 + start[0], scale[1])}V{_at(y1 - 1 + start[0], scale[1])}"
            )
    return "".join(pieces)


def _at(index: int, scale: float) -> str:
    return f"{index * scale:.1f}".removesuffix(".0")


def _runs(line: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Start and end (half open) of each run of true values."""
    change = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    yield from zip(change[::2].tolist(), change[1::2].tolist(), strict=True)
