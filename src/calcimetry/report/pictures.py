"""Key images: one overview of each image and crops around the heaviest lesions, with outlines as SVG paths."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.case import Case
from calcimetry.core.image import Projection, Volume
from calcimetry.core.lesion import Lesion
from calcimetry.report.answer import by_weight, place_text, where
from calcimetry.report.outlines import Box, Outline, outlines
from calcimetry.report.words import visible

__all__ = ["Picture", "PictureSettings", "draw", "pictures", "square"]


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What the pictures look like; all are choices of ours, for a page that is quick to open and to send."""

    window_hu: tuple[float, float] = (-150.0, 350.0)
    """Soft tissue with room above 130 HU, so that faint calcium still differs from dense."""
    crop_mm: float = 60.0
    crop_px: int = 264
    overview_px: int = 440
    max_overviews: int = 4
    max_crops: int = 8
    max_bytes: int = 1_300_000
    """Of all pictures together, as base64 text; what goes beyond is left out and said."""
    margin_mm: float = 12.0
    max_path_chars: int = 40_000
    """Of the outlines of one picture; lighter lesions beyond stay without, and the caption says how many."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture. ``sides`` are the letters at its left, right, upper and lower edge ('' where unknown)."""

    kind: str
    title: str
    caption: str
    window: str
    alt: str
    src: str
    width: int
    height: int
    outlines: tuple[Outline, ...]
    sides: tuple[str, str, str, str]
    bar_px: float | None
    bar_mm: int = 10


def pictures(
    case: Case, settings: PictureSettings | None = None, *, apart: Collection[str] = ()
) -> tuple[tuple[Picture, ...], int]:
    """The pictures of a case in memory, and how many counted lesions no close view shows.

    ``apart``: ids of lesions that have their pictures elsewhere on the page, and need none here.
    """
    s = settings or PictureSettings()
    crops = _crops(case, s, frozenset(apart))
    wanted = [*((image, None) for image in _overviews(case, s)), *((case.pixels[x.image], x) for x in crops)]
    found: list[Picture] = []
    drawn: list[Lesion] = []
    used = 0
    for image, lesion in wanted:
        picture = _picture(case, image, lesion, s)
        used += len(picture.src)
        if used > s.max_bytes and found:
            break
        found.append(picture)
        drawn += [] if lesion is None else [lesion]
    counted = (x for x in case.lesions if x.counted and x.image in case.pixels and x.id not in apart)
    return tuple(found), sum(not any(_shows(view, x, s) for view in drawn) for x in counted)


def _overviews(case: Case, s: PictureSettings) -> list[Volume | Projection]:
    """The images that get an overview, those that are used first."""
    infos = sorted(case.images, key=lambda info: not info.used_for)
    return [case.pixels[info.id] for info in infos if info.id in case.pixels][: s.max_overviews]


def _crops(case: Case, s: PictureSettings, apart: frozenset[str]) -> list[Lesion]:
    """The lesions that get a close view, heaviest first.

    The heaviest of each site first, then the heaviest of all; one that an earlier view already shows near its
    middle gets none of its own.
    """
    seen = [x for x in case.lesions if x.counted and x.mask is not None and x.image in case.pixels]
    heavy = by_weight([x for x in seen if x.id not in apart])
    first_of_site = {(x.site, x.image): x for x in reversed(heavy)}
    firsts = [x for x in heavy if first_of_site[(x.site, x.image)] is x]
    chosen: list[Lesion] = []
    for lesion in [*firsts, *(x for x in heavy if all(x is not first for first in firsts))]:
        if len(chosen) < s.max_crops and not any(_shows(view, lesion, s) for view in chosen):
            chosen.append(lesion)
    return by_weight(chosen)


