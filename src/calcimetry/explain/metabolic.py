"""Step 6: patterns of the blood, best first, with the values that are missing and why they would decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcimetry.explain import asks, rules, spell, vocabulary
from calcimetry.explain.explanation import MetabolicPattern
from calcimetry.explain.rules import Pattern
from calcimetry.knowledge import logic

__all__ = ["Held", "held", "patterns"]

_BLOOD = ("calcium", "phosphate", "pth", "kidney_normal")


@dataclass(frozen=True, slots=True)
class Held:
    """A pattern that fits (``fits``, ``suspected``) or may fit (``possible``).

    ``acts``: it brings its own tests, services and tier; one that only may fit brings the tests that decide it.
    """

    row: Pattern
    answer: MetabolicPattern
    acts: bool

    @property
    def fits(self) -> bool:
        """Whether the values that decide it are there and fit."""
        return self.answer.certainty != "possible"


def held(facts: Mapping[str, Any], samples: Mapping[str, int], *, stated: bool) -> tuple[Held, ...]:
    """Patterns that fit or may fit; M19, "not decidable", where values were stated and none fits.

    Parameters
    ----------
    facts : mapping
        Facts of the case.
    samples : mapping
        Fact -> number of samples behind it: what rests on one sample is suspected, not sure.
    stated : bool
        Whether laboratory values were stated or asked for.
    """
    found = []
    for row in rules.patterns():
        core = logic.evaluate(row.core, facts)
        stop = logic.evaluate(row.unless, facts).truth if row.unless is not None else False
        if stop or core.truth is False:
            continue
        if core.truth:
            sure = all(samples.get(name, 2) > 1 for name in core.because) and facts.get("calcium_certain") is not False
            found.append(_pattern(row, core, facts, "fits" if sure else "suspected"))
        elif row.hint and logic.evaluate(row.hint, facts).truth:
            found.append(_pattern(row, core, facts, "possible"))
    if stated and not any(one.answer.certainty != "possible" for one in found):
        lacking = logic.Answer(None, tuple(name for name in _BLOOD if facts.get(name) is None))
        off = any(facts.get(name) not in (None, "normal", True) for name in _BLOOD[:3])
        found.append(_pattern(rules.patterns()[-1], lacking, facts, "possible", acts=off))
    return tuple(sorted(found, key=lambda one: (one.answer.certainty == "possible", -_weight(one.answer))))


def patterns(found: tuple[Held, ...]) -> tuple[MetabolicPattern, ...]:
    """The answers alone."""
    return tuple(one.answer for one in found)


def _weight(answer: MetabolicPattern) -> int:
    return len(answer.fits) - 2 * len(answer.against)


def _pattern(row: Pattern, core: logic.Answer, facts: Mapping[str, Any], certainty: str, *, acts: bool = False) -> Held:
    fits = [spell.condition(part) for part in row.supports if logic.evaluate(part, facts).truth]
    against = [spell.condition(part) for part in row.against if logic.evaluate(part, facts).truth]
    lacking = [name for name in row.decides if facts.get(name) is None]
    lacking += [name for name in core.missing if ":" not in name and name not in lacking]
    lacking = [name for name in lacking if asks.can_be_had(name, facts)]
    why = {name: _why(name, row) for name in lacking}
    answer = MetabolicPattern(
        row.id, certainty, (*spell.because(core.because, facts), *fits), tuple(against), tuple(lacking), why, row.says,
        (row.source,), row.status,
    )  # fmt: skip
    return Held(row, answer, acts or certainty != "possible")


def _why(name: str, row: Pattern) -> str:
    label = vocabulary.facts()[name].label
    pattern = vocabulary.label("metabolic_pattern", row.id)
    test = row.decides.get(name)
    by = f" ({vocabulary.label('test', test)})" if test else ""
    return f"{label}{by}: speaks for or against {pattern}"
