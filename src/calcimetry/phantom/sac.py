"""The heart as one body: a sac of fat and muscle with grooves between its chambers, held by sternum and spine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from calcimetry.phantom.canvas import F32, smooth_union
from calcimetry.phantom.figure import Figure
from calcimetry.phantom.heart import Chamber

__all__ = ["GROOVES", "PERICARDIUM_MM", "Sac", "smooth_max"]

Points = NDArray[np.float64]

PERICARDIUM_MM = 1.2
_BLEND_MM = 32.0  # chambers press against each other: their hull is all but convex
# Two chambers, how deep and how wide the groove between them is, relative to the atrioventricular one on the right.
GROOVES = {
    "right": ("right_atrium", "right_ventricle", 1.0, 1.0),
    "left": ("left_atrium", "left_ventricle", 1.0, 0.9),
    "between": ("left_ventricle", "right_ventricle", 0.6, 0.75),
    "atria": ("left_atrium", "right_atrium", 0.5, 0.5),
}
_TILT = 0.16  # the left end of the underside lies lower
_COARSE_MM = 3.0
_MEETING = 1.3  # change of the difference of two distances per mm across the groove, about


def smooth_max(first: F32, second: F32, blend_mm: float) -> F32:
    """The larger of two surfaces, the crease between them rounded."""
    return -smooth_union(-first, -second, blend_mm)


@dataclass(frozen=True)
class Sac:
    """Surfaces of one heart as signed distances [mm], negative inside; right near the surface, roughly elsewhere."""

    figure: Figure
    chambers: Mapping[str, Chamber]
    front_mm: float
    back_mm: float
    """Sternum and spine: what the heart cannot pass (LPS y)."""
    floor_mm: float
    """Height of its flat underside below the middle of the chest."""
    pouch: Chamber | None = None
    """Stomach behind it (hiatal hernia)."""

    def parts(self, x: F32, y: F32, z: F32 | float) -> dict[str, F32]:
        """Distance from each chamber."""
        return {name: chamber.distance(x, y, z) for name, chamber in self.chambers.items()}

    def _rough(self, x: F32, y: F32, z: F32 | float, parts: Mapping[str, F32] | None = None) -> F32:
        found: F32 | None = None
        for d in (parts or self.parts(x, y, z)).values():
            found = d if found is None else smooth_union(found, d, _BLEND_MM)
        assert found is not None
        height = np.float32(self.floor_mm) - np.asarray(z, dtype=np.float32) - np.float32(_TILT) * x
        found = smooth_max(found, (height * np.float32(0.97)).astype(np.float32), 12.0)
        beside = np.maximum(np.abs(x) - np.float32(28.0), np.float32(0)) * np.float32(0.45)
        found = smooth_max(found, (y - np.float32(self.back_mm) - beside).astype(np.float32), 8.0)
        found = smooth_max(found, (np.float32(self.front_mm) - y - beside).astype(np.float32), 10.0)
        if self.pouch is not None:
            found = smooth_max(found, np.float32(2.0) - self.pouch.distance(x, y, z), 6.0)
        return found

    def underside_mm(self, x: F32) -> F32:
        """Height of the underside of the muscle."""
        return np.asarray(np.float32(self.floor_mm) - np.float32(_TILT) * x, dtype=np.float32)

    @property
    def bottom_mm(self) -> float:
        """Height of the lowest place of the muscle: where a chamber would reach through the underside it is cut."""
        lowest = []
        for chamber in self.chambers.values():
            down = np.array(chamber.half) ** 2 * chamber.frame[:, 2]
            reach = float(np.sqrt((down * chamber.frame[:, 2]).sum()))
            at = np.array(chamber.center) - (down / reach) @ chamber.frame
            lowest.append(max(float(at[2]), float(self.underside_mm(np.array(at[0], dtype=np.float32)))))
        return min(lowest)

    @cached_property
    def _depths(self) -> tuple[Points, NDArray[np.float32]]:
        """First corner of a coarse grid (x, y, z) and how deep inside of the hull its points lie."""
        centers = np.array([c.center for c in self.chambers.values()])
        reach = np.array([max(c.half) for c in self.chambers.values()])[:, None] + 15.0
        low, high = (centers - reach).min(axis=0), (centers + reach).max(axis=0)
        x, y, z = (np.arange(a, b, _COARSE_MM, dtype=np.float32) for a, b in zip(low, high, strict=True))
        inside = self._rough(x[:, None, None], y[None, :, None], z[None, None, :]) < 0
        depth = distance_transform_edt(inside, sampling=_COARSE_MM)
        return low, gaussian_filter(depth.astype(np.float32), 0.8)

    def hull(self, x: F32, y: F32, z: F32 | float, parts: Mapping[str, F32] | None = None) -> F32:
        """Distance from the outside of the muscle, grooves not yet cut."""
        near = self._rough(x, y, z, parts)
        low, depths = self._depths
        at = np.stack(np.broadcast_arrays(x - np.float32(low[0]), y - np.float32(low[1]), np.float32(z - low[2])))
        deep = map_coordinates(depths, at * np.float32(1 / _COARSE_MM), order=1, mode="nearest", prefilter=False)
        # Distances from ellipsoids lie where two of them meet; far inside the counted depth is right.
        share = np.clip((deep - np.float32(2.5)) / np.float32(4.0), 0, 1)
        return np.asarray(near + share * (-deep - near), dtype=np.float32)

    def fat(self, x: F32, y: F32, parts: Mapping[str, F32]) -> F32:
        """How thick the fat over the muscle is: thick along the grooves and in front, thin over the free left wall."""
        figure = self.figure
        share = np.float32(0.3) + np.zeros_like(x + y)
        for name, much in (("right", 0.95), ("between", 0.75), ("left", 0.5)):
            one, other = GROOVES[name][:2]
            apart = (parts[one] - parts[other]) * np.float32(1 / (_MEETING * 17.0))
            share += np.float32(much) * np.exp(-apart * apart)
        front = np.clip((np.float32(figure.root_mm[1]) - y) / np.float32(50), -0.3, 0.6)
        wavy = np.float32(0.2) * np.sin(x * np.float32(0.09) + y * np.float32(0.06) + np.float32(figure.heart * 40))
        share = np.maximum(share + front * np.float32(0.5) + wavy, np.float32(0.12))
        return np.asarray(share * np.float32(figure.epicardial_fat_mm), dtype=np.float32)

    def depth_of(self, groove: str) -> float:
        """How deep this groove cuts."""
        size = (10.0 + 1.4 * self.figure.epicardial_fat_mm) * self.figure.groove**0.7
        return float(np.clip(size * GROOVES[groove][2], 4.0, 30.0))

    def width_of(self, groove: str) -> float:
        """Half of its width at the surface."""
        size = (1.7 + 0.55 * self.figure.epicardial_fat_mm) * self.figure.groove
        return float(np.clip(size * GROOVES[groove][3], 0.9, 9.0))

    def muscle(self, hull: F32, parts: Mapping[str, F32]) -> F32:
        """Distance from the muscle, grooves cut."""
        nearest: F32 | None = None
        for d in parts.values():
            nearest = d if nearest is None else np.minimum(nearest, d)
        assert nearest is not None
        out = hull
        for name, (a, b, _, _) in GROOVES.items():
            apart = np.abs(parts[a] - parts[b]) * np.float32(1 / _MEETING)
            wedge = np.float32(self.width_of(name)) * (np.float32(1) + hull * np.float32(1 / self.depth_of(name)))
            # Where a third chamber lies nearer the two do not meet.
            wedge -= np.float32(2.0) * (np.minimum(parts[a], parts[b]) - nearest)
            out = np.maximum(out, wedge - apart)
        return np.asarray(out, dtype=np.float32)

    def surfaces(self, x: F32, y: F32, z: F32 | float) -> tuple[F32, F32, dict[str, F32]]:
        """Distance from the pericardium, from the muscle, and from each chamber."""
        parts = self.parts(x, y, z)
        hull = self.hull(x, y, z, parts)
        return (
            hull - self.fat(x, y, parts) - np.float32(PERICARDIUM_MM),
            self.muscle(hull, parts),
            parts,
        )

    # -- the same at points (n, 3) ---------------------------------------------------------------------------------

    def hull_at(self, points: Points) -> Points:
        """Distance (n,) from the hull of the muscle."""
        return self.hull(*_columns(points)).astype(np.float64)

    def fat_at(self, points: Points) -> Points:
        """Thickness (n,) of the fat over these points."""
        x, y, z = _columns(points)
        return self.fat(x, y, self.parts(x, y, z)).astype(np.float64)

    def pericardium_at(self, points: Points) -> Points:
        """Distance (n,) from the pericardium."""
        return self.surfaces(*_columns(points))[0].astype(np.float64)

    def between_at(self, groove: str, points: Points) -> Points:
        """How much nearer (n,) the second chamber of a groove is: 0 in its middle."""
        a, b = GROOVES[groove][:2]
        x, y, z = _columns(points)
        return (self.chambers[a].distance(x, y, z) - self.chambers[b].distance(x, y, z)).astype(np.float64)


def _columns(points: Points) -> tuple[F32, F32, F32]:
    x, y, z = (points[:, a].astype(np.float32) for a in range(3))
    return x, y, z
