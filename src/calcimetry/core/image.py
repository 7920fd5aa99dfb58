"""Images with their geometry and how they were taken. Two types, so that nobody asks a radiograph for mm³."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from calcimetry.core.geometry import Geometry
from calcimetry.core.note import Note

__all__ = ["Acquisition", "Contrast", "Projection", "SliceSource", "Volume"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Whether contrast medium is in the blood, as far as header and image tell.

    ``none``: the image shows plain blood; ``given``: header and image, or the image beyond doubt;
    ``suspected``: one speaks for it and the other does not decide; ``unknown``: nothing to judge by.
    """

    state: Literal["none", "given", "suspected", "unknown"] = "unknown"
    reason: str = ""
    blood_hu: float | None = None


@dataclass(frozen=True, slots=True)
class SliceSource:
    """Where one plane came from. ``frame`` counts from 0 inside a multi-frame object."""

    file: str = ""
    sop_instance_uid: str | None = None
    instance_number: int | None = None
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How the image was taken; ``None`` means that the file does not say."""

    modality: str
    kvp: float | None = None
    thickness_mm: float | None = None
    kernel: str | None = None
    gated: bool | None = None
    contrast_header: str | None = None
    """The contrast fields of the header as one text; ``""`` where they are there and empty."""
    hu: bool = True
    """Whether stored values become Hounsfield units (rescale given and plausible)."""
    lossy: str | None = None
    """The lossy compression in words, or ``None``."""
    study_uid: str | None = None
    series_uid: str | None = None
    series_number: int | None = None
    series_description: str | None = None
    study_date: str | None = None
    image_type: tuple[str, ...] = ()
    body_part: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    exposure_mas: float | None = None
    field_of_view_mm: float | None = None


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Volume:
    """A stack of parallel, evenly spaced planes.

    Parameters
    ----------
    id : str
        ``i1``, ``i2``, ... in the order of the study.
    pixels : (slice, row, column) int16, int32 or float32
        HU where ``acquisition.hu``; read-only. Integers stay integers.
    geometry : Geometry
    acquisition : Acquisition
    sources : tuple of SliceSource
        One for each plane.
    padding_hu : float or None
        Value outside the scanned field, where the file names one.
    notes : tuple of Note
        What reading found; a note of severity ``withheld`` means that no score may be given for this image.
    """

    id: str
    pixels: NDArray[Any]
    geometry: Geometry
    acquisition: Acquisition
    sources: tuple[SliceSource, ...] = ()
    padding_hu: float | None = None
    notes: tuple[Note, ...] = field(default=())

    def __post_init__(self) -> None:
        if tuple(self.pixels.shape) != self.geometry.shape:
            raise ValueError(f"pixels {self.pixels.shape} and geometry {self.geometry.shape} differ")
        object.__setattr__(self, "pixels", _frozen(self.pixels))


@dataclass(frozen=True, eq=False)
class Projection:
    """A radiograph or mammogram: (row, column), white is dense.

    ``pixel_mm`` is (row, column) pitch in the plane ``scale_plane`` names, or ``None`` where unknown.
    """

    id: str
    pixels: NDArray[Any]
    acquisition: Acquisition
    pixel_mm: tuple[float, float] | None = None
    scale_plane: Literal["object", "detector"] | None = None
    view: str | None = None
    laterality: str | None = None
    sources: tuple[SliceSource, ...] = ()
    notes: tuple[Note, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _frozen(self.pixels))
