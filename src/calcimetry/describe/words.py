"""Words for the form of one particle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.word import Word
from calcimetry.describe.settings import ShapeSettings
from calcimetry.describe.shape import Shape

__all__ = ["particle_words", "weighed"]

_LISTED = 0.02
_BECAUSE = ("diameter_mm", "length_mm", "width_mm", "elongation", "circularity", "hollow", "contrast", "edge_mm")
_MORE = {"br_skin": ("depth_mm",), "br_fine_linear": ("thickness_mm", "filling"), "br_dystrophic": ("roughness",)}
_RINGS = ("br_rim", "br_skin")


def weighed(
    shares: NDArray[np.float64], classes: Sequence[str], shape: Shape, fold: bool, level: float, settings: ShapeSettings
) -> dict[str, float]:
    """Probabilities of a particle's words: what the form alone says, and what place and view allow.

    Parameters
    ----------
    shares : (classes,)
        The fitted model's answer; ``none`` (no calcium) is left out, since detection has decided that.
    shape : Shape
    fold : bool
        Whether it lies in a fold of the skin.
    level : float
        How surely it shows a level on a true lateral; 0 on other views.
    """
    own = {name: float(value) for name, value in zip(classes, shares, strict=True) if name != "none"}
    if shape.ring >= settings.ring_share and shape.values["elongation"] <= settings.ring_elongation:
        _surely_ring(own, settings.ring_sure)
    if not fold and shape.values["depth_mm"] > settings.skin_mm:
        _hand_on(own, "br_skin", "br_rim" if shape.values["hollow"] > 0 else "br_round")
    if own.get("br_suture", 0.0) > settings.suture_most:
        own["br_suture"] = settings.suture_most
    total = sum(own.values()) or 1.0
    own = {name: (1 - level) * value / total for name, value in own.items()}
    if level > 0:
        own["br_milk_of_calcium"] = own.get("br_milk_of_calcium", 0.0) + level
    return own


def _surely_ring(own: dict[str, float], sure: float) -> None:
    """Raise the words for rings to a stated sum; the others share what is left as before."""
    rings = sum(own.get(name, 0.0) for name in _RINGS)
    others = sum(own.values()) - rings
    if rings >= sure * (rings + others) or rings + others <= 0:
        return
    for name in own:
        if name in _RINGS:
            own[name] *= sure / max(rings, 1e-9)
        elif others > 0:
            own[name] *= (1 - sure) / others


def _hand_on(own: dict[str, float], word: str, other: str) -> None:
    own[other] = own.get(other, 0.0) + own.get(word, 0.0)
    own[word] = 0.0


def particle_words(own: dict[str, float], shape: Shape) -> tuple[Word, ...]:
    """Words of one particle, the likeliest first, with the numbers behind each."""

    def because(name: str) -> dict[str, float]:
        return {key: round(shape.values[key], 3) for key in (*_BECAUSE, *_MORE.get(name, ()))}

    made = [Word(name, round(value, 4), because(name)) for name, value in own.items() if value >= _LISTED]
    return tuple(sorted(made, key=lambda word: -word.probability))
