"""What the fitted model is told of each candidate: height, fall-off, shape, lines through it, and its surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.detect.breast.field import Field, halved
from calcimetry.detect.breast.spots import Spots
from calcimetry.imaging.filters import gaussian, least, medians, uniform

__all__ = ["names", "spot_features"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_RADII_MM = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 1.8, 2.4, 3.0)
_TURNS = 16
_WAVES = (1, 2, 3, 4)
_WAVE_RINGS = (2, 3, 5, 7)
"""Rings (places in ``_RADII_MM``) whose change around the spot is taken apart into waves."""
_ENDS = (2, 3, 4, 6, 8)
"""Rings whose brightest and darkest place are told."""
_PATCH_MM = 1.4


def names(widths: int = 4) -> tuple[str, ...]:
    """Names of the features in order, for so many filter widths."""
    rings = [f"profile_{radius:g}" for radius in _RADII_MM[1:]]
    ends = [f"{end}_{_RADII_MM[ring]:g}" for end in ("bright", "faint") for ring in _ENDS]
    waves = [f"wave{k}_{_RADII_MM[ring]:g}" for ring in _WAVE_RINGS for k in _WAVES]
    return (
        *(f"z{n}" for n in range(widths)),
        "z_small_over_large", "height", "height_ring", *rings, *ends, *waves, "ring_spread", "far_spread",
        "sector_1", "sector_2", "sector_pair", "sector_low", "half_plane",
        "area", "elongation", "touches", "second_peak",
        "hessian_small", "hessian_ratio_small", "hessian_large", "hessian_ratio_large", "lines",
        "step", "dark", "dark_near", "texture", "grey", "depth", "bend",
    )  # fmt: skip


def spot_features(field: Field, spots: Spots) -> F32:
    """(n, features): see :func:`names`. Lengths in mm, heights over noise, shapes over the spot's own height."""
    count = len(spots)
    widths = len(spots.levels)
    if count == 0:
        return np.zeros((0, len(names(widths))), np.float32)
    at = spots.index.astype(np.float64)
    rows, columns = spots.index.T
    z = np.stack([_patches(level, spots.index, 1).max(axis=(1, 2)) for level in spots.levels], axis=1)
    sigma = spots.sigma[rows, columns].astype(np.float64)
    polar = _polar(field, at)
    far = polar[:, 4:7].reshape(count, -1)
    base = medians(far)
    spread = 1.4826 * medians(np.abs(far - base[:, None]))
    top = np.maximum(polar[:, 0, 0], polar[:, 1].mean(axis=1))
    height = np.maximum(top - base, 0.5 * sigma)
    profile = (polar[:, 1:].mean(axis=2) - base[:, None]) / height[:, None]
    turned = np.fft.rfft(polar[:, list(_WAVE_RINGS)], axis=2) / _TURNS
    waves = (np.abs(turned[:, :, list(_WAVES)]) / height[:, None, None]).reshape(count, -1)
    features = [
        z,
        (z[:, 0] - z[:, -1])[:, None],
        np.stack([height / sigma, height / (spread + 0.3 * sigma)], axis=1),
        profile,
        _ends(polar, base, height),
        waves,
        (spread / height)[:, None],
        (polar[:, 9:].reshape(count, -1).std(axis=1) / height)[:, None],
        _sectors(polar, base, height),
        _shape(field, spots.index, base, height),
        _hessians(field, spots),
        _around(field, spots, base, height, sigma),
    ]
    return np.asarray(np.concatenate(features, axis=1), np.float32)


def _polar(field: Field, at: F64) -> F64:
    """Values (n, ring, turn) on circles around each place."""
    turns = np.arange(_TURNS) * 2 * np.pi / _TURNS
    radii = np.array(_RADII_MM)[:, None] / field.mm
    row = at[:, 0, None, None] + radii * np.sin(turns)
    column = at[:, 1, None, None] + radii * np.cos(turns)
    return np.asarray(ndimage.map_coordinates(field.pixels, [row, column], order=1, mode="nearest"), np.float64)


def _ends(polar: F64, base: F64, height: F64) -> F64:
    """Brightest and darkest place of some rings, the mean of two neighbors each: grain has such ends, too."""
    rings = (polar[:, list(_ENDS)] - base[:, None, None]) / height[:, None, None]
    pairs = (rings + np.roll(rings, 1, axis=2)) / 2
    return np.concatenate([pairs.max(axis=2), pairs.min(axis=2)], axis=1)


