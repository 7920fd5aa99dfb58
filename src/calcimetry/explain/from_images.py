"""What was found on images, as findings of a case: the same reasoning as for typed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calcimetry.explain.from_mammograms import breast_findings, breast_modality, nothing_found

if TYPE_CHECKING:
    from calcimetry.core.case import Case
    from calcimetry.core.lesion import Lesion

__all__ = ["case_of"]

# Sites whose rules read the Agatston score, and only that of a gated scan without contrast (a final number).
_SCORED = ("coronary_artery", "aortic_valve")
# Calcium that enters no score and is a finding all the same.
_NOTED = ("mediastinal_node", "airway", "lung", "pleura")
_SURE = 0.5
"""A site that is less likely than this explains nothing: it stays in the list of lesions, to be checked by eye."""


def case_of(case: Case, stated: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """A ``calcimetry-case/1`` from a case with images; ``None`` where there is nothing to explain.

    Parameters
    ----------
    case : Case
        After grading.
    stated : mapping, optional
        A case file of the person. What it says of a site wins over the image.
    """
    values = {key: value for key, value in (stated or {}).items() if value is not None}
    typed = [row for row in values.get("findings", ()) if isinstance(row, Mapping)]
    shown = [*_findings(case), *breast_findings(case)]
    findings = [row for row in shown if not any(_said(row, one) for one in typed)]
    if not any(str(row.get("site")).startswith("breast") for row in (*findings, *typed)):
        findings += nothing_found(case, values)
    if not findings and not typed and not values.get("labs"):
        return None
    subject = case.subject
    if "age" not in values and subject.age_years is not None:
        values["age"] = {"value": subject.age_years, "unit": "a"}
    if "sex" not in values and subject.sex is not None:
        values["sex"] = subject.sex
    if "modality" not in values:
        gated = any(image.gated for image in case.images)
        values["modality"] = breast_modality(case) or ("ct_gated" if gated else "ct")
    return {**values, "findings": [*typed, *findings]}


def _said(row: Mapping[str, Any], typed: Mapping[str, Any]) -> bool:
    """Whether what a person stated is about the same site, and the same side of it."""
    sides = {row.get("laterality"), typed.get("laterality")}
    return row["site"] == typed.get("site") and sides != {"left", "right"}


def _findings(case: Case) -> list[dict[str, Any]]:
    # One lesion shows in each series of a study: it is counted in the one that shows most.
    counted: dict[str, Counter[str]] = {}
    patterns: dict[str, list[str]] = {}
    for lesion in case.lesions:
        if lesion.site != "breast" and _explains(lesion):
            counted.setdefault(lesion.site, Counter())[lesion.image] += 1
            patterns.setdefault(lesion.site, []).extend(lesion.pattern)
    totals = [s for s in case.scores if s.name == "agatston" and s.structure == "total" and s.site in _SCORED]
    # Of several series one with a final number is the one to read, and among such the one that shows most.
    final: dict[str, float] = {}
    for score in totals:
        if score.status == "final" and score.value is not None:
            final[score.site] = max(score.value, final.get(score.site, 0.0))
    found = []
    for site in sorted({*counted, *final}):
        row: dict[str, Any] = {"site": site}
        if site in final:
            row["agatston"] = final[site]
        if site in counted:
            row["count"] = max(counted[site].values())
        if patterns.get(site):
            row["pattern"] = list(dict.fromkeys(patterns[site]))
        # A score of zero is a finding of the coronary arteries alone: elsewhere there is then nothing to explain.
        if site in counted or (site == "coronary_artery" and row.get("agatston") == 0):
            found.append(row)
    return found


def _explains(lesion: Lesion) -> bool:
    """Calcium that counts or is noted, in a site that is likely enough; arteries and valve go by their score."""
    if lesion.kind != "calcification" or lesion.site == "unassigned":
        return False
    likely = lesion.evidence.get("site_probability")
    if lesion.site in _NOTED and not lesion.counted:
        return min(lesion.confidence, 0.0 if likely is None else likely) >= _SURE
    return lesion.counted and (lesion.site in _SCORED or likely is None or likely >= _SURE)
