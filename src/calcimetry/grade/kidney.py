"""Filtration rate from creatinine; the kernel is shared and lives in :mod:`calcimetry.knowledge.formulas`."""

from calcimetry.knowledge.formulas import ckd_epi_2021

__all__ = ["ckd_epi_2021"]
