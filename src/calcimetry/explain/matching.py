"""Which rules of a site hold for a finding, and what each of them brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calcimetry.explain import asks, rules
from calcimetry.explain.question import Finding
from calcimetry.explain.rules import KINDS, TIERS, Rule
from calcimetry.knowledge import logic

__all__ = ["Fired", "Matched", "match", "strictest_kind", "strictest_tier"]


@dataclass(slots=True)
class Fired:
    """A rule that holds, with what its extras changed; a void row may change it further."""

    rule: Rule
    tier: str
    kind: str
    months: tuple[int, ...]
    types: list[str]
    causes: list[str]
    tests: list[str]
    refer: list[str]
    treat: list[str]
    because: tuple[str, ...]
    voided: bool = False
    first: tuple[str, ...] = ()


@dataclass(slots=True)
class Matched:
    """A finding with its rules. ``open`` names the facts that could still bring in another rule."""

    finding: Finding
    facts: Mapping[str, Any]
    fired: list[Fired]
    open: tuple[str, ...]
    flag_tier: str = "none"
    watch: list[str] = field(default_factory=list)

    @property
    def tier(self) -> str:
        """The strictest tier of its rules and red flags."""
        return strictest_tier([self.flag_tier, *(one.tier for one in self.fired)])

    @property
    def kind(self) -> str:
        """The strictest kind of follow-up of its rules."""
        return strictest_kind(one.kind for one in self.fired)

    def rows(self, *, standing: bool) -> set[str]:
        """Names of the rules that hold; ``standing`` leaves out those that a void row cancelled."""
        return {one.rule.row for one in self.fired if not (standing and one.voided)}


def strictest_tier(tiers: Any) -> str:
    """The strictest of several tiers.

    >>> strictest_tier(["routine", "now", "none"])
    'now'
    """
    return max(tiers, key=TIERS.index, default="none")


def strictest_kind(kinds: Any) -> str:
    """The strictest of several kinds of follow-up.

    >>> strictest_kind(["none", "imaging_months", "clinical"])
    'imaging_months'
    """
    return max(kinds, key=KINDS.index, default="none")


def match(finding: Finding, facts: Mapping[str, Any]) -> Matched:
    """The rules of the finding's site that hold.

    A rule holds where ``when`` is true and ``unless`` is not; a rule that another one excludes falls; a fallback stands
    in only where nothing else names the finding.
    """
    holds: list[Fired] = []
    unknown: set[str] = set()
    for rule in rules.rules_of(finding.site):
        answer = logic.evaluate(rule.when, facts)
        stop = logic.evaluate(rule.unless, facts) if rule.unless is not None else logic.Answer(False)
        if answer.truth and not stop.truth:
            holds.append(_fired(rule, facts, answer.because, unknown))
        if answer.truth is not False and stop.truth is not True:
            unknown.update(asks.first_steps((*answer.missing, *stop.missing)))
    excluded = {
        one.rule.row
        for one in holds
        for other in holds
        if other is not one and any(rules.matches(name, one.rule.row) for name in other.rule.excludes)
    }
    kept = [one for one in holds if one.rule.row not in excluded]
    if any(not one.rule.fallback and not one.rule.last for one in kept):
        kept = [one for one in kept if not one.rule.fallback]
    kept.sort(key=lambda one: (one.rule.last, one.rule.place))
    return Matched(finding, facts, kept, tuple(sorted(unknown)))


def _fired(rule: Rule, facts: Mapping[str, Any], because: tuple[str, ...], unknown: set[str]) -> Fired:
    fired = Fired(
        rule, rule.tier, rule.kind, rule.months, list(rule.types), list(rule.causes), list(rule.tests),
        list(rule.refer), [rule.treat] if rule.treat else [], because,
    )  # fmt: skip
    first_types: list[str] = []
    first_causes: list[str] = []
    for extra in rule.also:
        answer = logic.evaluate(extra.when, facts)
        if answer.truth is None:
            unknown.update(answer.missing)
        if not answer.truth:
            continue
        if extra.only:
            fired.tests, fired.refer = [], []
            fired.tier, fired.kind, fired.months = extra.tier or rule.tier, extra.kind or rule.kind, extra.months
        fired.tier = strictest_tier([fired.tier, extra.tier or "none"])
        kind = strictest_kind([fired.kind, extra.kind or "none"])
        fired.months = fired.months or extra.months if kind == fired.kind else extra.months
        fired.kind = kind
        first_types += extra.types_first
        first_causes += extra.causes_first
        fired.types += extra.types
        fired.causes += extra.causes
        fired.tests = [*extra.tests_first, *fired.tests, *extra.tests]
        fired.refer = [*extra.refer_first, *fired.refer, *extra.refer]
        fired.treat += [extra.treat] if extra.treat else []
        fired.because = tuple(sorted({*fired.because, *answer.because}))
    fired.types = list(dict.fromkeys([*first_types, *fired.types]))
    fired.causes = list(dict.fromkeys([*first_causes, *fired.causes]))
    fired.first = tuple(first_causes)
    return fired
