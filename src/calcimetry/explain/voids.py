"""Step 4: what cancels a benign reading. The label, the tier ``none`` and the stop fall; a named type may stay.

A row never touches a rule that is not benign, nor one that expects the sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain import rules, spell
from calcimetry.explain.explanation import Voided
from calcimetry.explain.matching import Fired, Matched, strictest_tier
from calcimetry.explain.rules import Group, Void
from calcimetry.knowledge import logic

__all__ = ["void"]

_STOPS = {"none", "routine_screening"}
_STOP_TESTS = {"no_test", "annual_mammography"}


def void(matched: Matched) -> tuple[Voided, ...]:
    """Cancel the benign readings of a finding that a row voids; returns what was cancelled and why."""
    group = rules.group_of(matched.finding.site)
    cancelled: list[Voided] = []
    for fired in matched.fired:
        if not fired.rule.benign:
            continue
        for row, answer in _holding(fired, matched.facts, group):
            if not fired.voided:
                _cancel(fired, matched, group)
            fired.refer += [who for who in row.refer if who not in fired.refer]
            if any((one.rule, one.void) == (fired.rule.row, row.id) for one in cancelled):
                continue  # the row with the narrower wording stands first and says it
            why = spell.because(answer.because, matched.facts)
            cancelled.append(Voided(fired.rule.row, row.id, row.says, why, (row.source,)))
    return tuple(cancelled)


def _holding(fired: Fired, facts: Mapping[str, Any], group: Group) -> list[tuple[Void, logic.Answer]]:
    found = []
    for row in rules.voids():
        if row.id in fired.rule.expects or not _applies(row, facts["site"], group):
            continue
        if row.local_complaint:
            here = {"symptoms": {"has_any": list(group.complaints)}} if group.complaints else None
            answer = logic.evaluate(here, facts) if here else logic.Answer(False)
        else:
            answer = logic.evaluate(row.when or {}, facts)
        if answer.truth:
            found.append((row, answer))
    return found


def _applies(row: Void, site: str, group: Group) -> bool:
    return (
        (not row.only_where_cancer_can_calcify or group.cancer_can_calcify)
        and (not row.only_groups or group.name in row.only_groups)
        and group.name not in row.not_groups
        and site not in row.not_sites
    )


def _cancel(fired: Fired, matched: Matched, group: Group) -> None:
    fired.voided = True
    fired.tier = strictest_tier([fired.tier, "routine"])
    if fired.kind in _STOPS:
        fired.kind = "specialist_decides"
    fired.tests = list(dict.fromkeys([*(t for t in fired.tests if t not in _STOP_TESTS), *group.tests]))
    fired.refer = list(dict.fromkeys([*(who for who in fired.refer if who != "none"), *group.refer]))
    matched.watch += [cause for cause in group.watch if cause not in matched.watch]
    # What rested on the benign rule alone is open again; the type of the mineral stays behind it.
    if fired.rule.tier == "none" and all(one is fired or not one.types for one in matched.fired):
        fired.types = list(dict.fromkeys(["indeterminate", *fired.types]))
