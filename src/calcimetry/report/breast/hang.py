"""Whole views as radiologists hang them: the right breast at the left, CC above MLO, all at the same scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.image import Projection
from calcimetry.core.regions import Regions
from calcimetry.report.breast.kinds import FIRST_VIEWS, Found
from calcimetry.report.breast.marks import Area, Frame, GroupBox, Mark, areas, boxes, rings
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.shades import breast_window, grey, jpeg, reduced
from calcimetry.report.breast.words import SIDES, view_line, view_title

__all__ = ["View", "hung"]

_COLUMN = {"R": 0, "L": 1}
_BAR_MM = 20
_ROOM = 5.0


@dataclass(frozen=True, slots=True)
class View:
    """A whole view on the canvas that all views share; places are in units of the canvas.

    ``column``: ``0`` right breast, ``1`` left breast, ``None`` side not stated. ``src`` is ``""`` where the pixels are
    not in memory.
    """

    image: str
    title: str
    caption: str
    column: int | None
    canvas: tuple[int, int]
    at: tuple[float, float]
    size: tuple[int, int]
    src: str
    alt: str
    boxes: tuple[GroupBox, ...]
    marks: tuple[Mark, ...]
    areas: tuple[Area, ...]
    bar_px: float | None
    bar_mm: int = _BAR_MM


def hung(case: Case, found: Sequence[Found], s: BreastPageSettings) -> tuple[tuple[View, ...], ...]:
    """Rows of views; a row holds the right and the left breast in one view, or one image of unknown side.

    Parameters
    ----------
    case : Case
        Images without pixels in memory are left out.
    found : sequence of Found
        What each view shows.
    """
    here = [one for one in found if isinstance(case.pixels.get(one.image.id), Projection)]
    if not here:
        return ()
    sizes = _sizes([one.image for one in here], s)
    canvas = (max(wide for wide, _ in sizes), max(tall for _, tall in sizes))
    views = [_view(case, one, size, canvas, s) for one, size in zip(here, sizes, strict=True)]
    rows: dict[tuple[int, str, int], list[View]] = {}
    for one, view in zip(here, views, strict=True):
        if view.column is None:
            rows[(len(FIRST_VIEWS) + 1, view.image, 0)] = [view]
            continue
        name = one.image.view or ""
        place = FIRST_VIEWS.index(name) if name in FIRST_VIEWS else len(FIRST_VIEWS)
        turn = sum(1 for key, held in rows.items() if key[:2] == (place, name) and _has(held, view.column))
        rows.setdefault((place, name, turn), []).append(view)
    return tuple(tuple(sorted(rows[key], key=lambda v: v.column or 0)) for key in sorted(rows))


def _has(row: Sequence[View], column: int) -> bool:
    return any(view.column == column for view in row)


def _sizes(images: Sequence[ImageInfo], s: BreastPageSettings) -> list[tuple[int, int]]:
    """Width and height of each picture; those whose pixel is known have one scale."""
    extents = [_extent(image) for image in images]
    longest = [max(extent) for image, extent in zip(images, extents, strict=True) if image.spacing_mm is not None]
    out = []
    for image, (tall, wide) in zip(images, extents, strict=True):
        scale = s.view_px / (max(longest) if image.spacing_mm is not None else max(tall, wide))
        out.append((max(1, round(wide * scale)), max(1, round(tall * scale))))
    return out


def _extent(image: ImageInfo) -> tuple[float, float]:
    """Height and width [mm], or in pixels."""
    row, column = (image.spacing_mm or (1.0, 1.0))[-2:]
    return image.shape[-2] * row, image.shape[-1] * column


def _view(case: Case, found: Found, size: tuple[int, int], canvas: tuple[int, int], s: BreastPageSettings) -> View:
    image = found.image
    projection = case.pixels[image.id]
    assert isinstance(projection, Projection)
    regions = next((r for r in case.regions if r.image == image.id), None)
    shape = (projection.pixels.shape[0], projection.pixels.shape[1])
    frame = Frame(0, 0, size[1] / shape[0], size[0] / shape[1])
    column = _COLUMN.get(image.laterality or "")
    spare = canvas[0] - size[0]
    # The chest walls meet in the middle: the right breast stands at the right end of its canvas.
    x = {0: float(spare), 1: 0.0}.get(column if column is not None else -1, spare / 2)
    groups = (*found.maybe, *reversed(found.reported))
    return View(
        image=image.id,
        title=view_title(image),
        caption=view_line(image) if image.laterality in SIDES or image.view else "side and view not stated",
        column=column,
        canvas=canvas,
        at=(x, (canvas[1] - size[1]) / 2),
        size=size,
        src=_source(projection, regions, size, s),
        alt=_alt(found),
        boxes=boxes(groups, frame, (float(size[0]), float(size[1])), _ROOM),
        marks=rings(found.lesions, frame),
        areas=areas(regions, shape, frame),
        bar_px=None if image.spacing_mm is None else _BAR_MM / image.spacing_mm[-1] * frame.across,
    )


def _source(projection: Projection, regions: Regions | None, size: tuple[int, int], s: BreastPageSettings) -> str:
    small: NDArray[np.float32] = reduced(projection.pixels, s.view_px)
    return jpeg(grey(small, breast_window(projection, regions, s), size), s.jpeg_quality)


def _alt(found: Found) -> str:
    names = ", ".join(group.id for group in found.reported) or "none"
    return (
        f"{view_title(found.image)}, the whole view. Groups reported: {names}. "
        f"{found.counted} calcifications counted, of them {len(found.larger)} larger or of a benign kind "
        f"and {len(found.arteries)} in arteries."
    )
