"""The heart as a shape: parted from chest wall, liver and what lies behind it; its centroid, apex and fat.

Without contrast medium only fat and lung draw its border. So the soft tissue is shared out among four sources that
are certain (its own thick middle, the wall outside the lungs, the spine with the aorta, the liver), each of which
reaches as far as it is the nearest on a way that shuns fat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Landmark
from calcimetry.core.geometry import Geometry
from calcimetry.core.regions import Region, Regions
from calcimetry.locate.heart.cage import inside_cage
from calcimetry.locate.heart.descending import Descending
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.geodesic import nearest_source
from calcimetry.locate.heart.levels import Levels
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.spine import Spine
from calcimetry.locate.hull import hulls

__all__ = ["TISSUES", "Shape", "ShapeSettings", "heart_points", "shape", "tissue_regions"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]

TISSUES = ("outside", "heart", "epicardial_fat", "chest_wall", "lung", "behind", "abdomen", "mediastinum")
"""Words of the labels 0 to 7 of :attr:`Shape.tissue`. ``heart`` has the large vessels at its base with it;
``mediastinum`` is the rest between the lungs: roots of the lungs, fat farther from the heart, thymus."""

_HEART, _FAT, _WALL, _LUNG, _BEHIND, _ABDOMEN, _BETWEEN = range(1, len(TISSUES))
_UNDER = len(TISSUES)  # abdomen whose source lies as deep inside as that of the heart


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """Choices behind the shape of the heart; lengths of grown people.

    above_mm, below_mm : how far above the left main and below the heart's bottom it is looked for.
    box_mm : and so far from the root: to the front, back, right and left.
    height_mm : from the left main to the bottom where the bottom is not shown.
    hull_mm : the hull of the lungs also covers so much up and down.
    soft_hu : soft tissue, smoothed.
    core_mm : the source of the heart lies so deep in soft tissue, or deeper where that joins it to the liver.
    middle_mm, half_mm : it lies in an ellipsoid about the root: offset of its centre down, back, left; half axes.
    liver_left_mm : soft tissue further to the right of the spine is liver or its dome, below the left main.
    under_mm : below the expected bottom by so much, thick soft tissue is abdomen.
    safe_mm, under_share : the heart is the piece that is largest down to here below the left main; a piece with more
        than this share of itself farther down lies under it.
    fat_price : a mm of fat costs so many mm of soft tissue.
    soft_price_hu : from this CT number up tissue costs no more.
    late_mm : what the others pay before they start, as the heart's source lies deeper inside than theirs.
    open_mm : stubs of the lung's vessels thinner than twice this do not belong to the heart.
    fat_mm : fat this near to the heart, and all in its convex hull, is epicardial.
    """

    above_mm: float = 25.0
    below_mm: float = 20.0
    box_mm: tuple[float, float, float, float] = (80.0, 100.0, 105.0, 140.0)
    height_mm: float = 82.0
    hull_mm: float = 12.0
    soft_hu: float = 5.0
    core_mm: tuple[float, ...] = (10.0, 13.0, 16.0, 19.0)
    middle_mm: tuple[float, float, float] = (36.0, 3.0, 32.0)
    half_mm: tuple[float, float, float] = (75.0, 68.0, 88.0)
    liver_left_mm: float = -62.0
    under_mm: float = 6.0
    safe_mm: float = 50.0
    under_share: float = 0.7
    fat_price: float = 8.0
    soft_price_hu: float = 30.0
    late_mm: float = 9.0
    open_mm: float = 5.0
    fat_mm: float = 8.0


@dataclass(frozen=True, eq=False)
class Shape:
    """Labels (see :data:`TISSUES`) of a frame, and landmarks as (slice, row, column).

    ``bottom_sd_mm`` : spread of the heart's bottom.
    ``volume_ml`` : of the heart below the left main. ``believed`` (0 to 1): volume and place are those of a heart.
    """

    tissue: NDArray[np.uint8]
    centroid: F64
    apex: F64
    bottom: float
    bottom_sd_mm: float
    volume_ml: float
    believed: float


@dataclass(frozen=True, eq=False)
class _Part:
    """The part of the frame that is looked at, with (slice, row, column) mm from the root."""

    at: tuple[slice, slice, slice]
    hu: F32
    lung: Bits
    down: F32
    back: F32
    left: F32


def shape(
    frame: Frame,
    spine: Spine,
    down: Descending,
    heights: Levels,
    base: Root,
    settings: ShapeSettings = ShapeSettings(),
) -> Shape | None:
    """Share out the tissue round the root; ``None`` where no thick soft tissue lies below it."""
    mk, _, mi = frame.mm
    shown = heights.bottom is not None and (heights.bottom - base.slice) * mk > 45.0
    bottom = heights.bottom if shown and heights.bottom is not None else base.slice + settings.height_mm / mk
    part = _part(frame, base, bottom, settings)
    if min(part.hu.shape) < 3:
        return None
    inside, back = _inside(frame, base, settings), _behind(frame, spine, down)
    inner, behind = inside[part.at], back[part.at]
    soft = (part.hu > settings.soft_hu) & ~part.lung
    ks = np.arange(part.at[0].start, part.at[0].stop)
    columns = np.arange(part.at[2].start, part.at[2].stop)
    from_spine = ((columns - spine.column[ks][:, None]) * mi)[:, None, :]
    low = ((ks - bottom) * mk)[:, None, None]
    deep = ndimage.distance_transform_edt(soft & inner & ~behind, sampling=frame.mm)
    place = sum(
        ((one - middle) / half) ** 2
        for one, middle, half in zip(
            (part.down, part.back, part.left), settings.middle_mm, settings.half_mm, strict=True
        )
    )
    core, under = _cores(np.where(place < 1.0, deep, 0.0), part, low, settings)
    if not core.any():
        return None
    right = (from_spine < settings.liver_left_mm) & (part.down > 15.0) & inner
    liver = soft & ~behind & (right | ((low > settings.under_mm) & (deep > 6.0)))
    source = np.zeros(soft.shape, dtype=np.uint8)
    source[~inner & (part.hu > -60.0) & ~part.lung] = _WALL
    source[behind] = _BEHIND
    source[liver] = _ABDOMEN
    source[under] = _UNDER
    source[core] = _HEART
    fat = np.clip((settings.soft_price_hu - part.hu) / (settings.soft_price_hu + 90.0), 0.0, 1.0)
    cost = (1.0 + (settings.fat_price - 1.0) * fat).astype(np.float32)
    cost[part.lung] = 40.0
    late = dict.fromkeys((_WALL, _BEHIND, _ABDOMEN), settings.late_mm)
    shared = nearest_source(cost, frame.mm, source, late)
    shared[shared == _UNDER] = _ABDOMEN
    coarse = _coarse(frame, inside, back, part.at[0])
    return _described(frame, part, shared, soft, coarse, base, bottom, 8.0 if shown else 16.0, settings)


def _part(frame: Frame, base: Root, bottom: float, settings: ShapeSettings) -> _Part:
    mk, mj, mi = frame.mm
    ends = (
        (base.slice - settings.above_mm / mk, bottom + settings.below_mm / mk + 1),
        (base.row - settings.box_mm[0] / mj, base.row + settings.box_mm[1] / mj),
        (base.column - settings.box_mm[2] / mi, base.column + settings.box_mm[3] / mi),
    )
    cut = tuple(
        slice(max(0, int(low)), max(0, min(size, int(high))))
        for (low, high), size in zip(ends, frame.shape, strict=True)
    )
    hu = np.clip(frame.hu[cut], -150.0, 90.0)
    hu = ndimage.gaussian_filter(hu, (0.3, 0.7, 0.7), mode="nearest") if hu.size else hu
    mm = [
        ((np.arange(one.start, one.stop) - at) * step).astype(np.float32)
        for one, at, step in zip(cut, (base.slice, base.row, base.column), frame.mm, strict=True)
    ]
    lung = frame.lung[cut] | (frame.hu[cut] < -400.0)
    return _Part((cut[0], cut[1], cut[2]), hu, lung, mm[0][:, None, None], mm[1][None, :, None], mm[2][None, None, :])


def _inside(frame: Frame, base: Root, settings: ShapeSettings) -> Bits:
    """Inside the lungs' common hull or the ring of bones, a little away from both."""
    hull = hulls(frame.lung, slices=frame.slices(settings.hull_mm))
    hull = ndimage.binary_erosion(hull, np.ones((1, 3, 3), dtype=bool))
    # seen from the middle of the heart: left of and behind the root
    return np.asarray(hull | inside_cage(frame, base.row + 10.0 / frame.mm[1], base.column + 25.0 / frame.mm[2]))


