"""Body, lungs, bone and the part of the body, on a coarse grid: enough to know where a dense thing lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.regions import Region, Regions
from calcimetry.locate.bones import Bones, BoneSettings, bones, wall
from calcimetry.locate.coarse import Coarse, coarse, dilated, eroded, filled, parts, reach
from calcimetry.locate.lungs import Lungs, LungSettings, lungs
from calcimetry.locate.sections import SECTIONS, SectionSettings, sections

__all__ = ["BodySettings", "body"]

Bits = NDArray[np.bool_]

FIRST_SECTION = 10
"""Label of ``body``; the parts of the body follow in the order of ``SECTIONS``."""

WALLS = {"thorax": 20, "abdomen": 21}
"""Parts of the body whose wall holds bones of its own, and the labels of those walls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySettings:
    """Choices of the body locator.

    grid_mm, max_voxels : the coarse grid: block width, and how many blocks there may be at most.
    tissue_hu : blocks above are tissue (fat is about -100, lung about -800).
    table_mm : a shell thinner than twice this is no part of the body (table, head holder, clothes).
    part_share : a separate part (arm, leg, breast) counts from this share of the largest one.
    """

    grid_mm: float = 2.0
    max_voxels: int = 8_000_000
    tissue_hu: float = -300.0
    table_mm: float = 4.0
    part_share: float = 0.02
    lung: LungSettings = LungSettings()
    bone: BoneSettings = BoneSettings()
    section: SectionSettings = SectionSettings()


def body(volume: Volume, settings: BodySettings = BodySettings()) -> Regions:
    """Body, lungs, bone and the part of the body, on a grid of about 2 mm.

    Each block has one label. Names: ``lung_left``, ``lung_right``, ``airway`` (above the
    lungs), ``bone``
    (skeleton, and large dense pieces in the wall of the trunk), and for the rest of the body its part, ``head``,
    ``neck``, ``thorax``, ``abdomen``, ``pelvis``,
    ``limb`` or ``body`` where the part is not known; ``thorax_wall`` and ``abdomen_wall`` are the outer layer that
    holds ribs and sternum. ``structure`` of a region is the word for a finding inside it. Label 0 is outside: air,
    table, head holder, clothes.

    Parameters
    ----------
    volume : Volume
        Any CT, in HU. Odd shapes, phantoms, single slices and crops give fewer regions or lower confidence, never an
        error.
    settings : BodySettings

    Returns
    -------
    Regions
        uint8 labels (slice, row, column); ``site`` is ``None`` throughout: these regions help, nothing is scored by
        them.
    """
    if min(volume.geometry.shape) == 0:
        return Regions(volume.id, np.zeros(volume.geometry.shape, dtype=np.uint8), volume.geometry, ())
    image = coarse(volume, settings.grid_mm, settings.max_voxels)
    tissue = _tissue(image, settings)
    lung = lungs(image, tissue, settings.lung)
    both = lung.left | lung.right
    inside = filled(tissue | both)
    walls = wall(image, inside, both, min(lung.confidence), settings.bone)
    skeleton = bones(image, inside, walls, settings.bone)
    part = sections(image, inside, both, skeleton.bone, settings.section)
    return _regions(volume.id, image, inside, lung, skeleton, part, walls)


def _regions(
    image_id: str, image: Coarse, inside: Bits, lung: Lungs, skeleton: Bones, part: NDArray[np.uint8], walls: Bits
) -> Regions:
    """One label map out of the parts; bone above lung above section."""
    labels = part + np.uint8(FIRST_SECTION)
    labels[~inside] = 0
    for word, label in WALLS.items():
        labels[(part == SECTIONS.index(word)) & walls] = label
    above = np.isin(part, [SECTIONS.index(word) for word in ("neck", "head")])
    labels[lung.left] = 2
    labels[lung.right] = 3
    labels[(lung.left | lung.right) & above] = 5
    labels[skeleton.bone] = 4
    sure = 0.9 if inside.any() and float(inside.mean()) > 0.02 else 0.3
    whole = _complete(inside)
    rows = [
        Region(FIRST_SECTION, "body", structure="unknown", confidence=sure if inside.any() else 0.0, complete=whole)
    ]
    for side, name, label in ((0, "lung_left", 2), (1, "lung_right", 3)):
        if lung.confidence[side] > 0.0:
            rows.append(Region(label, name, None, name, "builtin", lung.confidence[side], lung.complete[side]))
    if (labels == 5).any():
        rows.append(Region(5, "airway", None, "airway", "builtin", 0.6, False))
    if skeleton.bone.any():
        rows.append(Region(4, "bone", None, "bone", "builtin", skeleton.confidence, False))
    present = {label: bool((labels == label).any()) for label in (*WALLS.values(), *range(10, 10 + len(SECTIONS)))}
    certain = round(0.6 + 0.3 * min(1.0, max(lung.confidence)), 2)
    for code, word in enumerate(SECTIONS[1:], start=1):
        if present[FIRST_SECTION + code]:
            rows.append(Region(FIRST_SECTION + code, word, None, word, "builtin", certain, whole))
    for word, label in WALLS.items():
        if present[label]:
            rows.append(Region(label, f"{word}_wall", None, word, "builtin", certain, whole))
    return Regions(image_id, labels, image.grid, tuple(rows))


def _complete(bits: Bits) -> bool:
    """Whether the body is cut by no side of its slices (a stack always ends somewhere)."""
    sides = [bits[:, 0], bits[:, -1], bits[:, :, 0], bits[:, :, -1]]
    return bool(bits.any()) and not any(side.any() for side in sides)


def _tissue(image: Coarse, settings: BodySettings) -> Bits:
    """Tissue of the person: what is thicker than a table shell, with the parts that are large enough."""
    dense = image.hu > settings.tissue_hu
    window = reach(settings.table_mm, image.mm, image.hu.shape, plane=True)
    labels, sizes = parts(eroded(dense, window))
    if len(sizes) == 1:
        return dense
    keep = sizes >= settings.part_share * sizes.max()
    keep[0] = False
    return np.asarray(dilated(keep[labels], window) & dense)
