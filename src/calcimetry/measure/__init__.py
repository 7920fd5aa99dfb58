"""Stage: numbers of what was found. Kernels take plain arrays (slice, row, column); stage functions take the nouns."""

from calcimetry.measure.agatston import agatston
from calcimetry.measure.area import largest_area_mm2, total_area_mm2
from calcimetry.measure.breast import ArterialSettings, breast_scores
from calcimetry.measure.calibration import Calibration, from_rod, nominal, stated
from calcimetry.measure.ctca import ctca_score, ctca_threshold_hu
from calcimetry.measure.density_score import density_score
from calcimetry.measure.diameter import diameter_in_plane_mm, diameter_mm
from calcimetry.measure.features import IntervalModel, LesionFeatures, Surroundings
from calcimetry.measure.integrated_mass import integrated_mass_mg, integrated_volume_mm3
from calcimetry.measure.interval import model as interval_model
from calcimetry.measure.lesions import lesions
from calcimetry.measure.mass import mass_mg
from calcimetry.measure.mean import mean_hu
from calcimetry.measure.peak import peak_hu
from calcimetry.measure.projected import projected
from calcimetry.measure.rule import Minimum, OwnLimits, Rule, rule, rule_ids
from calcimetry.measure.scores import scores
from calcimetry.measure.size_interval import TABLES as PROJECTION_TABLES
from calcimetry.measure.size_interval import with_extents
from calcimetry.measure.spatially_weighted import spatially_weighted
from calcimetry.measure.volume import volume_mm3
from calcimetry.measure.volume_fraction import calcium_fraction, volume_fraction_mass_mg, volume_fraction_mm3
from calcimetry.measure.volume_isotropic import volume_isotropic_mm3

__all__ = [
    "PROJECTION_TABLES",
    "ArterialSettings",
    "Calibration",
    "IntervalModel",
    "LesionFeatures",
    "Minimum",
    "OwnLimits",
    "Rule",
    "Surroundings",
    "agatston",
    "breast_scores",
    "calcium_fraction",
    "ctca_score",
    "ctca_threshold_hu",
    "density_score",
    "diameter_in_plane_mm",
    "diameter_mm",
    "from_rod",
    "integrated_mass_mg",
    "integrated_volume_mm3",
    "interval_model",
    "largest_area_mm2",
    "lesions",
    "mass_mg",
    "mean_hu",
    "nominal",
    "peak_hu",
    "projected",
    "rule",
    "rule_ids",
    "scores",
    "spatially_weighted",
    "stated",
    "total_area_mm2",
    "volume_fraction_mass_mg",
    "volume_fraction_mm3",
    "volume_isotropic_mm3",
    "volume_mm3",
    "with_extents",
]
