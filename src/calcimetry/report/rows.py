"""Tables: ``lesions.tsv`` and ``scores.tsv`` with a dictionary of their columns, safe to open in a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from calcimetry.core.case import Case
from calcimetry.core.extras import need
from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.report.heart import HeartPageSettings
from calcimetry.report.heart.doubts import doubts
from calcimetry.report.plain import clean_text, plain
from calcimetry.report.record import in_order

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "TableName", "cell", "columns", "columns_text", "frame", "table", "tsv"]

TableName = Literal["lesions", "scores"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the first line, its unit (UCUM; ``""`` for none), its meaning."""

    name: str
    unit: str
    meaning: str


_UNITS = {"volume": "mm3", "agatston": "1", "mass": "mg", "area": "mm2", "peak": "HU", "mean": "HU"}
_UNITS |= {"diameter": "mm", "count": "1"}
_MEANINGS = {
    "volume": "volume of the lesion",
    "agatston": "Agatston score of the lesion under the rule in force",
    "mass": "mass of calcium hydroxyapatite; mass_method says how it was calibrated",
    "area": "area, summed over slices",
    "peak": "highest value",
    "mean": "mean value",
    "diameter": "largest diameter",
    "count": "number of calcifications",
}

_LESION = (
    Column("id", "", "name of the lesion in this case"),
    Column("image", "", "id of the image"),
    Column("label", "", "value of the lesion in the label map"),
    Column("kind", "", "what it is taken for; only calcification is ever counted"),
    Column("site", "", "organ or vessel; unassigned where none claims it"),
    Column("structure", "", "part of the site"),
    Column("probability", "1", "that it belongs to this structure, 0 to 1"),
    Column("alternatives", "", "other structures (site/structure where the site differs) with their probability"),
    Column("check_rank", "1", "place among the lesions of heart and great vessels to check first; empty for sure ones"),
    Column("check_reason", "", "why it is one of them"),
    Column("confidence", "1", "that it is calcification at all, 0 to 1"),
    Column("counted", "", "whether it enters its site's scores"),
    Column("reason", "", "why it is not counted"),
    Column("laterality", "", "side of the body"),
    Column("instance_number", "", "instance number of the plane with the peak"),
    Column("sop_instance_uid", "", "DICOM UID of the plane with the peak"),
    Column("center_plane", "", "plane of the center, zero-based, in the order of the sorted image"),
    Column("center_row", "", "row of the center, zero-based"),
    Column("center_column", "", "column of the center, zero-based"),
    Column("center_x_mm", "mm", "position of the center, LPS: towards the patient's left"),
    Column("center_y_mm", "mm", "position of the center, LPS: towards the back"),
    Column("center_z_mm", "mm", "position of the center, LPS: towards the head"),
    Column("pattern", "", "words for its shape"),
    Column("mass_method", "", "how the mass was calibrated"),
)
_SCORE = (
    Column("name", "", "name of the score"),
    Column("site", "", "organ or vessel"),
    Column("structure", "", "part of the site, or total"),
    Column("image", "", "id of the image"),
    Column("value", "", "the score, in the unit of the next column; empty where withheld"),
    Column("unit", "", "unit (UCUM)"),
    Column("value_low95", "", "lower end of the 95 % interval"),
    Column("value_high95", "", "upper end of the 95 % interval"),
    Column("status", "", "final, equivalent (estimated from another protocol) or withheld"),
    Column("reason", "", "why it is equivalent or withheld"),
    Column("settings", "", "choices behind the number, as JSON"),
)


def _measure_column(name: str, unit: str) -> str:
    """Names carry the unit: ``volume_mm3``, ``peak_hu``; a pure number has none."""
    return name if unit == "1" else f"{name}_{unit.lower()}"


def _measure_units(lesions: Iterable[Lesion]) -> dict[str, str]:
    """Unit of each measure that any lesion has, and of the eight that always have a column."""
    units = dict(_UNITS)
    for lesion in lesions:
        for name, measured in lesion.measures.items():
            units.setdefault(name, measured.unit)
    return {name: units[name] for name in in_order(units)}


def columns(case: Case, name: TableName) -> tuple[Column, ...]:
    """The columns of a table, in order.

    >>> [c.name for c in columns(Case(), "scores")][:3]
    ['name', 'site', 'structure']
    """
    if name == "scores":
        return _SCORE
    found = list(_LESION)
    for measure, unit in _measure_units(case.lesions).items():
        head, meaning = _measure_column(measure, unit), _MEANINGS.get(measure, measure.replace("_", " "))
        found.append(Column(head, unit, meaning))
        found.append(Column(f"{head}_low95", unit, f"lower end of the 95 % interval: {meaning}"))
        found.append(Column(f"{head}_high95", unit, f"upper end of the 95 % interval: {meaning}"))
    return tuple(found)


