"""How ids, numbers and texts of files are shown to a person."""

from __future__ import annotations

import unicodedata

from calcimetry.core.measurement import Measurement, Score
from calcimetry.core.study import Subject
from calcimetry.knowledge.load import table

__all__ = [
    "DEVICE_LINE",
    "first_upper",
    "interval_text",
    "number_text",
    "score_title",
    "site_title",
    "structure_title",
    "subject_line",
    "unit_text",
    "visible",
]

DEVICE_LINE = (
    "No medical device. This result assists a reader and never stands in the reader's place; "
    "it is unverified until a person has confirmed it."
)

_SCORES = {
    "agatston": "Agatston score",
    "volume": "Volume",
    "volume_isotropic": "Volume, isotropic",
    "mass": "Mass",
    "density_score": "Density score",
    "count": "Number of calcifications",
    "group_count": "Number of groups",
    "area": "Area",
    "peak": "Peak",
    "mean": "Mean",
    "diameter": "Diameter",
    "artery_count": "Calcified arteries",
    "coarse_artery_count": "Arteries with coarse calcium",
    "arterial_length": "Length of calcified arteries",
    "csbi_grade": "Arterial grade",
}
_UNITS = {"1": "", "mm3": "mm³", "mm2": "mm²", "mg/cm3": "mg/cm³"}
_WHOLE = frozenset({"count", "group_count", "artery_count", "coarse_artery_count", "csbi_grade"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def visible(text: str) -> str:
    r"""Text of a file without power over what shows it: control and direction characters become escapes.

    >>> visible("FC12\x1b[2J")
    'FC12\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(
        repr(c)[1:-1] if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") or c in _BIDI else c for c in text
    )


def first_upper(text: str) -> str:
    """The text with a capital first letter, the rest as it is.

    >>> first_upper("left main of LAD")
    'Left main of LAD'
    """
    return text[:1].upper() + text[1:]


def site_title(site: str) -> str:
    """A site's label.

    >>> site_title("coronary_artery"), site_title("unassigned")
    ('Coronary artery', 'Not assigned to an organ')
    """
    if site == "unassigned":
        return "Not assigned to an organ"
    row = table("words/sites")["site"].get(site, {})
    return first_upper(visible(str(row.get("label", site.replace("_", " ")))))


def structure_title(structure: str) -> str:
    """A structure in plain words.

    >>> structure_title("left_main")
    'Left main'
    """
    return first_upper(visible(structure.replace("_", " ")))


def score_title(name: str) -> str:
    """A score's or measure's title.

    >>> score_title("agatston"), score_title("spatially_weighted")
    ('Agatston score', 'Spatially weighted')
    """
    return _SCORES.get(name, structure_title(name))


def unit_text(unit: str) -> str:
    """A unit as printed; a pure number has none.

    >>> unit_text("mm3"), unit_text("1")
    ('mm³', '')
    """
    return _UNITS.get(unit, visible(unit))


def _decimals(value: float, name: str) -> int:
    if name in _WHOLE or value == 0 or abs(value) >= 100:
        return 0
    return 1 if abs(value) >= 1 else 2


def number_text(value: float | None, name: str = "") -> str:
    """A number with as many digits as it can bear; data files hold them all.

    >>> number_text(402.4), number_text(38.14), number_text(0.123), number_text(None)
    ('402', '38.1', '0.12', 'not given')
    """
    return "not given" if value is None else f"{value:.{_decimals(value, name)}f}"


def interval_text(measured: Measurement | Score) -> str:
    """The 95 % interval, with the digits of its number; empty where there is none.

    >>> interval_text(Measurement(402.0, "1", (380.2, 431.0)))
    '380 to 431'
    """
    if measured.interval95 is None or measured.value is None:
        return ""
    digits = _decimals(measured.value, getattr(measured, "name", ""))
    low, high = measured.interval95
    return f"{low:.{digits}f} to {high:.{digits}f}"


def subject_line(subject: Subject, *, with_name: bool) -> str:
    """What is known of the person, in one line.

    >>> subject_line(Subject("Doe^Jane", age_years=61.0, sex="female"), with_name=True)
    'Doe, Jane, 61 years, female'
    """
    name = ", ".join(part for part in (subject.name or "").split("^") if part.strip())
    parts = [
        visible(name) if with_name else "",
        f"id {visible(subject.id)}" if with_name and subject.id else "",
        f"{subject.age_years:.0f} years" if subject.age_years is not None else "",
        visible(subject.sex or ""),
        visible(subject.ethnicity or ""),
    ]
    return ", ".join(part for part in parts if part)
