"""Everything that the page says of mammograms, gathered once."""

from __future__ import annotations

from dataclasses import dataclass

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.image import Projection
from calcimetry.report.breast.answer import BreastAnswer, breast_answers
from calcimetry.report.breast.crops import Crops, crops
from calcimetry.report.breast.hang import View, hung
from calcimetry.report.breast.kinds import Found, found_in, leading, mammograms
from calcimetry.report.breast.settings import BreastPageSettings
from calcimetry.report.breast.tables import ArteryRow, GroupRow, LargerRow, artery_rows, group_rows, larger_rows
from calcimetry.report.breast.words import REGIONS, view_title
from calcimetry.report.words import first_upper, visible

__all__ = ["Breasts", "Shown", "breasts"]


@dataclass(frozen=True, slots=True)
class Shown:
    """The tables of one view."""

    image: ImageInfo
    title: str
    groups: tuple[GroupRow, ...]
    maybe: tuple[GroupRow, ...]
    larger: tuple[LargerRow, ...]
    arteries: tuple[ArteryRow, ...]
    left_out: tuple[tuple[str, str, int], ...]
    regions: tuple[tuple[str, str, float], ...]
    pictures_left: int
    larger_left: int


@dataclass(frozen=True, slots=True)
class Breasts:
    """The mammograms of a case: answers, views as they hang, tables by view."""

    answers: tuple[BreastAnswer, ...]
    rows: tuple[tuple[View, ...], ...]
    views_left: int
    shown: tuple[Shown, ...]
    larger_mm: float

    @property
    def scaled(self) -> bool:
        """Whether the size of a pixel is known of any view."""
        return any(one.image.spacing_mm is not None for one in self.shown)

    @property
    def wide(self) -> bool:
        """Whether two views stand side by side anywhere."""
        return any(len(row) > 1 for row in self.rows)


def breasts(case: Case, settings: BreastPageSettings | None = None) -> Breasts | None:
    """What is shown of the mammograms; ``None`` where there are none."""
    s = settings or BreastPageSettings()
    images = mammograms(case)
    if not images:
        return None
    every = tuple(found_in(case, image, s) for image in images)
    found = leading(every, s.max_views)
    rows = hung(case, found, s)
    shown: list[Shown] = []
    first = 1
    for one in found:
        held = _crops(case, one, s, first)
        first += len(held.views)
        shown.append(_shown(case, one, held, s))
    return Breasts(breast_answers(case, every), rows, len(every) - len(found), tuple(shown), s.larger_mm)


def _crops(case: Case, found: Found, s: BreastPageSettings, first: int) -> Crops:
    projection = case.pixels.get(found.image.id)
    return crops(projection, found, s, first) if isinstance(projection, Projection) else Crops({}, {}, 0)


def _shown(case: Case, found: Found, held: Crops, s: BreastPageSettings) -> Shown:
    return Shown(
        image=found.image,
        title=view_title(found.image),
        groups=group_rows(case, found.image, found.reported, held),
        maybe=group_rows(case, found.image, found.maybe[: s.max_rows]),
        larger=larger_rows(found, found.larger, s, held),
        arteries=artery_rows(found, s),
        left_out=found.left_out(),
        regions=_regions(case, found.image.id),
        pictures_left=held.left,
        larger_left=max(0, len(found.larger) - s.max_rows),
    )


def _regions(case: Case, image: str) -> tuple[tuple[str, str, float], ...]:
    """Name, what follows from it, and confidence of each part of the map."""
    mine = [region for held in case.regions if held.image == image for region in held.regions]
    plain = [(r, first_upper(visible(r.name.replace("_", " ")))) for r in mine]
    return tuple((*REGIONS.get(r.name, (title, "")), r.confidence) for r, title in plain)
