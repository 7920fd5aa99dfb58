"""Images with their geometry and how they were taken. Two types, so that nobody asks a radiograph for mm³."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from calcimetry.core.geometry import Geometry
from calcimetry.core.note import Note

__all__ = ["Acquisition", "Contrast", "Display", "Projection", "ProjectionKind", "SliceSource", "Volume"]


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


ProjectionKind = Literal["mammogram", "tomosynthesis", "synthetic", "radiograph", "picture"]
"""``tomosynthesis``: one slice of it; ``synthetic``: a view computed from slices; ``picture``: nothing but pixels."""


@dataclass(frozen=True, eq=False)
class Display:
    """How the maker meant the values to be shown; nothing is measured through it.

    ``center`` and ``width`` with ``function`` (``linear``, ``linear_exact`` or ``sigmoid``), or ``table``: brightness
    (0 to 1) for the values from ``first`` on. In values of :attr:`Projection.pixels`.
    """

    center: float = 0.0
    width: float = 0.0
    function: Literal["linear", "linear_exact", "sigmoid", "table"] = "linear"
    first: float = 0.0
    table: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Projection:
    """A radiograph or mammogram.

    Parameters
    ----------
    id : str
        ``i1``, ``i2``, ... in the order of the study.
    pixels : (row, column) uint16, int32 or float32
        Behind the modality transformation and before any window; white (high) is dense. Finite. Read-only.
    pixel_mm : (float, float) or None
        Row and column pitch [mm] in the plane that ``scale_plane`` names; ``None`` where unknown.
    scale_plane : str or None
        ``object``: magnification is taken into account; ``detector``: it is not, since nobody states it.
    view, view_modifiers, laterality
        ``CC``, ``MLO``, ``ML``, ``XCCL``, ...; ``magnification``, ``spot``, ``implant_displaced``, ...; ``L``, ``R`` or
        ``B``. As the header says; never guessed.
    intent : str or None
        ``presentation``: processed for the eye; ``processing``: raw, here as 1000 x the logarithm of attenuation where
        the raw values were linear.
    implant : bool or None
        Whether an implant is in the breast.
    magnification : float or None
        Detector to object, where it is stated.
    orientation : (str, str) or None
        Patient direction along a row and down a column (``A``, ``P``, ``L``, ``R``, ``H``, ``F``).
    height_mm : float or None
        Place of a slice of tomosynthesis along the stack [mm].
    padded : (row, column) bool or None
        Where the file itself says that nothing was measured.
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
    kind: ProjectionKind = "radiograph"
    view_modifiers: tuple[str, ...] = ()
    intent: Literal["presentation", "processing"] | None = None
    implant: bool | None = None
    paddle: str | None = None
    magnification: float | None = None
    orientation: tuple[str, str] | None = None
    height_mm: float | None = None
    display: Display | None = None
    padded: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _frozen(self.pixels))
        if self.padded is not None:
            object.__setattr__(self, "padded", _frozen(self.padded))

    @property
    def geometry(self) -> Geometry:
        """The image plane as a grid (1, row, column): millimeters of its own plane, not of the patient.

        Where the pitch is unknown, a pixel counts 1.
        """
        rows, columns = self.pixels.shape
        return Geometry.from_spacing((1, rows, columns), (1.0, *(self.pixel_mm or (1.0, 1.0))))

    @property
    def breast(self) -> bool:
        """Whether it is known to show a breast."""
        return self.kind in ("mammogram", "tomosynthesis", "synthetic")
