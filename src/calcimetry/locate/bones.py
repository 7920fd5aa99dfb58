"""Skeleton and wall on the coarse grid: what is bone for certain, and where small pieces of bone are to be expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.coarse import Coarse, dilated, eroded, parts, reach
from calcimetry.locate.hull import hulls

__all__ = ["BoneSettings", "Bones", "bones", "wall"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoneSettings:
    """What is taken for bone, and for the wall of the trunk.

    hu : block mean of bone; marrow and thin cortex average above it, noise of a block does not reach it.
    skeleton_ml : a connected piece from this volume on is skeleton wherever it lies (the largest calcified plaque of
        the trial scans had 3.6 ml); a stack shorter than ``short_mm`` is asked for ``skeleton_cm2`` in its slices.
    pool_mm, pool_hu, pool_max_hu, pool_share : a piece of which more than this share is even, with nothing harder by
        ``pool_hu`` within ``pool_mm``, at values below ``pool_max_hu``, is no bone but filled with contrast medium.
    wall_ml : in the wall, pieces from this volume on are bone too (ribs, sternum, scapula).
    hull_mm : how far the inner side of the ribs reaches into the hull of the lungs.
    base_mm, apex_mm : the hull of the lungs also covers so much below (heart and liver have little lung at their
        side) and above (great vessels over the tips).
    shell_mm : without lungs the wall is the layer of this depth below the surface of the muscles.
    recess_share : below the chest, where the hull covers less than this share of its largest cross-section (only the
        recess behind liver and spleen), the depth below the muscles decides as well.
    trusted, doubt_mm : lungs with less confidence do not decide alone: deeper than this below the surface of the
        muscles is inside in any case.
    """

    hu: float = 150.0
    skeleton_ml: float = 8.0
    short_mm: float = 20.0
    skeleton_cm2: float = 4.0
    pool_mm: float = 7.0
    pool_hu: float = 60.0
    pool_max_hu: float = 700.0
    pool_share: float = 0.15
    wall_ml: float = 0.25
    hull_mm: float = 3.0
    base_mm: float = 24.0
    shell_mm: float = 18.0
    apex_mm: float = 6.0
    recess_share: float = 0.5
    trusted: float = 0.8
    doubt_mm: float = 40.0


@dataclass(frozen=True, eq=False)
class Bones:
    """``bone`` (slice, row, column) with a confidence: how far it looks like a skeleton."""

    bone: Bits
    confidence: float


def wall(image: Coarse, inside: Bits, lung: Bits, trust: float = 1.0, settings: BoneSettings = BoneSettings()) -> Bits:
    """The layer of the trunk that holds ribs, sternum and shoulder girdle; all that is not deeper inside.

    Beside the lungs: outside their convex hull. Elsewhere, and where the lungs deserve little ``trust`` (0 to 1):
    less than ``shell_mm`` below the surface of the muscles.
    """
    lean = hulls(_lean(image, inside))
    deep = _inner(image, lean, settings.shell_mm)
    if lung.any():
        hull = hulls(lung)
        near = _shifted(hull, round(settings.base_mm / image.mm[0]), down=image.head_sign > 0)
        near |= _shifted(hull, round(settings.apex_mm / image.mm[0]), down=image.head_sign < 0)
        beside = near.any(axis=(1, 2))
        inner = _inner(image, near, settings.hull_mm)
        size = near.sum(axis=(1, 2))
        widest = int(size.argmax())
        base = (np.arange(len(size)) - widest) * image.head_sign < 0
        base &= size < settings.recess_share * size[widest]
        inner[base] |= deep[base]
        if trust < settings.trusted:
            inner |= _inner(image, lean, settings.doubt_mm)
        deep[beside] = inner[beside]
    return inside & ~deep


def _inner(image: Coarse, bits: Bits, mm: float) -> Bits:
    return eroded(bits, reach(mm, image.mm, image.hu.shape, plane=True))


def _shifted(bits: Bits, slices: int, *, down: bool) -> Bits:
    """``bits`` together with their copies in up to so many slices below (towards index 0 if ``down``)."""
    out = bits.copy()
    for n in range(1, min(slices, len(bits) - 1) + 1):
        if down:
            out[:-n] |= bits[n:]
        else:
            out[n:] |= bits[:-n]
    return out


def _lean(image: Coarse, inside: Bits) -> Bits:
    """Muscle, organs and bone, without skin and specks in the fat under it."""
    lean = (image.hu > -30.0) & _inner(image, inside, 4.0)
    box = (1, 3, 3)
    return dilated(eroded(lean, box), box)


def _even(image: Coarse, settings: BoneSettings) -> Bits:
    """Blocks of thick even bodies: enhanced blood, kidney, filled bowel.

    Nothing within ``pool_mm`` is much harder (the cortex of a bone is never farther), and nothing close much softer
    (cortex is thin).
    """
    near = reach(settings.pool_mm / 2.0, image.mm, image.hu.shape, plane=True)
    far = reach(settings.pool_mm, image.mm, image.hu.shape, plane=True)
    hardest = ndimage.maximum_filter(image.hu, far, mode="nearest")
    softest = ndimage.minimum_filter(image.hu, near, mode="nearest")
    even = (hardest - image.hu < settings.pool_hu) & (image.hu - softest < 2.0 * settings.pool_hu)
    return np.asarray(even & (image.hu < settings.pool_max_hu))


def bones(image: Coarse, inside: Bits, walls: Bits, settings: BoneSettings = BoneSettings()) -> Bones:
    """Skeleton: large connected dense bodies, and middling ones in the wall."""
    dense = (image.hu > settings.hu) & inside
    labels, sizes = parts(dense, corners=True)
    if len(sizes) == 1:
        return Bones(np.zeros(image.hu.shape, dtype=bool), 0.0)
    volumes = sizes * image.voxel_ml
    large = settings.skeleton_ml
    if image.depth_mm < settings.short_mm:
        large = min(large, settings.skeleton_cm2 * image.depth_mm / 10.0)
    share = np.bincount(labels[dense & walls], minlength=len(sizes)) / np.maximum(sizes, 1)
    pools = np.bincount(labels[dense & _even(image, settings)], minlength=len(sizes)) > settings.pool_share * sizes
    chosen = ((volumes >= large) & ~pools) | ((volumes >= settings.wall_ml) & (share > 0.6))
    chosen[0] = False
    bone = chosen[labels]
    share_of_body = float(bone.sum()) / max(float(inside.sum()), 1.0)
    # a person's bones are 1 to 40 % of a field (limb to skull); a heart full of contrast or a block of metal is more
    confidence = 0.9 if 0.005 < share_of_body < 0.4 else 0.4
    return Bones(bone, confidence if bone.any() else 0.0)
