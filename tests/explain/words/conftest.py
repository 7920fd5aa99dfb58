"""Explanations made by hand, one for each kind of answer, with the case that they belong to."""

from __future__ import annotations

from typing import Any

import pytest

SOURCE = {"sources": ["radiology-texts"], "status": "memory", "because": ["pattern: as stated"]}


def entry(word: str, **more: Any) -> dict[str, Any]:
    return {"id": word, "why": "", **SOURCE, **more}


def explained(**parts: Any) -> dict[str, Any]:
    base = {
        "schema": "calcimetry-explanation/1",
        "red_flags": [],
        "metabolic_patterns": [],
        "types": [],
        "causes": [],
        "tests": [],
        "referrals": [],
        "urgency": "none",
        "follow_up": {"kind": "none", "months": [], "due": None, "no_further_imaging": True, **SOURCE},
        "withheld": [],
        "readings": [],
    }
    return base | parts


def reading(rule: str, site: str, text: str, **more: Any) -> dict[str, Any]:
    return {"rule": rule, "site": site, "text": text, "treatment": None, "avoid": None, **SOURCE, **more}


def follow(kind: str, *months: int, stop: bool = False, due: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "months": list(months), "due": due, "no_further_imaging": stop, **SOURCE}


def adult(age: int, sex: str, modality: str, *findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    person = {"age": {"value": age, "unit": "a"}, "sex": sex, "modality": modality, "findings": list(findings)}
    return {"schema": "calcimetry-case/1", **person, **more}


def _breast_sample() -> tuple[dict[str, Any], dict[str, Any]]:
    finding = {"site": "breast", "laterality": "left", "pattern": ["br_fine_pleomorphic"], "distribution": "grouped",
               "size_mm": 9, "change": "new"}  # fmt: skip
    case = adult(59, "female", "mammography", finding, prior={"available": True, "months_ago": 12})
    explanation = explained(
        red_flags=[entry("R10", text="suspicious breast morphology: fine pleomorphic", urgency="within_2_weeks")],
        types=[entry("neoplastic", certainty="moderate"), entry("indeterminate", certainty="low")],
        causes=[entry("br_dcis", must_not_miss=True), entry("br_invasive_cancer", must_not_miss=True),
                entry("br_fibrocystic", must_not_miss=False)],
        tests=[entry("stereotactic_vacuum_biopsy", why="a group that a picture cannot name"),
               entry("breast_ultrasound")],
        referrals=[entry("breast_clinic", why="a group that needs a sample")],
        urgency="within_2_weeks",
        follow_up=follow("after_biopsy"),
        readings=[reading("B4", "breast", "Fine pleomorphic shapes: about 29 to 40 in 100 were malignant.")],
    )  # fmt: skip
    return explanation, case


def _granuloma() -> tuple[dict[str, Any], dict[str, Any]]:
    finding = {"site": "spleen", "pattern": ["punctate"], "distribution": "multiple", "size_mm": 3}
    case = adult(33, "male", "ct", finding,
                 history=["histoplasmosis_area"], symptoms=["asymptomatic"], prior={"available": False})  # fmt: skip
    explanation = explained(
        types=[entry("dystrophic", certainty="high")],
        causes=[entry("spleen_granuloma", must_not_miss=False)],
        tests=[entry("no_test")],
        referrals=[entry("none")],
        readings=[reading("E1", "spleen", "Many small dots of the spleen are healed granulomas.")],
    )
    return explanation, case


def _chest_pain() -> tuple[dict[str, Any], dict[str, Any]]:
    finding = {"site": "coronary_artery", "agatston": 640}
    case = adult(61, "male", "ct_gated", finding, symptoms=["chest_pain_rest"], medications=["warfarin"])
    explanation = explained(
        red_flags=[entry("R1", text="chest pain at rest", urgency="now")],
        types=[entry("intimal_atherosclerotic", certainty="high")],
        causes=[entry("acute_coronary_syndrome", must_not_miss=True), entry("coronary_atherosclerosis")],
        tests=[entry("ecg"), entry("troponin")],
        referrals=[entry("emergency_department"), entry("cardiology")],
        urgency="now",
        follow_up=follow("specialist_decides"),
        readings=[reading("H6", "coronary_artery", "Chest pain at rest is settled today.", treatment="observe")],
    )
    return explanation, case


def _vitamin_d() -> tuple[dict[str, Any], dict[str, Any]]:
    labs = [{"analyte": "calcium_total", "value": 3.05, "unit": "mmol/L", "low": 2.2, "high": 2.6,
             "time": "2026-11-02"},
            {"analyte": "phosphate", "value": 4.65, "unit": "mg/dL"},
            {"analyte": "pth_intact", "value": 5, "unit": "pg/mL"}]  # fmt: skip
    case = adult(48, "female", "ct", {"site": "kidney_parenchyma", "laterality": "bilateral",
                 "pattern": ["medullary_pyramids"]}, labs=labs, symptoms=["polyuria"],
                 history=["vitamin_d_supplement_high"])  # fmt: skip
    explanation = explained(
        metabolic_patterns=[
            entry("M9", certainty="suspected", fits=["calcium: high"], missing=["vitamin_d_125"], text="")
        ],
        types=[
            entry("metastatic", certainty="high", **{"for": [{"sign": "++", "text": "high calcium", "because": []}]})
        ],
        causes=[entry("vitamin_d_excess"), entry("primary_hyperparathyroidism")],
        tests=[entry("vitamin_d"), entry("calcium_phosphate_pth"), entry("casr_genetics", status="uncertain")],
        laboratory=[
            {
                "analyte": "calcium_total",
                "value": 12.2,
                "unit": "mg/dL",
                "interval": [8.8, 10.4],
                "interval_from": "laboratory",
                "verdict": "high",
            },
            {
                "analyte": "phosphate",
                "value": 4.65,
                "unit": "mg/dL",
                "interval": [2.5, 4.5],
                "interval_from": "adult-intervals",
                "verdict": "high",
            },
        ],
        referrals=[entry("endocrinology"), entry("nephrology")],
        urgency="within_2_weeks",
        follow_up=follow("specialist_decides"),
        withheld=[{"what": "eGFR", "reason": "creatinine is not stated", "needs": ["creatinine"]}],
        readings=[reading("U6", "kidney_parenchyma", "Calcium in the renal pyramids: blood and urine decide.")],
    )
    return explanation, case


def _shoulder() -> tuple[dict[str, Any], dict[str, Any]]:
    finding = {"site": "tendon_shoulder", "laterality": "right", "pattern": ["cloud_like"], "size_mm": 12}
    case = adult(44, "female", "radiograph", finding, symptoms=["joint_pain"])
    explanation = explained(
        types=[entry("crystal_deposition", certainty="high")],
        causes=[entry("calcific_tendinopathy")],
        tests=[entry("ultrasound_soft_tissue")],
        referrals=[entry("primary_care"), entry("physiotherapy")],
        urgency="routine",
        follow_up=follow("clinical", stop=True),
        readings=[reading("Q1", "tendon_shoulder", "A cloud in a tendon.", treatment="physiotherapy")],
    )
    return explanation, case


def _testis_yearly() -> tuple[dict[str, Any], dict[str, Any]]:
    case = adult(28, "male", "ultrasound", {"site": "testis", "laterality": "bilateral", "pattern": ["punctate"]},
                 history=["cryptorchidism"])  # fmt: skip
    explanation = explained(
        types=[entry("idiopathic", certainty="moderate")],
        causes=[entry("testicular_microlithiasis"), entry("germ_cell_tumour", must_not_miss=True)],
        tests=[entry("ultrasound_testis"), entry("self_examination")],
        referrals=[entry("urology")],
        urgency="routine",
        follow_up=follow("imaging_months", 12, due="2027-11-25"),
        readings=[reading("U16", "testis", "With a risk factor a yearly ultrasound only when the guideline names it.")],
    )
    return explanation, case


def _child_eye() -> tuple[dict[str, Any], dict[str, Any]]:
    case = adult(2, "female", "ultrasound", {"site": "eye_globe", "laterality": "right", "pattern": ["coarse"]},
                 symptoms=["leukocoria"])  # fmt: skip
    explanation = explained(
        red_flags=[entry("R6", text="leukocoria in a child", urgency="within_2_weeks")],
        types=[entry("neoplastic", certainty="moderate")],
        causes=[entry("retinoblastoma", must_not_miss=True)],
        tests=[entry("fundoscopy_ophthalmology"), entry("mri_orbit")],
        referrals=[entry("ocular_oncology")],
        urgency="within_2_weeks",
        follow_up=follow("specialist_decides"),
        readings=[reading("Y5", "eye_globe", "Calcium in the eye of a child.", avoid="no needle biopsy of the eye")],
    )
    return explanation, case


def _man_with_ovary() -> tuple[dict[str, Any], dict[str, Any]]:
    case = adult(50, "male", "ct", {"site": "ovary", "pattern": ["coarse"]}, {"site": "liver", "pattern": ["punctate"]})
    explanation = explained(
        types=[entry("dystrophic", certainty="high")],
        causes=[entry("liver_granuloma")],
        tests=[entry("no_test")],
        withheld=[{"what": "ovary", "reason": "does not go with the stated sex", "needs": ["sex"]}],
        benign_reading_void_because=[
            {"rule": "D1", "void": "V4", "reason": "fever", "because": ["fever"], "sources": ["nice-ng12"]}
        ],
        readings=[reading("D1", "liver", "Small dots of the liver are granulomas.")],
    )
    return explanation, case


BY_HAND = {
    "breast_sample": _breast_sample,
    "granuloma": _granuloma,
    "chest_pain": _chest_pain,
    "vitamin_d": _vitamin_d,
    "shoulder": _shoulder,
    "testis_yearly": _testis_yearly,
    "child_eye": _child_eye,
    "man_with_ovary": _man_with_ovary,
}


@pytest.fixture(params=list(BY_HAND))
def by_hand(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every explanation in turn, with its case."""
    return BY_HAND[request.param]()


@pytest.fixture
def made() -> Any:
    """One explanation by name."""
    return lambda name: BY_HAND[name]()
