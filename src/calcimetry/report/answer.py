"""The answer first: what each site's scores say, and what was withheld, gathered for page, terminal and notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Grade, Score
from calcimetry.core.note import Note
from calcimetry.report.words import score_title, site_title, structure_title, visible

__all__ = ["Answer", "answers", "by_weight", "cautions", "notes_once", "place_text", "top_notes", "weight", "where"]

_HEADLINES = ("agatston", "volume")
"""Scores that may stand in front, best first; else the first that the site has."""

_HEADLINES_UNASSIGNED = ("volume", "mass")
"""Where no organ claims the calcium an Agatston sum in front would be taken for a coronary score."""

_PROPER = frozenset({"agatston"})
"""Scores whose title begins with a name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one site on one image.

    ``headline`` is the total that stands in front, ``parts`` the same score by structure, ``totals`` the other
    scores of the site, ``withheld`` the reasons why numbers are missing with the names of the scores, ``notes`` what
    settles it, ``cautions`` how many cautions the image carries, ``lesions`` the counted ones, heaviest first.
    """

    site: str
    image: str
    title: str
    headline: Score | None
    parts: tuple[Score, ...]
    totals: tuple[Score, ...]
    withheld: tuple[tuple[str, str], ...]
    grades: tuple[Grade, ...]
    not_graded: tuple[Grade, ...]
    notes: tuple[Note, ...]
    cautions: int
    lesions: tuple[Lesion, ...]
    sentence: str


def answers(case: Case) -> tuple[Answer, ...]:
    """One answer for each site and image that has scores: the coronary arteries first, then as the scores come."""
    found: dict[tuple[str, str], list[Score]] = {}
    for score in case.scores:
        found.setdefault((score.site, score.image), []).append(score)
    ordered = sorted(found.items(), key=lambda item: item[0][0] != "coronary_artery")
    return tuple(_answer(case, site, image, scores) for (site, image), scores in ordered)


def _answer(case: Case, site: str, image: str, scores: list[Score]) -> Answer:
    totals = [score for score in scores if score.structure == "total"]
    given = [score for score in totals if score.value is not None]
    first = _HEADLINES_UNASSIGNED if site == "unassigned" else _HEADLINES
    ranked = sorted(totals, key=lambda s: first.index(s.name) if s.name in first else len(first))
    headline = ranked[0] if ranked else None
    parts = [s for s in scores if headline is not None and s.name == headline.name and s.structure != "total"]
    grades = [g for g in case.grades if g.site == site and g.image in (None, image)]
    counted = [x for x in case.lesions if x.site == site and x.image == image and x.counted]
    notes = next((i.notes for i in case.images if i.id == image), ())
    lesions = tuple(by_weight(counted))
    return Answer(
        site=site,
        image=image,
        title=site_title(site),
        headline=headline,
        parts=tuple(parts),
        totals=tuple(score for score in given if score is not headline),
        withheld=_withheld(totals),
        grades=tuple(g for g in grades if g.category is not None),
        not_graded=tuple(g for g in grades if g.category is None),
        notes=tuple(note for note in notes if note.severity == "withheld"),
        cautions=sum(note.severity == "caution" for note in notes),
        lesions=lesions,
        sentence=_sentence(headline, lesions),
    )


def _withheld(totals: list[Score]) -> tuple[tuple[str, str], ...]:
    """Scores without a number by reason: ("No Agatston score, no volume", "contrast medium: ...")."""
    names: dict[str, list[str]] = {}
    for score in totals:
        if score.value is None:
            held = names.setdefault(score.reason or "no reason is given", [])
            title = score_title(score.name)
            held.append(f"{'no' if held else 'No'} {title if score.name in _PROPER else title.lower()}")
    return tuple((", ".join(held), reason) for reason, held in names.items())


def _sentence(headline: Score | None, lesions: tuple[Lesion, ...]) -> str:
    """One plain sentence; what the number means medically is said by the grades alone."""
    if headline is None or headline.value is None:
        return f"No {score_title(headline.name) if headline else 'score'} is given here; the reason stands above."
    if not lesions:
        return "No calcification was counted here."
    first = lesions[0]
    structure = "" if first.structure in ("", "total") else f"{structure_title(first.structure).lower()}, "
    where = f"{visible(first.id)} ({structure}{place_text(first)})"
    if len(lesions) == 1:
        return f"One calcification was counted: {where}."
    return f"{len(lesions)} calcifications were counted; the heaviest is {where}."


def place_text(lesion: Lesion) -> str:
    """Where to look: the instance number of the plane with the peak, else its index."""
    if lesion.instance_number is not None:
        return f"instance {lesion.instance_number}"
    return f"plane {lesion.peak_index[0]} (from 0)"


def where(lesion: Lesion) -> tuple[str, ...]:
    """Site and structure in words; where no organ claims it, the part of the body alone."""
    structure = "" if lesion.structure in ("", "total") else structure_title(lesion.structure)
    if lesion.site == "unassigned" and structure:
        return (structure,)
    site = site_title(lesion.site)
    return (site, structure) if structure and structure.lower() != site.lower() else (site,)


def weight(lesion: Lesion) -> tuple[float, ...]:
    """How much a lesion weighs in the list: Agatston, then volume, area, peak."""
    held = (lesion.measures.get(name) for name in ("agatston", "volume", "area", "peak"))
    return tuple(m.value if m is not None and m.value is not None else 0.0 for m in held)


def by_weight(lesions: list[Lesion]) -> list[Lesion]:
    """Heaviest first; of equal weight in the order of the case."""
    return sorted(lesions, key=weight, reverse=True)


def cautions(case: Case) -> tuple[tuple[str, Note], ...]:
    """Cautions of the images that are used, with the images' ids: the numbers stand, but compare with care."""
    used = {score.image for score in case.scores}
    return notes_once(i for i in case.images if i.id in used)


def notes_once(images: Iterable[ImageInfo], severity: str | None = "caution") -> tuple[tuple[str, Note], ...]:
    """Notes of images (of one severity, or all), each said once with the ids of the images that it is about."""
    held: dict[Note, list[str]] = {}
    for image in images:
        for note in image.notes:
            if severity in (None, note.severity):
                held.setdefault(note, []).append(image.id)
    return tuple((", ".join(ids), note) for note, ids in held.items())


def top_notes(case: Case) -> tuple[Note, ...]:
    """Notes of the case that a reader must see before any number: withheld first, then cautions."""
    return tuple(n for severity in ("withheld", "caution") for n in case.notes if n.severity == severity)
