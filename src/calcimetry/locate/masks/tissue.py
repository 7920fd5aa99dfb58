"""Coarse tissue about the heart of the masks, and the courses of the arteries that follow from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.anatomy import Landmark, Plane, Tube
from calcimetry.core.geometry import Geometry
from calcimetry.core.regions import Regions
from calcimetry.locate.heart.cage import inside_cage
from calcimetry.locate.heart.frame import Frame
from calcimetry.locate.heart.root import Root
from calcimetry.locate.heart.shape import TISSUES, Shape
from calcimetry.locate.hull import hulls
from calcimetry.locate.masks.block import Masks
from calcimetry.locate.masks.heart import HEART, HeartMask
from calcimetry.locate.masks.settings import MaskSettings

__all__ = ["base_of", "shape_of"]

F64 = NDArray[np.float64]
Bits = NDArray[np.bool_]

_HEART, _FAT, _WALL, _LUNG, _BEHIND, _ABDOMEN, _BETWEEN = range(1, len(TISSUES))
_LUNGS = tuple(f"lung_{one}" for one in ("upper_lobe_left", "lower_lobe_left", "upper_lobe_right",
                                         "middle_lobe_right", "lower_lobe_right"))  # fmt: skip
_BASE = ("aorta", "pulmonary_artery", "superior_vena_cava")
_BELLY = ("liver", "stomach", "spleen")
_WALLS = ("sternum", "costal_cartilages")


def base_of(
    frame: Frame, root: Landmark, valve: Plane | None, radius_mm: float, settings: MaskSettings = MaskSettings()
) -> Root:
    """The root of the aorta in the working grid."""
    at = frame.to_index(np.array(root.mm))
    down = np.array([0.0, 0.0, -1.0]) if valve is None else np.array(valve.mm) - np.array(root.mm)
    length = float(np.linalg.norm(down))
    x, y, z = down / max(length, 1e-6)
    across, along = float(np.hypot(*root.sd_mm[:2]) / np.sqrt(2.0)), root.sd_mm[2]
    valve_mm = settings.root_mm if valve is None else length
    axis = (float(-z), float(y), float(x))
    return Root(float(at[0]), float(at[1]), float(at[2]), radius_mm, axis, (across, along), 1.0, valve_mm, 0.0)


def shape_of(
    frame: Frame,
    masks: Masks,
    heart: HeartMask,
    base: Root,
    tubes: dict[str, Tube],
    before: Regions | None = None,
    settings: MaskSettings = MaskSettings(),
) -> Shape:
    """The heart of the masks as the shape that the finders of arteries work with; labels as of ``TISSUES``.

    ``before``: tissue as found from the image; tells what belongs to the abdomen where no mask does.
    """
    parts = _parts(frame, masks)
    own = parts["heart"]
    mk, mj, mi = frame.mm
    lung = frame.lung | parts["lung"]
    slices = max(1, frame.slices(12.0))
    hull = ndimage.binary_erosion(hulls(lung | own, slices=slices), np.ones((1, 3, 3), dtype=bool))
    inside = hull | inside_cage(frame, base.row + 10.0 / mj, base.column + 25.0 / mi)
    bottom = _bottom(frame, heart, own)
    tissue = np.full(frame.shape, _WALL, dtype=np.uint8)
    tissue[inside] = _BETWEEN
    low = inside.copy()
    low[: max(0, int(bottom) + 1)] = False
    tissue[low] = _ABDOMEN
    behind = _behind(frame, tubes)
    tissue[behind & inside] = _BEHIND
    tissue[lung] = _LUNG
    tissue[parts["belly"] | ((tissue == _BETWEEN) & _abdomen(frame, before))] = _ABDOMEN
    tissue[parts["wall"]] = _WALL
    hu = ndimage.gaussian_filter(np.clip(frame.hu, -150.0, 90.0), (0.3, 0.7, 0.7), mode="nearest")
    soft = hu > settings.soft_hu
    above = base.slice - settings.base_mm / mk
    high = np.arange(frame.shape[0])[:, None, None] < above
    body = (own | (parts["base"] & ~behind & ~high)) & (soft | (hu >= 0.0))
    near = ndimage.distance_transform_edt(~own, sampling=frame.mm) < settings.fat_mm if own.any() else own
    tissue[(hulls(own) | near) & (hu < 0.0) & ~lung] = _FAT
    tissue[body & ~lung] = _HEART
    below = (tissue == _HEART) & (np.arange(frame.shape[0]) > base.slice)[:, None, None]
    ml = float(below.sum() * np.prod(frame.mm)) / 1000.0
    sd = 4.0 if heart.bottom_mm is not None else 16.0
    middle, apex = (frame.to_index(np.array(one)) for one in (heart.middle.mm, heart.usual_apex_mm))
    return Shape(tissue, middle, apex, bottom, sd, ml, heart.believed)


def _parts(frame: Frame, masks: Masks) -> dict[str, Bits]:
    """Where on the working grid the classes lie."""
    groups = {
        "heart": HEART,
        "lung": _LUNGS,
        "base": _BASE,
        "belly": _BELLY,
        "wall": (*_WALLS, *masks.starting("rib_")),
    }
    labels = np.zeros(frame.shape, dtype=np.uint8)
    plane = np.indices(frame.shape[1:]).reshape(2, -1).T
    for k in range(frame.shape[0]):
        index = np.column_stack([np.full(len(plane), k), plane])
        labels[k] = masks.at(frame.to_lps(index)).reshape(frame.shape[1:])
    return {word: np.isin(labels, masks.label_of(names)) for word, names in groups.items()}


def _abdomen(frame: Frame, before: Regions | None) -> Bits:
    named = None if before is None else before.named(TISSUES[_ABDOMEN])
    if before is None or named is None:
        return np.zeros(frame.shape, dtype=bool)
    index = np.indices(frame.shape).reshape(3, -1).T
    at = before.at(Geometry(frame.shape, frame.affine), index)
    return np.asarray((at == named.label).reshape(frame.shape))


def _bottom(frame: Frame, heart: HeartMask, own: Bits) -> float:
    if heart.bottom_mm is not None:
        return float(frame.to_index(np.array([*heart.middle.mm[:2], heart.bottom_mm]))[0])
    shown = np.flatnonzero(own.any(axis=(1, 2)))
    return float(shown[-1]) if len(shown) else float(frame.shape[0] - 1)


def _behind(frame: Frame, tubes: dict[str, Tube]) -> Bits:
    """The spine with all behind its front, and the descending aorta."""
    out = np.zeros(frame.shape, dtype=bool)
    _, mj, mi = frame.mm
    rows, columns = np.arange(frame.shape[1])[None, :, None], np.arange(frame.shape[2])[None, None, :]
    ks = np.arange(frame.shape[0])
    if "spine" in tubes:
        line = frame.to_index(tubes["spine"].points_mm)
        line = line[np.argsort(line[:, 0])]
        out |= rows > (np.interp(ks, line[:, 0], line[:, 1]) - 18.0 / mj)[:, None, None]
    for name in ("descending", "abdominal"):
        if name in tubes and len(tubes[name].points_mm) >= 2:
            line = frame.to_index(tubes[name].points_mm)
            order = np.argsort(line[:, 0])
            line, radius = line[order], tubes[name].radius_mm[order]
            row, column, reach = (np.interp(ks, line[:, 0], one)[:, None, None] for one in (*line.T[1:], radius))
            inside = np.hypot((rows - row) * mj, (columns - column) * mi) < reach + 2.0
            inside[(ks < line[0, 0]) | (ks > line[-1, 0])] = False
            out |= inside
    return out
