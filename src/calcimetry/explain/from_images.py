"""What was found on images, as findings of a case: the same reasoning as for typed ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calcimetry.core.case import Case

__all__ = ["case_of"]

# Sites whose rules read the Agatston score, and only that of a gated scan without contrast (a final number).
_SCORED = ("coronary_artery", "aortic_valve")
# Calcium that enters no score and is a finding all the same.
_NOTED = ("mediastinal_node", "airway", "lung", "pleura")
_SURE = 0.5


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
    named = {row.get("site") for row in typed}
    findings = [row for row in _findings(case) if row["site"] not in named]
    if not findings and not typed and not values.get("labs"):
        return None
    subject = case.subject
    if "age" not in values and subject.age_years is not None:
        values["age"] = {"value": subject.age_years, "unit": "a"}
    if "sex" not in values and subject.sex is not None:
        values["sex"] = subject.sex
    if "modality" not in values:
        gated = any(image.gated for image in case.images)
        values["modality"] = "ct_gated" if gated else "ct"
    return {**values, "findings": [*typed, *findings]}


def _findings(case: Case) -> list[dict[str, Any]]:
    counted: dict[str, int] = {}
    patterns: dict[str, list[str]] = {}
    for lesion in case.lesions:
        noted = lesion.site in _NOTED and min(lesion.confidence, lesion.evidence.get("site_probability", 0.0)) >= _SURE
        if (lesion.counted or noted) and lesion.kind == "calcification" and lesion.site != "unassigned":
            counted[lesion.site] = counted.get(lesion.site, 0) + 1
            patterns.setdefault(lesion.site, []).extend(lesion.pattern)
    scores = {s.site: s for s in case.scores if s.name == "agatston" and s.structure == "total" and s.site in _SCORED}
    found = []
    for site in sorted({*counted, *scores}):
        row: dict[str, Any] = {"site": site}
        score = scores.get(site)
        if score is not None and score.status == "final" and score.value is not None:
            row["agatston"] = score.value
        if site in counted:
            row["count"] = counted[site]
        if patterns.get(site):
            row["pattern"] = list(dict.fromkeys(patterns[site]))
        # A score of zero is a finding of the coronary arteries alone: elsewhere there is then nothing to explain.
        if site in counted or (site == "coronary_artery" and row.get("agatston") == 0):
            found.append(row)
    return found
