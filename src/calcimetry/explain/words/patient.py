"""Plain text for the person: what was found, what is not known, what is next. Reading age about 12."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from calcimetry.explain.words import likelihood
from calcimetry.explain.words.asked import lay
from calcimetry.explain.words.findings import is_empty, seen, unconfirmed
from calcimetry.explain.words.language import knows, listed, name, plain, say, word
from calcimetry.explain.words.sentence import Sentence, from_entry
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import NO_STEP, View
from calcimetry.knowledge.load import table
from calcimetry.knowledge.units import convert

__all__ = ["found", "missing_facts", "next_steps", "not_known", "patient", "seen_values"]

_FILE = "patient"
_MOST_FINDINGS = 6
_MOST_FLAGS = 3
_MOST_FACTS = 2
_STATED = frozenset({"age", "change", "count", "grade", "pregnancy", "prior", "sex", "symptoms", "history"})
"""Keys of a case whose name is a plain word already."""
_NOT_THE_PERSONS = "the specialist"
"""Needs that no one but the specialist can meet."""
_SHOWN_VALUES = ("calcium_total", "phosphate")
_SAMPLE = frozenset({
    "stereotactic_vacuum_biopsy", "lung_biopsy", "thyroid_fna", "sarcoma_centre_biopsy", "pleural_biopsy",
    "endometrial_biopsy",
})  # fmt: skip


def patient(explanation: Any, case: Mapping[str, Any], settings: WordSettings | None = None) -> tuple[Sentence, ...]:
    """Sentences for the person, each with the entry it came from.

    Parameters
    ----------
    explanation : mapping or Explanation
        ``calcimetry-explanation/1``.
    case : mapping
        ``calcimetry-case/1``.
    settings : WordSettings, optional
        Language and emergency number.
    """
    settings = settings or WordSettings()
    view = View(explanation, case)
    return (
        *found(view, settings),
        *not_known(view, settings),
        *next_steps(view, settings),
        *_limits(settings.language),
    )


def _own(language: str, key: str, part: str, *because: str, **values: object) -> Sentence:
    return Sentence(say(language, _FILE, key, **values), part, because or (key,))


def found(view: View, settings: WordSettings) -> Iterable[Sentence]:
    """What was found: places, signs that need haste, what it may be."""
    language = settings.language
    if view.child:
        yield _own(language, "parent", "found", "age below 18 years")
    modality = str(view.case.get("modality") or "unknown")
    for finding in view.findings[:_MOST_FINDINGS]:
        yield from seen(finding, modality, language)
    if any(map(unconfirmed, view.findings)):
        yield _own(language, "unconfirmed", "found", "unconfirmed_on")
    if not view.findings:
        yield _own(language, "no_picture", "found")
    elif not all(is_empty(one) for one in view.findings):
        yield _own(language, "calcium", "found")
    # In an emergency the signs that make it one; what can be checked later would only blunt them.
    flags = {row["id"]: row for row in view.rows("red_flags") if view.urgency in {row.get("urgency"), "within_2_weeks"}}
    for row in list(flags.values())[:_MOST_FLAGS]:
        text = plain(language, "red_flag", row["id"])
        if text:
            yield from_entry(text, "found", row)
    if view.urgency == "now":
        yield _own(language, "help_today", "found", "urgency: now")
    yield from _meaning(view, settings)


def _meaning(view: View, settings: WordSettings) -> Iterable[Sentence]:
    language = settings.language
    kinds = view.rows("types")
    serious = view.urgency in {"within_2_weeks", "now"}
    if kinds and not (kinds[0]["id"] == "neoplastic" and serious) and not all(map(is_empty, view.findings)):
        text = plain(language, "type", kinds[0]["id"])
        if text:
            yield from_entry(text, "found", kinds[0])
        if kinds[0].get("certainty") == "low" and kinds[0]["id"] != "indeterminate":
            yield from_entry(say(language, _FILE, "not_sure"), "found", kinds[0])
    elif kinds and serious and not all(map(is_empty, view.findings)):
        yield from_entry(plain(language, "type", "indeterminate") or "", "found", kinds[0])
    yield from _blood(view, language)
    yield from _causes(view, settings)
    for row in view.rows("shared")[:1]:
        yield from_entry(say(language, _FILE, "together"), "found", row)
    for row in view.rows("benign_reading_void_because")[:1]:
        yield from_entry(say(language, _FILE, "closer_look"), "found", row, str(row["void"]))
    yield from likelihood.sentences(view, language)


def _blood(view: View, language: str) -> Iterable[Sentence]:
    yield from seen_values(view, language)
    said = set()
    for row in view.rows("metabolic_patterns")[:2]:
        text = plain(language, "metabolic_pattern", row["id"])
        if text and text not in said and row.get("certainty") != "possible":
            said.add(text)
            yield from_entry(text, "found", row)


def seen_values(view: View, language: str) -> Iterable[Sentence]:
    """Calcium and phosphate in both systems of units, where they were stated and used."""
    for lab in view.labs:
        analyte = lab.get("analyte")
        if analyte not in _SHOWN_VALUES or analyte in view.not_used:
            continue
        row = table("reasoning/analytes")["analyte"][analyte]
        value, unit = lab.get("value"), lab.get("unit")
        other = row["shown"] if unit == row["unit"] else row["unit"]
        if isinstance(value, int | float) and unit in {row["unit"], row["shown"]}:
            second = convert(row["quantity"], float(value), unit, other)
            both = f"{value:g} {unit} ({second:.3g} {other})"
            yield _own(language, "blood", "found", f"labs: {analyte}", what=word(language, _FILE, analyte), value=both)


def _causes(view: View, settings: WordSettings) -> Iterable[Sentence]:
    """Causes in their rank, as far as they have plain words: one without is never named, nor what stands behind it.

    A harmless cause that is likelier than none of them would only soothe: then the text says that this must be checked.
    """
    language = settings.language
    rows = view.rows("causes")
    named = [(row, plain(language, "cause", row["id"])) for row in rows]
    spoken = list(takewhile(lambda pair: pair[1] is not None, named[: settings.most_causes]))
    told = [(row, text) for nth, (row, text) in enumerate(spoken) if nth == 0 or not row.get("must_not_miss")]
    for nth, (row, text) in enumerate(told):
        yield from_entry(say(language, _FILE, "causes" if nth else "cause", cause=text), "found", row)
    first = [row["id"] for row, _ in told]
    watch = [row for row in rows if row.get("must_not_miss") and row["id"] not in first]
    for row in watch[:2] if view.urgency != "none" else ():
        looked_for = plain(language, "cause", row["id"])
        if looked_for:
            yield from_entry(say(language, _FILE, "watch", cause=looked_for), "found", row)
    silent = [row for row, text in named if text is None]
    if silent and view.urgency != "none" and view.follow_up.get("kind") != "none":
        yield from_entry(say(language, _FILE, "must_check"), "found", silent[0])
        sample = next((row for row in view.tests if row["id"] in _SAMPLE), None)
        if sample:
            yield from_entry(say(language, _FILE, "sample"), "found", sample)


def not_known(view: View, settings: WordSettings) -> Iterable[Sentence]:
    """What is not known, and which facts would help."""
    language = settings.language
    yield _own(language, "picture_limit", "not_known")
    prior = view.case.get("prior")
    if isinstance(prior, Mapping) and prior.get("available") is False and view.findings:
        yield _own(language, "no_older", "not_known", "prior: not available")
    facts = missing_facts(view, language)
    for one in facts[:_MOST_FACTS]:
        yield _own(language, "missing", "not_known", f"missing: {one}", fact=one)
    if len(facts) > _MOST_FACTS:
        yield _own(language, "missing_more", "not_known", *(f"missing: {one}" for one in facts[_MOST_FACTS:]))
    named = [(row, _labelled(language, str(row["what"]))) for row in view.rows("withheld")]
    for row, label in [pair for pair in named if pair[1]][:2]:
        yield _own(language, "not_used", "not_known", f"withheld: {row['what']}", what=_spoken(str(label)))


def missing_facts(view: View, language: str) -> list[str]:
    """What would settle more and the person can help to find out: values for a blood pattern, then what is withheld."""
    missing = [one for row in view.rows("metabolic_patterns") for one in row.get("missing") or ()]
    facts = [plain(language, "fact", str(one)) for one in missing]
    needs = [str(one) for row in view.rows("withheld") for one in row.get("needs") or ()]
    facts += [lay(language, one) for one in needs if not one.startswith(_NOT_THE_PERSONS)]
    return list(dict.fromkeys(_spoken(one) for one in facts if one))


def _labelled(language: str, what: str) -> str | None:
    """The name of something that was stated; ``None`` for what only the program would have made of it."""
    for kind in ("analyte", "site", "symptom", "history", "feature", "fact"):
        if knows(language, kind, what):
            own = plain(language, kind, what) if kind in {"symptom", "history"} else None
            return own or name(language, kind, what)
    return name(language, "fact", what) if what in _STATED else None


def _spoken(text: str) -> str:
    return " ".join(text.replace("_", " ").replace(":", ",").split()[:8])


def next_steps(view: View, settings: WordSettings) -> Iterable[Sentence]:
    """Who acts and when, which steps, what follows."""
    language = settings.language
    yield from _when(view, settings)
    for nth, row in enumerate([] if view.urgency == "now" else view.referrals[:2]):
        who = plain(language, "specialist", row["id"]) or name(language, "specialist", row["id"])
        yield from_entry(say(language, _FILE, "who_more" if nth else "who", who=who), "next", row)
    later = table("visit/tests")["later"]["tests"] if view.urgency == "now" else ()
    tests = [row for row in view.tests if row["id"] not in NO_STEP and row["id"] not in later]
    for row in (one for one in view.tests if one["id"] in NO_STEP):
        yield from_entry(say(language, _FILE, row["id"]), "next", row)
    for nth, row in enumerate(tests[: settings.most_tests]):
        test = plain(language, "test", row["id"]) or name(language, "test", row["id"])
        yield from_entry(say(language, _FILE, "steps" if nth else "step", test=test), "next", row)
    if len(tests) > settings.most_tests:
        yield _own(language, "steps_more", "next", *(row["id"] for row in tests[settings.most_tests :]))
    if tests and view.case.get("pregnant") is True and "pregnancy" not in view.not_used:
        row = table("reasoning/person")["pregnancy"]
        yield from_entry(say(language, _FILE, "pregnant"), "next", row, "pregnant: yes")
    for row in {one["avoid"]: one for one in view.rules if one.get("avoid")}.values():
        text = plain(language, "avoid", row["avoid"])
        if text:
            yield from_entry(text, "next", row)
    yield from _afterwards(view, language)
    if view.urgency != "now":
        yield Sentence(say(language, _FILE, "worse"), "next", ("worse",), ("medicine-texts",), "memory")
    if view.stated("medications") or view.referrals:
        yield _own(language, "medicine", "next")


def _when(view: View, settings: WordSettings) -> Iterable[Sentence]:
    language, because = settings.language, f"urgency: {view.urgency}"
    if view.urgency == "now":
        number = settings.emergency_number or word(language, _FILE, "emergency_number")
        yield _own(language, "next_now", "next", because, number=number)
        yield _own(language, "next_place", "next", because)
        yield _own(language, "no_delay", "next", because)
        return
    if view.urgency == "none":
        if not all(map(is_empty, view.findings)):
            yield _own(language, "next_none", "next", because)
        return
    calls = [row for row in view.rows("red_flags") if row.get("call_today")]
    if calls:
        yield from_entry(say(language, _FILE, "call_today"), "next", calls[0])
        yield from_entry(say(language, _FILE, "call_when"), "next", calls[0])
        return
    others = {row["id"] for row in view.referrals} - {"primary_care"}
    key = "next_soon" if view.urgency == "within_2_weeks" else "next_place_date" if others else "next_visit"
    yield _own(language, key, "next", because)


def _afterwards(view: View, language: str) -> Iterable[Sentence]:
    row = view.follow_up
    if not view.findings and view.urgency == "none":
        return
    text = plain(language, "follow_up", str(row.get("kind")))
    if row.get("kind") == "clinical" and all(map(is_empty, view.findings)):
        text = say(language, _FILE, "talk")
    if text and view.urgency != "now":
        yield from_entry(text, "next", row)
    months = [str(one) for one in row.get("months") or ()]
    if row.get("kind") == "imaging_months" and months and view.urgency != "now":
        said = say(language, _FILE, "pictures_after", months=listed(language, months))
        yield from_entry(said, "next", row)
    if row.get("due") and view.urgency != "now":
        key = "due" if view.urgency == "within_2_weeks" else "due_pictures"
        yield from_entry(say(language, _FILE, key, due=row["due"]), "next", row)
    if row.get("kind") in {"none", "routine_screening"} and not view.treatments() and view.urgency == "none":
        yield from_entry(say(language, _FILE, "no_treatment"), "next", row)


def _limits(language: str) -> Iterable[Sentence]:
    yield _own(language, "program", "limits")
    yield _own(language, "no_doctor", "limits")
