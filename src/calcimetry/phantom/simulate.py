"""From a recipe to an image and its truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from calcimetry.core.anatomy import Anatomy as Landmarks
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.regions import Regions
from calcimetry.phantom import objects as making
from calcimetry.phantom.bodies import Anatomy, anatomy
from calcimetry.phantom.canvas import F32
from calcimetry.phantom.corridors import around_objects, corridors
from calcimetry.phantom.materials import hu_per_mg_cm3
from calcimetry.phantom.noise import NoiseSource, noise_level
from calcimetry.phantom.recipe import KERNELS, Recipe, Scan, load
from calcimetry.phantom.render import Optics, Rendered, render
from calcimetry.phantom.truth import TruthObject
from calcimetry.phantom.uids import uid

__all__ = ["Simulation", "grid_of", "optics_of", "simulate"]

# Anatomy is sampled at most this far apart along z inside a slice.
_SUBSLICE_MM = 1.6


@dataclass(frozen=True, eq=False)
class Simulation:
    """An image, what is true of it, where its structures lie, and how it was made."""

    volume: Volume
    truth: tuple[TruthObject, ...]
    regions: Regions
    settings: dict[str, Any] = field(default_factory=dict)
    anatomy: Landmarks | None = None
    """Where vessels and valves of a drawn person lie."""

    def __repr__(self) -> str:
        mass = sum(one.mass_mg for one in self.truth)
        what = f"{self.volume.pixels.shape}, {len(self.truth)} objects, {mass:.1f} mg"
        return f"Simulation({self.settings.get('recipe')}: {what})"


def grid_of(scan: Scan) -> Geometry:
    """The grid of a scan: axial, upright, slices rising."""
    x0 = scan.center_mm[0] - (scan.columns - 1) / 2 * scan.pixel_mm
    y0 = scan.center_mm[1] - (scan.rows - 1) / 2 * scan.pixel_mm
    return Geometry.from_spacing(
        (scan.slices, scan.rows, scan.columns),
        (scan.increment_mm, scan.pixel_mm, scan.pixel_mm),
        (x0, y0, scan.first_z_mm),
    )


def optics_of(scan: Scan) -> Optics:
    """Blur of a scan."""
    return Optics(
        psf_sigma_mm=KERNELS[scan.kernel], thickness_mm=scan.thickness_mm, edge_sigma_mm=0.1 * scan.thickness_mm
    )


def simulate(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    *,
    seed: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> Simulation:
    """Simulate a CT with objects of known hydroxyapatite mass.

    Parameters
    ----------
    recipe : str, Path, mapping or Recipe
        Id (see :func:`recipes`), TOML file, or plain values.
    seed : int
        Same recipe and seed, same voxels.
    progress : callable, optional
        Called with step, done, total.

    Returns
    -------
    Simulation
        Pixels int16 (slice, row, column) in HU.
    """
    plan = load(recipe)
    scan = plan.scan
    grid, optics = grid_of(scan), optics_of(scan)
    # One stream each: an object more must not change the noise.
    body_rng, object_rng, noise_rng = (np.random.default_rng([seed, n]) for n in range(3))
    x = (grid.affine[0, 3] + np.arange(scan.columns) * scan.pixel_mm).astype(np.float32)
    y = (grid.affine[1, 3] + np.arange(scan.rows) * scan.pixel_mm).astype(np.float32)
    body = anatomy(plan.body, x, y, scan.kvp, body_rng)
    placed = making.placed(plan, body, grid, object_rng)
    rendered = [(one, render(one.shape, grid, optics)) for one in placed]
    by_slice: dict[int, list[tuple[int, Rendered, float]]] = {}
    per_mg = hu_per_mg_cm3(scan.kvp)
    truth = []
    for n, (one, image) in enumerate(rendered):
        if image is None:
            continue
        hu = per_mg * one.density_mg_cm3
        truth.append(making.truth_of(one, image, hu))
        for k in range(image.share.shape[0]):
            by_slice.setdefault(image.start[0] + k, []).append((n, image, hu))

    pixels: NDArray[np.int16] = np.empty(grid.shape, dtype=np.int16)
    overlap = max(1, round(scan.thickness_mm / scan.increment_mm))
    noise = NoiseSource((scan.rows, scan.columns), (scan.pixel_mm, scan.pixel_mm), noise_rng, overlap=overlap)
    for k in range(scan.slices):
        plane = _slice(body, scan, optics, scan.first_z_mm + k * scan.increment_mm)
        level = noise_level(plane, scan.pixel_mm) if scan.noise_hu else None
        for _, image, hu in by_slice.get(k, ()):
            share = image.share[k - image.start[0]].astype(np.float32)
            spot = plane[image.box[1:]]
            # What is replaced is the tissue around, as one value: the object's excess stays exact.
            total = float(share.sum())
            around = float((share * spot).sum()) / total if total > 1e-9 else 0.0
            spot += share * np.float32(hu - around)
        if level is not None:
            plane += noise.next() * level * np.float32(scan.noise_hu)
        np.rint(plane, out=plane)
        pixels[k] = np.clip(plane, -1024, 3071)
        if progress is not None:
            progress("simulating", k + 1, scan.slices)
    series = uid(plan.id, seed, "series")
    acquisition = Acquisition(
        modality="CT",
        kvp=float(scan.kvp),
        thickness_mm=scan.thickness_mm,
        kernel=scan.kernel.upper(),
        gated=scan.gated,
        contrast_header="",
        study_uid=uid(plan.id, seed, "study"),
        series_uid=series,
        series_number=1,
        series_description=f"{scan.protocol} {scan.thickness_mm:g} mm",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        body_part="CHEST",
        manufacturer=scan.manufacturer,
        field_of_view_mm=scan.columns * scan.pixel_mm,
    )
    geometry = Geometry(grid.shape, grid.affine, uid(plan.id, seed, "frame"))
    volume = Volume("i1", pixels, geometry, acquisition)
    settings = {**plan.settings(), "seed": seed, "hu_per_mg_cm3": round(per_mg, 6), "psf_sigma_mm": optics.psf_sigma_mm}
    if body.heart is None:
        regions = around_objects(volume, [(one, image) for one, image in rendered if image is not None])
    else:
        regions = corridors(body, volume)
    return Simulation(volume, tuple(truth), regions, settings)


def _slice(body: Anatomy, scan: Scan, optics: Optics, z_mm: float) -> F32:
    """One slice of anatomy (row, column): mean over the slice's thickness, blurred in plane."""
    parts = max(1, math.ceil(scan.thickness_mm / _SUBSLICE_MM))
    offsets: Sequence[float] = [((n + 0.5) / parts - 0.5) * scan.thickness_mm for n in range(parts)]
    plane = body.plane(z_mm + offsets[0]).copy()
    for offset in offsets[1:]:
        plane += body.plane(z_mm + offset)
    if parts > 1:
        plane /= np.float32(parts)
    gaussian_filter(plane, optics.psf_sigma_mm / scan.pixel_mm, output=plane, mode="nearest", truncate=3.0)
    return plane
