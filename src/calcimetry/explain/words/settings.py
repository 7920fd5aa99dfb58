"""Choices of a site that change wording, never what is found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WordSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordSettings:
    """Language of the words and the number to call in an emergency.

    Parameters
    ----------
    language : str
        A folder of ``knowledge/text``.
    emergency_number : str, optional
        As the site configures it; without it the text says "your emergency number", since numbers differ by country.
    most_tests : int
        Tests that the short text for the person names; all stand on the sheet for the visit.
    most_causes : int
        Causes that it names.
    """

    language: str = "en"
    emergency_number: str | None = None
    most_tests: int = 3
    most_causes: int = 3
