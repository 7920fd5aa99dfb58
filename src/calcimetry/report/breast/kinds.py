"""What each thing on a mammogram is to the reader: speck, larger or benign, artery, less sure, or no calcium."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.group import Group
from calcimetry.core.lesion import Lesion
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.words import is_benign, why_not, word_short

__all__ = [
    "ARTERY",
    "FIRST_VIEWS",
    "Found",
    "Role",
    "found_in",
    "leading",
    "mammograms",
    "role_of",
    "without_mammograms",
]

Role = Literal["speck", "larger", "artery", "faint", "other"]
ARTERY = "br_vascular"
FIRST_VIEWS = ("CC", "MLO")
"""Views of a screening examination as they hang, from above."""
_SIDES = ("R", "L", "B")


def mammograms(case: Case) -> tuple[ImageInfo, ...]:
    """The images in which a breast was looked at: right before left, CC before MLO, then in the order of the case."""
    found = (image for image in case.images if "breast" in image.used_for)
    return tuple(sorted(found, key=lambda x: (_place(x.laterality, _SIDES), _place(x.view, FIRST_VIEWS))))


def _place(word: str | None, order: tuple[str, ...]) -> int:
    return order.index(word) if word in order else len(order)


def without_mammograms(case: Case) -> Case:
    """What is left of a case for the parts of page and terminal that know volumes only."""
    mine = {image.id for image in mammograms(case)}
    if not mine:
        return case
    return case.adding(
        images=tuple(x for x in case.images if x.id not in mine),
        lesions=tuple(x for x in case.lesions if x.image not in mine),
        groups=tuple(x for x in case.groups if x.image not in mine),
        scores=tuple(x for x in case.scores if x.image not in mine),
        grades=tuple(x for x in case.grades if x.site != "breast"),
        pixels={name: x for name, x in case.pixels.items() if name not in mine},
    )


def diameter_mm(lesion: Lesion) -> float | None:
    """Largest diameter, where the image has a scale."""
    held = lesion.measures.get("diameter")
    return None if held is None else held.value


def role_of(lesion: Lesion, s: BreastPageSettings) -> Role:
    """How a thing is drawn and listed; where the image has no scale a benign kind counts as larger."""
    if lesion.kind != "calcification":
        return "other"
    if not lesion.counted:
        return "faint"
    if ARTERY in lesion.pattern[:1]:
        return "artery"
    size = diameter_mm(lesion)
    large = is_benign(lesion.pattern) if size is None else size >= s.larger_mm
    return "larger" if large else "speck"


@dataclass(frozen=True, slots=True)
class Found:
    """What one view shows. Groups are the surest first, larger calcifications the largest first."""

    image: ImageInfo
    reported: tuple[Group, ...]
    maybe: tuple[Group, ...]
    specks: tuple[Lesion, ...]
    larger: tuple[Lesion, ...]
    arteries: tuple[Lesion, ...]
    faint: tuple[Lesion, ...]
    other: tuple[Lesion, ...]
    scores: dict[str, float]

    @property
    def counted(self) -> int:
        """Calcifications that count, arteries as one each."""
        return len(self.specks) + len(self.larger) + len(self.arteries)

    @property
    def lesions(self) -> tuple[tuple[Role, Lesion], ...]:
        """Everything, with its role, what matters most last: that lies on top."""
        parts: tuple[tuple[Role, tuple[Lesion, ...]], ...] = (
            ("faint", self.faint),
            ("other", self.other),
            ("artery", self.arteries),
            ("larger", self.larger),
            ("speck", self.specks),
        )
        return tuple((role, lesion) for role, held in parts for lesion in held)

    def benign_kinds(self) -> tuple[tuple[str, int], ...]:
        """Typically benign words, with the number of calcifications that have them."""
        held = Counter(word_short(x.pattern[0]) for x in (*self.larger, *self.specks) if is_benign(x.pattern))
        return tuple(sorted(held.items(), key=lambda item: (-item[1], item[0])))

    def left_out(self) -> tuple[tuple[str, str, int], ...]:
        """Kind, reason and number of what was not counted."""
        held = Counter((x.kind, why_not(x.reason)) for x in (*self.other, *self.faint))
        return tuple((kind, why, n) for (kind, why), n in sorted(held.items(), key=lambda item: (-item[1], item[0])))


def found_in(case: Case, image: ImageInfo, s: BreastPageSettings) -> Found:
    """What one image shows, sorted for the reader."""
    held: dict[Role, list[Lesion]] = {"speck": [], "larger": [], "artery": [], "faint": [], "other": []}
    for lesion in case.lesions:
        if lesion.image == image.id:
            held[role_of(lesion, s)].append(lesion)
    groups = sorted((g for g in case.groups if g.image == image.id), key=lambda g: -g.confidence)
    return Found(
        image,
        tuple(g for g in groups if g.reported),
        # Of groups that another slice shows better nothing is missing.
        tuple(g for g in groups if not g.reported and not g.seen_in),
        tuple(held["speck"]),
        tuple(sorted(held["larger"], key=_size)),
        tuple(sorted(held["artery"], key=_size)),
        tuple(held["faint"]),
        tuple(held["other"]),
        {score.name: score.value for score in case.scores if score.image == image.id and score.value is not None},
    )


def _size(lesion: Lesion) -> float:
    held = lesion.measures.get("diameter") or lesion.measures.get("diameter_pixels")
    return -(held.value or 0.0) if held is not None else 0.0


def leading(found: Sequence[Found], most: int) -> tuple[Found, ...]:
    """At most so many views, in their order: where there are more (slices), those with the surest groups."""

    def surest(one: Found) -> tuple[float, int]:
        return max((g.confidence for g in one.reported), default=0.0), one.counted

    chosen = sorted(range(len(found)), key=lambda n: surest(found[n]), reverse=True)[:most]
    return tuple(found[n] for n in sorted(chosen))


def in_groups(groups: Sequence[Group]) -> dict[str, str]:
    """Id of each member -> id of its group, the surest where there are several."""
    return {member: group.id for group in reversed(groups) for member in group.lesions}
