"""Proposals as FHIR: always a draft, never an order, never a performer."""

from __future__ import annotations

import json

import pytest

from calcimetry.explain.words import compose
from calcimetry.explain.words.fhir import bundle, service_request, task


def test_a_referral_is_a_draft_without_performer(made) -> None:
    explanation, case = made("breast_sample")
    with_texts = {**explanation, "texts": compose(explanation, case)}
    found = service_request(with_texts, case, "breast_clinic")
    assert (found["status"], found["intent"], found["priority"]) == ("draft", "proposal", "urgent")
    assert "performer" not in found
    assert "identifier" not in found
    assert found["performerType"]["coding"][0] == {"system": "http://snomed.info/sct", "code": "309968000"}
    assert found["occurrenceTiming"]["repeat"]["boundsDuration"]["value"] == 14
    assert {"text": "breast"} in found["reasonCode"]
    assert found["patientInstruction"].startswith("The breast X-ray shows calcium")
    json.dumps(found)


def test_priorities_follow_the_tier(made) -> None:
    assert service_request(*made("chest_pain"), "cardiology")["priority"] == "stat"
    routine = service_request(*made("shoulder"), "physiotherapy")
    assert routine["priority"] == "routine"
    assert "occurrenceTiming" not in routine
    assert "note" not in routine


def test_a_test_is_a_task_with_its_source(made) -> None:
    found = task(*made("breast_sample"), "stereotactic_vacuum_biopsy")
    assert (found["resourceType"], found["status"], found["intent"]) == ("Task", "draft", "proposal")
    assert "owner" not in found
    assert found["reasonCode"]["text"] == "a group that a picture cannot name"
    assert "radiology-texts" in found["note"][0]["text"]


def test_nothing_that_was_not_proposed_or_is_uncertain(made) -> None:
    with pytest.raises(ValueError, match="not proposed"):
        service_request(*made("breast_sample"), "urology")
    with pytest.raises(ValueError, match="not proposed"):
        task(*made("vitamin_d"), "casr_genetics")


def test_the_bundle_holds_all_proposals(by_hand) -> None:
    explanation, case = by_hand
    kinds = [one["resource"]["resourceType"] for one in bundle(explanation, case).get("entry", ())]
    referrals = [row for row in explanation["referrals"] if row["id"] != "none"]
    tests = [row for row in explanation["tests"] if row["id"] != "no_test" and row["status"] != "uncertain"]
    assert kinds == ["ServiceRequest"] * len(referrals) + ["Task"] * len(tests)
