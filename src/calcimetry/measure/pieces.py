"""The voxels that a rule counts, as pieces: what lies together in one slice. Every score is a sum over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.rule import AREA_TOLERANCE, Minimum, Rule

__all__ = ["Pieces", "find_pieces", "meets"]

_SLAB_VOXELS = 1 << 22
"""Slices are labelled in slabs of this many voxels at most, so that a whole volume needs little beside itself."""


def _in_plane(rank: int) -> NDArray[np.bool_]:
    structure = np.zeros((3, 3, 3), np.bool_)
    structure[1] = ndimage.generate_binary_structure(2, rank)
    return structure


_STRUCTURES: dict[int, NDArray[np.bool_]] = {
    4: _in_plane(1),
    8: _in_plane(2),
    6: ndimage.generate_binary_structure(3, 1),
    26: ndimage.generate_binary_structure(3, 3),
}
"""Connectivity -> what touches a voxel; 4 and 8 never reach the next slice."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Pieces of calcium, one entry each.

    Parameters
    ----------
    slice_index, pixels : (n,) int64
        Where and how many pixels.
    peak_hu, object_peak_hu, sum_hu : (n,) float64
        Highest value of the piece and of the body it belongs to; sum over its pixels.
    object : (n,) int64
        Number of the body it belongs to (the piece itself for a rule in 2-D).
    kept : (n,) bool
        Whether the minimum of the rule is met.
    voxels, piece : (m,) int64
        Flat index of every voxel in the array that was searched, and the piece it lies in.
    """

    slice_index: NDArray[np.int64]
    pixels: NDArray[np.int64]
    peak_hu: NDArray[np.float64]
    object_peak_hu: NDArray[np.float64]
    sum_hu: NDArray[np.float64]
    object: NDArray[np.int64]
    kept: NDArray[np.bool_]
    voxels: NDArray[np.int64]
    piece: NDArray[np.int64]

    def kept_voxels(self) -> NDArray[np.int64]:
        """Flat indices of the voxels in pieces that are kept."""
        return self.voxels[self.kept[self.piece]] if len(self.voxels) else self.voxels


def meets(hu: NDArray[Any], threshold_hu: float, comparison: str) -> NDArray[np.bool_]:
    """Voxels that meet the threshold; HU are compared as they are, never rounded.

    >>> meets(np.array([129.6, 130.0]), 130.0, ">=")
    array([False,  True])
    """
    if np.issubdtype(hu.dtype, np.integer):
        # a whole-number limit spares the conversion of every voxel to float
        limit = int(np.ceil(threshold_hu)) if comparison == ">=" else int(np.floor(threshold_hu)) + 1
        return np.asarray(hu >= limit)
    return np.asarray(hu >= threshold_hu if comparison == ">=" else hu > threshold_hu)


def find_pieces(
    hu: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    rule: Rule,
    limits: VoltageLimits,
    inside: NDArray[np.bool_] | None = None,
) -> Pieces:
    """Find the pieces of calcium in an array.

    Parameters
    ----------
    hu : (slice, row, column) integer or float
        Hounsfield units.
    spacing_mm : (float, float, float)
        Slice increment, row pitch, column pitch [mm].
    rule : Rule
    limits : VoltageLimits
        As the rule applies them: ``rule.at(...)``.
    inside : (slice, row, column) bool, optional
        Only voxels here count.
    """
    if hu.ndim != 3:
        raise ValueError(f"expected an array (slice, row, column), found {hu.ndim} axes")
    wanted = meets(hu, limits.threshold_hu, rule.comparison)
    if inside is not None:
        wanted &= inside
    if rule.dimensions == 2:
        voxels, piece = _label_in_plane(wanted, rule.connectivity)
        objects = piece
    else:
        voxels, objects = _label(wanted, rule.connectivity)
        keys = objects * wanted.shape[0] + voxels // (wanted.shape[1] * wanted.shape[2])
        piece = np.unique(keys, return_inverse=True)[1].reshape(-1)
    if not len(voxels):
        none, no_hu = np.zeros(0, np.int64), np.zeros(0)
        return Pieces(none, none, no_hu, no_hu, no_hu, none, np.zeros(0, np.bool_), none, none)
    values = hu[np.unravel_index(voxels, hu.shape)].astype(np.float64)
    pixels = np.bincount(piece).astype(np.int64)
    first = np.zeros(len(pixels), np.int64)
    first[piece[::-1]] = np.arange(len(piece))[::-1]
    peak = _maximum(values, piece)
    bodies = _Bodies(wanted, rule.dimensions, voxels, objects, first)
    kept = np.ones(len(pixels), bool)
    for minimum in rule.minimum:
        kept &= _large_enough(minimum, spacing_mm, pixels if minimum.unit in ("mm2", "pixels") else bodies.voxels())
    return Pieces(
        slice_index=voxels[first] // (hu.shape[1] * hu.shape[2]),
        pixels=pixels,
        peak_hu=peak,
        object_peak_hu=peak if rule.dimensions == 2 else _maximum(values, objects)[objects[first]],
        sum_hu=np.bincount(piece, weights=values).astype(np.float64),
        object=objects[first],
        kept=kept,
        voxels=voxels,
        piece=piece,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Bodies:
    """What is needed to size the 3-D body of each piece; labelled only for a rule that asks."""

    wanted: NDArray[np.bool_]
    dimensions: int
    found: NDArray[np.int64]
    objects: NDArray[np.int64]
    first: NDArray[np.int64]

    def voxels(self) -> NDArray[np.int64]:
        """Voxels of the body of each piece. A rule that counts slice by slice joins bodies by 26 neighbours."""
        if self.dimensions == 3:
            return np.bincount(self.objects)[self.objects[self.first]].astype(np.int64)
        in_space, labels = _label(self.wanted, 26)
        bodies = labels[np.searchsorted(in_space, self.found)]
        return np.bincount(bodies)[bodies[self.first]].astype(np.int64)


def _label(wanted: NDArray[np.bool_], connectivity: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels, _ = ndimage.label(wanted, _STRUCTURES[connectivity])
    flat = labels.reshape(-1)
    voxels = np.flatnonzero(flat)
    return voxels, flat[voxels].astype(np.int64) - 1


def _label_in_plane(wanted: NDArray[np.bool_], connectivity: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    plane = wanted.shape[1] * wanted.shape[2]
    step = max(1, _SLAB_VOXELS // max(plane, 1))
    found, pieces, offset = [], [], 0
    for start in range(0, wanted.shape[0], step):
        labels, count = ndimage.label(wanted[start : start + step], _STRUCTURES[connectivity])
        flat = labels.reshape(-1)
        voxels = np.flatnonzero(flat)
        found.append(voxels + start * plane)
        pieces.append(flat[voxels].astype(np.int64) - 1 + offset)
        offset += count
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return (found[0], pieces[0]) if len(found) == 1 else (np.concatenate(found), np.concatenate(pieces))


def _maximum(values: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    highest = np.full(int(groups.max()) + 1, -np.inf)
    np.maximum.at(highest, groups, values)
    return highest


def _large_enough(
    minimum: Minimum, spacing_mm: tuple[float, float, float], sizes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    pixel_mm2 = spacing_mm[1] * spacing_mm[2]
    if minimum.to_pixels is not None:
        count = minimum.value / pixel_mm2
        need = np.ceil(count - AREA_TOLERANCE) if minimum.to_pixels == "ceil" else np.rint(count)
        return np.asarray(sizes > need if minimum.strict else sizes >= need)
    scale = {"mm2": pixel_mm2, "pixels": 1.0, "mm3": pixel_mm2 * spacing_mm[0], "voxels": 1.0}[minimum.unit]
    if minimum.strict:
        return np.asarray(sizes * scale > minimum.value + AREA_TOLERANCE)
    return np.asarray(sizes * scale >= minimum.value - AREA_TOLERANCE)
