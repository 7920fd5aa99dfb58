"""The part of the body, slice by slice, in the words of a reader; ``unknown`` where the image does not decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.coarse import Coarse, dilated, filled, parts

__all__ = ["SECTIONS", "SectionSettings", "sections"]

Bits = NDArray[np.bool_]

SECTIONS = ("unknown", "head", "neck", "thorax", "abdomen", "pelvis", "limb")
"""Words, by their code 0 to 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSettings:
    """Lengths of a grown person's parts; they only name, nothing is measured by them.

    thorax_cm2 : lung in a slice from which it is thorax.
    abdomen_mm : below the lungs, before the pelvis begins.
    neck_mm : above the lungs, before the head begins.
    brain_cm2 : soft tissue enclosed by a ring of bone from which a slice shows the skull.
    face_mm : below the lowest ring of the skull, still head.
    """

    thorax_cm2: float = 30.0
    abdomen_mm: float = 230.0
    neck_mm: float = 130.0
    brain_cm2: float = 35.0
    face_mm: float = 110.0


def sections(
    image: Coarse, inside: Bits, lung: Bits, bone: Bits, settings: SectionSettings = SectionSettings()
) -> NDArray[np.uint8]:
    """Code of :data:`SECTIONS` for each block (slice, row, column) of the body."""
    code = _slices(image, inside, lung, bone, settings)
    out = np.zeros(inside.shape, dtype=np.uint8)
    out[:] = code[:, None, None]
    trunk = np.isin(code, [SECTIONS.index(one) for one in ("head", "neck", "thorax", "abdomen", "pelvis")])
    for k in np.flatnonzero(trunk):
        out[k][_limbs(image, inside[k])] = SECTIONS.index("limb")
    out[~inside] = 0
    return out


def _limbs(image: Coarse, inside: Bits) -> Bits:
    """Arms beside the trunk: parts of a slice that hang apart from the largest one and are much smaller."""
    labels, sizes = parts(inside)
    area = sizes * image.mm[1] * image.mm[2] / 100.0
    small = (area > 8.0) & (area < 0.5 * area.max())
    return np.asarray(small[labels])


def _slices(image: Coarse, inside: Bits, lung: Bits, bone: Bits, settings: SectionSettings) -> NDArray[np.uint8]:
    cm2 = image.mm[1] * image.mm[2] / 100.0
    up = (np.arange(len(inside)) * image.mm[0]) * image.head_sign
    code = np.zeros(len(inside), dtype=np.uint8)
    skull = _skull(image, inside, bone) * cm2 > settings.brain_cm2
    air = lung.sum(axis=(1, 2)) * cm2
    chest = air > min(settings.thorax_cm2, 0.5 * max(float(air.max()), 1.0)) if air.any() else air > 0
    if chest.any():
        low, high = up[chest].min(), up[chest].max()
        code[:] = SECTIONS.index("thorax")
        code[up < low] = SECTIONS.index("abdomen")
        code[up < low - settings.abdomen_mm] = SECTIONS.index("pelvis")
        code[up > high] = SECTIONS.index("neck")
        code[up > high + settings.neck_mm] = SECTIONS.index("head")
    elif not skull.any():
        code[:] = _without_lungs(image, inside, bone)
    if skull.any() and not (chest.any() and up[skull].min() < up[chest].max()):
        foot = up[skull].min() - settings.face_mm
        code[up >= foot] = SECTIONS.index("head")
        if not chest.any():
            code[up < foot] = SECTIONS.index("neck")
    return code


def _skull(image: Coarse, inside: Bits, bone: Bits) -> NDArray[np.float64]:
    """Blocks per slice of soft tissue inside a ring of bone, not counting marrow (which is thinner or fatter)."""
    ring = dilated(bone, (1, 3, 3))
    found = np.zeros(len(bone))
    if bone.any():
        soft = filled(ring) & ~ring & (image.hu > -20.0) & (image.hu < 100.0)
        found = soft.sum(axis=(1, 2)).astype(np.float64)
    return found


def _without_lungs(image: Coarse, inside: Bits, bone: Bits) -> NDArray[np.uint8]:
    """Abdomen, pelvis or limb by what the bones look like; 0 where they say nothing.

    The bones of a limb are round and hard (a thick cortex); a pelvis spreads large bones over the width of the body;
    an abdomen has one vertebra in the middle. From head to foot the order is kept.
    """
    abdomen, pelvis, limb = (SECTIONS.index(word) for word in ("abdomen", "pelvis", "limb"))
    code = np.zeros(len(inside), dtype=np.uint8)
    for k in np.flatnonzero(bone.any(axis=(1, 2))):
        labels, sizes = parts(bone[k])
        thick = (sizes * image.mm[1] * image.mm[2] >= 400.0)[labels]  # 4 cm²: no rib
        if not thick.any():
            continue
        if float(image.hu[k][thick].mean()) > 600.0:
            code[k] = limb
        else:
            code[k] = pelvis if _width(thick) * image.mm[2] > 130.0 else abdomen
    size = min(15, 2 * (len(code) // 2) + 1)
    code = np.asarray(ndimage.median_filter(code, size=size, mode="nearest"))
    if image.head_sign > 0:
        code = code[::-1]
    first = int((code == pelvis).argmax()) if (code == pelvis).any() else None
    if first is not None:
        below = code[first:]
        below[(below == abdomen) | (below == 0)] = pelvis
    elif (code == limb).any() and (code == abdomen).any():
        code[(code == abdomen)] = pelvis  # large bones just above a thigh
    return code[::-1] if image.head_sign > 0 else code


def _width(bits: Bits) -> int:
    columns = np.flatnonzero(bits.any(axis=0))
    return int(columns[-1] - columns[0] + 1) if len(columns) else 0
