"""Where a score stands among people of the same age and sex: MESA 2006, Hoff 2001, Heinz Nixdorf Recall."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from calcimetry.knowledge.load import table
from calcimetry.knowledge.rounding import half_up

__all__ = ["MesaPlace", "TablePlace", "mesa", "mesa_reference", "on_table", "pooled"]


@dataclass(frozen=True, slots=True)
class MesaPlace:
    """Percentile by the two-part model, with the share that has any calcium and the scores at four percentiles.

    ``reference`` holds the scores at P25, P50, P75 and P90; ``reference_from`` says whether they come from the
    published table (``anchors``, 50 to 80 years) or from the model (outside these ages).
    """

    percentile: float
    nonzero_percent: float
    reference: tuple[float, ...]
    reference_from: str


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Percentile read from a table: a number between its columns, or only the side on which it lies.

    ``text`` is what may be printed: ``P62``, ``>90``, ``<25`` or ``zero``.
    """

    percentile: float | None
    text: str


def mesa(score: float, *, age_years: int, sex: str, ethnicity: str) -> MesaPlace:
    """Percentile in MESA 2006 by our own refit of the two-part model.

    percentile = 100 [(1 - p) + p Phi((ln score - mean) / sigma)], p = share with calcium, interpolated linearly.

    Parameters
    ----------
    score : float
        Agatston score, not negative [1].
    age_years : int
        Completed years, 45 to 84; never clamped.
    sex : str
        ``female`` or ``male``.
    ethnicity : str
        ``white``, ``chinese``, ``black`` or ``hispanic``; never assumed.

    Raises
    ------
    ValueError
        Age, sex or group outside the reference.

    References
    ----------
    McClelland 2006 (``mcclelland-2006``); the coefficients are ours, from its table 2.

    >>> round(mesa(1200, age_years=72, sex="male", ethnicity="white").percentile)
    85
    """
    head, group = _mesa_group(age_years, sex, ethnicity)
    share = _between(age_years, head["nonzero_ages"], group["nonzero_percent"]) / 100.0
    normal = _ln_scores(group, age_years)
    percentile = 0.0 if score <= 0 else 100.0 * ((1.0 - share) + share * normal.cdf(math.log(score)))
    if head["ages"][0] <= age_years <= head["ages"][-1]:
        return MesaPlace(percentile, 100 * share, mesa_reference(age_years, sex, ethnicity), "anchors")
    by_model = tuple(_model_quantile(q / 100, share, normal) for q in head["quantiles"])
    return MesaPlace(percentile, 100 * share, by_model, "model")


def mesa_reference(age_years: float, sex: str, ethnicity: str) -> tuple[float, ...]:
    """Scores at P25, P50, P75 and P90 between the published ages, 50 to 80.

    Between ages ln(score + 1) is interpolated, not the score: a white man of 55 has officially 0/6/68/234; the
    logarithm gives 0/4/59/223, the plain score 0/14/89/281.

    >>> [round(v, 1) for v in mesa_reference(55, "male", "white")]
    [0.0, 4.4, 58.9, 223.2]
    """
    head, group = _mesa_group(age_years, sex, ethnicity)
    if not head["ages"][0] <= age_years <= head["ages"][-1]:
        raise ValueError(f"the table gives scores for {head['ages'][0]} to {head['ages'][-1]} years, not {age_years}")
    columns = zip(*group["anchors"], strict=True)
    logs = ([math.log1p(v) for v in column] for column in columns)
    return tuple(math.expm1(_between(age_years, head["ages"], column)) for column in logs)


def pooled(reference: str, score: float, *, age_years: int, sex: str) -> TablePlace:
    """Percentile on a table by sex and age group.

    Parameters
    ----------
    reference : str
        ``hoff_2001`` or ``hnr_2014``.
    score, age_years, sex
        As for :func:`mesa`.

    Raises
    ------
    ValueError
        No group of the table holds this age and sex.

    >>> pooled("hoff_2001", 100, age_years=57, sex="male").text
    'P62'
    """
    head = table(f"references/{reference}")
    for group in head["group"]:
        if group["sex"] == sex and group["age_from"] <= age_years < group.get("age_below", math.inf):
            return on_table(score, head["quantiles"], group["scores"])
    raise ValueError(f"{reference} has no group for {sex}, {age_years} years")


def on_table(score: float, percents: Sequence[float], scores: Sequence[float]) -> TablePlace:
    """Percentile by linear interpolation of ln(score + 1) between columns; nothing beyond the last column.

    Columns that share one score (several zeros) count as the highest of them.

    >>> on_table(900, [25, 50, 75, 90], [4, 48, 215, 554]).text
    '>90'
    """
    if score <= 0:
        return TablePlace(None, "zero")
    if score < scores[0]:
        return TablePlace(None, f"<{percents[0]:g}")
    if score > scores[-1]:
        return TablePlace(None, f">{percents[-1]:g}")
    right = min(bisect_right(scores, score), len(scores) - 1)
    low, high, at = (math.log1p(v) for v in (scores[right - 1], scores[right], score))
    value = percents[right - 1] + (percents[right] - percents[right - 1]) * (at - low) / (high - low)
    return TablePlace(value, f"P{half_up(value)}")


def _mesa_group(age_years: float, sex: str, ethnicity: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head = table("references/mesa_2006")
    if not head["age_from"] <= age_years < head["age_below"]:
        raise ValueError(f"MESA 2006 holds for 45 to 84 years, not for {age_years}")
    for group in head["group"]:
        if (group["sex"], group["ethnicity"]) == (sex, ethnicity):
            return head, group
    raise ValueError(f"MESA 2006 has no group {sex!r}, {ethnicity!r}")


def _ln_scores(group: dict[str, Any], age_years: float) -> NormalDist:
    fit = group["fit"]
    return NormalDist(fit["b0"] + fit["b1"] * age_years + fit["b2"] * (age_years - 65) ** 2, fit["sigma"])


def _model_quantile(quantile: float, share: float, normal: NormalDist) -> float:
    inside = (quantile - (1.0 - share)) / share
    return math.exp(normal.inv_cdf(inside)) if 0.0 < inside < 1.0 else 0.0


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    right = min(max(bisect_right(xs, x), 1), len(xs) - 1)
    share = (x - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + share * (ys[right] - ys[right - 1])
