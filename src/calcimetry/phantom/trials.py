"""Trials: one random lesion in a small block, scanned again and again at another position and with other noise.

What intervals are fitted on and checked with. A trial draws a protocol (tube voltage, slice thickness, pixel, blur,
noise), a lesion and what surrounds it: tissue, an artery in fat, or the wall between blood and fat.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.phantom.materials import hu_per_mg_cm3, palette
from calcimetry.phantom.noise import NoiseSource, Texture
from calcimetry.phantom.objects import random_shape
from calcimetry.phantom.render import Cells, Optics, Rendered, counted, seen
from calcimetry.phantom.shapes import Shape

__all__ = ["Protocol", "Scan", "Surrounds", "Trial", "draw", "draw_protocol", "scans"]

Surrounds = Literal["tissue", "artery", "wall"]

# What is drawn from. Voltages are those with published limits, 120 kV most often; ranges are those of scans that
# are scored in practice, with noise up to what guidelines just allow and beyond.
_KVP = (70.0, 80.0, 100.0, 120.0, 120.0, 120.0, 135.0)
_THICKNESS_MM = (1.0, 1.5, 2.5, 3.0, 3.0, 5.0)
_PIXEL_MM = (0.35, 0.9)
_SIGMA_MM = (0.36, 0.8)
_NOISE_HU = (6.0, 30.0)
_DIAMETER_MM = (1.0, 10.0)
_DENSITY_MG_CM3 = (150.0, 1200.0)
_SURROUNDS: tuple[Surrounds, ...] = ("tissue", "artery", "wall")
# True HU of a milligram differ from the nominal ones by scanner and size of the patient (published factors spread by
# about 10 % around their middle, taken as two standard deviations); a rod in the field brings that down.
_NOMINAL_SPREAD = 0.05
_MARGIN_MM = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a lesion is scanned. ``slope``: true HU of a milligram over the nominal ones."""

    kvp: float
    thickness_mm: float
    increment_mm: float
    pixel_mm: float
    optics: Optics
    noise_hu: float
    noise_blur_mm: float
    slope: float

    @property
    def hu_per_mg_cm3(self) -> float:
        """HU of one mg/cm³ on this scanner."""
        return hu_per_mg_cm3(self.kvp) * self.slope


@dataclass(frozen=True, eq=False, kw_only=True)
class Trial:
    """One lesion under one protocol; the lesion is centred on the origin."""

    protocol: Protocol
    shape: Shape
    diameter_mm: float
    density_mg_cm3: float
    surrounds: Surrounds
    way: tuple[float, float, float]
    grid: Geometry
    cells: Cells
    """The lesion counted on the grid of the scans."""

    @property
    def volume_mm3(self) -> float:
        """True volume."""
        return self.cells.volume_mm3

    @property
    def mass_mg(self) -> float:
        """True mass."""
        return self.volume_mm3 * self.density_mg_cm3 / 1000.0


@dataclass(frozen=True, eq=False)
class Scan:
    """One scan of a trial: the image, and where the lesion may be looked for."""

    volume: Volume
    inside: NDArray[np.bool_]


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(math.log(limits[0]), math.log(limits[1]))))


def draw_protocol(rng: np.random.Generator) -> Protocol:
    """A random protocol; one in six has overlapping slices."""
    thickness = float(rng.choice(_THICKNESS_MM))
    increment = thickness / 2 if rng.random() < 1 / 6 and thickness > 1 else thickness
    return Protocol(
        kvp=float(rng.choice(_KVP)),
        thickness_mm=thickness,
        increment_mm=increment,
        pixel_mm=_log_uniform(rng, _PIXEL_MM),
        optics=Optics(
            psf_sigma_mm=_log_uniform(rng, _SIGMA_MM),
            thickness_mm=thickness,
            edge_sigma_mm=float(rng.uniform(0.08, 0.3)) * thickness,
            enhance=float(rng.choice([0.0, 0.0, 0.1, 0.2])),
        ),
        noise_hu=_log_uniform(rng, _NOISE_HU),
        noise_blur_mm=float(rng.uniform(0.4, 0.7)),
        slope=float(np.exp(rng.normal(0.0, _NOMINAL_SPREAD))),
    )


def draw(rng: np.random.Generator, protocol: Protocol | None = None) -> Trial:
    """A random trial, or a random lesion under the protocol that is given."""
    chosen = protocol or draw_protocol(rng)
    diameter = _log_uniform(rng, _DIAMETER_MM)
    x, y, z = (float(v) for v in rng.normal(size=3))
    while True:  # a sliver that no cell holds is drawn again
        shape = random_shape(rng, np.zeros(3), diameter)
        grid = _grid(shape, chosen)
        cells = counted(shape, grid)
        if cells is not None:
            break
    return Trial(
        protocol=chosen,
        shape=shape,
        diameter_mm=diameter,
        density_mg_cm3=_log_uniform(rng, _DENSITY_MG_CM3),
        surrounds=_SURROUNDS[int(rng.integers(len(_SURROUNDS)))],
        way=(x, y, z),
        grid=grid,
        cells=cells,
    )


