"""Slices -> regular stacks, by position alone: never by number, name, SliceLocation or SliceThickness.

The position is ImagePositionPatient projected on the normal of the image plane, rising along the patient axis
that the normal is closest to (axial: feet to head). What does not fit one even step is split, and says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.geometry import Geometry
from calcimetry.core.note import Note
from calcimetry.read.header import Slice
from calcimetry.read.limits import plausible_spacing

__all__ = ["OrderSettings", "Stack", "regular", "short_name", "stacks", "unplaced_words"]


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """How even is even. Ours: positions are written with as little as one decimal, so 0.06 mm is rounding.

    ``same_position_mm``: two slices closer than this lie at one place. ``step_fraction``: two steps are the same
    within this part of the step.
    """

    same_position_mm: float = 0.01
    rounding_mm: float = 0.06
    step_fraction: float = 0.02
    shear_deg: float = 0.5


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices in rising order with one even step (or a single slice), and what was noted on the way."""

    slices: tuple[Slice, ...]
    notes: tuple[Note, ...] = ()

    @property
    def first(self) -> Slice:
        """The lowest slice; its header speaks for the stack."""
        return self.slices[0]

    def noting(self, *notes: Note) -> Stack:
        """The same stack with more notes; the same finding is not repeated."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    @property
    def geometry(self) -> Geometry:
        """Grid of the stack; unknown spacing counts as 1 mm (the note ``spacing-unknown`` says so)."""
        common, n = self.first.common, len(self.slices)
        rows_mm, columns_mm = common.spacing_mm or (1.0, 1.0)
        across, down = axes(self.first)
        affine = np.eye(4)
        affine[:3, 1], affine[:3, 2] = down * rows_mm, across * columns_mm
        origin = np.array(self.first.position or (0.0, 0.0, 0.0))
        if n > 1 and self.slices[-1].position is not None:
            affine[:3, 0] = (np.array(self.slices[-1].position) - origin) / (n - 1)
        else:
            thickness = common.thickness_mm
            affine[:3, 0] = normal(self.first) * (thickness if thickness and plausible_spacing(thickness) else 1.0)
        affine[:3, 3] = origin
        return Geometry((n, common.rows, common.columns), affine, common.frame_uid)

    def place_words(self, at: int) -> str:
        """Where a slice lies, in words: the coordinate along the dominant axis."""
        return place_words(self.slices[at])


def axes(one: Slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit directions in which columns and rows rise; plain axial where the header has none.

    Only a single slice can lack them (the note ``position-unknown`` says so): others are left out of the stack.
    """
    values = np.array(one.common.orientation or (1, 0, 0, 0, 1, 0), dtype=np.float64)
    across, down = values[:3], values[3:]
    return across / np.linalg.norm(across), down / np.linalg.norm(down)


def normal(one: Slice) -> NDArray[np.float64]:
    """Normal of the image plane, turned so that its largest component is positive."""
    across, down = axes(one)
    found = np.cross(across, down)
    return np.asarray(found if found[np.argmax(np.abs(found))] > 0 else -found)


def place_words(one: Slice) -> str:
    """``z=-12.5 mm`` or the like."""
    if one.position is None:
        return "no position"
    along = int(np.argmax(np.abs(normal(one))))
    return f"{'xyz'[along]}={one.position[along]:.2f} mm"


def unplaced_words(one: Slice) -> str:
    """What a slice lacks to be placed, with what stands there instead."""
    if one.position is None:
        return "no position in the patient"
    found = (one.common.orientation_text or "no value")[:80]
    return f"no orientation in the patient (found {found}, expected two unit vectors at a right angle)"


def _plane(one: Slice) -> tuple[object, ...]:
    """What must agree before two slices can lie in one stack."""
    c = one.common
    spacing = tuple(round(s, 4) for s in c.spacing_mm) if c.spacing_mm else None
    turned = tuple(round(v, 3) + 0.0 for v in c.orientation) if c.orientation else None
    # (frames of a multi-frame object share the object's UID; whether they belong together is seen by position)
    return (c.localizer, c.rows, c.columns, spacing, turned, c.frame_uid, c.samples, c.bits_stored <= 8, c.modality)


def regular(slices: Sequence[Slice], settings: OrderSettings = OrderSettings()) -> bool:
    """Whether these slices, put in order, have one even step and no two share a place."""
    ordered = _sorted(slices)
    return len(ordered) > 1 and len(_runs(_positions(ordered), normal(ordered[0]), settings)) == 1


def _positions(slices: Sequence[Slice]) -> NDArray[np.float64]:
    return np.array([s.position for s in slices], dtype=np.float64).reshape(-1, 3)


