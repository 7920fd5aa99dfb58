"""A finding in words: for the paragraph of a report, and plainly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calcimetry.explain.words.language import name, plain, say, word
from calcimetry.explain.words.sentence import Sentence

__all__ = ["described", "is_empty", "places", "seen", "unconfirmed"]

_MOST_PATTERNS = 2
_MEASURES = {
    "count": ("count", "count"),
    "max_hu": ("hu", "hu"),
    "volume_mm3": ("volume", "volume"),
    "agatston": ("agatston", "score"),
    "percentile": ("percentile", "percentile"),
    "vessel_diameter_mm": ("diameter", "mm"),
    "growth_mm_per_year": ("growth", "mm"),
}


def _number(value: Any) -> str | None:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_empty(finding: Mapping[str, Any]) -> bool:
    """Whether the finding says that nothing was counted: a score, volume or count of zero.

    >>> is_empty({"site": "coronary_artery", "agatston": 0}), is_empty({"site": "coronary_artery"})
    (True, False)
    """
    return any(finding.get(key) == 0 for key in ("agatston", "volume_mm3", "count"))


def unconfirmed(finding: Mapping[str, Any]) -> bool:
    """Whether something was found, and its words are those of a program that no reader has confirmed."""
    return finding.get("unconfirmed_on", "nothing") != "nothing" and not is_empty(finding)


def places(finding: Mapping[str, Any], language: str) -> str:
    """Site and side in the clinicians' words.

    >>> places({"site": "lung", "laterality": "left"}, "en")
    'lung, left'
    """
    site = name(language, "site", str(finding.get("site")))
    side = finding.get("laterality")
    return f"{site}, {name(language, 'laterality', side)}" if side and side != "na" else site


def described(finding: Mapping[str, Any], language: str) -> str:
    """What a finding looks like, in the clinicians' words; empty where nothing is stated.

    >>> described({"pattern": ["br_fine_pleomorphic"], "distribution": "grouped", "size_mm": 9, "change": "new"}, "en")
    'fine pleomorphic, grouped, 9 mm, new'
    """
    said = [name(language, "pattern", one) for one in finding.get("pattern") or ()]
    lies = finding.get("distribution") or ()
    said += [name(language, "distribution", one) for one in ((lies,) if isinstance(lies, str) else lies)]
    size = _number(finding.get("size_mm"))
    if size:
        said.append(word(language, "clinician", "size", mm=size))
    for key, (sentence, place) in _MEASURES.items():
        value = _number(finding.get(key))
        if value is not None:
            said.append(word(language, "clinician", sentence, **{place: value}))
    said += [name(language, "feature", one) for one in finding.get("features") or ()]
    if finding.get("change") and finding["change"] != "unknown":
        said.append(name(language, "change", finding["change"]))
    return ", ".join(dict.fromkeys(said))


def seen(finding: Mapping[str, Any], modality: str, language: str) -> list[Sentence]:
    """What was seen, in plain words: where, what it looks like, how large, whether it changed."""
    site, side = str(finding.get("site")), finding.get("laterality")
    because = (f"site: {site}",)
    place = plain(language, "site", site) or name(language, "site", site)
    shown = plain(language, "modality", modality) or name(language, "modality", "unknown")
    if is_empty(finding):
        said = [Sentence(say(language, "patient", "found_none", modality=shown, place=place), "found", because)]
        if site == "coronary_artery":
            said.append(
                Sentence(say(language, "patient", "zero"), "found", ("agatston: 0",), ("acc-aha-2018",), "verified")
            )
        return said
    where = f" {plain(language, 'laterality', side)}" if side and side != "na" else ""
    key = "found_mr" if modality == "mr" else "found"
    said = [Sentence(say(language, "patient", key, modality=shown, place=place, side=where), "found", because)]
    if modality == "mr":
        said.append(
            Sentence(say(language, "patient", "may_be"), "found", ("modality: mr",), ("radiology-texts",), "memory")
        )
    for one in (finding.get("pattern") or ())[:_MOST_PATTERNS]:
        look = plain(language, "pattern", one)
        if look:
            said.append(Sentence(say(language, "patient", "looks", pattern=look), "found", (f"pattern: {one}",)))
    size = _number(finding.get("size_mm"))
    if size:
        said.append(Sentence(say(language, "patient", "size", mm=size), "found", (f"size_mm: {size}",)))
    score = _number(finding.get("agatston"))
    if score:
        said.append(Sentence(say(language, "patient", "score", score=score), "found", (f"agatston: {score}",)))
    change = plain(language, "change", str(finding.get("change")))
    if change:
        said.append(Sentence(change, "found", (f"change: {finding['change']}",)))
    return said