def _shows(view: Lesion, lesion: Lesion, s: PictureSettings) -> bool:
    """Whether the close view of one lesion shows the peak plane of another, well inside."""
    same = view.image == lesion.image and view.peak_index[0] == lesion.peak_index[0]
    if not same or view.center_mm is None or lesion.center_mm is None:
        return False
    apart = np.subtract(view.center_mm, lesion.center_mm)
    return bool(np.linalg.norm(apart) < 0.35 * s.crop_mm)


def _picture(case: Case, image: Volume | Projection, lesion: Lesion | None, s: PictureSettings) -> Picture:
    here = [x for x in case.lesions if x.image == image.id and x.mask is not None]
    plane = lesion.peak_index[0] if lesion is not None else _busiest(image, here)
    rows, columns = image.pixels.shape[-2:]
    box = (0, rows, 0, columns)
    if lesion is not None:
        (_, j0, i0), (_, j1, i1) = lesion.bounds_index
        box = square(image, (j0, j1, i0, i1), s.crop_mm, s.margin_mm)
    return draw(
        image,
        plane,
        box,
        here,
        kind="overview" if lesion is None else "crop",
        title=f"Image {image.id}" if lesion is None else _lesion_title(lesion),
        caption=plane_text(image, plane) if lesion is None else place_text(lesion),
        alt=_alt(image, plane, lesion),
        settings=s,
    )


def draw(
    image: Volume | Projection,
    plane: int,
    box: Box,
    lesions: Sequence[Lesion],
    *,
    kind: str,
    title: str,
    caption: str,
    alt: str,
    settings: PictureSettings,
    about: Collection[str] | None = None,
) -> Picture:
    """One picture of a part of one plane, with the outlines of the lesions on it.

    Parameters
    ----------
    lesions : sequence of Lesion
        Of this image, with masks.
    kind : str
        ``overview`` or ``crop``: how large it is, and its class on the page.
    alt : str
        What it shows, in words; the names of the outlined lesions are added.
    about : collection of str, optional
        Ids of the lesions that it is about; see :func:`outlines`.
    """
    s = settings
    r0, r1, c0, c1 = box
    pixels = image.pixels[plane] if isinstance(image, Volume) else image.pixels
    pitch = _pitch(image)
    size = _size((r1 - r0, c1 - c0), pitch, s.overview_px if kind == "overview" else s.crop_px)
    low, high = _window(image, pixels, s)
    scale = (size[0] / (c1 - c0), size[1] / (r1 - r0))
    kept, bare = outlines(lesions, plane, box, scale, about=about, max_chars=s.max_path_chars)
    named = ", ".join(o.id for o in kept if o.role == "counted")[:200] or "none counted"
    return Picture(
        kind=kind,
        title=title,
        caption=f"{caption}; {bare} lighter ones without outline" if bare else caption,
        window=_window_text(image, low, high),
        alt=f"{alt}; lesions outlined: {named}.",
        src=_png(pixels[r0:r1, c0:c1], (low, high), size),
        width=size[0],
        height=size[1],
        outlines=tuple(kept),
        sides=_sides(image),
        bar_px=None if pitch is None else 10.0 / pitch[1] * scale[0],
    )


def plane_text(image: Volume | Projection, plane: int) -> str:
    """Which plane of an image is shown."""
    if isinstance(image, Projection):
        return "Whole projection"
    source = image.sources[plane] if plane < len(image.sources) else None
    number = source.instance_number if source is not None else None
    at = f"instance {number}" if number is not None else f"plane {plane} (from 0)"
    return f"{at[0].upper()}{at[1:]}, {len(image.pixels)} planes in all"


def _lesion_title(lesion: Lesion) -> str:
    return f"{visible(lesion.id)}: {', '.join(part.lower() for part in where(lesion))}"


def _alt(image: Volume | Projection, plane: int, lesion: Lesion | None) -> str:
    if lesion is None:
        return f"Image {image.id}, {plane_text(image, plane).lower()}"
    return f"Close view of lesion {_lesion_title(lesion)}, {place_text(lesion)}"


