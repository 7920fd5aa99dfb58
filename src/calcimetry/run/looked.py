"""What the stages made of one image, before the images of a case are put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from calcimetry.core.case import ImageInfo
from calcimetry.core.group import Group
from calcimetry.core.image import Projection, Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score
from calcimetry.core.regions import Regions
from calcimetry.locate import BreastMap

__all__ = ["Looked", "Progress", "numbered", "timed"]

Progress = Callable[[str, int, int], None]
"""Told of each step: ``(step, done, of)``."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One image after the stages that look at it alone.

    ``looked_at``: sites that were looked for, each with its structures; ``missing``: other sites, each with the reason.
    ``breast``: where everything lies on a mammogram. ``models``: files of fitted numbers that were used.
    """

    image: Volume | Projection = field(repr=False)
    info: ImageInfo
    regions: tuple[Regions, ...] = ()
    lesions: tuple[Lesion, ...] = ()
    groups: tuple[Group, ...] = ()
    scores: tuple[Score, ...] = ()
    looked_at: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    breast: BreastMap | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()


def numbered(looked: list[Looked]) -> list[Looked]:
    """Ids and labels of lesions and ids of groups, unique over all images of the case, in the order of the images."""
    made: list[Looked] = []
    lesions = groups = 0
    for one in looked:
        names = {lesion.id: f"L{n}" for n, lesion in enumerate(one.lesions, start=lesions + 1)}
        renamed = tuple(replace(lesion, id=f"L{n}", label=n) for n, lesion in enumerate(one.lesions, start=lesions + 1))
        grouped = tuple(
            replace(group, id=f"G{n}", lesions=tuple(names[member] for member in group.lesions))
            for n, group in enumerate(one.groups, start=groups + 1)
        )
        made.append(replace(one, lesions=renamed, groups=grouped))
        lesions, groups = lesions + len(renamed), groups + len(grouped)
    return made


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add the wall time of the block to ``seconds[step]``."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[step] = seconds.get(step, 0.0) + time.perf_counter() - start
