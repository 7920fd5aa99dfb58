"""Persons drawn at random and scanned: an image, every calcification and decoy in it, and where the vessels run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Anatomy, Landmark, Plane
from calcimetry.core.anatomy import Tube as Course
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.phantom.artefacts import metal_rays
from calcimetry.phantom.burden import draw_burden
from calcimetry.phantom.canvas import F32
from calcimetry.phantom.corridors import around_objects
from calcimetry.phantom.decoys import draw_decoys
from calcimetry.phantom.figure import draw_figure
from calcimetry.phantom.lesions import triple
from calcimetry.phantom.materials import hu_per_mg_cm3
from calcimetry.phantom.noise import Grain, NoiseSource, Texture, noise_level
from calcimetry.phantom.objects import Placed, truth_of
from calcimetry.phantom.organs import Organs, build_organs
from calcimetry.phantom.protocols import Protocol, draw_protocol
from calcimetry.phantom.render import Optics, Rendered, counted, seen
from calcimetry.phantom.simulate import Simulation
from calcimetry.phantom.torso import Agent, Torso
from calcimetry.phantom.uids import uid

__all__ = ["person"]

# Anatomy is painted on pixels of this size and brought to the image's own with the scanner's blur.
_PAINT_MM = {"gated": 0.8, "chest": 1.0}
_SUBSLICE_MM = 2.0
_COARSE_MM = 1.5  # thinner slices are interpolated between planes this far apart
_KEPT = 0.7  # an object with less than this share of its volume inside the image is left out
_HEART_SITES = ("coronary_artery", "aortic_valve", "mitral_annulus", "pericardium", "myocardium")

Float = NDArray[np.float64]


def person(
    seed: int,
    protocol: str | Protocol = "gated",
    *,
    matrix: int = 512,
    thickness_mm: float | None = None,
    often: Mapping[str, float] | None = None,
    noise_hu: float | None = None,
    calcium: bool = True,
    contrast_hu: float | None = None,
) -> Simulation:
    """Draw a person, scan the person, and tell the truth.

    Parameters
    ----------
    seed : int
        The person; same seed and protocol, same voxels. One seed is the same body under every protocol but for what a
        gated scan changes (motion, arms).
    protocol : str or Protocol
        ``gated``, ``chest``, or a scan described in full.
    matrix, thickness_mm
        Rows and columns, and slice thickness in place of the drawn one.
    often : mapping, optional
        Structure or decoy -> factor on how many people have it (0 leaves it out).
    noise_hu : float, optional
        In place of the drawn noise.
    calcium : bool
        False: the same person without any calcium in heart and vessels; the decoys stay.
    contrast_hu : float, optional
        What a contrast agent adds to the blood [HU]; the header says nothing of it.

    Returns
    -------
    Simulation
        ``truth``: calcium with site and structure; decoys with site ``unassigned``, their name as structure, and kind
        ``bone``, ``metal``, ``marker``, ``artefact`` or ``calcification``. ``regions``: one label for each object,
        over the voxels it reaches. ``anatomy``: courses, points and planes as they are, without spread.

    Raises
    ------
    UnknownIdError
        For an unknown protocol.
    """
    name = protocol if isinstance(protocol, str) else protocol.name
    # One stream each: an object more must not change body or noise.
    body_rng, scan_rng, burden_rng, decoy_rng, noise_rng, paint_rng = (
        np.random.default_rng([seed, n]) for n in range(6)
    )
    figure = draw_figure(body_rng, gated=name == "gated")
    organs = build_organs(figure, body_rng)
    scan = protocol if isinstance(protocol, Protocol) else draw_protocol(
        name, figure, scan_rng, matrix=matrix, thickness_mm=thickness_mm
    )  # fmt: skip
    if noise_hu is not None:
        scan = replace(scan, noise_hu=noise_hu)
    if contrast_hu is not None:
        scan = replace(scan, contrast_hu=contrast_hu, contrast_phase=float(scan_rng.uniform(0.3, 1.1)))
    grid = scan.grid()
    optics = Optics(
        psf_sigma_mm=scan.psf_sigma_mm, thickness_mm=scan.thickness_mm, edge_sigma_mm=0.1 * scan.thickness_mm
    )
    x, y = _paint_axes(grid, _PAINT_MM[scan.name])
    agent = Agent(scan.contrast_hu, scan.contrast_phase)
    torso = Torso(figure, organs, x, y, scan.kvp, paint_rng, agent)
    placed = draw_burden(torso, burden_rng, often) if calcium else []
    placed += draw_decoys(torso, decoy_rng, dict(often or {}))
    motion = np.array([0.8, -0.5, 0.5]) * figure.motion_mm / 2
    per_mg = hu_per_mg_cm3(scan.kvp)
    truth, drawn = [], []
    for one in placed:
        moves = motion if one.site in _HEART_SITES or one.structure == "stent" else np.zeros(3)
        image = _seen(one, grid, optics, moves)
        if image is None:
            continue
        drawn.append((one, image))
        truth.append(truth_of(one, image, per_mg * one.density_mg_cm3))
    pixels = _image(torso, scan, grid, drawn, per_mg, motion, noise_rng)
    acquisition = Acquisition(
        modality="CT",
        kvp=scan.kvp,
        thickness_mm=scan.thickness_mm,
        kernel="STANDARD",
        gated=scan.gated,
        contrast_header="",
        study_uid=uid(f"person-{scan.name}", seed, "study"),
        series_uid=uid(f"person-{scan.name}", seed, "series"),
        series_number=1,
        series_description=f"{'Calcium' if scan.gated else 'Chest'} {scan.thickness_mm:g} mm",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        body_part="HEART" if scan.gated else "CHEST",
        manufacturer="calcimetry phantom",
        field_of_view_mm=scan.field_mm,
    )
    geometry = Geometry(grid.shape, grid.affine, uid(f"person-{scan.name}", seed, "frame"))
    volume = Volume("i1", pixels, geometry, acquisition)
    settings: dict[str, Any] = {
        "recipe": f"person-{scan.name}",
        "seed": seed,
        "scan": asdict(scan),
        "figure": asdict(figure),
        "hu_per_mg_cm3": round(per_mg, 6),
    }
    return Simulation(volume, tuple(truth), around_objects(volume, drawn), settings, true_anatomy(organs))


def true_anatomy(organs: Organs) -> Anatomy:
    """What is known of this person, as what is to be found of a patient: spreads are 0, confidences 1."""
    tubes = {
        name: Course(tube.path_mm, tube.radius_mm, np.zeros(len(tube.path_mm))) for name, tube in organs.tubes.items()
    }
    figure = organs.figure
    z = np.arange(110.0, -260.0, -5.0)
    spine = np.array([[figure.spine_x(v), figure.spine_y(v), v] for v in z])
    tubes["spine"] = Course(spine, np.full(len(z), 17.0), np.zeros(len(z)))
    tubes["airway"] = tubes["trachea"]
    points = {name: Landmark(mm, (0.0, 0.0, 0.0)) for name, mm in organs.points.items()}

    def plane(at: Float, normal: Float) -> Plane:
        return Plane(
            (float(at[0]), float(at[1]), float(at[2])), (float(normal[0]), float(normal[1]), float(normal[2])), 0.0
        )

    middle = np.array(organs.points["heart"])
    bottom = organs.sac.bottom_mm
    planes = {
        "aortic_valve": plane(*organs.valve),
        "mitral": plane(*organs.mitral),
        "heart_bottom": plane(np.array([middle[0], middle[1], bottom]), np.array([0.0, 0.0, 1.0])),
    }
    return Anatomy("i1", tubes=tubes, points=points, planes=planes, confidence=1.0)


def _paint_axes(grid: Geometry, step_mm: float) -> tuple[F32, F32]:
    axes = []
    for world, index in ((0, 2), (1, 1)):
        first, pitch = grid.affine[world, 3], grid.spacing_mm[index]
        last = first + (grid.shape[index] - 1) * pitch
        step = max(step_mm, pitch)
        axes.append(np.arange(first - 3 * step, last + 3 * step, step, dtype=np.float64).astype(np.float32))
    return axes[0], axes[1]


def _seen(one: Placed, grid: Geometry, optics: Optics, motion_mm: Float) -> Rendered | None:
    """The object in the image, blurred over two places where it moves; ``None`` if little of it lies inside."""
    cells = counted(one.shape, grid)
    if cells is None:
        return None
    if motion_mm.any():
        step = np.linalg.inv(grid.affine[:3, :3]) @ motion_mm
        images = [seen(cells.moved(s * step), grid, optics) for s in (1.0, -1.0)]
        if any(i is None for i in images):
            return None
        image = _mean([i for i in images if i is not None])
        image = replace(image, center_mm=triple(grid.to_lps_mm(cells.center_index)))
    else:
        found = seen(cells, grid, optics)
        if found is None:
            return None
        image = found
    # Overlapping slices show an object more than once.
    inside = float(image.share.sum()) * grid.voxel_mm3 * min(1.0, grid.spacing_mm[0] / optics.thickness_mm) ** 0
    return image if inside >= _KEPT * image.volume_mm3 else None


def _mean(images: Sequence[Rendered]) -> Rendered:
    start = np.min([i.start for i in images], axis=0)
    stop = np.max([np.array(i.start) + i.share.shape for i in images], axis=0)
    share = np.zeros(tuple(stop - start))
    for image in images:
        at = tuple(
            slice(int(a - s), int(a - s + n)) for a, s, n in zip(image.start, start, image.share.shape, strict=True)
        )
        share[at] += image.share / len(images)
    return Rendered((int(start[0]), int(start[1]), int(start[2])), share, images[0].volume_mm3, images[0].center_mm)


def _blur_to(target: F32, source: F32, sigma_mm: float) -> F32:
    """(target, source): weights that bring painted pixels to the image's own, blurred."""
    step = float(source[1] - source[0])
    # Painted edges are soft over one of their pixels already.
    sigma = max(float(np.sqrt(max(sigma_mm**2 - step**2 / 12.0, 0.0))), 0.5 * step)
    weights = np.exp(-0.5 * ((target[:, None] - source[None, :]) / sigma) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _image(
    torso: Torso,
    scan: Protocol,
    grid: Geometry,
    drawn: Sequence[tuple[Placed, Rendered]],
    per_mg: float,
    motion_mm: Float,
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    by_slice: dict[int, list[tuple[Placed, Rendered, float]]] = {}
    for one, image in drawn:
        for k in range(image.share.shape[0]):
            by_slice.setdefault(image.start[0] + k, []).append((one, image, per_mg * one.density_mg_cm3))
    slices, rows, columns = grid.shape
    x = (grid.affine[0, 3] + np.arange(columns) * scan.pixel_mm).astype(np.float32)
    y = (grid.affine[1, 3] + np.arange(rows) * scan.pixel_mm).astype(np.float32)
    paint_x, paint_y = torso.axes
    down, across = _blur_to(y, paint_y, scan.psf_sigma_mm), _blur_to(x, paint_x, scan.psf_sigma_mm).T.copy()
    overlap = max(1, round(scan.thickness_mm / scan.increment_mm))
    pitch = scan.pixel_mm
    texture = Texture(blur_mm=scan.texture_mm, streaks=scan.streaks)
    noise = Grain(NoiseSource((rows, columns), (pitch, pitch), rng, texture, overlap=overlap), rng, slices)
    ray_rng = np.random.default_rng(rng.integers(1 << 32))
    parts = max(1, int(np.ceil(scan.thickness_mm / _SUBSLICE_MM)))
    parts = max(parts, 2) if motion_mm.any() and scan.thickness_mm > 1.5 else parts
    near: dict[int, F32] = {}
    pixels: NDArray[np.int16] = np.empty(grid.shape, dtype=np.int16)
    for k in range(slices):
        z = float(grid.affine[2, 3]) + k * scan.increment_mm
        painted = _painted(torso, z, scan.thickness_mm, parts, k, motion_mm, near)
        plane: F32 = (down @ painted @ across).astype(np.float32, copy=False)
        level = noise_level(plane, pitch) if scan.noise_hu else None
        for one, image, hu in by_slice.get(k, ()):
            share = image.share[k - image.start[0]].astype(np.float32)
            spot = plane[image.box[1:]]
            total = float(share.sum())
            around = float((share * spot).sum()) / total if total > 1e-9 else 0.0
            spot += share * np.float32(hu - around)
            if one.shape.kind == "metal":
                metal_rays(plane, image, k, pitch, ray_rng)
        if level is not None:
            plane += noise.next() * level * np.float32(scan.noise_hu)
        np.rint(plane, out=plane)
        pixels[k] = np.clip(plane, -1024, 3071)
    return pixels


def _painted(
    torso: Torso, z: float, thickness_mm: float, parts: int, k: int, motion_mm: Float, near: dict[int, F32]
) -> F32:
    """Tissue of one slice before any blur. ``near``: planes painted a moment ago, for slices closer than those."""
    if parts == 1 and thickness_mm < _COARSE_MM:
        first = int(np.floor(z / _COARSE_MM))
        for old in [n for n in near if n < first]:
            del near[old]
        for n in (first, first + 1):
            if n not in near:
                near[n] = torso.plane(n * _COARSE_MM, triple(motion_mm * (1.0 if n % 2 else -1.0))).copy()
        share = np.float32(z / _COARSE_MM - first)
        return np.asarray(near[first] + share * (near[first + 1] - near[first]), dtype=np.float32)
    total: F32 | None = None
    for n in range(parts):
        offset = ((n + 0.5) / parts - 0.5) * thickness_mm
        phase = 1.0 if (n + (k if parts == 1 else 0)) % 2 else -1.0
        part = torso.plane(z + offset, triple(phase * motion_mm))
        total = part.copy() if total is None else total + part
    assert total is not None
    return np.asarray(total / np.float32(parts), dtype=np.float32)