def table(case: Case, name: TableName) -> list[Row]:
    """The rows of a table as plain values, one key for each column."""
    if name == "scores":
        return [
            {
                **{key: plain(getattr(score, key)) for key in ("name", "site", "structure", "image", "value", "unit")},
                **_ends("value", score.interval95),
                **{key: plain(getattr(score, key)) for key in ("status", "reason")},
                "settings": json.dumps(plain(score.settings), ensure_ascii=False),
            }
            for score in case.scores
        ]
    units = _measure_units(case.lesions)
    ranks = _to_check(case)
    return [_lesion_row(lesion, units) | ranks.get(lesion.id, {}) for lesion in case.lesions]


def _to_check(case: Case) -> dict[str, Row]:
    """Rank and reasons of the lesions to check first, over all images."""
    s = HeartPageSettings()
    found = sorted((d for image in case.images for d in doubts(case, image.id, s)), key=lambda d: -d.weight_mm3)
    return {
        doubt.lesion.id: {"check_rank": rank, "check_reason": "; ".join(doubt.reasons)}
        for rank, doubt in enumerate(found, start=1)
    }


def _alternative(lesion: Lesion, other: Alternative) -> str:
    site = "" if other.site in (None, lesion.site) else str(other.site)
    return f"{'/'.join(part for part in (site, other.structure) if part)} {other.probability:.2f}"


def _ends(head: str, interval: Sequence[float] | None) -> Row:
    low, high = (None, None) if interval is None else plain(tuple(interval))
    return {f"{head}_low95": low, f"{head}_high95": high}


def _lesion_row(lesion: Lesion, units: dict[str, str]) -> Row:
    row: Row = {}
    for column in _LESION:
        if hasattr(lesion, column.name):
            row[column.name] = plain(getattr(lesion, column.name))
        else:
            row[column.name] = None
    row["alternatives"] = "; ".join(_alternative(lesion, a) for a in lesion.alternatives) or None
    row["pattern"] = " ".join(lesion.pattern) or None
    row.update(zip(("center_plane", "center_row", "center_column"), plain(lesion.center_index), strict=True))
    center_mm = (None, None, None) if lesion.center_mm is None else plain(lesion.center_mm)
    row.update(zip(("center_x_mm", "center_y_mm", "center_z_mm"), center_mm, strict=True))
    mass = lesion.measures.get("mass")
    row["mass_method"] = mass.method if mass else None
    for name, unit in units.items():
        head, measured = _measure_column(name, unit), lesion.measures.get(name)
        row[head] = plain(measured.value) if measured else None
        row.update(_ends(head, measured.interval95 if measured else None))
    return row


_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\u2028": "\\n", "\u2029": "\\n"}
)
_FORMULA = tuple('=+-@\t\r\n"＝＋－＠')
"""A text that begins with one of these is a formula to some spreadsheet (the wide ones in East Asian versions), or
opens a quoted field; an apostrophe before it makes it text again."""


def cell(value: Any) -> str:
    r"""One cell: empty for ``None``; text is escaped and can never become a formula.

    >>> cell("=cmd|' /C calc'!A0"), cell("two\nlines"), cell(-2.5), cell(True), cell(None)
    ("'=cmd|' /C calc'!A0", 'two\\nlines', '-2.5', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = clean_text(str(value))
    guard = "'" if text.lstrip(" ").startswith(_FORMULA) else ""
    return guard + text.translate(_ESCAPES)


def tsv(case: Case, name: TableName) -> str:
    """A table as tab-separated text with a line of column names."""
    heads = [column.name for column in columns(case, name)]
    lines = ["\t".join(heads), *("\t".join(cell(row[head]) for head in heads) for row in table(case, name))]
    return "\n".join(lines) + "\n"


def columns_text(case: Case) -> str:
    """The text of ``columns.json``: name, unit and meaning of every column of both tables."""
    tables: tuple[TableName, ...] = ("lesions", "scores")
    found = {
        f"{name}.tsv": [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in columns(case, name)]
        for name in tables
    }
    return json.dumps({"schema": "calcimetry-columns/1", **found}, indent=1, ensure_ascii=False) + "\n"


def frame(case: Case, name: TableName = "lesions") -> pd.DataFrame:
    """A table as a pandas data frame.

    Raises
    ------
    MissingExtraError
        If pandas is not installed.
    """
    pandas = need("pandas", for_="a data frame")
    named = columns(case, name)
    found: pd.DataFrame = pandas.DataFrame(table(case, name), columns=[column.name for column in named])
    numbers = [c.name for c in named if c.unit or c.name.startswith("value") or c.name.split("_low")[0] in _UNITS]
    return found.astype(dict.fromkeys(numbers, "float64"))
