"""The main job: from files to a case."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from calcimetry import explain
from calcimetry.core.case import Case
from calcimetry.core.errors import InputError, UsageError
from calcimetry.core.image import Projection, Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.core.study import Study, Subject
from calcimetry.run.assess import assess
from calcimetry.run.given import Given, given_masks, given_regions
from calcimetry.run.looked import Progress, timed
from calcimetry.settings import RunSettings

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["analyze"]

_NOTHING_STATED: tuple[Subject | None, tuple[Note, ...], frozenset[str]] = (None, (), frozenset())


def analyze(
    source: str | os.PathLike[str] | Sequence[Dataset] | Study | Volume | Projection,
    *,
    regions: str | os.PathLike[str] | Regions | None = None,
    masks: str | os.PathLike[str] | None = None,
    locator: Literal["builtin", "totalsegmentator"] = "builtin",
    subject: str | os.PathLike[str] | Subject | None = None,
    settings: RunSettings | None = None,
    study_uid: str | None = None,
    spacing_mm: float | None = None,
    jobs: int | None = None,
    follow_links: bool = False,
    progress: Progress | None = None,
) -> Case:
    """The main job.

    Parameters
    ----------
    source : path, list of Dataset, Study, Volume or Projection
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
    spacing_mm : float, optional
        Object pixel of projections that state none [mm].
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
    elif isinstance(source, Volume | Projection):
        study = Study(images=(source,))
    else:
        with timed(seconds, "read"):
            study = read_study(
                source,
                study_uid=study_uid,
                jobs=jobs,
                progress=progress,
                follow_links=follow_links,
                spacing_mm=spacing_mm,
            )
    known, said, withheld = _NOTHING_STATED
    if isinstance(subject, Subject):
        known = subject
    elif subject is not None:
        known, said, withheld = subject_with_notes(Path(subject))
    stated = None if isinstance(subject, Subject) or subject is None else explain.read_case(Path(subject))
    volumes = [image for image in study.images if isinstance(image, Volume)]
    if not volumes and (regions is not None or masks is not None or locator != "builtin"):
        raise UsageError("label maps and masks go with a CT series; the study holds projections only")
    maps: tuple[Given, ...] = ()
    if regions is not None:
        with timed(seconds, "regions"):
            maps = given_regions(regions, volumes)
    shown: tuple[Given, ...] = ()
    if masks is not None or locator == "totalsegmentator":
        with timed(seconds, "masks"):
            shown = given_masks(masks, volumes)
    return assess(
        replace(study, subject=_joined(study.subject, known, withheld), notes=(*study.notes, *said)),
        given=maps,
        masks=shown,
        settings=settings or RunSettings(),
        stated=stated,
        seconds=seconds,
        progress=progress,
    )


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
