"""One paragraph to paste into a report: what was found, what raises the urgency, what it may be, what is proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcimetry.explain.words.asked import clinical
from calcimetry.explain.words.findings import described, is_empty, places, unconfirmed
from calcimetry.explain.words.language import DEFAULT, fact, listed, name, plain, say, word
from calcimetry.explain.words.sentence import OWN, Sentence, from_entry
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import View
from calcimetry.knowledge.load import table

__all__ = ["clinician"]

_FILE = "clinician"
_MOST = 8
"""Facts listed in one sentence; a paragraph stays readable."""


def clinician(explanation: Any, case: Mapping[str, Any], settings: WordSettings | None = None) -> tuple[Sentence, ...]:
    """Sentences of the paragraph, each with the entry it came from.

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
    language = settings.language
    return (
        *_found(view, language),
        *_flags(view, language),
        *_types(view, language),
        *_blood(view, language),
        *_readings(view, language),
        *_causes(view, language),
        *_proposed(view, settings),
        *_follow_up(view, language),
        *_limits(view, language),
    )


def _merge(text: str, part: str, entries: Iterable[Mapping[str, Any]], *because: str) -> Sentence:
    """One sentence that stands on several entries: all their ids and sources, and the weaker of their states."""
    rows = list(entries)
    made = [from_entry(text, part, row) for row in rows]
    order = ("uncertain", "memory", "verified", "ours")
    status = min((one.status for one in made), key=order.index, default="ours")
    ids = tuple(dict.fromkeys([*because, *(reason for one in made for reason in one.because)]))
    sources = tuple(dict.fromkeys(source for one in made for source in one.sources)) or OWN
    return Sentence(text, part, ids, sources, status)


def _found(view: View, language: str) -> Iterable[Sentence]:
    modality = name(language, "modality", str(view.case.get("modality") or "unknown"))
    for finding in view.findings:
        place, look = places(finding, language), described(finding, language)
        key = "finding_none" if is_empty(finding) else "finding" if look else "finding_bare"
        site = name(language, "site", str(finding.get("site"))) if key == "finding_none" else place
        text = say(language, _FILE, key, modality=modality, site=site, side="", description=look)
        yield Sentence(text, "finding", (f"site: {finding.get('site')}",))
    if any(map(unconfirmed, view.findings)):
        yield Sentence(say(language, _FILE, "unconfirmed"), "finding", ("unconfirmed_on",))
    if view.case.get("modality") == "mr" and view.findings:
        yield Sentence(say(language, _FILE, "finding_mr"), "finding", ("modality: mr",), ("radiology-texts",), "memory")


def _flags(view: View, language: str) -> Iterable[Sentence]:
    for row in view.rows("red_flags"):
        tier = name(language, "urgency", str(row.get("urgency")))
        # The tables speak English; another language has the plain sentence of the row.
        own = None if language == DEFAULT else plain(language, "red_flag", str(row["id"]))
        text = say(language, _FILE, "red_flag", id=row["id"], urgency=tier, text=(own or str(row["text"])).rstrip("."))
        yield from_entry(text, "flag", row)


def _evidence(row: Mapping[str, Any], language: str) -> str:
    """Certainty, and what speaks for and against, in words; never a number."""
    said = []
    if row.get("certainty"):
        certainty = name(language, "certainty", str(row["certainty"]))
        said.append(word(language, _FILE, "certainty", certainty=certainty))
    for key in ("for", "against"):
        rows = [one["text"] if isinstance(one, Mapping) else str(one) for one in row.get(key) or ()]
        if rows:
            said.append(word(language, _FILE, key, evidence=listed(language, rows)))
    return f" ({', '.join(said)})" if said else ""


