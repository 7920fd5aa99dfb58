"""Everything that the page says of the heart, one value for each image that shows calcium of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from calcimetry.core.case import Case
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.report.answer import by_weight
from calcimetry.report.heart.burden import Burden, Vessels, burdens, vessels
from calcimetry.report.heart.doubts import Doubt, concerns, doubts
from calcimetry.report.heart.places import SITES, name_of
from calcimetry.report.heart.scheme import Scheme, scheme
from calcimetry.report.heart.settings import HeartPageSettings
from calcimetry.report.heart.strips import Budget, Strip, pictured_doubts, strips
from calcimetry.report.pictures import Picture
from calcimetry.report.words import structure_title, visible

__all__ = ["First", "Heart", "LeftOut", "hearts", "images_with_heart"]


@dataclass(frozen=True, slots=True)
class First:
    """A lesion to check first, with its picture, and a wider one, where there was room."""

    doubt: Doubt
    picture: Picture | None
    around: Picture | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A lesion near the heart that is not counted."""

    lesion: Lesion
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heart:
    """Heart and great vessels on one image.

    ``first`` have cards, ``more`` stand in a list, ``more_left`` are only counted; ``others`` are reasons for which
    things that heart and vessels do not claim were left out, with their number.
    """

    image: str
    first: tuple[First, ...]
    more: tuple[Doubt, ...]
    more_left: int
    rows: tuple[Burden, ...]
    vessels: Vessels | None
    scheme: Scheme
    strips: tuple[Strip, ...]
    left_out: tuple[LeftOut, ...]
    left_out_left: int
    others: tuple[tuple[str, int], ...]

    @property
    def pictured(self) -> frozenset[str]:
        """Ids of the lesions whose pictures are here, or of which it is said here that they have none."""
        return frozenset(x.id for row in self.rows for x in row.lesions)


def images_with_heart(case: Case) -> list[str]:
    """Ids of the images that show a lesion of heart or great vessels, in the order of the case."""
    with_heart = {x.image for x in case.lesions if x.site in SITES}
    return [image.id for image in case.images if image.id in with_heart]


def hearts(case: Case, settings: HeartPageSettings | None = None) -> tuple[Heart, ...]:
    """Heart and great vessels of each image that shows calcium of them, as far as there is room for."""
    s = settings or HeartPageSettings()
    images = images_with_heart(case)[: s.max_images]
    # Each image has the same room: one with much calcium must not leave another without pictures.
    return tuple(_heart(case, image, s, len(images)) for image in images)


def _heart(case: Case, image: str, s: HeartPageSettings, share: int) -> Heart:
    found = doubts(case, image, s)
    doubtful = frozenset(doubt.lesion.id for doubt in found)
    rows = burdens(case, image, doubtful)
    pixels = case.pixels.get(image)
    first = found[: s.max_first]
    pictures: dict[str, tuple[Picture, Picture]] = {}
    strip: tuple[Strip, ...] = ()
    if isinstance(pixels, Volume):
        chars = s.max_bytes // share
        pictures = pictured_doubts(case, pixels, first, s, Budget(2 * s.max_first, chars // 2))
        used = sum(len(p.src) for pair in pictures.values() for p in pair)
        strip = strips(case, pixels, rows, doubtful, s, Budget(s.max_views // share, chars - used))
    more = found[s.max_first :]
    left_out, others = _left_out(case, image, s)
    return Heart(
        image=image,
        first=tuple(First(doubt, *pictures.get(doubt.lesion.id, (None, None))) for doubt in first),
        more=more[: s.max_first],
        more_left=len(more[s.max_first :]),
        rows=rows,
        vessels=vessels(rows, doubtful),
        scheme=scheme(rows, s),
        strips=strip,
        left_out=left_out[: s.max_left_out],
        left_out_left=len(left_out[s.max_left_out :]),
        others=others,
    )


def _left_out(case: Case, image: str, s: HeartPageSettings) -> tuple[tuple[LeftOut, ...], tuple[tuple[str, int], ...]]:
    """Calcium that may be of the heart one by one, all else by what it was taken for."""
    out = [x for x in case.lesions if x.image == image and not x.counted]
    near = [x for x in out if x.site in SITES or (x.kind in ("calcification", "unknown") and concerns(x, s))]
    listed = tuple(
        LeftOut(x, name_of(x.site, x.structure), visible(x.reason or "no reason is given")) for x in by_weight(near)
    )
    ids = {x.id for x in near}
    counts = Counter(_short(x) for x in out if x.id not in ids)
    return listed, tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: s.max_left_out])


def _short(lesion: Lesion) -> str:
    name = structure_title(lesion.structure) if lesion.site == "unassigned" else name_of(lesion.site, lesion.structure)
    return visible(", ".join(part for part in (lesion.kind, name.lower()) if part))
