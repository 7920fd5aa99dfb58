"""From an explanation to words: for a report, for the person, for the visit; every sentence with what it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain.words.clinician import clinician
from calcimetry.explain.words.pages import directory, letter, prepare
from calcimetry.explain.words.patient import patient
from calcimetry.explain.words.say import check, kept
from calcimetry.explain.words.sentence import Sentence, flat
from calcimetry.explain.words.settings import WordSettings

__all__ = [
    "Sentence",
    "WordSettings",
    "check",
    "clinician",
    "compose",
    "directory",
    "flat",
    "letter",
    "patient",
    "prepare",
    "texts",
]


def texts(
    explanation: Any, case: Mapping[str, Any], settings: WordSettings | None = None
) -> dict[str, tuple[Sentence, ...]]:
    """The sentences that may be printed, with their sources: ``clinician`` and ``patient``.

    A sentence that breaks a rule of :mod:`calcimetry.explain.words.say` is left out (and is a defect, which the tests
    look for over all cases).
    """
    settings = settings or WordSettings()
    made = {"clinician": clinician(explanation, case, settings), "patient": patient(explanation, case, settings)}
    return {who: kept(said, settings.language)[0] for who, said in made.items()}


def compose(
    explanation: Any, case: Mapping[str, Any], language: str = "en", emergency_number: str | None = None
) -> dict[str, tuple[str, ...]]:
    """``texts`` of an explanation: plain sentences for clinicians and for the person."""
    said = texts(explanation, case, WordSettings(language=language, emergency_number=emergency_number))
    return {who: flat(sentences) for who, sentences in said.items()}
