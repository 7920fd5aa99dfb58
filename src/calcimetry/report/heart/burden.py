"""Calcium by structure: numbers of the scores where there are any, else sums of the lesions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from calcimetry.core.case import Case
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Measurement, Score
from calcimetry.report.heart.places import ARTERIES, PLACES, Place, place_of

__all__ = ["Burden", "Vessels", "burdens", "vessels", "volume_of"]


@dataclass(frozen=True, slots=True)
class Burden:
    """What one structure holds.

    ``lesions`` are the counted ones. ``agatston`` and ``volume`` are the scores as they are; without a score of the
    volume it is the sum of the lesions. ``doubtful_mm3`` is what of the volume is to be checked first.
    """

    place: Place
    lesions: tuple[Lesion, ...]
    agatston: Score | None
    volume: Score | Measurement | None
    doubtful_mm3: float
    state: Literal["found", "none", "withheld", "not assessed"]
    reason: str | None = None

    @property
    def volume_mm3(self) -> float:
        """The volume, 0 where none is known."""
        return 0.0 if self.volume is None or self.volume.value is None else self.volume.value

    @property
    def doubtful_share(self) -> float:
        """Share of the lesions' volume that is to be checked first."""
        return self.doubtful_mm3 / max(sum(map(volume_of, self.lesions)), 1e-9)


@dataclass(frozen=True, slots=True)
class Vessels:
    """In how many coronary arteries calcium is counted; the left main is one of its own.

    ``only_doubtful``: those that would go if every lesion to check first were none of theirs. ``unnamed``: counted
    lesions that no artery claims; then the number is a lower bound.
    """

    named: tuple[Place, ...]
    only_doubtful: tuple[Place, ...]
    unnamed: int


def volume_of(lesion: Lesion) -> float:
    """Volume of a lesion [mm³], 0 where it was not measured."""
    measured = lesion.measures.get("volume")
    return 0.0 if measured is None or measured.value is None else measured.value


def burdens(case: Case, image: str, doubtful: Collection[str]) -> tuple[Burden, ...]:
    """One row for each place; those without a name only where a lesion needs them.

    Parameters
    ----------
    case : Case
    image : str
        Id of the image.
    doubtful : collection of str
        Ids of the lesions to check first.
    """
    counted: dict[Place, list[Lesion]] = {place: [] for place in PLACES}
    for lesion in case.lesions:
        place = place_of(lesion.site, lesion.structure)
        if place is not None and lesion.counted and lesion.image == image:
            counted.setdefault(place, []).append(lesion)
    scores = [score for score in case.scores if score.image == image]
    return tuple(_burden(case, image, place, held, scores, doubtful) for place, held in counted.items())


def _burden(
    case: Case,
    image: str,
    place: Place,
    lesions: Sequence[Lesion],
    scores: Sequence[Score],
    doubtful: Collection[str],
) -> Burden:
    mine = [s for s in scores if s.site == place.site]
    here = {s.name: s for s in reversed(mine) if s.structure == (place.structure or "total")}
    agatston, volume = here.get("agatston"), here.get("volume")
    summed = sum(volume_of(x) for x in lesions)
    unsure = sum(volume_of(x) for x in lesions if x.id in doubtful)
    held_back = next((s for s in (volume, agatston, *mine) if s is not None and s.status == "withheld"), None)
    reason = next((n.reason for n in case.not_assessed if n.site == place.site), None)
    state: Literal["found", "none", "withheld", "not assessed"]
    if held_back is not None and (volume is None or volume.value is None):
        state, reason = "withheld", held_back.reason
    elif lesions:
        state, reason = "found", None
    elif mine or place.site in case.image(image).used_for:
        state, reason = "none", None
    else:
        state = "not assessed"
    shown = volume if volume is not None else Measurement(summed, "mm3") if lesions or state == "none" else None
    return Burden(place, tuple(lesions), agatston, shown, unsure, state, reason)


def vessels(rows: Sequence[Burden], doubtful: Collection[str]) -> Vessels | None:
    """The coronary arteries that hold counted calcium; ``None`` where none was looked at or the numbers are withheld.

    Parameters
    ----------
    rows : sequence of Burden
    doubtful : collection of str
        Ids of the lesions to check first.
    """
    coronary = [row for row in rows if row.place.is_artery]
    if not any(row.state in ("found", "none") for row in coronary):
        return None
    held = {row.place: row.lesions for row in coronary if row.lesions and row.state == "found"}
    named = tuple(place for place in ARTERIES if place in held)
    return Vessels(
        named=named,
        only_doubtful=tuple(place for place in named if all(x.id in doubtful for x in held[place])),
        unnamed=sum(len(x) for place, x in held.items() if place not in ARTERIES),
    )
