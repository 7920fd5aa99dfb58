"""The pages of the command line: sheet for the visit, letter, list of services; as text, HTML, JSON or FHIR."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calcimetry.core.errors import UsageError
from calcimetry.explain.words import fhir, referral, service_list, visit
from calcimetry.explain.words import services as matching
from calcimetry.explain.words.document import Document, Section
from calcimetry.explain.words.language import say
from calcimetry.explain.words.sentence import Sentence
from calcimetry.explain.words.settings import WordSettings

__all__ = ["directory", "letter", "prepare"]

Page = str | dict[str, Any]


def prepare(
    explanation: Any,
    case: Mapping[str, Any],
    *,
    language: str = "en",
    form: str = "text",
    emergency_number: str | None = None,
    **_: Any,
) -> Page:
    """What the person takes along.

    Parameters
    ----------
    explanation, case : mapping
        ``calcimetry-explanation/1`` and the case it answers.
    language : str
        Of the words.
    form : str
        ``text``, ``html``, ``json``, or ``fhir``: the proposed tests as ``Task``, the referrals as ``ServiceRequest``.
    emergency_number : str, optional
        As the site configures it.
    """
    settings = WordSettings(language=language, emergency_number=emergency_number)
    if form == "fhir":
        return fhir.bundle(explanation, case, settings)
    return _shown(visit.prepare(explanation, case, settings), form)


def letter(
    explanation: Any,
    case: Mapping[str, Any],
    *,
    language: str = "en",
    form: str = "text",
    emergency_number: str | None = None,
    **_: Any,
) -> Page:
    """The referral letter to the first proposed service; a page that says so where none is proposed."""
    settings = WordSettings(language=language, emergency_number=emergency_number)
    if form == "fhir":
        found = fhir.bundle(explanation, case, settings)
        return fhir.collection(
            [one for one in found.get("entry", ()) if one["resource"]["resourceType"] == "ServiceRequest"]
        )
    paper = referral.letter(explanation, case, settings)
    if paper is None:
        told = say(language, "letter", "no_referral", "letter")
        paper = Document(told.rstrip("."), (Section("", (Sentence(told, "letter", ("no referral",)),)),), language)
    return _shown(paper, form)


def directory(
    explanation: Any,
    case: Mapping[str, Any],
    *,
    services: str | Path,
    language: str = "en",
    form: str = "text",
    place: tuple[float, float] | None = None,
    as_of: datetime.date | None = None,
    emergency_number: str | None = None,
    **_: Any,
) -> Page:
    """The services of a site's own list that fit.

    Parameters
    ----------
    explanation, case : mapping
        ``calcimetry-explanation/1`` and the case it answers.
    services : path
        CSV or a FHIR R4 Bundle.
    language, form : str
        As in :func:`prepare`; ``fhir`` gives the fitting services as a Bundle.
    place : (float, float), optional
        Latitude and longitude of the person, for distances.
    as_of : date, optional
        Today; without it no cost is shown, since its age is not known.
    """
    listed = service_list.read(services)
    if form == "fhir":
        found = matching.match(listed, explanation, case, place=place)
        return service_list.to_bundle(service_list.Directory(tuple(one.service for one in found)))
    settings = WordSettings(language=language, emergency_number=emergency_number)
    sheet = matching.services(listed, explanation, case, settings, place=place, as_of=as_of)
    return _shown(sheet, form)


def _shown(document: Document, form: str) -> Page:
    if form == "html":
        return document.html()
    if form == "json":
        return document.record()
    if form == "text":
        return document.text()
    raise UsageError(f"unknown form {form!r}: text, html, json or fhir")
