"""Multi-frame CT: each frame becomes a slice with the geometry and rescale of its functional groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from calcimetry.core.errors import DecodingError, HostileInputError
from calcimetry.read.header import Header, Slice, SliceBuilder, check_pixels, usable_spacing
from calcimetry.read.limits import check_position, check_rescale, unit_axes
from calcimetry.read.place import Place
from calcimetry.read.scan import BIG_ENDIAN, DEFLATED, IMPLICIT, Meta, Scan

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["ENHANCED", "data_set", "frames"]

ENHANCED = frozenset(("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"))
"""Enhanced CT and legacy converted enhanced CT."""


def data_set(place: Place, meta: Meta, scanned: Scan, body: bytes) -> Dataset:
    """The header as a pydicom data set, up to the pixel data, sequences included.

    Raises
    ------
    HostileInputError
        Nested deeper than can be followed.
    DecodingError
        Damaged.
    """
    import warnings

    from pydicom.filereader import read_dataset

    stop = scanned.pixel_head if scanned.pixel_head >= 0 else len(body)
    start = 0 if meta.syntax == DEFLATED else meta.start
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read_dataset(BytesIO(body[start:stop]), meta.syntax == IMPLICIT, meta.syntax != BIG_ENDIAN)
    except RecursionError as error:
        raise HostileInputError("sequences are nested too deep", where=place.name) from error
    except Exception as error:  # whatever a damaged header makes the parser throw
        raise DecodingError("the header cannot be read", where=place.name, found=str(error)[:200]) from error


def frames(place: Place, meta: Meta, scanned: Scan, body: bytes, builder: SliceBuilder) -> Header:
    """All frames of one multi-frame object.

    Raises
    ------
    DecodingError, HostileInputError
        The frames' descriptions do not fit the number of frames or the pixels.
    """
    whole = builder.common(meta, scanned.values)
    check_pixels(whole, place, meta, scanned, builder.limits)
    ds = data_set(place, meta, scanned, body)
    try:
        groups = list(ds.get("PerFrameFunctionalGroupsSequence") or [])
        shared = list(ds.get("SharedFunctionalGroupsSequence") or [])[:1]
        if not groups and whole.frames == 1 and "ImagePositionPatient" in ds:
            return Header(whole, (builder.slice(place, meta, scanned),))
        if not groups:
            return Header(None, reason="a multi-frame object that gives no position for each frame")
        if len(groups) != whole.frames:
            raise DecodingError(
                "the frames are not described one by one",
                where=place.name,
                found=f"{len(groups)} descriptions",
                expected=f"{whole.frames}",
            )
        uid = str(ds.get("SOPInstanceUID", "")) or None
        model = Slice(whole, place, uid, None, None, None, None, None, None, scanned.pixel_offset, scanned.pixel_length)
        made = [_frame(group, shared, model, n, builder) for n, group in enumerate(groups)]
    except (AttributeError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise DecodingError(
            "the description of a frame cannot be read", where=place.name, found=str(error)[:200]
        ) from error
    return Header(made[0].common, tuple(made))


def _frame(group: Dataset, shared: Sequence[Dataset], whole: Slice, n: int, builder: SliceBuilder) -> Slice:
    def find(sequence: str, name: str) -> Any:
        for where in (group, *shared):
            items = where.get(sequence)
            if items and items[0].get(name) is not None:
                return items[0].get(name)
        return None

    def number(sequence: str, name: str) -> float | None:
        found = find(sequence, name)
        return float(found) if found is not None and found != "" else None

    def triple(sequence: str, name: str, count: int) -> tuple[float, ...] | None:
        found = find(sequence, name)
        return tuple(float(v) for v in found) if found is not None and len(found) == count else None

    own = whole.common
    spacing = triple("PixelMeasuresSequence", "PixelSpacing", 2)
    position = triple("PlanePositionSequence", "ImagePositionPatient", 3)
    turned = triple("PlaneOrientationSequence", "ImageOrientationPatient", 6)
    slope = number("PixelValueTransformationSequence", "RescaleSlope")
    intercept = number("PixelValueTransformationSequence", "RescaleIntercept")
    check_rescale(slope, intercept, whole.place.name)
    check_position(position, whole.place.name)
    kind = find("CTImageFrameTypeSequence", "FrameType")
    kernel = find("CTReconstructionSequence", "ConvolutionKernel")
    time_point = number("FrameContentSequence", "TemporalPositionIndex")
    acquisition = number("FrameContentSequence", "FrameAcquisitionNumber")
    common = builder.intern(
        replace(
            own,
            spacing_mm=usable_spacing(spacing) if spacing else own.spacing_mm,
            spacing_text="\\".join(map(str, spacing)) if spacing else own.spacing_text,
            orientation=unit_axes(turned) if turned else own.orientation,
            orientation_text="\\".join(f"{v:g}" for v in turned) if turned else own.orientation_text,
            thickness_mm=number("PixelMeasuresSequence", "SliceThickness") or own.thickness_mm,
            kvp=number("CTXRayDetailsSequence", "KVP") or own.kvp,
            kernel=str(kernel) if kernel else own.kernel,
            image_type=tuple(str(v).upper() for v in kind) if kind else own.image_type,
            rescale_type=str(find("PixelValueTransformationSequence", "RescaleType") or "").upper() or own.rescale_type,
            reconstruction_diameter_mm=number("CTReconstructionSequence", "ReconstructionDiameter")
            or own.reconstruction_diameter_mm,
            cardiac_phase=number("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase"),
            temporal_position=int(time_point) if time_point is not None else own.temporal_position,
        )
    )
    return replace(
        whole,
        common=common,
        instance=n + 1,
        acquisition=int(acquisition) if acquisition is not None else None,
        position=(position[0], position[1], position[2]) if position else None,
        slope=slope,
        intercept=intercept,
        exposure=number("CTExposureSequence", "ExposureInmAs"),
        frame=n,
    )
