"""The case file ``calcimetry-case/1``: what is known of a person besides the images; strict in words, not in values."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from calcimetry.core.errors import CalcimetryError, InputError
from calcimetry.core.extras import need
from calcimetry.core.note import Note
from calcimetry.core.study import Subject
from calcimetry.knowledge.load import table
from calcimetry.knowledge.logic import vocabulary
from calcimetry.read.words import once, unknown_word

__all__ = ["subject_file", "subject_notes", "subject_with_notes"]

_MOST_BYTES = 1 << 20
_SCHEMA = "calcimetry-case/1"
_YEARS = {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25}


def subject_file(path: str | Path) -> Subject:
    """The person that a case file describes. Values that nobody has are left out; see :func:`subject_with_notes`.

    Parameters
    ----------
    path : path
        JSON, TOML or YAML (by its ending; YAML needs the extra ``yaml``).

    Raises
    ------
    InputError
        Not readable, a key that stands twice, or a key or word that the format does not know: the three nearest are
        named.
    """
    return subject_with_notes(path)[0]


def subject_notes(path: str | Path) -> tuple[Note, ...]:
    """One note for each stated value that is impossible and was not used, and for each contradiction."""
    return subject_with_notes(path)[1]


def subject_with_notes(path: str | Path) -> tuple[Subject, tuple[Note, ...], frozenset[str]]:
    """The person that a case file describes, and what in the file cannot be.

    Returns
    -------
    subject : Subject
    notes : tuple of Note
        ``subject-value-not-used``: a value that nobody has; ``subject-contradiction``: two that do not go together.
    withheld : frozenset of str
        Fields of :class:`Subject` (``age_years``) and names of facts that were stated and not used. A header must
        not fill them: someone has spoken, and was not understood.

    Raises
    ------
    InputError
        As :func:`subject_file`.
    """
    return _read(Path(path))


def _load(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError("there is no such case file", where=str(path))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the case file is too large", where=str(path), expected="at most 1 MiB")
    ending = path.suffix.lower()
    try:
        text = path.read_text(encoding="utf-8-sig")
        if ending == ".json":
            values = json.loads(text, object_pairs_hook=once)
        elif ending == ".toml":
            values = tomllib.loads(text)
        elif ending in (".yaml", ".yml"):
            values = _yaml(text)
        else:
            raise InputError(
                "a case file ends with .json, .toml or .yaml", where=str(path), found=ending or "no ending"
            )
    except CalcimetryError:
        raise
    except Exception as error:  # each parser throws its own; all mean the same
        raise InputError(
            "the case file cannot be read", where=str(path), found=str(error).splitlines()[0][:160]
        ) from error
    if not isinstance(values, Mapping):
        raise InputError("the case file holds no keys", where=str(path), expected=f'"schema": "{_SCHEMA}"')
    return {key: _stated(value) for key, value in values.items() if value is not None}


def _stated(value: Any) -> Any:
    """Without nulls: an empty place of a template states nothing."""
    if isinstance(value, Mapping):
        return {key: _stated(inner) for key, inner in value.items() if inner is not None}
    return [_stated(inner) for inner in value] if isinstance(value, list) else value


def _yaml(text: str) -> Any:
    """YAML as its safe loader reads it, except that a key may stand only once."""
    yaml = need("yaml", for_="case files in YAML")
    loader = yaml.SafeLoader(text)
    plain = loader.construct_mapping

    def mapping(node: Any, deep: bool = False) -> Any:
        once((str(key.value), None) for key, _ in node.value)
        return plain(node, deep=deep)

    loader.construct_mapping = mapping
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


class _Reader:
    """One case file while its keys are gone through."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.words = table("words/case")["words"]
        self.keys = table("words/case")["keys"]
        self.limits = {row["key"]: row for row in table("words/case")["limit"]}
        hidden = set(self.keys["not_from_a_case"])
        self.facts = {name: fact for name, fact in vocabulary().items() if name not in hidden}
        self.notes: list[Note] = []
        self.withheld: set[str] = set()

    def unused(self, what: str, found: Any, expected: str) -> None:
        """A value that cannot be: it is left out and named."""
        self.withheld.add(what)
        text = f"{what} is not used: found {str(found)[:60]!r}, expected {expected}"
        self.notes.append(Note("subject-value-not-used", text, "caution"))

    def question(self, text: str) -> None:
        """Two statements that do not go together."""
        self.notes.append(Note("subject-contradiction", f"{text}: one of the two is wrong", "caution"))

    def word(self, what: str, value: Any, known: Iterable[str]) -> str:
        if not isinstance(value, str):
            raise InputError(f"{what} is no word", where=self.where, found=str(value)[:60])
        if value not in (names := list(known)):
            raise unknown_word(what, value, names, self.where)
        return value

    def each(self, what: str, values: Any, known: Iterable[str]) -> list[str]:
        if not isinstance(values, list):
            raise InputError(f"{what} is no list", where=self.where, found=str(values)[:60])
        return [self.word(what, v, known) for v in values]

    def table(self, what: str, value: Any, keys: Iterable[str]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise InputError(f"{what} holds no keys", where=self.where, found=str(value)[:60])
        for key in value:
            self.word(f"key of {what}", key, keys)
        return value

    def number(self, what: str, value: Any) -> float | None:
        limit = self.limits.get(what)
        # (whole numbers are held against the largest float first: a longer one cannot become a float)
        good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        if good and (limit is None or limit["low"] <= value <= limit["high"]):
            return float(value)
        self.unused(what, value, f"{limit['low']} to {limit['high']}" if limit else "a number")
        return None

    def truth(self, what: str, value: Any) -> bool | None:
        if isinstance(value, bool):
            return value
        self.unused(what, value, "true or false")
        return None


def _read(path: Path) -> tuple[Subject, tuple[Note, ...], frozenset[str]]:
    values, r = _load(path), _Reader(str(path))
    for key in values:
        r.word("key", key, (*r.keys["case"], *r.facts))
    if values.get("schema", _SCHEMA) != _SCHEMA:
        raise InputError(
            "this is another kind of file", where=str(path), found=str(values["schema"])[:60], expected=_SCHEMA
        )
    facts = _facts(values, r)
    sex = r.word("sex", values["sex"], r.words["sex"]) if "sex" in values else None
    ethnicity = values.get("ethnicity")
    if ethnicity is not None:
        ethnicity = r.word("ethnicity", ethnicity, (*vocabulary()["ethnicity"].words, "other", "unknown"))
    _check_rest(values, r)
    _check_sex(values, sex, r)
    person = Subject(
        name=str(values["name"]) if "name" in values else None,
        id=str(values["id"]) if "id" in values else None,
        age_years=_age(values["age"], r) if "age" in values else None,
        sex=None if sex == "unknown" else sex,
        ethnicity=None if ethnicity in ("other", "unknown") else ethnicity,
        facts=facts,
    )
    return person, tuple(r.notes), frozenset(r.withheld)


def _age(given: Any, r: _Reader) -> float | None:
    if isinstance(given, Mapping):
        age = r.table("age", given, r.keys["age"])
        unit, value = r.word("unit of age", age.get("unit", "a"), _YEARS), age.get("value")
    else:
        unit, value = "a", given
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        value = value * _YEARS[unit]
    return r.number("age_years", value)


def _facts(values: Mapping[str, Any], r: _Reader) -> dict[str, bool | float | str]:
    """Facts that rules may ask for: stated outright, or by a word of the history that is one."""
    facts: dict[str, bool | float | str] = {}
    for word in r.each("history", values.get("history", []), r.words["history"]):
        if word in r.facts and r.facts[word].kind == "bool":
            facts[word] = True
    for key in (k for k in values if k in r.facts):
        kind, value = r.facts[key].kind, values[key]
        if kind == "word":
            facts[key] = r.word(key, value, r.facts[key].words)
        else:
            found = r.truth(key, value) if kind == "bool" else r.number(key, value)
            if found is not None:
                facts[key] = found
    for key in ("height_cm", "gestation_weeks", "weeks_since_injury"):
        if key in values and (number := r.number(key, values[key])) is not None:
            facts[key] = number
    if "pregnant" in values and (pregnant := r.truth("pregnant", values["pregnant"])) is not None:
        if pregnant and values.get("sex") == "male":
            r.unused("pregnant", True, "not for sex male; one of the two is wrong")
        else:
            facts["pregnant"] = pregnant
    return facts


def _check_rest(values: Mapping[str, Any], r: _Reader) -> None:
    """Keys and words that describe findings and laboratory values: checked, and left to the step that reasons."""
    w, k = r.words, r.keys
    r.each("symptom", values.get("symptoms", []), w["symptoms"])
    for name in ("modality", "primary_tumour"):
        if name in values:
            r.word(name, values[name], w[name])
    sites = table("words/sites")["site"]
    for finding in _tables("findings", values, r):
        r.table("findings", finding, k["finding"])
        if "site" in finding:
            r.word("site", finding["site"], sites)
        for name in ("laterality", "change"):
            if name in finding:
                r.word(name, finding[name], w[name])
        for name, known in (("pattern", w["pattern"]), ("features", w["features"])):
            r.each(name, finding.get(name, []), known)
        if "distribution" in finding:
            r.each(
                "distribution",
                finding["distribution"] if isinstance(finding["distribution"], list) else [finding["distribution"]],
                w["distribution"],
            )
        if "tirads" in finding:
            r.table("tirads", finding["tirads"], k["tirads"])
    for lab in _tables("labs", values, r):
        r.table("labs", lab, k["lab"])
        r.word("analyte", lab.get("analyte"), w["analyte"])
    if "prior" in values:
        prior = r.table("prior", values["prior"], k["prior"])
        if "status" in prior:
            r.word("status of prior", prior["status"], w["prior_status"])
    if "prior_biopsy" in values:
        biopsy = r.table("prior_biopsy", values["prior_biopsy"], k["prior_biopsy"])
        if "result" in biopsy:
            r.word("result of prior_biopsy", biopsy["result"], w["biopsy_result"])


def _check_sex(values: Mapping[str, Any], sex: str | None, r: _Reader) -> None:
    """Sites, history and complaints that the stated sex does not have are questioned."""
    rules = table("reasoning/person")
    for other in {"female", "male"} - {sex} if sex in ("female", "male") else ():
        for finding in values.get("findings", []):
            if finding.get("site") in rules["sex_sites"][other]:
                r.question(f"a finding of the site {finding['site']} does not go with sex {sex}")
        for name in ("history", "symptoms"):
            for word in values.get(name, []):
                if word in rules["sex_words"][other]:
                    r.question(f"{name} {word} does not go with sex {sex}")


def _tables(name: str, values: Mapping[str, Any], r: _Reader) -> list[Any]:
    found = values.get(name, [])
    if not isinstance(found, list):
        raise InputError(f"{name} is no list", where=r.where, found=str(found)[:60])
    return found
