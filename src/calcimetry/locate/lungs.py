"""Lungs: air inside the body that is neither room air nor bowel gas, parted into left and right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.locate.coarse import Coarse, dilated, enclosed, eroded, parts, reach

__all__ = ["LungSettings", "Lungs", "lungs"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class LungSettings:
    """What is taken for lung.

    air_hu : blocks below are air of some kind.
    padding_hu : blocks below are no scanned air (fill value outside the round field).
    mean_hu : range of a lung's mean: room air and bowel gas lie below, fat and partial volume above.
    open_mean_hu, open_sd_hu : a part that the field cuts open (not enclosed by tissue in its slices) must also have
        at least this mean and this spread: table foam is lighter or smoother.
    open_share : and at least this share of the largest part.
    min_ml : least volume of a part; a stack shorter than ``short_mm`` is asked for ``min_cm2`` per slice instead, and
        for a mean above ``short_mean_hu``, since bowel gas of this size is common.
    close_mm : vessels and bronchi up to twice this width belong to the lung.
    """

    air_hu: float = -450.0
    padding_hu: float = -1015.0
    mean_hu: tuple[float, float] = (-940.0, -550.0)
    open_mean_hu: float = -880.0
    open_sd_hu: tuple[float, float] = (30.0, 115.0)
    min_ml: float = 60.0
    short_mm: float = 30.0
    min_cm2: float = 4.0
    short_mean_hu: float = -880.0
    open_share: float = 0.2
    close_mm: float = 4.0


@dataclass(frozen=True, eq=False)
class Lungs:
    """Left and right lung as bits, with confidence (0 to 1) and whether the field holds the whole organ."""

    left: Bits
    right: Bits
    confidence: tuple[float, float]
    complete: tuple[bool, bool]


def lungs(image: Coarse, tissue: Bits, settings: LungSettings = LungSettings()) -> Lungs:
    """Find the lungs.

    Parameters
    ----------
    image : Coarse
    tissue : (slice, row, column) bool
        Soft tissue and bone of the person, without the table.
    """
    nothing = np.zeros(image.hu.shape, dtype=bool)
    air = (image.hu < settings.air_hu) & (image.hu > settings.padding_hu)
    core = eroded(air, reach(2.0, image.mm, image.hu.shape, plane=True))
    labels, sizes = parts(core)
    volumes = sizes * image.voxel_ml
    least = settings.min_ml
    short = image.depth_mm < settings.short_mm
    if short:
        least = min(least, settings.min_cm2 * image.depth_mm / 10.0)
    large = np.flatnonzero(volumes >= least)
    if not len(large):
        return Lungs(nothing, nothing.copy(), (0.0, 0.0), (False, False))
    mean, sd, shut, half_shut = _statistics(labels[core], len(sizes), image.hu[core], enclosed(tissue)[core])[:, large]
    low, high = settings.mean_hu
    plausible = (mean > low) & (mean < high)
    closed = plausible & (shut > 0.5)
    if short:
        closed &= mean > settings.short_mean_hu
    open_ = plausible & (half_shut > 0.6) & (mean > settings.open_mean_hu)
    open_ &= (sd > settings.open_sd_hu[0]) & (sd < settings.open_sd_hu[1])
    open_ &= volumes[large] >= settings.open_share * volumes[large[closed | open_]].max(initial=0.0)
    mine = large[closed | open_]
    if not len(mine):
        return Lungs(nothing, nothing.copy(), (0.0, 0.0), (False, False))
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[mine] = True
    whole = dilated(chosen[labels], reach(2.0, image.mm, image.hu.shape, plane=True)) & air
    around = reach(settings.close_mm, image.mm, image.hu.shape, plane=True)
    whole |= eroded(dilated(whole, around), around) & (image.hu < 200.0)
    left = _left(image, whole, tissue)
    both = [whole & left, whole & ~left]
    return Lungs(both[0], both[1], _confidence(image, both), (_complete(both[0]), _complete(both[1])))


def _statistics(
    labels: NDArray[np.int32], count: int, hu: NDArray[np.float32], sides: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """For each label: mean and standard deviation [HU], share seen from four sides and from two or more."""
    sizes = np.maximum(np.bincount(labels, minlength=count), 1)
    mean = np.bincount(labels, hu, minlength=count) / sizes
    square = np.bincount(labels, hu * hu, minlength=count) / sizes
    four, two = (np.bincount(labels[sides >= n], minlength=count) / sizes for n in (4, 2))
    return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0.0)), four, two])


def _left(image: Coarse, whole: Bits, tissue: Bits) -> Bits:
    """Where the patient's left is: beyond the column with least lung between both halves, slice by slice."""
    columns = np.arange(whole.shape[2])
    profile = whole.sum(axis=1).astype(np.float32)  # (slice, column)
    about = ndimage.uniform_filter1d(profile, max(1, round(40.0 / image.mm[0])), axis=0, mode="nearest")
    total = about.sum(axis=0)
    middle = float((total * columns).sum() / max(float(total.sum()), 1e-9))
    low, high = np.searchsorted(np.cumsum(total), np.array([0.02, 0.98]) * float(total.sum()))
    flip = image.grid.affine[0, 2] < 0
    sides = np.flatnonzero(tissue.any(axis=(0, 1)))
    person = (sides[0] + sides[-1]) / 2.0 if len(sides) else len(columns) / 2.0
    if max(person - low, high - person) > 3.0 * max(min(person - low, high - person), 0.0) + 1.0:
        beyond = np.full(len(columns), (middle > person) != flip)  # one lung only
        return np.asarray(np.broadcast_to(beyond, whole.shape))
    half = (high - low) / 4.0  # the mediastinum lies in the middle half of what the lungs span
    centre = (low + high) / 2.0 if abs((low + high) / 2.0 - middle) < half else middle
    near = np.abs(columns - centre) <= max(half, 1.0)
    price = np.where(near, about + 0.02 * np.abs(columns - centre), np.inf)
    cut = price.argmin(axis=1).astype(np.float32)
    cut = ndimage.median_filter(cut, size=min(9, 2 * (len(cut) // 2) + 1), mode="nearest")
    beyond = columns[None, :] > cut[:, None]
    if flip:
        beyond = ~beyond
    return np.asarray(np.broadcast_to(beyond[:, None, :], whole.shape))


def _confidence(image: Coarse, both: list[Bits]) -> tuple[float, float]:
    """1 for two lungs of like size and density; less where one is missing, tiny, or unlike the other."""
    volumes = [float(one.sum()) * image.voxel_ml for one in both]
    means = [float(image.hu[one].mean()) if one.any() else 0.0 for one in both]
    out = []
    for mine, other in ((0, 1), (1, 0)):
        if volumes[mine] == 0.0:
            out.append(0.0)
            continue
        ratio = min(volumes[mine] / max(volumes[other], 1e-6), 1.0)
        alike = 1.0 if volumes[other] and abs(means[0] - means[1]) < 80.0 else 0.7
        out.append(round(min(0.97, (0.5 + 0.5 * min(1.0, ratio / 0.4)) * alike), 2))
    return out[0], out[1]


def _complete(bits: Bits) -> bool:
    """Whether a region touches no face of the image."""
    faces = [bits[0], bits[-1], bits[:, 0], bits[:, -1], bits[:, :, 0], bits[:, :, -1]]
    return bool(bits.any()) and not any(face.any() for face in faces)
