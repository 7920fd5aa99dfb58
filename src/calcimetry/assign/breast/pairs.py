"""Groups of two views that are likely the same calcium: as far from the nipple, of the same form, of about one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.quadrant import quadrant
from calcimetry.assign.breast.settings import TwoViewSettings
from calcimetry.core.group import Group
from calcimetry.knowledge.breast_words import class_of, forms

__all__ = ["two_views"]


def two_views(views: Sequence[SeenBreast], settings: TwoViewSettings = TwoViewSettings()) -> dict[str, Group]:
    """Reported groups with what a second view adds to them.

    Parameters
    ----------
    views : sequence of SeenBreast
        All views of a case.
    settings : TwoViewSettings

    Returns
    -------
    dict
        Id -> group, for those that another view of the same breast shows as well: ``seen_in`` names the groups there,
        ``structure`` is the quadrant where both views together tell it. Likely is not certain: in each pair of views a
        group has one partner at most, the one whose distance from the nipple is most alike. A quadrant is for finding
        it again, not for a needle.
    """
    every = {group.id: group for view in views for group in view.groups}
    partners: dict[str, list[str]] = {}
    quadrants: dict[str, set[str]] = {}
    for first, second in combinations(views, 2):
        if first.side is None or first.side != second.side:
            continue
        if first.family is None or second.family is None or first.family == second.family:
            continue
        for a, b in _partners(first, second, settings):
            where = quadrant(first, a, second, b, settings)
            for one, other in ((a, b), (b, a)):
                partners.setdefault(one.id, []).append(other.id)
                quadrants.setdefault(one.id, set()).update({where} - {""})
    # Pairs of views that tell different quadrants tell none.
    return {
        name: replace(every[name], seen_in=tuple(others), structure="".join(quadrants[name]))
        if len(quadrants[name]) == 1
        else replace(every[name], seen_in=tuple(others))
        for name, others in partners.items()
    }


def _partners(first: SeenBreast, second: SeenBreast, settings: TwoViewSettings) -> list[tuple[Group, Group]]:
    rows = []
    for n, a in enumerate(first.groups):
        for m, b in enumerate(second.groups):
            here, there = first.distance_mm(a), second.distance_mm(b)
            if not (a.reported and b.reported) or here is None or there is None:
                continue
            apart = abs(here - there)
            if apart <= settings.distance_mm and _same_form(a, b) and _same_size(a, b, settings):
                rows.append((apart, n, m, a, b))
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    pairs = []
    for _, n, m, a, b in sorted(rows, key=lambda row: row[:3]):
        if n not in taken_a and m not in taken_b:
            pairs.append((a, b))
            taken_a.add(n)
            taken_b.add(m)
    return pairs


def _same_form(a: Group, b: Group) -> bool:
    """Whether one of the words that are meant is of the same class in both; no word speaks against none."""
    here, there = ({class_of(word) for word in forms(one)} for one in (a, b))
    return not here or not there or bool(here & there)


def _same_size(a: Group, b: Group, settings: TwoViewSettings) -> bool:
    extents = [one.measures["extent"].value for one in (a, b) if "extent" in one.measures]
    sizes = [value + settings.size_floor_mm for value in extents if value is not None]
    return len(sizes) < 2 or max(sizes) <= settings.size_times * min(sizes)
