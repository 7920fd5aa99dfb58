"""How well two answers agree: categories, numbers, yes and no; pure kernels on arrays, each with its interval."""

from calcimetry.evaluate.binary import BinaryMetrics, binary_metrics, wilson_interval
from calcimetry.evaluate.bland_altman import BlandAltman, bland_altman
from calcimetry.evaluate.icc import icc_2_1
from calcimetry.evaluate.kappa import Kappa, confusion, kappa

__all__ = [
    "BinaryMetrics",
    "BlandAltman",
    "Kappa",
    "binary_metrics",
    "bland_altman",
    "confusion",
    "icc_2_1",
    "kappa",
    "wilson_interval",
]
