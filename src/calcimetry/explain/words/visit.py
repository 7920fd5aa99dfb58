"""The sheet for the visit: what was found, what is not known, what to ask, bring and do, what each step is like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calcimetry.explain.rules import group_of
from calcimetry.explain.words.asked import known
from calcimetry.explain.words.document import Document, Section, checked
from calcimetry.explain.words.language import listed, name, plain, rows, say, word
from calcimetry.explain.words.patient import found, missing_facts, next_steps, not_known
from calcimetry.explain.words.sentence import Sentence, from_entry
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import View
from calcimetry.knowledge.load import table

__all__ = ["prepare"]

_FILE = "visit"
_MOST_QUESTIONS = 6
_MOST_ASKED = 8
_LOG_LINES = 4
_MOST_COMPLAINTS = 5
_MOST_HISTORY = 2
_GENERAL = frozenset({"fever", "weight_loss", "night_sweats", "known_cancer", "breast_cancer_treated"})
"""Words that matter wherever the calcium is."""


def prepare(explanation: Any, case: Mapping[str, Any], settings: WordSettings | None = None) -> Document:
    """The sheet that the person takes along.

    In an emergency it begins with what to do today, and nothing in it sends the person to wait.

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
    sections: list[Section] = []
    if view.urgency == "now":
        first = tuple(one for one in next_steps(view, settings) if one.because[:1] == ("urgency: now",))
        sections.append(Section(_head(language, "emergency"), first, alarm=True))
    sections += [
        Section(_head(language, "found"), tuple(found(view, settings))),
        Section(_head(language, "not_known"), tuple(not_known(view, settings))),
        Section(_head(language, "next"), tuple(next_steps(view, settings))),
        Section(_head(language, "questions"), tuple(_questions(view, language)), bullets=True),
        Section(_head(language, "be_ready"), tuple(_asked(view, language)), bullets=True),
        Section(_head(language, "bring"), tuple(_bring(view, language)), bullets=True),
        *_steps(view, language),
        *_recovery(view, settings),
        Section(_head(language, "follow_up"), tuple(_date(view, language)), bullets=True),
        Section(_head(language, "log"), tuple(_line(language, "log_line") for _ in range(_LOG_LINES)), bullets=True),
        Section(_head(language, "contact"), (_line(language, "contact_line"),)),
        Section(_head(language, "limits"), tuple(_limits(language))),
    ]
    title = _head(language, "title")
    return checked(Document(title, tuple(one for one in sections if one.sentences), language))[0]


def _head(language: str, key: str) -> str:
    return say(language, _FILE, key)


def _line(language: str, key: str, **values: object) -> Sentence:
    return Sentence(say(language, _FILE, key, **values), key, (key,))


def _facts(kind: str, file: str) -> Mapping[str, Mapping[str, Any]]:
    """Rows of a table of the visit: id -> source, status and when it holds."""
    found: Mapping[str, Mapping[str, Any]] = table(f"visit/{file}")[kind]
    return found


def _texts(language: str, kind: str, word_id: str) -> list[str]:
    said = rows(language, _FILE)[kind].get(word_id, [])
    return [said] if isinstance(said, str) else list(said)


def _holds(row: Mapping[str, Any], view: View) -> bool:
    """Whether a row that concerns only some people concerns this one."""
    only = row.get("only")
    needs = {step for test in view.tests for step in _test(test["id"]).get("prepare", ())}
    return {
        None: True,
        "may_be_pregnant": view.may_be_pregnant,
        "contrast": "contrast" in needs,
        "biopsy_known": bool(view.case.get("prior_biopsy")),
    }[only]


