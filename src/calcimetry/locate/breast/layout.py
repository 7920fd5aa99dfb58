"""The map of a mammogram put together: one label for each pixel, and what could not be found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Projection
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.locate.breast.air import Silhouette, silhouette
from calcimetry.locate.breast.coarse import Bits, Coarse, enlarged, left_over, live_box, reduced
from calcimetry.locate.breast.folds import fold, implant
from calcimetry.locate.breast.frame import frame
from calcimetry.locate.breast.lines import paddle_edges, scanner_lines, scratches
from calcimetry.locate.breast.nipple import Nipple, nipple
from calcimetry.locate.breast.pectoral import pectoral
from calcimetry.locate.breast.settings import BreastSettings

__all__ = ["INSIDE", "BreastMap", "breast_map"]

LABELS = (
    "air",
    "breast",
    "pectoral_muscle",
    "implant",
    "skin_fold",
    "skin",
    "nipple",
    "edge",
    "paddle_edge",
    "scanner_line",
    "scratch",
    "label",
    "frame",
)
"""Names by label, 0 being air; a later one lies over an earlier one."""
INSIDE = ("breast", "pectoral_muscle", "implant", "skin_fold", "skin", "nipple", "edge", "paddle_edge", "scanner_line")
"""Names that are part of the breast's picture, whatever else they are."""
_LEAST_MUSCLE = 0.02
"""Ours: share of the breast below which an edge along the chest wall of an unnamed view is no muscle."""
_OBLIQUE = ("MLO", "LMO", "ML", "LM", "SIO", "ISO")


@dataclass(frozen=True, eq=False)
class BreastMap:
    """Regions of a mammogram and what goes with them.

    ``mm`` is the millimeters of a pixel that the masks went by; ``assumed`` says that the image does not tell, and the
    breast was taken to be of usual height (for masks only: nothing is measured by it).
    """

    regions: Regions
    chest: str | None
    nipple_index: tuple[float, float] | None
    air: float
    dense: float
    mm: float
    assumed: bool
    notes: tuple[Note, ...] = field(default=())

    def mask(self, *names: str) -> Bits:
        """Pixels of these regions (row, column)."""
        wanted = [r.label for r in self.regions.regions if r.name in names]
        lut = np.zeros(int(self.regions.labels.max()) + 1, bool)
        lut[[w for w in wanted if w < len(lut)]] = True
        if "air" in names:
            lut[0] = True
        return np.asarray(lut[self.regions.labels[0]], bool)

    @property
    def inside(self) -> Bits:
        """The whole breast, skin and masked lines included."""
        return self.mask(*INSIDE)


def breast_map(projection: Projection, settings: BreastSettings | None = None) -> BreastMap | None:
    """Where everything lies on a mammogram; ``None`` where there is no breast to be seen.

    Parameters
    ----------
    projection : Projection
        White is dense. A picture without header counts as a mammogram here.
    settings : BreastSettings, optional

    Returns
    -------
    BreastMap or None
        Regions on the grid of the projection (one plane), each with its confidence: not found is absent.
    """
    settings = settings or BreastSettings()
    pixels = projection.pixels
    mm, assumed = _scale(projection, settings)
    step = max(1, round(settings.working_mm / mm))
    if min(pixels.shape) < step:
        # Narrower than one pixel of the reduced image.
        return None
    image = reduced(pixels, step, mm * step)
    box = live_box(image.pixels)
    live = np.zeros(image.pixels.shape, bool)
    live[box] = True
    if projection.padded is not None:
        live &= reduced(projection.padded, step, 1.0).pixels < 0.5
    grey = _ends(image.pixels[live])
    framed = frame(image, box, grey, settings)
    seen = silhouette(image, live & ~framed, settings)
    if seen is None:
        return None
    place = nipple(image.pixels, seen.breast, seen.chest, image)
    parts = _parts(projection, image, seen, place, framed, live, settings)
    small = _laid(parts, image)
    labels = _whole(small, image, pixels.shape)
    found = {name: confidence for name, _, confidence in parts}
    first = left_over(pixels.shape, step)
    box_full = tuple(slice(n + one.start * step, n + one.stop * step) for n, one in zip(first, box, strict=True))
    film = projection.kind == "picture" or projection.acquisition.modality in ("RG", "CR", "OT")
    inner = _among(small, INSIDE)
    inside = _whole(inner, image, pixels.shape)
    quiet = _whole(inner & ~_among(small, ("edge", "skin", "paddle_edge")), image, pixels.shape)
    scanned = scanner_lines(pixels, (box_full[0], box_full[1]), mm, settings.lines)
    # A dark line of the scanner is as straight and thin as a scratch; it is one thing, and as narrow as it is.
    scratched = _scratches(pixels, quiet & ~scanned, mm, settings) if film else np.zeros(pixels.shape, bool)
    for name, lines, confidence in (("scanner_line", scanned, 0.8), ("scratch", scratched & ~scanned, 0.6)):
        over = lines & inside
        if over.any():
            labels[over] = LABELS.index(name)
            found[name] = confidence
    regions = tuple(
        Region(n, name, None, None, "builtin", found[name]) for n, name in enumerate(LABELS) if n and name in found
    )
    return BreastMap(
        Regions(projection.id, labels[None], projection.geometry, regions),
        seen.chest,
        None if place is None else _on_whole(place, step, first),
        seen.air,
        seen.dense,
        mm,
        assumed,
        _notes(projection, seen, assumed),
    )


