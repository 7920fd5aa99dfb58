"""How many years of school a text asks for, by two published formulas for English."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["flesch_kincaid", "smog", "syllables"]

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
# Vowels that stand side by side and are spoken apart: cal-ci-um, a-re-a, flu-id, me-di-al, pre-vi-ous, tri-al.
_APART = re.compile(
    r"i(?:a(?!l?ge|n?ce)|um|o(?!n)|us(?!$)|et)|[^qg]ua(?!r|ge)|u[io](?=d|n?g?$|us)|eo|ea(?=$|te|l[^a]*ity)|y[aio]"
)
_TOGETHER = re.compile(r"[cst]i(?:a(?=l|n)|on|ous|ent)|gi(?:on|ous)|peo|geo")
_SILENT = re.compile(
    r"(?<=[^aeiouyl])e$|(?<=[aeiouy]l)es?$|(?<=[rwn]l)es?$|(?<=[^aeiouylsxzcgh])es$|(?<=[^aeiouytd])ed$|(?<=[^aeiouyrwnl]l)es?$|(?<=[^c]th)es?$"
)
# What the rules above get wrong among the words of our texts.
_LISTED = {
    1: (
        "breathe bruise care clothes comes does eye eyes genes germs gives goes makes moves named needs placed "
        "please quite smile takes used while whole years"
    ),
    2: (
        "anxious being boxes bruises careful causes centre centres changes clinic create cruel dialed diet "
        "disease doing doses elsewhere every fibre fluid fluids going junior lenses lion litre masses muscle "
        "muscles needed nurses patches pelvis people phosphate pieces places poem pressures pulses quiet react "
        "rinses science senior sizes someone something sometimes somewhere spaces therefore thyroid tissue uses "
        "vessels washes"
    ),
    3: (
        "area areas biopsy created diary diseases ideas images iodine ionised medicine medicines museum oxalate "
        "pancreas period radio sarcoid"
    ),
    4: ("diabetes dialysis"),
    5: ("radiology"),
}
_KNOWN = {word: count for count, words in _LISTED.items() for word in words.split()}


def syllables(word: str) -> int:
    """Spoken syllables of an English word, by rules and a list of exceptions.

    >>> [syllables(w) for w in ("calcium", "needle", "doctor", "emergency", "named", "operation", "scan")]
    [3, 2, 2, 4, 1, 4, 1]
    """
    lower = word.lower().replace("’", "'")
    lower = lower.removesuffix("'s") if "'" in lower else lower
    if lower in _KNOWN:
        return _KNOWN[lower]
    spoken = _SILENT.sub("", lower)
    groups = len(re.findall(r"[aeiouy]+", spoken))
    apart = len(_APART.findall(_TOGETHER.sub("to", spoken)))
    ending = 1 if re.search(r"[^aeiouy](?:le|les|led)$", lower) and not re.search(r"[rwn]l(?:e|es|ed)$", lower) else 0
    if ending and re.search(r"[aeiouy]", spoken[-1:]):
        ending = 0
    return max(1, groups + apart + ending)


def _counts(sentences: Sequence[str]) -> tuple[int, list[int]]:
    """Sentences that hold words, and the syllables of each word; capitals are read letter by letter."""
    spoken = [[_letters(w) for w in _WORD.findall(one)] for one in sentences]
    return sum(bool(one) for one in spoken), [n for one in spoken for n in one]


def _letters(word: str) -> int:
    return len(word) if word.isupper() and 1 < len(word) <= 5 else syllables(word)


def flesch_kincaid(sentences: Sequence[str]) -> float:
    """School grade after Kincaid (source ``kincaid-1975``): from words per sentence and syllables per word.

    >>> round(flesch_kincaid(["The scan shows small spots of calcium in the breast."]), 1)
    2.5
    """
    n, spoken = _counts(sentences)
    if not spoken:
        return 0.0
    return 0.39 * len(spoken) / n + 11.8 * sum(spoken) / len(spoken) - 15.59


def smog(sentences: Sequence[str]) -> float:
    """School grade after McLaughlin (source ``mclaughlin-1969``): from the words of three or more syllables.

    The formula counts 30 sentences; of a shorter text the share is taken, so a very short one is judged coarsely.
    """
    n, spoken = _counts(sentences)
    if not spoken:
        return 0.0
    return 3.1291 + 1.0430 * math.sqrt(30.0 * sum(count >= 3 for count in spoken) / n)
