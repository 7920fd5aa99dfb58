"""Total serum calcium corrected for albumin, in either system of units."""

from __future__ import annotations

from calcimetry.knowledge.load import table

__all__ = ["corrected_calcium"]


def corrected_calcium(calcium: float, albumin: float, *, unit: str, albumin_unit: str) -> float:
    """Calcium as it would be at normal albumin, in the unit it came in.

    Parameters
    ----------
    calcium, albumin : float
        Serum values.
    unit, albumin_unit : str
        ``mg/dL`` with ``g/dL``, or ``mmol/L`` with ``g/L``; a mixture is refused.

    >>> round(corrected_calcium(8.0, 2.0, unit="mg/dL", albumin_unit="g/dL"), 6)
    9.6
    >>> round(corrected_calcium(2.0, 20.0, unit="mmol/L", albumin_unit="g/L"), 6)
    2.4
    """
    published = table("references/corrected_calcium")
    for system in ("conventional", "si"):
        row = published[system]
        if (unit, albumin_unit) == (row["unit"], row["albumin_unit"]):
            return float(calcium + row["per_albumin"] * (row["normal_albumin"] - albumin))
    raise ValueError(f"{unit} with {albumin_unit}: use mg/dL with g/dL, or mmol/L with g/L")
