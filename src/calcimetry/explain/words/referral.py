"""The referral letter: who, how soon, why, findings, values, what a program suggests, what was not used, questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcimetry._version import __version__
from calcimetry.explain.words.clinician import clinician
from calcimetry.explain.words.document import Document, Section, checked
from calcimetry.explain.words.findings import described, places
from calcimetry.explain.words.language import listed, name, rows, say
from calcimetry.explain.words.sentence import Sentence, from_entry
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import View

__all__ = ["letter"]

_MOST_CHARACTERS = 400
_RARE = frozenset({"sarcoma_centre", "clinical_genetics", "ocular_oncology"})


def letter(
    explanation: Any,
    case: Mapping[str, Any],
    settings: WordSettings | None = None,
    *,
    specialist: str | None = None,
) -> Document | None:
    """A letter to the proposed specialist; ``None`` where no referral is proposed.

    Parameters
    ----------
    explanation : mapping or Explanation
        ``calcimetry-explanation/1``.
    case : mapping
        ``calcimetry-case/1``.
    settings : WordSettings, optional
        Language and emergency number.
    specialist : str, optional
        To whom; without it to the first that is proposed.

    Notes
    -----
    It states no diagnosis: types and causes stand as suggestions of a program, and the place for a physician's name is
    left open.
    """
    settings = settings or WordSettings()
    view = View(explanation, case)
    wanted = [row for row in view.referrals if specialist in {None, row["id"]}]
    if not wanted:
        return None
    language, to = settings.language, wanted[0]
    who = name(language, "specialist", to["id"])
    said = clinician(explanation, case, settings)
    sections = (
        Section(_say(language, "sender"), (_own(language, "sender_line"), _own(language, "draft"))),
        Section(_say(language, "person"), tuple(_person(view, language)), bullets=True),
        Section(_say(language, "reason"), tuple(_reason(view, to, who, language))),
        Section(_say(language, "urgency"), tuple(_urgency(view, said, language)), alarm=view.urgency == "now"),
        Section(_say(language, "findings"), rows=tuple(_findings(view, language))),
        Section(_say(language, "laboratory"), rows=tuple(_laboratory(view, language))),
        Section(_say(language, "suggestions"), tuple(_suggested(said))),
        Section(_say(language, "not_assessed"), tuple(s for s in said if s.part == "not_known"), bullets=True),
        Section(_say(language, "ask"), tuple(_questions(view, to, language)), bullets=True),
        Section(_say(language, "attached"), (_own(language, "attached_line"), _version(language))),
    )
    filled = tuple(one for one in sections if one.sentences or len(one.rows) > 1)
    return checked(Document(_say(language, "title", who=who), filled, language))[0]


def _say(language: str, key: str, **values: object) -> str:
    return say(language, "letter", key, "letter", **values)


def _own(language: str, key: str, **values: object) -> Sentence:
    return Sentence(_say(language, key, **values), key, (key,))


def _person(view: View, language: str) -> Iterable[Sentence]:
    yield _own(language, "no_patient")
    age = view.case.get("age")
    told = _say(language, "unknown")
    if isinstance(age, Mapping) and view.age_years is not None:
        told = f"{age['value']:g} {_say(language, str(age['unit']))}"
    sex = str(view.case.get("sex"))
    known = sex in {"female", "male", "other"} and "sex" not in view.not_used
    yield _own(language, "person_line", age=told, sex=_say(language, sex if known else "unknown"))
    for key, kind in (("history", "history"), ("symptoms", "symptom")):
        words = [name(language, kind, one) for one in view.stated(key)]
        if words:
            yield _own(language, key, **{key: listed(language, words)})
    notes = [view.case.get("history_text"), *(one.get("note") for one in view.findings)]
    for note in (" ".join(str(one).split())[:_MOST_CHARACTERS] for one in notes if one):
        yield _own(language, "noted", note=note)
    drugs = [" ".join(one.split())[:60] for one in view.stated("medications")]
    if drugs:
        yield _own(language, "medicines", medicines=", ".join(drugs))


def _reason(view: View, to: Mapping[str, Any], who: str, language: str) -> Iterable[Sentence]:
    sites = listed(language, [name(language, "site", str(one.get("site"))) for one in view.findings])
    yield from_entry(_say(language, "reason_line", site=sites or "-", who=who), "reason", to)
    if language == "en" and to.get("why"):
        yield from_entry(str(to["why"]), "reason", to)


def _urgency(view: View, said: Iterable[Sentence], language: str) -> Iterable[Sentence]:
    for row in view.rows("red_flags"):
        text = str(row["text"]).rstrip(".")
        yield from_entry(_say(language, "flag_line", id=row["id"], text=text), "urgency", row)
    tier = name(language, "urgency", view.urgency)
    yield Sentence(_say(language, "urgency_line", urgency=tier[:1].upper() + tier[1:]), "urgency", (view.urgency,))


def _findings(view: View, language: str) -> Iterable[tuple[str, ...]]:
    yield tuple(_say(language, key) for key in ("site", "look", "change"))
    for one in view.findings:
        change = str(one.get("change") or "unknown")
        told = _say(language, "unknown") if change == "unknown" else name(language, "change", change)
        yield places(one, language), described({**one, "change": None}, language), told


def _laboratory(view: View, language: str) -> Iterable[tuple[str, ...]]:
    """Values that were read, with the interval that was used; then those that were questioned, as they were stated."""
    yield tuple(_say(language, key) for key in ("analyte", "value", "interval_head", "verdict"))
    read = view.rows("laboratory")
    for row in read:
        value = f"{row['value']:g} {row['unit']}" if isinstance(row["value"], int | float) else str(row["value"])
        low, high = (row.get("interval") or (None, None))[:2]
        verdict = _say(language, str(row["verdict"])) if row.get("verdict") in {"low", "normal", "high"} else "-"
        yield name(language, "analyte", row["analyte"]), value, _interval(row, low, high, language), verdict
    known = {row["analyte"] for row in read}
    for lab in view.labs:
        analyte = str(lab.get("analyte"))
        if analyte not in known:
            stated = lab.get("value")
            value = f"{stated:g}" if isinstance(stated, int | float) else str(stated)[:40]
            told = f"{value} {lab.get('unit') or ''}".strip()
            if analyte in view.not_used:
                told = f"{told} ({_say(language, 'not_read')})"
            limits = lab.get("low"), lab.get("high")
            given = {"interval_from": "laboratory"} if any(one is not None for one in limits) else {}
            yield name(language, "analyte", analyte), told, _interval(given, *limits, language), "-"


def _interval(row: Mapping[str, Any], low: Any, high: Any, language: str) -> str:
    if not row.get("interval_from"):
        return _say(language, "no_interval")
    limits = {"low": "-" if low is None else low, "high": "-" if high is None else high}
    own = row["interval_from"] == "laboratory"
    return _say(language, "interval", **limits) if own else _say(language, "our_interval", **limits)


def _suggested(said: Iterable[Sentence]) -> Iterable[Sentence]:
    """The clinicians' paragraph without what stands elsewhere in the letter: findings, flags, limits."""
    return (one for one in said if one.part in {"found", "next"})


def _questions(view: View, to: Mapping[str, Any], language: str) -> Iterable[Sentence]:
    yield _own(language, "ask_line")
    if view.tests:
        tests = listed(language, [name(language, "test", row["id"]) for row in view.tests])
        yield from_entry(_say(language, "ask_tests", tests=tests), "ask", view.tests[0])
    if to["id"] in _RARE and view.urgency != "now":
        yield _own(language, "second_opinion")


def _version(language: str) -> Sentence:
    edition = str(rows(language, "letter")["edition"])
    return _own(language, "version", version=__version__, edition=edition)
