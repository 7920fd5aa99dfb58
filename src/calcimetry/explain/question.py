"""Step 1: the case is questioned. Unknown words stop; contradictory or impossible values are set aside with the reason.

What is not stated stays unknown: an empty list of complaints is no "no complaints". Only ``asymptomatic`` among the
complaints, and ``none`` in the history, close their lists.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calcimetry.core.errors import InputError
from calcimetry.explain import vocabulary
from calcimetry.explain.contradictions import settle_finding, settle_person
from calcimetry.explain.doubts import Doubts
from calcimetry.explain.tirads import level
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import table

__all__ = ["Asked", "Finding", "question"]

_SCHEMA = "calcimetry-case/1"
_YEARS = {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25}
_NUMBERS = (
    "size_mm", "count", "max_hu", "volume_mm3", "agatston", "percentile", "vessel_diameter_mm", "growth_mm_per_year",
    "hu_unenhanced",
)  # fmt: skip
# Of several words for one distribution the one that raises most concern is reasoned upon.
_DISTRIBUTION_ORDER = ("segmental", "linear", "grouped", "regional", "multiple", "bilateral", "diffuse", "single")


_BOSNIAK = {"1": "I", "2": "II", "2f": "IIF", "3": "III", "4": "IV"}
_BOSNIAK |= {roman.lower(): roman for roman in _BOSNIAK.values()}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its site and the facts that rules may ask for."""

    site: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A case after questioning: facts that hold for the whole case, findings, laboratory rows as stated."""

    facts: Mapping[str, Any]
    findings: tuple[Finding, ...]
    labs: tuple[Mapping[str, Any], ...]
    height_cm: float | None = None
    shown_back: Mapping[str, Any] = field(default_factory=dict)


def question(values: Mapping[str, Any], doubts: Doubts, *, where: str = "case") -> Asked:
    """Check every key and word, set aside what cannot be, and hand on the rest as facts.

    Parameters
    ----------
    values : mapping
        A ``calcimetry-case/1`` as plain values.
    doubts : Doubts
        Takes what is not used.
    where : str
        Named in errors.

    Raises
    ------
    InputError
        A key or word that the format does not know: the three nearest are named.
    """
    reader = _Reader(where, doubts)
    reader.keys("key", values, (*reader.allowed["case"], *logic.vocabulary()))
    if values.get("schema", _SCHEMA) != _SCHEMA:
        raise InputError(
            "this is another kind of file", where=where, found=str(values["schema"])[:60], expected=_SCHEMA
        )
    person = _person(values, reader)
    settle_person(person, doubts)
    findings = [_finding(row, reader, person) for row in reader.tables("findings", values.get("findings"))]
    kept = [f for f in findings if f is not None]
    kept.sort(key=lambda f: (_place(f.site), repr(sorted((k, _plain(v)) for k, v in f.facts.items()))))
    labs = tuple(_lab(row, reader) for row in reader.tables("labs", values.get("labs")))
    person["sites"] = frozenset(f.site for f in kept)
    height = reader.number("height_cm", values.get("height_cm"))
    shown: dict[str, Any] = {key: str(values[key]) for key in ("history_text", "note") if values.get(key)}
    shown |= {"medications": list(person.pop("medicines_unknown"))} if person.get("medicines_unknown") else {}
    person.pop("medicines_unknown", None)
    notes = [str(row["note"]) for row in values.get("findings") or [] if isinstance(row, Mapping) and row.get("note")]
    if notes:
        shown["finding_notes"] = sorted(notes)
    return Asked({k: v for k, v in person.items() if v is not None}, tuple(kept), labs, height, shown)


def _place(site: str) -> int:
    return list(vocabulary.words("site")).index(site)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


class _Reader:
    """One case while its words are checked."""

    def __init__(self, where: str, doubts: Doubts) -> None:
        self.where, self.doubts = where, doubts
        self.allowed = table("words/case")["keys"]
        self.limits = {row["key"]: row for row in table("words/case")["limit"]}

    def word(self, what: str, value: Any, known: Iterable[str]) -> str:
        names = list(known)
        if isinstance(value, str) and value in names:
            return value
        nearest = difflib.get_close_matches(str(value)[:80], sorted(names), n=3, cutoff=0.0)
        raise InputError(
            f"unknown {what} {str(value)[:60]!r}", where=self.where, remedy=f"Nearest: {', '.join(nearest)}."
        )

    def words(self, what: str, values: Any, known: Iterable[str]) -> list[str]:
        if values is None:
            return []
        if not isinstance(values, list | tuple):
            raise InputError(f"{what} is no list", where=self.where, found=str(values)[:60])
        return [self.word(what, value, known) for value in values]

    def keys(self, what: str, value: Any, known: Iterable[str]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise InputError(f"{what} holds no keys", where=self.where, found=str(value)[:60])
        for key in value:
            self.word(what, key, known)
        return value

    def tables(self, name: str, values: Any) -> list[Any]:
        if values is None:
            return []
        if not isinstance(values, list | tuple):
            raise InputError(f"{name} is no list", where=self.where, found=str(values)[:60])
        return list(values)

    def number(self, what: str, value: Any) -> float | None:
        """A number within its limits; what no person has is set aside."""
        if value is None:
            return None
        limit = self.limits.get(what)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            if limit is None or limit["low"] <= value <= limit["high"]:
                return float(value)
            expected = f"{limit['low']:g} to {limit['high']:g}"
        else:
            expected = "a number"
        self.doubts.add(what, f"{str(value)[:40]} is not used: expected {expected}", what)
        return None

    def truth(self, what: str, value: Any) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        self.doubts.add(what, f"{str(value)[:40]} is not used: expected true or false", what)
        return None


def _age(given: Any, reader: _Reader) -> float | None:
    unit, value = "a", given
    if isinstance(given, Mapping):
        age = reader.keys("key of age", given, reader.allowed["age"])
        if "unit" not in age:
            reader.doubts.add("age", "the age has no unit and is not used", "unit of the age (a, mo, wk, d)")
            return None
        unit, value = reader.word("unit of age", age["unit"], _YEARS), age.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = value * _YEARS[unit]
    return reader.number("age_years", value)


def _stated(words: list[str], nothing: str, what: str, doubts: Doubts) -> frozenset[str]:
    """Words of a list that is open, unless it says that there is nothing."""
    named = frozenset(words) - {nothing}
    if nothing in words and not named:
        return frozenset({nothing})
    if nothing in words:
        doubts.add(what, f"'{nothing}' stands beside {', '.join(sorted(named))} and is not used", what)
    return logic.OpenWords(named)


def _person(values: Mapping[str, Any], reader: _Reader) -> dict[str, Any]:
    doubts = reader.doubts
    sex = reader.word("sex", values["sex"], vocabulary.words("sex")) if values.get("sex") is not None else None
    history = reader.words("history", values.get("history"), vocabulary.words("history"))
    symptoms = reader.words("symptom", values.get("symptoms"), vocabulary.words("symptom"))
    tumour = values.get("primary_tumour")
    if tumour is not None:
        reader.word("primary_tumour", tumour, vocabulary.words("primary_tumour"))
    modality = values.get("modality")
    if modality is not None:
        reader.word("modality", modality, vocabulary.words("modality"))
    taken, unknown = _medicines(values.get("medications"), reader)
    # A stated tumour is a known cancer.
    history += [*taken, *(["known_cancer"] if tumour else [])]
    age = _age(values["age"], reader) if values.get("age") is not None else None
    person: dict[str, Any] = {
        "age_years": age,
        "child": None if age is None else age < 18,
        "sex": sex if sex in {"female", "male"} else None,
        "pregnant": reader.truth("pregnant", values.get("pregnant")),
        "gestation_weeks": reader.number("gestation_weeks", values.get("gestation_weeks")),
        "weeks_since_injury": reader.number("weeks_since_injury", values.get("weeks_since_injury")),
        "history": _stated(history, "none", "history", doubts),
        "symptoms": _stated(symptoms, "asymptomatic", "symptoms", doubts),
        "primary_tumour": tumour,
        "modality": modality,
        "medicines_unknown": unknown,
    }
    return person | _prior(values, reader) | _biopsy(values, reader)


def _medicines(named: Any, reader: _Reader) -> tuple[list[str], list[str]]:
    """Words of the history that medicines stand for, and the medicines that are only shown back."""
    known, unknown = [], []
    for name in reader.tables("medications", named):
        spelled = f" {' '.join(str(name).lower().replace('-', ' ').split())} "
        words = [
            word
            for word, names in table("reasoning/person")["medicine"].items()
            if any(f" {one} " in spelled for one in names)
        ]
        known += words
        if not words:
            unknown.append(str(name)[:80])
    return known, sorted(unknown)


def _prior(values: Mapping[str, Any], reader: _Reader) -> dict[str, Any]:
    if values.get("prior") is None:
        return {}
    prior = reader.keys("key of prior", values["prior"], reader.allowed["prior"])
    status = prior.get("status")
    if status is not None:
        reader.word("status of prior", status, vocabulary.words("prior_status"))
    found: dict[str, Any] = {
        "prior_available": reader.truth("prior.available", prior.get("available")),
        "prior_months_ago": reader.number("months_ago", prior.get("months_ago")),
        "prior_status": None if status == "unknown" else status,
        "prior_baseline": reader.truth("prior.baseline", prior.get("baseline")),
    }
    if found["prior_available"] is False and (found["prior_status"] or found["prior_months_ago"]):
        reader.doubts.add(
            "prior", "no earlier images are available, so nothing is said about change", "the earlier images"
        )
        found |= {"prior_status": None, "prior_months_ago": None}
    return found


def _biopsy(values: Mapping[str, Any], reader: _Reader) -> dict[str, Any]:
    if values.get("prior_biopsy") is None:
        return {}
    biopsy = reader.keys("key of prior_biopsy", values["prior_biopsy"], reader.allowed["prior_biopsy"])
    result = biopsy.get("result")
    if result is not None:
        reader.word("result of prior_biopsy", result, vocabulary.words("biopsy_result"))
    held = biopsy.get("calcifications_in_specimen")
    return {
        "biopsy_result": result,
        "biopsy_calcifications": reader.truth("prior_biopsy.calcifications_in_specimen", held),
        "biopsy_concordant": reader.truth("prior_biopsy.concordant", biopsy.get("concordant")),
    }


def _finding(row: Any, reader: _Reader, person: Mapping[str, Any]) -> Finding | None:
    reader.keys("key of a finding", row, reader.allowed["finding"])
    if "site" not in row:
        raise InputError("a finding has no site", where=reader.where, expected="a word of words/sites")
    site = reader.word("site", row["site"], vocabulary.words("site"))
    patterns = frozenset(reader.words("pattern", row.get("pattern"), vocabulary.words("pattern")))
    features = reader.words("feature", row.get("features"), vocabulary.words("feature"))
    facts: dict[str, Any] = {"site": site, "features": logic.OpenWords(features)}
    for name in ("laterality", "change"):
        if row.get(name) is not None:
            facts[name] = reader.word(name, row[name], vocabulary.words(name))
    spread = row.get("distribution")
    spread = reader.words(
        "distribution", [spread] if isinstance(spread, str) else spread, vocabulary.words("distribution")
    )
    facts["distribution"] = min(spread, key=_DISTRIBUTION_ORDER.index, default=None)
    for name in _NUMBERS:
        facts[name] = reader.number(name, row.get(name))
    if row.get("grade") is not None:
        facts["grade"] = _grade(str(row["grade"])[:40])
    facts["views_complete"] = reader.truth("views_complete", row.get("views_complete"))
    if site.startswith("breast"):
        patterns = _breast(patterns, facts)
        facts["unconfirmed_on"] = "nothing"
        if row.get("unconfirmed_on") is not None:
            known = vocabulary.facts()["unconfirmed_on"].words
            facts["unconfirmed_on"] = reader.word("unconfirmed_on", row["unconfirmed_on"], known)
    facts["pattern"] = patterns or None
    if row.get("tirads") is not None:
        facts["tirads_level"] = level(_tirads(row["tirads"], reader), person.get("child"), reader.doubts)
    settled = settle_finding(facts, person, reader.doubts)
    return None if settled is None else Finding(site, {k: v for k, v in settled.items() if v is not None})


def _grade(said: str) -> str:
    """A grade in one spelling: ``severe``; classes of kidney cysts in Roman numbers.

    >>> _grade("Severe"), _grade("Bosniak IIF"), _grade("bosniak_3")
    ('severe', 'IIF', 'III')
    """
    plain = said.lower()
    short = plain.replace("bosniak", "").strip(" _-")
    return _BOSNIAK.get(short, plain)


def _breast(patterns: frozenset[str], facts: dict[str, Any]) -> frozenset[str]:
    """General shapes in their mammographic spelling; whether the shapes are suspicious or only benign."""
    published = table("reasoning/breast")
    patterns = frozenset(published["same"].get(word, word) for word in patterns)
    facts["views_complete"] = bool(facts["views_complete"])  # absent counts as false
    if patterns:
        facts["pattern_suspicious"] = bool(patterns & set(published["sets"]["suspicious"]))
        facts["pattern_only_benign"] = patterns <= set(published["sets"]["benign"])
    return patterns


def _tirads(given: Any, reader: _Reader) -> Mapping[str, Any]:
    parts = reader.keys("key of tirads", given, reader.allowed["tirads"])
    for name in ("composition", "echogenicity", "shape", "margin"):
        if parts.get(name) is not None:
            reader.word(f"tirads {name}", parts[name], vocabulary.words(name))
    foci = parts.get("foci")
    if foci is not None:
        foci = reader.words("tirads foci", [foci] if isinstance(foci, str) else foci, vocabulary.words("foci"))
        return {**parts, "foci": foci}
    return parts


def _lab(row: Any, reader: _Reader) -> Mapping[str, Any]:
    known = reader.keys("key of a laboratory value", row, reader.allowed["lab"])
    reader.word("analyte", known.get("analyte"), vocabulary.words("analyte"))
    return known
