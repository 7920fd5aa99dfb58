"""Estimated glomerular filtration rate from creatinine."""

from __future__ import annotations

from calcimetry.knowledge.load import table

__all__ = ["ckd_epi_2021"]


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
