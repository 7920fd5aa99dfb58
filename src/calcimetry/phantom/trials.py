"""Trials: one random lesion in a small block, scanned again and again at another position and with other noise.

What intervals are fitted on and checked with. A trial draws a protocol (tube voltage, slice thickness, pixel, blur,
noise), a lesion and what surrounds it: tissue, an artery in fat, or the wall between blood and fat.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.phantom.materials import hu_per_mg_cm3, palette
from calcimetry.phantom.noise import NoiseSource, Texture
from calcimetry.phantom.objects import random_shape
from calcimetry.phantom.render import Optics, Rendered, counted, render, seen
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
    volume_mm3: float = field(default=0.0)

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
    trial = Trial(
        protocol=chosen,
        shape=random_shape(rng, np.zeros(3), diameter),
        diameter_mm=diameter,
        density_mg_cm3=_log_uniform(rng, _DENSITY_MG_CM3),
        surrounds=_SURROUNDS[int(rng.integers(len(_SURROUNDS)))],
        way=(x, y, z),
    )
    cells = counted(trial.shape, Geometry.from_spacing((2, 2, 2), (1.0, 1.0, 1.0)))
    return replace(trial, volume_mm3=0.0 if cells is None else cells.volume_mm3)


def scans(trial: Trial, count: int, rng: np.random.Generator) -> Iterator[Scan]:
    """Scans of the trial, each at a random place within a voxel and with noise of its own."""
    protocol = trial.protocol
    spacing = np.array([protocol.increment_mm, protocol.pixel_mm, protocol.pixel_mm])
    low, high = trial.shape.bounds_mm()
    half_mm = np.maximum(np.abs(low), np.abs(high))[::-1] + _MARGIN_MM
    half_mm[0] += protocol.thickness_mm
    half = np.ceil(half_mm / spacing).astype(int)
    shape = tuple(int(n) for n in 2 * half + 1)
    overlap = max(1, round(protocol.thickness_mm / protocol.increment_mm))
    noise = NoiseSource(
        (shape[1], shape[2]),
        (protocol.pixel_mm, protocol.pixel_mm),
        rng,
        Texture(blur_mm=protocol.noise_blur_mm),
        overlap,
    )
    taken = Acquisition(modality="CT", kvp=protocol.kvp, thickness_mm=protocol.thickness_mm, gated=True)
    grid = Geometry.from_spacing(shape, spacing, (-half * spacing)[::-1])
    cells = counted(trial.shape, grid)
    for _ in range(count):
        shift = rng.uniform(-0.5, 0.5, 3)
        hu = _background(trial, grid, (shift * spacing)[::-1])
        inside = np.zeros(shape, dtype=bool)
        image = None if cells is None else seen(cells.moved(shift), grid, protocol.optics)
        if image is not None:
            _add(hu, image, protocol.hu_per_mg_cm3 * trial.density_mg_cm3)
            inside[image.box] = image.share > 1e-3
        for plane in hu:
            plane += noise.next() * protocol.noise_hu
        pixels = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
        yield Scan(Volume("i1", pixels, grid, taken), inside)


def _add(hu: NDArray[np.float64], image: Rendered, object_hu: float) -> None:
    spot = hu[image.box]
    spot += image.share * (object_hu - float((image.share * spot).sum() / image.share.sum()))


def _background(trial: Trial, grid: Geometry, shift_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The block without its lesion (slice, row, column) [HU], moved with it."""
    hu = palette(trial.protocol.kvp)
    blood, fat = hu["blood"], hu["epicardial_fat"]
    if trial.surrounds == "tissue":
        return np.full(grid.shape, blood)
    way = np.array(trial.way) / np.linalg.norm(trial.way)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    points = grid.to_lps_mm(index) - shift_mm
    along = points @ way
    if trial.surrounds == "artery":
        # The artery passes through the lesion, wide enough for it to lie in or on the wall.
        radial = points - along[..., None] * way
        radius = np.linalg.norm(radial, axis=-1)
        beyond = radius - max(1.75, 0.45 * trial.diameter_mm)
        steep = radial[..., 2] / np.maximum(radius, 1e-9)
    else:
        beyond, steep = along - 0.3 * trial.diameter_mm, np.full(grid.shape, way[2])
    # The edge is as soft as the blur across it: in plane by the kernel, along z by the slice (a box: T / sqrt 12).
    optics = trial.protocol.optics
    sigma = np.hypot(
        optics.psf_sigma_mm * np.sqrt(np.clip(1 - steep**2, 0, 1)), optics.thickness_mm / math.sqrt(12) * steep
    )
    return np.asarray(blood + (fat - blood) * ndtr(beyond / sigma))
