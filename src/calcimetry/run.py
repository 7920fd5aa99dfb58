"""The way of the data, joined: read, locate, detect, measure, grade, explain. Nothing else joins stages."""

from __future__ import annotations

import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from calcimetry import assign, detect, explain, grade, locate, measure, sites
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.case import Case, ImageInfo, Input, NotAssessed, Provenance
from calcimetry.core.errors import InputError
from calcimetry.core.image import Contrast, Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.core.study import Study, Subject
from calcimetry.knowledge.load import fingerprint
from calcimetry.knowledge.tube_voltage import VoltageLimits, limits
from calcimetry.settings import RunSettings, settings_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

__all__ = ["Given", "Progress", "analyze", "assess", "settings_from"]

Progress = Callable[[str, int, int], None]
"""Told of each step: ``(step, done, of)``."""

_NOTHING_STATED: tuple[Subject | None, tuple[Note, ...], frozenset[str]] = (None, (), frozenset())
_RESAMPLED = (
    "the regions were drawn on another grid and laid onto this image by position (nearest voxel); "
    "where several series show the same part, see that this is the one meant"
)
_OUTSIDE = "the regions that were given do not reach this image: nothing in it was looked at"
_ENHANCED = ("given", "suspected")
"""With contrast medium in the blood neither calcium nor the walls of vessels can be told."""
_DOUBTS = ("heart-cut", "heart-landmarks", "stent-suspected")
"""Notes that keep scores of the heart from being final."""
_TABLES = ("rules/agatston", "rules/kernels", "rules/mass", "rules/tube_voltage", "words/sites")


def analyze(
    source: str | os.PathLike[str] | Sequence[Dataset] | Study | Volume,
    *,
    regions: str | os.PathLike[str] | Regions | None = None,
    masks: str | os.PathLike[str] | None = None,
    locator: Literal["builtin", "totalsegmentator"] = "builtin",
    subject: str | os.PathLike[str] | Subject | None = None,
    settings: RunSettings | None = None,
    study_uid: str | None = None,
    jobs: int | None = None,
    follow_links: bool = False,
    progress: Progress | None = None,
) -> Case:
    """The main job.

    Parameters
    ----------
    source : path, list of Dataset, Study or Volume
        What :func:`calcimetry.read` takes, or what it gave.
    regions : path or Regions, optional
        A label map: inside it everything that meets a score's rule counts; nothing outside is looked at.
    masks : path, optional
        Masks of TotalSegmentator, as :func:`calcimetry.read.masks` takes them: organs and vessels as they show them.
    locator : str
        ``totalsegmentator``: have that program make the masks, where it is installed with its weights.
    subject : path or Subject, optional
        What is known of the person; wins over the header.
    settings : RunSettings, optional
        Choices behind the numbers; all are printed with the result.
    study_uid : str, optional
        Which study, where the source holds several.
    jobs : int, optional
        Worker processes for compressed pixels.
    follow_links : bool
        Also read files that symbolic links in a folder lead to.
    progress : callable, optional

    Returns
    -------
    Case
        With pixels, so that pages with pictures can be made of it.

    Raises
    ------
    InputError
        The source cannot be read or holds no image that can be assessed.
    """
    # Reading brings pydicom along; who hands over a study needs none of it.
    from calcimetry.read import study as read_study
    from calcimetry.read import subject_with_notes

    for what, file in (("the label map", regions), ("the case file", subject)):
        # Reading a large study first only to find this afterwards would cost minutes.
        if isinstance(file, (str, os.PathLike)) and not Path(file).is_file():
            raise InputError(f"{what} is not there", where=str(file))
    seconds: dict[str, float] = {}
    if isinstance(source, Study):
        study = source
    elif isinstance(source, Volume):
        study = Study(images=(source,))
    else:
        with _timed(seconds, "read"):
            study = read_study(source, study_uid=study_uid, jobs=jobs, progress=progress, follow_links=follow_links)
    known, said, withheld = _NOTHING_STATED
    if isinstance(subject, Subject):
        known = subject
    elif subject is not None:
        known, said, withheld = subject_with_notes(Path(subject))
    stated = None if isinstance(subject, Subject) or subject is None else explain.read_case(Path(subject))
    volumes = [image for image in study.images if isinstance(image, Volume)]
    if not volumes:
        raise InputError(
            "holds no image that can be assessed yet",
            found=f"{len(study.images)} projection{'s' if len(study.images) != 1 else ''} (read without fault)",
            expected="a CT series: assessing mammograms and radiographs is still to come",
        )
    maps: tuple[Given, ...] = ()
    if regions is not None:
        with _timed(seconds, "regions"):
            maps = _given(regions, volumes)
    shown: tuple[Given, ...] = ()
    if masks is not None or locator == "totalsegmentator":
        with _timed(seconds, "masks"):
            shown = _masks(masks, volumes)
    return assess(
        replace(study, subject=_joined(study.subject, known, withheld), notes=(*study.notes, *said)),
        given=maps,
        masks=shown,
        settings=settings or RunSettings(),
        stated=stated,
        seconds=seconds,
        progress=progress,
    )


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
    """From a study in memory to a case: everything behind reading. ``stated``: a case file as plain values."""
    seconds = {} if seconds is None else seconds
    tell = progress or (lambda step, done, of: None)
    volumes = [image for image in study.images if isinstance(image, Volume)]
    maps = {one.regions.image: one for one in given}
    made = {one.regions.image: one for one in masks}
    looked = [
        _look(v, maps.get(v.id), made.get(v.id), settings, seconds, tell) for v in volumes if not maps or v.id in maps
    ]
    left_out = [
        _info(v, Contrast(), (*v.notes, Note("outside-regions", _OUTSIDE)), ())
        for v in volumes
        if maps and v.id not in maps
    ]
    images = tuple(sorted((*(one.info for one in looked), *left_out), key=lambda i: int(i.id.lstrip("i"))))
    lesions = _numbered(lesion for one in looked for lesion in one.lesions)
    scores: list[Score] = []
    measured: list[Lesion] = []
    interval = measure.interval_model() if settings.intervals else None
    for one in looked:
        mine = [lesion for lesion in lesions if lesion.image == one.volume.id]
        with _timed(seconds, "measure"):
            tell("measuring", 0, 0)
            calibration = settings.calibration(one.limits)
            rule = measure.rule(settings.rule)
            sized = measure.lesions(
                one.volume, mine, rule=rule, calibration=calibration, limits=one.limits, interval=interval
            )
            measured += sized
            scores += measure.scores(
                one.volume,
                sized,
                [r for r in one.regions if any(region.site for region in r.regions)],
                rule=rule,
                calibration=calibration,
                limits=one.limits,
                spread=settings.spread,
                refusals=[note for note in one.info.notes if note.severity == "withheld"],
                interval=interval,
                looked_at=one.looked_at,
                cautions=[note for note in one.info.notes if note.code in _DOUBTS],
            )
    with _timed(seconds, "grade"):
        grades = grade.grades(scores, study.subject, images)
    tables = {*_TABLES, *detect.TABLES, *locate.TABLES}
    used = {t.id: t for t in (*(fingerprint(name) for name in tables), *grade.tables_used(grades))}
    case = Case(
        subject=study.subject,
        images=images,
        regions=tuple(r for one in looked for r in one.regions),
        lesions=tuple(measured),
        scores=tuple(scores),
        grades=grades,
        not_assessed=_not_assessed(given, looked),
        skipped=study.skipped,
        notes=study.notes,
        provenance=Provenance(
            settings=settings.plain(),
            tables=tuple(used[name] for name in sorted(used)),
            inputs=tuple(_input(v) for v in volumes),
        ),
        study_uid=study.uid,
        pixels={v.id: v for v in volumes},
    )
    with _timed(seconds, "explain"):
        case = _explained(case, stated)
    return replace(case, seconds=dict(seconds))