def _types(view: View, language: str) -> Iterable[Sentence]:
    rows = view.rows("types")
    if not rows or rows[0]["id"] == "indeterminate":
        yield _merge(say(language, _FILE, "type_none"), "found", rows[:1], "type: not determined")
        rows = rows[1:]
    if rows:
        said = ", ".join(name(language, "type", row["id"]) + _evidence(row, language) for row in rows)
        yield _merge(say(language, _FILE, "type", types=said), "found", rows)
    if any(row["id"] == "metastatic" for row in rows):
        text = say(language, _FILE, "metastatic_note")
        yield Sentence(text, "found", ("metastatic",), ("medicine-texts",), "memory")
    if any("nodular" in (one.get("pattern") or ()) for one in view.findings):
        yield Sentence(say(language, _FILE, "nodular_note"), "found", ("nodular",), ("jia-2013",), "verified")


def _blood(view: View, language: str) -> Iterable[Sentence]:
    for row in view.rows("metabolic_patterns"):
        fits = listed(language, [str(one).replace("_", " ") for one in row.get("fits") or ()])
        certainty = name(language, "metabolic_certainty", str(row.get("certainty") or "possible"))
        text = say(
            language,
            _FILE,
            "blood",
            id=row["id"],
            name=name(language, "metabolic_pattern", row["id"]),
            certainty=certainty,
            fits=word(language, _FILE, "fits", fits=fits) if fits else "",
        )
        yield from_entry(text, "found", row)
        missing = [fact(language, str(one)) for one in row.get("missing") or ()]
        if missing:
            text = say(language, _FILE, "blood_missing", id=row["id"], missing=listed(language, missing))
            yield from_entry(text, "not_known", row)


def _readings(view: View, language: str) -> Iterable[Sentence]:
    """The sentences of the rules themselves: they are written in the language of the tables only."""
    if language == DEFAULT:
        for row in view.rules:
            text = str(row["text"]).rstrip(".")
            if row.get("status") == "uncertain":
                yield from_entry(say(language, _FILE, "unchecked", what=text), "found", row)
            else:
                yield from_entry(say(language, _FILE, "reading", text=text, id=row["rule"]), "found", row)
        for row in view.rows("shared"):
            text = say(language, _FILE, "shared", text=str(row["text"]).rstrip("."), id=row["id"])
            yield from_entry(text, "found", row)
    for row in view.rows("benign_reading_void_because"):
        reason = str(row["reason"]).rstrip(".")
        text = say(language, _FILE, "void", rule=row["rule"], void=row["void"], reason=reason)
        yield from_entry(text, "found", row, str(row["void"]))


def _causes(view: View, language: str) -> Iterable[Sentence]:
    rows = view.rows("causes")
    if rows:
        said = ", ".join(name(language, "cause", row["id"]) for row in rows)
        yield _merge(say(language, _FILE, "causes", causes=said), "found", rows)
    watch = [row for row in rows if row.get("must_not_miss")]
    if watch:
        said = listed(language, [name(language, "cause", row["id"]) for row in watch])
        yield _merge(say(language, _FILE, "watch", causes=said), "found", watch)


def _proposed(view: View, settings: WordSettings) -> Iterable[Sentence]:
    language = settings.language
    if view.tests:
        said = listed(language, [name(language, "test", row["id"]) for row in view.tests])
        yield _merge(say(language, _FILE, "tests", tests=said), "next", view.tests)
    elif view.rows("tests"):
        yield _merge(say(language, _FILE, "no_test"), "next", view.rows("tests"))
    if view.unchecked:
        said = listed(language, [_named(row, language) for row in view.unchecked])
        yield _merge(say(language, _FILE, "unchecked", what=said), "not_known", view.unchecked)
    because = f"urgency: {view.urgency}"
    if view.urgency == "now":
        number = settings.emergency_number or word(language, _FILE, "emergency_number")
        yield _merge(say(language, _FILE, "emergency", number=number), "next", view.rows("red_flags"), because)
    tier = name(language, "urgency", view.urgency)
    yield _merge(say(language, _FILE, "urgency", urgency=tier), "next", view.rows("red_flags") or view.rules, because)
    if view.referrals:
        said = listed(language, [name(language, "specialist", row["id"]) for row in view.referrals])
        yield _merge(say(language, _FILE, "referral", who=said), "next", view.referrals)
    elif view.urgency in {"none", "routine"}:
        yield _merge(say(language, _FILE, "no_referral"), "next", view.rules, because)


