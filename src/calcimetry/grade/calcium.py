"""Total serum calcium corrected for albumin; the kernel is shared and lives in :mod:`calcimetry.knowledge.formulas`."""

from calcimetry.knowledge.formulas import corrected_calcium

__all__ = ["corrected_calcium"]
