"""The ways from a score to a category; a scale names one of them as its ``kind``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

from calcimetry.core.measurement import Score
from calcimetry.core.source import Status
from calcimetry.grade.bands import place, reach
from calcimetry.grade.percentile import mesa, pooled
from calcimetry.grade.risk import RiskFactors, arterial_age_years, mesa_chd_percent
from calcimetry.grade.scales import Band, Edition, Scale
from calcimetry.grade.valve import avc_ratio
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import table
from calcimetry.knowledge.rounding import half_up

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
        return Placed(reasons=(f"not known: {'; '.join(logic.labels(asked))} ({each})",))
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


def _mesa_percentile(question: Question) -> Placed:
    facts, status = question.facts, question.edition.status
    found = mesa(question.value, age_years=facts["age_years"], sex=facts["sex"], ethnicity=facts["ethnicity"])
    group = f"{facts['ethnicity']} {_people(facts['sex'])} of {facts['age_years']} years in MESA"
    if question.value <= 0:
        meaning = f"Score zero, as in {half_up(100 - found.nonzero_percent)} % of {group}; no percentile."
        return Placed("zero", meaning, status)
    limits = ", ".join(f"{q} {half_up(v)}" for q, v in zip(("P25", "P50", "P75", "P90"), found.reference, strict=True))
    text = (
        f"About {half_up(found.percentile)} % of {group} have a lower score; {limits}; "
        f"{half_up(found.nonzero_percent)} % have any calcium."
    )
    return Placed(f"P{half_up(found.percentile)}", text, status)


def _table_percentile(question: Question) -> Placed:
    facts, edition = question.facts, question.edition
    found = pooled(str(edition.reference), question.value, age_years=facts["age_years"], sex=facts["sex"])
    people = f"{_people(facts['sex'])} of the same age range in this study"
    if found.text == "zero":
        meaning = f"Score zero among {people}; no percentile."
    elif found.percentile is None:
        meaning = f"Percentile {found.text} among {people}; nothing is extrapolated beyond the table."
    else:
        meaning = f"About {half_up(found.percentile)} % of {people} have a lower score."
    return Placed(found.text, meaning, edition.status, (edition.note,) if edition.note else ())


def _mesa_chd(question: Question) -> Placed:
    names = [f.name for f in fields(RiskFactors)]
    person = RiskFactors(**{name: question.facts[name] for name in names})
    without, with_score = mesa_chd_percent(person), mesa_chd_percent(person, question.value)
    text = (
        f"Of 100 people with these factors and this score, about {half_up(with_score)} have a coronary event within "
        f"ten years by the MESA model; without the score the model gives {half_up(without, 1)} %."
    )
    return Placed(f"{half_up(with_score, 1)} %", text, question.edition.status)


def _arterial_age(question: Question) -> Placed:
    years = half_up(arterial_age_years(question.value))
    text = f"The score carries the risk of an age of {years} years in MESA: for research, not a basis for treatment."
    return Placed(f"{years} years", text, question.edition.status, ("no interval is given",))


def _avc_ratio(question: Question) -> Placed:
    published = table(f"references/{question.edition.reference}")
    ratio = avc_ratio(question.value, question.facts["sex"])
    cuts = published["cuts"]
    text = (
        f"Valve calcium is {half_up(ratio, 2)} times the limit for {_people(question.facts['sex'])}; in the study "
        f"mortality rose from {cuts['classical_low_flow']} (classical low flow) and {cuts['paradoxical_low_flow']:g} "
        f"(paradoxical low flow) on."
    )
    return Placed(half_up(ratio, 2), text, question.edition.status, (question.edition.note,))


def _people(sex: str) -> str:
    return {"female": "women", "male": "men"}[sex]


KINDS: dict[str, Callable[[Question], Placed]] = {
    "bands": _bands,
    "cac_drs": _cac_drs,
    "mesa_percentile": _mesa_percentile,
    "table_percentile": _table_percentile,
    "mesa_chd": _mesa_chd,
    "arterial_age": _arterial_age,
    "avc_ratio": _avc_ratio,
}
"""Kind -> function; a loader test proves that every scale names one of them."""
