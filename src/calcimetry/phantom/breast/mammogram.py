"""A whole simulated mammogram: breast, calcium of known kinds, what is no calcium, and the machine that took it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Acquisition, Projection
from calcimetry.knowledge.breast_words import suspicious
from calcimetry.phantom.breast.arteries import artery, courses
from calcimetry.phantom.breast.decoys import Decoy, film_faults, metal
from calcimetry.phantom.breast.groups import group, single
from calcimetry.phantom.breast.outline import Field, Outline, outline
from calcimetry.phantom.breast.particles import Placed2D, thickness
from calcimetry.phantom.breast.protocols import MammogramProtocol, protocol
from calcimetry.phantom.breast.tissue import Tissue, power_law, tissue

__all__ = ["Contents", "SimulatedGroup", "SimulatedMammogram", "SimulatedParticle", "local_noise", "mammogram", "put"]

BENIGN = {
    "br_rim": 0.28,
    "br_coarse_popcorn": 0.16,
    "br_large_rodlike": 0.16,
    "br_dystrophic": 0.12,
    "br_skin": 0.14,
    "br_milk_of_calcium": 0.08,
    "br_suture": 0.06,
}
"""Benign kinds that stand alone, and how often each is drawn: ours, to have enough of each."""
_UNIT_MM = 0.4
"""A contrast is that of a ball of this diameter."""
_EDGE = 0.4
"""The outline of a particle is where its blurred signal falls to this share of its peak, or of a 0.4 mm ball's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is put into a mammogram: expected numbers, drawn anew for each image."""

    groups: float = 1.0
    singles: float = 2.0
    specks: float = 3.0
    arteries: float = 0.3
    cnr: tuple[float, float] = (3.0, 12.0)
    """Contrast: peak of a 0.4 mm ball behind blur and pixel over the local noise."""
    decoys: bool = True
    pattern: str | None = None
    """One morphology for all groups, where given; likewise ``distribution``. Then ``groups`` is their exact number."""
    distribution: str | None = None
    view: str | None = None
    density: float | None = None


@dataclass(frozen=True, slots=True)
class SimulatedParticle:
    """One calcification as it stands on the image. ``label`` is its value in the label image."""

    id: str
    label: int
    pattern: str
    group: str | None
    center: tuple[float, float]
    diameter_mm: float
    area_mm2: float
    cnr: float
    """Peak of its own signal over the local noise."""


@dataclass(frozen=True, slots=True)
class SimulatedGroup:
    """Particles that belong together; ``bounds`` half open (row, column)."""

    id: str
    distribution: str
    pattern: str
    particles: tuple[str, ...]
    center: tuple[float, float]
    bounds: tuple[tuple[int, int], tuple[int, int]]
    radius_px: float


@dataclass(frozen=True, eq=False)
class SimulatedMammogram:
    """Image and truth. ``labels`` (row, column) uint16: 0, or the label of the particle whose outline lies there."""

    projection: Projection
    particles: tuple[SimulatedParticle, ...]
    groups: tuple[SimulatedGroup, ...]
    decoys: tuple[Decoy, ...]
    labels: NDArray[np.uint16]
    breast: NDArray[np.bool_]
    muscle: NDArray[np.bool_]
    nipple: tuple[float, float] | None
    crossings: NDArray[np.float64]
    settings: dict[str, Any] = field(default_factory=dict)