def _behind(frame: Frame, spine: Spine, down: Descending) -> Bits:
    """The spine with all behind its front, and the descending aorta."""
    _, mj, mi = frame.mm
    rows, columns = np.arange(frame.shape[1])[None, :, None], np.arange(frame.shape[2])[None, None, :]
    aorta = np.hypot((rows - down.row[:, None, None]) * mj, (columns - down.column[:, None, None]) * mi)
    return np.asarray((rows > (spine.row - 18.0 / mj)[:, None, None]) | (aorta < down.radius_mm[:, None, None] + 2.0))


def _coarse(frame: Frame, inside: Bits, behind: Bits, slices: slice) -> NDArray[np.uint8]:
    """Labels of the whole frame, as far as lungs, ribs and spine tell them."""
    out = np.full(frame.shape, _WALL, dtype=np.uint8)
    out[inside] = _BETWEEN
    out[slices.stop :][inside[slices.stop :]] = _ABDOMEN
    out[behind & inside] = _BEHIND
    out[frame.lung] = _LUNG
    return out


def _cores(deep: NDArray[np.floating], part: _Part, low: F64, settings: ShapeSettings) -> tuple[Bits, Bits]:
    """The thick middle of the heart, and thick pieces under it (liver, stomach) that a layer of fat or lung parts.

    The lower caval vein joins them, and so may a place without fat: then only what lies deeper inside is parted.
    """
    core = under = np.zeros(deep.shape, dtype=bool)
    height = np.broadcast_to(part.down, deep.shape)
    for depth_mm in settings.core_mm:
        labels, count = ndimage.label(deep > depth_mm)
        sizes, safe, deeper, below = (
            np.bincount(labels[where], minlength=count + 1)
            for where in (
                labels > 0,
                (height > 5.0) & (height < settings.safe_mm),
                height > settings.safe_mm,
                np.broadcast_to(low > 0.0, labels.shape),
            )
        )
        safe[0] = 0
        if not safe.any():
            break
        heart = np.asarray(labels == safe.argmax())
        # A piece below the heights where every heart is thickest that goes on under its bottom is none of it.
        beneath = np.flatnonzero((deeper > settings.under_share * np.maximum(sizes, 1)) & (below > 0))
        pieces = np.isin(labels, beneath[(beneath > 0) & (beneath != safe.argmax())])
        if not core.any():
            # Where nothing parts heart and liver, only their expected border does.
            core, under = heart & (low < -10.0), pieces
        hangs = int((heart & (low > settings.under_mm)).sum())
        if hangs == 0 or (pieces & (low > -20.0)).sum() > 4 * hangs:
            # Thin chambers are lost deeper inside: high up all of the first core is heart.
            return (heart & (low < settings.under_mm)) | (core & (height < settings.safe_mm)), pieces
    return core, under


