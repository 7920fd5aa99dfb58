"""The way of a CT volume: locate, detect, assign, measure."""

from __future__ import annotations

from dataclasses import replace

from calcimetry import assign, detect, locate, measure
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.case import ImageInfo
from calcimetry.core.image import Contrast, Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure.features import IntervalModel
from calcimetry.run.given import Given
from calcimetry.run.looked import Looked, Progress, timed
from calcimetry.settings import RunSettings

__all__ = ["TABLES", "info", "look_volume", "measured_volume", "missing"]

TABLES = ("rules/agatston", "rules/kernels", "rules/mass", "rules/tube_voltage", "words/sites")
_ENHANCED = ("given", "suspected")
"""With contrast medium in the blood neither calcium nor the walls of vessels can be told."""
_DOUBTS = ("heart-cut", "heart-landmarks", "stent-suspected", "clip-suspected")
"""Notes that keep scores of the heart from being final."""


def look_volume(
    volume: Volume,
    chosen: Given | None,
    masks: Given | None,
    settings: RunSettings,
    seconds: dict[str, float],
    tell: Progress,
) -> Looked:
    """Locate, detect and name in one volume; nothing is measured yet."""
    held = limits(volume.acquisition.kvp, volume.acquisition.kernel)
    given, said = (chosen.regions, chosen.notes) if chosen is not None else (None, ())
    with timed(seconds, "locate"):
        tell(f"locating in {volume.id}", 0, 0)
        body = locate.body(volume)
        contrast = locate.contrast(volume, body)
        found = [locate.scale_note(volume, body), locate.contrast_note(contrast)]
        anatomy = locate.anatomy(volume, body) if given is None else Anatomy(volume.id)
        named: tuple[Regions, ...] = ()
        if masks is not None and given is None:
            house, anatomy = locate.from_masks(volume, masks.regions, anatomy, body)
            named, said = (house,), (*masks.notes, *anatomy.notes)
    with timed(seconds, "detect"):
        tell(f"detecting in {volume.id}", 0, 0)
        # A rule may ask for a lower limit than the table of tube voltages; what it would count must be found.
        asked_hu = measure.rule(settings.rule).at(held).threshold_hu
        threshold_hu = max(asked_hu, locate.contrast_threshold_hu(contrast))
        seen = detect.look(
            volume, [given] if given is not None else [body], threshold_hu=threshold_hu, settings=settings.detect
        )
    notes = (*volume.notes, *said, *(note for note in found if note is not None), *seen.notes)
    if given is not None:
        looked_at: dict[str, tuple[str, ...]] = dict.fromkeys(sorted({r.site for r in given.regions if r.site}), ())
        shown = info(volume, contrast, notes, tuple(looked_at))
        return Looked(volume, shown, (given, body), seen.lesions, looked_at=looked_at)
    with timed(seconds, "assign"):
        tell(f"naming in {volume.id}", 0, 0)
        shows = assign.shown(volume, anatomy, body, settings.assign)
        lesions = seen.lesions
        models: tuple[str, ...] = locate.MODELS
        if contrast.state not in _ENHANCED:
            lesions = assign.assign(volume, lesions, anatomy, body, settings=settings.assign)
            lesions = assign.with_metal(volume, lesions, anatomy)
            lesions = assign.with_patterns(volume, lesions, anatomy)
            notes = (*notes, *assign.metal_notes(lesions))
            models = (*models, *assign.MODELS)
    looked_at = {**shows.sites, "unassigned": ()}
    if contrast.state in _ENHANCED and shows.chest:
        # The heart is there: its score is withheld, not forgotten.
        looked_at.setdefault("coronary_artery", ())
    regions = (body, *named) if anatomy.tissue is None else (body, *named, anatomy.tissue)
    about = info(volume, contrast, (*notes, *shows.notes), tuple(sorted(looked_at)))
    return Looked(volume, about, regions, lesions, looked_at=looked_at, missing=missing(shows, contrast), models=models)


def missing(shows: assign.Shown, contrast: Contrast) -> dict[str, str]:
    """Why sites were not looked at; where enhanced blood hid the heart that is the reason to name."""
    note = locate.contrast_note(contrast) if contrast.state in _ENHANCED and not shows.sites else None
    return shows.missing if note is None else {site: f"{note.text} {why}" for site, why in shows.missing.items()}


def info(volume: Volume, contrast: Contrast, notes: tuple[Note, ...], used_for: tuple[str, ...]) -> ImageInfo:
    """What the record says of a volume."""
    acquisition = volume.acquisition
    return ImageInfo(
        id=volume.id,
        modality=acquisition.modality,
        series_uid=acquisition.series_uid,
        study_date=acquisition.study_date,
        view=None,
        laterality=None,
        thickness_mm=acquisition.thickness_mm,
        files=len({source.file for source in volume.sources}) or 1,
        shape=volume.geometry.shape,
        spacing_mm=volume.geometry.spacing_mm,
        kvp=acquisition.kvp,
        kernel=acquisition.kernel,
        contrast=contrast,
        gated=acquisition.gated,
        used_for=used_for,
        notes=notes,
        series_description=acquisition.series_description,
        manufacturer=acquisition.manufacturer,
    )


def measured_volume(
    one: Looked, settings: RunSettings, interval: IntervalModel | None, seconds: dict[str, float], tell: Progress
) -> Looked:
    """The same with sizes of lesions and scores of sites."""
    volume = one.image
    if not isinstance(volume, Volume):
        return one
    with timed(seconds, "measure"):
        tell("measuring", 0, 0)
        held = limits(volume.acquisition.kvp, volume.acquisition.kernel)
        calibration = settings.calibration(held)
        rule = measure.rule(settings.rule)
        sized = measure.lesions(volume, one.lesions, rule=rule, calibration=calibration, limits=held, interval=interval)
        scores = measure.scores(
            volume,
            sized,
            [r for r in one.regions if any(region.site for region in r.regions)],
            rule=rule,
            calibration=calibration,
            limits=held,
            spread=settings.spread,
            refusals=[note for note in one.info.notes if note.severity == "withheld"],
            interval=interval,
            looked_at=one.looked_at,
            cautions=[note for note in one.info.notes if note.code in _DOUBTS],
        )
    return replace(one, lesions=tuple(sized), scores=tuple(scores))
