"""Values of the laboratory -> facts that rules may ask for: corrected calcium, filtration rate, PTH beside calcium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calcimetry.explain.doubts import Doubts
from calcimetry.explain.labs import Value, verdict
from calcimetry.knowledge import formulas
from calcimetry.knowledge.load import table
from calcimetry.knowledge.units import convert

__all__ = ["Chemistry", "chemistry"]

# Fact -> analyte, where the fact is the verdict of the value.
_VERDICTS = {
    "phosphate": "phosphate", "vitamin_d_125": "vitamin_d_125", "alp": "alp", "magnesium": "magnesium",
    "bicarbonate": "bicarbonate", "sodium": "sodium", "potassium": "potassium", "haemoglobin": "haemoglobin",
    "creatinine": "creatinine", "urine_oxalate": "urine_oxalate_24h", "urine_citrate": "urine_citrate_24h",
    "pthrp": "pthrp", "calcitonin": "calcitonin", "ca125": "ca125", "tmp_gfr": "tmp_gfr",
}  # fmt: skip
# Fact -> analyte, where the fact is the number itself, in the unit in which the analyte is kept.
_NUMBERS = {
    "potassium_mmol_l": "potassium",
    "urine_ph": "urine_ph", "m_protein_g_l": "m_protein", "light_chain_ratio": "free_light_chain_ratio",
    "hba1c_percent": "hba1c", "clearance_ratio": "ca_cr_clearance_ratio",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chemistry:
    """Facts from the laboratory; ``samples`` counts, for each fact, the samples that it rests on."""

    facts: Mapping[str, Any]
    samples: Mapping[str, int]


def chemistry(
    values: Mapping[str, Value],
    words: Mapping[str, str],
    person: Mapping[str, Any],
    height_cm: float | None,
    doubts: Doubts,
) -> Chemistry:
    """All facts that the values give.

    Parameters
    ----------
    values, words : mapping
        From :func:`calcimetry.explain.labs.read`.
    person : mapping
        Facts of the person: age, sex, pregnancy, history.
    height_cm : float, optional
        For the filtration rate of a child.
    doubts : Doubts
        Takes what could not be computed or may not be read.
    """
    facts: dict[str, Any] = {}
    samples: dict[str, int] = {}
    for fact, analyte in _VERDICTS.items():
        if analyte in values and values[analyte].verdict:
            facts[fact], samples[fact] = values[analyte].verdict, values[analyte].samples
    for fact, analyte in _NUMBERS.items():
        if analyte in values:
            facts[fact] = values[analyte].value
    if words.get("igra"):
        facts["igra"] = words["igra"]
    _calcium(values, facts, samples, doubts)
    _parathyroid(values, facts, samples, doubts)
    _vitamin_d(values, facts, samples)
    _urine(values, facts, samples)
    _kidney(values, facts, person, height_cm, doubts)
    if "alp" in facts:
        facts["alp_repeated"] = samples["alp"] > 1
    _minerals(facts)
    _ratios(values, facts, person, doubts)
    return Chemistry(facts, samples)


def _calcium(values: Mapping[str, Value], facts: dict[str, Any], samples: dict[str, int], doubts: Doubts) -> None:
    """Ionised calcium first, then corrected calcium, then the total one: corrected where albumin is known."""
    ionised, corrected, total = (values.get(f"calcium_{kind}") for kind in ("ionized", "corrected", "total"))
    albumin = values.get("albumin")
    best = corrected or total
    if best is not None:
        number = best.value
        if corrected is None and albumin is not None:
            number = formulas.corrected_calcium(best.value, albumin.value, unit="mmol/L", albumin_unit="g/L")
        facts["calcium_mmol_l"] = round(number, 6)
        if best.high is not None and best.verdict:
            facts["calcium_above_limit_mmol_l"] = max(0.0, number - best.high)
    if ionised is not None:
        facts["calcium_ionized_mmol_l"] = ionised.value
    used = ionised if ionised is not None and ionised.verdict else best
    if used is None or used.verdict is None:
        return
    if used is ionised:
        facts["calcium"] = used.verdict
    else:
        facts["calcium"] = verdict(facts["calcium_mmol_l"], used.low, used.high)
    certain = used is not total or albumin is not None
    samples["calcium"] = 2 if ionised is not None else used.samples
    facts["calcium_confirmed"] = samples["calcium"] > 1
    margin = table("reasoning/analytes")["reading"]["uncorrected_margin"]["within"]
    near = any(limit is not None and abs(used.value - limit) <= margin for limit in (used.low, used.high))
    facts["calcium_certain"] = certain or not near
    if not certain:
        close = " and lies close to a limit, so no pattern is certain" if near else ""
        doubts.add("corrected calcium", f"calcium is read without albumin{close}", "albumin or ionised calcium")


def _parathyroid(values: Mapping[str, Value], facts: dict[str, Any], samples: dict[str, int], doubts: Doubts) -> None:
    pth = values.get("pth_intact")
    if pth is None:
        return
    if "calcium" not in facts:
        doubts.add("pth_intact", "PTH is read only beside calcium and is not used", "calcium")
        return
    facts["pth_pg_ml"] = pth.value
    facts["pth_suppressed"] = pth.value < table("reasoning/analytes")["reading"]["pth_not_suppressed"]["from"]
    if pth.verdict:
        facts["pth"], samples["pth"] = pth.verdict, pth.samples


def _vitamin_d(values: Mapping[str, Value], facts: dict[str, Any], samples: dict[str, int]) -> None:
    """Low by the laboratory's lower limit; very high only above the limit of toxicity, whatever "high" means there."""
    value = values.get("vitamin_d_25oh")
    if value is None or value.verdict is None:
        return
    (ours,) = [row for row in table("reasoning/intervals")["interval"] if row["analyte"] == "vitamin_d_25oh"]
    facts["vitamin_d"] = "low" if value.verdict == "low" else "very_high" if value.value > ours["high"] else "adequate"
    samples["vitamin_d"] = value.samples


