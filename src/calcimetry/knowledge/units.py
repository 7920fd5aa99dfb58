"""Units that may be written, and conversions that need to know what is measured (a mole of what?)."""

from __future__ import annotations

from functools import cache

from calcimetry.core.errors import UnknownIdError
from calcimetry.knowledge.load import table

__all__ = ["convert", "known_units"]


@cache
def known_units() -> dict[str, str]:
    """All UCUM codes that tables may carry, with their meaning.

    >>> known_units()["[hnsf'U]"]
    'Hounsfield unit'
    """
    return {row["code"]: row["meaning"] for row in table("units")["unit"]}


@cache
def _factors() -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for row in table("units")["conversion"]:
        found[row["quantity"], row["from"], row["to"]] = row["factor"]
        found[row["quantity"], row["to"], row["from"]] = 1.0 / row["factor"]
    return found


def convert(quantity: str, value: float, unit: str, to: str) -> float:
    """A value in another unit.

    Parameters
    ----------
    quantity : str
        What is measured: ``cholesterol``, ``creatinine``, ``calcium``, ``albumin``.
    value : float
    unit, to : str
        UCUM codes, case-sensitive.

    Raises
    ------
    UnknownIdError
        No table says how to convert this; a unit is never guessed from the size of the number.

    >>> round(convert("cholesterol", 5.5, "mmol/L", "mg/dL"), 1)
    212.7
    """
    if unit == to and any(key[0] == quantity and unit in key[1:] for key in _factors()):
        return value
    if (quantity, unit, to) not in _factors():
        raise UnknownIdError("conversion", f"{quantity} {unit} -> {to}", [f"{q} {a} -> {b}" for q, a, b in _factors()])
    return value * _factors()[quantity, unit, to]
