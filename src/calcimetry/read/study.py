"""Index, choice and pixels put together: from a source to a study that the stages can work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calcimetry.core.errors import AmbiguousInputError, DecodingError, InputError
from calcimetry.core.image import Projection, SliceSource, Volume
from calcimetry.core.note import Note
from calcimetry.core.study import Skipped, Study
from calcimetry.read.checks import acquisition, header_notes, hu_known, padding, range_notes
from calcimetry.read.guard import Limits
from calcimetry.read.index import Index, Progress, Source, index
from calcimetry.read.load import load
from calcimetry.read.order import Stack, stacks
from calcimetry.read.picture import load_picture
from calcimetry.read.projections import load_views
from calcimetry.read.series import Choice, choose

__all__ = ["study"]


def study(
    source: Source,
    *,
    study_uid: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
    follow_links: bool = False,
    spacing_mm: float | None = None,
) -> Study:
    """Read whatever lies at ``source``.

    Parameters
    ----------
    source : path or list of Datasets
        See :func:`calcimetry.read.index.index`.
    study_uid : str, optional
        Which study, where several lie there.
    jobs : int, optional
        Processes for compressed pixels; default: the cores that may be used.
    follow_links : bool
        Follow symbolic links wherever they lead (datasets that link to a store outside the folder).
    spacing_mm : float, optional
        Object pixel [mm] of projections that carry none.

    Raises
    ------
    InputError
        Nothing there can be assessed: one sentence says which and why.
    AmbiguousInputError
        More than one person or study.
    """
    found = index(source, progress=progress, limits=limits, follow_links=follow_links)
    choice = choose(found, study_uid=study_uid)
    images: list[Volume | Projection] = []
    skipped = list(choice.not_used)
    if choice.volumes:
        from calcimetry.read.formats import volume_file

        if len(choice.volumes) > 1:
            names = [str(v) for v in choice.volumes]
            raise AmbiguousInputError("two or more volume files lie here", choices=names, remedy="Give one of them.")
        images.append(volume_file(choice.volumes[0], found.limits))
    problems: list[InputError] = []
    for candidate in choice.used:
        made, lost = _volumes(candidate.stack, found.limits, jobs, progress)
        images += made
        problems += lost
        skipped += [Skipped(e.where or candidate.what, _reason(e), "file-skipped") for e in lost]
    projections, lost = load_views(choice.views, found.limits, spacing_mm)
    images += projections
    problems += lost
    skipped += [Skipped(e.where or "a projection", _reason(e), "file-skipped") for e in lost]
    if choice.picture is not None:
        images.append(load_picture(choice.picture, found.limits, spacing_mm))
    if not images:
        raise _nothing(found, choice, problems)
    images = [replace(v, id=f"i{n}") for n, v in enumerate(images, start=1)]
    return Study(tuple(images), choice.subject, choice.study_uid, tuple(skipped), choice.notes)


def _reason(error: InputError) -> str:
    return str(error).removeprefix(f"{error.where}: ")


def _volumes(
    stack: Stack, limits: Limits, jobs: int | None, progress: Progress | None
) -> tuple[list[Volume], list[InputError]]:
    """One stack -> its volume; where slices cannot be decoded, what is left is put in order anew."""
    told: Callable[[int, int], None] | None = None
    if progress is not None:
        step = progress

        def told(done: int, of: int) -> None:
            step("pixels", done, of)

    loaded = load(stack.slices, limits=limits, jobs=jobs, progress=told)
    if not loaded.failed:
        return [_volume(stack, loaded.pixels, loaded.low, loaded.high)], []
    errors = [error for _, error in loaded.failed]
    bad = {id(one) for one, _ in loaded.failed}
    rest = [one for one in stack.slices if id(one) not in bad]
    if not rest:
        return [], errors[:1]
    note = Note(
        "slices-refused", f"{len(bad)} slices could not be decoded and are missing: {_reason(errors[0])}", "withheld"
    )
    volumes: list[Volume] = []
    for part in stacks(rest)[0]:
        kept = part.noting(*stack.notes, note)
        again = load(kept.slices, limits=limits, jobs=jobs)
        if again.failed:
            raise DecodingError("the file changed while it was read", where=again.failed[0][0].place.name)
        volumes.append(_volume(kept, again.pixels, again.low, again.high))
    return volumes, errors


def _volume(stack: Stack, pixels: object, low: float, high: float) -> Volume:
    import numpy as np

    array = np.asarray(pixels)
    hu, notes = hu_known(stack), header_notes(stack)
    padded = padding(array, low, stack) if hu else None
    if hu:
        wrong = range_notes(low, high, padded)
        hu, notes = hu and not wrong, (*notes, *wrong)
    return Volume(
        id="i1",
        pixels=array,
        geometry=stack.geometry,
        acquisition=acquisition(stack, hu=hu),
        sources=tuple(SliceSource(s.place.name, s.sop_uid, s.instance, s.frame) for s in stack.slices),
        padding_hu=padded,
        notes=notes,
    )


def _nothing(found: Index, choice: Choice, problems: list[InputError]) -> InputError:
    """One sentence on why nothing can be assessed."""
    if problems:
        return problems[0]
    if not choice.not_used:
        return InputError("there are no files", where=found.source)
    reasons: dict[str, int] = {}
    for s in choice.not_used:
        reasons[s.reason] = reasons.get(s.reason, 0) + 1
    links = found.links_left_out
    remedy = (
        f"{links} symbolic link{'s' if links > 1 else ''} to a folder or out of the tree "
        f"{'were' if links > 1 else 'was'} left out; --follow-links (follow_links=True) reads what they lead to."
        if links
        else ""
    )
    if found.files == 1 or len(choice.not_used) == 1:
        return InputError(choice.not_used[0].reason.rstrip("."), where=choice.not_used[0].what, remedy=remedy)
    shown = "; ".join(f"{n} x {reason.rstrip('.')}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1])[:4])
    return InputError(
        "no image that can be assessed",
        where=found.source,
        found=shown,
        expected="CT slices, mammograms or radiographs with pixels",
        remedy=remedy,
    )
