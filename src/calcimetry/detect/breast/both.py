"""Evidence of spots, gathered at both sizes of pixel where the image has the finer one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from calcimetry.detect.breast.field import Field
from calcimetry.detect.breast.settings import SpotSettings
from calcimetry.detect.breast.spot_features import spot_features
from calcimetry.detect.breast.spot_model import BreastModel, SpotModel
from calcimetry.detect.breast.spots import candidates
from calcimetry.imaging.threads import side_by_side

__all__ = ["Seen", "seen"]

F64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Candidates with their evidence, the highest first.

    ``places`` (n, 2) are row and column of the whole image; ``ratio`` the log-likelihood ratio of a small
    calcification, ``piece`` the probability of a piece of a large one, ``z`` the height over the noise.
    """

    places: F64
    ratio: F64
    piece: F64
    z: F64


def seen(field: Field, fine: Field | None, model: BreastModel, settings: SpotSettings) -> Seen:
    """Candidates at about 0.2 mm, and on finer pixels where there are any.

    What is seen at both has the mean of both; what is seen at one size only has ``alone`` less than it says.
    """
    if fine is None or model.fine is None:
        return _at(field, model.usual, settings)
    sizes = ((field, model.usual), (fine, model.fine))
    usual, sharp = side_by_side(lambda size: _at(*size, settings), sizes)
    if len(sharp.ratio) == 0 or len(usual.ratio) == 0:
        return usual
    mm = field.mm / field.step
    away, nearest = cKDTree(sharp.places * mm).query(usual.places * mm, distance_upper_bound=settings.same_mm)
    first = np.full(len(sharp.ratio), -1, np.intp)
    for n in np.flatnonzero(np.isfinite(away))[::-1]:
        first[nearest[n]] = n
    both = np.flatnonzero(first >= 0)
    ratio, piece, z, places = (array.copy() for array in (usual.ratio, usual.piece, usual.z, usual.places))
    ratio -= settings.alone
    mine = first[both]
    ratio[mine] = (usual.ratio[mine] + sharp.ratio[both]) / 2
    piece[mine] = (usual.piece[mine] + sharp.piece[both]) / 2
    places[mine], z[mine] = sharp.places[both], np.maximum(usual.z[mine], sharp.z[both])
    more = np.flatnonzero((first < 0) & (sharp.ratio - settings.alone >= settings.listed_from))
    ratio = np.concatenate([ratio, sharp.ratio[more] - settings.alone])
    z = np.concatenate([z, sharp.z[more]])
    order = np.argsort(-z, kind="stable")
    return Seen(
        np.concatenate([places, sharp.places[more]])[order],
        ratio[order],
        np.concatenate([piece, sharp.piece[more]])[order],
        z[order],
    )


def _at(field: Field, model: SpotModel, settings: SpotSettings) -> Seen:
    """Candidates at one size of pixel."""
    spots = candidates(field, settings)
    ratio, piece = model.evidence(spot_features(field, spots))
    return Seen(field.to_image(spots.index.astype(np.float64)), ratio, piece, spots.z.astype(np.float64))
