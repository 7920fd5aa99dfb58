"""The ways from a score to a category; a scale names one of them as its ``kind``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from calcimetry.core.measurement import Score
from calcimetry.core.source import Status
from calcimetry.grade.bands import place, reach
from calcimetry.grade.scales import Band, Edition, Scale
from calcimetry.knowledge import logic

__all__ = ["KINDS", "Placed", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """Everything one kind may look at."""

    scale: Scale
    edition: Edition
    score: Score
    value: float
    facts: logic.Facts
    siblings: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """What a kind answers; ``category`` is ``None`` where it cannot, and ``reasons`` then say why."""

    category: str | None = None
    meaning: str = ""
    status: Status = "ours"
    reasons: tuple[str, ...] = field(default=())
    estimated: bool = False


def _bands(question: Question) -> Placed:
    answers = [(group, logic.evaluate(group.when, question.facts)) for group in question.edition.groups]
    fitting = [group for group, answer in answers if answer.truth is True]
    if not fitting:
        asked = sorted({name for _, answer in answers for name in answer.missing})
        # Every group is printed, so that a reader who knows the fact has the answer.
        each = ", ".join(f"{g.label}: {place(question.value, g.bands).category}" for g, _ in answers)
        return Placed(reasons=(f"not known: {' and '.join(logic.labels(asked))} ({each})",))
    bands = fitting[0].bands
    band = place(question.value, bands)
    note = (question.edition.note,) if question.edition.note else ()
    return Placed(band.category, band.meaning, band.status, note + _spread(question.score, bands))


def _spread(score: Score, bands: Sequence[Band]) -> tuple[str, ...]:
    touched = reach(score.interval95, bands) if score.interval95 else ()
    if len(touched) < 2:
        return ()
    return (f"the 95 % interval reaches from {touched[0].category} to {touched[-1].category}",)


def _cac_drs(question: Question) -> Placed:
    """A by score, N by the number of arteries with calcium; N only where all four were scored."""
    placed = _bands(question)
    values = {s.structure: s.value for s in question.siblings if s.status != "withheld"}
    arteries = [values.get(name) for name in question.scale.extra["arteries"]]
    count = sum(value > 0 for value in arteries if value is not None)
    if None in arteries or (count == 0) != (question.value == 0):
        return Placed(
            placed.category, placed.meaning, placed.status, (*placed.reasons, "vessel number unknown"), placed.estimated
        )
    meaning = f"{placed.meaning} {count} of 4 arteries hold calcium."
    return Placed(f"{placed.category}/N{count}", meaning, placed.status, placed.reasons, placed.estimated)


KINDS: dict[str, Callable[[Question], Placed]] = {"bands": _bands, "cac_drs": _cac_drs}
"""Kind -> function; a loader test proves that every scale names one of them."""
