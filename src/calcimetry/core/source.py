"""Where a published fact comes from, and how sure we are of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Source", "Status"]

Status = Literal["verified", "memory", "uncertain", "ours"]
"""``verified``: the number was seen in the named place; ``memory``: widely published, not seen on the date of the
check; ``uncertain``: may order a list, never recommend; ``ours``: an engineering convention of this project."""


@dataclass(frozen=True, slots=True)
class Source:
    """One paper, guideline, standard or program."""

    id: str
    title: str
    kind: Literal["guideline", "study", "standard", "program", "manual", "project"]
    year: int | None = None
    authors: str = ""
    where: str = ""
    doi: str | None = None
    url: str | None = None
