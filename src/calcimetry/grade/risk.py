"""Ten-year risk of coronary heart disease by MESA 2015, and arterial age by MESA 2009."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calcimetry.knowledge.load import table

__all__ = ["RiskFactors", "arterial_age_years", "mesa_chd_percent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactors:
    """What the model asks for; nothing has a default, since a factor that nobody stated is not "no".

    ``age_years`` completed years [a]; cholesterol [mg/dL] (``knowledge.units.convert`` from mmol/L); systolic
    pressure [mm[Hg]]; ``smoker`` now; ``family_history_mi`` heart attack of a parent, sibling or child.
    """

    age_years: float
    sex: str
    ethnicity: str
    diabetes: bool
    smoker: bool
    total_cholesterol_mg_dl: float
    hdl_mg_dl: float
    lipid_drug: bool
    sbp_mm_hg: float
    bp_drug: bool
    family_history_mi: bool


def mesa_chd_percent(person: RiskFactors, agatston: float | None = None) -> float:
    """Ten-year risk of coronary heart disease [%], not clipped.

    Parameters
    ----------
    person : RiskFactors
        45 to 85 years, one of the four groups, no known coronary heart disease.
    agatston : float or None
        The score, for the model with calcium; ``None`` takes the model without.

    Raises
    ------
    ValueError
        Age or group outside the model.

    References
    ----------
    McClelland 2015 (``mcclelland-2015``).

    >>> man = RiskFactors(age_years=65, sex="male", ethnicity="white", diabetes=False, smoker=False,
    ...                   total_cholesterol_mg_dl=210, hdl_mg_dl=45, lipid_drug=False, sbp_mm_hg=140,
    ...                   bp_drug=False, family_history_mi=False)
    >>> round(mesa_chd_percent(man), 2), round(mesa_chd_percent(man, 100), 2)
    (7.72, 9.65)
    """
    published = table("references/mesa_chd_2015")
    if not published["age_from"] <= person.age_years < published["age_below"]:
        raise ValueError(f"the MESA model holds for 45 to 85 years, not for {person.age_years}")
    if person.sex not in {"female", "male"} or person.ethnicity not in {"white", "chinese", "black", "hispanic"}:
        raise ValueError(f"the MESA model has no group {person.sex!r}, {person.ethnicity!r}")
    model = published["without_cac" if agatston is None else "with_cac"]
    values: dict[str, float] = {
        "age_years": person.age_years,
        "male": person.sex == "male",
        "diabetes": person.diabetes,
        "smoker": person.smoker,
        "total_cholesterol_mg_dl": person.total_cholesterol_mg_dl,
        "hdl_mg_dl": person.hdl_mg_dl,
        "lipid_drug": person.lipid_drug,
        "sbp_mm_hg": person.sbp_mm_hg,
        "bp_drug": person.bp_drug,
        "family_history_mi": person.family_history_mi,
        "ln_score_plus_1": math.log1p(agatston or 0.0),
    }
    values |= {group: person.ethnicity == group for group in ("chinese", "black", "hispanic")}
    exponent = sum(b * float(values[name]) for name, b in model["coefficients"].items())
    return 100.0 * (1.0 - math.pow(model["s0"], math.exp(exponent)))


def arterial_age_years(agatston: float) -> float:
    """Age whose risk equals that of the score [a]: 39.1 + 7.25 ln(score + 1).

    References
    ----------
    McClelland 2009 (``mcclelland-2009``). For research; not a basis for treatment.

    >>> round(arterial_age_years(250))
    79
    """
    published = table("references/arterial_age_2009")
    return float(published["intercept_years"] + published["slope_years"] * math.log1p(agatston))
