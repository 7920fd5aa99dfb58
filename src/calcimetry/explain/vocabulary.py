"""The closed lists of words: what a case may say, what an answer may say, and the facts that rules may ask for."""

from __future__ import annotations

from functools import cache
from typing import Any

from calcimetry.core.errors import KnowledgeError
from calcimetry.knowledge.load import table
from calcimetry.knowledge.logic import Fact, read_facts

__all__ = ["SECTIONS", "facts", "label", "words"]

SECTIONS: dict[str, tuple[str, str]] = {
    "site": ("words/sites", "site"),
    "pattern": ("words/findings", "pattern"),
    "distribution": ("words/findings", "distribution"),
    "feature": ("words/findings", "feature"),
    "change": ("words/findings", "change"),
    "laterality": ("words/findings", "laterality"),
    "modality": ("words/findings", "modality"),
    "prior_status": ("words/findings", "prior_status"),
    "biopsy_result": ("words/findings", "biopsy_result"),
    "composition": ("words/findings", "tirads_composition"),
    "echogenicity": ("words/findings", "tirads_echogenicity"),
    "shape": ("words/findings", "tirads_shape"),
    "margin": ("words/findings", "tirads_margin"),
    "foci": ("words/findings", "tirads_foci"),
    "history": ("words/person", "history"),
    "symptom": ("words/person", "symptom"),
    "primary_tumour": ("words/person", "primary_tumour"),
    "sex": ("words/person", "sex"),
    "type": ("words/answers", "type"),
    "cause": ("words/answers", "cause"),
    "test": ("words/answers", "test"),
    "specialist": ("words/answers", "specialist"),
    "metabolic_pattern": ("words/answers", "metabolic_pattern"),
    "urgency": ("words/answers", "urgency"),
    "follow_up": ("words/answers", "follow_up"),
    "analyte": ("reasoning/analytes", "analyte"),
}
"""Kind of word -> (table, section)."""

_WORDS_OF_FACT = {
    "site": "site",
    "sites": "site",
    "pattern": "pattern",
    "distribution": "distribution",
    "features": "feature",
    "change": "change",
    "laterality": "laterality",
    "modality": "modality",
    "prior_status": "prior_status",
    "biopsy_result": "biopsy_result",
    "history": "history",
    "symptoms": "symptom",
    "primary_tumour": "primary_tumour",
    "blood_patterns": "metabolic_pattern",
}


@cache
def words(kind: str) -> dict[str, str]:
    """Every word of a kind with its label.

    >>> words("urgency")["now"]
    'today, as an emergency'
    """
    name, section = SECTIONS[kind]
    rows: dict[str, Any] = table(name)[section]
    return {word: row["label"] if isinstance(row, dict) else row for word, row in rows.items()}


def label(kind: str, word: str) -> str:
    """The label of a word; the word itself, spelt out, where the list has none."""
    return words(kind).get(word, word.replace("_", " "))


@cache
def facts() -> dict[str, Fact]:
    """The facts that rules may ask for; word lists come from the tables of words.

    >>> facts()["pattern"].kind
    'words'
    """
    rows = [dict(row) for row in table("reasoning/facts")["fact"]]
    for row in rows:
        if row["name"] in _WORDS_OF_FACT:
            row["words"] = list(words(_WORDS_OF_FACT[row["name"]]))
    found = read_facts(rows, where="table reasoning/facts")
    if missing := set(_WORDS_OF_FACT) - set(found):
        raise KnowledgeError(f"table reasoning/facts: no rows for {sorted(missing)}")
    return found
