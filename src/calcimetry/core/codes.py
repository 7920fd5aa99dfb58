"""Coded terms: scheme, value, meaning (SNOMED CT codes only where DICOM PS3.16 carries them)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Code"]


@dataclass(frozen=True, slots=True)
class Code:
    """A coded term. ``scheme`` as DICOM writes it: ``SCT``, ``DCM``, ``UCUM``, ``LN``, ``99CALC``."""

    scheme: str
    value: str
    meaning: str
