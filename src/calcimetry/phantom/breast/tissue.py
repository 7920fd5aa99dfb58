"""What a breast is made of: gland with a power-law texture, lobes of fat, strands and their crossings, vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from calcimetry.phantom.breast.outline import Field, Outline

__all__ = ["Strand", "Tissue", "power_law", "tissue"]


@dataclass(frozen=True, eq=False)
class Strand:
    """A curve of points (n, 2) (row, column) [px] with its width [mm]: a fiber, duct or vessel."""

    points: NDArray[np.float64]
    width_mm: float


@dataclass(frozen=True, eq=False)
class Tissue:
    """Brightness of the tissue over fat (about 0 to 1) and what in it will be asked for later."""

    gland: Field
    vessels: tuple[Strand, ...]
    crossings: NDArray[np.float64]
    dense: Field


def power_law(shape: tuple[int, int], exponent: float, rng: np.random.Generator) -> Field:
    """A field of mean 0 and deviation 1 whose power falls with frequency to the power ``-exponent``."""
    rows, columns = (fft.next_fast_len(n, real=True) for n in shape)
    frequency = np.hypot(fft.fftfreq(rows)[:, None], fft.rfftfreq(columns)[None]).astype(np.float32)
    frequency[0, 0] = 1.0
    spectrum = fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    spectrum *= frequency ** np.float32(-exponent / 2)
    spectrum[0, 0] = 0
    out = fft.irfft2(spectrum, s=(rows, columns))[: shape[0], : shape[1]]
    return np.asarray((out - out.mean()) / out.std(), np.float32)


def walks(
    starts: NDArray[np.float64],
    angles: NDArray[np.float64],
    lengths_px: NDArray[np.float64],
    stiffness: float,
    rng: np.random.Generator,
) -> list[NDArray[np.float64]]:
    """Smooth random curves of half pixel steps from each start, both ways."""
    curves = []
    for start, angle, length in zip(starts, angles, lengths_px, strict=True):
        n = max(4, int(2 * length))
        turn = ndimage.gaussian_filter1d(rng.normal(size=n), max(2.0, n / 12)) * stiffness
        heading = angle + np.cumsum(turn)
        heading -= heading[n // 2] - angle
        steps = 0.5 * np.stack([np.sin(heading), np.cos(heading)], axis=1)
        points = np.cumsum(steps, axis=0)
        curves.append(points - points[n // 2] + start)
    return curves


def painted(shape: tuple[int, int], curves: list[NDArray[np.float64]], sigma: float, rng: np.random.Generator) -> Field:
    """Curves as lines of this blur, each with its own and along itself changing strength; about 1 at their middles."""
    layer = np.zeros(shape, np.float32)
    for points in curves:
        index = np.rint(points).astype(int)
        held = (index >= 0).all(axis=1) & (index[:, 0] < shape[0]) & (index[:, 1] < shape[1])
        if not held.any():
            continue
        n = len(points)
        change = ndimage.gaussian_filter1d(rng.normal(size=n), max(2.0, n / 8))
        change = change / (np.abs(change).max() + 1e-9)
        strength = (
            float(rng.uniform(0.2, 1.0)) ** 1.5 * (1 + 0.6 * change) * np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 0.4
        )
        np.maximum.at(layer, (index[held, 0], index[held, 1]), strength[held].astype(np.float32))
    # A line one pixel wide and 1 high has its blurred middle at 1 / (sqrt(2 pi) sigma).
    return np.asarray(ndimage.gaussian_filter(layer, sigma) * (np.sqrt(2 * np.pi) * max(sigma, 0.4)), np.float32)


def tissue(body: Outline, density: float, rng: np.random.Generator) -> Tissue:
    """Draw the inside of one breast. ``density`` 0 (fat) to 1 (gland throughout)."""
    shape, mm = (body.inside.shape[0], body.inside.shape[1]), body.mm
    zone = _zone(body, density, rng)
    coarse = power_law(shape, float(rng.uniform(2.8, 3.4)), rng)
    clumps = np.exp(float(rng.uniform(0.35, 0.8)) * coarse)
    gland = zone * np.clip(clumps, 0.15, 3.0) * (0.14 + 0.4 * density)
    gland = gland * (1 - float(rng.uniform(0.2, 0.75)) * _lobes(body, rng))
    texture = power_law(shape, float(rng.uniform(2.2, 2.9)), rng)
    gland = gland + (0.02 + 0.05 * zone) * texture * float(rng.uniform(0.5, 1.3))
    fibers = np.zeros(shape, np.float32)
    for width_mm, share in ((0.25, 1.4), (0.4, 1.0), (0.7, 0.5), (1.2, 0.22)):
        count = int(float(rng.uniform(150, 520)) * share * (0.6 + density) * body.inside.mean())
        curves = _fibers(body, zone, count, width_mm, rng)
        fibers += painted(shape, curves, width_mm / 2.355 / mm, rng) * float(rng.uniform(0.05, 0.2))
    crossings, stars = _crossings(body, rng)
    fibers += painted(shape, stars, float(rng.uniform(0.25, 0.5)) / 2.355 / mm, rng) * float(rng.uniform(0.06, 0.14))
    vessels = _vessels(body, rng)
    tubes = np.zeros(shape, np.float32)
    for one in vessels:
        tubes += painted(shape, [one.points], one.width_mm / 2.355 / mm, rng) * float(rng.uniform(0.05, 0.14))
    nodes = _nodes(body, rng) + _folds(body, rng)
    out = (gland + fibers * (0.6 + 0.6 * np.clip(clumps, 0, 2)) + tubes + nodes).astype(np.float32)
    return Tissue(out, tuple(vessels), crossings, np.asarray(np.clip(gland, 0, 1), np.float32))


def _zone(body: Outline, density: float, rng: np.random.Generator) -> Field:
    """Where gland lies: a soft body behind the nipple, the larger the denser, with a ragged edge."""
    rows, columns = body.inside.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    center = (body.nipple[0] - float(rng.normal(0.03, 0.05)) * rows, body.nipple[1] * float(rng.uniform(0.4, 0.65)))
    size = 0.16 + 0.3 * density
    far = np.hypot((y - center[0]) / (size * rows), (x - center[1]) / ((size + 0.12) * max(body.nipple[1], 1.0)))
    ragged = power_law((rows, columns), 3.0, rng)
    soft = 1 / (1 + np.exp(np.clip((far - 1 + 0.25 * ragged) / float(rng.uniform(0.06, 0.25)), -30, 30)))
    return np.asarray(soft * (body.depth if body.view != "spot" else 1.0), np.float32)


def _lobes(body: Outline, rng: np.random.Generator) -> Field:
    """Lobules of fat in the gland: dark ovals with an edge from sharp to soft."""
    mm, (rows, columns) = body.mm, body.inside.shape
    out = np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.integers(8, 40))):
        row, column = float(rng.uniform(0, rows)), float(rng.uniform(0, max(body.nipple[1], 2.0)))
        long, wide = float(rng.uniform(3, 14)) / mm, float(rng.uniform(2, 7)) / mm
        _oval(out, row, column, long, wide, float(rng.uniform(0, np.pi)), float(rng.uniform(0.03, 0.3)))
    return out


def _oval(out: Field, row: float, column: float, long: float, wide: float, turn: float, soft: float) -> None:
    """An oval of 1 with a soft edge, laid over what is there (the larger counts)."""
    reach = int(1.6 * long) + 2
    r0, r1 = max(0, int(row) - reach), min(out.shape[0], int(row) + reach + 1)
    c0, c1 = max(0, int(column) - reach), min(out.shape[1], int(column) + reach + 1)
    if r0 >= r1 or c0 >= c1:
        return
    y, x = np.mgrid[r0:r1, c0:c1].astype(np.float32)
    a = (y - row) * np.sin(turn) + (x - column) * np.cos(turn)
    b = (y - row) * np.cos(turn) - (x - column) * np.sin(turn)
    value = 1 / (1 + np.exp(np.clip((np.hypot(a / long, b / wide) - 1) / soft, -30, 30)))
    np.maximum(out[r0:r1, c0:c1], value, out=out[r0:r1, c0:c1])


def _fibers(
    body: Outline, zone: Field, count: int, width_mm: float, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Curves that mostly run towards the nipple, denser where there is gland."""
    rows, columns = body.inside.shape
    starts = np.stack([rng.uniform(0, rows, 4 * count), rng.uniform(0, columns, 4 * count)], axis=1)
    index = starts.astype(int)
    likely = 0.35 * body.inside[index[:, 0], index[:, 1]] + 0.65 * zone[index[:, 0], index[:, 1]]
    starts = starts[rng.random(len(starts)) < likely][:count]
    toward = np.arctan2(body.nipple[0] - starts[:, 0], body.nipple[1] - starts[:, 1])
    angles = toward + rng.normal(0, 0.55, len(starts)) + (rng.random(len(starts)) < 0.12) * rng.uniform(0, np.pi)
    lengths = rng.gamma(2.0, 9.0 + 6.0 * width_mm, len(starts)) / body.mm
    return walks(starts, angles, np.minimum(lengths, 70 / body.mm), 0.06, rng)


