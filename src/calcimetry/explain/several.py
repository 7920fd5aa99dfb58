"""Step 9: several findings together: one cause behind calcium in more than one organ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calcimetry.explain import rules, spell
from calcimetry.explain.explanation import Shared
from calcimetry.explain.question import Finding
from calcimetry.knowledge import logic

__all__ = ["organ_groups", "shared"]


def organ_groups(findings: Sequence[Finding]) -> int:
    """Number of organ systems with calcium that local damage does not usually explain."""
    wanted = set(rules.several_organs()["groups"])
    return len({rules.group_of(one.site).name for one in findings} & wanted)


def shared(findings: Sequence[Finding], case: Mapping[str, Any]) -> tuple[tuple[rules.Together, Shared], ...]:
    """Rows whose condition holds and whose sites are met often enough."""
    found = []
    for row in rules.together():
        sites = tuple(sorted({one.site for one in findings if one.site in row.sites}))
        answer = logic.evaluate(row.when, case)
        if len(sites) >= row.at_least and answer.truth:
            why = spell.because(answer.because, case)
            found.append((row, Shared(row.id, row.cause, sites, row.says, why, (row.source,), row.status)))
    return tuple(found)
