"""The heart in a terminal: vessels, what to check first, a table by structure."""

from __future__ import annotations

from collections.abc import Iterator

from calcimetry.core.case import Case
from calcimetry.report.answer import place_text
from calcimetry.report.heart.burden import Burden, Vessels, burdens, vessels, volume_of
from calcimetry.report.heart.doubts import Doubt, doubts
from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.heart.view import images_with_heart
from calcimetry.report.words import interval_text, number_text, visible

__all__ = ["heart_lines", "told_sites"]

_FIRST = 3
"""Lesions to check first that are named; the page names more."""


def told_sites(case: Case) -> frozenset[tuple[str, str]]:
    """Sites and images whose structures stand in the table of :func:`heart_lines`."""
    return frozenset((row.place.site, image) for image in _images(case) for row in burdens(case, image, ()))


def heart_lines(case: Case) -> Iterator[str]:
    """What to check first, then the vessels with calcium, then the structures that hold any; arteries always."""
    s = HeartPageSettings()
    for image in _images(case):
        found = doubts(case, image, s)
        doubtful = frozenset(doubt.lesion.id for doubt in found)
        rows = burdens(case, image, doubtful)
        yield f"Heart and great vessels (image {visible(image)})"
        for doubt in found[:_FIRST]:
            yield f"  ? check first: {_doubt(doubt)}"
        if len(found) > _FIRST:
            yield f"  ? {len(found) - _FIRST} more to check stand in page.html"
        held = vessels(rows, doubtful)
        if held is not None:
            yield f"  {_vessels(held)}"
        yield from _table([row for row in rows if row.state in ("found", "withheld") or _shown_empty(row)])
        yield ""


def _images(case: Case) -> list[str]:
    return images_with_heart(case)[: HeartPageSettings().max_images]


def _shown_empty(row: Burden) -> bool:
    return row.place.is_artery and row.state == "none"


def _doubt(doubt: Doubt) -> str:
    lesion = doubt.lesion
    names = [(doubt.name, lesion.probability), *doubt.others[:2]]
    named = ", or ".join(f"{name.lower()} {100 * p:.0f} %" for name, p in names)
    counted = "" if lesion.counted else ", not counted"
    kind = f", confidence {lesion.confidence:.2f}" if doubt.unsure_kind else ""
    return f"{visible(lesion.id)} {named}; {number_text(volume_of(lesion))} mm³, {place_text(lesion)}{kind}{counted}"


def _vessels(held: Vessels) -> str:
    names = ", ".join(place.short for place in held.named)
    said = f"Calcium in {len(held.named)} of 4 coronary arteries{f' ({names})' if names else ''}"
    if held.only_doubtful:
        said += f"; to be checked: {', '.join(place.short for place in held.only_doubtful)}"
    return said + (f"; {held.unnamed} lesions without an artery" if held.unnamed else "")


def _table(rows: list[Burden]) -> Iterator[str]:
    if not rows:
        return
    cells = [
        (row.place.title, str(len(row.lesions)), *_score(row, "agatston"), *_score(row, "volume"), _share(row))
        for row in rows
    ]
    cells.insert(0, ("", "lesions", "Agatston", "", "mm³", "", "to check"))
    wide = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    for row in cells:
        shown = [
            f"{cell:<{w}}" if n in (0, 3, 5) else f"{cell:>{w}}"
            for n, (cell, w) in enumerate(zip(row, wide, strict=True))
        ]
        yield f"  {'  '.join(shown)}".rstrip()


def _score(row: Burden, name: str) -> tuple[str, str]:
    measured = row.agatston if name == "agatston" else row.volume
    if row.state == "withheld" or (measured is not None and measured.value is None):
        return "withheld", ""
    if measured is None:
        return "-", ""
    interval = interval_text(measured) if row.lesions else ""
    return number_text(measured.value, name), f"({interval})" if interval else ""


def _share(row: Burden) -> str:
    return f"{100 * row.doubtful_share:.0f} %" if row.doubtful_mm3 > 0 else ""
