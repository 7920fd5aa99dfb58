"""A calcium score from a CT angiogram, as far as one public program shows it. Research only, never graded."""

from __future__ import annotations

from calcimetry.knowledge.load import table

__all__ = ["ctca_score", "ctca_threshold_hu"]


def ctca_threshold_hu(blood_mean_hu: float, blood_sd_hu: float) -> float:
    """Threshold [HU] from the blood in the left main or the proximal right coronary: mean and two deviations.

    >>> ctca_threshold_hu(350.0, 45.0)
    440.0
    """
    return blood_mean_hu + float(table("rules/ctca")["blood_sds"]) * blood_sd_hu


def ctca_score(raw: float, threshold_hu: float) -> float:
    """Estimate [1] of the plain-scan Agatston score.

    Parameters
    ----------
    raw : float
        Score of the angiogram with the density factors at one, two, three and four times the threshold.
    threshold_hu : float
        From :func:`ctca_threshold_hu`.

    Examples
    --------
    >>> round(ctca_score(100.0, 440.0), 1)
    206.3

    References
    ----------
    Table ``rules/ctca`` (source ``nicol-calcium-score``, status uncertain: the paper it follows was not read).
    """
    values = table("rules/ctca")
    return raw * (float(values["slope"]) + float(values["slope_per_hu"]) * threshold_hu)
