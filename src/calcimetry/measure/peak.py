"""Highest value of a lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["peak_hu"]


def peak_hu(hu: NDArray[Any], inside: NDArray[np.bool_]) -> float | None:
    """Maximum [HU] of the voxels inside; ``None`` where there are none.

    >>> peak_hu(np.array([[[10, 250, 999]]]), np.array([[[True, True, False]]]))
    250.0
    """
    values = hu[inside]
    return float(values.max()) if values.size else None
