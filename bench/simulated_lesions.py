"""Single lesions of known volume, mass and expected score, for the intervals: simulated by the phantom, measured by us.

One protocol (tube voltage, slices, pixels, blur, noise) is drawn and shared by a few lesions. A lesion is a grain
(ball, ellipsoid, rod, curved plate) or a plaque (a thin piece of a tube's wall), in soft tissue, in fat, on a tube of
blood in fat, or on one beside the lung. It is drawn by the phantom's renderer with the phantom's noise, found as the
largest 26-connected body at or above the threshold that touches it, and measured by the kernels of
``calcimetry.measure``.

Truth: volume is the physical one [mm³]; mass the hydroxyapatite [mg]; the Agatston score is the expected score of the
same object under the same protocol, the mean over realisations of noise and of sub-voxel position, misses counted as 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from calcimetry.phantom.render import Cells, Optics, counted, seen
from calcimetry.phantom.shapes import Plaque, Shape

KVPS = (70.0, 80.0, 100.0, 120.0, 135.0)
THICKNESSES_MM = (0.6, 5.0)
NOISES_HU = (8.0, 25.0)
GRAINS_MM = (1.0, 12.0)
"""Diameter of the ball of a grain's volume."""
PLAQUE_LENGTHS_MM, PLAQUE_THICKNESSES_MM, PLAQUE_ARCS = (3.0, 30.0), (1.0, 3.0), (30.0, 200.0)
WIDEST_MM = 30.0
"""A plaque is no wider than this across its tube."""
TUBE_RADII_MM = (1.3, 15.0)
PLAQUES = 0.45
"""Share of lesions that are plaques."""
DENSITIES_MG_CM3 = (150.0, 1000.0)
BLOOD_HU, SOFT_HU, FAT_HU, LUNG_HU = (35.0, 50.0), (30.0, 55.0), (-100.0, -70.0), -850.0
BACKGROUNDS = {"soft": 0.35, "fat": 0.2, "tube": 0.35, "lung": 0.1}
"""How often a grain lies in each; a plaque always lies on a tube, in soft tissue, in fat or beside the lung."""
LESIONS_PER_PROTOCOL = 4
POSITIONS, NOISES_PER_POSITION = 5, 4
"""Realisations behind an expected score: 20, the one that is measured among them."""
LARGE_MM, LARGE_POSITIONS, LARGE_NOISES = 8.0, 3, 2
"""An object longer than this is realised less often: its score hardly varies."""
_MARGIN_MM = 5.0
_BANK = (48, 144, 144)
"""Planes, rows and columns of noise per protocol; each lesion gets a window of it."""
_TOUCHES = 0.05
"""A body belongs to the object where it holds a voxel with this share of the object's brightest one."""
_TRIM_POINTS = 24
_EDGE_MM = 0.4
"""Over which the edge of a tube or of the lung is soft before it is blurred: no stairs on the pixels."""
_SUBSLICE_MM = 1.0
_CENTER_MM = np.zeros(3)

Points = NDArray[np.float64]


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
    """Diameter of a ball of the same volume."""
    length_mm: float
    """Longest side of its box."""
    density_mg_cm3: float
    background: str
    plaque: bool
    features: LesionFeatures
    measured: dict[str, float]
    truth: dict[str, float]


@dataclass(frozen=True)
class Surrounds:
    """What lies around an object: outside; blood within a straight tube; lung beyond a plane. Lengths in mm."""

    outside_hu: float
    blood_hu: float = 40.0
    axis: Points | None = None
    through: Points | None = None
    radius_mm: float = 0.0
    lung_normal: Points | None = None
    lung_from_mm: float = 0.0

    @property
    def uniform(self) -> bool:
        """Whether nothing but one tissue is near."""
        return self.axis is None and self.lung_normal is None

    def hu(self, points: Points) -> Points:
        """HU (n,) at points (n, 3), before any blur."""
        found = np.full(len(points), self.outside_hu)
        if self.lung_normal is not None:
            away = points @ self.lung_normal - self.lung_from_mm
            found += (LUNG_HU - found) * np.clip(0.5 + away / _EDGE_MM, 0, 1)
        if self.axis is not None:
            offset = points - self.through
            offset = offset - (offset @ self.axis)[:, None] * self.axis
            away = np.sqrt((offset**2).sum(axis=1)) - self.radius_mm
            found += (self.blood_hu - found) * np.clip(0.5 - away / _EDGE_MM, 0, 1)
        return found


