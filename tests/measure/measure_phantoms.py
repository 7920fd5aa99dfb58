"""The twelve small phantoms on which programs are compared, and lesions made of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.measure.features import LesionFeatures

Spacing = tuple[float, float, float]
USUAL: Spacing = (3.0, 0.5, 0.5)


def block(hu: float, *, slices: int = 3, at: tuple[int, ...] = (1,), size: int = 4) -> np.ndarray:
    array = np.full((slices, 16, 16), 40.0)
    for k in at:
        array[k, 4 : 4 + size, 4 : 4 + size] = hu
    return array


def _pixels(points: list[tuple[int, int]], hu: float) -> np.ndarray:
    array = block(40.0)
    for row, column in points:
        array[1, row, column] = hu
    return array


def _corner(second: float) -> np.ndarray:
    array = block(450.0, size=2)
    array[1, 6:8, 6:8] = second
    return array


def _two_peaks() -> np.ndarray:
    array = block(450.0)
    array[2, 4:8, 4:8] = 150.0
    return array


PHANTOMS: dict[str, tuple[np.ndarray, Spacing]] = {
    "A": (block(450.0), USUAL),
    "B": (block(199.0), USUAL),
    "C": (block(129.0), USUAL),
    "D": (block(130.0), USUAL),
    "E": (block(450.0, size=2), USUAL),
    "F": (_pixels([(4, 4), (5, 4), (4, 5)], 450.0), USUAL),
    "G": (_corner(450.0), USUAL),
    "H": (_corner(150.0), USUAL),
    "I": (_two_peaks(), USUAL),
    "J": (block(450.0, slices=6, at=(1, 2)), (1.5, 0.5, 0.5)),
    "K": (_pixels([(4, 4)], 450.0), (3.0, 1.0, 1.0)),
    "L": (block(299.0), USUAL),
}

PRESET_OF = {
    "CalciumScoring_jl": "calciumscoring-jl",
    "DeepCAC": "deepcac",
    "AI_CAC": "ai-cac",
    "qurAI": "qurai",
    "Comp2Comp": "comp2comp",
    "Slicer2014": "slicer-2014",
    "AoCaScore": "aocascore",
    "FQM": "fqm",
}

COLUMNS = tuple(PRESET_OF.values())
TABLE = {
    "A": (16, 16, 16, 16, 16, 16, 16, 16),
    "B": (8, 4, 4, 4, 4, 4, 4, 4),
    "C": (0, 0, 0, 0, 0, 0, 0, 0),
    "D": (4, 4, 4, 4, 4, 4, 4, 4),
    "E": (4, 4, 4, 4, 0, 4, 4, 4),
    "F": (0, 0, 3, 3, 0, 3, 0, 0),
    "G": (8, 8, 8, 8, 0, 8, 8, 8),
    "H": (8, 8, 5, 8, 0, 5, 8, 5),
    "I": (20, 20, 32, 20, 20, 20, 20, 20),
    "J": (32, 16, 16, 16, 32, 32, 32, 16),
    "K": (4, 0, 0, 4, 0, 4, 0, 4),
    "L": (12, 8, 8, 8, 8, 8, 8, 8),
}
"""Phantom -> score under each of COLUMNS."""

OURS = {"A": 16, "B": 4, "C": 0, "D": 4, "E": 4, "F": 0, "G": 8, "H": 8, "I": 20, "J": 16, "K": 4, "L": 8}


def volume_of(hu: np.ndarray, spacing_mm: Spacing = USUAL, **acquisition: object) -> Volume:
    told: dict[str, object] = {"kvp": 120.0, "thickness_mm": spacing_mm[0], "gated": True, **acquisition}
    return Volume("i1", hu, Geometry.from_spacing(hu.shape, spacing_mm), Acquisition("CT", **told))  # type: ignore[arg-type]


def lesion_of(
    bits: np.ndarray,
    number: int = 1,
    *,
    start: tuple[int, int, int] = (0, 0, 0),
    site: str = "coronary_artery",
    structure: str = "right_coronary",
    kind: str = "calcification",
    counted: bool = True,
) -> Lesion:
    """A lesion of these voxels; its box is the whole of ``bits``."""
    mask = Mask(start, np.asarray(bits, bool))
    peak = tuple(int(a) for a in mask.indices()[0])
    return Lesion(
        id=f"L{number}",
        image="i1",
        label=number,
        kind=kind,  # type: ignore[arg-type]
        center_index=(0.0, 0.0, 0.0),
        center_mm=(0.0, 0.0, 0.0),
        bounds_index=(mask.start, mask.stop),
        peak_index=peak,  # type: ignore[arg-type]
        site=site,
        structure=structure,
        counted=counted,
        mask=mask,
    )


class Remembering:
    """An interval model that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, LesionFeatures]] = []

    def of_lesion(self, name: str, value: float, features: LesionFeatures) -> tuple[float, float] | None:
        self.asked.append((name, value, features))
        return value - 1, value + 1

    def of_sum(
        self, name: str, values: Sequence[float], features: Sequence[LesionFeatures]
    ) -> tuple[float, float] | None:
        assert len(values) == len(features)
        return sum(values) - 2, sum(values) + 2


def bodies_of(wanted: np.ndarray, first: int = 1, *, site: str, structure: str) -> list[Lesion]:
    """The 26-connected bodies of a mask as lesions, each cut to its own box."""
    labels, _ = ndimage.label(wanted, np.ones((3, 3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        start = (box[0].start, box[1].start, box[2].start)
        bits = labels[box] == number
        found.append(lesion_of(bits, first + len(found), start=start, site=site, structure=structure))
    return found
