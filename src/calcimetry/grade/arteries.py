"""Calcified breast arteries of one view: from their number to the grade of the Canadian society, 0 to 3."""

from __future__ import annotations

from collections.abc import Sequence

from calcimetry.core.measurement import Score
from calcimetry.grade.points import csbi_grade

__all__ = ["csbi_score"]

_ONE_VIEW = "vessels of one view, as a program counts them: one behind another, or with points alone, may be missed"
_NONE_FOUND = (
    "no calcified artery was found, so no grade is given: grade 0 says that there is none, which this search cannot; "
    "long courses that stand out are unlikely to be missed, but courses under a centimeter, points alone, faint walls "
    "and vessels behind dense tissue may be"
)
_NO_COUNT = "arteries were not counted"


def csbi_score(scores: Sequence[Score]) -> Score | None:
    """``csbi_grade`` of one view from its ``artery_count`` and ``coarse_artery_count``; ``None`` without such rows.

    An equivalent, since the scale is for a reader with all views; withheld with the reason where a count is, and where
    nothing was found: the lowest grade is a statement about the vessels, not about a search.
    """
    of = {one.name: one for one in scores if one.site == "breast" and one.structure == "total"}
    if not {"artery_count", "coarse_artery_count"} <= set(of):
        return None
    every, thick = of["artery_count"], of["coarse_artery_count"]
    if every.value is None or thick.value is None:
        reason = every.reason if every.value is None else thick.reason
        return Score("csbi_grade", "breast", "total", every.image, None, "1", None, "withheld", reason or _NO_COUNT)
    grade = csbi_grade(coarse_or_tram_track_vessels=int(thick.value), few_punctate=every.value > 0)
    if not grade:
        return Score("csbi_grade", "breast", "total", every.image, None, "1", None, "withheld", _NONE_FOUND)
    return Score("csbi_grade", "breast", "total", every.image, float(grade), "1", None, "equivalent", _ONE_VIEW)
