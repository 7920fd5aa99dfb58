"""Objects of a recipe -> shapes in the body: at a point, on a tube's wall, or drawn at random."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import UnknownIdError, UsageError
from calcimetry.core.geometry import Geometry
from calcimetry.phantom.bodies import Anatomy
from calcimetry.phantom.heart import Heart
from calcimetry.phantom.recipe import Item, Lottery, Recipe
from calcimetry.phantom.render import Rendered
from calcimetry.phantom.shapes import Cylinder, Ellipsoid, Plaque, Shape, Sphere
from calcimetry.phantom.truth import TruthObject
from calcimetry.phantom.tubes import Tube

__all__ = ["Placed", "placed", "truth_of", "tubes_of"]


@dataclass(frozen=True, eq=False)
class Placed:
    """An object where it lies."""

    id: str
    site: str
    structure: str
    shape: Shape
    density_mg_cm3: float


def tubes_of(heart: Heart | None) -> dict[str, tuple[str, Tube]]:
    """Name of a tube that may carry objects -> its site and the tube."""
    if heart is None:
        return {}
    return {
        **{name: ("coronary_artery", tube) for name, tube in heart.arteries.items()},
        **{name: ("aorta_thoracic", tube) for name, tube in heart.aorta.items()},
        **{name: ("great_vessel", tube) for name, tube in heart.great_arteries.items()},
    }


def placed(plan: Recipe, body: Anatomy, grid: Geometry, rng: np.random.Generator) -> tuple[Placed, ...]:
    """All objects of a recipe, ids filled in."""
    tubes = tubes_of(body.heart)
    found = [_place(item, n, tubes) for n, item in enumerate(plan.objects, 1)]
    found += _drawn(plan.random, plan.scan.thickness_mm, grid, rng, first=len(found) + 1)
    return tuple(found)


def truth_of(one: Placed, image: Rendered, hu: float) -> TruthObject:
    """What is true of a placed object."""
    return TruthObject(
        id=one.id,
        site=one.site,
        structure=one.structure,
        kind=one.shape.kind,
        center_mm=image.center_mm,
        volume_mm3=image.volume_mm3,
        density_mg_cm3=one.density_mg_cm3,
        mass_mg=image.volume_mm3 * one.density_mg_cm3 / 1000.0,
        object_hu=hu,
    )


def _place(item: Item, number: int, tubes: dict[str, tuple[str, Tube]]) -> Placed:
    name = item.id or f"O{number}"
    site, structure, tube = item.site, item.structure, None
    if item.on is not None:
        if item.on not in tubes:
            raise UnknownIdError(f"tube of object {name}", item.on, tubes)
        own_site, tube = tubes[item.on]
        site = own_site if site == "unassigned" else site
        structure = structure or item.on
    return Placed(name, site, structure, _shape(item, name, tube), float(item.density_mg_cm3))


def _shape(item: Item, name: str, tube: Tube | None) -> Shape:
    def need(key: str) -> float:
        value = getattr(item, key)
        if value is None:
            raise UsageError(f"object {name}: a {item.shape} needs {key}")
        return float(value)

    if item.shape == "plaque":
        if tube is None:
            raise UsageError(f"object {name}: a plaque needs on = the tube whose wall it lies on")
        at = np.linspace(0.0, tube.length_mm, len(tube.radius_mm))
        radius = float(np.interp(item.at_mm + need("length_mm") / 2, at, tube.radius_mm))
        thick = need("thickness_mm")
        # The wall of the tube runs through the middle of the plaque; a thin artery may be closed.
        inner = max(0.0, radius - thick / 2)
        return Plaque(tube.path_mm, inner, inner + thick, item.at_mm, need("length_mm"), item.angle_deg, item.arc_deg)
    center, direction = item.center_mm, item.direction
    if tube is not None:
        at = np.linspace(0.0, tube.length_mm, len(tube.path_mm))
        if not 0 <= item.at_mm <= at[-1]:
            raise UsageError(f"object {name}: at_mm found {item.at_mm:g}, expected 0 to {at[-1]:.0f}")
        n = int(np.argmin(np.abs(at - item.at_mm)))
        ahead = tube.path_mm[min(n + 2, len(at) - 1)] - tube.path_mm[max(n - 2, 0)]
        center, direction = _vector(tube.path_mm[n]), _vector(ahead)
    if center is None:
        raise UsageError(f"object {name}: needs center_mm, or on = a tube")
    if item.shape == "sphere":
        return Sphere(center, need("diameter_mm"))
    if item.shape == "cylinder":
        return Cylinder(center, need("diameter_mm"), need("length_mm"), direction)
    if item.diameters_mm is None:
        raise UsageError(f"object {name}: an ellipsoid needs diameters_mm")
    return Ellipsoid(center, item.diameters_mm, direction)


def _vector(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z


def random_shape(rng: np.random.Generator, center: NDArray[np.float64], diameter_mm: float) -> Shape:
    """A ball, ellipsoid, rod or piece of a ring, of about the volume of a ball of this diameter."""
    way = _vector(rng.normal(size=3))
    kind = int(rng.integers(4))
    d = diameter_mm
    if kind == 0:
        return Sphere(_vector(center), d)
    if kind == 1:
        a, b = np.exp(rng.uniform(-0.4, 0.4, 2))
        return Ellipsoid(_vector(center), (d * float(a), d * float(b), d / float(a * b)), way)
    if kind == 2:
        ratio = float(np.exp(rng.uniform(-0.5, 0.9)))  # length over diameter
        across = d * (2.0 / (3.0 * ratio)) ** (1 / 3)
        return Cylinder(_vector(center), across, across * ratio, way)
    # A curved plate on the wall of a tube of artery size or larger, with the ball's volume.
    arc = float(rng.uniform(70, 200))
    thick = float(max(0.6, d * rng.uniform(0.35, 0.6)))
    radius = thick / 2 + float(rng.uniform(0.4, 1.6)) * d / 2
    area = math.radians(arc) * radius * thick
    length = max(0.5, math.pi / 6 * d**3 / area)
    unit = np.array(way) / np.linalg.norm(way)
    line = center + np.linspace(-length / 2 - 2, length / 2 + 2, int((length + 4) / 0.25) + 2)[:, None] * unit
    return Plaque(line, radius - thick / 2, radius + thick / 2, 2.0, length, float(rng.uniform(-180, 180)), arc)


def _drawn(lot: Lottery, thickness_mm: float, grid: Geometry, rng: np.random.Generator, first: int) -> list[Placed]:
    """Random objects on a loose lattice, so that no two touch."""
    if lot.count <= 0:
        return []
    spacing = np.array(grid.spacing_mm)
    room = np.array(grid.shape) * spacing
    gap = lot.diameter_mm[1] * 2.2 + 8.0
    gaps = np.array([gap + 2 * thickness_mm, gap, gap])
    seats = np.floor((room - gaps) / gaps).astype(int) + 1
    if (room < gaps).any() or int(np.prod(seats)) < lot.count:
        raise UsageError(
            f"random: found {lot.count} lesions of up to {lot.diameter_mm[1]:g} mm, expected room for them; the field "
            f"of {room.round().astype(int).tolist()} mm holds {max(0, int(np.prod(np.maximum(seats, 0))))}"
        )
    out = []
    for n, seat in enumerate(rng.permutation(int(np.prod(seats)))[: lot.count]):
        cell = np.array(np.unravel_index(seat, tuple(seats)))
        index = ((cell + 0.5) * gaps + rng.uniform(-1.5, 1.5, 3)) / spacing
        center = grid.to_lps_mm(index)
        diameter = float(np.exp(rng.uniform(*np.log(lot.diameter_mm))))
        density = float(np.exp(rng.uniform(*np.log(lot.density_mg_cm3))))
        name = f"R{first + n}"
        out.append(Placed(name, "unassigned", name, random_shape(rng, center, diameter), density))
    return out
