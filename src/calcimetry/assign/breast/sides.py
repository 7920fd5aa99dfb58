"""Left against right: what one breast has and the other has not, as sentences for a reader."""

from __future__ import annotations

from collections.abc import Sequence

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.settings import SideSettings
from calcimetry.core.lesion import Lesion
from calcimetry.core.note import Note
from calcimetry.knowledge.breast_words import benign

__all__ = ["side_notes"]

_ARTERY = "br_vascular"
_NAMES = {"L": "left", "R": "right"}


def side_notes(views: Sequence[SeenBreast], settings: SideSettings = SideSettings()) -> tuple[Note, ...]:
    """Notes on the difference of the breasts; empty unless both were seen whole from the same direction.

    No number and no category changes by them.
    """
    shared = {v.family for v in views if v.side == "L"} & {v.family for v in views if v.side == "R"} - {None}
    if not shared:
        return ()
    mine = {side: [v for v in views if v.side == side and v.family in shared] for side in ("R", "L")}
    found = [_groups(mine), _loose(mine, settings)]
    return tuple(note for note in found if note is not None)


def _groups(mine: dict[str, list[SeenBreast]]) -> Note | None:
    having = [side for side, views in mine.items() if any(g.reported for v in views for g in v.groups)]
    if len(having) != 1:
        return None
    other = "L" if having == ["R"] else "R"
    text = f"a group is reported in the {_NAMES[having[0]]} breast and none in the {_NAMES[other]}: compare the two"
    return Note("sides-differ", text)


def _loose(mine: dict[str, list[SeenBreast]], settings: SideSettings) -> Note | None:
    """Single calcifications outside reported groups, in the view of each side that shows most."""
    best = {side: max(([*_singles(v)] for v in views), key=len, default=[]) for side, views in mine.items()}
    right, left = len(best["R"]), len(best["L"])
    if max(right, left) < settings.least:
        return None
    if max(right, left) >= settings.times * max(min(right, left), 1):
        text = f"single calcifications are counted {right} times in the right breast and {left} times in the left"
        return Note("sides-differ", text)
    if min(right, left) >= settings.least and all(benign(one, or_round=True) for one in (*best["R"], *best["L"])):
        text = f"single calcifications of benign form lie in both breasts alike ({right} right, {left} left)"
        return Note("sides-alike", text)
    return None


def _singles(view: SeenBreast) -> list[Lesion]:
    grouped = {name for group in view.groups if group.reported for name in group.lesions}
    taken = (one for one in view.lesions if one.counted and one.kind == "calcification" and one.id not in grouped)
    return [one for one in taken if _ARTERY not in one.pattern]