def _on_whole(place: Nipple, step: int, first: tuple[int, int]) -> tuple[float, float]:
    return first[0] + (place.row + 0.5) * step - 0.5, first[1] + (place.column + 0.5) * step - 0.5


def _among(labels: NDArray[np.uint8], names: Iterable[str]) -> Bits:
    chosen = np.zeros(len(LABELS), bool)
    chosen[[LABELS.index(n) for n in names]] = True
    return np.asarray(chosen[labels], bool)


def _scratches(pixels: NDArray[Any], inside: Bits, mm: float, settings: BreastSettings) -> Bits:
    """Scratches, looked for at a tenth of a millimeter: finer pixels only cost time."""
    step = max(1, round(0.1 / mm))
    small = reduced(pixels, step, mm * step)
    found = scratches(small.pixels, reduced(inside, step, 1.0).pixels > 0.9, small.mm, settings.lines)
    return np.asarray(enlarged(found, step, (pixels.shape[0], pixels.shape[1])), bool)


def _scale(projection: Projection, settings: BreastSettings) -> tuple[float, bool]:
    if projection.pixel_mm is not None:
        return float(np.sqrt(projection.pixel_mm[0] * projection.pixel_mm[1])), False
    # The longer side of a film or detector is 24 to 30 cm, a breast along it 15 to 20 cm.
    pixels = projection.pixels
    step = max(1, max(pixels.shape) // 512)
    small = np.asarray(pixels[::step, ::step], np.float32)
    low, high = np.percentile(small, (2, 98))
    rows = np.flatnonzero((small > low + 0.25 * (high - low)).mean(axis=1) > 0.08)
    height = (int(rows[-1]) - int(rows[0]) + 1) * step if rows.size else max(pixels.shape)
    return settings.typical_height_mm / max(height, 64), True


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values, (1, 99.5))
    return float(low), float(high)


def _parts(
    projection: Projection,
    image: Coarse,
    seen: Silhouette,
    place: Nipple | None,
    framed: Bits,
    live: Bits,
    settings: BreastSettings,
) -> list[tuple[str, Bits, float]]:
    """Masks on the reduced image in the order of LABELS, each with its confidence."""
    grey = (seen.air, seen.dense)
    out: list[tuple[str, Bits, float]] = [("breast", seen.breast, seen.confidence)]
    if projection.view is None or projection.view in _OBLIQUE:
        muscle = pectoral(image, seen.breast, seen.chest, grey, settings.pectoral)
        # Without a stated view a cranio-caudal one is as likely: only a plain edge counts.
        wide = muscle is not None and float(muscle.mask.sum()) > _LEAST_MUSCLE * float(seen.breast.sum())
        if muscle is not None and (projection.view is not None or (wide and muscle.confidence >= 0.55)):
            out.append(("pectoral_muscle", muscle.mask, muscle.confidence))
    if projection.implant and "implant_displaced" not in projection.view_modifiers:
        body = implant(image, seen.breast, grey)
        if body is not None:
            out.append(("implant", body, 0.6))
    beyond = fold(seen.breast, seen.chest, image, place.row if place else None)
    if beyond is not None:
        out.append(("skin_fold", beyond, 0.5))
    outside = ~seen.breast & live & ~framed
    if outside.any():
        near = ndimage.distance_transform_edt(~outside) * image.mm
        out.append(("skin", seen.breast & (near <= settings.skin_mm), 0.9 * seen.confidence))
    if place is not None:
        rows, columns = np.ogrid[: image.pixels.shape[0], : image.pixels.shape[1]]
        radius = settings.nipple_mm / image.mm
        disc = (rows - place.row) ** 2 + (columns - place.column) ** 2 <= radius**2
        out.append(("nipple", disc & seen.breast, place.confidence))
    cut = np.pad(~live | framed, 1, constant_values=True)
    close = (ndimage.distance_transform_edt(~cut) * image.mm)[1:-1, 1:-1]
    out.append(("edge", seen.breast & (close <= settings.edge_mm + 0.5 * image.mm), 0.95))
    paddles = paddle_edges(image, seen.breast & (close > 3.0), grey[1] - grey[0], settings.lines)
    if paddles.any():
        out.append(("paddle_edge", paddles, 0.6))
    letters = ndimage.binary_dilation(seen.others, iterations=image.px(1.0)) & ~seen.breast
    if letters.any():
        out.append(("label", letters, 0.8))
    around = ndimage.binary_dilation(framed, iterations=image.px(settings.edge_mm)) if framed.any() else framed
    if around.any():
        out.append(("frame", around, 0.85))
    return [(name, np.asarray(mask, bool), confidence) for name, mask, confidence in out if mask.any()]


def _laid(parts: list[tuple[str, Bits, float]], image: Coarse) -> NDArray[np.uint8]:
    labels = np.zeros(image.pixels.shape, np.uint8)
    for name, mask, _ in parts:
        labels[mask] = LABELS.index(name)
    return labels


def _whole(mask: NDArray[Any], image: Coarse, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(enlarged(mask, image.step, (shape[0], shape[1])))


def _notes(projection: Projection, seen: Silhouette, assumed: bool) -> tuple[Note, ...]:
    notes = []
    if assumed:
        text = "no scale: a breast of usual height was taken for the masks (skin, muscle, frame), for nothing else"
        notes.append(Note("masks-unscaled", text, "info"))
    if seen.confidence < 0.5:
        text = "no air beside the breast is seen: the whole image was taken for breast"
        notes.append(Note("breast-uncertain", text, "caution"))
    return tuple(notes)
