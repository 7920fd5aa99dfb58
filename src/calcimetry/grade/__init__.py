"""Scores -> grades: published scales as dated tables, each refused with the reason outside its domain."""

from calcimetry.grade.bands import place, reach
from calcimetry.grade.domain import Ruling, rule
from calcimetry.grade.grading import GradeSettings, grades, tables_used
from calcimetry.grade.scales import Scale, scale, scales

__all__ = [
    "GradeSettings",
    "Ruling",
    "Scale",
    "grades",
    "place",
    "reach",
    "rule",
    "scale",
    "scales",
    "tables_used",
]
