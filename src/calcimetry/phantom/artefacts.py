"""What metal does to the image round it: bright and dark rays."""

from __future__ import annotations

import numpy as np

from calcimetry.phantom.canvas import F32
from calcimetry.phantom.render import Rendered

__all__ = ["metal_rays"]

_REACH_MM = 70.0
_FADE_MM = 12.0
_LOBES = (3, 5, 8, 11)
_HU_PER_MM2 = 14.0
_MOST_HU = 170.0


def metal_rays(plane: F32, image: Rendered, k: int, pixel_mm: float, rng: np.random.Generator) -> None:
    """Add rays round a piece of metal to the plane (row, column) of slice ``k``, in place.

    The more metal in the slice, the stronger; they fade with distance and run mostly from side to side, where the body
    is thickest.
    """
    share = image.share[k - image.start[0]]
    area = float(share.sum()) * pixel_mm**2
    if area < 0.4:
        return
    strength = min(_MOST_HU, _HU_PER_MM2 * area)
    rows, columns = np.indices(share.shape)
    middle = [float((share * at).sum() / share.sum()) + first for at, first in
              zip((rows, columns), image.start[1:], strict=True)]  # fmt: skip
    reach = int(_REACH_MM / pixel_mm)
    box = tuple(slice(max(0, int(m) - reach), min(n, int(m) + reach + 1))
                for m, n in zip(middle, plane.shape, strict=True))  # fmt: skip
    if any(b.stop <= b.start for b in box):
        return
    v = (np.arange(box[0].start, box[0].stop, dtype=np.float32)[:, None] - np.float32(middle[0])) * np.float32(pixel_mm)
    u = (np.arange(box[1].start, box[1].stop, dtype=np.float32)[None, :] - np.float32(middle[1])) * np.float32(pixel_mm)
    away, angle = np.hypot(u, v), np.arctan2(v, u)
    rays = np.zeros_like(away)
    for lobes in _LOBES:
        rays += np.cos(np.float32(lobes) * angle + np.float32(rng.uniform(0, 2 * np.pi)))
    # Narrow rays: the cube of the sum.
    rays = (rays / np.float32(len(_LOBES) ** 0.5)) ** 3 * np.float32(0.35)
    rays *= np.float32(0.55) + np.float32(0.45) * np.abs(np.cos(angle))
    fade = np.exp(-away / np.float32(_FADE_MM)) * np.clip(away / np.float32(2.0) - np.float32(0.5), 0, 1)
    plane[box] += np.float32(strength) * rays * fade
