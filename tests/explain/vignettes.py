"""Worked cases, and what an answer is held against: what is expected of it, what must never be said, whether it holds
together in itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calcimetry.explain import rules, vocabulary
from calcimetry.explain.rules import TIERS
from calcimetry.knowledge.load import sources

HERE = Path(__file__).parent
STOPS = {"none", "routine_screening", "clinical"}
# Too general to show that a red flag was named.
_GENERAL = {
    "and",
    "the",
    "with",
    "for",
    "not",
    "any",
    "from",
    "than",
    "above",
    "below",
    "over",
    "under",
    "size",
    "named",
}


def seen() -> list[dict[str, Any]]:
    """The cases that the rules were written beside."""
    return [v for path in sorted((HERE / "cases").glob("*.json")) for v in json.loads(path.read_text())["vignettes"]]


def say_rules() -> dict[str, dict[str, str]]:
    """Name -> regular expression of what must not be said, and what excuses a sentence."""
    found: dict[str, dict[str, str]] = json.loads((HERE / "cases" / "abdomen.json").read_text())["say_rules"]
    return found


def sentences(texts: dict[str, list[str]]) -> Iterator[str]:
    for said in texts.values():
        for one in said:
            yield from re.split(r"(?<=[.!?;:])\s+", one)


def forbidden(texts: dict[str, list[str]], names: list[str] | None = None) -> list[str]:
    """Sentences that a rule forbids, with its name."""
    held = {name: rule for name, rule in say_rules().items() if names is None or name in names}
    return [
        f"{name}: {sentence}"
        for sentence in sentences(texts)
        for name, rule in held.items()
        if re.search(rule["regex"], sentence, re.I)
        and not (rule.get("unless") and re.search(rule["unless"], sentence, re.I))
    ]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def wrong(expected: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """Parts of an answer that are not as expected; empty where all are right."""
    types, causes, tests, who = (ids(got[key]) for key in ("types", "causes", "tests", "referrals"))
    parts = {
        "type": not expected.get("type_any") or (types[:1] and types[0] in expected["type_any"]),
        "causes": not expected.get("causes_any_in_top3") or set(causes[:3]) & set(expected["causes_any_in_top3"]),
        "tests": all(set(group) & set(tests) for group in expected.get("tests_must_include", [])),
        "no such test": not set(tests) & set(expected.get("tests_must_not_include", [])),
        "specialist": not expected.get("specialist_any") or set(who) & set(expected["specialist_any"]),
        "no such specialist": not set(who) & set(expected.get("specialist_must_not_include", [])),
        "urgency": not expected.get("urgency_any") or got["urgency"] in expected["urgency_any"],
        "blood": not expected.get("metabolic_pattern_any")
        or set(ids(got["metabolic_patterns"])) & set(expected["metabolic_pattern_any"]),
        "follow-up": _follow_up(expected.get("follow_up"), got),
        "red flags": _named(expected, got),
        "withheld": _withheld(expected.get("withheld_must_name", []), got),
    }
    return [name for name, right in parts.items() if not right] + forbidden(
        got["texts"], expected.get("must_not_say", [])
    )


def _follow_up(expected: dict[str, Any] | None, got: dict[str, Any]) -> bool:
    if expected is None:
        return True
    plan, kinds = got["follow_up"], expected["kind"]
    right = plan["kind"] in ([kinds] if isinstance(kinds, str) else kinds)
    if not expected.get("no_further_imaging"):
        right = right or TIERS.index(got["urgency"]) >= TIERS.index("within_2_weeks")
    if "no_further_imaging" in expected:
        right = right and plan["no_further_imaging"] == expected["no_further_imaging"]
    return right and (not expected.get("months") or bool(set(plan["months"]) & set(expected["months"])))


def _words(text: str) -> set[str]:
    found = re.findall(r"[a-z][a-z0-9]{2,}", text.lower().replace("_", " "))
    return {w[:-1] if len(w) > 4 and w.endswith("s") and not w.endswith("ss") else w for w in found} - _GENERAL


def _named(expected: dict[str, Any], got: dict[str, Any]) -> bool:
    wanted = expected.get("red_flags_must_be_named")
    if not wanted:
        return True
    said = _words(" ".join(f"{flag['id']} {flag['text']}" for flag in got["red_flags"]))
    urgent = got["urgency"] in expected.get("urgency_any", [])
    return bool(got["red_flags"]) and (bool(said & _words(" ".join(wanted))) or urgent)


def _withheld(groups: list[list[str]], got: dict[str, Any]) -> bool:
    said = json.dumps(got["withheld"]).lower()
    return all(any(word.lower() in said for word in group) for group in groups)


def faults(got: dict[str, Any]) -> list[str]:
    """Where an answer contradicts itself, uses a word of no list, or says what may not be said."""
    plan, tier = got["follow_up"], got["urgency"]
    tests, who = ids(got["tests"]), ids(got["referrals"])
    urgent = tier in {"now", "within_2_weeks"}
    lists = {
        "types": "type", "causes": "cause", "tests": "test", "referrals": "specialist",
        "metabolic_patterns": "metabolic_pattern",
    }  # fmt: skip
    checks = {
        "an unknown word": all(x in vocabulary.words(kind) for key, kind in lists.items() for x in ids(got[key])),
        "a doubled id": all(len(ids(got[key])) == len(set(ids(got[key]))) for key in lists),
        "tier below a red flag": all(TIERS.index(f["urgency"]) <= TIERS.index(tier) for f in got["red_flags"]),
        "a stop beside urgency": not (urgent and plan["kind"] in STOPS),
        "a date beside 'no follow-up'": plan["due"] is None or plan["kind"] not in {"none", "routine_screening"},
        "months beside another kind": not plan["months"] or plan["kind"] not in STOPS,
        "imaging wanted and stopped": plan["no_further_imaging"] == (plan["kind"] in STOPS),
        "nobody sees an urgent case": not urgent or bool(set(who) - {"none"}),
        "an emergency without its department": tier != "now" or who[0] == "emergency_department",
        "'none' beside a service": "none" not in who or who == ["none"],
        "'nothing further' beside tests": "no_test" not in tests
        or set(tests) <= {"no_test", "compare_prior_images", "psa_not_indicated_by_calcification", "self_examination"},
        "'nothing further' beside urgency": not urgent or (bool(tests) and "no_test" not in tests),
        "a source of no list": all(s in sources() for s in all_sources(got)),
        "something uncertain recommends": all(
            row["status"] != "uncertain" for key in ("tests", "referrals", "red_flags") for row in got[key]
        ),
        "no source": all(
            row["sources"] for key in ("tests", "referrals", "red_flags", "types", "causes") for row in got[key]
        ),
        "benign and urgent by one rule": not any(
            row["rule"] == one["row"] for row in got["benign_reading_void_because"] for one in got["readings"]
        ),
    }
    return [name for name, right in checks.items() if not right] + forbidden(got["texts"])


def all_sources(value: Any) -> Iterator[str]:
    """Every source that an answer names, wherever it stands."""
    if isinstance(value, dict):
        yield from value.get("sources", ())
        for inner in value.values():
            yield from all_sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from all_sources(inner)


def all_says() -> set[str]:
    """Every sentence of the tables that an answer may give as its reason."""
    from calcimetry.knowledge.load import table

    person = table("reasoning/person")
    found = {rule.says for site in vocabulary.words("site") for rule in rules.rules_of(site)}
    found |= {row.says for row in (*rules.patterns(), *rules.together(), *rules.voids())}
    found |= {row.says for row in rules.flags()}
    found |= {rules.several_organs()["says"], table("reasoning/organs")["unnamed"], person["pregnancy"]["ask"]}
    return found | {person[key]["says"] for key in ("pregnancy", "child", "emergency", "urgent")}
