"""Tables of lesions, scores and groups with a dictionary of their columns, safe to open in a spreadsheet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from calcimetry.core.case import Case
from calcimetry.core.extras import need
from calcimetry.core.lesion import Alternative, Lesion
from calcimetry.report.breast.rows import group_columns, group_table, has_groups
from calcimetry.report.heart import HeartPageSettings
from calcimetry.report.heart.doubts import doubts
from calcimetry.report.measured import Column, Row, ends, measure_cells, measure_columns, measure_units
from calcimetry.report.plain import clean_text, plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "TableName", "cell", "columns", "columns_text", "frame", "table", "table_names", "tsv"]

TableName = Literal["lesions", "scores", "groups"]

_UNITS = {"volume": "mm3", "agatston": "1", "mass": "mg", "area": "mm2", "peak": "HU", "mean": "HU"}
_UNITS |= {"diameter": "mm", "count": "1"}

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


def table_names(case: Case) -> tuple[TableName, ...]:
    """The tables of a case: groups where there are mammograms, the other two always."""
    return ("lesions", "scores", "groups") if has_groups(case) else ("lesions", "scores")


def _lesion_units(case: Case) -> dict[str, str]:
    """Of each measure that any lesion has, and of the eight that always have a column."""
    return measure_units((lesion.measures for lesion in case.lesions), _UNITS)


def columns(case: Case, name: TableName) -> tuple[Column, ...]:
    """The columns of a table, in order.

    >>> [c.name for c in columns(Case(), "scores")][:3]
    ['name', 'site', 'structure']
    """
    if name == "scores":
        return _SCORE
    if name == "groups":
        return group_columns(case)
    return (*_LESION, *measure_columns(_lesion_units(case)))


def table(case: Case, name: TableName) -> list[Row]:
    """The rows of a table as plain values, one key for each column."""
    if name == "scores":
        return [
            {
                **{key: plain(getattr(score, key)) for key in ("name", "site", "structure", "image", "value", "unit")},
                **ends("value", score.interval95),
                **{key: plain(getattr(score, key)) for key in ("status", "reason")},
                "settings": json.dumps(plain(score.settings), ensure_ascii=False),
            }
            for score in case.scores
        ]
    if name == "groups":
        return group_table(case)
    units = _lesion_units(case)
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
    return row | measure_cells(lesion.measures, units)


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
    """The text of ``columns.json``: name, unit and meaning of every column of each table."""
    found = {
        f"{name}.tsv": [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in columns(case, name)]
        for name in table_names(case)
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
