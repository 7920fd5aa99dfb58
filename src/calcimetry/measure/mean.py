"""Mean value of a lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_hu"]


def mean_hu(hu: NDArray[Any], inside: NDArray[np.bool_]) -> float | None:
    """Mean [HU] of the voxels inside; ``None`` where there are none.

    >>> mean_hu(np.array([[[100, 200, 999]]]), np.array([[[True, True, False]]]))
    150.0
    """
    values = hu[inside]
    return float(values.mean(dtype=np.float64)) if values.size else None
