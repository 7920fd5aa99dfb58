"""One sentence with what it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["OWN", "Sentence", "flat", "from_entry"]

OWN = ("calcimetry",)
"""Source of a sentence that only words what the case says, or states a limit of the program."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an output.

    Parameters
    ----------
    text : str
        One sentence, ready to print.
    part : str
        Where it belongs: ``found``, ``not_known``, ``next``, ``limits`` or a section of a sheet.
    because : tuple of str
        Ids and facts that brought it about.
    sources : tuple of str
        Rows of ``sources.toml`` behind the entry it came from.
    status : str
        Of that entry; ``ours`` where only the wording is.
    """

    text: str
    part: str
    because: tuple[str, ...]
    sources: tuple[str, ...] = OWN
    status: str = "ours"

    def record(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "text": self.text,
            "part": self.part,
            "because": list(self.because),
            "sources": list(self.sources),
            "status": self.status,
        }


def from_entry(text: str, part: str, entry: Mapping[str, Any], *because: str) -> Sentence:
    """A sentence about an entry of an explanation: it carries that entry's id, reasons, sources and status.

    >>> from_entry("See the heart doctor.", "next", {"id": "cardiology", "sources": ["esc-ccs-2024"]}).because
    ('cardiology',)
    """
    named = [str(entry[key]) for key in ("id", "rule", "kind", "source") if entry.get(key)][:1]
    reasons = tuple(dict.fromkeys([*because, *named, *map(str, entry.get("because") or ())]))
    sources = tuple(entry.get("sources") or ([entry["source"]] if entry.get("source") else OWN))
    return Sentence(text, part, reasons, sources, str(entry.get("status") or "ours"))


def flat(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """The texts alone, each once."""
    return tuple(dict.fromkeys(one.text for one in sentences))
