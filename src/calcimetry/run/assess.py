"""From a study in memory to a case: every image by its own way, then what only the whole study tells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from calcimetry import detect, grade, locate, measure, sites
from calcimetry.core.case import Case, Input, NotAssessed, Provenance
from calcimetry.core.errors import InputError
from calcimetry.core.image import Contrast, Projection, Volume
from calcimetry.core.note import Note
from calcimetry.core.study import Study
from calcimetry.knowledge.load import fingerprint, model_fingerprint
from calcimetry.run import mammograms, volumes
from calcimetry.run.explained import explained
from calcimetry.run.given import Given
from calcimetry.run.looked import Looked, Progress, numbered, timed
from calcimetry.settings import RunSettings

__all__ = ["assess"]

_OUTSIDE = "the regions that were given do not reach this image: nothing in it was looked at"


def assess(
    study: Study,
    *,
    given: Sequence[Given] = (),
    masks: Sequence[Given] = (),
    settings: RunSettings,
    stated: Mapping[str, Any] | None = None,
    seconds: dict[str, float] | None = None,
    progress: Progress | None = None,
) -> Case:
    """Everything behind reading. ``stated``: a case file as plain values.

    Raises
    ------
    InputError
        No image of the study can be assessed.
    """
    seconds = {} if seconds is None else seconds
    tell = progress or (lambda step, done, of: None)
    maps = {one.regions.image: one for one in given}
    made = {one.regions.image: one for one in masks}
    looked = numbered([_look(image, maps, made, settings, seconds, tell) for image in study.images])
    if not any(one.looked_at for one in looked) and not maps:
        _refuse(looked)
    interval = measure.interval_model() if settings.intervals else None
    looked = [volumes.measured_volume(one, settings, interval, seconds, tell) for one in looked]
    looked = mammograms.together(looked, seconds)
    images = tuple(one.info for one in looked)
    scores = tuple(score for one in looked for score in one.scores)
    with timed(seconds, "grade"):
        grades = (*grade.grades(scores, study.subject, images), *mammograms.graded(looked, study.subject))
    tables = {*detect.TABLES, *locate.TABLES, *volumes.TABLES}
    if any(isinstance(one.image, Projection) for one in looked):
        tables |= set(mammograms.TABLES)
    fitted = [model_fingerprint(path) for one in looked for path in one.models]
    used = {t.id: t for t in (*(fingerprint(name) for name in tables), *grade.tables_used(grades), *fitted)}
    case = Case(
        subject=study.subject,
        images=images,
        regions=tuple(r for one in looked for r in one.regions),
        lesions=tuple(lesion for one in looked for lesion in one.lesions),
        groups=tuple(group for one in looked for group in one.groups),
        scores=scores,
        grades=grades,
        not_assessed=_not_assessed(given, looked),
        skipped=study.skipped,
        notes=study.notes,
        provenance=Provenance(
            settings=settings.plain(),
            tables=tuple(used[name] for name in sorted(used)),
            inputs=tuple(_input(one.image) for one in looked),
        ),
        study_uid=study.uid,
        pixels={one.image.id: one.image for one in looked},
    )
    with timed(seconds, "explain"):
        case = explained(case, stated)
    return replace(case, seconds=dict(seconds))


def _look(
    image: Volume | Projection,
    maps: Mapping[str, Given],
    masks: Mapping[str, Given],
    settings: RunSettings,
    seconds: dict[str, float],
    tell: Progress,
) -> Looked:
    if isinstance(image, Projection):
        return mammograms.look_mammogram(image, seconds, tell, intervals=settings.intervals)
    if maps and image.id not in maps:
        return Looked(image, volumes.info(image, Contrast(), (*image.notes, Note("outside-regions", _OUTSIDE)), ()))
    return volumes.look_volume(image, maps.get(image.id), masks.get(image.id), settings, seconds, tell)


def _refuse(looked: Sequence[Looked]) -> None:
    """No image could be looked at: say what each is and why not."""
    reasons = [note.text for one in looked for note in one.info.notes if note.code in mammograms.REFUSALS]
    raise InputError(
        "holds no image that can be assessed yet",
        found="; ".join(dict.fromkeys(reasons)) or "no image",
        expected="a CT series, or mammograms",
    )


def _not_assessed(given: Sequence[Given], looked: Sequence[Looked]) -> tuple[NotAssessed, ...]:
    """Sites that no image was looked at for, each with the reason."""
    named = {r.site for one in given for r in one.regions.regions} | {site for one in looked for site in one.looked_at}
    reasons: dict[str, str] = {}
    for one in looked:
        reasons |= {site: why for site, why in one.missing.items() if site not in reasons}
    plain = (
        "regions were given for other sites only"
        if given
        else "not located from the image in this version; give a region (--regions) to have it assessed"
    )
    # A site that no image of these kinds could show is not missing.
    kinds = {one.image.acquisition.modality for one in looked}
    served = [word for profile in sites.profiles() if kinds & set(profile.modalities) for word in profile.structures]
    return tuple(
        NotAssessed(word, reasons.get(word, plain)) for word in served if word not in named and word != "unassigned"
    )


def _input(image: Volume | Projection) -> Input:
    digest = hashlib.sha256()
    for plane in image.pixels:
        digest.update(plane.tobytes())
    files = len({source.file for source in image.sources}) or 1
    return Input(f"{image.id}: {image.acquisition.series_uid or 'no series UID'}", files, digest.hexdigest())
