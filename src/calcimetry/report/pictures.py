"""Key images: one overview of each image and crops around the heaviest lesions, with outlines as SVG paths."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.case import Case
from calcimetry.core.image import Projection, Volume
from calcimetry.core.lesion import Lesion
from calcimetry.report.answer import by_weight, place_text, where
from calcimetry.report.words import visible

__all__ = ["Outline", "Picture", "PictureSettings", "outline_path", "pictures"]


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
class Outline:
    """The edge of one lesion on a picture: an SVG path in pixels of the picture, and where its name goes, if there."""

    id: str
    counted: bool
    path: str
    label_xy: tuple[float, float] | None


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


def pictures(case: Case, settings: PictureSettings | None = None) -> tuple[tuple[Picture, ...], int]:
    """The pictures of a case in memory, and how many counted lesions no close view shows."""
    s = settings or PictureSettings()
    wanted = [*((image, None) for image in _overviews(case, s)), *((case.pixels[x.image], x) for x in _crops(case, s))]
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
    counted = (x for x in case.lesions if x.counted and x.image in case.pixels)
    return tuple(found), sum(not any(_shows(view, x, s) for view in drawn) for x in counted)


def _overviews(case: Case, s: PictureSettings) -> list[Volume | Projection]:
    """The images that get an overview, those that are used first."""
    infos = sorted(case.images, key=lambda info: not info.used_for)
    return [case.pixels[info.id] for info in infos if info.id in case.pixels][: s.max_overviews]


def _crops(case: Case, s: PictureSettings) -> list[Lesion]:
    """The lesions that get a close view, heaviest first.

    The heaviest of each site first, then the heaviest of all; one that an earlier view already shows near its
    middle gets none of its own.
    """
    heavy = [x for x in by_weight(list(case.lesions)) if x.counted and x.mask is not None and x.image in case.pixels]
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
    apart = np.subtract(view.center_mm, lesion.center_mm)
    return same and bool(np.linalg.norm(apart) < 0.35 * s.crop_mm)


def _picture(case: Case, image: Volume | Projection, lesion: Lesion | None, s: PictureSettings) -> Picture:
    here = [x for x in case.lesions if x.image == image.id and x.mask is not None]
    plane = lesion.peak_index[0] if lesion is not None else _busiest(image, here)
    pixels = image.pixels[plane] if isinstance(image, Volume) else image.pixels
    pitch = image.geometry.spacing_mm[1:] if isinstance(image, Volume) else image.pixel_mm
    rows, cols = pixels.shape
    box = (0, rows, 0, cols) if lesion is None else _crop(lesion, (rows, cols), pitch, s)
    r0, r1, c0, c1 = box
    size = _size((r1 - r0, c1 - c0), pitch, s.overview_px if lesion is None else s.crop_px)
    low, high = _window(image, pixels, s)
    src = _png(pixels[r0:r1, c0:c1], (low, high), size)
    scale = (size[0] / (c1 - c0), size[1] / (r1 - r0))
    edges = list(_outlines(here, plane, box, scale))
    outlines = tuple(
        o for o, drawn in zip(edges, accumulate(len(o.path) for o in edges), strict=True) if drawn <= s.max_path_chars
    )
    bare = len(edges) - len(outlines)
    caption = plane_text(image, plane) if lesion is None else place_text(lesion)
    kind = "overview" if lesion is None else "crop"
    return Picture(
        kind=kind,
        title=f"Image {image.id}" if lesion is None else _lesion_title(lesion),
        caption=f"{caption}; {bare} lighter ones without outline" if bare else caption,
        window=_window_text(image, low, high),
        alt=_alt(image, plane, lesion, outlines),
        src=src,
        width=size[0],
        height=size[1],
        outlines=outlines,
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


def _alt(image: Volume | Projection, plane: int, lesion: Lesion | None, outlines: Sequence[Outline]) -> str:
    named = ", ".join(o.id for o in outlines if o.counted)[:200] or "none counted"
    if lesion is None:
        return f"Image {image.id}, {plane_text(image, plane).lower()}; lesions outlined: {named}."
    return f"Close view of lesion {_lesion_title(lesion)}, {place_text(lesion)}; lesions outlined: {named}."


def _busiest(image: Volume | Projection, lesions: Sequence[Lesion]) -> int:
    """The plane with the most counted voxels, else the middle one."""
    if isinstance(image, Projection):
        return 0
    voxels = np.zeros(len(image.pixels), dtype=np.int64)
    for lesion in lesions:
        if lesion.counted and lesion.mask is not None:
            voxels[lesion.mask.box[0]] += lesion.mask.bits.sum(axis=(1, 2))
    return int(voxels.argmax()) if voxels.any() else len(voxels) // 2


def _crop(
    lesion: Lesion, shape: tuple[int, int], pitch: tuple[float, ...] | None, s: PictureSettings
) -> tuple[int, int, int, int]:
    """Rows and columns of a square of ``crop_mm`` around the lesion, wider where it needs it, inside the image."""
    (_, j0, i0), (_, j1, i1) = lesion.bounds_index
    row_mm, col_mm = pitch if pitch is not None else (s.crop_mm / 200.0,) * 2
    side_mm = max(s.crop_mm, (j1 - j0) * row_mm + 2 * s.margin_mm, (i1 - i0) * col_mm + 2 * s.margin_mm)
    found: list[int] = []
    for middle, length, mm in (((j0 + j1) / 2, shape[0], row_mm), ((i0 + i1) / 2, shape[1], col_mm)):
        wide = min(length, max(4, round(side_mm / mm)))
        start = min(max(0, round(middle - wide / 2)), length - wide)
        found += [start, start + wide]
    return found[0], found[1], found[2], found[3]


def _size(shape: tuple[int, int], pitch: tuple[float, ...] | None, longest_px: int) -> tuple[int, int]:
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


def _outlines(
    lesions: Sequence[Lesion], plane: int, box: tuple[int, int, int, int], scale: tuple[float, float]
) -> Iterator[Outline]:
    """Outlines of the lesions that a picture shows, heaviest first; counted ones get their name where there is room."""
    r0, r1, c0, c1 = box
    wide, taken = (c1 - c0) * scale[0], list[tuple[float, float]]()
    for lesion in by_weight(list(lesions)):
        mask = lesion.mask
        if mask is None or not mask.start[0] <= plane < mask.stop[0]:
            continue
        bits = mask.bits[plane - mask.start[0]]
        _, j0, i0 = mask.start
        seen = np.argwhere(bits[max(0, r0 - j0) : max(0, r1 - j0), max(0, c0 - i0) : max(0, c1 - i0)])
        if not len(seen):
            continue
        top, right = seen[0, 0] + max(j0, r0), seen[seen[:, 0] == seen[0, 0], 1].max() + 1 + max(i0, c0)
        # The name stands right of the uppermost row that is seen, inside the picture, clear of other names.
        x = round(min(float(right - c0) * scale[0] + 3.0, wide - 40.0), 1)
        y = round(max(float(top - r0) * scale[1] - 2.0, 13.0), 1)
        free = all(abs(x - other_x) > 36.0 or abs(y - other_y) > 13.0 for other_x, other_y in taken)
        named = lesion.counted and free
        if named:
            taken.append((x, y))
        path = outline_path(bits, (j0 - r0, i0 - c0), scale)
        yield Outline(visible(lesion.id), lesion.counted, path, (x, y) if named else None)


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