def _test(test: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = table("visit/tests")["test"].get(test, {})
    return row


def _questions(view: View, language: str) -> Iterable[Sentence]:
    asked = [
        Sentence(_texts(language, "question", key)[0], "questions", (key,), (row["source"],), row["status"])
        for key, row in _facts("question", "questions").items()
        # Waiting is no question in an emergency, and there is nothing to compare risks of without a test.
        if not (key == "if_we_wait" and view.urgency == "now") and not (key == "risks" and not view.tests)
    ]
    yield from asked[:_MOST_QUESTIONS]


def _asked(view: View, language: str) -> Iterable[Sentence]:
    """What the team will ask: complaints (those of the organ first) and history, then facts that the person can help
    with.
    """
    stated = [str(one) for part in ("questions", "not_stated") for one in view.rows(part)]
    words = list(dict.fromkeys(known(one) for one in stated))
    local = {word for one in view.findings for word in group_of(str(one.get("site"))).complaints}
    words.sort(key=lambda pair: (pair[1] not in local, pair[1] not in _GENERAL, pair[0] != "history"))
    keys = {"symptom": "ready_child" if view.child else "ready_complaint", "history": "ready_history"}
    told: list[str] = []
    for kind, most in (("symptom", _MOST_COMPLAINTS), ("history", _MOST_HISTORY)):
        plainly = [plain(language, kind, word) for of, word in words if of == kind]
        told += [say(language, _FILE, keys[kind], what=one) for one in list(dict.fromkeys(plainly))[:most] if one]
    told += [say(language, _FILE, "ready", what=one) for one in missing_facts(view, language)]
    for one in list(dict.fromkeys(told))[:_MOST_ASKED]:
        yield Sentence(one, "be_ready", (f"not stated: {one}",))


def _bring(view: View, language: str) -> Iterable[Sentence]:
    for key, row in _facts("bring", "bring").items():
        if _holds(row, view):
            words = "take_maybe" if key in {"slides", "implants"} else "take"
            text = say(language, _FILE, words, what=_texts(language, "bring", key)[0])
            yield Sentence(text, "bring", (key,), (row["source"],), row["status"])


def _steps(view: View, language: str) -> Iterable[Section]:
    """For each proposed test: how to get ready and what it is like; then the treatments that a source names."""
    ready, like = _facts("prepare", "prepare"), _facts("procedure", "procedures")
    told: set[str] = set()
    for test in view.tests:
        row = _test(test["id"])
        said = [
            Sentence(text, "prepare", (test["id"], step), (ready[step]["source"],), ready[step]["status"])
            for step in row.get("prepare", ())
            if _holds(ready[step], view)
            for text in _texts(language, "prepare", step)
        ]
        procedure = row.get("procedure")
        if procedure and procedure not in told:
            told.add(procedure)
            said += _like(procedure, like[procedure], language, test["id"])
        if not said:
            said = [from_entry(say(language, _FILE, "no_prepare"), "prepare", test)]
        label = plain(language, "test", test["id"]) or name(language, "test", test["id"])
        yield Section(f"{_head(language, 'prepare')}: {label}", tuple(said), bullets=True)
    for treatment, readings in view.treatments().items():
        for key, row in like.items():
            sites = {str(one["site"]) for one in readings}
            if treatment in row.get("treatments", ()) and sites & set(row["sites"]) and key not in told:
                told.add(key)
                label = plain(language, "treatment", treatment) or name(language, "treatment", treatment)
                said = _like(key, row, language, treatment)
                yield Section(f"{_head(language, 'like')}: {label}", tuple(said), bullets=True)


def _like(procedure: str, row: Mapping[str, Any], language: str, because: str) -> list[Sentence]:
    texts = _texts(language, "procedure", procedure) + _texts(language, "after", procedure)
    return [Sentence(text, "like", (because, procedure), (row["source"],), row["status"]) for text in texts]


def _invasive(view: View) -> bool:
    like = _facts("procedure", "procedures")
    named = [_test(test["id"]).get("procedure") for test in view.tests]
    if any(like[one].get("invasive") for one in named if one):
        return True
    sites = {str(one["site"]) for rows in view.treatments().values() for one in rows}
    return any(set(row.get("treatments", ())) & set(view.treatments()) and sites & set(row["sites"])
               for row in like.values() if row.get("treatments"))  # fmt: skip


def _recovery(view: View, settings: WordSettings) -> Iterable[Section]:
    language = settings.language
    if not _invasive(view):
        return
    said = tuple(
        Sentence(_texts(language, "recovery", key)[0], "recovery", (key,), (row["source"],), row["status"])
        for key, row in _facts("recovery", "recovery").items()
    )
    yield Section(_head(language, "recovery"), said, bullets=True)
    number = settings.emergency_number or word(language, "patient", "emergency_number")
    calls = []
    for key, row in _facts("call", "call").items():
        what = _texts(language, "call", key)[0]
        text = say(language, _FILE, "call_now" if row.get("emergency") else "call_today", number=number, what=what)
        calls.append(Sentence(text, "call", (key,), (row["source"],), row["status"]))
    yield Section(_head(language, "call"), tuple(calls), bullets=True, alarm=True)


def _date(view: View, language: str) -> Iterable[Sentence]:
    row = view.follow_up
    if view.urgency == "none" and row.get("kind") in {None, "none"}:
        return
    if view.urgency == "now":
        return
    if view.referrals:
        who = listed(language, [plain(language, "specialist", one["id"]) or one["id"] for one in view.referrals[:2]])
        yield from_entry(say(language, _FILE, "what", what=who), "follow_up", view.referrals[0])
    if row.get("due"):
        key = "due" if view.urgency == "within_2_weeks" else "due_pictures"
        yield from_entry(say(language, "patient", key, due=row["due"]), "follow_up", row)
    yield _line(language, "date")
    yield _line(language, "missed")


def _limits(language: str) -> Iterable[Sentence]:
    for key in ("program", "no_doctor"):
        yield Sentence(say(language, "patient", key), "limits", (key,))