def _sorted(slices: Iterable[Slice]) -> list[Slice]:
    placed = [s for s in slices if s.position is not None]
    if not placed:
        return []
    depth = _positions(placed) @ normal(placed[0])
    # Ties by instance number and name, so that shuffled files give the same result.
    order = sorted(
        range(len(placed)),
        key=lambda n: (round(float(depth[n]), 3), placed[n].instance or 0, placed[n].place.name, placed[n].frame),
    )
    return [placed[n] for n in order]


def _runs(points: NDArray[np.float64], axis: NDArray[np.float64], s: OrderSettings) -> list[tuple[int, int]]:
    """Half-open ranges of evenly spaced points; the longest are taken first."""
    n = len(points)
    if n <= 2:
        return [(0, n)]
    index = np.arange(n)[:, None]
    fit = points[0] + index * (points[-1] - points[0]) / (n - 1)
    step = float((points[-1] - points[0]) @ axis) / (n - 1)
    near = max(min(2 * s.rounding_mm, 0.2 * step), s.step_fraction * step)
    jumps = np.diff(points, axis=0) @ axis
    if step > s.same_position_mm and np.abs(points - fit).max() <= near and np.abs(jumps - step).max() <= near:
        return [(0, n)]
    moves = np.diff(points, axis=0)
    along = moves @ axis
    aside = moves - along[:, None] * axis
    same = (np.abs(np.diff(along)) <= np.maximum(s.rounding_mm, s.step_fraction * along[1:])) & (
        np.abs(np.diff(aside, axis=0)).max(axis=1) <= 2 * s.rounding_mm
    )
    cuts = [0, *(np.flatnonzero(~same) + 1), n - 1]
    segments = sorted(((a, b + 1) for a, b in pairwise(cuts)), key=lambda r: (r[0] - r[1], along[r[0]], r[0]))
    free, taken = np.ones(n, dtype=bool), []
    for a, b in segments:
        inside = [k for k in range(a, b) if free[k]]
        if len(inside) >= 2 and inside[-1] - inside[0] == len(inside) - 1:
            taken.append((inside[0], inside[-1] + 1))
            free[inside[0] : inside[-1] + 1] = False
    taken += [(int(k), int(k) + 1) for k in np.flatnonzero(free)]
    return sorted(taken)


_SPLITTERS: tuple[tuple[str, Callable[[Slice], object]], ...] = (
    ("reconstruction kernel", lambda s: s.common.kernel),
    ("acquisition number", lambda s: s.acquisition),
    ("slice thickness", lambda s: s.common.thickness_mm),
    ("time point", lambda s: s.common.temporal_position),
    ("image type", lambda s: s.common.image_type),
    ("cardiac phase", lambda s: s.common.cardiac_phase),
    ("contrast field", lambda s: s.common.contrast),
    ("multi-frame object", lambda s: s.sop_uid if s.common.frames > 1 else None),
)


def _twins(ordered: Sequence[Slice], s: OrderSettings) -> int:
    """How many slices lie where the one before lies."""
    if len(ordered) < 2:
        return 0
    depth = _positions(ordered) @ normal(ordered[0])
    return int((np.diff(depth) < s.same_position_mm).sum())


def _split_twins(ordered: list[Slice], s: OrderSettings) -> tuple[list[list[Slice]], tuple[Note, ...]]:
    """Two acquisitions or reconstructions in one series, told apart by the first property that does it wholly."""
    if not _twins(ordered, s):
        return [ordered], ()
    for words, key in _SPLITTERS:
        parts: dict[object, list[Slice]] = defaultdict(list)
        for one in ordered:
            parts[key(one)].append(one)
        if len(parts) > 1 and not any(_twins(p, s) for p in parts.values()):
            text = f"the series holds {len(parts)} sets of slices at the same places; told apart by their {words}"
            return list(parts.values()), (Note("several-sets-in-series", text, "info"),)
    return [ordered], ()


def _without_twins(ordered: list[Slice], s: OrderSettings) -> tuple[list[Slice], tuple[Note, ...]]:
    kept: list[Slice] = []
    dropped: list[tuple[Slice, Slice]] = []
    axis = normal(ordered[0])
    for one in ordered:
        near = kept and abs(float((np.array(one.position) - np.array(kept[-1].position)) @ axis)) < s.same_position_mm
        if near:
            dropped.append((one, kept[-1]))
        else:
            kept.append(one)
    if not dropped:
        return kept, ()
    shown = "; ".join(f"{short_name(one)} at {place_words(one)} repeats {short_name(old)}" for one, old in dropped[:3])
    more = f" and {len(dropped) - 3} more" if len(dropped) > 3 else ""
    text = f"{len(dropped)} slices lie where another lies and are counted once: {shown}{more}"
    return kept, (Note("duplicate-position", text, "caution"),)


def short_name(one: Slice) -> str:
    """The file without its folders, whose names may be people's."""
    short = one.place.name.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{short} frame {one.frame + 1}" if one.common.frames > 1 else short


