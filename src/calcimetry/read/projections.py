"""Radiographs and mammograms of one study: which are used, and their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calcimetry.core.errors import HostileInputError, InputError
from calcimetry.core.image import Acquisition, Projection, SliceSource
from calcimetry.core.note import Note
from calcimetry.core.study import Skipped
from calcimetry.read.checks import lossy_words
from calcimetry.read.grey import dense_is_high
from calcimetry.read.guard import Limits
from calcimetry.read.picture import lossy_note
from calcimetry.read.pitch import pitch_note, stated_pitch
from calcimetry.read.pixels import FrameReader
from calcimetry.read.shot import Shot

__all__ = ["View", "load_views", "views"]


@dataclass(frozen=True)
class View:
    """One projection object (all its frames) that would be used, and why."""

    shots: tuple[Shot, ...]
    reasons: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def first(self) -> Shot:
        """The first frame stands for all."""
        return self.shots[0]

    @property
    def what(self) -> str:
        """What it is, in words, with its file."""
        return f"{self.first.line()}: {self.first.place.name}"


def views(found: Sequence[Shot]) -> tuple[list[View], list[Skipped]]:
    """Which projections of one study are used: all, but each exposure once.

    Of an image for presentation and the raw one behind it the first is used; the same object twice counts once.
    """
    by_file: dict[tuple[str, str | None], list[Shot]] = {}
    for shot in found:
        by_file.setdefault((shot.place.name, shot.slice.sop_uid), []).append(shot)
    whole = sorted(by_file.values(), key=lambda s: _order(s[0]))
    used: list[View] = []
    left: list[Skipped] = []
    seen: dict[str, Shot] = {}
    for shots in whole:
        first = shots[0]
        uid = first.slice.sop_uid
        if uid is not None and uid in seen and _alike(seen[uid], first):
            left.append(Skipped(first.place.name, f"the same object as {seen[uid].place.name}", "series-skipped"))
            continue
        if uid is not None:
            seen.setdefault(uid, first)
        shown = next((s[0] for s in whole if first.intent == "processing" and _shows(s[0], first)), None)
        if shown is not None:
            why = f"raw data of the exposure that {shown.place.name} shows processed, which is used"
            left.append(Skipped(f"{first.line()}: {first.place.name}", why, "series-skipped"))
            continue
        used.append(View(tuple(shots), (_reason(first),), _notes(first, None)))
    return used, left


def _order(shot: Shot) -> tuple[object, ...]:
    c = shot.common
    return (
        c.series_number if c.series_number is not None else 1 << 30,
        c.series_uid or "",
        shot.slice.instance if shot.slice.instance is not None and shot.frames == 1 else 0,
        shot.place.name,
    )


def _alike(a: Shot, b: Shot) -> bool:
    return (a.common.rows, a.common.columns, a.view, a.laterality) == (
        b.common.rows,
        b.common.columns,
        b.view,
        b.laterality,
    )


def _shows(shown: Shot, raw: Shot) -> bool:
    """Whether ``shown`` is the processed image of the raw one's exposure."""
    if shown.intent != "presentation" or shown.kind != raw.kind:
        return False
    if raw.slice.sop_uid and raw.slice.sop_uid in shown.made_from:
        return True
    same = (shown.view, shown.laterality, shown.modifiers) == (raw.view, raw.laterality, raw.modifiers)
    return same and raw.view is not None and raw.acquired is not None and raw.acquired == shown.acquired


def _reason(shot: Shot) -> str:
    if shot.kind == "tomosynthesis":
        return "slices of tomosynthesis: each is looked at"
    if shot.intent == "processing":
        return "raw data, without a processed image beside it"
    return "a view of its own"


def _notes(shot: Shot, spacing_mm: float | None) -> tuple[Note, ...]:
    """Findings from the header alone."""
    pitch, said = stated_pitch(shot.pitch, spacing_mm)
    notes = [*said, *pitch_note(pitch, magnified="magnification" in shot.modifiers, resolution=shot.resolution)]
    if shot.kind != "radiograph":
        if shot.view is None:
            what = f"a view that no table holds ({shot.view_unknown})" if shot.view_unknown else "no view"
            notes.append(Note("view-unknown", f"the header names {what}: nothing that rests on it is said", "caution"))
        if shot.laterality is None:
            notes.append(Note("side-unknown", "the header does not tell left from right breast", "caution"))
    if shot.kind == "synthetic":
        text = "a view computed from tomosynthesis: crossing lines can look like specks; see the slices"
        notes.append(Note("synthetic-view", text, "caution"))
    if shot.intent == "processing":
        text = (
            "raw data (for processing), shown here as the logarithm of attenuation; a processed image is easier to read"
        )
        notes.append(Note("raw-projection", text, "info"))
    lossy = lossy_words(shot.common)
    if lossy:
        notes.append(lossy_note(lossy))
    if shot.common.guess:
        text = f"the file has no complete head; its encoding was guessed: {shot.common.guess}"
        notes.append(Note("encoding-guessed", text, "caution"))
    return tuple(dict.fromkeys(notes))


def load_views(
    used: Sequence[View], limits: Limits, spacing_mm: float | None
) -> tuple[list[Projection], list[InputError]]:
    """Pixels of the projections; one that cannot be decoded is an error of its own."""
    reader = FrameReader(limits)
    made: list[Projection] = []
    lost: list[InputError] = []
    total = sum(s.common.rows * s.common.columns * 4 for v in used for s in v.shots)
    if total > limits.volume_bytes:
        raise HostileInputError(
            "the images do not fit the memory limit",
            found=f"{total >> 30} GiB",
            expected=f"{limits.volume_bytes >> 30}",
        )
    for view in used:
        for shot in view.shots:
            try:
                made.append(_projection(shot, reader, spacing_mm))
            except InputError as error:
                lost.append(error)
                break
    return made, lost


def _projection(shot: Shot, reader: FrameReader, spacing_mm: float | None) -> Projection:
    c = shot.common
    stored = np.asarray(reader.values(shot.slice))
    close = bool({"magnification", "spot"} & set(shot.modifiers)) or shot.view == "specimen"
    pixels, padded, display, found = dense_is_high(
        stored,
        shot.grey,
        breast=shot.kind != "radiograph",
        close=close,
        signed_bits=(c.signed, c.bits_stored),
    )
    pitch, _ = stated_pitch(shot.pitch, spacing_mm)
    taken = Acquisition(
        modality=c.modality,
        kvp=c.kvp,
        hu=False,
        lossy=lossy_words(c),
        study_uid=c.study_uid,
        series_uid=c.series_uid,
        series_number=c.series_number,
        series_description=c.series_description,
        study_date=c.study_date,
        image_type=c.image_type,
        body_part=c.body_part,
        manufacturer=c.manufacturer,
        model=c.model,
    )
    return Projection(
        id="i1",
        pixels=pixels,
        acquisition=taken,
        pixel_mm=pitch.mm,
        scale_plane=pitch.plane,
        view=shot.view,
        laterality=shot.laterality,
        sources=(SliceSource(shot.place.name, shot.slice.sop_uid, shot.slice.instance, shot.slice.frame),),
        notes=(*_notes(shot, spacing_mm), *found),
        kind=shot.kind,
        view_modifiers=shot.modifiers,
        intent=shot.intent,
        implant=shot.implant,
        paddle=shot.paddle,
        magnification=pitch.magnification,
        orientation=shot.orientation,
        height_mm=shot.height_mm,
        display=display,
        padded=padded,
    )
