"""What one HU stands for in hydroxyapatite: measured on a rod, stated by the user, or only nominal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.knowledge.load import table
from calcimetry.knowledge.tube_voltage import VoltageLimits

__all__ = ["Calibration", "from_rod", "nominal", "stated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Mass calibration.

    Parameters
    ----------
    mg_cm3_per_hu : float
        Hydroxyapatite [mg/cm³] for each HU.
    basis : {"rod", "stated", "nominal"}
        ``nominal`` is uncalibrated and labelled so.
    text : str
        The same as a sentence.
    """

    mg_cm3_per_hu: float
    basis: Literal["rod", "stated", "nominal"]
    text: str

    def __post_init__(self) -> None:
        if not 0.0 < self.mg_cm3_per_hu < 100.0:
            raise ValueError(f"calibration {self.mg_cm3_per_hu} mg/cm³ per HU; expected about 0.5 to 1.2")

    def settings(self) -> dict[str, Any]:
        """As plain values, printed with every mass."""
        return {"mg_cm3_per_hu": self.mg_cm3_per_hu, "basis": self.basis, "text": self.text}


def stated(mg_cm3_per_hu: float) -> Calibration:
    """A factor from the scanner's own calibration [mg/cm³ per HU].

    >>> stated(0.722).basis
    'stated'
    """
    return Calibration(
        mg_cm3_per_hu=mg_cm3_per_hu, basis="stated", text=f"stated factor {mg_cm3_per_hu:.4g} mg/cm³ per HU"
    )


def from_rod(
    hu: NDArray[Any],
    rod: NDArray[np.bool_],
    density_mg_cm3: float,
    water: NDArray[np.bool_] | None = None,
    water_hu: float = 0.0,
) -> Calibration:
    """Calibration from a rod of known density in the field: density / (HU of the rod - HU of water).

    Parameters
    ----------
    hu : (slice, row, column)
    rod, water : (slice, row, column) bool
        Voxels well inside the rod, and inside water where there is some.
    density_mg_cm3 : float
        Hydroxyapatite of the rod [mg/cm³].
    water_hu : float
        HU of water where ``water`` is not given.

    Raises
    ------
    ValueError
        If the rod is not denser than water.

    Examples
    --------
    >>> hu = np.zeros((1, 2, 4)); hu[:, :, :2] = 260
    >>> from_rod(hu, hu > 100, 200.0).mg_cm3_per_hu == 200 / 260
    True

    References
    ----------
    McCollough CH et al., Radiology 2007;243:527 (source ``mccollough-2007``).
    """
    rod_hu = float(hu[rod].mean(dtype=np.float64))
    zero_hu = water_hu if water is None else float(hu[water].mean(dtype=np.float64))
    if rod_hu <= zero_hu:
        raise ValueError(f"rod {rod_hu:.1f} HU and water {zero_hu:.1f} HU; expected the rod to be denser")
    return Calibration(
        mg_cm3_per_hu=density_mg_cm3 / (rod_hu - zero_hu),
        basis="rod",
        text=f"rod of {density_mg_cm3:g} mg/cm³ at {rod_hu:.1f} HU, water at {zero_hu:.1f} HU",
    )


def nominal(limits: VoltageLimits) -> Calibration | None:
    """The uncalibrated factor: 100 mg/cm³ at the threshold; ``None`` where the tube voltage has no limits.

    >>> from calcimetry.knowledge.tube_voltage import limits
    >>> round(nominal(limits(120.0)).mg_cm3_per_hu, 4)
    0.7692
    """
    if limits.refusal is not None or limits.effective_kvp is None:
        return None
    row = table("rules/mass")["nominal"]
    # the threshold of another voltage stands for the same density, so it takes the place of 130 HU there
    at_hu = limits.threshold_hu if limits.adapted else row["at_hu"]
    return Calibration(
        mg_cm3_per_hu=row["density_mg_cm3"] / at_hu,
        basis="nominal",
        text=f"uncalibrated: nominal {row['density_mg_cm3']:g} mg/cm³ at {at_hu:g} HU",
    )