def _uid_notes(slices: Sequence[Slice]) -> tuple[Note, ...]:
    counted = Counter((s.sop_uid, s.frame) for s in slices if s.sop_uid)
    shared = [uid for (uid, _), n in counted.items() if n > 1]
    if not shared:
        return ()
    files = [short_name(s) for s in slices if s.sop_uid in shared]
    text = (
        f"{len(files)} slices share {len(shared)} SOP Instance UID ({', '.join(files[:4])}); "
        "their places differ, so all are used"
    )
    return (Note("duplicate-uid", text, "caution"),)


def stacks(slices: Iterable[Slice], settings: OrderSettings = OrderSettings()) -> tuple[list[Stack], list[Slice]]:
    """Split the slices of one series into regular stacks.

    Returns
    -------
    stacks : list of Stack
        In rising order; each evenly spaced, or a single slice.
    unplaced : list of Slice
        Slices without a position among others: their order cannot be known.
    """
    planes: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    unplaced: list[Slice] = []
    everything = list(slices)
    for one in everything:
        if one.position is None or one.common.orientation is None:
            unplaced.append(one)
        else:
            planes[_plane(one)].append(one)
    if len(everything) == 1 and unplaced:
        return [Stack((unplaced[0],))], []
    made: list[Stack] = []
    imaging = [members for key, members in planes.items() if not key[0]]
    mixed = _mixed_note(imaging)
    for members in planes.values():
        sets, notes = _split_twins(_sorted(members), settings)
        for part in sets:
            single, twin_notes = _without_twins(part, settings)
            common_notes = (*notes, *twin_notes, *_uid_notes(single), *(mixed if members in imaging else ()))
            made += _even(single, common_notes, settings)
    return made, unplaced


def _mixed_note(imaging: Sequence[Sequence[Slice]]) -> tuple[Note, ...]:
    spacings = sorted({m[0].common.spacing_text or "none" for m in imaging})
    if len(imaging) < 2 or len(spacings) < 2:
        return ()
    shown = ", ".join(s.replace("\\", " x ") for s in spacings[:4])
    return (
        Note(
            "mixed-pixel-spacing",
            f"the series holds slices of different pixel spacing ({shown} mm): each set is an image of its own",
            "caution",
        ),
    )


def _even(ordered: list[Slice], notes: tuple[Note, ...], s: OrderSettings) -> list[Stack]:
    points, axis = _positions(ordered), normal(ordered[0])
    runs = _runs(points, axis, s)
    made = [Stack(tuple(ordered[a:b]), notes) for a, b in runs]
    for n, ((_, end), (begin, _)) in enumerate(pairwise(runs)):
        lower, upper = made[n], made[n + 1]
        note = _between(lower, upper, float((points[begin] - points[end - 1]) @ axis))
        made[n], made[n + 1] = lower.noting(note), upper.noting(note)
    return [_sheared(stack, s) for stack in made]


def _between(lower: Stack, upper: Stack, gap: float) -> Note:
    """What lies between two neighbouring stacks of one series: missing slices, or another step."""
    steps = [st.geometry.spacing_mm[0] for st in (lower, upper) if len(st.slices) > 1]
    where = f"between {place_words(lower.slices[-1])} and {place_words(upper.slices[0])}"
    if not steps:
        return Note(
            "irregular-spacing",
            f"the slices have no even step: {gap:.2f} mm {where}; send the complete series",
            "withheld",
        )
    step = min(steps, key=lambda x: abs(x - gap)) if len(steps) == 2 else steps[0]
    alike = len(steps) < 2 or abs(steps[0] - steps[1]) <= 0.02 * max(steps)
    if alike and gap > 1.5 * step:
        missing = max(round(gap / step) - 1, 1)
        return Note(
            "missing-slices",
            f"{missing} slice{'s' if missing > 1 else ''} missing {where}: found a step of {gap:.2f} mm, "
            f"expected {step:.2f} mm; send the complete series",
            "withheld",
        )
    if alike:
        return Note(
            "irregular-spacing",
            f"a slice lies off the even step {where}: found {gap:.2f} mm, expected {step:.2f} mm",
            "withheld",
        )
    return Note(
        "spacing-changes",
        f"the step changes {where}: {steps[0]:.2f} mm below, {steps[1]:.2f} mm above, {gap:.2f} mm between; "
        "the two parts are measured as two images",
        "caution",
    )


def _sheared(stack: Stack, s: OrderSettings) -> Stack:
    if len(stack.slices) < 2 or stack.first.common.localizer:
        return stack
    angle = stack.geometry.shear_deg
    if angle <= s.shear_deg:
        return stack
    return stack.noting(
        Note(
            "sheared-stack",
            f"the line of slice centres leans {angle:.1f} degrees from the normal of the slices (gantry tilt); "
            "volumes use the step along the normal",
            "info",
        )
    )
