"""All features of all pieces of the lesions of one image: one row a piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcimetry.assign.looks import looks
from calcimetry.assign.pieces import cut
from calcimetry.assign.place import place
from calcimetry.assign.tissue import Surroundings
from calcimetry.core.anatomy import Anatomy
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.regions import Regions

__all__ = ["Table", "table"]

F64 = NDArray[np.float64]
Whole = NDArray[np.int64]

_BONE_MM = 30.0
"""Bodies that the search took for bone or an artefact are looked at in pieces of this size [mm]."""


@dataclass(frozen=True, eq=False)
class Table:
    """Features of pieces.

    Parameters
    ----------
    names : tuple of str
        Columns.
    values : (pieces, features) float64
        NaN where a landmark is missing.
    lesion : (pieces,) int64
        Position of the lesion that each belongs to.
    index : tuple of (n, 3) int64
        Voxels of each piece.
    middle_mm : (pieces, 3) float64
    """

    names: tuple[str, ...]
    values: F64
    lesion: Whole
    index: tuple[Whole, ...]
    middle_mm: F64

    def columns(self, names: Sequence[str]) -> F64:
        """The values in another order of columns; those that are not here are NaN."""
        at = {name: n for n, name in enumerate(self.names)}
        out = np.full((len(self.values), len(names)), np.nan)
        for column, name in enumerate(names):
            if name in at:
                out[:, column] = self.values[:, at[name]]
        return out


def table(
    volume: Volume, lesions: Sequence[Lesion], anatomy: Anatomy, body: Regions | None, *, piece_mm: float
) -> Table:
    """Cut lesions into pieces and measure each.

    Parameters
    ----------
    volume : Volume
    lesions : sequence of Lesion
        With masks; those without have no row.
    anatomy : Anatomy
    body : Regions or None
        Body, walls and bone.
    piece_mm : float
        Size of a piece [mm].
    """
    around = Surroundings(volume, anatomy, body)
    rows: list[dict[str, float]] = []
    owner: list[int] = []
    voxels: list[Whole] = []
    for number, lesion in enumerate(lesions):
        if lesion.mask is None or not lesion.mask.bits.any():
            continue
        own = lesion.mask.indices()
        # Only calcium is named by its parts: a rib in pieces would cost time and say nothing.
        whole = lesion.kind in ("bone", "marker", "artefact")
        pieces = cut(own, volume.geometry.spacing_mm, _BONE_MM if whole else piece_mm)
        for piece in range(int(pieces.max()) + 1):
            index = own[pieces == piece]
            rows.append(looks(volume, lesion, index, own) | around.of(index, own))
            owner.append(number)
            voxels.append(index)
    if not rows:
        return Table((), np.zeros((0, 0)), np.zeros(0, dtype=np.int64), (), np.zeros((0, 3)))
    middle = np.asarray(volume.geometry.to_lps_mm(np.array([one.mean(axis=0) for one in voxels])))
    sizes = np.array([float(len(one)) for one in voxels])
    where = place(middle, anatomy, np.array(owner, dtype=np.int64), sizes)
    names = (*where, *rows[0])
    values = np.column_stack([*where.values(), np.array([list(row.values()) for row in rows])])
    return Table(names, values, np.array(owner, dtype=np.int64), tuple(voxels), middle)