class _Trimmed:
    """A shape with a tight box: a plaque's own box is that of its whole tube, and mostly empty."""

    kind = "trimmed"

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        low, high = shape.bounds_mm()
        step = (high - low) / _TRIM_POINTS
        axes = [a + (np.arange(_TRIM_POINTS) + 0.5) * d for a, d in zip(low, step, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        own = points[shape.inside(points)]
        self._bounds = (own.min(axis=0) - step, own.max(axis=0) + step) if len(own) else (low, high)
        self.exact_volume_mm3, self.finest_mm = shape.exact_volume_mm3, shape.finest_mm

    def bounds_mm(self) -> tuple[Points, Points]:
        return self._bounds

    def inside(self, points: Points) -> NDArray[np.bool_]:
        return self._shape.inside(points)


def _unit(rng: np.random.Generator) -> Points:
    way = rng.normal(size=3)
    return way / np.linalg.norm(way)


def _draw_plaque(rng: np.random.Generator) -> tuple[Shape, Points, float]:
    """A plaque, the direction of its tube (through the origin) and the radius of the wall."""
    radius = float(np.exp(rng.uniform(*np.log(TUBE_RADII_MM))))
    thick = float(rng.uniform(*PLAQUE_THICKNESSES_MM))
    length = float(np.exp(rng.uniform(*np.log(PLAQUE_LENGTHS_MM))))
    arc = min(float(rng.uniform(*PLAQUE_ARCS)), np.degrees(WIDEST_MM / radius))
    axis = _unit(rng)
    line = np.linspace(-length / 2 - 3, length / 2 + 3, int((length + 6) / 0.25) + 2)[:, None] * axis
    # Mostly in the middle of the wall, at times more to one side of it; a thin artery may be closed.
    inner = max(0.0, radius - thick * float(rng.choice([0.5, 0.5, rng.random()])))
    return Plaque(line, inner, inner + thick, 3.0, length, float(rng.uniform(-180, 180)), arc), axis, radius


def _draw_object(rng: np.random.Generator) -> tuple[Shape, Surrounds, str, bool]:
    """A shape, what lies around it, the name of that, and whether it is a plaque."""
    background = str(rng.choice(list(BACKGROUNDS), p=list(BACKGROUNDS.values())))
    plaque = bool(rng.random() < PLAQUES)
    fat, soft = float(rng.uniform(*FAT_HU)), float(rng.uniform(*SOFT_HU))
    axis, through, radius = None, None, 0.0
    if plaque:
        shape, axis, radius = _draw_plaque(rng)
        through = _CENTER_MM
        # A plaque on a tube is never in fat all round.
        background = "tube" if background == "fat" else background
    else:
        shape = random_shape(rng, _CENTER_MM, float(np.exp(rng.uniform(*np.log(GRAINS_MM)))))
        if background in ("tube", "lung"):
            axis, radius = _unit(rng), float(np.exp(rng.uniform(*np.log(TUBE_RADII_MM))))
            across = np.cross(axis, _unit(rng))
            through = across / np.linalg.norm(across) * radius * float(rng.uniform(0.3, 1.1))
    shape = _Trimmed(shape)
    normal, distance = None, 0.0
    if background == "lung":
        low, high = shape.bounds_mm()
        middle = (low + high) / 2
        normal = _unit(rng) if through is None else middle - through + 0.5 * _unit(rng)
        normal = normal / np.linalg.norm(normal)
        corners = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij")).reshape(3, -1).T
        points = corners if not plaque else rng.uniform(low, high, (4000, 3))
        points = points if not plaque else points[shape.inside(points)]
        distance = float((points @ normal).max() + rng.uniform(0.5, 5.0)) if len(points) else 1e3
    around = Surrounds(
        outside_hu=soft if background == "soft" else fat,
        blood_hu=float(rng.uniform(*BLOOD_HU)),
        axis=axis,
        through=through,
        radius_mm=radius,
        lung_normal=normal,
        lung_from_mm=distance,
    )
    return shape, around, background, plaque


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


def _grid(low: Points, high: Points, protocol: Protocol) -> Geometry:
    """A crop around a box (x, y, z)."""
    spacing = np.array(protocol.spacing_mm)
    margin = np.array([protocol.thickness_mm + spacing[0], _MARGIN_MM, _MARGIN_MM])
    counts = np.ceil(((high - low)[::-1] + 2 * margin) / spacing).astype(int)
    origin = ((low + high) / 2)[::-1] - (counts - 1) / 2 * spacing
    return Geometry.from_spacing(counts.tolist(), protocol.spacing_mm, origin[::-1].tolist())


def _clean(around: Surrounds, grid: Geometry, shift_mm: Points, optics: Optics) -> NDArray[np.float32]:
    """The image without the object and without noise; ``shift_mm`` (z, y, x) is how far the world has moved."""
    if around.uniform:
        return np.full(grid.shape, around.outside_hu, np.float32)
    dz, dy, dx = grid.spacing_mm
    z, y, x = (np.arange(n) * d for n, d in zip(grid.shape, (dz, dy, dx), strict=True))
    parts = max(1, int(np.ceil(optics.thickness_mm / _SUBSLICE_MM)))
    total = np.zeros(grid.shape)
    for part in range(parts):
        offset = ((part + 0.5) / parts - 0.5) * optics.thickness_mm
        zyx = np.meshgrid(z + offset - shift_mm[0], y - shift_mm[1], x - shift_mm[2], indexing="ij")
        points = np.stack(zyx[::-1], axis=-1).reshape(-1, 3) + grid.affine[:3, 3]
        total += around.hu(points).reshape(grid.shape) / parts
    sigma = (0.0, optics.psf_sigma_mm / dy, optics.psf_sigma_mm / dx)
    return ndimage.gaussian_filter(total, sigma, mode="nearest", truncate=3.0).astype(np.float32)


def _excess(cells: Cells, around: Surrounds, object_hu: float, grid: Geometry) -> Cells:
    """The same cells, holding what the object adds to the HU that it displaces."""
    if around.uniform:
        return replace(cells, content=cells.content * (object_hu - around.outside_hu))
    filled = np.argwhere(cells.content > 0)
    step = (cells.last - cells.first) / cells.content.shape
    content = cells.content.copy()
    at = tuple(filled.T)
    content[at] *= object_hu - around.hu(grid.to_lps_mm(cells.first + (filled + 0.5) * step))
    return replace(cells, content=content)


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
    density = float(np.exp(rng.uniform(*np.log(DENSITIES_MG_CM3))))
    shape, around, background, plaque = _draw_object(rng)
    applied, per_mg = limits(protocol.kvp), hu_per_mg_cm3(protocol.kvp)
    optics = Optics(
        psf_sigma_mm=protocol.psf_sigma_mm,
        thickness_mm=protocol.thickness_mm,
        edge_sigma_mm=0.1 * protocol.thickness_mm,
    )
    low, high = shape.bounds_mm()
    grid = _grid(low, high, protocol)
    cells = counted(shape, grid)
    if cells is None:
        return None
    added = _excess(cells, around, per_mg * density, grid)
    noises, length_mm = NOISES_PER_POSITION, float((high - low).max())
    if length_mm > LARGE_MM:
        positions, noises = min(positions, LARGE_POSITIONS), LARGE_NOISES
    features, expected = None, []
    for position in range(positions):
        shift = rng.uniform(-0.5, 0.5, 3)
        image = seen(added.moved(shift), grid, optics)
        if image is None:
            return None
        clean = _clean(around, grid, shift * np.array(protocol.spacing_mm), optics)
        clean[image.box] += image.share.astype(np.float32)
        near = np.zeros(grid.shape, np.bool_)
        near[image.box] = image.share >= _TOUCHES * image.share.max()
        for repeat in range(noises):
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
        size_mm=float((6 / np.pi * cells.volume_mm3) ** (1 / 3)),
        length_mm=length_mm,
        density_mg_cm3=density,
        background=background,
        plaque=plaque,
        features=features,
        measured={"volume": features.volume_mm3, "mass": features.mass_mg, "agatston": features.agatston},
        truth={
            "volume": cells.volume_mm3,
            "mass": cells.volume_mm3 * density / 1000.0,
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
