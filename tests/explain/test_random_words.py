"""Random combinations of words: no crash, no contradiction within one answer, no forbidden sentence."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest

from calcimetry.explain import explain, vocabulary
from calcimetry.knowledge.load import table

from .vignettes import faults

DAY = datetime.date(2026, 11, 25)
BLOCKS = 20


def some(rng: random.Random, kind: str, most: int) -> list[str]:
    return rng.sample(list(vocabulary.words(kind)), rng.randint(0, most))


def one(rng: random.Random, kind: str) -> str:
    return rng.choice(list(vocabulary.words(kind)))


def random_case(rng: random.Random) -> dict[str, Any]:
    findings = []
    for _ in range(rng.randint(0, 3)):
        finding: dict[str, Any] = {"site": one(rng, "site")}
        finding |= {"pattern": some(rng, "pattern", 2), "features": some(rng, "feature", 3)}
        for key, value in (
            ("laterality", one(rng, "laterality")), ("distribution", one(rng, "distribution")),
            ("change", one(rng, "change")), ("size_mm", rng.choice([2, 5, 7, 9, 15, 45, 80])),
            ("agatston", rng.choice([0, 45, 150, 500, 1300])), ("vessel_diameter_mm", rng.choice([12, 25, 42, 58])),
            ("hu_unenhanced", rng.choice([5, 15, 40])), ("views_complete", rng.random() < 0.5),
        ):  # fmt: skip
            if rng.random() < 0.4:
                finding[key] = value
        findings.append(finding)
    labs = []
    for analyte in rng.sample(list(vocabulary.words("analyte")), rng.choice([0, 0, 3, 6])):
        row = table("reasoning/analytes")["analyte"][analyte]
        labs.append({"analyte": analyte, "value": round(rng.uniform(0, 60), 2), "unit": row["unit"]})
    for analyte, unit, low, high in (
        ("calcium_total", "mmol/L", 1.6, 3.8), ("phosphate", "mmol/L", 0.5, 2.8), ("pth_intact", "pg/mL", 2, 900),
        ("creatinine", "umol/L", 30, 700), ("albumin", "g/L", 20, 48),
    ):  # fmt: skip
        if rng.random() < 0.3:
            labs.append({"analyte": analyte, "value": round(rng.uniform(low, high), 2), "unit": unit})
    case: dict[str, Any] = {
        "age": {"value": rng.choice([0.2, 1, 4, 8, 15, 22, 34, 47, 58, 66, 81, 200]), "unit": "a"},
        "sex": rng.choice(["female", "male", "unknown"]),
        "modality": one(rng, "modality"),
        "findings": findings,
        "history": some(rng, "history", 3),
        "symptoms": rng.choice([["asymptomatic"], some(rng, "symptom", 3)]),
        "labs": labs,
        "prior": rng.choice([{"available": False}, {"available": True, "months_ago": 30, "status": "stable"}]),
    }
    if rng.random() < 0.1:
        case["pregnant"] = True
    if rng.random() < 0.1:
        case["primary_tumour"] = one(rng, "primary_tumour")
    return case


@pytest.mark.parametrize("block", range(BLOCKS))
def test_two_thousand_random_cases(block) -> None:
    rng = random.Random(block)
    for _ in range(2000 // BLOCKS):
        case = random_case(rng)
        assert faults(explain(case, as_of=DAY).record()) == [], case
