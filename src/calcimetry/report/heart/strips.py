"""Key images by structure: few planes that show most of its calcium, from head to foot, within a bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcimetry.core.case import Case
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.report.answer import by_weight, place_text
from calcimetry.report.heart.burden import Burden, volume_of
from calcimetry.report.heart.doubts import Doubt
from calcimetry.report.heart.places import SITES, Place, name_of, names_of_others
from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.outlines import Box
from calcimetry.report.pictures import Picture, PictureSettings, draw, plane_text, square
from calcimetry.report.words import visible

__all__ = ["Budget", "Said", "Strip", "View", "pictured_doubts", "strips"]

_MIDDLE = 0.8
"""A lesion is shown by a view if its middle lies in this inner share of it, ..."""
_FULL = 0.5
"""... and the plane cuts at least this share of its largest cut."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the caption says of one lesion on a view."""

    id: str
    name: str
    probability: float
    others: tuple[tuple[str, float], ...]
    doubtful: bool


@dataclass(frozen=True, slots=True)
class View:
    """One key image with what it shows of its structure."""

    picture: Picture
    lesions: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """The key images of one structure; ``left`` counted lesions (``left_mm3``) are on none of them."""

    place: Place
    views: tuple[View, ...]
    lesions: int
    left: int
    left_mm3: float


@dataclass
class Budget:
    """Room for pictures: how many, and how many characters."""

    views: int
    chars: int

    def take(self, picture: Picture) -> bool:
        """Whether there was room; then it is less now."""
        if self.views < 1 or len(picture.src) > self.chars:
            return False
        self.views -= 1
        self.chars -= len(picture.src)
        return True


@dataclass(frozen=True, slots=True)
class _Plan:
    """A view before it is drawn."""

    plane: int
    box: Box
    lesions: tuple[Lesion, ...]


def strips(
    case: Case, image: Volume, rows: Sequence[Burden], doubtful: frozenset[str], s: HeartPageSettings, budget: Budget
) -> tuple[Strip, ...]:
    """A strip for each structure with counted lesions. Each gets its first view before any gets its second.

    Parameters
    ----------
    case : Case
    image : Volume
    rows : sequence of Burden
        Of this image.
    doubtful : frozenset of str
        Ids of the lesions to check first; they are marked.
    s : HeartPageSettings
    budget : Budget
        Room that is left; what is drawn is taken from it.
    """
    here = _drawable(case, image)
    most = {row.place: s.max_per_artery if row.place.is_artery else s.max_per_place for row in rows}
    plans = {row.place: list(_plans(image, row.lesions, most[row.place], s)) for row in rows if row.lesions}
    drawn: dict[Place, list[tuple[_Plan, View]]] = {place: [] for place in plans}
    for turn in range(max(most.values(), default=0)):
        for place, planned in plans.items():
            if turn < len(planned):
                view = _view(image, planned[turn], here, doubtful, s)
                if budget.take(view.picture):
                    drawn[place].append((planned[turn], view))
    return tuple(_strip(row, drawn[row.place], image) for row in rows if row.lesions)


def _strip(row: Burden, drawn: list[tuple[_Plan, View]], image: Volume) -> Strip:
    shown = {x.id for plan, _ in drawn for x in plan.lesions}
    left = [x for x in row.lesions if x.id not in shown]
    rising = image.geometry.affine[2, 0] > 0  # planes counted towards the head: the last one is uppermost
    drawn = sorted(drawn, key=lambda pair: -pair[0].plane if rising else pair[0].plane)
    return Strip(row.place, tuple(view for _, view in drawn), len(row.lesions), len(left), sum(map(volume_of, left)))


def _drawable(case: Case, image: Volume) -> list[Lesion]:
    return [x for x in case.lesions if x.image == image.id and x.mask is not None]


def _plans(image: Volume, lesions: Sequence[Lesion], most: int, s: HeartPageSettings) -> Iterator[_Plan]:
    """Views around the heaviest lesion that none shows yet, on the plane of its that shows most besides."""
    waiting = [x for x in by_weight(list(lesions)) if x.mask is not None]
    while waiting and most > 0:
        plan = _best(image, waiting, s)
        yield plan
        done = {x.id for x in plan.lesions}
        waiting, most = [x for x in waiting if x.id not in done], most - 1


def _best(image: Volume, lesions: Sequence[Lesion], s: HeartPageSettings) -> _Plan:
    first = lesions[0]
    planes = _full_planes(first)
    plans = [_plan(image, plane, first, lesions, s) for plane in planes]
    return max(plans, key=lambda p: (sum(volume_of(x) for x in p.lesions), _cut(first, p.plane), -p.plane))


