"""Single lesions of known volume, mass and expected score, for the intervals: simulated by the phantom, measured by us.

One protocol (tube voltage, slices, pixels, blur, noise) is drawn and shared by a few lesions; each lesion is drawn by
the phantom's renderer into uniform soft tissue of 40 HU with the phantom's noise, found as the largest 26-connected
body at or above the threshold that touches it, and measured by the kernels of ``calcimetry.measure``.

Truth: volume is the physical one [mm³]; mass the hydroxyapatite [mg]; the Agatston score is the expected score of the
same object under the same protocol, the mean over realisations of noise and of sub-voxel position, misses counted as 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.knowledge.tube_voltage import VoltageLimits, limits
from calcimetry.measure import LesionFeatures, agatston, nominal, rule, stated
from calcimetry.measure.lesions import Context, features_of, pieces_of_lesion
from calcimetry.phantom.materials import hu_per_mg_cm3
from calcimetry.phantom.noise import NoiseSource, Texture
from calcimetry.phantom.objects import random_shape
from calcimetry.phantom.render import Optics, render
from calcimetry.phantom.shapes import Shape

KVPS = (70.0, 80.0, 100.0, 120.0, 135.0)
THICKNESSES_MM = (0.6, 5.0)
NOISES_HU = (8.0, 25.0)
SIZES_MM = (1.0, 8.0)
DENSITIES_MG_CM3 = (150.0, 1000.0)
TISSUE_HU = 40.0
LESIONS_PER_PROTOCOL = 4
POSITIONS, NOISES_PER_POSITION = 5, 4
"""Realisations behind an expected score: 20, the one that is measured among them."""
_MARGIN_MM = 5.0
_BANK = (48, 144, 144)
"""Planes, rows and columns of noise per protocol; each lesion gets a window of it."""
_TOUCHES = 0.05
"""A body belongs to the object where it holds a voxel with this share of the object's brightest one."""
_LATTICE_ACROSS, _LATTICE_POINTS, _CELLS = 12, 60_000, 40_000
_CENTER_MM = np.zeros(3)


@dataclass(frozen=True)
class Protocol:
    """One scan."""

    kvp: float
    thickness_mm: float
    spacing_mm: tuple[float, float, float]
    psf_sigma_mm: float
    noise_hu: float


@dataclass(frozen=True)
class Simulated:
    """A lesion that was found: what was measured, and what is true."""

    protocol: Protocol
    group: int
    size_mm: float
    density_mg_cm3: float
    features: LesionFeatures
    measured: dict[str, float]
    truth: dict[str, float]


