"""Columns of measures: their names carry the unit, and each has the ends of its interval beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calcimetry.core.measurement import Measurement
from calcimetry.report.plain import plain
from calcimetry.report.record import in_order

__all__ = ["MEANINGS", "Column", "Row", "ends", "measure_cells", "measure_columns", "measure_units"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the first line, its unit (UCUM; ``""`` for none), its meaning."""

    name: str
    unit: str
    meaning: str


MEANINGS = {
    "volume": "volume of the lesion",
    "agatston": "Agatston score of the lesion under the rule in force",
    "mass": "mass of calcium hydroxyapatite; mass_method says how it was calibrated",
    "area": "area, summed over slices",
    "peak": "highest value",
    "mean": "mean value",
    "diameter": "largest diameter",
    "diameter_mean": "diameter of the circle of the same area",
    "count": "number of calcifications",
}


def _name(measure: str, unit: str) -> str:
    """``volume_mm3``, ``peak_hu``; a pure number has no unit in its name, and none is told twice."""
    ending = unit.lower().strip("{}").removeprefix("/")
    ending = f"per_{ending}" if unit.startswith("/") else ending
    return measure if unit == "1" or measure.endswith((f"_{ending}", f"_{ending}s")) else f"{measure}_{ending}"


def measure_units(held: Iterable[Mapping[str, Measurement]], always: Mapping[str, str]) -> dict[str, str]:
    """Unit of each measure that any row has, and of those that always have a column."""
    units = dict(always)
    for measures in held:
        for name, measured in measures.items():
            units.setdefault(name, measured.unit)
    return {name: units[name] for name in in_order(units)}


def measure_columns(units: Mapping[str, str]) -> list[Column]:
    """Three columns for each measure.

    >>> [c.name for c in measure_columns({"volume": "mm3"})]
    ['volume_mm3', 'volume_mm3_low95', 'volume_mm3_high95']
    """
    found = []
    for measure, unit in units.items():
        head, meaning = _name(measure, unit), MEANINGS.get(measure, measure.replace("_", " "))
        found.append(Column(head, unit, meaning))
        found.append(Column(f"{head}_low95", unit, f"lower end of the 95 % interval: {meaning}"))
        found.append(Column(f"{head}_high95", unit, f"upper end of the 95 % interval: {meaning}"))
    return found


def measure_cells(measures: Mapping[str, Measurement], units: Mapping[str, str]) -> Row:
    """The values of these columns; ``None`` where the row has no such measure."""
    row: Row = {}
    for name, unit in units.items():
        head, measured = _name(name, unit), measures.get(name)
        row[head] = plain(measured.value) if measured else None
        row.update(ends(head, measured.interval95 if measured else None))
    return row


def ends(head: str, interval: Sequence[float] | None) -> Row:
    """Both ends of an interval under their columns."""
    low, high = (None, None) if interval is None else plain(tuple(interval))
    return {f"{head}_low95": low, f"{head}_high95": high}
