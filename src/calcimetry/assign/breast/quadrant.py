"""The quadrant that two views tell together: one shows outer or inner, the other upper or lower."""

from __future__ import annotations

import numpy as np

from calcimetry.assign.breast.frame import SeenBreast
from calcimetry.assign.breast.settings import TwoViewSettings
from calcimetry.core.group import Group

__all__ = ["height_mm", "quadrant"]


def quadrant(
    first: SeenBreast, a: Group, second: SeenBreast, b: Group, settings: TwoViewSettings = TwoViewSettings()
) -> str:
    """``upper outer``, ``lower inner`` and so on; empty where the views do not tell, or the group lies near a line."""
    views = {first.family: (first, a), second.family: (second, b)}
    if "from_above" not in views:
        return ""
    above, group = views.pop("from_above")
    ((family, (beside, other)),) = views.items()
    outer, up = above.aside_mm(group), beside.aside_mm(other)
    if outer is None or up is None or abs(outer) < settings.margin_mm:
        return ""
    heights = [up]
    if family == "oblique":
        heights.append(height_mm(up, outer, settings.oblique_degrees))
    if not (min(heights) >= settings.margin_mm or max(heights) <= -settings.margin_mm):
        return ""
    return f"{'upper' if up > 0 else 'lower'} {'outer' if outer > 0 else 'inner'}"


def height_mm(up_mm: float, outer_mm: float, degrees: float) -> float:
    """Height above the nipple behind what an oblique view shows: what lies outside it is shown too high.

    >>> round(height_mm(20.0, 0.0, 45.0), 1), round(height_mm(20.0, 40.0, 45.0), 1)
    (28.3, -11.7)
    """
    turn = np.deg2rad(degrees)
    return float((up_mm - outer_mm * np.sin(turn)) / np.cos(turn))
