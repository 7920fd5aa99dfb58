"""What holds for every case: what is left out is named, a red flag only raises, order changes nothing."""

from __future__ import annotations

import copy
import datetime
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcimetry.explain import explain, vocabulary
from calcimetry.explain.rules import TIERS

from .vignettes import faults, seen

DAY = datetime.date(2026, 11, 25)
CASES = [v["input"] for v in seen()]
# Complaints that a row of the red flags asks for.
ALARMS = [
    "chest_pain_rest", "fever", "rigors", "anuria", "syncope", "weight_loss", "night_sweats", "haemoptysis_massive",
    "focal_deficit", "visual_loss_sudden", "acute_limb_ischaemia", "jaundice", "stridor", "hoarseness", "hot_joint",
    "thunderclap_headache", "status_epilepticus", "infantile_spasms", "skin_pain_necrosis", "foot_ulcer", "gangrene",
    "palpable_lump", "mass_growing", "leukocoria", "sphincter_disturbance", "hypotension", "pelvic_pain_acute",
]  # fmt: skip


def answer(case: dict[str, Any]) -> dict[str, Any]:
    return explain(case, as_of=DAY).record()


def tier(got: dict[str, Any]) -> int:
    return TIERS.index(got["urgency"])


def left_out(case: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The case without one of its values, with what was left out."""
    for key in ("age", "sex", "pregnant", "primary_tumour", "weeks_since_injury", "prior", "height_cm", "prior_biopsy"):
        if case.get(key) is not None:
            yield key, {k: v for k, v in case.items() if k != key}
    for key in ("history", "symptoms", "labs", "medications"):
        for n, word in enumerate(case.get(key, [])):
            fewer = copy.deepcopy(case)
            del fewer[key][n]
            yield f"{key}:{word['analyte'] if isinstance(word, dict) else word}", fewer
    for f, finding in enumerate(case["findings"]):
        for key in set(finding) - {"site", "note"}:
            fewer = copy.deepcopy(case)
            del fewer["findings"][f][key]
            yield f"{finding['site']}.{key}", fewer
        for n, word in enumerate(finding.get("features", [])):
            fewer = copy.deepcopy(case)
            del fewer["findings"][f]["features"][n]
            yield f"features:{word}", fewer


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_is_left_out_never_makes_an_urgent_case_harmless_in_silence(number) -> None:
    case = CASES[number]
    before = answer(case)
    for what, fewer in left_out(case):
        after = answer(fewer)
        assert faults(after) == [], what
        if tier(before) >= TIERS.index("within_2_weeks") and after["urgency"] == "none":
            said = json.dumps([after["not_stated"], after["withheld"], after["metabolic_patterns"]]).replace("_", " ")
            named = what.split(":")[-1].split(".")[-1].replace("_", " ")
            labels = {"symptoms": "complaints", "features": "what else the image shows"}
            wanted = (named, labels.get(what.split(":")[0], named), _label(named))
            assert any(word in said for word in wanted), (what, after["not_stated"])


def _label(name: str) -> str:
    fact = vocabulary.facts().get(name.replace(" ", "_")) or vocabulary.facts().get(f"{name}_years")
    return fact.label if fact is not None else name


@given(st.sampled_from(CASES), st.sampled_from(ALARMS))
def test_a_red_flag_only_raises(case, alarm) -> None:
    more = copy.deepcopy(case)
    more["symptoms"] = [*more.get("symptoms", []), alarm]
    before, after = answer(case), answer(more)
    assert tier(after) >= tier(before)
    assert faults(after) == []


@given(st.sampled_from(CASES), st.sampled_from(["lung", "liver", "mediastinal_node", "neck_node", "axillary_node"]))
def test_a_known_cancer_never_leaves_these_places_without_a_date(case, site) -> None:
    changed = copy.deepcopy(case)
    changed["findings"] = [{**changed["findings"][0], "site": site}]
    changed["history"] = [*changed.get("history", []), "known_cancer"]
    assert answer(changed)["urgency"] != "none"


@given(st.sampled_from(CASES), st.integers(0, 1000))
def test_order_changes_nothing(case, seed) -> None:
    shuffled = copy.deepcopy(case)
    rng = random.Random(seed)
    for key in ("findings", "history", "symptoms", "labs", "medications"):
        rng.shuffle(shuffled.get(key, []))
    for finding in shuffled["findings"]:
        for key in ("pattern", "features"):
            rng.shuffle(finding.get(key, []))
    assert json.dumps(answer(shuffled)) == json.dumps(answer(case))


@given(st.sampled_from([c for c in CASES if len(c["findings"]) > 1]))
def test_a_further_finding_never_lowers_the_tier(case) -> None:
    whole = tier(answer(case))
    for finding in case["findings"]:
        assert tier(answer({**case, "findings": [finding]})) <= whole


@given(st.sampled_from([c for c in CASES if c.get("sex") in {"female", "male"}]))
def test_the_other_sex_changes_limits_only(case) -> None:
    """Sites of one sex aside, no red flag but those of sex-bound limits comes or goes."""
    other = {**case, "sex": "male" if case["sex"] == "female" else "female"}
    bound = {
        "uterus",
        "ovary",
        "prostate",
        "vas_deferens",
        "testis",
        "scrotal_skin",
        "penis",
        "breast",
        "splenic_artery",
    }
    if case.get("pregnant") or any(f["site"] in bound for f in case["findings"]):
        return
    flags = [{f["id"] for f in answer(one)["red_flags"]} for one in (case, other)]
    assert flags[0] ^ flags[1] <= {"R22", "R22c", "R36"}
