"""How many: pieces that a rule counts, slice by slice or body by body."""

from __future__ import annotations

import numpy as np

from calcimetry.measure.pieces import Pieces

__all__ = ["count_of"]


def count_of(pieces: Pieces) -> int:
    """Pieces (for a rule in 3-D: bodies) that meet the minimum of the rule [1]."""
    return len(np.unique(pieces.object[pieces.kept]))
