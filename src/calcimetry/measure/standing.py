"""How far a score may be trusted: final, equivalent, or withheld, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calcimetry.core.image import Volume
from calcimetry.core.note import Note
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.calibration import Calibration
from calcimetry.measure.rule import Rule

__all__ = ["Standing", "standing"]

_STANDARD_MM = 3.0
_TOLERANCE_MM = 0.05
"""An increment or thickness within this of 3 mm is 3 mm: headers round."""
_MOVING = frozenset({"coronary_artery", "aortic_valve", "mitral_annulus", "myocardium"})
"""Sites that move with the heart: without ECG gating their numbers are estimates."""
_PUBLISHED = frozenset({"coronary_artery", "aortic_valve"})
"""Sites whose published limits are Agatston scores."""
_BY_PEAK = frozenset({"agatston", "density_score"})


@dataclass(frozen=True, slots=True)
class Standing:
    """``withheld``: why there is no number. ``reasons``: why it is only equivalent; none means final."""

    withheld: str | None = None
    reasons: tuple[str, ...] = ()


def standing(
    name: str,
    site: str,
    *,
    volume: Volume,
    rule: Rule,
    limits: VoltageLimits,
    calibration: Calibration | None,
    refusals: Iterable[Note] = (),
    cautions: Iterable[str] = (),
) -> Standing:
    """What holds for a score of this name and site on this image.

    Parameters
    ----------
    name, site : str
        ``agatston``, ``volume``, ``volume_isotropic``, ``mass``, ``density_score`` or ``count``.
    volume : Volume
    rule : Rule
    limits : VoltageLimits
        As the rule applies them.
    calibration : Calibration or None
    refusals : iterable of Note
        Reasons for which no score at all may be given (contrast, wrong HU, missing slices).
    cautions : iterable of str
        What keeps scores of sites that move with the heart from being final (a field that cuts the heart).
    """
    texts = tuple(dict.fromkeys(note.text for note in refusals))
    if texts:
        return Standing("; ".join(texts))
    if name in _BY_PEAK and limits.refusal is not None:
        return Standing(limits.refusal)
    if name == "mass" and calibration is None:
        return Standing(f"no calibration, and the nominal factor needs the tube voltage: {limits.refusal}")
    reasons = [*_by_voltage(name, limits, rule), *_by_slices(name, volume, rule), *_by_site(name, site, volume)]
    if site in _MOVING:
        reasons += cautions
    if name == "mass" and calibration is not None and calibration.basis == "nominal":
        reasons.append(calibration.text)
    return Standing(None, tuple(reasons))


def _by_voltage(name: str, limits: VoltageLimits, rule: Rule) -> list[str]:
    if limits.refusal is not None:
        return [f"{limits.basis}: {limits.refusal}"]
    if limits.adapted:
        return [f"kV-adapted, research: limits for {limits.effective_kvp:g} kV"]
    if limits.effective_kvp != 120.0 and name != "mass":
        return [f"limits of 120 kV at {limits.effective_kvp:g} kV, as rule {rule.id} has it"]
    return []


def _by_slices(name: str, volume: Volume, rule: Rule) -> list[str]:
    if name not in _BY_PEAK:
        return []
    increment = volume.geometry.spacing_mm[0]
    thickness = volume.acquisition.thickness_mm
    reasons = []
    if abs(increment - _STANDARD_MM) > _TOLERANCE_MM:
        how = f"normalized by {rule.factor}" if rule.factor != "none" else "not normalized by this rule"
        reasons.append(f"slices every {increment:.4g} mm, expected 3 mm: {how}")
    if thickness is not None and abs(thickness - _STANDARD_MM) > _TOLERANCE_MM:
        reasons.append(f"slices {thickness:.4g} mm thick, expected 3 mm")
    return reasons


def _by_site(name: str, site: str, volume: Volume) -> list[str]:
    reasons = []
    gated = volume.acquisition.gated
    if site in _MOVING and gated is not True:
        reasons.append("not ECG-gated" if gated is False else "not known whether ECG-gated")
    if name in _BY_PEAK and site not in _PUBLISHED:
        reasons.append("Agatston's formula outside the coronary arteries")
    return reasons
