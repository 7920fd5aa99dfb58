"""The table of groups on mammograms, for ``groups.tsv``."""

from __future__ import annotations

from calcimetry.core.case import Case
from calcimetry.core.group import Group
from calcimetry.report.breast.kinds import mammograms
from calcimetry.report.breast.tables import count_of
from calcimetry.report.measured import Column, Row, measure_cells, measure_columns, measure_units
from calcimetry.report.plain import plain

__all__ = ["group_columns", "group_table", "has_groups"]

_COLUMNS = (
    Column("id", "", "name of the group in this case"),
    Column("image", "", "id of the image"),
    Column("laterality", "", "side of the breast, as the header says"),
    Column("view", "", "view, as the header says"),
    Column("quadrant", "", "part of the breast, where two views tell it"),
    Column("lesions", "", "ids of its calcifications in lesions.tsv"),
    Column("members", "1", "how many calcifications it has; of one joined over slices those of all its slices"),
    Column("confidence", "1", "that it is a group of calcifications at all, 0 to 1"),
    Column("reported", "", "whether it is one by the operating point"),
    Column("distribution", "", "word for the arrangement; empty where none can be said"),
    Column("distribution_probability", "1", "that a reader would use this word of those that were weighed"),
    Column("morphology", "", "word for the form; empty where none can be said"),
    Column("morphology_probability", "1", "that a reader would use this word of those that were weighed"),
    Column("words", "", "all words that were weighed, with their probability"),
    Column("seen_in", "", "ids of groups in other views that are likely the same calcium"),
    Column("center_row", "", "row of the center, zero-based"),
    Column("center_column", "", "column of the center, zero-based"),
    Column("first_row", "", "first row of its box, zero-based"),
    Column("end_row", "", "row behind the last one of its box"),
    Column("first_column", "", "first column of its box, zero-based"),
    Column("end_column", "", "column behind the last one of its box"),
)


def has_groups(case: Case) -> bool:
    """Whether the case has a table of groups: where a mammogram was looked at, also without any."""
    return bool(mammograms(case) or case.groups)


def group_columns(case: Case) -> tuple[Column, ...]:
    """The columns of the table, in order."""
    return (*_COLUMNS, *measure_columns(_units(case)))


def _units(case: Case) -> dict[str, str]:
    return measure_units((group.measures for group in case.groups), {})


def group_table(case: Case) -> list[Row]:
    """One row for each group, in the order of the case."""
    views = {image.id: image.view for image in case.images}
    units = _units(case)
    return [_row(group, views.get(group.image), units) for group in case.groups]


def _row(group: Group, view: str | None, units: dict[str, str]) -> Row:
    sure = {word.word: word.probability for word in group.words}
    (_, r0, c0), (_, r1, c1) = group.bounds_index
    values = {
        "id": group.id,
        "image": group.image,
        "laterality": group.laterality,
        "view": view,
        "quadrant": group.structure or None,
        "lesions": " ".join(group.lesions),
        "members": count_of(group),
        "confidence": group.confidence,
        "reported": group.reported,
        "distribution": group.distribution,
        "distribution_probability": sure.get(group.distribution or ""),
        "morphology": group.morphology,
        "morphology_probability": sure.get(group.morphology or ""),
        "words": "; ".join(f"{word.word} {word.probability:.2f}" for word in group.words) or None,
        "seen_in": " ".join(group.seen_in) or None,
        "center_row": group.center_index[1],
        "center_column": group.center_index[2],
        "first_row": r0,
        "end_row": r1,
        "first_column": c0,
        "end_column": c1,
    }
    return {**{name: plain(value) for name, value in values.items()}, **measure_cells(group.measures, units)}
