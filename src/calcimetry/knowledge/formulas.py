"""Published arithmetic on laboratory values that more than one stage needs. Pure functions; numbers stand in tables."""

from __future__ import annotations

from calcimetry.knowledge.load import table

__all__ = ["ckd_epi_2021", "clearance_ratio", "corrected_calcium", "schwartz", "tmp_gfr"]


def corrected_calcium(calcium: float, albumin: float, *, unit: str, albumin_unit: str) -> float:
    """Calcium as it would be at normal albumin, in the unit it came in.

    Parameters
    ----------
    calcium, albumin : float
        Serum values.
    unit, albumin_unit : str
        ``mg/dL`` with ``g/dL``, or ``mmol/L`` with ``g/L``; a mixture is refused.

    >>> round(corrected_calcium(8.0, 2.0, unit="mg/dL", albumin_unit="g/dL"), 6)
    9.6
    >>> round(corrected_calcium(2.0, 20.0, unit="mmol/L", albumin_unit="g/L"), 6)
    2.4
    """
    published = table("references/corrected_calcium")
    for system in ("conventional", "si"):
        row = published[system]
        if (unit, albumin_unit) == (row["unit"], row["albumin_unit"]):
            return float(calcium + row["per_albumin"] * (row["normal_albumin"] - albumin))
    raise ValueError(f"{unit} with {albumin_unit}: use mg/dL with g/dL, or mmol/L with g/L")


def ckd_epi_2021(creatinine_mg_dl: float, *, age_years: float, sex: str) -> float:
    """Filtration rate by CKD-EPI 2021 [mL/min/{1.73_m2}].

    Parameters
    ----------
    creatinine_mg_dl : float
        Serum creatinine [mg/dL]; ``knowledge.units.convert`` from umol/L.
    age_years : float
        From 18 years; children need another equation.
    sex : str
        ``female`` or ``male``.

    Raises
    ------
    ValueError
        Age or sex outside the equation, or a creatinine that is not positive.

    >>> round(ckd_epi_2021(1.2, age_years=55, sex="male"), 1)
    71.4
    """
    published = table("references/ckd_epi_2021")
    if sex not in {"female", "male"} or age_years < published["age_from"] or creatinine_mg_dl <= 0:
        raise ValueError(
            f"CKD-EPI 2021 holds for adult women and men: {creatinine_mg_dl} mg/dL, {age_years} a, {sex!r}"
        )
    row = published[sex]
    ratio = creatinine_mg_dl / row["kappa"]
    low, high = min(ratio, 1.0) ** row["alpha"], max(ratio, 1.0) ** published["beta"]
    return float(published["factor"] * low * high * published["per_year"] ** age_years * row["factor"])


def schwartz(creatinine_mg_dl: float, *, height_cm: float) -> float:
    """Filtration rate of a child by the bedside equation [mL/min/{1.73_m2}].

    >>> round(schwartz(0.5, height_cm=110), 1)
    90.9
    """
    if creatinine_mg_dl <= 0 or height_cm <= 0:
        raise ValueError(f"creatinine and height are positive: {creatinine_mg_dl} mg/dL, {height_cm} cm")
    return float(table("references/schwartz")["factor"] * height_cm / creatinine_mg_dl)


def clearance_ratio(
    urine_calcium: float, serum_calcium: float, urine_creatinine: float, serum_creatinine: float
) -> float:
    """Calcium to creatinine clearance ratio [1]; calcium in one unit, creatinine in one unit.

    >>> round(clearance_ratio(2.0, 2.8, 8000.0, 80.0), 4)
    0.0071
    """
    return (urine_calcium * serum_creatinine) / (serum_calcium * urine_creatinine)


def tmp_gfr(serum_phosphate: float, urine_phosphate: float, serum_creatinine: float, urine_creatinine: float) -> float:
    """Threshold of phosphate reabsorption, in the unit of the serum phosphate; fasting, paired samples.

    >>> round(tmp_gfr(2.0, 5.0, 60.0, 6000.0), 3)
    2.659
    """
    published = table("references/tmp_gfr")
    reabsorbed = 1.0 - (urine_phosphate * serum_creatinine) / (serum_phosphate * urine_creatinine)
    if reabsorbed <= published["linear_to"]:
        return reabsorbed * serum_phosphate
    return published["factor"] * reabsorbed / (1.0 - published["slope"] * reabsorbed) * serum_phosphate
