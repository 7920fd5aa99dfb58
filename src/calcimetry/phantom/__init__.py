"""Truth on demand: CT images with objects of known hydroxyapatite mass, simulated whole or put into real series.

============= ==================================================================
function      does
============= ==================================================================
recipes       ids of the recipes at hand, with titles
simulate      recipe and seed -> image, truth, regions
person        a person drawn at random, scanned: calcium, decoys, courses
insert        objects into any real series, at its own resolution and noise
lesions_along calcium along the vessels of a real image, ready to be inserted
decoys_along  what must not be counted, likewise
mammogram     seed and protocol -> a mammogram with known calcium
write_study   image as DICOM, with truth and regions beside it
============= ==================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calcimetry.phantom.breast import SimulatedMammogram, mammogram
from calcimetry.phantom.insert import insert
from calcimetry.phantom.objects import Placed
from calcimetry.phantom.people import person
from calcimetry.phantom.place import decoys_along, lesions_along
from calcimetry.phantom.protocols import Protocol
from calcimetry.phantom.recipe import Item, Lottery, Recipe, Scan, load, recipes
from calcimetry.phantom.shapes import Cylinder, Ellipsoid, Plaque, Sphere
from calcimetry.phantom.simulate import Simulation, simulate
from calcimetry.phantom.truth import TruthObject, read_truth

if TYPE_CHECKING:
    from calcimetry.phantom.series import write_dicom, write_regions, write_study

__all__ = [
    "Cylinder",
    "Ellipsoid",
    "Item",
    "Lottery",
    "Placed",
    "Plaque",
    "Protocol",
    "Recipe",
    "Scan",
    "SimulatedMammogram",
    "Simulation",
    "Sphere",
    "TruthObject",
    "decoys_along",
    "insert",
    "lesions_along",
    "load",
    "mammogram",
    "person",
    "read_truth",
    "recipes",
    "simulate",
    "write_dicom",
    "write_regions",
    "write_study",
]


def __getattr__(name: str) -> Any:
    # Writing needs pydicom and nibabel; simulating does not.
    if name in ("write_dicom", "write_regions", "write_study"):
        from calcimetry.phantom import series

        return getattr(series, name)
    raise AttributeError(f"module 'calcimetry.phantom' has no attribute {name!r}")
