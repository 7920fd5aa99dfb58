"""Masks under the names of the house, each with a confidence from checks that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.regions import Region, Regions
from calcimetry.knowledge.load import table
from calcimetry.locate.masks.block import Masks

__all__ = ["TABLE", "named"]

TABLE = "words/totalsegmentator"
_ONE_PIECE_ML = 3.0
"""What is smaller than this when whole may come in pieces."""


def named(regions: Regions, masks: Masks) -> Regions:
    """The classes put together to regions of the house.

    ``confidence``: do the voxels fit the image, is it as large as it should be, is it in one piece. ``complete``: it
    reaches no border of the image.
    """
    classes = table(TABLE)["class"]
    parts: dict[str, list[str]] = {}
    for name, row in classes.items():
        if masks.has(name):
            parts.setdefault(row["region"], []).append(name)
    to = np.zeros(int(regions.labels.max(initial=0)) + 1, dtype=np.uint8)
    rows = []
    for label, (name, own) in enumerate(parts.items(), start=1):
        to[masks.label_of(own)] = label
        rows.append(_region(label, name, own, classes[own[0]], masks))
    labels: NDArray[np.uint8] = to[regions.labels]
    return Regions(regions.image, labels, regions.geometry, tuple(rows))


def _region(label: int, name: str, own: list[str], row: Mapping[str, Any], masks: Masks) -> Region:
    low, high = row["ml"]
    side, end = masks.border(own)
    whole = not (side or end)
    block = masks.block(own, 3.0 if low > _ONE_PIECE_ML else 1.0)
    sure = min(masks.confidence[one] for one in own)
    if block is None:
        return Region(label, name, source="totalsegmentator", confidence=0.1, complete=whole)
    ml = block.ml
    if ml > high:
        sure *= high / ml
    if ml < low and whole:
        sure *= max(ml, 0.05 * low) / low
    if low > _ONE_PIECE_ML and row["kind"] == "soft" and whole:
        labels, count = ndimage.label(block.bits, np.ones((3, 3, 3), dtype=bool))
        sizes = np.bincount(labels[block.bits], minlength=count + 1)
        sure *= float(sizes.max() / max(sizes.sum(), 1))
    return Region(label, name, source="totalsegmentator", confidence=round(float(sure), 2), complete=whole)
