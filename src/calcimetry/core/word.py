"""A word of a lexicon, with how sure it is and the numbers that spoke for it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word for the form or the arrangement of calcium.

    ``probability`` 0 to 1: that a reader would use this word of those that were weighed together; ``because`` holds
    the measures that spoke for it, units in their names.
    """

    word: str
    probability: float
    because: dict[str, float] = field(default_factory=dict)