def _explained(case: Case, stated: Mapping[str, Any] | None) -> Case:
    """The case with its explanation, where there is something to explain. Due dates count from the newest image."""
    values = explain.case_of(case, stated)
    if values is None:
        return case
    found = explain.explain(values, as_of=_newest(case), where="case file")
    used = {t.id: t for t in (*case.provenance.tables, *(fingerprint(name) for name in explain.TABLES))}
    provenance = replace(case.provenance, tables=tuple(used[name] for name in sorted(used)))
    return replace(case, explanation=found.record(), provenance=provenance)


def _newest(case: Case) -> datetime.date | None:
    """The day of the newest image; ``None`` where no header holds one that is on the calendar."""
    days = []
    for image in case.images:
        with suppress(ValueError, TypeError):
            days.append(datetime.date.fromisoformat(str(image.study_date)[:10]))
    return max(days, default=None)


@dataclass(frozen=True, slots=True)
class _Looked:
    """One image after locating and detecting."""

    volume: Volume
    info: ImageInfo
    regions: tuple[Regions, ...]
    lesions: tuple[Lesion, ...]
    limits: VoltageLimits = field(repr=False)
    looked_at: dict[str, tuple[str, ...]]
    missing: dict[str, str]


def _look(
    volume: Volume,
    chosen: Given | None,
    masks: Given | None,
    settings: RunSettings,
    seconds: dict[str, float],
    tell: Progress,
) -> _Looked:
    held = limits(volume.acquisition.kvp, volume.acquisition.kernel)
    given, said = (chosen.regions, chosen.notes) if chosen is not None else (None, ())
    with _timed(seconds, "locate"):
        tell(f"locating in {volume.id}", 0, 0)
        body = locate.body(volume)
        contrast = locate.contrast(volume, body)
        found = [locate.scale_note(volume, body), locate.contrast_note(contrast)]
        anatomy = locate.anatomy(volume, body) if given is None else Anatomy(volume.id)
        named: tuple[Regions, ...] = ()
        if masks is not None and given is None:
            house, anatomy = locate.from_masks(volume, masks.regions, anatomy, body)
            named, said = (house,), (*masks.notes, *anatomy.notes)
    with _timed(seconds, "detect"):
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
        info = _info(volume, contrast, notes, tuple(looked_at))
        return _Looked(volume, info, (given, body), seen.lesions, held, looked_at, {})
    with _timed(seconds, "assign"):
        tell(f"naming in {volume.id}", 0, 0)
        shows = assign.shown(volume, anatomy, body, settings.assign)
        lesions = seen.lesions
        if contrast.state not in _ENHANCED:
            lesions = assign.assign(volume, lesions, anatomy, body, settings=settings.assign)
            lesions = assign.with_metal(volume, lesions, anatomy)
            lesions = assign.with_patterns(volume, lesions, anatomy)
            notes = (*notes, *assign.metal_notes(lesions))
    looked_at = {**shows.sites, "unassigned": ()}
    if contrast.state in _ENHANCED and shows.chest:
        # The heart is there: its score is withheld, not forgotten.
        looked_at.setdefault("coronary_artery", ())
    regions = (body, *named) if anatomy.tissue is None else (body, *named, anatomy.tissue)
    info = _info(volume, contrast, (*notes, *shows.notes), tuple(sorted(looked_at)))
    return _Looked(volume, info, regions, lesions, held, looked_at, _missing(shows, contrast))