def _largest(bits: Bits) -> Bits:
    labels, count = ndimage.label(bits)
    if count < 2:
        return bits
    sizes = np.bincount(labels[bits], minlength=count + 1)
    return np.asarray(labels == sizes.argmax())


def _described(
    frame: Frame,
    part: _Part,
    shared: NDArray[np.uint8],
    soft: Bits,
    coarse: NDArray[np.uint8],
    base: Root,
    bottom: float,
    bottom_sd_mm: float,
    settings: ShapeSettings,
) -> Shape | None:
    """Fat about the heart, landmarks, and how much it looks like a heart."""
    size = frame.window(settings.open_mm)
    muscle = ndimage.binary_opening((shared == _HEART) & soft, np.ones((1, size // 2 * 2 + 1, size), dtype=bool))
    muscle = _largest(muscle)
    if not muscle.any():
        return None
    tissue = coarse[part.at]
    tissue[...] = shared
    tissue[tissue == _HEART] = _BETWEEN  # stubs of vessels, fat far out
    tissue[part.lung] = _LUNG
    hull = hulls(muscle) & ~part.lung
    near = ndimage.distance_transform_edt(~muscle, sampling=frame.mm) < settings.fat_mm
    # Fat belongs to the heart it lies on, whatever reached it first; soft tissue only where no other source did.
    tissue[(hull | near) & ~soft & ~part.lung & (part.hu < 0.0)] = _FAT
    tissue[hull & soft & (shared == _HEART)] = _HEART
    tissue[muscle] = _HEART
    chambers = muscle & ((part.down > 0.0) & (np.arange(part.at[0].start, part.at[0].stop) <= bottom)[:, None, None])
    if not chambers.any():
        return None
    mm, root = np.array(frame.mm), np.array([base.slice, base.row, base.column])
    where = np.argwhere(chambers) + np.array([one.start for one in part.at])
    centroid = where.mean(axis=0)
    # The apex: furthest from the root towards left, front and feet, as the axis of a heart runs in most people.
    reach = ((where - root) * mm) @ np.array([0.62, -0.45, 0.64])
    apex = where[reach >= np.percentile(reach, 99.7)].mean(axis=0)
    volume_ml = float(len(where) * mm.prod()) / 1000.0
    left = float((centroid - root)[2] * mm[2])
    # 250 to 1300 ml below the left main, its middle below and left of the root, for grown people of any size
    whole = float(np.clip((volume_ml - 120.0) / 150.0, 0.0, 1.0) * np.clip((1600.0 - volume_ml) / 300.0, 0.0, 1.0))
    placed = float(np.exp(-0.5 * (max(0.0, abs(left - 22.0) - 22.0) / 12.0) ** 2))
    believed = round(whole * placed, 2)
    return Shape(coarse, centroid, apex, bottom, bottom_sd_mm, volume_ml, believed)


def tissue_regions(frame: Frame, found: Shape, image: str) -> Regions:
    """The labels as regions in patient space."""
    rows = tuple(Region(label, name, confidence=found.believed) for label, name in enumerate(TISSUES) if label > 0)
    return Regions(image, found.tissue, Geometry(frame.shape, frame.affine), rows)


def heart_points(frame: Frame, found: Shape) -> dict[str, Landmark]:
    """Centroid and apex in patient space; their spreads are those met on simulated persons."""
    out = {}
    for name, at, sd in (("heart", found.centroid, (8.0, 6.0, 8.0)), ("apex", found.apex, (10.0, 8.0, 10.0))):
        x, y, z = (float(one) for one in frame.to_lps(at))
        out[name] = Landmark((x, y, z), sd, found.believed)
    return out
