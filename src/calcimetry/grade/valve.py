"""Aortic valve calcium against the limit of one's sex."""

from __future__ import annotations

from calcimetry.knowledge.load import table

__all__ = ["avc_ratio"]


def avc_ratio(agatston: float, sex: str) -> float:
    """Score over the limit from which severe stenosis is likely (1200 in women, 2000 in men) [1].

    Raises
    ------
    ValueError
        Sex is neither ``female`` nor ``male``: the limits differ, and none is assumed.

    >>> avc_ratio(1500, "female"), avc_ratio(1500, "male")
    (1.25, 0.75)
    """
    limits = table("references/avc_ratio_2024")["limits"]
    if sex not in limits:
        raise ValueError(f"limits are published for {', '.join(limits)}, not for {sex!r}")
    return float(agatston / limits[sex])
