"""Which limits hold at a tube voltage, or why none do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from calcimetry.core.source import Status
from calcimetry.knowledge.load import table

__all__ = ["VoltageLimits", "limits", "published_kvps"]

_TABLE = "rules/tube_voltage"
_KERNELS = "rules/kernels"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageLimits:
    """Threshold and weight steps [HU] that hold for an image.

    Parameters
    ----------
    threshold_hu : float
        From where a voxel is calcium. Where ``refusal`` is given it is the 120 kV value, and a volume measured
        with it is "at 130 HU, not adapted".
    steps_hu : tuple of float
        Peaks from which the density factor is 1, 2, 3, 4.
    kvp : float or None
        Tube voltage [kV] as the header gives it.
    effective_kvp : float or None
        Voltage whose limits hold: 120 for a calcium-aware kernel.
    adapted : bool
        The limits were scaled to a voltage other than 120 kV ("kV-adapted, research").
    basis, source, status : str
        Where the limits come from.
    refusal : str or None
        Why no Agatston score may be given: found, expected, what would settle it.
    """

    threshold_hu: float
    steps_hu: tuple[float, ...]
    kvp: float | None
    effective_kvp: float | None
    adapted: bool
    basis: str
    source: str
    status: Status
    refusal: str | None = None

    def settings(self) -> dict[str, Any]:
        """The limits as plain values, printed with every score."""
        return {
            "threshold_hu": self.threshold_hu,
            "steps_hu": list(self.steps_hu),
            "kvp": self.kvp,
            "effective_kvp": self.effective_kvp,
            "adapted": self.adapted,
            "basis": self.basis,
            "source": self.source,
            "status": self.status,
        }


@cache
def published_kvps() -> tuple[float, ...]:
    """Tube voltages [kV] that have limits.

    >>> published_kvps()
    (70.0, 80.0, 100.0, 120.0, 135.0)
    """
    return tuple(float(row["kvp"]) for row in table(_TABLE)["row"])


@cache
def limits(kvp: float | None, kernel: str | None = None) -> VoltageLimits:
    """The limits for this tube voltage and kernel.

    Parameters
    ----------
    kvp : float or None
        Tube voltage [kV]; ``None`` where the file does not say.
    kernel : str or None
        Convolution kernel; a calcium-aware one keeps the limits of 120 kV whatever the voltage.

    Returns
    -------
    VoltageLimits
        With ``refusal`` where nothing is published: never an interpolated row.

    Examples
    --------
    >>> limits(100.0).steps_hu
    (145.0, 222.0, 334.0, 446.0)
    >>> limits(80.0, "Sa36f").threshold_hu, limits(80.0, "Br40d").threshold_hu
    (130.0, 177.0)
    >>> limits(None).refusal.split(":")[0], limits(140.0).threshold_hu
    ('kV missing', 130.0)
    """
    reference = next(row for row in table(_TABLE)["row"] if row.get("reference"))
    if kvp is None or not kvp > 0:
        return _refused(reference, None, "kV missing: the file names no tube voltage")
    aware = _calcium_aware(kernel)
    effective = float(aware["effective_kvp"]) if aware else float(kvp)
    row = _row(effective)
    if row is None:
        return _refused(reference, float(kvp), f"no limits are published for {kvp:g} kV")
    adapted = row is not reference
    if aware:
        basis = f"calcium-aware kernel {kernel} at {kvp:g} kV: limits of {effective:g} kV"
    else:
        basis = f"{effective:g} kV, adapted (research)" if adapted else f"{effective:g} kV"
    steps = tuple(float(step) for step in row["steps_hu"])
    return VoltageLimits(
        threshold_hu=steps[0],
        steps_hu=steps,
        kvp=float(kvp),
        effective_kvp=effective,
        adapted=adapted,
        basis=basis,
        source=aware["source"] if aware else row["source"],
        status=aware["status"] if aware else row["status"],
    )


def _row(kvp: float) -> dict[str, Any] | None:
    tolerance = table(_TABLE)["tolerance_kv"]
    return next((row for row in table(_TABLE)["row"] if abs(row["kvp"] - kvp) <= tolerance), None)


def _calcium_aware(kernel: str | None) -> dict[str, Any] | None:
    name = (kernel or "").strip().lower()
    return next((row for row in table(_KERNELS)["kernel"] if name.startswith(row["prefix"].lower())), None)


def _refused(reference: dict[str, Any], kvp: float | None, found: str) -> VoltageLimits:
    known = ", ".join(f"{value:g}" for value in published_kvps())
    steps = tuple(float(step) for step in reference["steps_hu"])
    return VoltageLimits(
        threshold_hu=steps[0],
        steps_hu=steps,
        kvp=kvp,
        effective_kvp=None,
        adapted=False,
        basis=f"at {steps[0]:g} HU, not adapted",
        source=reference["source"],
        status=reference["status"],
        refusal=f"{found}; expected {known} kV. "
        "A series at one of these voltages, or the voltage stated by the sender, would settle it",
    )
