"""What an explanation holds: frozen values, written as ``calcimetry-explanation/1`` by :meth:`Explanation.record`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = [
    "Cause",
    "Evidence",
    "Explanation",
    "FollowUp",
    "Guideline",
    "MetabolicPattern",
    "ProposedTest",
    "Reading",
    "RedFlag",
    "Referral",
    "Shared",
    "TypeRank",
    "Voided",
    "Withheld",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against: ``sign`` is ``+``, ``++`` or ``-``, never a number."""

    sign: str
    text: str
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A row of the red flags that fired.

    ``call_today``: a service is called today, though the person is seen later; ``days``: seen within so many days,
    where that is sooner than the tier.
    """

    id: str
    text: str
    urgency: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str
    call_today: bool = False
    days: int | None = None


@dataclass(frozen=True, slots=True)
class MetabolicPattern:
    """A pattern of the blood: ``certainty`` is ``fits``, ``suspected`` (one sample), ``possible`` (values missing)."""

    id: str
    certainty: str
    fits: tuple[str, ...]
    against: tuple[str, ...]
    missing: tuple[str, ...]
    missing_why: Mapping[str, str]
    text: str
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class TypeRank:
    """A type of calcification in its rank."""

    id: str
    certainty: str
    for_: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause in its rank; ``must_not_miss`` is shown even when unlikely."""

    id: str
    must_not_miss: bool
    for_: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class ProposedTest:
    """A proposed test or step. ``status`` is never ``uncertain``: that may order, not recommend."""

    id: str
    why: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Referral:
    """Who sees the person."""

    id: str
    why: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What follows, with a due date computed from the date that was passed in."""

    kind: str
    months: tuple[int, ...]
    due: str | None
    no_further_imaging: bool
    because: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A value that was questioned and not used, or a statement not made; ``needs`` says what would settle it."""

    what: str
    reason: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voided:
    """A benign reading that was cancelled, and by what."""

    rule: str
    void: str
    reason: str
    because: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guideline:
    """What one guideline says; those that disagree stand side by side, that of the wanted region first."""

    source: str
    edition: str
    region: str
    text: str
    status: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One rule that was used for a finding, with its sentence, treatment class and what to leave alone."""

    rule: str
    site: str
    text: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str
    treatment: str | None = None
    avoid: str | None = None
    row: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """One cause behind several findings."""

    id: str
    cause: str
    sites: tuple[str, ...]
    text: str
    because: tuple[str, ...]
    sources: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer to a case.

    ``not_stated`` names every fact that could still change the answer, ``questions`` those of them that could raise a
    red flag.
    """

    red_flags: tuple[RedFlag, ...]
    metabolic_patterns: tuple[MetabolicPattern, ...]
    types: tuple[TypeRank, ...]
    causes: tuple[Cause, ...]
    tests: tuple[ProposedTest, ...]
    referrals: tuple[Referral, ...]
    urgency: str
    follow_up: FollowUp
    withheld: tuple[Withheld, ...]
    readings: tuple[Reading, ...]
    shared: tuple[Shared, ...]
    benign_reading_void_because: tuple[Voided, ...]
    guidelines: tuple[Guideline, ...]
    laboratory: tuple[Mapping[str, Any], ...]
    not_stated: tuple[str, ...]
    questions: tuple[str, ...]
    notes: tuple[str, ...]
    shown_back: Mapping[str, Any]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As ``calcimetry-explanation/1``: plain values, keys in a fixed order."""
        return {"schema": "calcimetry-explanation/1", **_plain(self)}


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {f.name.rstrip("_"): _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
