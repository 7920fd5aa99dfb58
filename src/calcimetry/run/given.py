"""Label maps and masks that come from outside, as they lie on the images of a study."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calcimetry import sites
from calcimetry.core.errors import InputError
from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions

__all__ = ["Given", "given_masks", "given_regions"]

_RESAMPLED = (
    "the regions were drawn on another grid and laid onto this image by position (nearest voxel); "
    "where several series show the same part, see that this is the one meant"
)


@dataclass(frozen=True, slots=True)
class Given:
    """A label map as it lies on one image, and what has to be said about that."""

    regions: Regions
    notes: tuple[Note, ...] = ()


def given_regions(regions: str | os.PathLike[str] | Regions, volumes: Sequence[Volume]) -> tuple[Given, ...]:
    """The label map on every image that it meets; one drawn on another grid says so."""
    from calcimetry.read import grid_matches, regions_with_notes

    if isinstance(regions, Regions):
        return (Given(regions),)
    found: list[Given] = []
    reasons: list[InputError] = []
    for volume in volumes:
        try:
            laid, notes = regions_with_notes(Path(regions), volume, sites=sites.site_words())
            if not grid_matches(Path(regions), volume):
                notes = (*notes, Note("regions-resampled", _RESAMPLED, "caution"))
            found.append(Given(laid, notes))
        except InputError as error:
            reasons.append(error)
    if not found:
        raise reasons[0]
    return tuple(found)


def given_masks(path: str | os.PathLike[str] | None, volumes: Sequence[Volume]) -> tuple[Given, ...]:
    """Masks of another program on every image that they fit; ``None``: have it make them."""
    from calcimetry.read import masks, segmented

    found: list[Given] = []
    reasons: list[InputError] = []
    for volume in volumes:
        try:
            found.append(Given(*(segmented(volume) if path is None else masks(Path(path), volume))))
        except InputError as error:
            reasons.append(error)
    if not found:
        raise reasons[0]
    return tuple(found)