def mammogram(
    seed: int, protocol_id: str | MammogramProtocol = "film-200", contents: Contents | None = None
) -> SimulatedMammogram:
    """Simulate one mammogram; the same seed gives the same bytes.

    Parameters
    ----------
    seed : int
    protocol_id : str or MammogramProtocol
        One of ``PROTOCOLS``.
    contents : Contents, optional
        What is put in.

    Raises
    ------
    UnknownIdError
    """
    how = protocol(protocol_id) if isinstance(protocol_id, str) else protocol_id
    contents = contents or Contents()
    rng = np.random.default_rng([seed, 20_26])
    fine = max(1, round(how.pixel_mm / how.finest_mm))
    body, inside = _breast(how, fine, contents, rng)
    calm = _grey(body, inside, how, rng)
    blur = float(rng.uniform(*how.blur_mm))
    image = _pixels(calm, blur / body.mm, fine)
    coarse = _outline_on_pixels(body, fine)
    noise = _noise_field((image.shape[0], image.shape[1]), how, rng)
    amount = float(rng.uniform(*how.noise))
    local = local_noise(image + noise * amount * _noise_shape(image, how), how.pixel_mm)
    placed, names = _calcium(coarse, _scaled(inside, fine), contents, rng)
    signal, particles, labels = put(placed, image.shape, how.pixel_mm, blur, local)
    # Film and display end in white: what is dense already shows less of the calcium.
    room = np.clip((244.0 - image) / 120.0, 0.05, 1.0)
    image = image + signal * np.where(signal > 0, np.maximum(room, 0.35), 1.0)
    decoys: list[Decoy] = []
    if contents.decoys:
        white = np.zeros(image.shape, np.float32)
        decoys += metal(white, coarse, rng)
        white = np.asarray(ndimage.gaussian_filter(white, blur / how.pixel_mm), np.float32)
        image = image + (250.0 - image) * np.clip(white, 0, 1)
    image = image + noise * amount * _noise_shape(image, how)
    if how.film and contents.decoys:
        decoys += film_faults(image, coarse, rng)
    if not how.film:
        image = _processed(image, coarse, how, rng)
    left = rng.random() < 0.5
    return _finished(image, coarse, particles, labels, names, decoys, inside, how, blur, amount, left, seed, fine)


def _breast(how: MammogramProtocol, fine: int, contents: Contents, rng: np.random.Generator) -> tuple[Outline, Tissue]:
    height = float(rng.uniform(*how.height_mm))
    width = height * float(rng.uniform(0.55, 0.75))
    mm = how.pixel_mm / fine
    shape = (round(height / how.pixel_mm) * fine, round(width / how.pixel_mm) * fine)
    drawn = "spot" if how.magnification > 1.3 else str(rng.choice(["MLO", "CC"]))
    body = outline(shape, mm, contents.view or drawn, rng)
    density = float(rng.beta(1.2, 1.4)) if contents.density is None else contents.density
    return body, tissue(body, density, rng)


def _grey(body: Outline, inside: Tissue, how: MammogramProtocol, rng: np.random.Generator) -> Field:
    """Grey (0 to 255) of the object without noise or blur."""
    air = float(rng.uniform(8, 24)) if how.film else 0.0
    fat = float(rng.uniform(70, 150))
    dense = float(rng.uniform(150, 225)) - fat
    slow = 1 + 0.05 * power_law((body.inside.shape[0], body.inside.shape[1]), 3.5, rng)
    tissue_grey = fat * slow + dense * np.clip(inside.gland, 0, 1.3) + float(rng.uniform(5, 40)) * body.skin
    tissue_grey = tissue_grey + float(rng.uniform(25, 80)) * body.muscle
    # Thinner towards the skin: less of everything in the beam.
    grey = air + (tissue_grey - air) * np.where(body.inside, np.maximum(body.depth, 0.25 * body.skin), 0)
    top = float(rng.uniform(225, 248))
    knee = top - 45
    over = np.maximum(grey - knee, 0)
    return np.asarray(np.minimum(grey, knee) + (top - knee) * (1 - np.exp(-over / (top - knee))), np.float32)


def _pixels(grey: Field, sigma: float, fine: int) -> Field:
    """Blur of the system, then the average over each pixel."""
    even = ndimage.gaussian_filter(grey, sigma) if sigma > 0.2 else grey
    rows, columns = even.shape[0] // fine, even.shape[1] // fine
    return np.asarray(even.reshape(rows, fine, columns, fine).mean(axis=(1, 3)), np.float32)