def _grid(shape: Shape, protocol: Protocol) -> Geometry:
    """A grid around the origin that holds the lesion, its blur, and tissue around."""
    spacing = np.array([protocol.increment_mm, protocol.pixel_mm, protocol.pixel_mm])
    low, high = shape.bounds_mm()
    half_mm = np.maximum(np.abs(low), np.abs(high))[::-1] + _MARGIN_MM
    half_mm[0] += protocol.thickness_mm
    half = np.ceil(half_mm / spacing).astype(int)
    return Geometry.from_spacing([int(n) for n in 2 * half + 1], spacing.tolist(), (-half * spacing)[::-1].tolist())


def scans(trial: Trial, count: int, rng: np.random.Generator) -> Iterator[Scan]:
    """Scans of the trial, each at a random place within a voxel and with noise of its own."""
    protocol, grid = trial.protocol, trial.grid
    shape, spacing = grid.shape, np.array(grid.spacing_mm)
    overlap = max(1, round(protocol.thickness_mm / protocol.increment_mm))
    source = NoiseSource(
        (shape[1], shape[2]),
        (protocol.pixel_mm, protocol.pixel_mm),
        rng,
        Texture(blur_mm=protocol.noise_blur_mm),
        overlap,
    )
    # A store of planes, of which each scan takes a run, rolled by a random way: they close at their borders.
    store = np.stack([source.next() for _ in range(max(24, 3 * shape[0]))])
    taken = Acquisition(modality="CT", kvp=protocol.kvp, thickness_mm=protocol.thickness_mm, gated=True)
    behind = _Background(trial)
    for _ in range(count):
        shift = rng.uniform(-0.5, 0.5, 3)
        hu = behind.moved((shift * spacing)[::-1])
        inside = np.zeros(shape, dtype=bool)
        image = seen(trial.cells.moved(shift), grid, protocol.optics)
        if image is not None:
            _add(hu, image, protocol.hu_per_mg_cm3 * trial.density_mg_cm3)
            inside[image.box] = image.share > 1e-3
        first, roll = int(rng.integers(len(store) - shape[0])), rng.integers(0, shape[1:])
        hu += np.roll(store[first : first + shape[0]], tuple(roll), axis=(1, 2)) * np.float32(protocol.noise_hu)
        pixels = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
        yield Scan(Volume("i1", pixels, grid, taken), inside)


def _add(hu: NDArray[np.float64], image: Rendered, object_hu: float) -> None:
    spot = hu[image.box]
    spot += image.share * (object_hu - float((image.share * spot).sum() / image.share.sum()))


class _Background:
    """The block without its lesion."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        hu = palette(trial.protocol.kvp)
        self._blood, self._fat = hu["blood"], hu["epicardial_fat"]
        self._way = np.array(trial.way) / np.linalg.norm(trial.way)
        if trial.surrounds != "tissue":
            index = np.stack(np.meshgrid(*(np.arange(n) for n in trial.grid.shape), indexing="ij"), axis=-1)
            self._points = trial.grid.to_lps_mm(index)
            self._along = self._points @ self._way
            self._squared = (self._points**2).sum(axis=-1)

    def moved(self, by_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """CT numbers (slice, row, column), moved with the lesion by (x, y, z) mm."""
        trial, way = self._trial, self._way
        if trial.surrounds == "tissue":
            return np.full(trial.grid.shape, self._blood)
        along = self._along - by_mm @ way
        steep: NDArray[np.float64] | float
        if trial.surrounds == "artery":
            # The artery passes through the lesion, wide enough for it to lie in or on the wall.
            squared = self._squared - 2 * (self._points @ by_mm) + by_mm @ by_mm - along**2
            radius = np.sqrt(np.maximum(squared, 1e-12))
            beyond = radius - max(1.75, 0.45 * trial.diameter_mm)
            steep = (self._points[..., 2] - by_mm[2] - along * way[2]) / radius
        else:
            beyond, steep = along - 0.3 * trial.diameter_mm, float(way[2])
        # The edge is as soft as the blur across it: in plane by the kernel, along z by the slice (a box: T / sqrt 12).
        optics = trial.protocol.optics
        flat = np.sqrt(np.clip(1 - np.square(steep), 0, 1))
        sigma = np.hypot(optics.psf_sigma_mm * flat, optics.thickness_mm / math.sqrt(12) * np.asarray(steep))
        return np.asarray(self._blood + (self._fat - self._blood) * ndtr(beyond / sigma))