def _missing(shows: assign.Shown, contrast: Contrast) -> dict[str, str]:
    """Why sites were not looked at; where enhanced blood hid the heart that is the reason to name."""
    note = locate.contrast_note(contrast) if contrast.state in _ENHANCED and not shows.sites else None
    return shows.missing if note is None else {site: f"{note.text} {why}" for site, why in shows.missing.items()}


def _info(volume: Volume, contrast: Contrast, notes: tuple[Note, ...], used_for: tuple[str, ...]) -> ImageInfo:
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


@dataclass(frozen=True, slots=True)
class Given:
    """A label map as it lies on one image, and what has to be said about that."""

    regions: Regions
    notes: tuple[Note, ...] = ()


def _given(regions: str | os.PathLike[str] | Regions, volumes: Sequence[Volume]) -> tuple[Given, ...]:
    """The label map on every image that it meets; one drawn on another grid says so."""
    from calcimetry.read import grid_matches, regions_with_notes

    if isinstance(regions, Regions):
        return (Given(regions),)
    found: list[Given] = []
    reasons: list[InputError] = []
    for volume in volumes:
        try:
            laid, notes = regions_with_notes(Path(regions), volume, sites=sites.site_words())
            if not grid_matches(Path(regions), volume):
                notes = (*notes, Note("regions-resampled", _RESAMPLED, "caution"))
            found.append(Given(laid, notes))
        except InputError as error:
            reasons.append(error)
    if not found:
        raise reasons[0]
    return tuple(found)


def _masks(path: str | os.PathLike[str] | None, volumes: Sequence[Volume]) -> tuple[Given, ...]:
    """Masks of another program on every image that they fit; ``None``: have it make them."""
    from calcimetry.read import masks, segmented

    found: list[Given] = []
    reasons: list[InputError] = []
    for volume in volumes:
        try:
            found.append(Given(*(segmented(volume) if path is None else masks(Path(path), volume))))
        except InputError as error:
            reasons.append(error)
    if not found:
        raise reasons[0]
    return tuple(found)


def _numbered(lesions: Iterable[Lesion]) -> tuple[Lesion, ...]:
    """Ids and labels, unique over all images of the case, in the order of images and places."""
    return tuple(replace(lesion, id=f"L{n}", label=n) for n, lesion in enumerate(lesions, start=1))


def _joined(header: Subject, stated: Subject | None, withheld: frozenset[str] = frozenset()) -> Subject:
    """What was stated wins over the header; a stated value that cannot be is not replaced by the header's."""
    if stated is None:
        return header
    blank = {name: None for name in ("name", "id", "age_years", "sex", "ethnicity") if name in withheld}
    header = replace(header, **blank, facts={k: v for k, v in header.facts.items() if k not in withheld})
    return Subject(
        name=stated.name or header.name,
        id=stated.id or header.id,
        age_years=stated.age_years if stated.age_years is not None else header.age_years,
        sex=stated.sex or header.sex,
        ethnicity=stated.ethnicity or header.ethnicity,
        facts={**header.facts, **stated.facts},
    )


def _not_assessed(given: Sequence[Given], looked: Sequence[_Looked]) -> tuple[NotAssessed, ...]:
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
    served = [word for profile in sites.profiles() for word in profile.structures]
    return tuple(
        NotAssessed(word, reasons.get(word, plain)) for word in served if word not in named and word != "unassigned"
    )


def _input(volume: Volume) -> Input:
    digest = hashlib.sha256()
    for plane in volume.pixels:
        digest.update(plane.tobytes())
    files = len({source.file for source in volume.sources}) or 1
    return Input(f"{volume.id}: {volume.acquisition.series_uid or 'no series UID'}", files, digest.hexdigest())


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
