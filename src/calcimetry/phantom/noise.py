"""Noise as a CT shows it: correlated in plane, band-limited, stronger inside the body than in lung and air."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter

__all__ = ["Grain", "NoiseSource", "Texture", "noise_level"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """Shape of the noise.

    The power spectrum is ``(f + floor) exp(-(2 pi f blur)^2)``: it rises like the ramp of filtered
    back-projection and falls with the kernel. ``blur_mm`` 0.55 puts its peak near 0.2 line pairs/mm, as
    calcium-scoring kernels have it; ``floor_per_mm`` keeps some of the slow noise that real images show.
    ``streaks``: share of the standard deviation whose grain is ``stretch`` times as long from side to side as it is
    wide, as where shoulders or a large body starve the beam.
    """

    blur_mm: float = 0.55
    floor_per_mm: float = 0.03
    streaks: float = 0.0
    stretch: float = 6.0


_BANK = 40


class NoiseSource:
    """Planes of unit-variance noise, one after another; overlapping slices share part of it.

    Parameters
    ----------
    shape, pixel_mm
        Rows and columns, and their pitch.
    rng : numpy Generator
        Where randomness comes from.
    overlap : int
        Slice thickness over increment, rounded: 1 for contiguous slices.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        pixel_mm: tuple[float, float],
        rng: np.random.Generator,
        texture: Texture | None = None,
        overlap: int = 1,
    ) -> None:
        texture = texture or Texture()
        self._shape, self._rng, self.overlap = shape, rng, max(1, overlap)
        fy = fft.fftfreq(shape[0], pixel_mm[0])[:, None]
        fx = fft.rfftfreq(shape[1], pixel_mm[1])[None, :]
        # Mean power over the full plane: the half plane counts twice except its first (and last) column.
        double = np.full(fx.shape, 2.0)
        double[:, 0] = 1.0
        if shape[1] % 2 == 0:
            double[:, -1] = 1.0

        def unit(stretch: float) -> NDArray[np.float64]:
            f = np.hypot(fy, fx * stretch)
            power = (f + texture.floor_per_mm) * np.exp(-((2 * np.pi * f * texture.blur_mm) ** 2))
            return np.asarray(power / (float((power * double).sum()) / (shape[0] * shape[1])))

        power = unit(1.0)
        if texture.streaks:
            power = (1 - texture.streaks**2) * power + texture.streaks**2 * unit(texture.stretch)
        self._filter = np.sqrt(power).astype(np.float32)
        self._recent: deque[NDArray[np.float32]] = deque(maxlen=self.overlap)

    def _plane(self) -> NDArray[np.float32]:
        white = self._rng.standard_normal(self._shape, dtype=np.float32)
        return np.asarray(fft.irfft2(fft.rfft2(white) * self._filter, s=self._shape), dtype=np.float32)

    def next(self) -> NDArray[np.float32]:
        """The next plane (row, column) of mean 0 and variance 1."""
        self._recent.append(self._plane())
        while len(self._recent) < self.overlap:
            self._recent.append(self._plane())
        if self.overlap == 1:
            return self._recent[0]
        total = np.sum(np.stack(self._recent), axis=0) / np.sqrt(self.overlap)
        return np.asarray(total, dtype=np.float32)


class Grain:
    """Planes of noise for a long stack: after the first ones earlier planes come again, rolled and turned about.

    Each plane on its own is as the source makes it; making hundreds anew is most of the work of a long stack.
    """

    def __init__(self, source: NoiseSource, rng: np.random.Generator, planes: int) -> None:
        self._source, self._rng = source, rng
        self._most = planes if source.overlap > 1 else _BANK
        self._bank: list[NDArray[np.float32]] = []

    def next(self) -> NDArray[np.float32]:
        """The next plane (row, column) of mean 0 and variance 1."""
        if len(self._bank) < self._most:
            plane = self._source.next()
            if self._source.overlap == 1:
                self._bank.append(plane)
            return plane
        plane = self._bank[int(self._rng.integers(self._most))]
        by = [int(self._rng.integers(n)) for n in plane.shape]
        plane = np.roll(plane, by, axis=(0, 1))[:: int(self._rng.choice([-1, 1]))]
        return -plane if self._rng.random() < 0.5 else plane


def noise_level(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """How strong the noise is in each pixel, relative to soft tissue at the centre of the body (about 1).

    Lower in lung and air, and falling to the rim: fewer photons are lost on the way there.
    """
    dense = np.clip(hu * 0.001 + 1.0, 0.0, 1.05, dtype=np.float32)
    width = max(3, round(20.0 / pixel_mm))
    around = uniform_filter(dense, width, mode="nearest")
    rows, columns = hu.shape
    y = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2) * pixel_mm
    x = (np.arange(columns, dtype=np.float32) - (columns - 1) / 2) * pixel_mm
    rim = 1.0 - 0.18 * np.minimum((y[:, None] ** 2 + x[None, :] ** 2) / 170.0**2, 1.5)
    return np.asarray((0.45 + 0.55 * around) * rim, dtype=np.float32)
