"""Statements that cannot both be true: which of them is set aside, and what would settle it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain.doubts import Doubts
from calcimetry.knowledge.load import table
from calcimetry.knowledge.logic import OpenWords

__all__ = ["settle_finding", "settle_person"]

# Of two features that exclude each other the reassuring one is set aside.
_EXCLUDE = (("homogeneous", "heterogeneous"), ("complete_wall", "focal_wall"))


def _without(words: frozenset[str], gone: set[str]) -> frozenset[str]:
    return OpenWords(words - gone) if isinstance(words, OpenWords) else words - gone


def settle_person(person: dict[str, Any], doubts: Doubts) -> None:
    """Sex, pregnancy and words of the history against each other."""
    rules = table("reasoning/person")
    sex, age = person["sex"], person["age_years"]
    for other in {"female", "male"} - {sex} if sex else ():
        for name in ("history", "symptoms"):
            wrong = person[name] & set(rules["sex_words"][other])
            if wrong:
                doubts.add(
                    ", ".join(sorted(wrong)), f"does not go with the stated sex ({sex}) and is not used", "sex", name
                )
                person[name] = _without(person[name], wrong)
    said = "pregnancy" in person["history"]
    if person["pregnant"] is False and said:
        doubts.add("pregnancy", "stated both as yes and as no; neither is used", "pregnancy, yes or no")
        person["pregnant"], person["history"] = None, _without(person["history"], {"pregnancy"})
    elif person["pregnant"] or said:
        low, high = rules["pregnancy"]["ages"]
        if sex == "male" or (age is not None and not low <= age <= high):
            doubts.add("pregnancy", "does not go with the stated sex or age and is not used", "sex", "age")
            person["pregnant"], person["history"] = None, _without(person["history"], {"pregnancy"})
        else:
            person["pregnant"] = True
            person["history"] = OpenWords(person["history"] - {"none"} | {"pregnancy"})
    if sex == "male" and person["pregnant"] is None:
        person["pregnant"] = False


def settle_finding(facts: dict[str, Any], person: Mapping[str, Any], doubts: Doubts) -> dict[str, Any] | None:
    """A finding against the person and itself; ``None`` where the site cannot be."""
    site, sex = facts["site"], person["sex"]
    for owner, sites in table("reasoning/person")["sex_sites"].items():
        if sex is not None and sex != owner and site in sites:
            doubts.add(site, f"a finding of this site does not go with the stated sex ({sex}) and is not used", "sex")
            return None
    for mild, grave in _EXCLUDE:
        if {mild, grave} <= facts["features"]:
            doubts.add(mild, f"stands beside {grave} and is not used", f"which of the two: {mild} or {grave}")
            facts["features"] = OpenWords(facts["features"] - {mild})
    _settle_change(facts, person, doubts)
    if person["child"] and facts.get("agatston") is not None and site == "coronary_artery":
        doubts.add("agatston", "the score of adults is not used under 18 years", "the specialist's view")
        facts["agatston"] = facts["percentile"] = None
    return facts


def _settle_change(facts: dict[str, Any], person: Mapping[str, Any], doubts: Doubts) -> None:
    change, earlier = facts.get("change"), person.get("prior_status")
    if change == "absent_before" or (change in (None, "unknown") and earlier == "absent"):
        change = "new"
    if change == "unknown":
        change = None
    if change == "stable" and person.get("prior_available") is False:
        doubts.add("change", "without earlier images stability is not claimed", "the earlier images")
        change = None
    if change == "stable" and earlier in {"larger", "changed", "absent"}:
        doubts.add("change", f"'stable' stands beside earlier images that say '{earlier}'", "the earlier images")
        change = None
    facts["change"] = change
