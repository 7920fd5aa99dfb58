"""What the views of one breast allow to be said: whole or in part, enlarged or not, with a true lateral or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from calcimetry.core.image import Projection

__all__ = ["WorkUp", "enlarged", "single_slice", "whole", "work_up"]

WorkUp = Literal["screening", "magnification", "complete"]
"""``screening``: no magnification view; ``complete``: magnification and true lateral views."""

_ENLARGED_FROM = 1.3
"""Ours: contact views are at 1.0 to 1.1, magnification views at 1.5 to 2."""
_PARTS = frozenset(
    {"spot", "tangential", "axillary_tail", "axillary_tissue", "cleavage", "inframammary_fold", "anterior_compression"}
)
_SMALL_PADDLES = ("SPOT", "MAG")
_LATERAL = ("ML", "LM")


def enlarged(projection: Projection) -> bool:
    """Whether it is a magnification view, by its code or by the factor that the header states."""
    factor = projection.magnification or 1.0
    return "magnification" in projection.view_modifiers or factor >= _ENLARGED_FROM


def single_slice(projection: Projection) -> bool:
    """Whether it is a slice of tomosynthesis: a group reaches through several."""
    return projection.kind == "tomosynthesis"


def whole(projection: Projection) -> bool:
    """Whether it shows a whole breast: no magnification, spot or special view or paddle, no specimen, no slice."""
    paddle = (projection.paddle or "").upper()
    part = bool(_PARTS & set(projection.view_modifiers)) or projection.view == "specimen"
    part = part or any(word in paddle for word in _SMALL_PADDLES)
    return not (part or enlarged(projection) or single_slice(projection))


def work_up(projections: Iterable[Projection]) -> WorkUp:
    """How far one breast was looked into.

    >>> work_up(())
    'screening'
    """
    taken = list(projections)
    if not any(enlarged(one) for one in taken):
        return "screening"
    return "complete" if any(one.view in _LATERAL for one in taken) else "magnification"
