"""A medical warning is data: it reaches the JSON, the table and the page; a log is for engineers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Note", "Severity"]

Severity = Literal["info", "caution", "withheld"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader must know about an image or a result.

    ``code`` is an id of ``knowledge/checks/notes.toml`` (never reused), ``text`` the finished sentence with
    the numbers in it (found, expected, what to do), ``severity`` says what follows: ``info`` nothing,
    ``caution`` the number stands but compare with care, ``withheld`` at least one number was not given.
    """

    code: str
    text: str
    severity: Severity = "info"
