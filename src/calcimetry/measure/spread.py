"""How far the presets lie apart on this scan: what each of them would count of the same lesions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.agatston import agatston_of
from calcimetry.measure.pieces import find_pieces, meets
from calcimetry.measure.rule import Rule, rule, rule_ids
from calcimetry.measure.volume import volume_mm3_of

__all__ = ["Spread", "spread_of"]

Spread = dict[str, dict[str, dict[str, float]]]
"""Lesion id -> score name -> preset -> value."""

_GROW_VOXELS = 2
"""How far a lesion may grow under a preset whose threshold lies below the one it was found at [voxels]."""


def spread_of(volume: Volume, lesions: Sequence[Lesion], limits: VoltageLimits) -> Spread:
    """Agatston score and volume of each lesion under every preset that has limits for this image.

    A preset with a lower threshold grows the lesions it is given, each voxel once, but looks for no others: the
    spread is that of counting, not of searching.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        Also those that the minimum of the rule in force left out.
    limits : VoltageLimits
        Of the image, as the table gives them.
    """
    found: Spread = {lesion.id: {"agatston": {}, "volume": {}} for lesion in lesions}
    for preset_id in rule_ids():
        preset = rule(preset_id)
        applied = preset.at(limits)
        if applied.refusal is not None:
            continue
        lower = applied.threshold_hu < limits.threshold_hu
        taken = _taken(volume, lesions) if lower else None
        for lesion in lesions:
            if lesion.mask is not None:
                score, size = _count(volume, lesion.mask, preset, applied, taken)
                found[lesion.id]["agatston"][preset_id] = score
                found[lesion.id]["volume"][preset_id] = size
    return found


def _count(
    volume: Volume, mask: Mask, preset: Rule, limits: VoltageLimits, taken: set[int] | None
) -> tuple[float, float]:
    spacing_mm = volume.geometry.spacing_mm
    if taken is None:
        hu, inside = volume.pixels[mask.box], mask.bits
    else:
        hu, inside = _grown(volume.pixels, mask, limits.threshold_hu, preset.comparison, taken)
    pieces = find_pieces(hu, spacing_mm, preset, limits, inside)
    score = agatston_of(pieces, spacing_mm, preset, limits, volume.acquisition.thickness_mm)
    return score, volume_mm3_of(pieces, spacing_mm)


def _taken(volume: Volume, lesions: Sequence[Lesion]) -> set[int]:
    shape = volume.geometry.shape
    flat = [np.ravel_multi_index(tuple(x.mask.indices().T), shape) for x in lesions if x.mask is not None]
    return set(np.concatenate(flat).tolist()) if flat else set()


def _grown(
    pixels: NDArray[Any], mask: Mask, threshold_hu: float, comparison: str, taken: set[int]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The box of a lesion with room to grow, and the lesion grown; what it grew into is taken from then on."""
    low = [max(a - _GROW_VOXELS, 0) for a in mask.start]
    high = [min(b + _GROW_VOXELS, n) for b, n in zip(mask.stop, pixels.shape, strict=True)]
    hu = pixels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    bits = np.pad(mask.bits, [(a - lo, hi - b) for a, lo, hi, b in zip(mask.start, low, high, mask.stop, strict=True)])
    room = meets(hu, threshold_hu, comparison)
    grown = ndimage.binary_dilation(bits, np.ones((3, 3, 3), bool), iterations=_GROW_VOXELS, mask=room)
    new = np.argwhere(grown & ~bits)
    flat = np.ravel_multi_index(tuple((new + np.array(low)).T), pixels.shape)
    for index, voxel in zip(flat.tolist(), new, strict=True):
        if index in taken:
            grown[tuple(voxel)] = False
        taken.add(index)
    return hu, grown