def _outline_on_pixels(body: Outline, fine: int) -> Outline:
    half = fine // 2
    pick = (slice(half, None, fine), slice(half, None, fine))
    return Outline(
        body.inside[pick],
        body.depth[pick],
        body.skin[pick],
        body.muscle[pick],
        ((body.nipple[0] + 0.5) / fine - 0.5, (body.nipple[1] + 0.5) / fine - 0.5),
        body.view,
        body.mm * fine,
    )


def _scaled(inside: Tissue, fine: int) -> Tissue:
    from calcimetry.phantom.breast.tissue import Strand

    vessels = tuple(Strand((one.points + 0.5) / fine - 0.5, one.width_mm) for one in inside.vessels)
    return Tissue(inside.gland, vessels, (inside.crossings + 0.5) / fine - 0.5, inside.dense)


def _noise_field(shape: tuple[int, int], how: MammogramProtocol, rng: np.random.Generator) -> Field:
    """Grain or quanta with deviation 1: nearly white, softened as the system softens it."""
    soft = float(rng.uniform(0.03, 0.12)) / how.pixel_mm if how.film else float(rng.uniform(0.02, 0.05)) / how.pixel_mm
    noise = rng.standard_normal(shape, dtype=np.float32)
    if soft > 0.2:
        noise = ndimage.gaussian_filter(noise, soft)
    slow = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), 2.5 * max(soft, 0.4))
    noise = noise / noise.std() + 0.3 * slow / slow.std()
    return np.asarray(noise / noise.std(), np.float32)


def _noise_shape(image: Field, how: MammogramProtocol) -> Field:
    """How the noise depends on grey: film is grainiest in the middle, a detector where few quanta arrive."""
    share = np.clip(image / 255.0, 0, 1)
    return np.asarray(1.25 - share if how.film else 0.5 + share, np.float32)


def local_noise(image: NDArray[Any], mm: float) -> Field:
    """Robust deviation of the fine structure around each pixel: what a speck has to stand out of.

    Over 6 mm, of the image minus its mean over 0.6 mm.
    """
    flat = np.asarray(image, np.float32)
    fine = np.abs(flat - ndimage.gaussian_filter(flat, 0.6 / mm))
    size = max(3, round(6.0 / mm))
    mean = ndimage.uniform_filter(fine, size)
    for _ in range(2):
        mean = ndimage.uniform_filter(np.minimum(fine, 3.0 * mean), size)
    return np.asarray(np.maximum(1.3 * mean, 0.3), np.float32)


def _calcium(
    body: Outline, inside: Tissue, contents: Contents, rng: np.random.Generator
) -> tuple[list[Placed2D], dict[str, tuple[str, str]]]:
    """Everything calcified, and distribution and morphology of each group by its name."""
    placed: list[Placed2D] = []
    names: dict[str, tuple[str, str]] = {}

    def contrast() -> float:
        return float(np.exp(rng.uniform(*np.log(contents.cnr))))

    for name, distribution, pattern, cnr in drawn_groups(contents, rng):
        made = group(body, name, distribution, pattern, cnr, rng)
        if len(made) >= 2:
            placed += made
            names[name] = (distribution, pattern)
    for _ in range(int(rng.poisson(contents.singles))):
        placed += single(body, str(rng.choice(list(BENIGN), p=list(BENIGN.values()))), contrast(), rng)
    for _ in range(int(rng.poisson(contents.specks))):
        placed += single(body, "br_round", contrast(), rng)
    for strand in inside.vessels:
        if rng.random() < contents.arteries / 2:
            one = artery(strand, body.mm, contrast(), rng)
            if one is not None:
                placed.append(one)
    placed += free_arteries(body, contents, rng)
    return placed, names


def free_arteries(body: Outline, contents: Contents, rng: np.random.Generator) -> list[Placed2D]:
    """Calcified arteries on courses of their own, each with its branches; none where none are expected."""
    out = []
    for _ in range(int(rng.poisson(contents.arteries)) if contents.arteries > 0 else 0):
        cnr = float(np.exp(rng.uniform(*np.log(contents.cnr))))
        for strand in courses(body, rng):
            one = artery(strand, body.mm, cnr * float(rng.lognormal(0, 0.2)), rng)
            if one is not None:
                out.append(one)
    return out