def _sectors(polar: F64, base: F64, height: F64) -> F64:
    """Brightest sectors of the ring: a line runs out on one side, or through on two; an edge fills half of it."""
    ring = (polar[:, 4:7].mean(axis=1) - base[:, None]) / height[:, None]
    smooth = (np.roll(ring, 1, axis=1) + 2 * ring + np.roll(ring, -1, axis=1)) / 4
    first = smooth.argmax(axis=1)
    turn = np.abs((np.arange(_TURNS)[None] - first[:, None] + _TURNS // 2) % _TURNS - _TURNS // 2)
    second = np.where(turn >= 3, smooth, -np.inf).max(axis=1)
    pair = np.minimum(smooth, np.roll(smooth, _TURNS // 2, axis=1)).max(axis=1)
    half = ndimage.uniform_filter1d(ring, _TURNS // 2, axis=1, mode="wrap")
    return np.stack([smooth.max(axis=1), second, pair, smooth.min(axis=1), half.max(axis=1) - half.min(axis=1)], axis=1)


def _patches(image: F32, index: NDArray[np.intp], reach: int) -> F32:
    """Squares (n, 2 reach + 1, 2 reach + 1) around each place."""
    padded = np.pad(image, reach, mode="edge")
    offsets = np.arange(2 * reach + 1)
    rows = index[:, 0, None, None] + offsets[None, :, None]
    columns = index[:, 1, None, None] + offsets[None, None, :]
    return np.asarray(padded[rows, columns])


def _shape(field: Field, index: NDArray[np.intp], base: F64, height: F64) -> F64:
    """Area [mm2] and elongation of what hangs together at half height, whether it leaves the square, second peak."""
    reach = max(3, round(_PATCH_MM / field.mm))
    patch = (_patches(field.pixels, index, reach) - base[:, None, None]) / height[:, None, None]
    over = patch > 0.5
    grown = np.zeros_like(over)
    grown[:, reach, reach] = True
    for _ in range(2 * reach):
        wider = grown.copy()
        wider[:, 1:] |= grown[:, :-1]
        wider[:, :-1] |= grown[:, 1:]
        wider[:, :, 1:] |= wider[:, :, :-1] & over[:, :, 1:]
        wider[:, :, :-1] |= wider[:, :, 1:] & over[:, :, :-1]
        wider &= over
        wider[:, reach, reach] = True
        if np.array_equal(wider, grown):
            break
        grown = wider
    area = grown.sum(axis=(1, 2))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    mean_y, mean_x = ((grown * v).sum(axis=(1, 2)) / area for v in (y, x))
    yy = (grown * y**2).sum(axis=(1, 2)) / area - mean_y**2 + 1 / 12
    xx = (grown * x**2).sum(axis=(1, 2)) / area - mean_x**2 + 1 / 12
    xy = (grown * x * y).sum(axis=(1, 2)) / area - mean_y * mean_x
    half, off = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
    elongation = np.sqrt((half + off) / np.maximum(half - off, 1 / 12))
    border = np.ones(patch.shape[1:], bool)
    border[1:-1, 1:-1] = False
    touches = (grown & border).sum(axis=(1, 2))
    away = np.hypot(y, x) * field.mm
    second = np.where((away > 0.7) & ~grown, patch, -np.inf).max(axis=(1, 2))
    return np.stack([np.log(area * field.mm**2), elongation, np.minimum(touches, 8), np.clip(second, -2, 3)], axis=1)


def _hessians(field: Field, spots: Spots) -> F64:
    """Curvatures at two widths: across both directions for a spot, across one for a line; and lines around."""
    rows, columns = spots.index.T
    out = []
    lines = np.zeros(len(rows))
    own = halved(field) or field
    for sigma_mm in (0.28, 0.5):
        s = sigma_mm / own.mm
        even = gaussian(own.pixels, s, truncate=3.0)
        yy = np.zeros_like(even)
        xx = np.zeros_like(even)
        xy = np.zeros_like(even)
        yy[1:-1] = even[2:] + even[:-2] - 2 * even[1:-1]
        xx[:, 1:-1] = even[:, 2:] + even[:, :-2] - 2 * even[:, 1:-1]
        xy[1:-1, 1:-1] = (even[2:, 2:] + even[:-2, :-2] - even[2:, :-2] - even[:-2, 2:]) / 4
        half, off = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
        across, along = -(half - off) * s**2, -(half + off) * s**2
        noise = spots.sigma[rows, columns]
        step = own.step // field.step
        at = (np.minimum(rows // step, even.shape[0] - 1), np.minimum(columns // step, even.shape[1] - 1))
        out += [across[at] / noise, along[at] / np.maximum(across[at], 0.1 * noise)]
        if sigma_mm > 0.4:
            sigma = spots.sigma[: step * even.shape[0] : step, : step * even.shape[1] : step]
            ridge = np.maximum(across - np.abs(along), 0) / sigma
            lines = uniform(np.asarray(ridge, np.float32), 2 * max(1, round(2.5 / own.mm)) + 1)[at]
    return np.stack([*out, lines], axis=1)


def _around(field: Field, spots: Spots, base: F64, height: F64, sigma: F64) -> F64:
    """Sharpness, darkness beside it, texture, grey, depth and the bend of the ground."""
    rows, columns = spots.index.T
    small = _patches(field.pixels, spots.index, 2)
    step = np.maximum(np.abs(np.diff(small, axis=1)).max(axis=(1, 2)), np.abs(np.diff(small, axis=2)).max(axis=(1, 2)))
    reach = max(2, round(1.0 / field.mm))
    dark = (base - _patches(field.pixels, spots.index, reach).min(axis=(1, 2))) / height
    low = least(spots.levels[0], 2 * max(1, round(3.0 / field.mm)) + 1)[rows, columns]
    thin = halved(field) or field
    coarse = gaussian(thin.pixels, 1.0 / thin.mm, truncate=2.5)
    slow = gaussian(thin.pixels, 3.0 / thin.mm, truncate=2.5)
    at = tuple(
        np.minimum(n // (thin.step // field.step), m - 1) for n, m in zip((rows, columns), slow.shape, strict=True)
    )
    texture = sigma / max(float(np.median(spots.sigma[field.inside])), 1e-6)
    grey = (field.pixels[rows, columns] - field.low) / (field.high - field.low)
    bend = (coarse - slow)[at] / (height + sigma)
    return np.stack(
        [step / height, dark, low, np.log(texture), grey, np.minimum(field.depth_mm[rows, columns], 20.0), bend], axis=1
    )
