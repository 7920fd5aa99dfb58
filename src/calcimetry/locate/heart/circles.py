"""Round vessels in axial slices: how well a circle stands out, and the best path of one through a stack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from calcimetry.locate.heart.frame import Frame

__all__ = ["Box", "Edges", "Moves", "Path", "edges", "rings", "track"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a frame: slices ``k0`` to ``k1``, rows ``j0`` to ``j1``, columns ``i0`` to ``i1`` (half open)."""

    k0: int
    k1: int
    j0: int
    j1: int
    i0: int
    i1: int

    @property
    def at(self) -> tuple[slice, slice, slice]:
        """As an index."""
        return slice(self.k0, self.k1), slice(self.j0, self.j1), slice(self.i0, self.i1)

    @classmethod
    def of(cls, frame: Frame, k: tuple[float, float], j: tuple[float, float], i: tuple[float, float]) -> Box:
        """The box between these indices, cut to the frame and never empty."""
        ends = []
        for (low, high), size in zip((k, j, i), frame.shape, strict=True):
            first = int(np.clip(np.floor(low), 0, size - 1))
            ends += [first, int(np.clip(np.ceil(high) + 1, first + 1, size))]
        return cls(*ends)


@dataclass(frozen=True, eq=False)
class Edges:
    """Gradients of a box in Fourier space, ready to be met with rings of any size."""

    box: Box
    mm: tuple[float, float, float]
    down: NDArray[np.complex64]
    right: NDArray[np.complex64]
    padded: tuple[int, int]


def edges(
    frame: Frame,
    box: Box,
    bone: NDArray[np.bool_],
    *,
    floor_hu: float,
    clip_hu_mm: float,
    reach_mm: float = 28.0,
    lung: NDArray[np.floating] | None = None,
) -> Edges:
    """Gradients of the slices of a box.

    Parameters
    ----------
    frame, box
        The image, and its part.
    bone : (slice, row, column) bool
        Of the frame: its edges do not count, else a circle sits on the vertebra.
    floor_hu : float
        Everything below counts as this: a thin line of fat then weighs as much as the edge of the lung.
    clip_hu_mm : float
        Longest gradient [HU/mm].
    reach_mm : float
        Largest radius that will be asked for.
    lung : (slice,) float
        How much an edge against the lung counts in each slice of the box; all the same where it is not given.
    """
    hu = np.clip(frame.hu[box.at], floor_hu, 60.0)
    bone = bone[box.at]
    hu[bone] = 40.0
    hu = ndimage.gaussian_filter(hu, (0.4, 0.6, 0.6), mode="nearest")
    down, right = np.gradient(hu, frame.mm[1], frame.mm[2], axis=(1, 2))
    length = np.hypot(down, right)
    scale = np.minimum(1.0, clip_hu_mm / np.maximum(length, 1e-6)).astype(np.float32)
    near = ndimage.maximum_filter(bone.view(np.uint8), (1, 3, 3)) > 0
    scale[near] = 0.0
    if lung is not None:
        beside = ndimage.maximum_filter(frame.lung[box.at].view(np.uint8), (1, 5, 5)) > 0
        scale *= np.where(beside, lung.astype(np.float32)[:, None, None], np.float32(1.0))
    pad = round(reach_mm / frame.mm[2]) + 2
    size = [fft.next_fast_len(n + pad, real=True) for n in hu.shape[1:]]
    padded = (size[0], size[1])
    spectra = [fft.rfft2((one * scale).astype(np.float32), s=padded) for one in (down, right)]
    return Edges(box, frame.mm, spectra[0], spectra[1], padded)


def rings(
    found: Edges, radii_mm: NDArray[np.floating], width_mm: float = 1.3, *, stretch: float = 1.0, first: int = 0
) -> F32:
    """Mean of the inward gradient along a ring [HU/mm], for each centre: (slice, radius, row, column).

    ``stretch`` makes the ring an oval, so many times as wide from right to left as from front to back; slices before
    ``first`` are left out.
    """
    rows, columns = found.box.j1 - found.box.j0, found.box.i1 - found.box.i0
    y, x = (np.fft.fftfreq(n, 1.0 / n) * mm for n, mm in zip(found.padded, found.mm[1:], strict=True))
    x = x / stretch
    away = np.hypot(y[:, None], x[None, :])
    out = np.empty((found.box.k1 - found.box.k0 - first, len(radii_mm), rows, columns), dtype=np.float32)
    normal = np.maximum(np.hypot(y[:, None], x[None, :] / stretch), 1e-6)
    for n, radius in enumerate(radii_mm):
        weight = np.exp(-0.5 * ((away - radius) / width_mm) ** 2)
        weight /= weight.sum() * normal
        # correlation: the kernel's spectrum is conjugated
        one, other = (
            np.conj(fft.rfft2((weight * part).astype(np.float32))) for part in (y[:, None], x[None, :] / stretch)
        )
        met = fft.irfft2(found.down[first:] * one + found.right[first:] * other, s=found.padded)
        out[:, n] = -met[:, :rows, :columns]
    return out


@dataclass(frozen=True, eq=False)
class Path:
    """One circle for each slice of a box: row and column in the frame, index of the radius, score."""

    row: F64
    column: F64
    radius: NDArray[np.intp]
    score: F64


@dataclass(frozen=True, slots=True)
class Moves:
    """How far a path may go from slice to slice [columns or rows], and the price of one, and of a step in radius."""

    most: int
    cost: float
    radius_cost: float


def track(score: F32, box: Box, moves: Moves) -> Path:
    """The path with the largest sum of scores (slice, radius, row, column), less the price of its moves."""
    most, radius_cost, move_cost = moves.most, moves.radius_cost, moves.cost
    total = np.empty_like(score)
    total[0] = score[0]
    for k in range(1, len(score)):
        best = _relaxed(total[k - 1], move_cost, (1, 2), most)
        total[k] = score[k] + _relaxed(best, radius_cost, (0,), 1)
    n, j, i = (int(x) for x in np.unravel_index(int(total[-1].argmax()), total.shape[1:]))
    states = [(n, j, i)]
    for k in range(len(score) - 1, 0, -1):
        n0, j0, i0 = max(0, n - 1), max(0, j - most), max(0, i - most)
        part = total[k - 1, n0 : n + 2, j0 : j + most + 1, i0 : i + most + 1]
        a, b, c = np.ogrid[tuple(slice(0, s) for s in part.shape)]
        cost = radius_cost * np.abs(a + n0 - n) + move_cost * (np.abs(b + j0 - j) + np.abs(c + i0 - i))
        down = np.unravel_index(int((part - cost).argmax()), part.shape)
        n, j, i = n0 + int(down[0]), j0 + int(down[1]), i0 + int(down[2])
        states.append((n, j, i))
    chain = np.array(states[::-1])
    own = score[np.arange(len(score)), chain[:, 0], chain[:, 1], chain[:, 2]]
    row = (chain[:, 1] + box.j0).astype(np.float64)
    return Path(row, (chain[:, 2] + box.i0).astype(np.float64), chain[:, 0], own.astype(np.float64))


def _relaxed(best: F32, cost: float, axes: tuple[int, ...], times: int) -> F32:
    """Each place takes the best of itself and what its neighbours along ``axes`` can give, less the cost of a step."""
    out = best.copy()
    for axis in axes:
        low = (slice(None),) * axis
        for _ in range(times):
            before = out.copy()
            first, last = (*low, slice(1, None)), (*low, slice(None, -1))
            np.maximum(out[last], before[first] - cost, out=out[last])
            np.maximum(out[first], before[last] - cost, out=out[first])
    return out
