"""Stage: the measures of each lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.measurement import Measurement
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.agatston import agatston_of
from calcimetry.measure.area import largest_area_mm2, total_area_mm2
from calcimetry.measure.calibration import Calibration
from calcimetry.measure.count import count_of
from calcimetry.measure.diameter import diameter_in_plane_mm, diameter_mm
from calcimetry.measure.features import IntervalModel, LesionFeatures, surroundings
from calcimetry.measure.mass import mass_mg_of
from calcimetry.measure.mean import mean_hu
from calcimetry.measure.peak import peak_hu
from calcimetry.measure.pieces import Pieces, find_pieces
from calcimetry.measure.printed import printed
from calcimetry.measure.rule import Rule
from calcimetry.measure.volume import volume_mm3_of

__all__ = ["BELOW_MINIMUM", "Context", "features_of", "kept_mask", "lesions", "pieces_of_lesion"]

BELOW_MINIMUM = "below the minimum of rule "
"""How the reason of a lesion begins that is too small for the rule; another rule may count it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the measures of one image rest on: ``limits`` are those that the rule applies."""

    volume: Volume
    rule: Rule
    limits: VoltageLimits
    calibration: Calibration | None
    interval: IntervalModel | None = None

    @property
    def slice_factor(self) -> float:
        """Factor of the slice normalization for this image [1]."""
        geometry = self.volume.geometry
        return self.rule.slice_factor(geometry.spacing_mm[0], self.volume.acquisition.thickness_mm)


def lesions(
    volume: Volume,
    lesions: Sequence[Lesion],
    *,
    rule: Rule,
    calibration: Calibration | None,
    limits: VoltageLimits,
    interval: IntervalModel | None = None,
) -> tuple[Lesion, ...]:
    """Lesions with their measures.

    Parameters
    ----------
    volume : Volume
        The image; only the lesions' boxes are touched.
    lesions : sequence of Lesion
        Those of other images are handed back as they are; so is one without a mask.
    rule : Rule
    calibration : Calibration or None
        ``None``: no mass.
    limits : VoltageLimits
        From :func:`calcimetry.knowledge.tube_voltage.limits`.
    interval : IntervalModel, optional
        Gives the 95 % intervals; none where not given.

    Returns
    -------
    tuple of Lesion
        A calcification has volume, agatston, mass, area, area_total, peak, mean, diameter, diameter_in_plane and
        count. Where no piece of it meets the minimum of the rule it is not counted, the reason says so, and its
        measures are those of all its voxels. Anything else is not counted and has only size and brightness.
    """
    context = Context(volume=volume, rule=rule, limits=rule.at(limits), calibration=calibration, interval=interval)
    return tuple(
        _measured(lesion, lesion.mask, context) if lesion.image == volume.id and lesion.mask is not None else lesion
        for lesion in lesions
    )


def pieces_of_lesion(mask: Mask, context: Context) -> Pieces:
    """The pieces of a lesion under the rule and limits of the context."""
    hu = context.volume.pixels[mask.box]
    return find_pieces(hu, context.volume.geometry.spacing_mm, context.rule, context.limits, mask.bits)


def kept_mask(mask: Mask, pieces: Pieces) -> NDArray[np.bool_]:
    """The voxels of a lesion that the rule counts, in the box of its mask."""
    kept = np.zeros(mask.bits.shape, np.bool_)
    kept.reshape(-1)[pieces.kept_voxels()] = True
    return kept


def _measured(lesion: Lesion, mask: Mask, context: Context) -> Lesion:
    if lesion.kind != "calcification":
        reason = lesion.reason or f"{lesion.kind}, not calcification"
        return replace(lesion, counted=False, reason=reason, measures=_size(mask, mask.bits, context, "all voxels"))
    pieces = pieces_of_lesion(mask, context)
    kept = kept_mask(mask, pieces)
    name = context.rule.id
    if not kept.any():
        reason = BELOW_MINIMUM + f"{name} ({' and '.join(str(one) for one in context.rule.minimum)})"
        measures = _size(mask, mask.bits, context, f"all voxels; {reason}")
        counted = replace(lesion, counted=False, reason=lesion.reason or reason)
        return replace(counted, measures={**measures, "count": Measurement(0, "1", None, f"rule {name}")})
    measures = _size(mask, kept, context, f"rule {name}")
    return replace(lesion, measures={**measures, **_amounts(lesion, mask, pieces, context)})


def _size(mask: Mask, inside: NDArray[np.bool_], context: Context, method: str) -> dict[str, Measurement]:
    spacing_mm = context.volume.geometry.spacing_mm
    hu = context.volume.pixels[mask.box]
    volume = float(np.count_nonzero(inside)) * context.volume.geometry.voxel_mm3
    return {
        "volume": Measurement(volume, "mm3", None, f"voxels, {method}"),
        "area": Measurement(largest_area_mm2(inside, spacing_mm), "mm2", None, f"largest slice, {method}"),
        "area_total": Measurement(total_area_mm2(inside, spacing_mm), "mm2", None, f"all slices, {method}"),
        "peak": Measurement(peak_hu(hu, inside), "HU", None, method),
        "mean": Measurement(mean_hu(hu, inside), "HU", None, method),
        "diameter": Measurement(diameter_mm(inside, spacing_mm), "mm", None, f"largest in space, {method}"),
        "diameter_in_plane": Measurement(
            diameter_in_plane_mm(inside, spacing_mm), "mm", None, f"largest in a slice, {method}"
        ),
    }


def _amounts(lesion: Lesion, mask: Mask, pieces: Pieces, context: Context) -> dict[str, Measurement]:
    rule, limits, spacing_mm = context.rule, context.limits, context.volume.geometry.spacing_mm
    volume = volume_mm3_of(pieces, spacing_mm)
    score = mass = None
    if limits.refusal is None:
        score = agatston_of(pieces, spacing_mm, rule, limits, context.volume.acquisition.thickness_mm)
    if context.calibration is not None:
        mass = mass_mg_of(pieces, spacing_mm, context.calibration)
    features = None if context.interval is None else features_of(lesion, mask, pieces, context)

    def given(name: str, value: float | None, unit: str, method: str) -> Measurement:
        if value is None or features is None or context.interval is None:
            return Measurement(value, unit, None, method)
        return Measurement(value, unit, printed(context.interval.of_lesion(name, value, features), value), method)

    uncalibrated = "no mass: tube voltage without limits, and no calibration"
    return {
        "volume": given("volume", volume, "mm3", f"voxels, rule {rule.id}, {limits.basis}"),
        "agatston": given("agatston", score, "1", limits.refusal or f"rule {rule.id}, {limits.basis}"),
        "mass": given("mass", mass, "mg", context.calibration.text if context.calibration else uncalibrated),
        "count": Measurement(count_of(pieces), "1", None, f"pieces by rule {rule.id}"),
    }


def features_of(lesion: Lesion, mask: Mask, pieces: Pieces, context: Context) -> LesionFeatures:
    """What an interval model may know of a lesion; at least one of its pieces must be kept."""
    kept = kept_mask(mask, pieces)
    volume, limits = context.volume, context.limits
    spacing_mm, acquisition = volume.geometry.spacing_mm, volume.acquisition
    voxels = int(pieces.pixels[pieces.kept].sum())
    sum_hu = float(pieces.sum_hu[pieces.kept].sum())
    refused = limits.refusal is not None
    return LesionFeatures(
        spacing_mm=spacing_mm,
        thickness_mm=acquisition.thickness_mm,
        kvp=acquisition.kvp,
        threshold_hu=limits.threshold_hu,
        steps_hu=limits.steps_hu,
        slice_factor=context.slice_factor,
        mg_cm3_per_hu=context.calibration.mg_cm3_per_hu if context.calibration else None,
        calibrated=context.calibration is not None and context.calibration.basis != "nominal",
        voxels=voxels,
        surface_voxels=voxels - _core_voxels(kept),
        slices=int(np.count_nonzero(kept.any(axis=(1, 2)))),
        volume_mm3=volume_mm3_of(pieces, spacing_mm),
        agatston=None if refused else agatston_of(pieces, spacing_mm, context.rule, limits, acquisition.thickness_mm),
        mass_mg=mass_mg_of(pieces, spacing_mm, context.calibration) if context.calibration else None,
        peak_hu=float(pieces.peak_hu[pieces.kept].max()),
        mean_hu=sum_hu / voxels,
        sum_hu=sum_hu,
        largest_area_mm2=largest_area_mm2(kept, spacing_mm),
        around=surroundings(
            volume.pixels,
            mask.start,
            mask.bits,
            peak_index=lesion.peak_index,
            spacing_mm=spacing_mm,
            threshold_hu=limits.threshold_hu,
        ),
    )


def _core_voxels(inside: NDArray[np.bool_]) -> int:
    """Voxels whose six neighbours all are inside."""
    core = inside[1:-1, 1:-1, 1:-1].copy()
    if not core.size:
        return 0
    for axis in range(3):
        for shift in (slice(None, -2), slice(2, None)):
            where = [slice(1, -1)] * 3
            where[axis] = shift
            core &= inside[tuple(where)]
    return int(np.count_nonzero(core))
