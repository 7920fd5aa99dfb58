"""What is asked for, in words: for the clinician, and plainly where the person can help to find out."""

from __future__ import annotations

from functools import cache

from calcimetry.explain import vocabulary
from calcimetry.explain.words.language import name, plain

__all__ = ["clinical", "known", "lay"]

_KINDS = {"symptoms": "symptom", "history": "history", "features": "feature"}


@cache
def _labels() -> dict[str, str]:
    found: dict[str, str] = {}
    for fact in vocabulary.facts().values():
        found.setdefault(fact.label, fact.name)
    return found


def known(said: str) -> tuple[str, str]:
    """Kind and word of what an explanation asks for; an empty kind where it is no fact of the vocabulary.

    >>> known("complaints: weight loss"), known("highest density"), known("height in cm")
    (('symptom', 'weight_loss'), ('fact', 'max_hu'), ('', 'height in cm'))
    """
    label, _, word = said.partition(": ")
    fact = _labels().get(label, "")
    if word and fact in _KINDS:
        return _KINDS[fact], word.replace(" ", "_")
    return ("fact", fact) if fact and not word else ("", said)


def clinical(language: str, said: str) -> str:
    """What is asked for, in the clinicians' words of a language.

    >>> clinical("de", "highest density")
    'höchste Dichte'
    """
    kind, word = known(said)
    return name(language, kind, word) if kind else said


def lay(language: str, said: str) -> str | None:
    """What is asked for in plain words; ``None`` where only the clinician can say it.

    >>> lay("en", "complaints: haemoptysis"), lay("en", "highest density")
    ('blood when you cough', None)
    """
    kind, word = known(said)
    return plain(language, kind, word) if kind else said
