"""The word for how a group lies, from the stated limits and from how well each way to lie explains the places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.word import Word
from calcimetry.describe.arrangement import Arrangement
from calcimetry.describe.likelihood import Explained
from calcimetry.describe.model import Classifier

__all__ = ["DISTRIBUTIONS", "DISTRIBUTION_INPUTS", "distribution_inputs", "weighed_distribution"]

F64 = NDArray[np.float64]

DISTRIBUTIONS = ("grouped", "linear", "segmental", "regional", "diffuse")
_NEVER = -20.0
"""Log-likelihood of what was not tried."""
_FAR = 4.5
"""Ours: deviations from what was learned at which the fitted answer counts for nothing; one less, and it counts."""
_WEDGE = (35.0, 0.45)
"""Numbers of a usual wedge, where none was tried."""
DISTRIBUTION_INPUTS = (
    *(f"likelihood_{word}" for word in DISTRIBUTIONS),
    "likelihood_best",
    "cluster_mm",
    "cluster_ratio",
    "line_mm",
    "line_width_mm",
    "line_forks",
    "wedge_mm",
    "wedge_opening",
    "region_mm",
    "region_ratio",
    *(f"count_{word}" for word in DISTRIBUTIONS),
    "members",
    *(f"limits_{word}" for word in DISTRIBUTIONS),
    "extent_mm",
    "axis_ratio",
    "across_mm",
    "share_of_breast",
    "share_of_all",
    "count_of_all",
    "gain",
    "particles",
)
"""What the fitted model takes, in order: log-likelihoods (over the greatest), numbers of the best shape of each kind,
particles each accounts for, what the stated limits say, and the measures of the patch."""


def distribution_inputs(members: int, one: Arrangement, limits: Sequence[Word], found: Explained) -> F64:
    """Inputs of one group.

    Parameters
    ----------
    members : int
        Particles of the group.
    one : Arrangement
        The patch around it.
    limits : sequence of Word
        What the stated limits say of the patch.
    found : Explained
    """
    gains = [found.gain.get(word, _NEVER) for word in DISTRIBUTIONS]
    best = max(gains)
    cluster, line, region = (found.shape[word] for word in ("grouped", "linear", "regional"))
    wedge = tuple(found.shape["segmental"][2:4]) if "segmental" in found.shape else _WEDGE
    said = {word.word: word.probability for word in limits}
    return np.array(
        [
            *(value - best for value in gains),
            best,
            np.log(cluster[2]),
            cluster[3],
            np.log(line[2]),
            np.log(line[3]),
            float(line[5] <= 0.5),
            np.log(wedge[0]),
            np.log(wedge[1]),
            np.log(region[2]),
            region[3],
            *(np.log(found.count.get(word, 3.0)) for word in DISTRIBUTIONS),
            np.log(members),
            *(np.log(max(said.get(word, 0.0), 1e-3)) for word in DISTRIBUTIONS),
            np.log(one.extent_mm + 0.1),
            np.log(max(min(one.ratio, 99.0), 1e-2)),
            np.log(one.across_mm + 0.05),
            one.share_of_breast,
            one.share_of_all,
            np.log(max(one.count_of_all, 0.1)),
            one.gain,
            float(len(one.places_mm)),
        ]
    )


def weighed_distribution(
    members: int, one: Arrangement, limits: tuple[Word, ...], found: Explained, model: Classifier
) -> tuple[Word, ...]:
    """The five words, the likeliest first, with the measures of the patch and how well each explains the places."""
    if not limits:
        return ()
    inputs = distribution_inputs(members, one, limits, found)[None]
    # An image unlike all that was learned from: the stated limits alone.
    trust = float(np.clip(_FAR - model.beyond(inputs)[0], 0.0, 1.0))
    stated = {word.word: word.probability for word in limits}
    fitted = dict(zip(model.classes, model.probabilities(inputs)[0], strict=True))
    shares = {name: trust * float(fitted[name]) + (1 - trust) * stated[name] for name in DISTRIBUTIONS}
    if "segmental" not in found.gain:
        shares["segmental"] = 0.0
    total = sum(shares.values())
    least = min(found.gain.values())
    words = [
        Word(
            name,
            round(float(value) / total, 4),
            {**limits[0].because, "log_likelihood": round(found.gain.get(name, least), 2), "trust": round(trust, 3)},
        )
        for name, value in shares.items()
    ]
    return tuple(sorted(words, key=lambda word: -word.probability))
