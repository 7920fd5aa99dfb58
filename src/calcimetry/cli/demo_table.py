"""Measured beside true, for the demo: sums of each structure, and their place on the scales."""

from __future__ import annotations

from collections.abc import Sequence

from calcimetry.cli.options import table
from calcimetry.core.case import Case
from calcimetry.core.measurement import Score
from calcimetry.phantom.truth import TruthObject

__all__ = ["side_by_side"]


def side_by_side(case: Case, truth: Sequence[TruthObject]) -> str:
    """Mass and volume of each structure, measured (with the 95 % interval) and true."""
    rows = []
    places = sorted({(s.site, s.structure) for s in case.scores}, key=lambda p: (p[0], p[1] == "total", p[1]))
    for site, structure in places:
        true = [t for t in truth if t.site == site and structure in (t.structure or site, "total")]
        by_name = {s.name: s for s in case.scores if (s.site, s.structure) == (site, structure)}
        if "agatston" not in by_name or (not true and not by_name["count"].value):
            continue
        rows.append(
            (
                site,
                structure,
                str(len(true)),
                _whole(by_name["count"]),
                _with_error(by_name["mass"]),
                f"{sum(t.mass_mg for t in true):.1f}",
                _with_error(by_name["volume"]),
                f"{sum(t.volume_mm3 for t in true):.0f}",
                _with_error(by_name["agatston"]),
            )
        )
    head = ("site", "structure", "true n", "found", "mass mg", "true", "volume mm3", "true", "Agatston")
    lines = [table(rows, head)]
    for grade in case.grades:
        if grade.site == "coronary_artery" and grade.category and grade.status != "withheld":
            lines.append(f"{grade.scale} ({grade.edition}): {grade.category} [{grade.status}]")
    return "\n".join(lines)


def _whole(score: Score) -> str:
    return "-" if score.value is None else f"{score.value:.0f}"


def _with_error(score: Score) -> str:
    if score.value is None:
        return "withheld"
    value = f"{score.value:.1f}"
    return value if score.interval95 is None else f"{value} ({score.interval95[0]:.1f} to {score.interval95[1]:.1f})"
