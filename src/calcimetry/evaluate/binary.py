"""Yes and no against the truth: sensitivity, specificity and their kin, with Wilson intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["BinaryMetrics", "binary_metrics", "wilson_interval"]


@dataclass(frozen=True, slots=True)
class BinaryMetrics:
    """Shares [1]; ``None`` where nothing stands under the line. ``intervals`` by the same names, 95 %."""

    accuracy: float | None
    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    npv: float | None
    f1: float | None
    intervals: dict[str, tuple[float, float]]


def binary_metrics(*, tp: int, fp: int, fn: int, tn: int) -> BinaryMetrics:
    """All from the four counts.

    >>> round(binary_metrics(tn=73, fp=10, fn=31, tp=80).f1, 4)
    0.796
    """
    if min(tp, fp, fn, tn) < 0:
        raise ValueError(f"counts cannot be negative: {tp}, {fp}, {fn}, {tn}")
    shares = {
        "accuracy": (tp + tn, tp + fp + fn + tn),
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }
    values = {name: part / whole if whole else None for name, (part, whole) in shares.items()}
    intervals = {name: wilson_interval(part, whole) for name, (part, whole) in shares.items() if whole}
    together = 2 * tp + fp + fn
    return BinaryMetrics(**values, f1=2 * tp / together if together else None, intervals=intervals)


def wilson_interval(part: int, whole: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share by Wilson; it stays within 0 and 1 also for 0 of n.

    >>> [round(v, 3) for v in wilson_interval(0, 20)]
    [0.0, 0.161]
    """
    if not 0 <= part <= whole or whole == 0:
        raise ValueError(f"{part} of {whole} is no share")
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = part / whole
    middle = share + z * z / (2 * whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    norm = 1 + z * z / whole
    return max(0.0, (middle - half) / norm), min(1.0, (middle + half) / norm)
