"""Intraclass correlation of readers or scans that are a sample of many: absolute agreement, single measure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["icc_2_1"]


def icc_2_1(ratings: ArrayLike) -> float:
    """ICC(2,1): two-way random effects, absolute agreement, single measure [1].

    Parameters
    ----------
    ratings : (subject, rater) array
        Complete; at least two of each.

    Raises
    ------
    ValueError
        Too few rows or columns, a missing value, or no variance at all.

    References
    ----------
    Shrout, Fleiss, Psychol Bull 1979; their example gives 0.29.

    >>> table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(icc_2_1(table), 2)
    0.29
    """
    x = np.asarray(ratings, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2 or not np.isfinite(x).all():
        raise ValueError(f"a complete table of subjects by raters is needed, found shape {x.shape}")
    n, k = x.shape
    of_subjects, of_raters, grand = x.mean(axis=1), x.mean(axis=0), x.mean()
    subjects = k * float(((of_subjects - grand) ** 2).sum()) / (n - 1)
    raters = n * float(((of_raters - grand) ** 2).sum()) / (k - 1)
    rest = x - of_subjects[:, None] - of_raters[None, :] + grand
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    whole = subjects + (k - 1) * error + k * (raters - error) / n
    if not whole > 0:
        raise ValueError("all ratings are the same: an intraclass correlation is not defined")
    return float((subjects - error) / whole)
