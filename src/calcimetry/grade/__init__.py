"""Scores -> grades: published scales as dated tables, each refused with the reason outside its domain.

The door is :func:`grades`; the kernels behind it take plain numbers and are usable alone.
"""

from calcimetry.grade.arteries import csbi_score
from calcimetry.grade.bands import place, reach
from calcimetry.grade.breast import BreastView, suggested_ranges
from calcimetry.grade.calcium import corrected_calcium
from calcimetry.grade.domain import Ruling, rule
from calcimetry.grade.grading import GradeSettings, grades, tables_used
from calcimetry.grade.growth import doubling_time_days, nodule_grew, percent_change
from calcimetry.grade.kidney import ckd_epi_2021
from calcimetry.grade.percentile import mesa, mesa_reference, pooled
from calcimetry.grade.points import aac24_points, csbi_grade, mac_points, weston_points
from calcimetry.grade.risk import RiskFactors, arterial_age_years, mesa_chd_percent
from calcimetry.grade.scales import Scale, scale, scales
from calcimetry.grade.valve import avc_ratio

__all__ = [
    "BreastView",
    "GradeSettings",
    "RiskFactors",
    "Ruling",
    "Scale",
    "aac24_points",
    "arterial_age_years",
    "avc_ratio",
    "ckd_epi_2021",
    "corrected_calcium",
    "csbi_grade",
    "csbi_score",
    "doubling_time_days",
    "grades",
    "mac_points",
    "mesa",
    "mesa_chd_percent",
    "mesa_reference",
    "nodule_grew",
    "percent_change",
    "place",
    "pooled",
    "reach",
    "rule",
    "scale",
    "scales",
    "suggested_ranges",
    "tables_used",
    "weston_points",
]
