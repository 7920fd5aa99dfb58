"""Scores -> grades: every scale that fits a score, each placed or refused with the reason."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from calcimetry.core.case import ImageInfo, TableUsed
from calcimetry.core.measurement import Grade, Score
from calcimetry.core.study import Subject
from calcimetry.grade.domain import Ruling, rule
from calcimetry.grade.facts import collect
from calcimetry.grade.kinds import KINDS, Placed, Question
from calcimetry.grade.range_rows import TABLE, name_and_edition
from calcimetry.grade.scales import Edition, Scale, scale, scales
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import fingerprint

__all__ = ["GradeSettings", "day", "grades", "tables_used"]


@dataclass(frozen=True, slots=True)
class GradeSettings:
    """Choices of grading.

    ``scales``: ids to use, or ``None`` for every scale that fits. ``side_by_side``: whether newer editions are
    printed beside the one in force at the study date.
    """

    scales: tuple[str, ...] | None = None
    side_by_side: bool = True


_DEFAULTS = GradeSettings()


def grades(
    scores: Sequence[Score],
    subject: Subject,
    images: Sequence[ImageInfo],
    *,
    as_of: datetime.date | str | None = None,
    settings: GradeSettings = _DEFAULTS,
) -> tuple[Grade, ...]:
    """Place scores on the published scales.

    Parameters
    ----------
    scores : sequence of Score
        As measured; each scale takes the one row of its site, structure and name in each image.
    subject : Subject
        Nothing is assumed that it does not say.
    images : sequence of ImageInfo
        The images behind the scores.
    as_of : date, str or None
        The day whose editions hold (ISO or DICOM text); ``None`` takes each image's own study date.
    settings : GradeSettings

    Returns
    -------
    tuple of Grade
        In the order of the scores, then of the scales, then of editions. A refused grade is in the list, with
        ``category`` ``None``, status ``withheld`` and the reason.
    """
    wanted = list(scales().values()) if settings.scales is None else [scale(s) for s in settings.scales]
    by_id = {image.id: image for image in images}
    found: list[Grade] = []
    for score in scores:
        fitting = [s for s in wanted if (s.site, s.score, s.structure) == (score.site, score.name, score.structure)]
        if not fitting:
            continue
        siblings = [s for s in scores if (s.name, s.site, s.image) == (score.name, score.site, score.image)]
        image = by_id.get(score.image)
        facts = collect(score, subject, image, siblings)
        study_day = day(as_of) or day(image.study_date if image else None)
        for one in fitting:
            if logic.evaluate(one.applies, facts).truth is not True:
                continue
            editions = one.bands(study_day)
            for edition in editions if settings.side_by_side else editions[:1]:
                made = _grade(one, edition=edition, score=score, facts=facts, siblings=siblings, study_day=study_day)
                # A breast has a side, and its views are images of their own.
                found.append(replace(made, laterality=image.laterality) if image and one.site == "breast" else made)
    return tuple(found)


def tables_used(given: Sequence[Grade]) -> tuple[TableUsed, ...]:
    """Id, edition and hash of every table behind these grades, sorted by id; for the provenance of a result."""
    named = {g.scale for g in given}
    ranged = name_and_edition()[0]
    used = {"scales/needs"} if named - {ranged} else set()
    if ranged in named:
        used |= {TABLE, "reasoning/breast"}
    for one in scales().values():
        if one.name in named:
            used |= {f"scales/{one.id}"} | {f"references/{e.reference}" for e in one.editions if e.reference}
    return tuple(fingerprint(t) for t in sorted(used))


def day(text: datetime.date | str | None) -> datetime.date | None:
    """A date from ISO or DICOM text; ``None`` where there is none or it is no date.

    >>> day("20200501"), day("2020-05-01"), day("about 2020")
    (datetime.date(2020, 5, 1), datetime.date(2020, 5, 1), None)
    """
    if not isinstance(text, str):
        return text
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        return None


def _grade(
    one: Scale,
    *,
    edition: Edition,
    score: Score,
    facts: logic.Facts,
    siblings: Sequence[Score],
    study_day: datetime.date | None,
) -> Grade:
    ruling = rule(one.needs, facts, score_speaks=score.status == "equivalent" and score.reason is not None)
    if score.value is None or score.status == "withheld":
        ruling = Ruling("withheld", (score.reason or "the score was not given",))
    placed = Placed()
    if ruling.verdict != "withheld" and score.value is not None:
        placed = KINDS[one.kind](Question(one, edition, score, score.value, facts, tuple(siblings)))
    withheld = ruling.verdict == "withheld" or placed.category is None
    reasons = list(ruling.reasons) + list(placed.reasons)
    estimated = ruling.verdict == "estimated" or placed.estimated
    if not withheld:
        if score.status == "equivalent":
            estimated = True
            reasons.append(score.reason or "the score is an equivalent, not taken under the original protocol")
        if placed.status == "uncertain":
            estimated = True
            reasons.append("the published source of these limits was not seen: not a basis for decisions")
        if study_day is not None and study_day < edition.since and edition is one.editions[0]:
            reasons.append(f"the scale is younger than the study of {study_day.isoformat()}")
    return Grade(
        scale=one.name,
        edition=edition.id,
        site=one.site,
        category=None if withheld else placed.category,
        from_=(one.score,),
        status="withheld" if withheld else "estimated" if estimated else "final",
        source=edition.source,
        image=score.image,
        reason="; ".join(dict.fromkeys(reasons)) or None,
        meaning=None if withheld else f"{placed.meaning} (Status of this knowledge: {placed.status}.)",
    )