def drawn_groups(contents: Contents, rng: np.random.Generator) -> list[tuple[str, str, str, float]]:
    """Name, distribution, morphology and contrast of each group that is to be put in."""
    asked = contents.pattern is not None or contents.distribution is not None
    count = round(contents.groups) if asked else int(rng.poisson(contents.groups))
    out = []
    for n in range(count):
        distribution = contents.distribution or str(
            rng.choice(["grouped", "linear", "segmental", "regional", "diffuse"], p=[0.5, 0.15, 0.15, 0.12, 0.08])
        )
        pattern = contents.pattern or str(rng.choice([*suspicious(), "br_round"], p=[0.2, 0.2, 0.2, 0.15, 0.25]))
        out.append((f"G{n + 1}", distribution, pattern, float(np.exp(rng.uniform(*np.log(contents.cnr))))))
    return out


def put(
    placed: list[Placed2D], shape: tuple[int, ...], mm: float, blur_mm: float, local: Field
) -> tuple[Field, list[SimulatedParticle], NDArray[np.uint16]]:
    """Calcium as a signal to be added to an image, with its truth: also for real films.

    Parameters
    ----------
    placed : list of Placed2D
    mm, blur_mm : float
        Pixel, and standard deviation of the system's blur [mm].
    local : (row, column)
        Local noise, in which contrasts are counted (:func:`local_noise`).
    """
    signal = np.zeros(shape, np.float32)
    labels = np.zeros(shape, np.uint16)
    unit = _unit_peak(mm, blur_mm)
    truth: list[SimulatedParticle] = []
    for n, one in enumerate(placed, start=1):
        # An artery is long: drawn a little coarser, it costs a quarter.
        finest = 0.05 if one.particle.reach() > 15.0 else 0.025
        patch, row0, column0 = thickness(one.particle, mm, one.at, finest_mm=finest)
        grow = int(np.ceil(3 * blur_mm / mm))
        patch = np.pad(patch, grow)
        patch = np.asarray(ndimage.gaussian_filter(patch, blur_mm / mm), np.float32)
        row0, column0 = row0 - grow, column0 - grow
        r0, c0 = max(row0, 0), max(column0, 0)
        r1, c1 = min(row0 + patch.shape[0], shape[0]), min(column0 + patch.shape[1], shape[1])
        if r0 >= r1 or c0 >= c1:
            continue
        patch = patch[r0 - row0 : r1 - row0, c0 - column0 : c1 - column0]
        where = (slice(r0, r1), slice(c0, c1))
        middle = (min(max(round(one.at[0]), 0), shape[0] - 1), min(max(round(one.at[1]), 0), shape[1] - 1))
        noise = float(local[middle])
        grey = patch / unit * one.cnr * noise
        peak = float(grey.max())
        if peak <= 0:
            continue
        signal[where] += grey
        edge = min(_EDGE * peak, _EDGE * one.cnr * noise)
        mask = grey >= edge
        free = mask & (labels[where] == 0)
        labels[where][free] = n
        rows, columns = np.nonzero(mask)
        truth.append(
            SimulatedParticle(
                f"P{n}",
                n,
                one.particle.pattern,
                one.group,
                (float(rows.mean()) + r0, float(columns.mean()) + c0),
                _diameter(rows, columns) * mm,
                float(mask.sum()) * mm * mm,
                peak / noise,
            )
        )
    return signal, truth, labels


def _unit_peak(mm: float, blur_mm: float) -> float:
    from calcimetry.phantom.breast.particles import Particle, Solid

    ball = Particle("br_round", (Solid("ball", 0.0, 0.0, _UNIT_MM / 2),))
    patch, _, _ = thickness(ball, mm, (50.0, 50.0))
    return float(ndimage.gaussian_filter(np.pad(patch, 4), blur_mm / mm).max())


