"""How the particles of a group lie: diffuse, regional, grouped, linear or segmental."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.word import Word
from calcimetry.describe.arrangement import Arrangement
from calcimetry.describe.branches import forked
from calcimetry.describe.settings import DistributionSettings
from calcimetry.knowledge.load import table

__all__ = ["TABLE", "distribution"]

F64 = NDArray[np.float64]
TABLE = "projections/distribution"


@dataclass(frozen=True, slots=True)
class _Way:
    """An arrangement as seen from the nipple: angle of its long axis with the way there [degrees], spread on that way
    over the spread across it, and how much it widens away from the nipple (a correlation).
    """

    degrees: float
    ratio: float
    widening: float


def distribution(
    one: Arrangement, nipple_mm: tuple[float, float] | None, settings: DistributionSettings
) -> tuple[Word, ...]:
    """The five words, the likeliest first; empty where there are too few particles.

    Parameters
    ----------
    one : Arrangement
    nipple_mm : (float, float) or None
        Row and column; without it nothing is segmental.
    settings : DistributionSettings
    """
    if len(one.places_mm) < settings.least:
        return ()
    way = _way(one, nipple_mm)
    line = _line(one, settings)
    large = _soft(one.extent_mm, float(table(TABLE)["regional"]["from_mm"]), 1.5)
    segment = _segment(way, settings) * _soft(one.extent_mm, settings.segment_mm, 1.5)
    wide = _soft(one.share_of_breast, settings.diffuse_share, 0.06)
    # Sparse particles all over the breast: this group is a chance meeting of some of them.
    thin = _soft(one.share_of_all, settings.diffuse_share, 0.06) * _soft(-one.gain, -settings.least_gain, 1.5)
    diffuse = max(wide, thin) * _soft(one.count_of_all, settings.diffuse_least, 1.5)
    shares = {
        "diffuse": diffuse,
        "linear": (1 - diffuse) * line,
        "segmental": (1 - diffuse) * (1 - line) * segment,
        "regional": (1 - diffuse) * (1 - line) * (1 - segment) * large,
        "grouped": (1 - diffuse) * (1 - line) * (1 - segment) * (1 - large),
    }
    numbers = _because(one, way)
    words = [Word(name, round(value, 4), numbers) for name, value in shares.items()]
    return tuple(sorted(words, key=lambda word: -word.probability))


def _soft(value: float, limit: float, width: float) -> float:
    """How sure it is that a value that is known to ``width`` lies above a limit."""
    return float(1 / (1 + np.exp(-np.clip((value - limit) / width, -30, 30))))


def _line(one: Arrangement, settings: DistributionSettings) -> float:
    """How surely the particles lie along a line; few particles have to be further from a cloud."""
    margin = settings.axis_margin / np.sqrt(max(len(one.places_mm) - 2, 1))
    longer = _soft(np.log(max(one.ratio, 1e-6)), np.log(settings.axis_ratio) + margin, 0.15)
    straight = longer * _soft(-one.across_mm, -settings.line_mm, 0.12)
    share, spare, span = forked(one.places_mm, settings.fork_mm)
    fork = _soft(share, settings.fork_share, 0.03) * _soft(spare, settings.fork_least, 0.5)
    return max(straight, fork * _soft(span, settings.fork_span_mm, 1.0))


def _way(one: Arrangement, nipple_mm: tuple[float, float] | None) -> _Way | None:
    if nipple_mm is None:
        return None
    way = np.array(nipple_mm) - one.places_mm.mean(axis=0)
    far = float(np.hypot(*way))
    if far < 1e-6 or len(one.places_mm) < 4:
        return None
    way /= far
    off = one.places_mm - one.places_mm.mean(axis=0)
    t, side = -(off @ way), off @ np.array([-way[1], way[0]])
    # The wedge's own axis may point a little past the nipple: its width is taken across that axis.
    slope = float(np.clip((t @ side) / max(t @ t, 1e-9), -0.4, 0.4))
    side = side - slope * t
    degrees = float(np.degrees(np.arccos(np.clip(abs(one.axis @ way), 0, 1))))
    ratio = float(t.std() / max(side.std(), 1e-6))
    widens = float(np.corrcoef(t, np.abs(side))[0, 1]) if side.std() > 0 and t.std() > 0 else 0.0
    return _Way(degrees, ratio, widens)


def _segment(way: _Way | None, settings: DistributionSettings) -> float:
    """How much an arrangement that is no line looks like a segment."""
    if way is None:
        return 0.0
    longer = (np.log(max(way.ratio, 1e-6)) - np.log(settings.segment_ratio)) / 0.12
    wider = (way.widening - settings.widening) / 0.25
    toward = _soft(-way.degrees, -settings.nipple_degrees, 4.0)
    return toward * _soft(float(np.clip(longer, -6, 6) + np.clip(wider, -3, 3)), 0.0, 1.0)


def _because(one: Arrangement, way: _Way | None) -> dict[str, float]:
    out = {
        "count": float(len(one.places_mm)),
        "extent_mm": round(one.extent_mm, 2),
        "axis_ratio": round(min(one.ratio, 99.0), 2),
        "across_mm": round(one.across_mm, 2),
        "share_of_breast": round(one.share_of_breast, 3),
        "link_mm": one.link_mm,
        "gain": round(one.gain, 2),
    }
    if way is not None:
        out |= {
            "nipple_degrees": round(way.degrees, 1),
            "nipple_ratio": round(min(way.ratio, 99.0), 2),
            "widening": round(way.widening, 2),
        }
    return out
