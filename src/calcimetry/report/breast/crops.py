"""Close views of reported groups and of larger calcifications, on the pixels of the image itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.report.breast.kinds import Found
from calcimetry.report.breast.marks import Frame, GroupBox, Mark, boxes, edges
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.shades import crop_window, grey, jpeg, lossless
from calcimetry.report.outlines import Box
from calcimetry.report.words import visible

__all__ = ["Crop", "Crops", "crops"]

SIDE = 300
"""Units along the longer side of a close view in its drawing."""
_BAR_MM = 5
_INNER = 0.9
"""A thing is shown by a close view of another if it lies in this inner share of it."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One close view; ``size`` and all places are in units of the drawing."""

    about: str
    number: int
    src: str
    size: tuple[float, float]
    field: str
    alt: str
    boxes: tuple[GroupBox, ...]
    marks: tuple[Mark, ...]
    bare: int
    bar_px: float | None
    bar_mm: int = _BAR_MM


@dataclass(frozen=True, slots=True)
class Crops:
    """The close views of one image by the id of what they are about.

    ``shown_by``: id -> group or calcification in whose close view it lies; ``left``: how many have none.
    """

    views: dict[str, Crop]
    shown_by: dict[str, str]
    left: int


def crops(projection: Projection, found: Found, s: BreastPageSettings, first: int) -> Crops:
    """Close views: reported groups first, then larger calcifications that none of these shows.

    Parameters
    ----------
    projection : Projection
    found : Found
        What it shows.
    s : BreastPageSettings
    first : int
        Number of the first one, unique on the page.
    """
    views: dict[str, Crop] = {}
    fields: dict[str, Box] = {}
    shown: dict[str, str] = {}
    used = left = 0
    wanted: list[Group | Lesion] = [*found.reported, *found.larger]
    for one in wanted:
        field = _field(projection, one, s)
        by = next((name for name, other in fields.items() if isinstance(one, Lesion) and _within(one, other)), None)
        if by is not None:
            shown[one.id] = by
            continue
        crop = None
        if len(views) < s.max_crops and used < s.max_bytes:
            crop = _crop(projection, found, one, field, first + len(views), s)
            used += len(crop.src)
        if crop is None or used > s.max_bytes:
            left += 1
            continue
        views[one.id] = crop
        fields[one.id] = field
    return Crops(views, shown, left)


def _field(projection: Projection, one: Group | Lesion, s: BreastPageSettings) -> Box:
    """A square around a thing, inside the image; where nobody says how large a pixel is, counted in pixels."""
    (_, r0, c0), (_, r1, c1) = one.bounds_index
    pitch = projection.pixel_mm or (s.field_mm / s.field_px,) * 2
    side = max(s.field_mm, (r1 - r0) * pitch[0] + 2 * s.margin_mm, (c1 - c0) * pitch[1] + 2 * s.margin_mm)
    found: list[int] = []
    for middle, length, mm in zip(((r0 + r1) / 2, (c0 + c1) / 2), projection.pixels.shape, pitch, strict=True):
        wide = min(length, max(4, round(side / mm)))
        start = min(max(0, round(middle - wide / 2)), length - wide)
        found += [start, start + wide]
    return found[0], found[1], found[2], found[3]


def _within(lesion: Lesion, field: Box) -> bool:
    (_, j0, i0), (_, j1, i1) = lesion.bounds_index
    r0, r1, c0, c1 = field
    down, across = abs(j0 + j1 - r0 - r1) / (r1 - r0), abs(i0 + i1 - c0 - c1) / (c1 - c0)
    return down + (j1 - j0) / (r1 - r0) <= _INNER and across + (i1 - i0) / (c1 - c0) <= _INNER


def _crop(
    projection: Projection, found: Found, one: Group | Lesion, field: Box, number: int, s: BreastPageSettings
) -> Crop:
    r0, r1, c0, c1 = field
    pixels = projection.pixels[r0:r1, c0:c1]
    row_mm, column_mm = projection.pixel_mm or (1.0, 1.0)
    tall, wide = (r1 - r0) * row_mm, (c1 - c0) * column_mm
    scale = SIDE / max(tall, wide)
    size = (round(wide * scale, 1), round(tall * scale, 1))
    frame = Frame(r0, c0, scale * row_mm, scale * column_mm)
    others = [g for g in found.reported if g.id != one.id and _overlaps(g, field)]
    groups = [*others, *([one] if isinstance(one, Group) else [])]
    members = {name for group in groups for name in group.lesions}
    seen = [(role, x) for role, x in found.lesions if role != "faint" or x.id in members]
    marks, bare = edges([(role, x) for role, x in seen if _overlaps(x, field)], frame, pixels.shape, s.max_path_chars)
    shrink = max(1.0, max(pixels.shape) / s.max_crop_px)
    stored = (max(1, round(pixels.shape[1] / shrink)), max(1, round(pixels.shape[0] / shrink)))
    picture = grey(pixels, crop_window(pixels, s), stored if shrink > 1.0 else None)
    src = lossless(picture) if picture.size <= s.lossless_px else jpeg(picture, s.crop_quality)
    return Crop(
        about=visible(one.id),
        number=number,
        src=src,
        size=size,
        field=_said(projection, wide, tall, shrink),
        alt=f"Close view of {visible(one.id)}, once without outlines and once with them",
        boxes=boxes(groups, frame, size, 4.0),
        marks=marks,
        bare=bare,
        bar_px=None if projection.pixel_mm is None else _BAR_MM * scale,
    )


def _overlaps(one: Group | Lesion, field: Box) -> bool:
    (_, j0, i0), (_, j1, i1) = one.bounds_index
    r0, r1, c0, c1 = field
    return j0 < r1 and j1 > r0 and i0 < c1 and i1 > c0


def _said(projection: Projection, wide: float, tall: float, shrink: float) -> str:
    """What a close view shows and how finely."""
    if projection.pixel_mm is None:
        return f"{wide:.0f} × {tall:.0f} pixels" + ("" if shrink == 1.0 else f", reduced {shrink:.1f} times")
    pixel = float(np.sqrt(projection.pixel_mm[0] * projection.pixel_mm[1])) * shrink
    return f"{wide:.0f} × {tall:.0f} mm, {pixel:.2g} mm a pixel" + ("" if shrink == 1.0 else " (reduced)")
