"""What no sentence may say. The patterns are data: ``knowledge/text/<language>/say.toml``; why they are there:
``knowledge/text/statements.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from calcimetry.core.errors import KnowledgeError
from calcimetry.explain.words import language as words
from calcimetry.explain.words.sentence import Sentence
from calcimetry.knowledge.load import table

__all__ = ["Violation", "check", "kept", "not_testable", "parts"]

_END = re.compile(r"(?<=[.!?;:])\s+")


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a sentence breaks."""

    rule: str
    sentence: str
    language: str


@cache
def _patterns(language: str) -> tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...]:
    """Compiled for text in lower case: that is several times faster than patterns that ignore case."""
    found = []
    for rule, row in words.rows(language, "say")["rule"].items():
        try:
            unless = re.compile(row["unless"]) if "unless" in row else None
            found.append((rule, re.compile(row["forbids"]), unless))
        except re.error as error:
            raise KnowledgeError(f"table text/{language}/say, rule {rule}: {error}") from error
    return tuple(found)


def parts(text: str) -> list[str]:
    """A text cut where a sentence ends: after a full stop, question or exclamation mark, semicolon or colon.

    >>> parts("No sample yet: first a scan. Then we talk.")
    ['No sample yet:', 'first a scan.', 'Then we talk.']
    """
    return [part for part in _END.split(text) if part]


def check(text: str, language: str = words.DEFAULT) -> tuple[Violation, ...]:
    """The rules that a text breaks, part by part.

    >>> [one.rule for one in check("It is harmless.")]
    ['benign_stated', 'harmless']
    >>> check("Most spots like these are not cancer.")
    ()
    """
    return tuple(Violation(rule, part, language) for part in parts(text) for rule in _broken(part, language))


@lru_cache(maxsize=1 << 14)
def _broken(part: str, language: str) -> tuple[str, ...]:
    """Rules that one part breaks; most sentences recur, so that a second text costs little."""
    lower = part.lower()
    return tuple(
        rule
        for rule, forbids, unless in _patterns(language)
        if forbids.search(lower) and not (unless and unless.search(lower))
    )


def kept(
    sentences: Iterable[Sentence], language: str = words.DEFAULT
) -> tuple[tuple[Sentence, ...], tuple[Violation, ...]]:
    """The sentences that may be printed, and what was broken by those that may not: each a defect of ours."""
    good: list[Sentence] = []
    broken: list[Violation] = []
    for one in sentences:
        faults = check(one.text, language)
        broken.extend(faults)
        if not faults:
            good.append(one)
    return tuple(good), tuple(broken)


def not_testable() -> dict[int, str]:
    """Statements of popular texts that no pattern can test, by row, with the reason."""
    listed = table("text/statements")["statement"]
    return {row["row"]: row["not_testable"] for row in listed if "not_testable" in row}