def _plan(image: Volume, plane: int, first: Lesion, lesions: Sequence[Lesion], s: HeartPageSettings) -> _Plan:
    j0, j1, i0, i1 = _on_plane(first, plane)
    box = square(image, (j0, j1, i0, i1), s.view_mm, 0.1 * s.view_mm)
    return _Plan(plane, box, (first, *(x for x in lesions[1:] if _shows(plane, box, x))))


def _shows(plane: int, box: Box, lesion: Lesion) -> bool:
    if plane not in _full_planes(lesion):
        return False
    j0, j1, i0, i1 = _on_plane(lesion, plane)
    r0, r1, c0, c1 = box
    down, across = (j0 + j1 - r0 - r1) / (r1 - r0), (i0 + i1 - c0 - c1) / (c1 - c0)
    return max(abs(down), abs(across)) < _MIDDLE


def _cuts(lesion: Lesion) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    assert lesion.mask is not None
    return np.asarray(lesion.mask.bits.sum(axis=(1, 2)), dtype=np.int64)


def _cut(lesion: Lesion, plane: int) -> int:
    assert lesion.mask is not None
    return int(_cuts(lesion)[plane - lesion.mask.start[0]])


def _full_planes(lesion: Lesion) -> list[int]:
    """Planes that cut the lesion well."""
    assert lesion.mask is not None
    cuts = _cuts(lesion)
    return (np.flatnonzero(cuts >= max(1.0, _FULL * cuts.max())) + lesion.mask.start[0]).tolist()


def _on_plane(lesion: Lesion, plane: int) -> Box:
    """Rows and columns of the lesion on one of its planes."""
    assert lesion.mask is not None
    k, j, i = lesion.mask.start
    at = np.argwhere(lesion.mask.bits[plane - k])
    (j0, i0), (j1, i1) = at.min(axis=0), at.max(axis=0) + 1
    return int(j + j0), int(j + j1), int(i + i0), int(i + i1)


def _said(lesion: Lesion, doubtful: frozenset[str]) -> Said:
    return Said(
        visible(lesion.id),
        name_of(lesion.site, lesion.structure),
        lesion.probability,
        names_of_others(lesion),
        lesion.id in doubtful,
    )


def _view(image: Volume, plan: _Plan, here: Sequence[Lesion], doubtful: frozenset[str], s: HeartPageSettings) -> View:
    said = tuple(_said(x, doubtful) for x in plan.lesions)
    names = "; ".join(f"{one.id} {one.name.lower()} {100 * one.probability:.0f} %" for one in said)
    at = plane_text(image, plan.plane).split(",")[0]
    picture = draw(
        image,
        plan.plane,
        plan.box,
        here,
        kind="crop",
        title=at,
        caption="",
        alt=f"{at}: {names}",
        settings=replace(PictureSettings(), crop_px=s.view_px),
        about={x.id for x in plan.lesions},
    )
    return View(picture, said)


def pictured_doubts(
    case: Case, image: Volume, found: Sequence[Doubt], s: HeartPageSettings, budget: Budget
) -> dict[str, tuple[Picture, Picture]]:
    """A close and a wide view of each lesion to check first, as far as there is room: id -> pictures."""
    here = _drawable(case, image)
    middle = _middle([x for x in here if x.site in SITES])
    pictures: dict[str, tuple[Picture, Picture]] = {}
    for doubt in found:
        lesion = doubt.lesion
        if lesion.mask is None:
            continue
        plane = lesion.peak_index[0] if lesion.peak_index[0] in _full_planes(lesion) else _full_planes(lesion)[0]
        close = _view(image, _plan(image, plane, lesion, (lesion,), s), here, frozenset(), s).picture
        wide = draw(
            image,
            plane,
            square(image, middle, s.around_mm, 0.0),
            [lesion],
            kind="crop",
            title="",
            caption="",
            alt=f"The same plane, wider: where {visible(lesion.id)} lies",
            settings=replace(PictureSettings(), crop_px=s.around_px),
            about=(lesion.id,),
        )
        if budget.take(close) and budget.take(wide):
            pictures[lesion.id] = (replace(close, caption=place_text(lesion)), wide)
    return pictures


def _middle(lesions: Sequence[Lesion]) -> Box:
    """The middle of the lesions in a plane, as an empty box."""
    _, row, column = np.mean([x.center_index for x in lesions], axis=0).round().astype(int).tolist()
    return row, row, column, column
