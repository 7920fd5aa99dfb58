"""The images that are used, out of all that lie there: by the rows of ``checks/series``, each with its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import AmbiguousInputError, UnknownIdError
from calcimetry.core.image import Acquisition
from calcimetry.core.note import Note
from calcimetry.core.study import Skipped, Subject
from calcimetry.read.checks import acquisition, gated, header_notes, hu_known, kernel_character, lossy_words, rules
from calcimetry.read.index import Index
from calcimetry.read.order import Stack, axes, normal, stacks, unplaced_words
from calcimetry.read.people import one_study, studies, subject, with_shots
from calcimetry.read.picture import Picture
from calcimetry.read.projections import View, views

__all__ = ["Candidate", "Choice", "choose"]


@dataclass(frozen=True)
class Candidate:
    """A stack that could be used; ``reasons`` say in words why it is, or why it is not."""

    stack: Stack
    what: str
    acquisition: Acquisition
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] | None
    notes: tuple[Note, ...]
    reasons: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """Number of files."""
        return len({s.place.name for s in self.stack.slices})


@dataclass(frozen=True)
class Choice:
    """What is used, what is not, and why.

    ``used`` are stacks of CT slices, ``views`` radiographs and mammograms, ``volumes`` files of the research formats,
    ``picture`` the one plain picture.
    """

    index: Index
    used: tuple[Candidate, ...] = ()
    not_used: tuple[Skipped, ...] = ()
    volumes: tuple[Path, ...] = ()
    subject: Subject = field(default_factory=Subject)
    study_uid: str | None = None
    notes: tuple[Note, ...] = ()
    views: tuple[View, ...] = ()
    picture: Picture | None = None


def choose(index: Index, *, study_uid: str | None = None) -> Choice:
    """Choose the images to assess.

    Stacks that show the same part of the body compete, and the best one is used; stacks that show different parts
    are all used.

    Raises
    ------
    AmbiguousInputError
        More than one person or study, and none chosen by ``study_uid``.
    UnknownIdError
        No such study.
    """
    if index.volumes:
        return Choice(index, volumes=index.volumes, not_used=index.skipped)
    if index.pictures and not index.slices and not index.shots:
        return _one_picture(index, study_uid)
    groups = with_shots(studies(index.slices), index.shots)
    group = one_study(groups, study_uid, index.source)
    if group is None:
        return Choice(index, not_used=index.skipped)
    beside = [Skipped(p.place.name, "a plain picture beside DICOM images", "file-skipped") for p in index.pictures]
    lesser = [
        Skipped(s.place.name, "a radiograph of another study", "file-skipped")
        for other in groups
        if other is not group and other.worth == 1
        for s in other.shots
    ]
    left_out = [*index.skipped, *beside, *lesser]
    candidates: list[Candidate] = []
    for members in group.series:
        made, unplaced = stacks(members)
        for one in unplaced:
            left_out.append(
                Skipped(one.place.name, f"{unplaced_words(one)}: its place in the series is unknown", "no-position")
            )
        for stack in made:
            candidate = _candidate(stack)
            refusal = _refusal(stack)
            if refusal:
                left_out.append(Skipped(candidate.what, refusal, "series-skipped"))
            else:
                candidates.append(candidate)
    used, beaten = _best(candidates)
    shown, doubled = views(group.shots)
    left_out += doubled
    everyone = [s.common for members in group.series for s in members] or [s.common for s in group.shots]
    best_known = max(everyone, key=lambda c: (bool(c.patient_id), bool(c.patient_name), bool(c.age), bool(c.sex)))
    person, doubts = subject(best_known)
    return Choice(
        index,
        tuple(used),
        (*left_out, *beaten),
        (),
        person,
        group.uid,
        (*group.notes, *doubts),
        views=tuple(shown),
    )


def _one_picture(index: Index, chosen: str | None) -> Choice:
    """Plain pictures tell nothing of whose they are: each counts as a study of its own, called by its file."""
    names = [Path(p.place.name).name for p in index.pictures]
    fitting = [
        p for p, name in zip(index.pictures, names, strict=True) if chosen is None or chosen in (name, p.place.name)
    ]
    if not fitting:
        raise UnknownIdError("study", str(chosen), names)
    if len(fitting) > 1:
        remedy = "Give one of them, or choose it by its name (--study NAME); pictures do not say whose they are."
        raise AmbiguousInputError(
            "two or more plain pictures lie here", choices=names, where=index.source, remedy=remedy
        )
    left = [
        Skipped(p.place.name, "another picture was chosen", "file-skipped")
        for p in index.pictures
        if p is not fitting[0]
    ]
    return Choice(index, not_used=(*index.skipped, *left), picture=fitting[0])


def _candidate(stack: Stack) -> Candidate:
    c, geometry = stack.first.common, stack.geometry
    named = f"series {c.series_number}" if c.series_number is not None else "series without number"
    if c.series_description:
        named += f" {c.series_description[:60]!r}"
    spacing = geometry.spacing_mm if c.spacing_mm else None
    step = f" at {geometry.spacing_mm[0]:.2f} mm" if len(stack.slices) > 1 else ""
    where = stack.place_words(0) + (f" to {stack.place_words(-1)}" if len(stack.slices) > 1 else "")
    what = f"{named}: {len(stack.slices)} slices{step}, {where}"
    return Candidate(stack, what, acquisition(stack, hu=hu_known(stack)), geometry.shape, spacing, header_notes(stack))


def _refusal(stack: Stack) -> str:
    words = set(stack.first.common.image_type)
    for row in rules()["refuse"]:
        if words & set(row["any_of"]):
            return str(row["words"])
    return ""


def _facts(candidate: Candidate) -> dict[str, Any]:
    """The properties that the rows of the table speak of; ``None`` where not known."""
    stack = candidate.stack
    c = stack.first.common
    axis = np.abs(normal(stack.first))
    largest = int(np.argmax(axis))
    plane = ("sagittal", "coronal", "axial")[largest] if axis[largest] > 0.8 else "oblique"
    is_gated = gated(c)
    n, spacing = len(stack.slices), stack.geometry.spacing_mm
    return {
        "hu": "yes" if candidate.acquisition.hu else "no",
        "whole": "no" if any(note.code in ("missing-slices", "irregular-spacing") for note in stack.notes) else "yes",
        "plane": plane,
        "contrast": "given" if c.contrast else "unknown" if c.contrast is None else "none",
        "gated": "unknown" if is_gated is None else "yes" if is_gated else "no",
        "lossy": "yes" if lossy_words(c) else "no",
        "kernel": kernel_character(c.kernel),
        "thickness_mm": c.thickness_mm,
        "original": "yes" if c.image_type[:1] == ("ORIGINAL",) else "no",
        "length_mm": n * spacing[0],
        "pixel_mm": spacing[1] if c.spacing_mm else None,
    }


def _rank(row: dict[str, Any], fact: Any) -> float:
    """Smaller is better; steps within ``within`` count as equal."""
    if "order" in row:
        order = row["order"]
        return float(order.index(fact)) if fact in order else float(len(order))
    if fact is None:
        return float("inf")
    if "nearest" in row:
        away = abs(float(fact) - row["nearest"])
        return float(max(0.0, away - row["within"]))
    return float(round((-1.0 if row.get("largest") else 1.0) * float(fact) / row["within"]))


def _overlap(a: Candidate, b: Candidate) -> bool:
    """Whether two stacks show the same part: boxes around them, in one frame of reference, overlap enough."""
    frames = {a.stack.first.common.frame_uid, b.stack.first.common.frame_uid}
    if len(frames) > 1 and None not in frames:
        # Scanned at another time or table position: by position alone, nothing can be said.
        return a.stack.first.common.body_part == b.stack.first.common.body_part and _shared(a, b)
    return _shared(a, b)


def _shared(a: Candidate, b: Candidate) -> bool:
    # Along the stack's own axes: boxes along the patient's would make tilted neighbours overlap.
    turn = _directions(a)
    share = 1.0
    for low_a, high_a, low_b, high_b in zip(*_box(a, turn), *_box(b, turn), strict=True):
        common = min(high_a, high_b) - max(low_a, low_b)
        share = min(share, common / max(min(high_a - low_a, high_b - low_b), 1e-6))
    return share >= float(rules()["same_part"]["overlap"])


def _directions(one: Candidate) -> NDArray[np.float64]:
    across, down = axes(one.stack.first)
    return np.array([across, down, normal(one.stack.first)])


def _box(one: Candidate, turn: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    grid = one.stack.geometry
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in grid.shape], indexing="ij")).reshape(3, -1).T
    points = grid.to_lps_mm(corners) @ turn.T
    return list(points.min(axis=0)), list(points.max(axis=0))


def _best(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Skipped]]:
    table_rows = rules()["prefer"]

    def key(one: Candidate) -> tuple[Any, ...]:
        facts = _facts(one)
        c = one.stack.first.common
        last = (c.series_number if c.series_number is not None else 1 << 30, c.series_uid or "", one.what)
        return (*(_rank(row, facts[row["field"]]) for row in table_rows), *last)

    used: list[Candidate] = []
    beaten: list[Skipped] = []
    for one in sorted(candidates, key=key):
        winner = next((u for u in used if _overlap(u, one)), None)
        if winner is None:
            used.append(replace(one, reasons=("the only images of this part",)))
            continue
        row = next((r for r, a, b in zip(table_rows, key(winner), key(one), strict=False) if a != b), None)
        why = str(row["words"]) if row else "it has the lower series number"
        at = used.index(winner)
        reasons = tuple(r for r in winner.reasons if r != "the only images of this part")
        used[at] = replace(winner, reasons=(*reasons, f"preferred to {one.what}: {why}"))
        beaten.append(
            Skipped(
                one.what, f"the same part of the body as {winner.what}, which is used because {why}", "series-skipped"
            )
        )
    used.sort(key=lambda u: (u.stack.first.common.series_number or 0, *_box(u, np.eye(3))[0][::-1], u.what))
    return used, beaten
