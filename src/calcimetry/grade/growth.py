"""Growth of a nodule or stone between two scans."""

from __future__ import annotations

import math

from calcimetry.knowledge.load import table

__all__ = ["doubling_time_days", "nodule_grew", "percent_change"]


def doubling_time_days(before: float, after: float, days: float) -> float | None:
    """Time in which a volume would double at this rate [d]; ``None`` where it did not grow.

    >>> doubling_time_days(113.1, 226.2, 100)
    100.0
    """
    if before <= 0 or after <= before:
        return None
    return days * math.log(2.0) / math.log(after / before)


def percent_change(before: float, after: float) -> float | None:
    """Change in per cent of the first value; ``None`` from 0.

    >>> percent_change(268, 335)
    25.0
    """
    return 100.0 * (after - before) / before if before > 0 else None


def nodule_grew(before_mm: float, after_mm: float) -> bool:
    """Whether the mean diameter of a lung nodule rose by more than 1.5 mm (Lung-RADS).

    >>> nodule_grew(8.0, 9.6), nodule_grew(8.0, 9.5)
    (True, False)
    """
    limit = table("references/progression")["nodule"]["growth_above_mm"]
    return bool(after_mm - before_mm > limit + 1e-9)
