"""Stage: the scores of each site and structure, each exactly once, as sums over the counted lesions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.measurement import Score, Settings
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.knowledge.tube_voltage import VoltageLimits
from calcimetry.measure.agatston import agatston_of
from calcimetry.measure.calibration import Calibration
from calcimetry.measure.density_score import density_score
from calcimetry.measure.features import IntervalModel, LesionFeatures
from calcimetry.measure.lesions import BELOW_MINIMUM, Context, features_of, pieces_of_lesion
from calcimetry.measure.mass import mass_mg_of
from calcimetry.measure.printed import printed
from calcimetry.measure.rule import Rule
from calcimetry.measure.spread import Spread, spread_of
from calcimetry.measure.standing import standing
from calcimetry.measure.volume import volume_mm3_of
from calcimetry.measure.volume_isotropic import volume_isotropic_mm3

__all__ = ["SCORE_UNITS", "TOTAL", "scores"]

TOTAL = "total"
CLOSED_STRUCTURES = {
    "coronary_artery": frozenset({"left_main", "left_anterior_descending", "left_circumflex", "right_coronary"})
}
"""Sites whose structures are a closed list; anything else there only enters the total."""
METAL_FORBIDS = frozenset({"coronary_artery", "aortic_valve", "mitral_annulus"})
"""Sites where a stent, a clip or a prosthesis makes the score meaningless."""
SCORE_UNITS = {
    "agatston": "1",
    "volume": "mm3",
    "volume_isotropic": "mm3",
    "mass": "mg",
    "density_score": "1",
    "count": "1",
}
"""Scores of a site, with their units (UCUM)."""
_ADDITIVE = ("agatston", "volume", "volume_isotropic", "mass", "count")
_WITH_INTERVAL = ("agatston", "volume", "mass")


@dataclass(frozen=True, slots=True)
class _Amounts:
    """What one counted lesion adds to the scores."""

    lesion: Lesion
    values: dict[str, float]
    features: LesionFeatures | None


def scores(
    volume: Volume,
    lesions: Sequence[Lesion],
    regions: Regions | Sequence[Regions] | None,
    *,
    rule: Rule,
    calibration: Calibration | None,
    limits: VoltageLimits,
    spread: bool = False,
    refusals: Iterable[Note] = (),
    interval: IntervalModel | None = None,
    looked_at: Mapping[str, Iterable[str]] | None = None,
    cautions: Iterable[Note] = (),
) -> tuple[Score, ...]:
    """One row for each score, site and structure of an image.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        Those of this image that are calcification, counted, and large enough for the rule enter.
    regions : Regions, sequence of Regions, or None
        Every named structure has its rows, also where nothing was found in it: then the value is 0, not null.
    rule : Rule
    calibration : Calibration or None
    limits : VoltageLimits
        From :func:`calcimetry.knowledge.tube_voltage.limits`.
    spread : bool
        Also what every other preset would give, inside the rows of Agatston score and volume.
    refusals : iterable of Note
        Reasons for which no score may be given; notes of severity ``withheld`` on the image are such reasons too.
    interval : IntervalModel, optional
    looked_at : mapping of str to iterable of str
        Sites that were searched without a named region, with their structures: they have rows also where nothing was
        found.
    cautions : iterable of Note
        What makes scores of the heart no more than equivalent (a field that cuts it).

    Returns
    -------
    tuple of Score
        Sorted by site, structure (total first) and score.
    """
    context = Context(volume=volume, rule=rule, limits=rule.at(limits), calibration=calibration, interval=interval)
    refused = (*refusals, *(note for note in volume.notes if note.severity == "withheld"))
    mine = [lesion for lesion in lesions if lesion.image == volume.id]
    spreads: Spread = spread_of(volume, [x for x in mine if _may_count(x)], limits) if spread and not refused else {}
    amounts = [] if refused else [found for lesion in mine if (found := _amounts(lesion, context)) is not None]
    rows = []
    named = _structures(mine, _as_list(regions), volume.id)
    for site, parts in (looked_at or {}).items():
        named.setdefault(site, set()).update(parts)
    cut = tuple(note.text for note in cautions)
    for site, structures in sorted(named.items()):
        for structure in (TOTAL, *sorted(structures)):
            scene = _Scene(
                site=site,
                structure=structure,
                counted=[one for one in amounts if _belongs(one.lesion, site, structure)],
                metal=[x for x in mine if x.kind == "metal" and _belongs(x, site, structure)],
                refusals=refused,
                cautions=cut,
            )
            chosen = [x for x in mine if x.id in spreads and _belongs(x, site, structure)]
            rows += [_with_spread(row, chosen, spreads) for row in _rows(scene, context)]
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """One structure of one site, with what lies in it."""

    site: str
    structure: str
    counted: list[_Amounts]
    metal: list[Lesion]
    refusals: tuple[Note, ...]
    cautions: tuple[str, ...]


def _as_list(regions: Regions | Sequence[Regions] | None) -> list[Regions]:
    if regions is None:
        return []
    return [regions] if isinstance(regions, Regions) else list(regions)


def _structures(lesions: Iterable[Lesion], regions: Iterable[Regions], image: str) -> dict[str, set[str]]:
    """Site -> structures that get rows: those that are named by a region, and those of calcium that was found."""
    named = [(r.site, r.structure or r.name) for each in regions if each.image == image for r in each.regions if r.site]
    found = [(x.site, x.structure) for x in lesions if x.kind == "metal" or _may_count(x)]
    table: dict[str, set[str]] = {}
    for site, structure in (*named, *found):
        row = table.setdefault(site, set())
        closed = CLOSED_STRUCTURES.get(site)
        if structure and structure != TOTAL and (closed is None or structure in closed):
            row.add(structure)
    return table


def _may_count(lesion: Lesion) -> bool:
    """Calcification that is counted, or that only the minimum of a rule left out."""
    dropped = lesion.reason is not None and lesion.reason.startswith(BELOW_MINIMUM)
    return lesion.kind == "calcification" and lesion.mask is not None and (lesion.counted or dropped)


def _belongs(lesion: Lesion, site: str, structure: str) -> bool:
    return lesion.site == site and structure in (TOTAL, lesion.structure)


def _amounts(lesion: Lesion, context: Context) -> _Amounts | None:
    """What a lesion adds, or ``None`` where it is not counted or no piece of it meets the rule."""
    mask = lesion.mask
    if mask is None or not lesion.counted or lesion.kind != "calcification":
        return None
    pieces = pieces_of_lesion(mask, context)
    if not pieces.kept.any():
        return None
    spacing_mm = context.volume.geometry.spacing_mm
    values = {"volume": volume_mm3_of(pieces, spacing_mm), "count": 1.0}
    values["volume_isotropic"] = _isotropic(lesion, mask, context)
    if context.limits.refusal is None:
        thickness_mm = context.volume.acquisition.thickness_mm
        values["agatston"] = agatston_of(pieces, spacing_mm, context.rule, context.limits, thickness_mm)
    if context.calibration is not None:
        values["mass"] = mass_mg_of(pieces, spacing_mm, context.calibration)
    features = None if context.interval is None else features_of(lesion, mask, pieces, context)
    return _Amounts(lesion, values, features)


def _isotropic(lesion: Lesion, mask: Mask, context: Context) -> float:
    """Isotropic volume of a lesion, interpolated into the neighbours round its box."""
    pixels = context.volume.pixels
    low = [max(a - 1, 0) for a in mask.start]
    high = [min(b + 1, n) for b, n in zip(mask.stop, pixels.shape, strict=True)]
    inside = np.pad(
        mask.bits,
        [(a - lo, hi - b) for a, lo, hi, b in zip(mask.start, low, high, mask.stop, strict=True)],
    )
    hu = pixels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    spacing_mm = context.volume.geometry.spacing_mm
    return volume_isotropic_mm3(hu, spacing_mm, context.rule, inside, limits=context.limits)


def _rows(scene: _Scene, context: Context) -> list[Score]:
    settings = _settings(scene, context)
    values: dict[str, float | None] = {
        name: fsum(one.values.get(name, 0.0) for one in scene.counted) for name in _ADDITIVE
    }
    agatston, volume_mm3 = values["agatston"] or 0.0, values["volume"] or 0.0
    increment_mm = context.volume.geometry.spacing_mm[0]
    values["density_score"] = density_score(agatston, volume_mm3, increment_mm, context.slice_factor)
    return [_row(name, values[name], scene, context, settings) for name in SCORE_UNITS]


def _row(name: str, value: float | None, scene: _Scene, context: Context, settings: Settings) -> Score:
    row = Score(
        name=name,
        site=scene.site,
        structure=scene.structure,
        image=context.volume.id,
        value=None,
        unit=SCORE_UNITS[name],
        status="withheld",
        settings=settings,
    )
    holds = standing(
        name,
        scene.site,
        volume=context.volume,
        rule=context.rule,
        limits=context.limits,
        calibration=context.calibration,
        refusals=scene.refusals,
        cautions=scene.cautions,
    )
    if holds.withheld is not None:
        return replace(row, reason=holds.withheld)
    if scene.metal and scene.site in METAL_FORBIDS:
        return replace(row, reason=_metal(scene))
    if value is None:
        return replace(row, reason="no calcium was counted: a density needs some")
    interval = None
    if context.interval is not None and name in _WITH_INTERVAL:
        features = [one.features for one in scene.counted if one.features is not None]
        interval = context.interval.of_sum(name, [one.values[name] for one in scene.counted], features)
    return replace(
        row,
        value=value,
        interval95=printed(interval, value),
        status="equivalent" if holds.reasons else "final",
        reason="; ".join(holds.reasons) or None,
    )


def _metal(scene: _Scene) -> str:
    named = ", ".join(f"{lesion.id} in {lesion.structure or scene.site}" for lesion in scene.metal)
    return (
        f"not scored: metal ({named}) where only calcium was expected; "
        "whether it is a stent, a clip, a prosthesis or very dense calcium must be settled by eye"
    )


def _settings(scene: _Scene, context: Context) -> Settings:
    acquisition = context.volume.acquisition
    return {
        "rule": context.rule.settings(),
        "limits": context.limits.settings(),
        "adapted": context.limits.adapted,
        "kvp": acquisition.kvp,
        "kernel": acquisition.kernel,
        "increment_mm": context.volume.geometry.spacing_mm[0],
        "thickness_mm": acquisition.thickness_mm,
        "slice_factor": context.slice_factor,
        "calibration": context.calibration.settings() if context.calibration else None,
        "lesions_counted": len(scene.counted),
    }


def _with_spread(row: Score, lesions: Sequence[Lesion], spreads: Spread) -> Score:
    if row.value is None or row.name not in ("agatston", "volume") or not spreads:
        return row
    ids = next(iter(spreads.values()))[row.name] if not lesions else spreads[lesions[0].id][row.name]
    values = {preset: fsum(spreads[x.id][row.name][preset] for x in lesions) for preset in ids}
    return replace(
        row,
        settings={
            **row.settings,
            "spread": values,
            "spread_min": min(values.values()),
            "spread_max": max(values.values()),
        },
    )
