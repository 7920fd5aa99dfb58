"""Which lesions a reader should check first: those that weigh most if their name or kind is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calcimetry.core.case import Case
from calcimetry.core.lesion import Lesion
from calcimetry.report.heart.burden import volume_of
from calcimetry.report.heart.places import SITES, name_of, names_of_others, site_of
from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.words import visible

__all__ = ["Doubt", "concerns", "doubts"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A lesion to check first: its name with the others it may have, why it is here, and its weight [mm³].

    The weight is its volume times the larger of two shares: that its name is wrong, that its kind is unsure.
    """

    lesion: Lesion
    name: str
    others: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]
    unsure_kind: bool
    weight_mm3: float


def concerns(lesion: Lesion) -> bool:
    """Whether heart or great vessels are among the names that a lesion may have."""
    return lesion.site in SITES or any(site_of(lesion, other) in SITES for other in lesion.alternatives)


def doubts(case: Case, image: str, settings: HeartPageSettings) -> tuple[Doubt, ...]:
    """All lesions of an image to check first, the heaviest doubt first."""
    found = (_doubt(x, settings) for x in case.lesions if x.image == image and concerns(x))
    return tuple(sorted((d for d in found if d is not None), key=lambda d: -d.weight_mm3))


def _doubt(lesion: Lesion, s: HeartPageSettings) -> Doubt | None:
    low, high = s.kind_between
    elsewhere = sum(a.probability for a in lesion.alternatives if site_of(lesion, a) != lesion.site)
    unsure_place = (lesion.site in SITES and lesion.probability < s.sure_below) or elsewhere >= s.other_site_from
    may_be = lesion.kind in ("calcification", "unknown")
    unsure_kind = may_be and lesion.site in SITES and (low <= lesion.confidence <= high or lesion.kind == "unknown")
    if not (unsure_place or unsure_kind):
        return None
    wrong = (1.0 - lesion.probability if unsure_place else 0.0, 1.0 - abs(2 * lesion.confidence - 1.0))
    return Doubt(
        lesion=lesion,
        name=name_of(lesion.site, lesion.structure),
        others=names_of_others(lesion),
        reasons=tuple(_reasons(lesion, elsewhere, unsure_kind, s)),
        unsure_kind=unsure_kind,
        weight_mm3=volume_of(lesion) * (max(wrong) if unsure_kind else wrong[0]),
    )


def _reasons(lesion: Lesion, elsewhere: float, unsure_kind: bool, s: HeartPageSettings) -> Iterator[str]:
    if lesion.probability < s.sure_below and lesion.site in SITES:
        yield f"its place is sure to {100 * lesion.probability:.0f} % only"
    if elsewhere >= s.other_site_from:
        yield "the other name is of another site, so that a sum would change"
    if unsure_kind:
        yield f"calcification at all with confidence {lesion.confidence:.2f}"
    if not lesion.counted:
        yield f"not counted: {visible(lesion.reason or 'no reason is given')}"
    elif lesion.reason:
        yield visible(lesion.reason)
