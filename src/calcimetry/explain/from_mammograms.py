"""What was found on mammograms, as findings of a case: each reported group, and typed benign calcium of each side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from calcimetry.core.image import Projection
from calcimetry.core.views import single_slice, work_up
from calcimetry.knowledge.breast_words import (
    BENIGN,
    ROUND,
    arrangements,
    benign,
    by_concern,
    class_of,
    forms,
    forms_of_group,
)
from calcimetry.knowledge.load import table

if TYPE_CHECKING:
    from calcimetry.core.case import Case
    from calcimetry.core.group import Group
    from calcimetry.core.lesion import Lesion

__all__ = ["breast_findings", "breast_modality", "nothing_found"]

_SIDES = {"L": "left", "R": "right"}


def breast_findings(case: Case) -> list[dict[str, Any]]:
    """Findings of ``calcimetry-case/1`` from the mammograms of a case.

    A reported group is one finding, and groups of two views that are likely the same calcium are one together; groups
    of one breast with the same words are said once, with the largest extent and all their particles. Of the rest only
    counted calcium with a word of a typically benign or round form explains: one finding for each word and side. Every
    word is marked as one that no reader has confirmed (``unconfirmed_on``).
    """
    rows = _joined([_of_groups(case, alike) for alike in _together([g for g in case.groups if g.reported])])
    grouped = {name for group in case.groups if group.reported for name in group.lesions}
    rows += list(_of_lesions(case, [one for one in case.lesions if one.id not in grouped and one.site == "breast"]))
    return rows


def nothing_found(case: Case, stated: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A finding of no calcification, where the person has a complaint of the breast: it must not go unanswered."""
    complaints = set(table("reasoning/organs")["group"]["breast"]["complaints"])
    looked = next((one for one in case.images if "breast" in one.used_for), None)
    named = stated.get("symptoms")
    if looked is None or not isinstance(named, list | tuple) or not complaints & {str(word) for word in named}:
        return []
    row = _head(case, looked.laterality, looked.id) | {"count": 0}
    row.pop("laterality", None)  # which side the complaint is of is not known
    return [row]


def breast_modality(case: Case) -> str | None:
    """``mammography`` or ``tomosynthesis`` where a case shows breasts and nothing else; else ``None``."""
    used = [one for one in case.images if one.used_for]
    if not used or any(set(one.used_for) != {"breast"} for one in used):
        return None
    taken = [case.pixels.get(one.id) for one in used]
    slices = all(isinstance(one, Projection) and single_slice(one) for one in taken)
    return "tomosynthesis" if slices else "mammography"


def _together(groups: list[Group]) -> list[list[Group]]:
    """Groups of several views that are likely the same calcium, as one list each, in the order of the case."""
    found: list[list[Group]] = []
    for group in groups:
        linked = [one for one in found if any(group.id in g.seen_in or g.id in group.seen_in for g in one)]
        found = [one for one in found if one not in linked] + [[*(g for one in linked for g in one), group]]
    order = {group.id: n for n, group in enumerate(groups)}
    return sorted(found, key=lambda alike: order[alike[0].id])


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings that differ in nothing but number and size as one, in the order of the first."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        words = repr(sorted((key, value) for key, value in row.items() if key not in ("count", "size_mm")))
        same = found.setdefault(words, row)
        if same is not row:
            number = same.get("count", 0) + row.get("count", 0)
            same |= {"count": number} if number else {}
            sizes = [one["size_mm"] for one in (same, row) if "size_mm" in one]
            same |= {"size_mm": max(sizes)} if sizes else {}
    return list(found.values())


def _of_groups(case: Case, alike: list[Group]) -> dict[str, Any]:
    members = {lesion.id: lesion for lesion in case.lesions}
    each = [forms_of_group(group, members) for group in alike]
    words = {word for found in each for word in found}
    # Of mixed words the more suspicious ones speak; benign in one view and without a word in the other is not benign.
    benign_ones = {word for word in words if class_of(word) == BENIGN}
    if words != benign_ones or not all(each):
        words -= benign_ones
    # How those lie whose words speak; scattered is not said of what may be a group of its own.
    speaking = [g for g, found in zip(alike, each, strict=True) if words & set(found)] or alike
    lies = [word for group in speaking for word in arrangements(group)]
    if not all(arrangements(group) for group in speaking):
        lies = [word for word in lies if word != "diffuse"]
    extents = [g.measures["extent"].value for g in alike if "extent" in g.measures]
    sizes = [value for value in extents if value is not None]
    row = _head(case, alike[0].laterality, alike[0].image)
    if words:
        row["pattern"] = sorted(words, key=by_concern().index)
    if lies:
        row["distribution"] = list(dict.fromkeys(lies))
    number = max(len(group.lesions) for group in alike)
    return row | ({"count": number} if number else {}) | ({"size_mm": max(sizes)} if sizes else {})


def _of_lesions(case: Case, lesions: Iterable[Lesion]) -> Iterator[dict[str, Any]]:
    # Both views of a breast show the same calcium: it is counted in the one that shows most.
    seen: dict[tuple[str, str], Counter[str]] = {}
    for one in lesions:
        word = _benign_word(one)
        if word is not None:
            side = one.laterality if one.laterality in _SIDES else one.image
            seen.setdefault((str(side), word), Counter())[one.image] += 1
    for (_, word), images in sorted(seen.items()):
        image, number = max(images.items(), key=lambda item: item[1])
        row = _head(case, case.image(image).laterality, image) | {"pattern": [word], "count": number}
        if word == ROUND:
            row["distribution"] = "single" if number == 1 else "multiple"
        yield row


def _benign_word(one: Lesion) -> str | None:
    """The word of a counted calcification, where all that are meant are typically benign or round."""
    if one.kind != "calcification" or not one.counted:
        return None
    return forms(one)[0] if benign(one, or_round=True) else None


def _head(case: Case, laterality: str | None, image: str) -> dict[str, Any]:
    """Side, and how far that breast was looked into. A case read back has no views: screening is what is sure."""
    mine = [one.id for one in case.images if one.laterality == laterality] if laterality in _SIDES else [image]
    taken = [one for name in mine if isinstance(one := case.pixels.get(name), Projection)]
    far = work_up(taken)
    row: dict[str, Any] = {"site": "breast", "views_complete": far == "complete"}
    row["unconfirmed_on"] = "screening" if far == "screening" else "magnification"
    return row | ({"laterality": _SIDES[laterality]} if laterality in _SIDES else {})
