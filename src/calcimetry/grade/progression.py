"""Two scores of one person: rates, and the limits beyond which a change is more than repetition."""

from __future__ import annotations

import math
from typing import Any, Literal

from calcimetry.knowledge.load import table

__all__ = [
    "Measure",
    "annual_percent_compound",
    "annual_percent_linear",
    "berry_progression",
    "rescan_limit",
    "root_difference",
    "root_limit",
    "root_progression",
    "sevrukov_limit",
    "units_per_year",
]

Measure = Literal["agatston", "volume"]
"""Rules were published for one of the two: Agatston score [1] or volume [mm3]."""

_SMALL = 1e-9
"""A difference of square roots that equals the limit on paper must equal it here."""


def _rules() -> dict[str, Any]:
    return table("references/progression")


def root_difference(before: float, after: float) -> float:
    """Difference of square roots (Hokanson 2004).

    >>> root_difference(100, 156.25)
    2.5
    """
    return math.sqrt(after) - math.sqrt(before)


def root_progression(before: float, after: float, *, inclusive: bool = True) -> bool:
    """Whether the difference of roots reaches 2.5; ``inclusive=False`` asks for more than 2.5.

    Published both ways (KOICA 2019 and 2021); the default is Hokanson's.
    """
    difference, limit = root_difference(before, after), _rules()["root"]["limit"]
    return bool(difference >= limit - _SMALL if inclusive else difference > limit + _SMALL)


def root_limit(before: float) -> float:
    """Least increase that the rule of roots calls progression.

    >>> root_limit(100)
    56.25
    """
    return float((math.sqrt(before) + _rules()["root"]["limit"]) ** 2 - before)


def rescan_limit(before: float, bmi_kg_m2: float, of: Measure = "agatston") -> float:
    """Upper 95 % limit of a repeat difference in MESA (Chung 2008).

    >>> round(rescan_limit(100, 27), 2)
    66.94
    """
    row = _rules()["rescan"][of]
    return float(row["linear"] * before + row["root"] * math.sqrt(before) + row["bmi"] * bmi_kg_m2 + row["constant"])


def sevrukov_limit(before: float, of: Measure = "agatston") -> float:
    """Smallest significant change, electron beam CT (Sevrukov 2005); from 0 a fixed amount.

    >>> sevrukov_limit(100), sevrukov_limit(0)
    (49.3, 11.6)
    """
    row = _rules()["sevrukov"][of]
    return float(row["root"] * math.sqrt(before) if before > 0 else row["from_zero"])


def units_per_year(before: float, after: float, years: float) -> float:
    """Mean change a year, in units of the score."""
    return (after - before) / years


def annual_percent_linear(before: float, after: float, years: float) -> float | None:
    """Change a year in per cent of the first score; ``None`` from 0, where it is not defined.

    >>> round(annual_percent_linear(100, 152, 3), 2), annual_percent_linear(0, 3, 1)
    (17.33, None)
    """
    return 100.0 * units_per_year(before, after, years) / before if before > 0 else None


def annual_percent_compound(before: float, after: float, years: float) -> float | None:
    """Yearly growth that compounds to the change [%]; ``None`` from 0.

    >>> round(annual_percent_compound(100, 152, 3), 2)
    14.98
    """
    return 100.0 * (math.pow(after / before, 1.0 / years) - 1.0) if before > 0 else None


def berry_progression(before: float, after: float, years: float) -> bool:
    """Progression by class of the first score: any from 0, 10 units a year below 100, 10 % a year from there."""
    row = _rules()["berry"]
    if before <= 0:
        return after > 0
    yearly = units_per_year(before, after, years)
    if before < row["split"]:
        return bool(yearly >= row["below_units_per_year"])
    return bool(100.0 * yearly / before >= row["from_percent_per_year"])
