"""Which lesions a reader should check first: those that weigh most if their name or kind is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calcimetry.core.case import Case
from calcimetry.core.lesion import Lesion
from calcimetry.report.heart.burden import volume_of
from calcimetry.report.heart.places import SITES, heart_share, name_of, names_of_others, site_of
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


def concerns(lesion: Lesion, settings: HeartPageSettings) -> bool:
    """Whether heart or great vessels claim a lesion, or might."""
    return lesion.site in SITES or heart_share(lesion) >= settings.heart_from


def doubts(case: Case, image: str, settings: HeartPageSettings) -> tuple[Doubt, ...]:
    """All lesions of an image to check first, the heaviest doubt first."""
    found = (_doubt(x, settings) for x in case.lesions if x.image == image and concerns(x, settings))
    return tuple(sorted((d for d in found if d is not None), key=lambda d: -d.weight_mm3))


def _doubt(lesion: Lesion, s: HeartPageSettings) -> Doubt | None:
    low, high = s.kind_between
    ours = lesion.site in SITES
    if lesion.kind not in ("calcification", "unknown") or (not ours and lesion.confidence < low):
        return None  # surely no calcium: it stands among those left out
    elsewhere = sum(a.probability for a in lesion.alternatives if site_of(lesion, a) != lesion.site)
    unsure_place = not ours or lesion.probability < s.sure_below or elsewhere >= s.other_site_from
    unsure_kind = ours and (low <= lesion.confidence <= high or lesion.kind == "unknown")
    if not (unsure_place or unsure_kind):
        return None
    wrong_place = (1.0 - lesion.probability if ours else heart_share(lesion)) if unsure_place else 0.0
    wrong_kind = 1.0 - abs(2 * lesion.confidence - 1.0) if unsure_kind else 0.0
    return Doubt(
        lesion=lesion,
        name=name_of(lesion.site, lesion.structure),
        others=names_of_others(lesion),
        reasons=tuple(_reasons(lesion, elsewhere, unsure_kind, s)),
        unsure_kind=unsure_kind,
        weight_mm3=volume_of(lesion) * max(wrong_place, wrong_kind),
    )


def _reasons(lesion: Lesion, elsewhere: float, unsure_kind: bool, s: HeartPageSettings) -> Iterator[str]:
    if lesion.site not in SITES:
        yield f"it may belong to heart or vessels ({100 * heart_share(lesion):.0f} %)"
    elif lesion.probability < s.sure_below:
        yield f"its place is sure to {100 * lesion.probability:.0f} % only"
    if elsewhere >= s.other_site_from and lesion.site in SITES:
        yield "another name is of another site, so that a sum would change"
    if unsure_kind:
        yield f"calcification at all with confidence {lesion.confidence:.2f}"
    if lesion.evidence.get("parted"):
        yield "cut from a larger body that runs into another structure"
    if not lesion.counted:
        yield f"not counted: {visible(lesion.reason or 'no reason is given')}"
    elif lesion.reason:
        yield visible(lesion.reason)
