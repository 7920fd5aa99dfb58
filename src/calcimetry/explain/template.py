"""An empty case for one site: the keys that its rules look at, and the words that they know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.core.errors import UnknownIdError
from calcimetry.explain import rules, vocabulary
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import table

__all__ = ["template"]

_WORDS = {"pattern": "pattern", "features": "feature", "history": "history", "symptoms": "symptom"}


def template(site: str) -> dict[str, Any]:
    """A case file to fill in. ``null`` and empty lists mean "not stated".

    Raises
    ------
    UnknownIdError
        No such site; the nearest are named.

    >>> template("prostate")["findings"][0]["site"]
    'prostate'
    """
    if site not in vocabulary.words("site"):
        raise UnknownIdError("site", site, vocabulary.words("site"))
    known = rules.rules_of(site)
    conditions = [c for rule in known for c in (rule.when, rule.unless or {}, *(extra.when for extra in rule.also))]
    asked = {name for condition in conditions for name in logic.facts_in(condition)}
    # Whoever fills in a case confirms its words.
    left_out = {"site", "pattern", "features", "unconfirmed_on"}
    keys = [k for k in table("words/case")["keys"]["finding"] if k in asked and k not in left_out]
    finding: dict[str, Any] = {"site": site, "laterality": None, "pattern": [], "features": [], "change": None}
    finding |= dict.fromkeys(keys)
    if "tirads_level" in asked:
        finding["tirads"] = dict.fromkeys(table("words/case")["keys"]["tirads"])
    return {
        "schema": "calcimetry-case/1",
        "age": None,
        "sex": None,
        "pregnant": None,
        "modality": None,
        "findings": [finding],
        "history": [],
        "symptoms": [],
        "medications": [],
        "labs": [],
        "prior": None,
        "note": "; ".join(f"{fact}: {', '.join(words)}" for fact, words in _words(conditions).items() if words),
    }


def _words(conditions: list[logic.Condition]) -> dict[str, list[str]]:
    """The words that these conditions ask for, by fact, in the order of the tables."""
    found: dict[str, set[str]] = {fact: set() for fact in _WORDS}
    for condition in conditions:
        _gather(condition, found)
    return {fact: [w for w in vocabulary.words(_WORDS[fact]) if w in words] for fact, words in found.items()}


def _gather(condition: Mapping[str, Any], found: dict[str, set[str]]) -> None:
    for key, value in condition.items():
        if key == "not":
            _gather(value, found)
        elif key in {"all", "any"}:
            for part in value:
                _gather(part, found)
        elif key in found:
            found[key].update(value.get("has_any", ()), [value["has"]] if "has" in value else [])
