"""Step 7: a ranked differential for site and pattern, given everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from calcimetry.explain import rules
from calcimetry.explain.explanation import Cause
from calcimetry.explain.matching import Fired, Matched
from calcimetry.explain.metabolic import Held
from calcimetry.explain.types import evidence

__all__ = ["of_finding", "rank"]

# How many places a piece of evidence moves a cause in its list. Orders a list, and is never shown.
_PLACES = {"++": -3.5, "+": -1.0, "-": 3.0}
# A cause that an extra of a rule puts first keeps its lead against ordinary evidence.
_FIRST = -4.0


def of_finding(one: Matched, blood: Sequence[Held]) -> list[str]:
    """Causes of one finding, likeliest first; the blood's own causes where a rule lets the blood speak."""
    ranked = [_ordered(fired, one.facts) for fired in one.fired]
    listed = list(dict.fromkeys(cause for causes in ranked for cause in causes))
    speaks = {fired.rule.blood for fired in one.fired if fired.rule.blood}
    from_blood = [c for held in blood if held.fits for c in _pattern_causes(held, one.facts)]
    if speaks and from_blood:
        place = 0 if "first" in speaks or not listed else 1
        head = [cause for cause in listed[:place] if cause not in from_blood]
        listed = list(dict.fromkeys([*head, *from_blood, *listed]))
    must = [c for fired in one.fired for c in fired.rule.must_not_miss]
    if not one.fired:
        one.watch += [c for c in rules.group_of(one.finding.site).watch if c not in one.watch]
    # What must not be missed: to the front where more speaks for it than against it.
    likely = [cause for cause in (*one.watch, *must) if _favoured(cause, one.facts)]
    return list(dict.fromkeys([*listed[:1], *likely, *listed, *must, *one.watch]))


def _favoured(cause: str, facts: Mapping[str, Any]) -> bool:
    pro, contra = evidence(rules.causes().get(cause, ()), facts)
    return len(pro) > len(contra)


def _ordered(fired: Fired, facts: Mapping[str, Any]) -> list[str]:
    def place(pair: tuple[int, str]) -> float:
        n, cause = pair
        pro, contra = evidence(rules.causes().get(cause, ()), facts)
        moved = sum(_PLACES[e.sign] for e in (*pro, *contra))
        return n + moved + (_FIRST if cause in fired.first else 0.0)

    return [cause for _, cause in sorted(enumerate(fired.causes), key=place)]


def _pattern_causes(held: Held, facts: Mapping[str, Any]) -> list[str]:
    first = [c for extra in held.row.also if _true(extra.when, facts) for c in extra.causes_first]
    causes = list(dict.fromkeys([*first, *held.row.causes]))

    def against(cause: str) -> bool:
        pro, contra = evidence(rules.causes().get(cause, ()), facts)
        return len(contra) > len(pro)

    def strong(cause: str) -> int:
        pro, _ = evidence(rules.causes().get(cause, ()), facts)
        return -sum(2 if e.sign == "++" else 1 for e in pro)

    return sorted((c for c in causes if not against(c)), key=lambda c: (c not in first, strong(c)))


def _true(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    from calcimetry.knowledge import logic

    return logic.evaluate(condition, facts).truth is True


def rank(
    matched: Sequence[Matched], blood: Sequence[Held], shared: Iterable[str], case: Mapping[str, Any]
) -> tuple[Cause, ...]:
    """Causes of the whole case: the leading finding first, then what several findings share, then the others."""
    lists = [of_finding(one, blood) for one in matched]
    lead = lists[0] if lists else []
    others = [cause for row in zip_longest(*lists[1:]) for cause in row if cause is not None]
    # Patterns that only may fit stand behind those that do; one that is not decidable has no cause of its own.
    open_ones = [held for held in blood if held.row.id != "M19" or held.fits]
    from_blood = [c for held in sorted(open_ones, key=lambda h: not h.fits) for c in _pattern_causes(held, case)]
    order = [*lead[:1], *shared, *lead[1:2], *others[: len(lists) - 1], *lead[2:], *others, *from_blood]
    must = {c for one in matched for c in one.watch}
    must |= {c for one in matched for fired in one.fired for c in fired.rule.must_not_miss}
    return tuple(_cause(cause, cause in must, matched, blood, case) for cause in dict.fromkeys(order))


def _cause(word: str, must: bool, matched: Sequence[Matched], blood: Sequence[Held], case: Mapping[str, Any]) -> Cause:
    owner = next((one for one in matched if any(word in fired.causes for fired in one.fired)), None)
    pro, contra = evidence(rules.causes().get(word, ()), owner.facts if owner is not None else case)
    sources = [s for one in matched for fired in one.fired if _names(fired, word) for s in fired.rule.sources]
    sources += [held.row.source for held in blood if word in held.row.causes]
    statuses = [fired.rule.status for one in matched for fired in one.fired if _names(fired, word)]
    statuses += [held.row.status for held in blood if word in held.row.causes]
    head = rules.cause_source(matched[0].finding.site if matched else None)
    return Cause(word, must, pro, contra, tuple(dict.fromkeys(sources or head)), (statuses or ["memory"])[0])


def _names(fired: Fired, word: str) -> bool:
    return word in fired.causes or word in fired.rule.must_not_miss
