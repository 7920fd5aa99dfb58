"""Step 10 where no composed texts are installed: the sentences of the rules themselves, and what a person must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from calcimetry.explain import vocabulary
from calcimetry.explain.explanation import Explanation

__all__ = ["texts"]


def texts(explanation: Explanation, case: Mapping[str, Any], language: str) -> dict[str, tuple[str, ...]]:
    """Sentences for clinicians and for the person, by ``calcimetry.explain.words`` where it is there."""
    case = _ordered(case)
    if find_spec("calcimetry.explain.words") is not None:
        compose: Callable[..., Mapping[str, Any]] | None = getattr(
            import_module("calcimetry.explain.words"), "compose", None
        )
        if compose is not None:
            return {who: tuple(said) for who, said in compose(explanation, case, language).items()}
    return {"clinician": _clinician(explanation), "patient": _patient(explanation)}


def _ordered(case: Mapping[str, Any]) -> dict[str, Any]:
    """The case with its lists in one order, so that the order of the input changes no sentence."""
    found = dict(case)
    for key in ("history", "symptoms", "medications"):
        found[key] = sorted(case.get(key) or [], key=str)
    rows = [dict(row) for row in case.get("findings") or []]
    for row in rows:
        row |= {key: sorted(row[key], key=str) for key in ("pattern", "features") if row.get(key)}
    for key, listed in (("findings", rows), ("labs", list(case.get("labs") or []))):
        found[key] = sorted(listed, key=lambda row: repr(sorted(row.items(), key=str)))
    return found


def _clinician(explanation: Explanation) -> tuple[str, ...]:
    said = [f"Red flag {flag.id}: {flag.text}." for flag in explanation.red_flags]
    said += [reading.text for reading in explanation.readings]
    said += [row.text for row in explanation.metabolic_patterns if row.certainty != "possible"]
    said += [row.text for row in explanation.shared]
    said += list(explanation.notes)
    return tuple(dict.fromkeys(said))


def _patient(explanation: Explanation) -> tuple[str, ...]:
    sites = [vocabulary.label("site", site) for site in dict.fromkeys(r.site for r in explanation.readings)]
    found = f"Calcium was found here: {', '.join(sites)}." if sites else "Your values were looked at."
    who = [vocabulary.label("specialist", row.id) for row in explanation.referrals if row.id != "none"]
    said = [found, "A computer program wrote this from what was typed in, and a doctor must check it."]
    if explanation.urgency == "now":
        said.append("Go to a hospital today, or call the emergency number.")
    elif explanation.urgency == "within_2_weeks":
        said.append("You should be seen within two weeks.")
    if who:
        said.append(f"These people can help you: {', '.join(who)}.")
    return tuple(said)
