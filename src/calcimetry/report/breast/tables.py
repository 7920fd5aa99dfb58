"""Rows of the page's tables: groups, larger calcifications, arteries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.group import Group
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement
from calcimetry.report.breast.crops import Crop, Crops
from calcimetry.report.breast.kinds import Found, in_groups
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.words import view_title, weighed, word_short
from calcimetry.report.words import interval_text, number_text, structure_title, visible

__all__ = [
    "ArteryRow",
    "GroupRow",
    "LargerRow",
    "artery_rows",
    "count_of",
    "counted_in",
    "extent_of",
    "group_rows",
    "larger_rows",
    "place_of",
    "size_of",
    "told_of",
]

_EXTENTS = ("extent", "diameter")
_EXTENTS_PX = ("extent_pixels", "diameter_pixels")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group as it is told; ``distribution`` and ``morphology``: words with probabilities, the likeliest first.

    ``own``: how many of the ``count`` are counted by themselves; ``told`` says both.
    """

    group: Group
    id: str
    view: str
    distribution: tuple[tuple[str, float | None], ...]
    morphology: tuple[tuple[str, float | None], ...]
    count: int
    own: int
    told: str
    extent: str
    extent_ends: str
    place: str
    quadrant: str
    seen_in: tuple[str, ...]
    particles: str
    crop: Crop | None


@dataclass(frozen=True, slots=True)
class ArteryRow:
    """One stretch of calcified artery; ``length`` is that of its course, not from end to end in a straight line."""

    lesion: Lesion
    id: str
    view: str
    length: str
    width: str
    place: str


@dataclass(frozen=True, slots=True)
class LargerRow:
    """One larger calcification as it is told.

    ``group``: of which it is a member; ``shown_by``: in whose close view it lies.
    """

    lesion: Lesion
    id: str
    view: str
    kinds: tuple[tuple[str, float | None], ...]
    size: str
    place: str
    group: str
    shown_by: str
    crop: Crop | None


def group_rows(
    case: Case, image: ImageInfo, groups: Sequence[Group], held: Crops | None = None
) -> tuple[GroupRow, ...]:
    """Groups of one image in the order given."""
    views = {one.id: view_title(one) for one in case.images}
    other = {one.id: one for one in case.groups}
    counted = counted_in(case)
    return tuple(
        GroupRow(
            group=one,
            id=visible(one.id),
            view=views[image.id],
            distribution=_words(one, "distribution", one.distribution),
            morphology=_words(one, "pattern", one.morphology),
            count=count_of(one),
            own=own_of(one, counted),
            told=told_of(one, counted),
            extent=extent_of(one, image),
            extent_ends=interval_text(one.measures["extent"]) if "extent" in one.measures else "",
            place=place_of(one.center_index),
            quadrant=structure_title(one.structure) if one.structure not in ("", "total") else "",
            seen_in=tuple(_other(name, other.get(name), views) for name in one.seen_in),
            particles=_particles(one.measures),
            crop=None if held is None else held.views.get(one.id),
        )
        for one in groups
    )


def _other(name: str, group: Group | None, views: Mapping[str, str]) -> str:
    view = views.get(group.image, "") if group is not None else ""
    return f"{visible(name)} ({view})" if view else visible(name)


def _words(one: Group | Lesion, kind: str, said: str | None) -> tuple[tuple[str, float | None], ...]:
    """The words that were weighed, else the one that was said."""
    found = weighed(one.words, kind)
    if said is None:
        return found
    title = word_short(said)
    first = next((pair for pair in found if pair[0] == title), (title, None))
    return (first, *(pair for pair in found if pair[0] != title))


def count_of(group: Group) -> int:
    """Calcifications of a group: as measured, else its members."""
    held = group.measures.get("count")
    return round(held.value) if held is not None and held.value is not None else len(group.lesions)


def counted_in(case: Case) -> frozenset[str]:
    """Ids of what counts as a calcification by itself."""
    return frozenset(one.id for one in case.lesions if one.counted)


def own_of(group: Group, counted: frozenset[str]) -> int:
    """Members that count by themselves; all of a group that was joined over slices, where only such were taken."""
    return count_of(group) if "depth" in group.measures else sum(name in counted for name in group.lesions)


def told_of(group: Group, counted: frozenset[str]) -> str:
    """How many: a group holds weaker specks that only their neighbors make likely."""
    every, own = count_of(group), own_of(group, counted)
    return f"{every} calcifications" if own >= every else f"{every} specks ({own} counted)"


def extent_of(group: Group, image: ImageInfo) -> str:
    """How far a group reaches: as measured, else the sides of its box."""
    for name in (*_EXTENTS, *_EXTENTS_PX):
        held = group.measures.get(name)
        if held is not None and held.value is not None:
            return f"{number_text(held.value)} {'mm' if held.unit == 'mm' else 'pixels'}"
    (_, r0, c0), (_, r1, c1) = group.bounds_index
    if image.spacing_mm is None:
        return f"{r1 - r0} × {c1 - c0} pixels"
    row, column = image.spacing_mm[-2:]
    return f"{(r1 - r0) * row:.0f} × {(c1 - c0) * column:.0f} mm"


def place_of(center: Sequence[float]) -> str:
    """Row and column of the image, zero-based."""
    return f"row {center[1]:.0f}, column {center[2]:.0f}"


def _particles(measures: Mapping[str, Measurement]) -> str:
    """How large the particles of a group are."""
    held = measures.get("median_diameter")
    return "" if held is None or held.value is None else f"median particle {number_text(held.value)} {held.unit}"


def size_of(lesion: Lesion) -> str:
    """The largest diameter with its unit and, where it has one, its interval."""
    for name, unit in (("diameter", "mm"), ("diameter_pixels", "pixels")):
        held = lesion.measures.get(name)
        if held is not None and held.value is not None:
            ends = interval_text(held)
            return f"{number_text(held.value)} {unit}{f' ({ends})' if ends else ''}"
    return ""


def artery_rows(found: Found, s: BreastPageSettings) -> tuple[ArteryRow, ...]:
    """Arteries of one image, the longest first."""
    scaled = found.image.spacing_mm is not None

    def told(one: Lesion, name: str) -> str:
        value = one.evidence.get(name)
        return f"{number_text(value)} mm" if scaled and value is not None else ""

    longest = sorted(found.arteries, key=lambda one: -one.evidence.get("length_mm", 0.0))
    return tuple(
        ArteryRow(
            lesion=one,
            id=visible(one.id),
            view=view_title(found.image),
            length=told(one, "length_mm"),
            width=told(one, "width_mm"),
            place=place_of(one.center_index),
        )
        for one in longest[: s.max_rows]
    )


def larger_rows(
    found: Found, lesions: Sequence[Lesion], s: BreastPageSettings, held: Crops | None = None
) -> tuple[LargerRow, ...]:
    """Larger calcifications of one image, in the order given."""
    groups = in_groups(found.reported)
    return tuple(
        LargerRow(
            lesion=one,
            id=visible(one.id),
            view=view_title(found.image),
            kinds=_words(one, "pattern", one.pattern[0] if one.pattern else None),
            size=size_of(one),
            place=place_of(one.center_index),
            group=visible(groups.get(one.id, "")),
            shown_by="" if held is None else visible(held.shown_by.get(one.id, "")),
            crop=None if held is None else held.views.get(one.id),
        )
        for one in lesions[: s.max_rows]
    )
