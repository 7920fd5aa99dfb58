"""A case that makes conditions true: each fact that they ask for is stated, the first way that is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain import vocabulary

# Facts that the laboratory gives, by the value that gives them (adult).
_LABS = {
    "calcium": {
        "high": ("calcium_total", 2.8, "mmol/L"), "low": ("calcium_total", 2.0, "mmol/L"),
        "normal": ("calcium_total", 2.4, "mmol/L"),
    },
    "pth_suppressed": {True: ("pth_intact", 5, "pg/mL"), False: ("pth_intact", 80, "pg/mL")},
    "sodium": {"low": ("sodium", 120, "mmol/L")},
    "potassium": {"high": ("potassium", 6.0, "mmol/L")},
    "creatinine": {"high": ("creatinine", 300, "umol/L")},
    "minerals_abnormal": {True: ("phosphate", 2.5, "mmol/L")},
    "phosphate": {"high": ("phosphate", 2.5, "mmol/L")},
}  # fmt: skip
_NUMBERS = {
    "calcium_mmol_l": ("calcium_total", "mmol/L"),
    "calcium_ionized_mmol_l": ("calcium_ionized", "mmol/L"),
    "potassium_mmol_l": ("potassium", "mmol/L"),
    "egfr": ("egfr", "mL/min/{1.73_m2}"),
}
_CASE = {"pregnant", "weeks_since_injury", "primary_tumour"}


def solved(conditions: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A case file in which all conditions hold."""
    case: dict[str, Any] = {"age": {"value": 50, "unit": "a"}, "history": [], "symptoms": [], "labs": []}
    finding: dict[str, Any] = {"pattern": [], "features": []}
    for condition in conditions:
        _state(condition, case, finding)
    if finding["features"] or finding["pattern"]:
        finding.setdefault("site", "soft_tissue")
    case["findings"] = [finding] if "site" in finding else []
    if case.get("pregnant"):
        case |= {"sex": "female", "age": {"value": 30, "unit": "a"}}
    if finding.get("site") in {"uterus", "ovary"}:
        case["sex"] = "female"
    return case


def sites() -> list[str]:
    return list(vocabulary.words("site"))


def _state(condition: Mapping[str, Any], case: dict[str, Any], finding: dict[str, Any]) -> None:
    for key, value in condition.items():
        if key == "not":
            continue
        if key == "all":
            for part in value:
                _state(part, case, finding)
        elif key == "any":
            _state(_open(value, case, finding), case, finding)
        else:
            _fact(key, value, case, finding)


def _open(ways: list[Mapping[str, Any]], case: Mapping[str, Any], finding: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first way whose site is that already chosen, or which asks for none."""
    for way in ways:
        site = way.get("site", {})
        named = [site["is"]] if "is" in site else site.get("in")
        if named is None or finding.get("site") in (None, *named):
            return way
    return ways[0]


def _fact(key: str, value: Mapping[str, Any], case: dict[str, Any], finding: dict[str, Any]) -> None:
    test, wanted = next(iter(value.items()))
    one = wanted[0] if isinstance(wanted, list) else wanted
    if test == "known":
        if key == "site":
            finding.setdefault("site", "lung")
        return
    number = _number(value) if isinstance(one, int | float) and not isinstance(one, bool) else None
    if key in _NUMBERS:
        analyte, unit = _NUMBERS[key]
        case["labs"].append({"analyte": analyte, "value": number, "unit": unit})
    elif key in _LABS:
        analyte, amount, unit = _LABS[key][one]
        case["labs"].append({"analyte": analyte, "value": amount, "unit": unit})
        if key == "pth_suppressed" and not any(row["analyte"].startswith("calcium") for row in case["labs"]):
            case["labs"].append({"analyte": "calcium_total", "value": 2.8, "unit": "mmol/L"})
    elif key == "age_years":
        case["age"] = {"value": number, "unit": "a"}
    elif key == "child":
        case["age"] = {"value": 3 if one else 50, "unit": "a"}
    elif key == "kidney_disease":
        case["history"].append("ckd")
    elif key == "prior_status":
        case["prior"] = {"available": True, "months_ago": 12, "status": one}
    elif key in {"history", "symptoms"}:
        case[key].append(one)
    elif key in {"pattern", "features"}:
        finding[key].append(one)
    elif key == "pattern_suspicious":
        finding["pattern"].append("br_amorphous" if one else "br_round")
    elif key == "pattern_only_benign":
        finding["pattern"] = finding["pattern"] or ["br_rim" if one else "br_round"]
    elif key == "sex":
        case["sex"] = one
    elif key in _CASE:
        case[key] = one if number is None else number
    elif key == "site":
        finding.setdefault("site", one)
    else:
        finding[key] = one if number is None else number


def _number(value: Mapping[str, Any]) -> float:
    low = value.get("from", value.get("above"))
    high = value.get("to", value.get("below"))
    if low is None:
        return high if "to" in value else high - 0.05 if high < 5 else high - 1
    return low if "from" in value else low + 0.1 if low < 10 else low + 1
