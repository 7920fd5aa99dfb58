"""What lies around a piece: fat, lung, soft tissue and bone, at full resolution, and the parts of the chest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.core.regions import Regions

__all__ = ["PARTS", "Surroundings"]

F64 = NDArray[np.float64]
Whole = NDArray[np.int64]

PARTS = ("heart", "epicardial_fat", "chest_wall", "lung", "behind", "abdomen")
"""Labels of :attr:`calcimetry.core.Anatomy.tissue`."""

_FAT_HU = (-160.0, -15.0)
_LUNG_HU = -500.0
_SOFT_HU = (-15.0, 100.0)
_DENSE_HU = 130.0
"""Tissue classes of the rings: ours; -190 to -30 HU is fat in the pure, these are mixed with what they touch."""
_NEAR_MM, _WIDE_MM = (1.2, 6.0), (6.0, 14.0)
"""From and to: the first ring leaves out the blur of the piece itself."""
_SAMPLE_MM = 1.3
"""Rings are looked at on about this pitch in the plane."""
_SURFACE_MM = 30.0


class Surroundings:
    """An image with its anatomy, ready to be asked about the surroundings of many pieces."""

    def __init__(self, volume: Volume, anatomy: Anatomy, body: Regions | None) -> None:
        self._volume, self._body = volume, body
        self._tissue = anatomy.tissue
        self._named = {} if self._tissue is None else {one.name: one.label for one in self._tissue.regions}
        self._surface = self._heart_surface()
        self._wall = [] if body is None else [one.label for one in body.regions if one.name.endswith("_wall")]
        self._bone = None if body is None else body.named("bone")

    def of(self, index: Whole, own: Whole) -> dict[str, float]:
        """Features of one piece.

        Parameters
        ----------
        index : (n, 3) int64
            Its voxels.
        own : (m, 3) int64
            Voxels of the whole body that it belongs to: they are not its surroundings.
        """
        out = self._rings(index, own)
        out |= self._parts(index)
        return out

    def _rings(self, index: Whole, own: Whole) -> dict[str, float]:
        volume = self._volume
        spacing = volume.geometry.spacing_mm
        steps = [max(1, int(_SAMPLE_MM / mm)) for mm in spacing]
        reach = [int(np.ceil(_WIDE_MM[1] / mm)) for mm in spacing]
        # Thick slices: a ring of 14 mm would be the piece's own slice and little else; two neighbours are enough.
        reach[0] = min(reach[0], max(1, int(np.ceil(_NEAR_MM[1] / spacing[0]))))
        low = [max(0, int(a) - r) for a, r in zip(index.min(axis=0), reach, strict=True)]
        stop = [min(n, int(b) + r + 1) for n, b, r in zip(volume.geometry.shape, index.max(axis=0), reach, strict=True)]
        box = tuple(slice(a, b, s) for a, b, s in zip(low, stop, steps, strict=True))
        hu = volume.pixels[box]
        mine = np.zeros(hu.shape, dtype=bool)
        mine[tuple(((index - low) // steps).T)] = True
        body = np.zeros(hu.shape, dtype=bool)
        inside = ((own >= low) & (own < stop)).all(axis=1)
        body[tuple(((own[inside] - low) // steps).T)] = True
        pitch = [mm * s for mm, s in zip(spacing, steps, strict=True)]
        away = ndimage.distance_transform_edt(~mine, sampling=pitch)
        free = ~body
        out: dict[str, float] = {}
        for word, (first, last) in (("near", _NEAR_MM), ("wide", _WIDE_MM)):
            ring = (away > first) & (away <= last) & free
            values = hu[ring]
            n = max(len(values), 1)
            fat = (values > _FAT_HU[0]) & (values < _FAT_HU[1])
            lung = values < _LUNG_HU
            out[f"{word}_fat"] = float(fat.sum()) / n
            out[f"{word}_lung"] = float(lung.sum()) / n
            out[f"{word}_soft"] = float(((values >= _SOFT_HU[0]) & (values < _SOFT_HU[1])).sum()) / n
            out[f"{word}_dense"] = float((values >= _DENSE_HU).sum()) / n
            out[f"{word}_blood"] = float(np.median(values[values > 0.0])) if (values > 0.0).any() else 40.0
        for word, what in (
            ("fat", (hu > _FAT_HU[0]) & (hu < _FAT_HU[1])),
            ("lung", hu < _LUNG_HU),
            ("dense", hu >= _DENSE_HU),
        ):
            there = what & free & (away > _NEAR_MM[0])
            out[f"{word}_mm"] = float(away[there].min()) if there.any() else _WIDE_MM[1]
        out |= self._directions(hu, mine, away, free, pitch)
        return out

    def _directions(
        self,
        hu: NDArray[Any],
        mine: NDArray[np.bool_],
        away: F64,
        free: NDArray[np.bool_],
        pitch: Sequence[float],
    ) -> dict[str, float]:
        """Towards which side (left, back) lung, fat and bone lie: -1 to 1 each."""
        affine = self._volume.geometry.affine[:3, :3]
        middle = np.argwhere(mine).mean(axis=0)
        ring = (away > _NEAR_MM[0]) & (away <= _WIDE_MM[1]) & free
        at = np.argwhere(ring)
        values = hu[ring]
        way = (at - middle) * np.array(pitch)
        turn = affine / np.linalg.norm(affine, axis=0)
        way = way @ turn.T
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1.0)
        out: dict[str, float] = {}
        for word, what in (
            ("lung", values < _LUNG_HU),
            ("fat", (values > _FAT_HU[0]) & (values < _FAT_HU[1])),
            ("dense", values >= _DENSE_HU),
        ):
            mean = way[what].sum(axis=0) / max(len(values), 1)
            out[f"{word}_to_left"], out[f"{word}_to_back"], out[f"{word}_to_head"] = (float(v) for v in mean)
        return out

    def _parts(self, index: Whole) -> dict[str, float]:
        grid = self._volume.geometry
        middle = index.mean(axis=0)
        mm = np.asarray(grid.to_lps_mm(middle))
        out = dict.fromkeys((f"in_{word}" for word in PARTS), float("nan"))
        if self._tissue is not None:
            labels = _ball(self._tissue, mm, 7.0)
            for word in PARTS:
                label = self._named.get(word)
                out[f"in_{word}"] = float((labels == label).mean()) if label is not None and len(labels) else 0.0
        out["depth_mm"] = float("nan")
        if self._surface is not None:
            tree, heart = self._surface
            deep = float(tree.query(mm, distance_upper_bound=_SURFACE_MM)[0])
            inside = bool(
                np.isin(_ball(heart, mm, 0.1), [self._named.get(one, -1) for one in ("heart", "epicardial_fat")]).any()
            )
            out["depth_mm"] = min(deep, _SURFACE_MM) * (1.0 if inside else -1.0)
        out["in_wall"] = out["in_bone"] = float("nan")
        if self._body is not None:
            labels = _ball(self._body, mm, 7.0)
            out["in_wall"] = float(np.isin(labels, self._wall).mean()) if len(labels) else 0.0
            out["in_bone"] = (
                float((labels == self._bone.label).mean()) if self._bone is not None and len(labels) else 0.0
            )
        return out

    def _heart_surface(self) -> tuple[cKDTree, Regions] | None:
        if self._tissue is None:
            return None
        sac = np.isin(self._tissue.labels, [self._named.get(one, -1) for one in ("heart", "epicardial_fat")])
        if not sac.any():
            return None
        rim = sac & ~ndimage.binary_erosion(sac, border_value=1)
        if not rim.any():
            return None
        points = self._tissue.geometry.to_lps_mm(np.argwhere(rim))
        return cKDTree(np.asarray(points)), self._tissue


def _ball(regions: Regions, mm: F64, radius_mm: float) -> NDArray[np.unsignedinteger]:
    """Labels within a ball [mm]; those outside the grid are left out."""
    grid = regions.geometry
    at = np.asarray(grid.to_index(mm[None]))[0]
    reach = [int(radius_mm / pitch) for pitch in grid.spacing_mm]
    low = [max(0, round(a) - r) for a, r in zip(at, reach, strict=True)]
    stop = [min(n, round(a) + r + 1) for n, a, r in zip(grid.shape, at, reach, strict=True)]
    if any(b <= a for a, b in zip(low, stop, strict=True)):
        return np.zeros(0, dtype=regions.labels.dtype)
    box = regions.labels[low[0] : stop[0], low[1] : stop[1], low[2] : stop[2]]
    axes = [((np.arange(a, b) - x) * p) ** 2 for a, b, x, p in zip(low, stop, at, grid.spacing_mm, strict=True)]
    far = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
    return np.asarray(box[far <= max(radius_mm, min(grid.spacing_mm)) ** 2])