def _diameter(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """Greatest extent of a set of pixels [px], over a fan of directions."""
    turns = np.linspace(0, np.pi, 18, endpoint=False)
    along = rows[:, None] * np.sin(turns) + columns[:, None] * np.cos(turns)
    return float((along.max(axis=0) - along.min(axis=0)).max()) + 1.0


def _processed(image: Field, body: Outline, how: MammogramProtocol, rng: np.random.Generator) -> Field:
    """What makers do for the eye: the edge lifted to the level of the middle, fine structure sharpened."""
    lift = float(rng.uniform(0.3, 0.9))
    depth = np.clip(body.depth, 0.3, 1)
    even = np.where(body.inside, image / depth**lift, image)
    sharp = float(rng.uniform(0.2, 1.0))
    fine = even - ndimage.gaussian_filter(even, float(rng.uniform(0.5, 1.5)) / how.pixel_mm)
    return np.asarray(np.where(body.inside, even + sharp * fine, 0), np.float32)


def _finished(
    image: Field,
    body: Outline,
    particles: list[SimulatedParticle],
    labels: NDArray[np.uint16],
    names: dict[str, tuple[str, str]],
    decoys: list[Decoy],
    inside: Tissue,
    how: MammogramProtocol,
    blur: float,
    amount: float,
    left: bool,
    seed: int,
    fine: int,
) -> SimulatedMammogram:
    """Quantized, turned to its side, with truth in its own coordinates."""
    top = (1 << how.bits) - 1
    stored = np.clip(np.rint(image / 255.0 * top), 0, top).astype(np.uint16)
    columns = stored.shape[1]

    def turned(point: tuple[float, float]) -> tuple[float, float]:
        return point if left else (point[0], columns - 1 - point[1])

    def side(array: NDArray[Any]) -> NDArray[Any]:
        return array if left else np.ascontiguousarray(array[:, ::-1])

    from dataclasses import replace

    mine = tuple(replace(p, center=turned(p.center)) for p in particles)
    crossings = (inside.crossings + 0.5) / fine - 0.5
    if not left:
        crossings = np.stack([crossings[:, 0], columns - 1 - crossings[:, 1]], axis=1)
    projection = Projection(
        id="i1",
        pixels=side(stored),
        acquisition=Acquisition("RG" if how.film else "MG", hu=False, body_part="BREAST"),
        pixel_mm=(how.pixel_mm / how.magnification,) * 2 if how.magnification > 1 else (how.pixel_mm, how.pixel_mm),
        scale_plane="object",
        view=None if body.view == "spot" else body.view,
        laterality="L" if left else "R",
        kind="mammogram",
        view_modifiers=("magnification", "spot") if body.view == "spot" else (),
        intent=None if how.film else "presentation",
        magnification=how.magnification,
    )
    return SimulatedMammogram(
        projection,
        mine,
        groups_of(mine, names),
        tuple(replace(d, center=turned(d.center)) for d in decoys),
        side(labels),
        side(body.inside),
        side(np.asarray(body.muscle > 0.5, bool)),
        None if body.view == "spot" else turned(body.nipple),
        crossings,
        {"protocol": how.id, "seed": seed, "blur_mm": blur, "noise": amount, "side": "L" if left else "R"},
    )


def groups_of(
    particles: tuple[SimulatedParticle, ...], names: dict[str, tuple[str, str]]
) -> tuple[SimulatedGroup, ...]:
    """The groups that came out, with their place and extent."""
    made = []
    for name, (distribution, pattern) in names.items():
        mine = [p for p in particles if p.group == name]
        if len(mine) < 2:
            continue
        places = np.array([p.center for p in mine])
        center = places.mean(axis=0)
        low, high = np.floor(places.min(axis=0)).astype(int), np.ceil(places.max(axis=0)).astype(int) + 1
        made.append(
            SimulatedGroup(
                name,
                distribution,
                pattern,
                tuple(p.id for p in mine),
                (float(center[0]), float(center[1])),
                ((int(low[0]), int(low[1])), (int(high[0]), int(high[1]))),
                float(np.hypot(*(places - center).T).max()) + 1.0,
            )
        )
    return tuple(made)
