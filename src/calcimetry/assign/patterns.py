"""Words for the form of calcium where a rule reads them: a closed ring of the ascending aorta, lines and plates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.anatomy import Anatomy, Tube
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion

__all__ = ["PatternSettings", "with_patterns"]

F64 = NDArray[np.float64]

_BINS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSettings:
    """Choices behind the words.

    Parameters
    ----------
    level_mm : float
        Calcium within this length of the vessel is one level [mm].
    ring_share : float
        A ring is closed when so much of the circumference is calcified at one level: all quadrants, with gaps that are
        smaller than a quadrant is wide (Snow 2018 asks for all quadrants at any level).
    dot_mm3 : float
        Smaller ones are dots: no word for their form [mm³].
    line : float
        A line is so many times as long as it is thick.
    """

    level_mm: float = 8.0
    ring_share: float = 0.85
    dot_mm3: float = 20.0
    line: float = 4.0


def with_patterns(
    volume: Volume, lesions: Sequence[Lesion], anatomy: Anatomy, settings: PatternSettings = PatternSettings()
) -> tuple[Lesion, ...]:
    """The lesions with words of form in ``pattern`` where they can be told.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        Named.
    anatomy : Anatomy
        With the tube of the ascending aorta.
    settings : PatternSettings
    """
    ascending = anatomy.tubes.get("ascending")
    wall = [n for n, one in enumerate(lesions) if one.counted and one.structure == "ascending" and one.mask is not None]
    ring = set() if ascending is None else _ring(volume, lesions, wall, ascending, settings)
    out = []
    for number, one in enumerate(lesions):
        words = ("rim",) if number in ring else _form(volume, one, settings)
        out.append(replace(one, pattern=tuple(dict.fromkeys((*one.pattern, *words)))) if words else one)
    return tuple(out)


def _ring(
    volume: Volume, lesions: Sequence[Lesion], wall: Sequence[int], tube: Tube, settings: PatternSettings
) -> set[int]:
    """Which lesions of the ascending aorta are part of a closed ring."""
    if not wall or len(tube.points_mm) < 2:
        return set()
    points: list[F64] = []
    owner: list[int] = []
    for number in wall:
        mask = lesions[number].mask
        assert mask is not None
        mm = np.asarray(volume.geometry.to_lps_mm(mask.indices()))
        points.append(mm)
        owner += [number] * len(mm)
    mm, of = np.concatenate(points), np.array(owner)
    away = ((mm[:, None] - tube.points_mm[None]) ** 2).sum(axis=2)
    nearest = away.argmin(axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1))])
    level = (along[nearest] // settings.level_mm).astype(np.int64)
    out = mm - tube.points_mm[nearest]
    # The ascending aorta runs upward: the angle in the plane of the image is that around it.
    turn = ((np.arctan2(out[:, 1], out[:, 0]) / (2 * np.pi) % 1.0) * _BINS).astype(np.int64) % _BINS
    found: set[int] = set()
    for one in np.unique(level):
        here = level == one
        full = np.zeros(_BINS, dtype=bool)
        full[turn[here]] = True
        if (full | np.roll(full, 1) | np.roll(full, -1)).mean() >= settings.ring_share and full.mean() >= 0.6:
            found |= set(of[here].tolist())
    return found


def _form(volume: Volume, lesion: Lesion, settings: PatternSettings) -> tuple[str, ...]:
    """A line or a plate along a wall, for heart muscle and pericardium."""
    if lesion.site not in ("myocardium", "pericardium") or not lesion.counted or lesion.mask is None:
        return ()
    index = lesion.mask.indices()
    if len(index) < 8 or len(index) * volume.geometry.voxel_mm3 < settings.dot_mm3:
        return ()
    spread = np.cov((index * np.array(volume.geometry.spacing_mm)).T)
    thin, middle, long = np.sqrt(np.maximum(np.linalg.eigvalsh(spread), 0.05))
    if long < settings.line * thin:
        return ("coarse",)
    return ("curvilinear",) if middle < 0.5 * long else ("plaque_like",)