class _Tabulated:
    """A shape looked up in a fine lattice: the same object is drawn at many positions, and must be quick to ask."""

    kind = "tabulated"

    def __init__(self, shape: Shape) -> None:
        self._low, high = shape.bounds_mm()
        self._high = high
        extent = high - self._low
        step = max(shape.finest_mm / _LATTICE_ACROSS, (float(np.prod(extent)) / _LATTICE_POINTS) ** (1 / 3))
        self._counts = np.maximum(np.ceil(extent / step), 4).astype(int)
        self._step = extent / self._counts
        axes = [a + (np.arange(n) + 0.5) * s for a, n, s in zip(self._low, self._counts, self._step, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        self._filled = shape.inside(points)
        counted = float(self._filled.sum() * np.prod(self._step))
        self.exact_volume_mm3: float | None = shape.exact_volume_mm3 or counted
        # The renderer counts in a fourteenth of this; half as fine as it draws a phantom, and volume is kept exact.
        self.finest_mm = max(2.0 * shape.finest_mm, 14 * (float(np.prod(extent)) / _CELLS) ** (1 / 3))

    def bounds_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._low, self._high

    def inside(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        index = np.clip(((points - self._low) / self._step).astype(int), 0, self._counts - 1)
        return self._filled[np.ravel_multi_index(tuple(index.T), tuple(self._counts))]


def draw_protocol(rng: np.random.Generator) -> Protocol:
    thickness = float(np.exp(rng.uniform(*np.log(THICKNESSES_MM))))
    increment = thickness if rng.random() < 0.7 else thickness * float(rng.uniform(0.5, 0.9))
    pixel = float(rng.uniform(0.35, 0.7))
    return Protocol(
        kvp=float(rng.choice(KVPS)),
        thickness_mm=thickness,
        spacing_mm=(increment, pixel, pixel),
        psf_sigma_mm=float(rng.uniform(0.5, 0.75)),
        noise_hu=float(rng.uniform(*NOISES_HU)),
    )


def _noise_bank(protocol: Protocol, rng: np.random.Generator) -> NDArray[np.float32]:
    dz, dy, dx = protocol.spacing_mm
    source = NoiseSource(
        _BANK[1:],
        (dy, dx),
        rng,
        Texture(blur_mm=float(rng.uniform(0.5, 0.6))),
        overlap=round(protocol.thickness_mm / dz),
    )
    return np.stack([source.next() for _ in range(_BANK[0])]) * protocol.noise_hu


def _window(bank: NDArray[np.float32], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """A random part of the bank; it repeats where the crop is larger (the noise is periodic in plane)."""
    index = [(int(rng.integers(n)) + np.arange(m)) % n for n, m in zip(bank.shape, shape, strict=True)]
    return bank[np.ix_(*index)]


def _grid(shape: Shape, protocol: Protocol, rng: np.random.Generator) -> Geometry:
    """A crop around the object whose voxels lie anywhere against it."""
    low, high = shape.bounds_mm()
    spacing = np.array(protocol.spacing_mm)
    margin = np.array([protocol.thickness_mm + spacing[0], _MARGIN_MM, _MARGIN_MM])
    counts = np.ceil(((high - low)[::-1] + 2 * margin) / spacing).astype(int)
    middle = ((low + high) / 2)[::-1]
    origin = middle - (counts - 1) / 2 * spacing + rng.uniform(-0.5, 0.5, 3) * spacing
    return Geometry.from_spacing(counts.tolist(), protocol.spacing_mm, origin[::-1].tolist())


def _found(pixels: NDArray[np.int16], near: NDArray[np.bool_], threshold_hu: float) -> Mask | None:
    labels, count = ndimage.label(pixels >= threshold_hu, np.ones((3, 3, 3)))
    touching = np.unique(labels[near])
    touching = touching[touching > 0]
    if not count or not len(touching):
        return None
    best = touching[np.argmax(np.bincount(labels.reshape(-1))[touching])]
    box = ndimage.find_objects(labels)[best - 1]
    return Mask(tuple(s.start for s in box), labels[box] == best)


def _measured(volume: Volume, mask: Mask, applied: VoltageLimits, factor: float) -> LesionFeatures | None:
    context = Context(volume=volume, rule=rule(), limits=applied, calibration=stated(factor))
    inside = np.where(mask.bits, volume.pixels[mask.box], -32768)
    at = np.unravel_index(int(np.argmax(inside)), inside.shape)
    k, j, i = (int(a) + s for a, s in zip(at, mask.start, strict=True))
    center = volume.geometry.to_lps_mm(np.array([[k, j, i]]))[0]
    lesion = Lesion(
        id="L1",
        label=1,
        image=volume.id,
        kind="calcification",
        confidence=1.0,
        site="unassigned",
        center_index=(float(k), float(j), float(i)),
        bounds_index=(mask.start, mask.stop),
        center_mm=tuple(float(v) for v in center),
        peak_index=(k, j, i),
        mask=mask,
    )
    pieces = pieces_of_lesion(mask, context)
    return features_of(lesion, mask, pieces, context) if pieces.kept.any() else None


def _one(
    protocol: Protocol, group: int, bank: NDArray[np.float32], rng: np.random.Generator, positions: int
) -> Simulated | None:
    size = float(np.exp(rng.uniform(*np.log(SIZES_MM))))
    density = float(np.exp(rng.uniform(*np.log(DENSITIES_MG_CM3))))
    shape = _Tabulated(random_shape(rng, _CENTER_MM, size))
    applied, per_mg = limits(protocol.kvp), hu_per_mg_cm3(protocol.kvp)
    optics = Optics(
        psf_sigma_mm=protocol.psf_sigma_mm,
        thickness_mm=protocol.thickness_mm,
        edge_sigma_mm=0.1 * protocol.thickness_mm,
    )
    features, volume_mm3, expected = None, 0.0, []
    for position in range(positions):
        grid = _grid(shape, protocol, rng)
        image = render(shape, grid, optics)
        if image is None:
            return None
        clean = np.full(grid.shape, TISSUE_HU, np.float32)
        clean[image.box] += (image.share * (per_mg * density - TISSUE_HU)).astype(np.float32)
        near = np.zeros(grid.shape, np.bool_)
        near[image.box] = image.share >= _TOUCHES * image.share.max()
        volume_mm3 = image.volume_mm3
        for repeat in range(NOISES_PER_POSITION):
            pixels = np.rint(clean + _window(bank, grid.shape, rng)).astype(np.int16)
            mask = _found(pixels, near, applied.threshold_hu)
            if position == repeat == 0:
                acquisition = Acquisition(modality="CT", kvp=protocol.kvp, thickness_mm=protocol.thickness_mm)
                volume = Volume(id="i1", pixels=pixels, geometry=grid, acquisition=acquisition)
                features = None if mask is None else _measured(volume, mask, applied, 1.0 / per_mg)
                if features is None or features.agatston is None or features.mass_mg is None:
                    return None
            score = 0.0
            if mask is not None:
                score = agatston(pixels[mask.box], protocol.spacing_mm, inside=mask.bits, limits=applied)
            expected.append(score)
    assert features is not None
    return Simulated(
        protocol=protocol,
        group=group,
        size_mm=size,
        density_mg_cm3=density,
        features=features,
        measured={"volume": features.volume_mm3, "mass": features.mass_mg, "agatston": features.agatston},
        truth={
            "volume": volume_mm3,
            "mass": volume_mm3 * density / 1000.0,
            "agatston": float(np.mean(expected)),
        },
    )


def simulate(seed: int, protocols: int, positions: int = POSITIONS) -> tuple[list[Simulated], int]:
    """Lesions that were found, and how many were drawn."""
    found = []
    for group in range(protocols):
        rng = np.random.default_rng((seed, group))
        protocol = draw_protocol(rng)
        bank = _noise_bank(protocol, rng)
        drawn = [_one(protocol, group, bank, rng, positions) for _ in range(LESIONS_PER_PROTOCOL)]
        found += [one for one in drawn if one is not None]
    return found, protocols * LESIONS_PER_PROTOCOL


def nominal_factor(kvp: float) -> float:
    """mg/cm³ per HU where nobody calibrated."""
    calibration = nominal(limits(kvp))
    assert calibration is not None
    return calibration.mg_cm3_per_hu
