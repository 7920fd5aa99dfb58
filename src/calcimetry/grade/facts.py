"""What is known about one score, its image and the person, in the words of ``knowledge/facts.toml``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from calcimetry.core.case import ImageInfo
from calcimetry.core.measurement import Score
from calcimetry.core.study import Subject
from calcimetry.knowledge import logic
from calcimetry.knowledge.units import convert

__all__ = ["collect"]

_MOLAR = {"total_cholesterol_mmol_l": "total_cholesterol_mg_dl", "hdl_mmol_l": "hdl_mg_dl"}
_STANDARD_KVP = 120.0


def collect(score: Score, subject: Subject, image: ImageInfo | None, siblings: Iterable[Score] = ()) -> dict[str, Any]:
    """Facts for the conditions of scales; what nobody said is absent, never assumed.

    Parameters
    ----------
    score : Score
        The score to be graded.
    subject : Subject
        Age is taken in completed years, as the published tables are. A sex that is neither female nor male is
        unknown to limits that were published for the two.
    image : ImageInfo or None
        The image behind the score.
    siblings : iterable of Score
        Scores of the same name, site and image, for the arteries one by one.

    Returns
    -------
    dict
        Fact -> value, only words of the vocabulary.
    """
    facts: dict[str, Any] = {k: v for k, v in subject.facts.items() if k in logic.vocabulary()}
    for molar, mass in _MOLAR.items():
        if mass not in facts and isinstance(given := subject.facts.get(molar), int | float):
            facts[mass] = convert("cholesterol", float(given), "mmol/L", "mg/dL")
    if subject.age_years is not None and math.isfinite(subject.age_years):
        facts["age_years"] = math.floor(subject.age_years)
    for name, value in (("sex", subject.sex), ("ethnicity", subject.ethnicity)):
        if value in logic.vocabulary()[name].words:
            facts[name] = value
    facts["score_value"] = score.value
    if score.status != "withheld":
        facts["score_status"] = score.status
    facts["arteries_scored"] = all(s.value is not None for s in siblings if s.structure != "total")
    if image is not None:
        facts |= _of_image(image)
        facts["kv_adapted"] = _adapted(score, image)
    return logic.complete({name: value for name, value in facts.items() if value is not None})


def _of_image(image: ImageInfo) -> dict[str, Any]:
    return {
        "gated": image.gated,
        "contrast": None if image.contrast.state == "unknown" else image.contrast.state,
        "kvp": image.kvp,
        "thickness_mm": image.thickness_mm,
    }


def _adapted(score: Score, image: ImageInfo) -> bool | None:
    """Whether the thresholds were moved, by the score's own settings; else only 120 kV tells that they were not."""
    said = score.settings.get("adapted")
    if isinstance(said, bool):
        return said
    return False if image.kvp == _STANDARD_KVP else None