def _urine(values: Mapping[str, Value], facts: dict[str, Any], samples: dict[str, int]) -> None:
    for analyte in ("urine_calcium_creatinine_ratio", "urine_calcium_24h"):
        if analyte in values and values[analyte].verdict:
            facts["urine_calcium"], samples["urine_calcium"] = values[analyte].verdict, values[analyte].samples


def _kidney(
    values: Mapping[str, Value],
    facts: dict[str, Any],
    person: Mapping[str, Any],
    height_cm: float | None,
    doubts: Doubts,
) -> None:
    history = person.get("history", frozenset())
    egfr = _filtration(values, person, height_cm, doubts)
    limit = table("reasoning/analytes")["reading"]["kidney_reduced"]["below"]
    reduced: bool | None = None
    if egfr:
        facts["egfr"] = egfr[0] if len(egfr) == 1 else None
        below = {value < limit for value in egfr}
        reduced = below.pop() if len(below) == 1 else None
    elif person.get("child") and facts.get("creatinine"):
        reduced = facts["creatinine"] == "high"
    if "dialysis" in history:
        reduced = True
    known = bool({"ckd", "dialysis", "kidney_transplant"} & history)
    facts["kidney_reduced"] = reduced
    facts["kidney_disease"] = True if known or reduced else reduced
    facts["kidney_normal"] = False if known or reduced else None if reduced is None else True


def _filtration(
    values: Mapping[str, Value], person: Mapping[str, Any], height_cm: float | None, doubts: Doubts
) -> tuple[float, ...]:
    """The filtration rate; two where the sex is not known, none where no equation holds."""
    creatinine, given = values.get("creatinine"), values.get("egfr")
    age, history = person.get("age_years"), person.get("history", frozenset())
    if creatinine is None and given is None:
        return ()
    why = (
        "not valid in pregnancy" if person.get("pregnant")
        else "not valid under dialysis" if "dialysis" in history
        else "no equation without the age" if age is None and given is None
        else ""
    )  # fmt: skip
    if why:
        doubts.add("eGFR", f"{why}; creatinine itself stands", "age" if age is None else "the specialist's view")
        return ()
    if age is not None and age < 18:
        if creatinine is not None and height_cm:
            return (formulas.schwartz(_mg_dl(creatinine), height_cm=height_cm),)
        needs = [need for need, there in (("height in cm", height_cm), ("creatinine", creatinine)) if not there]
        doubts.add("eGFR", "the equation of adults is not used under 18 years", *needs)
        return ()
    if given is not None:
        return (given.value,)
    if creatinine is None or age is None:
        return ()
    sexes = [person["sex"]] if person.get("sex") else ["female", "male"]
    if len(sexes) > 1:
        doubts.add("eGFR", "the sex is not known, so both equations are used", "sex (female or male)")
    return tuple(formulas.ckd_epi_2021(_mg_dl(creatinine), age_years=age, sex=sex) for sex in sexes)


def _mg_dl(creatinine: Value) -> float:
    return convert("creatinine", creatinine.value, "umol/L", "mg/dL")


def _minerals(facts: dict[str, Any]) -> None:
    both = (facts.get("calcium"), facts.get("phosphate"))
    facts["minerals_abnormal"] = True if "high" in both else None if None in both else False
    needed = (*both, facts.get("pth"))
    off = any(value not in (None, "normal") for value in needed) or facts.get("kidney_normal") is False
    whole = None not in needed and facts.get("kidney_normal")
    facts["minerals_normal"] = False if off else True if whole else None


def _ratios(values: Mapping[str, Value], facts: dict[str, Any], person: Mapping[str, Any], doubts: Doubts) -> None:
    """Clearance ratio and renal phosphate threshold from paired samples, where they were not given."""
    creatinine, calcium = values.get("creatinine"), values.get("calcium_total")
    ratio = values.get("urine_calcium_creatinine_ratio")
    if "clearance_ratio" not in facts and ratio and creatinine and calcium:
        serum = convert("calcium", calcium.value, "mmol/L", "mg/dL")
        facts["clearance_ratio"] = formulas.clearance_ratio(ratio.value, serum, 1.0, _mg_dl(creatinine))
    phosphate, urine, urine_creatinine = (values.get(n) for n in ("phosphate", "urine_phosphate", "urine_creatinine"))
    if "tmp_gfr" in facts or not (phosphate and urine and creatinine and urine_creatinine):
        return
    if phosphate.fasting is False:
        doubts.add("tmp_gfr", "the phosphate was not taken fasting", "a fasting, paired sample")
        return
    value = formulas.tmp_gfr(phosphate.value, urine.value, creatinine.value, urine_creatinine.value)
    rows = [r for r in table("reasoning/intervals")["interval"] if r["analyte"] == "tmp_gfr"]
    if not person.get("child", True):
        facts["tmp_gfr"] = verdict(value, rows[0]["low"], rows[0]["high"])
