"""Proposals as FHIR R4 (source ``fhir-r4``): ``ServiceRequest`` and ``Task``, intent ``proposal``, status ``draft``.

Nothing here is an order: no performer, no patient's name, no identifier. A site that uses it fills in the subject.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from calcimetry.explain.words.language import name
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import NO_STEP, View
from calcimetry.knowledge.load import table

__all__ = ["bundle", "collection", "service_request", "task"]

_SNOMED = "http://snomed.info/sct"
_WORDS = "urn:calcimetry:words"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, _WORDS)
_PRIORITY = {"now": "stat", "within_2_weeks": "urgent", "routine": "routine", "none": "routine"}
_MOST_DAYS = {"now": 1, "within_2_weeks": 14}


def service_request(
    explanation: Any, case: Mapping[str, Any], specialist: str, settings: WordSettings | None = None
) -> dict[str, Any]:
    """A referral to one of the proposed specialists.

    Raises
    ------
    ValueError
        The specialist is not among those proposed.
    """
    settings = settings or WordSettings()
    view = View(explanation, case)
    row = next((one for one in view.referrals if one["id"] == specialist), None)
    if row is None:
        raise ValueError(f"{specialist!r} is not proposed; proposed are {[one['id'] for one in view.referrals]}")
    found: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "priority": _PRIORITY[view.urgency],
        "code": _concept("specialist", specialist, settings.language),
        "subject": {"display": "to be filled in by the sender"},
        "performerType": _concept("specialist", specialist, settings.language),
        "reasonCode": [{"text": name(settings.language, "site", str(one.get("site")))} for one in view.findings],
        "note": [{"text": text} for text in _texts(explanation, "clinician")],
        "patientInstruction": " ".join(_texts(explanation, "patient")),
    }
    if row.get("why"):
        found["reasonCode"].append({"text": str(row["why"])})
    if view.urgency in _MOST_DAYS:
        days = _MOST_DAYS[view.urgency]
        found["occurrenceTiming"] = {"repeat": {"boundsDuration": {"value": days, "unit": "d", "code": "d",
                                                                   "system": "http://unitsofmeasure.org"}}}  # fmt: skip
    return {key: value for key, value in found.items() if value not in ([], "")}


def task(explanation: Any, case: Mapping[str, Any], test: str, settings: WordSettings | None = None) -> dict[str, Any]:
    """A proposed test as a task that somebody has to accept.

    Raises
    ------
    ValueError
        The test is not among those proposed.
    """
    settings = settings or WordSettings()
    view = View(explanation, case)
    row = next((one for one in view.tests if one["id"] == test), None)
    if row is None:
        raise ValueError(f"{test!r} is not proposed; proposed are {[one['id'] for one in view.tests]}")
    return {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "priority": _PRIORITY[view.urgency],
        "code": _concept("test", test, settings.language),
        "description": name(settings.language, "test", test),
        **({"reasonCode": {"text": str(row["why"])}} if row.get("why") else {}),
        "note": [{"text": f"source: {', '.join(row.get('sources') or ())} ({row.get('status')})"}],
    }


def bundle(explanation: Any, case: Mapping[str, Any], settings: WordSettings | None = None) -> dict[str, Any]:
    """All proposals of an explanation as a collection; empty where nothing is proposed."""
    view = View(explanation, case)
    resources = [service_request(explanation, case, row["id"], settings) for row in view.referrals]
    resources += [task(explanation, case, row["id"], settings) for row in view.tests if row["id"] not in NO_STEP]
    return collection([_entry(one) for one in resources])


def collection(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A Bundle of entries; an empty list may not stand in FHIR, so that it is left out.

    >>> collection([])
    {'resourceType': 'Bundle', 'type': 'collection'}
    """
    return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    """An entry with an address of its own: made from the content, so that the same input gives the same bytes."""
    said = json.dumps(resource, sort_keys=True, ensure_ascii=False)
    return {"fullUrl": f"urn:uuid:{uuid.uuid5(_SPACE, said)}", "resource": resource}


def _texts(explanation: Any, who: str) -> list[str]:
    """The texts that the explanation carries: they went through the check of what may be said."""
    record = explanation if isinstance(explanation, Mapping) else explanation.record()
    return [str(one) for one in (record.get("texts") or {}).get(who) or ()]


def _concept(kind: str, word: str, language: str) -> dict[str, Any]:
    coding = [{"system": f"{_WORDS}/{kind}", "code": word}]
    code = table("visit/services")["service"].get(word, {}).get("code") if kind == "specialist" else None
    if code:
        coding.insert(0, {"system": _SNOMED, "code": code})
    return {"coding": coding, "text": name(language, kind, word)}
