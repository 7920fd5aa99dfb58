"""ACR TI-RADS: points and level of a thyroid nodule from its ultrasound words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from calcimetry.explain.doubts import Doubts
from calcimetry.knowledge.load import table

__all__ = ["level", "points"]

_PARTS = ("composition", "echogenicity", "shape", "margin")


def points(parts: Mapping[str, Any]) -> int:
    """All points; every kind of focus is added.

    >>> points({"composition": "solid", "echogenicity": "hypo", "shape": "wider", "margin": "smooth",
    ...         "foci": ["punctate"]})
    7
    """
    published = table("reasoning/neck")["tirads"]
    return sum(published[name][parts[name]] for name in _PARTS) + sum(published["foci"][f] for f in parts["foci"])


def level(parts: Mapping[str, Any], child: bool | None, doubts: Doubts) -> int | None:
    """TR level 1 to 5, or ``None`` where a part is missing or the person is not known to be an adult.

    >>> level({"composition": "mixed", "echogenicity": "iso", "shape": "wider", "margin": "smooth",
    ...        "foci": ["rim"]}, False, Doubts())
    4
    """
    if child is not False:
        who = "under 18 years" if child else "without an age"
        doubts.add("TI-RADS", f"the points and sizes of adults are not used {who}", "age")
        return None
    if missing := [name for name in (*_PARTS, "foci") if parts.get(name) is None]:
        doubts.add("TI-RADS", "without all parts no points are given", *(f"tirads {name}" for name in missing))
        return None
    return bisect_right(table("reasoning/neck")["tirads"]["levels_from"], points(parts))
