"""Whether a scale may be used here: its conditions against what is known, worst verdict wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from calcimetry.grade.scales import Need, Verdict
from calcimetry.knowledge import logic

__all__ = ["Ruling", "rule"]

_RANK: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on a scale, the sentences behind it, and the facts that would lift it."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def reason(self) -> str | None:
        """All reasons as one line, or ``None``."""
        return "; ".join(self.reasons) or None


def rule(needs: Sequence[Need], facts: logic.Facts, *, score_speaks: bool = False) -> Ruling:
    """Judge the conditions of a scale.

    A condition that is false gives its reason; one that cannot be decided names the missing facts. Where the
    verdict is ``withheld``, only the sentences that withhold are kept: milder ones would hide them. With
    ``score_speaks`` the sentences that the score's own reason holds already are left out.

    >>> from calcimetry.grade.scales import needs
    >>> rule([needs()["gated"]], {}).reason
    'not known: whether the scan was ECG-gated'
    """
    found: list[tuple[Verdict, str, tuple[str, ...]]] = []
    for need in needs:
        answer = logic.evaluate(need.when, facts)
        said = need.said_by_score and score_speaks
        if answer.truth is False and need.if_false != "pass":
            found.append((need.if_false, "" if said else need.reason, ()))
        elif answer.truth is None and need.if_unknown != "pass":
            asked = "" if said else f"not known: {'; '.join(logic.labels(answer.missing))}"
            found.append((need.if_unknown, asked, answer.missing))
    worst = max((verdict for verdict, _, _ in found), key=_RANK.index, default=_RANK[0])
    kept = [row for row in found if row[0] == worst] if worst == "withheld" else found
    missing = dict.fromkeys(name for _, _, names in kept for name in names)
    return Ruling(worst, tuple(dict.fromkeys(text for _, text, _ in kept if text)), tuple(missing))