def _busiest(image: Volume | Projection, lesions: Sequence[Lesion]) -> int:
    """The plane with the most counted voxels, else the middle one."""
    if isinstance(image, Projection):
        return 0
    voxels = np.zeros(len(image.pixels), dtype=np.int64)
    for lesion in lesions:
        if lesion.counted and lesion.mask is not None:
            voxels[lesion.mask.box[0]] += lesion.mask.bits.sum(axis=(1, 2))
    return int(voxels.argmax()) if voxels.any() else len(voxels) // 2


def square(image: Volume | Projection, around: Box, side_mm: float, margin_mm: float) -> Box:
    """Rows and columns of a square of ``side_mm`` around a box, wider where it needs it, inside the image."""
    j0, j1, i0, i1 = around
    row_mm, col_mm = _pitch(image) or (side_mm / 200.0,) * 2
    side_mm = max(side_mm, (j1 - j0) * row_mm + 2 * margin_mm, (i1 - i0) * col_mm + 2 * margin_mm)
    found: list[int] = []
    middles = ((j0 + j1) / 2, (i0 + i1) / 2)
    for middle, length, mm in zip(middles, image.pixels.shape[-2:], (row_mm, col_mm), strict=True):
        wide = min(length, max(4, round(side_mm / mm)))
        start = min(max(0, round(middle - wide / 2)), length - wide)
        found += [start, start + wide]
    return found[0], found[1], found[2], found[3]


def _pitch(image: Volume | Projection) -> tuple[float, float] | None:
    """Row and column pitch [mm]; ``None`` where a projection does not tell."""
    if isinstance(image, Projection):
        return image.pixel_mm
    _, row_mm, col_mm = image.geometry.spacing_mm
    return row_mm, col_mm


def _size(shape: tuple[int, int], pitch: tuple[float, float] | None, longest_px: int) -> tuple[int, int]:
    """Width and height in pixels, square in mm."""
    tall, wide = (n * mm for n, mm in zip(shape, pitch or (1.0, 1.0), strict=True))
    scale = longest_px / max(tall, wide)
    return max(1, round(wide * scale)), max(1, round(tall * scale))


def _window(image: Volume | Projection, pixels: NDArray[np.generic], s: PictureSettings) -> tuple[float, float]:
    if isinstance(image, Volume) and image.acquisition.hu:
        return s.window_hu
    finite = pixels[np.isfinite(pixels)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6))


def _window_text(image: Volume | Projection, low: float, high: float) -> str:
    if isinstance(image, Volume) and image.acquisition.hu:
        return f"{low:.0f} to {high:.0f} HU".replace("-", "−")
    return "1st to 99th percentile"


def _png(pixels: NDArray[np.generic], window: tuple[float, float], size: tuple[int, int]) -> str:
    """Grey PNG as a data URI, resampled to ``size`` (width, height)."""
    from PIL import Image

    low, high = window
    grey = np.nan_to_num((pixels.astype(np.float32) - low) * (255.0 / (high - low)), nan=0.0, posinf=255.0, neginf=0.0)
    small = Image.fromarray(np.clip(grey, 0.0, 255.0).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    held = io.BytesIO()
    small.save(held, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(held.getvalue()).decode("ascii")


def _sides(image: Volume | Projection) -> tuple[str, str, str, str]:
    """Letters of the patient's sides at the left, right, upper and lower edge."""
    if isinstance(image, Projection):
        return "", "", "", ""
    right = _letter(image.geometry.affine[:3, 2])
    down = _letter(image.geometry.affine[:3, 1])
    return _OPPOSITE[right], right, _OPPOSITE[down], down


_OPPOSITE = {"L": "R", "R": "L", "P": "A", "A": "P", "H": "F", "F": "H"}


def _letter(direction: NDArray[np.float64]) -> str:
    """The patient's side (left, right, posterior, anterior, head, foot) that a direction of LPS space points to."""
    axis = int(np.abs(direction).argmax())
    return ("LPH" if direction[axis] > 0 else "RAF")[axis]
