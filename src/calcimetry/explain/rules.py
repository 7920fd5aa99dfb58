"""Tables of the reasoning -> checked rules. A condition, word or source that does not hold stops the load.

In the tables a set of words may be asked with a bare word (it is there) or a list (one of them is there); a single word
with a list (it is one of them). :func:`spelled_out` writes both as the tests of :mod:`calcimetry.knowledge.logic`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from calcimetry.core.errors import KnowledgeError
from calcimetry.explain import vocabulary
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import sources, table

__all__ = [
    "FILES",
    "KINDS",
    "TIERS",
    "Extra",
    "Flag",
    "Group",
    "Pattern",
    "Rule",
    "Together",
    "Void",
    "Weighed",
    "cause_source",
    "causes",
    "flags",
    "group_of",
    "matches",
    "patterns",
    "rules_of",
    "several_organs",
    "spelled_out",
    "together",
    "types",
    "voids",
]

TIERS = ("none", "routine", "within_2_weeks", "now")
KINDS = ("none", "routine_screening", "clinical", "imaging_months", "specialist_decides", "after_biopsy")
FILES = ("anywhere", "breast", "chest", "heart", "abdomen", "urinary", "neck", "brain_eye", "soft_tissue")


@dataclass(frozen=True, slots=True)
class Extra:
    """What a rule adds when a further condition holds. ``only``: its actions take the place of the rule's own."""

    when: logic.Condition
    only: bool = False
    tier: str | None = None
    kind: str | None = None
    months: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    types_first: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    causes_first: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    tests_first: tuple[str, ...] = ()
    refer: tuple[str, ...] = ()
    refer_first: tuple[str, ...] = ()
    treat: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a site table. ``row`` is unique, ``id`` is the row of the clinical notes it comes from."""

    row: str
    id: str
    site: tuple[str, ...]
    types: tuple[str, ...]
    causes: tuple[str, ...]
    tests: tuple[str, ...]
    refer: tuple[str, ...]
    tier: str
    kind: str
    says: str
    sources: tuple[str, ...]
    status: str
    when: logic.Condition = field(default_factory=dict)
    unless: logic.Condition | None = None
    benign: bool = False
    fallback: bool = False
    last: bool = False
    months: tuple[int, ...] = ()
    must_not_miss: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    expects: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    also: tuple[Extra, ...] = ()
    guidelines: tuple[Mapping[str, Any], ...] = ()
    treat: str | None = None
    avoid: str | None = None
    blood: str | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Flag:
    """One red flag. ``call_today``: a service is called the same day, though the person is seen later; ``days``: at the
    latest, where that is sooner than the tier.
    """

    id: str
    tier: str
    when: logic.Condition
    says: str
    source: str
    status: str
    unless: logic.Condition | None = None
    with_rules: tuple[str, ...] = ()
    not_with_rules: tuple[str, ...] = ()
    also_says: tuple[tuple[logic.Condition, str], ...] = ()
    call_today: bool = False
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """One row that cancels a benign reading."""

    id: str
    says: str
    source: str
    status: str
    when: logic.Condition | None = None
    local_complaint: bool = False
    only_where_cancer_can_calcify: bool = False
    only_groups: tuple[str, ...] = ()
    not_groups: tuple[str, ...] = ()
    not_sites: tuple[str, ...] = ()
    refer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of the blood."""

    id: str
    core: logic.Condition
    causes: tuple[str, ...]
    tests: tuple[str, ...]
    refer: tuple[str, ...]
    tier: str
    says: str
    source: str
    status: str
    unless: logic.Condition | None = None
    hint: logic.Condition | None = None
    supports: tuple[logic.Condition, ...] = ()
    against: tuple[logic.Condition, ...] = ()
    decides: Mapping[str, str] = field(default_factory=dict)
    also: tuple[Extra, ...] = ()
    kind: str = "specialist_decides"
    treat: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What the sites of one organ group share."""

    name: str
    sites: tuple[str, ...]
    complaints: tuple[str, ...]
    cancer_can_calcify: bool
    watch: tuple[str, ...]
    tests: tuple[str, ...]
    refer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """One cause behind calcium in several organs."""

    row: str
    id: str
    cause: str
    when: logic.Condition
    sites: tuple[str, ...]
    at_least: int
    tests: tuple[str, ...]
    refer: tuple[str, ...]
    says: str
    source: str
    status: str


def spelled_out(condition: Any, where: str) -> dict[str, Any]:
    """A condition with every test written out, checked against the vocabulary.

    >>> spelled_out({"pattern": ["rim", "popcorn"], "site": "lung"}, "example")
    {'pattern': {'has_any': ['rim', 'popcorn']}, 'site': {'is': 'lung'}}
    """
    spelled = _spell(condition)
    logic.check(spelled, where=where, known=vocabulary.facts())
    return spelled


def _spell(condition: Any) -> Any:
    if not isinstance(condition, Mapping):
        return condition
    found: dict[str, Any] = {}
    for key, value in condition.items():
        if key == "not":
            found[key] = _spell(value)
        elif key in {"all", "any"} and isinstance(value, list):
            found[key] = [_spell(part) for part in value]
        elif isinstance(value, Mapping):
            found[key] = dict(value)
        else:
            fact = vocabulary.facts().get(key)
            many = isinstance(value, list)
            if fact is not None and fact.kind == "words":
                found[key] = {"has_any" if many else "has": value}
            else:
                found[key] = {"in" if many else "is": value}
    return found


def _known(kind: str, named: Iterable[str], where: str) -> None:
    for word in named:
        if word not in vocabulary.words(kind):
            raise KnowledgeError(f"{where}: {word!r} is no {kind}")


def _check_words(row: Any, where: str) -> None:
    """Every word an entry can put into an answer must be in its list; an uncertain entry must not recommend."""
    _known("cause", [*row.causes, *getattr(row, "must_not_miss", ()), *getattr(row, "causes_first", ())], where)
    _known("type", [*getattr(row, "types", ()), *getattr(row, "types_first", ())], where)
    _known("test", [*row.tests, *getattr(row, "tests_first", ())], where)
    _known("specialist", [*row.refer, *getattr(row, "refer_first", ())], where)
    if row.tier is not None and row.tier not in TIERS:
        raise KnowledgeError(f"{where}: tier {row.tier!r} is none of {TIERS}")
    if row.kind is not None and row.kind not in KINDS:
        raise KnowledgeError(f"{where}: kind {row.kind!r} is none of {KINDS}")
    if getattr(row, "status", "") == "uncertain" and (row.tests or row.refer or row.tier != "none"):
        raise KnowledgeError(f"{where}: an uncertain entry may order a list and never recommends")


def _check_source(names: Iterable[str], where: str) -> None:
    for name in names:
        if name not in sources():
            raise KnowledgeError(f"{where}: source {name!r} is not in sources.toml")


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _extra(row: Mapping[str, Any], where: str) -> Extra:
    extra = Extra(**{**_tuples(row), "when": spelled_out(row["when"], where)})
    _check_words(extra, where)
    return extra


def _build(kind: Any, row: Mapping[str, Any], where: str) -> Any:
    try:
        return kind(**_tuples(row))
    except TypeError as error:
        raise KnowledgeError(f"{where}: {error}") from error


def _rule(row: Mapping[str, Any], file: str, place: int) -> Rule:
    where = f"table reasoning/{file}, row {row.get('row')!r}"
    values = dict(row)
    values.setdefault("id", values["row"])
    values["when"] = spelled_out(values.get("when", {}), where)
    if "unless" in values:
        values["unless"] = spelled_out(values["unless"], f"{where}, unless")
    values["also"] = [_extra(extra, f"{where}, also") for extra in values.get("also", ())]
    if values["site"] == ["any"]:
        values["site"] = list(vocabulary.words("site"))
    rule: Rule = _build(Rule, {**values, "place": place}, where)
    _known("site", rule.site, where)
    _check_words(rule, where)
    _check_source(rule.sources, where)
    return rule


@cache
def _all_rules() -> tuple[Rule, ...]:
    found: list[Rule] = []
    for file in FILES:
        found += [_rule(row, file, len(found) + n) for n, row in enumerate(table(f"reasoning/{file}")["rule"])]
    rows = {rule.row for rule in found}
    if len(rows) != len(found):
        raise KnowledgeError("reasoning: a row name is used twice")
    for rule in found:
        unknown = [name for name in rule.excludes if not any(matches(name, row) for row in rows)]
        if unknown:
            raise KnowledgeError(f"reasoning, row {rule.row}: excludes unknown rows {unknown}")
    return tuple(found)


def matches(name: str, row: str) -> bool:
    """Whether a name in ``excludes`` means this row; ``L3.*`` means all rows that begin so.

    >>> matches("L3.*", "L3.small")
    True
    """
    return row.startswith(name[:-1]) if name.endswith(".*") else row == name


@cache
def rules_of(site: str) -> tuple[Rule, ...]:
    """The rules of a site, in the order of the tables.

    >>> [rule.row for rule in rules_of("prostate")]
    ['any.metal', 'U13']
    """
    return tuple(rule for rule in _all_rules() if site in rule.site)


@cache
def flags() -> tuple[Flag, ...]:
    """All red flags."""
    found = []
    for n, row in enumerate(table("reasoning/red_flags")["flag"]):
        where = f"table reasoning/red_flags, {row['id']} (row {n + 1})"
        values = {**row, "when": spelled_out(row["when"], where)}
        if "unless" in row:
            values["unless"] = spelled_out(row["unless"], where)
        values["also_says"] = [(spelled_out(a["when"], where), a["says"]) for a in row.get("also_says", ())]
        found.append(_build(Flag, values, where))
    return tuple(found)


@cache
def voids() -> tuple[Void, ...]:
    """All void rules."""
    found = []
    for row in table("reasoning/voids")["void"]:
        where = f"table reasoning/voids, {row['id']}"
        values = {**row, "when": spelled_out(row["when"], where)} if "when" in row else dict(row)
        found.append(_build(Void, values, where))
    return tuple(found)


@cache
def patterns() -> tuple[Pattern, ...]:
    """All patterns of the blood."""
    found = []
    for row in table("reasoning/metabolic")["pattern"]:
        where = f"table reasoning/metabolic, {row['id']}"
        values = dict(row)
        for key in ("core", "unless", "hint"):
            if key in values:
                values[key] = spelled_out(values[key], f"{where}, {key}")
        for key in ("supports", "against"):
            values[key] = [spelled_out(part, f"{where}, {key}") for part in values.get(key, ())]
        values["also"] = [_extra(extra, f"{where}, also") for extra in values.get("also", ())]
        pattern: Pattern = _build(Pattern, values, where)
        _check_words(pattern, where)
        _known("test", pattern.decides.values(), where)
        found.append(pattern)
    return tuple(found)


@cache
def _groups() -> dict[str, Group]:
    by_site: dict[str, Group] = {}
    for name, row in table("reasoning/organs")["group"].items():
        group: Group = _build(Group, {"name": name, **row}, f"table reasoning/organs, {name}")
        _known("symptom", group.complaints, name)
        by_site |= dict.fromkeys(group.sites, group)
    if missing := set(vocabulary.words("site")) - set(by_site):
        raise KnowledgeError(f"table reasoning/organs: no group for {sorted(missing)}")
    return by_site


def group_of(site: str) -> Group:
    """The organ group of a site.

    >>> group_of("ureter").name
    'urinary'
    """
    return _groups()[site]


Weighed = tuple[logic.Condition, str, str]


@cache
def causes() -> dict[str, tuple[Weighed, ...]]:
    """Cause -> (condition, sign, text) that speak for or against it."""
    found: dict[str, tuple[Weighed, ...]] = {}
    for word, rows in table("reasoning/causes")["cause"].items():
        where = f"table reasoning/causes, {word}"
        _known("cause", [word], where)
        found[word] = tuple((spelled_out(r["when"], where), r["sign"], r.get("says", "")) for r in rows)
    return found


@cache
def types() -> dict[str, tuple[Mapping[str, Any], tuple[Weighed, ...]]]:
    """Type -> (its row, evidence)."""
    found: dict[str, tuple[Mapping[str, Any], tuple[Weighed, ...]]] = {}
    for word, row in table("reasoning/types")["type"].items():
        where = f"table reasoning/types, {word}"
        _known("type", [word], where)
        rows = tuple((spelled_out(r["when"], where), r["sign"], r["says"]) for r in row["evidence"])
        found[word] = (row, rows)
    return found


@cache
def together() -> tuple[Together, ...]:
    """Causes that several findings share."""
    found = []
    for row in table("reasoning/several")["shared"]:
        where = f"table reasoning/several, {row['row']}"
        one: Together = _build(Together, {**row, "when": spelled_out(row["when"], where)}, where)
        _known("site", one.sites, where)
        _known("cause", [one.cause], where)
        _known("test", one.tests, where)
        _known("specialist", one.refer, where)
        found.append(one)
    return tuple(found)


@cache
def several_organs() -> Mapping[str, Any]:
    """The row that asks for the blood when several organ systems hold calcium."""
    row: Mapping[str, Any] = table("reasoning/several")["several_organs"]
    _known("test", row["tests"], "table reasoning/several, several_organs")
    return row


def cause_source(site: str | None) -> tuple[str, ...]:
    """The source of a cause that no rule names: the table of organs, or of causes."""
    name = "reasoning/organs" if site is not None else "reasoning/causes"
    return (str(table(name)["source"]),)
