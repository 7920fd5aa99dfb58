"""Small rings: a bright wall all around a darker middle, seen along rays; strands that touch the wall do not matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.coarse import Body
from calcimetry.detect.breast.field import Field
from calcimetry.detect.breast.settings import RingSettings
from calcimetry.imaging.filters import gaussian, median, medians
from calcimetry.imaging.threads import side_by_side

__all__ = ["Ring", "ring_at", "small_rings"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_RAYS = 24
_TURNS = np.linspace(0, 2 * np.pi, _RAYS, endpoint=False)
_STEP_MM = 0.05
_MIDDLE_MM = 0.12
"""Blur in which the middle is darker than the wall."""
_GRID_MM = 0.15
"""Step at which a middle is looked for."""
_NEAR_MM = np.stack(np.meshgrid(*[np.arange(-0.1, 0.11, 0.05)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
"""Places around a first middle at which it is looked for again."""


@dataclass(frozen=True, eq=False)
class Ring:
    """A small ring.

    ``center`` (row, column) [px of the image]; ``inner_mm``, ``outer_mm`` (rays,) where the wall has fallen to half on
    either side; ``height`` of the wall over what is around it, in units of the noise; ``hollow``: how much darker the
    middle is, ``sharp``: what its edge falls within 0.3 mm, as shares of that.
    """

    center: tuple[float, float]
    inner_mm: F64
    outer_mm: F64
    height: float
    hollow: float
    sharp: float

    def bits(self, shape: tuple[int, int], start: tuple[float, float], mm: float) -> NDArray[np.bool_]:
        """What it encloses on pixels of ``mm``; ``start`` is the first pixel's middle from the ring's center [mm]."""
        y, x = (start[axis] + np.arange(shape[axis]) * mm for axis in (0, 1))
        turn = np.arctan2(y[:, None], x[None, :]) % (2 * np.pi)
        outer = np.interp(turn, np.append(_TURNS, 2 * np.pi), np.append(self.outer_mm, self.outer_mm[0]))
        return np.asarray(np.hypot(y[:, None], x[None, :]) <= outer, bool)


def small_rings(
    field: Field, pixels: NDArray[Any], places: F64, known: list[Body], settings: RingSettings
) -> list[Body]:
    """Small rings at bright places, none within another or within a body that is known; none on wide pixels.

    Parameters
    ----------
    field : Field
        On whose grid they are outlined.
    pixels : (row, column)
        The whole image.
    places : (n, 2)
        Row and column of bright places in the image, the likeliest first.
    """
    mm = field.mm / field.step
    if mm > settings.finest_from_mm:
        return []
    taken = np.zeros(field.pixels.shape, bool)
    for one in known:
        taken[one.place] |= one.bits
    last = np.array(field.pixels.shape) - 1
    found = []
    rows, columns = np.clip(np.rint(field.of_image(places[: settings.most])).astype(int), 0, last).T
    tried = np.flatnonzero(field.open[rows, columns] & ~taken[rows, columns])
    rings = side_by_side(lambda n: ring_at(pixels, places[n], mm, settings), tried)
    for n, ring in zip(tried, rings, strict=True):
        if ring is None or taken[rows[n], columns[n]]:
            continue
        one = _body(field, ring)
        if taken[one.place][one.bits].any():
            continue
        taken[one.place] |= one.bits
        found.append(one)
    return found


def _body(field: Field, ring: Ring) -> Body:
    """A ring as a body of this field."""
    middle = field.of_image(np.array([ring.center]))[0]
    reach = int(np.ceil(float(ring.outer_mm.max()) / field.mm)) + 1
    start = np.clip(np.rint(middle).astype(int) - reach, 0, np.array(field.pixels.shape) - 2 * reach - 1)
    offset = (start - middle) * field.mm
    bits = ring.bits((2 * reach + 1, 2 * reach + 1), (float(offset[0]), float(offset[1])), field.mm)
    across = ring.outer_mm + np.roll(ring.outer_mm, _RAYS // 2)
    extent, width = float(across.max()), float(across.min())
    lumen = float(np.mean(ring.inner_mm**2) / np.mean(ring.outer_mm**2))
    full = float(across.mean() / extent) ** 2
    return Body(
        (int(start[0]), int(start[1])), bits, "br_rim", ring.height, extent, width, ring.hollow, lumen, ring.sharp, full
    )


def ring_at(pixels: NDArray[Any], place: F64, mm: float, settings: RingSettings) -> Ring | None:
    """The ring around a bright place, whose middle lies within ``search_mm`` of it; ``None`` where there is none.

    Parameters
    ----------
    pixels : (row, column)
        The whole image.
    place : (2,)
        Row and column.
    mm : float
        Its pixel.
    """
    radii = np.arange(0, settings.most_mm / 2 + 0.45, max(_STEP_MM, 0.7 * mm))
    margin = int(np.ceil((settings.search_mm + radii[-1]) / mm)) + 2
    start = np.maximum(np.rint(place).astype(int) - margin, 0)
    values = np.asarray(pixels[start[0] : start[0] + 2 * margin + 1, start[1] : start[1] + 2 * margin + 1], np.float32)
    if min(values.shape) < margin:
        return None
    rough = np.abs(values - gaussian(values, 0.6 / mm))
    noise = max(1.4826 * median(rough), 1e-6)
    centers = _dark(gaussian(values, _MIDDLE_MM / mm), place - start, mm, noise, settings)
    values = gaussian(values, _STEP_MM / mm)
    first = _most_closed(values, centers, radii, mm, noise, settings)
    if first is None:
        return None
    best = _most_closed(values, np.array(first.center) + _NEAR_MM / mm, radii, mm, noise, settings) or first
    if not settings.least_mm <= 2 * float(best.outer_mm.mean()) <= settings.most_mm:
        return None
    return replace(best, center=(best.center[0] + int(start[0]), best.center[1] + int(start[1])))


def _dark(even: F32, around: F64, mm: float, noise: float, settings: RingSettings) -> F64:
    """Places (n, 2) on a grid near a bright one that are darker than it."""
    grid = np.arange(-settings.search_mm, settings.search_mm + 1e-6, _GRID_MM) / mm
    places = around + np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    row, column = np.clip(np.rint(around).astype(int), 0, np.array(even.shape) - 1)
    reach = round(0.3 / mm)
    bright = float(even[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1].max())
    dark = (
        ndimage.map_coordinates(even, places.T, order=1, mode="nearest") < bright - 0.5 * settings.least_height * noise
    )
    return np.asarray(places[dark])


def _most_closed(values: F32, centers: F64, radii: F64, mm: float, noise: float, settings: RingSettings) -> Ring | None:
    """The ring around that middle whose wall is most closed; ``None`` where none is closed enough."""
    if len(centers) == 0:
        return None
    rows = centers[:, 0, None, None] + np.sin(_TURNS)[None, :, None] * radii / mm
    columns = centers[:, 1, None, None] + np.cos(_TURNS)[None, :, None] * radii / mm
    seen = ndimage.map_coordinates(values, [rows, columns], order=1, mode="nearest")
    middle = medians(seen[:, :, radii <= 0.1].reshape(len(seen), -1))
    at = seen[:, :, radii <= settings.most_mm / 2].argmax(axis=2)
    wall = np.take_along_axis(seen, at[..., None], axis=2)[..., 0]
    outside = np.full(wall.shape, np.inf)
    for beyond_mm in (0.2, 0.3, 0.4):
        there = np.minimum(at + round(beyond_mm / float(radii[1])), len(radii) - 1)
        outside = np.minimum(outside, np.take_along_axis(seen, there[..., None], axis=2)[..., 0])
    height = medians(wall) - medians(outside)
    # Along each ray the wall must stand over both sides; a few rays may cross a gap or a strand that touches.
    least = np.maximum(height, 1e-6)[:, None]
    over = np.minimum(
        (wall - middle[:, None]) / least / settings.least_hollow, (wall - outside) / least / settings.least_fall
    )
    share = np.sort(over, axis=1)[:, settings.open_rays]
    far = radii[at]
    even = far.std(axis=1) <= settings.most_uneven * far.mean(axis=1)
    share = np.where((height > settings.least_height * noise) & even, share, -1.0)
    n = int(share.argmax())
    if share[n] < 1.0:
        return None
    number = np.arange(len(radii))[None]
    past = (number > at[n][:, None]) & (seen[n] < ((wall[n] + outside[n]) / 2)[:, None])
    within = (number < at[n][:, None]) & (seen[n] < ((wall[n] + middle[n]) / 2)[:, None])
    outer = np.where(past.any(axis=1), radii[past.argmax(axis=1)], far[n])
    inner = np.where(within, radii[None], 0.0).max(axis=1)
    # (a strand that touches the wall draws single rays outwards)
    outer = np.minimum(outer, ndimage.median_filter(outer, 5, mode="wrap") + 0.1)
    return Ring(
        (float(centers[n, 0]), float(centers[n, 1])),
        inner,
        outer,
        float(height[n] / noise),
        float((np.median(wall[n]) - middle[n]) / height[n]),
        float(np.median(wall[n] - outside[n]) / height[n]),
    )
