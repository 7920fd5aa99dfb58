"""Places on a view as seen from its nipple: how far behind it, and how far to which side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calcimetry.core.group import Group
from calcimetry.core.image import Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.views import whole

__all__ = ["Family", "SeenBreast"]

Family = Literal["from_above", "oblique", "lateral"]

_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("CC", "FB", "XCCL", "XCCM"), "from_above"),
    **dict.fromkeys(("MLO", "LMO", "SIO", "ISO"), "oblique"),
    **dict.fromkeys(("ML", "LM"), "lateral"),
}
# The usual hanging: the chest walls of both breasts face each other, what is lateral or cranial lies on top.
_USUAL_CHEST = {"L": "left", "R": "right"}


@dataclass(frozen=True, eq=False)
class SeenBreast:
    """One view with what was found in it.

    ``chest`` names the side of the image (``left``, ``right``, ``top``, ``bottom``) at which the chest wall lies,
    ``nipple_index`` is (row, column); both as they were located, ``None`` where they were not.
    """

    projection: Projection
    lesions: tuple[Lesion, ...] = ()
    groups: tuple[Group, ...] = ()
    nipple_index: tuple[float, float] | None = None
    chest: str | None = None

    @property
    def side(self) -> str | None:
        """``L`` or ``R``, where it is known to be one of them."""
        return self.projection.laterality if self.projection.laterality in ("L", "R") else None

    @property
    def family(self) -> Family | None:
        """From which direction a whole breast is seen; ``None`` for views of a part and unknown ones."""
        return _FAMILIES.get(self.projection.view or "") if whole(self.projection) else None

    def offset_mm(self, group: Group) -> tuple[float, float] | None:
        """Down the rows and along them, from the nipple to the middle of a group [mm]."""
        if self.nipple_index is None or self.projection.pixel_mm is None:
            return None
        row_mm, column_mm = self.projection.pixel_mm
        down = (group.center_index[1] - self.nipple_index[0]) * row_mm
        return float(down), float((group.center_index[2] - self.nipple_index[1]) * column_mm)

    def distance_mm(self, group: Group) -> float | None:
        """Distance from the nipple [mm]; much the same in all views of a breast."""
        offset = self.offset_mm(group)
        return None if offset is None else float(np.hypot(*offset))

    def aside_mm(self, group: Group) -> float | None:
        """How far lateral (seen from above) or cranial (else) of the nipple a group lies [mm]; ``None`` if not known.

        The direction is the header's; without one the usual hanging is believed where the chest wall lies as in it.
        """
        offset, toward = self.offset_mm(group), self._toward()
        if offset is None or toward is None or self.chest is None:
            return None
        return toward * (offset[0] if self.chest in ("left", "right") else offset[1])

    def _toward(self) -> int | None:
        """1 where rows (columns, where the chest lies on top or below) run lateral or cranial, -1 against it."""
        upright = self.chest in ("left", "right")
        if self.projection.orientation is not None:
            runs = self.projection.orientation[1 if upright else 0]
            ahead, back = self._letters()
            return 1 if ahead in runs and back not in runs else -1 if back in runs and ahead not in runs else None
        usual = self.side is not None and self.chest == _USUAL_CHEST[self.side] and self.projection.view != "FB"
        return -1 if usual else None

    def _letters(self) -> tuple[str, str]:
        if self.family != "from_above":
            return "H", "F"
        return ("L", "R") if self.side == "L" else ("R", "L")