def _named(row: Mapping[str, Any], language: str) -> str:
    test = name(language, "test", row["id"])
    return test if test != row["id"].replace("_", " ") else name(language, "specialist", row["id"])


def _follow_up(view: View, language: str) -> Iterable[Sentence]:
    row = view.follow_up
    if row.get("kind"):
        months = ", ".join(str(one) for one in row.get("months") or ()) if row["kind"] == "imaging_months" else ""
        text = say(
            language,
            _FILE,
            "follow_up",
            kind=name(language, "follow_up", row["kind"]),
            months=word(language, _FILE, "months", months=months) if months else "",
            due=word(language, _FILE, "due", due=row["due"]) if row.get("due") else "",
        )
        yield from_entry(text, "next", row)
    if row.get("no_further_imaging"):
        yield from_entry(say(language, _FILE, "no_imaging"), "next", row)
    classes = view.treatments()
    if classes:
        said = listed(language, [name(language, "treatment", one) for one in classes])
        rows = [row for rows in classes.values() for row in rows]
        yield _merge(say(language, _FILE, "treatment", classes=said), "next", rows)
    for rule in {row["avoid"]: row for row in view.rules if row.get("avoid")}.values():
        text = say(language, _FILE, "avoid", what=name(language, "avoid", rule["avoid"]))
        yield from_entry(text, "next", rule)
    if language == DEFAULT:
        for one in view.rows("guidelines"):
            place = {"region": one["region"], "source": one["source"], "edition": one["edition"]}
            yield from_entry(say(language, _FILE, "guideline", text=str(one["text"]).rstrip("."), **place), "next", one)


def _notes(view: View, language: str) -> Iterable[Sentence]:
    """What age, pregnancy or an emergency change: sentences of ``reasoning/person``, in the language of the tables."""
    rows = {
        row["says"]: row for row in table("reasoning/person").values() if isinstance(row, Mapping) and "says" in row
    }
    for note in view.rows("notes") if language == DEFAULT else ():
        row = rows.get(str(note))
        if row and row.get("status") != "uncertain":
            yield from_entry(str(note), "next", row, "note")


def _limits(view: View, language: str) -> Iterable[Sentence]:
    for row in view.rows("withheld"):
        needs = listed(language, [clinical(language, str(one)) for one in (row.get("needs") or ())[:_MOST]])
        text = say(
            language,
            _FILE,
            "withheld",
            what=str(row["what"]).replace("_", " ").replace(":", ","),
            reason=str(row["reason"]).rstrip("."),
            needs=word(language, _FILE, "needs", needs=needs) if needs else "",
        )
        yield Sentence(text, "not_known", (f"withheld: {row['what']}",))
    yield from _notes(view, language)
    prior = view.case.get("prior")
    if isinstance(prior, Mapping) and prior.get("available") is False and view.findings:
        yield Sentence(say(language, _FILE, "no_prior"), "not_known", ("prior: not available",))
    missing = [one for one in ("symptoms", "history") if not view.case.get(one)] if view.rows("not_stated") else []
    said = [name(language, "fact", one) for one in missing]
    said += [clinical(language, str(one)) for one in view.rows("not_stated") if ":" not in str(one)]
    if said:
        text = say(language, _FILE, "not_stated", facts=listed(language, list(dict.fromkeys(said))[:_MOST]))
        yield Sentence(text, "not_known", ("not stated",))
    yield Sentence(say(language, _FILE, "draft"), "limits", ("limits",))
