"""A thing that is as dense as calcium: what it is, where, how much, how sure. Nothing disappears."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.measurement import Measurement
from calcimetry.core.word import Word

__all__ = ["Alternative", "Kind", "Lesion", "Mask"]

Kind = Literal["calcification", "metal", "bone", "contrast", "artefact", "dust", "marker", "unknown"]


@dataclass(frozen=True, eq=False)
class Mask:
    """Voxels of one lesion: a boolean array cut to its box.

    ``start`` is the index (slice, row, column) of ``bits[0, 0, 0]`` in the image (a projection has slice 0).
    """

    start: tuple[int, int, int]
    bits: NDArray[np.bool_]

    def __post_init__(self) -> None:
        view = self.bits.view()
        view.flags.writeable = False
        object.__setattr__(self, "bits", view)

    @property
    def stop(self) -> tuple[int, int, int]:
        """Index just behind the last voxel on each axis (half open)."""
        k, j, i = (a + n for a, n in zip(self.start, self.bits.shape, strict=True))
        return k, j, i

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The lesion's box, to cut the image with: ``volume.pixels[mask.box][mask.bits]``."""
        k, j, i = (slice(a, b) for a, b in zip(self.start, self.stop, strict=True))
        return k, j, i

    def indices(self) -> NDArray[np.int64]:
        """Indices (n, 3) of the voxels in the image."""
        found: NDArray[np.int64] = np.argwhere(self.bits) + np.array(self.start)
        return found


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another structure that a lesion might belong to."""

    structure: str
    probability: float
    site: str | None = None


@dataclass(frozen=True, eq=False)
class Lesion:
    """One connected thing at least as dense as the threshold.

    ``confidence`` 0 to 1: that it is calcification at all. ``probability``: that it belongs to ``structure``.
    ``counted``: whether it enters its site's scores; if not, ``reason`` says why. ``label`` is its value in the
    label map. ``pattern`` are the words that stand for its form; ``words`` all that were weighed, the likeliest first.
    ``evidence`` holds the numbers behind kind and confidence (``cnr``, ``slices``, ...). ``center_mm`` is ``None`` on a
    projection: its pixels have no place in the patient.
    """

    id: str
    image: str
    label: int
    kind: Kind
    center_index: tuple[float, float, float]
    center_mm: tuple[float, float, float] | None
    bounds_index: tuple[tuple[int, int, int], tuple[int, int, int]]
    peak_index: tuple[int, int, int]
    site: str = "unassigned"
    structure: str = ""
    alternatives: tuple[Alternative, ...] = ()
    probability: float = 1.0
    confidence: float = 0.5
    counted: bool = True
    reason: str | None = None
    sop_instance_uid: str | None = None
    instance_number: int | None = None
    laterality: str | None = None
    pattern: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    measures: dict[str, Measurement] = field(default_factory=dict)
    evidence: dict[str, float] = field(default_factory=dict)
    mask: Mask | None = field(default=None, repr=False)