def _crossings(body: Outline, rng: np.random.Generator) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Places where several strands meet: bright, small and no calcium. The hardest things to tell apart."""
    rows, columns = np.nonzero(body.inside & (body.depth > 0.5))
    count = int(rng.integers(15, 60))
    if rows.size == 0:
        return np.zeros((0, 2)), []
    chosen = rng.integers(0, rows.size, count)
    places = np.stack([rows[chosen], columns[chosen]], axis=1).astype(np.float64)
    curves = []
    for place in places:
        for _ in range(int(rng.integers(2, 5))):
            curves += walks(place[None], rng.uniform(0, np.pi, 1), rng.uniform(4, 18, 1) / body.mm, 0.05, rng)
    return places, curves


def _vessels(body: Outline, rng: np.random.Generator) -> list[Strand]:
    rows = body.inside.shape[0]
    made = []
    for _ in range(int(rng.integers(2, 7))):
        start = np.array([[float(rng.uniform(0.15, 0.85)) * rows, float(rng.uniform(0.2, 0.8)) * body.nipple[1]]])
        angle = np.array([body.toward_nipple(float(start[0, 0]), float(start[0, 1])) + float(rng.normal(0, 0.4))])
        length = np.array([float(rng.uniform(40, 110)) / body.mm])
        (points,) = walks(start, angle, length, 0.05, rng)
        made.append(Strand(points, float(rng.uniform(1.0, 3.2))))
    return made


def _folds(body: Outline, rng: np.random.Generator) -> Field:
    """Folds of skin near the chest wall or the axilla: bright bands, sharp on one side and soft on the other."""
    rows, columns = body.inside.shape[0], body.inside.shape[1]
    out = np.zeros((rows, columns), np.float32)
    if body.view == "spot" or rng.random() > 0.2:
        return out
    start = np.array([[float(rng.choice([rng.uniform(0.02, 0.2), rng.uniform(0.8, 0.95)])) * rows, 0.15 * columns]])
    (points,) = walks(
        start, np.array([float(rng.normal(0, 0.5))]), np.array([float(rng.uniform(25, 80)) / body.mm]), 0.02, rng
    )
    index = np.rint(points).astype(int)
    held = (index >= 0).all(axis=1) & (index[:, 0] < rows) & (index[:, 1] < columns)
    line = np.ones((rows, columns), bool)
    line[index[held, 0], index[held, 1]] = False
    if line.all():
        return out
    away, nearest = ndimage.distance_transform_edt(line, return_indices=True)
    below = np.arange(rows)[:, None] > nearest[0]
    width = np.where(below, 0.5 / body.mm, float(rng.uniform(2.0, 5.0)) / body.mm)
    return np.asarray(float(rng.uniform(0.1, 0.35)) * np.exp(-0.5 * (away / width) ** 2), np.float32)


def _nodes(body: Outline, rng: np.random.Generator) -> Field:
    """Masses and lymph nodes: a few smooth bright ovals, the nodes with a dark hilum."""
    rows, columns = body.inside.shape[0], body.inside.shape[1]
    out = np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.poisson(1.0))):
        row = float(rng.uniform(0.1, 0.9)) * rows
        column = float(rng.uniform(0.1, 0.8)) * max(body.nipple[1], 2.0)
        size = float(rng.uniform(3, 9)) / body.mm
        layer = np.zeros_like(out)
        turn = float(rng.uniform(0, np.pi))
        _oval(layer, row, column, size, size * float(rng.uniform(0.5, 1)), turn, float(rng.uniform(0.05, 0.4)))
        if rng.random() < 0.3:
            hilum = np.zeros_like(out)
            _oval(hilum, row + 0.2 * size, column, 0.5 * size, 0.25 * size, turn, 0.2)
            layer -= 0.7 * hilum
        out += float(rng.uniform(0.08, 0.3)) * layer
    return out
