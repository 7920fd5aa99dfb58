"""A DICOM header as the few values that reading needs: what is common to a series, and what is a slice's own.

Values shared by many slices are held once (:class:`Common`), so that a folder of hundreds of thousands of files
costs a few hundred bytes for each.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcimetry.core.errors import DecodingError, HostileInputError
from calcimetry.read.guard import Limits
from calcimetry.read.limits import check_position, check_rescale, plausible_spacing, unit_axes
from calcimetry.read.place import Place
from calcimetry.read.scan import BIG_ENDIAN, DEFLATED, Meta, Scan

if TYPE_CHECKING:
    from calcimetry.read.shot import Shot

__all__ = ["WANTED", "Common", "Header", "Slice", "SliceBuilder", "numbers", "text", "usable_spacing"]

# Elements that differ from slice to slice; all others are the series' own.
SOP_UID, ACQUISITION, INSTANCE, POSITION = 0x00080018, 0x00200012, 0x00200013, 0x00200032
INTERCEPT, SLOPE, EXPOSURE = 0x00281052, 0x00281053, 0x00181152
_OWN = frozenset((SOP_UID, ACQUISITION, INSTANCE, POSITION, INTERCEPT, SLOPE, EXPOSURE))

_SHARED = {
    0x00080005: "charset",
    0x00080008: "image_type",
    0x00080016: "sop_class",
    0x00080020: "study_date",
    0x00080060: "modality",
    0x00080070: "manufacturer",
    0x00081030: "study_description",
    0x0008103E: "series_description",
    0x00081090: "model",
    0x00100010: "patient_name",
    0x00100020: "patient_id",
    0x00100030: "birth_date",
    0x00100040: "sex",
    0x00101010: "age",
    0x00180010: "contrast_agent",
    0x00180012: "contrast_sequence",
    0x00180015: "body_part",
    0x00180022: "scan_options",
    0x00180050: "thickness",
    0x00180060: "kvp",
    0x00181030: "protocol",
    0x00181040: "contrast_route",
    0x00181041: "contrast_volume",
    0x00181060: "trigger_time",
    0x00181088: "heart_rate",
    0x00181100: "reconstruction_diameter",
    0x00181210: "kernel",
    0x00189037: "cardiac_synchronization",
    0x0020000D: "study_uid",
    0x0020000E: "series_uid",
    0x00200011: "series_number",
    0x00200037: "orientation",
    0x00200052: "frame_uid",
    0x00200100: "temporal_position",
    0x00209241: "cardiac_phase",
    0x00280002: "samples",
    0x00280004: "photometric",
    0x00280008: "frames",
    0x00280010: "rows",
    0x00280011: "columns",
    0x00280030: "pixel_spacing",
    0x00280100: "bits_allocated",
    0x00280101: "bits_stored",
    0x00280102: "high_bit",
    0x00280103: "signed",
    0x00280120: "padding",
    0x00281054: "rescale_type",
    0x00282110: "lossy",
    0x00282114: "lossy_method",
}
# A sequence's bytes differ by chance (undefined lengths, private children): only its presence enters the key.
# The trigger time differs from slice to slice and means something only by being there.
_PRESENCE_ONLY = frozenset((0x00180012, 0x00181060))
WANTED = frozenset(_SHARED) | _OWN


_ESCAPES = re.compile(r"\x1b[\x20-\x2f]+[\x30-\x7e]")


def text(value: bytes | None, charset: bytes = b"") -> str | None:
    """One text value, decoded by the file's character set; ``None`` where absent.

    Backslashes inside are kept. Unknown sets and bad bytes never raise: they become replacement characters.
    """
    if value is None:
        return None
    value = value.rstrip(b"\0 ")
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii").strip()
    from pydicom.charset import convert_encodings, decode_bytes, default_encoding

    names = [part.decode("ascii", "replace").strip() for part in charset.rstrip(b"\0 ").split(b"\\")] if charset else []
    try:
        encodings = convert_encodings(names) if any(names) else [default_encoding]
    except (LookupError, ValueError, UserWarning):
        encodings = [default_encoding]
    if encodings == [default_encoding] and not any(names):
        try:
            return value.decode("utf-8").strip()
        except UnicodeDecodeError:
            return value.decode("latin-1").strip()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decoded = decode_bytes(value, encodings, {0x5C, 0x5E, 0x3D})
    # Some codecs leave the sequences that switch between character sets in the text.
    return _ESCAPES.sub("", decoded).strip()


def numbers(value: bytes | None, count: int) -> tuple[float, ...] | None:
    r"""``count`` finite decimal numbers of a DS or IS value, or ``None``.

    >>> numbers(b"0.5\\0.25 ", 2)
    (0.5, 0.25)
    >>> numbers(b"nan", 1) is None
    True
    """
    if not value:
        return None
    parts = value.rstrip(b"\0 ").split(b"\\")
    if len(parts) < count:
        return None
    try:
        found = tuple(float(part) for part in parts[:count])
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


def _number(value: bytes | None) -> float | None:
    found = numbers(value, 1)
    return found[0] if found else None


def _whole(value: bytes | None) -> int | None:
    found = _number(value)
    return int(found) if found is not None and abs(found) < 2**53 else None


@dataclass(frozen=True, slots=True)
class Common:
    """What all slices of a stack share. ``None`` means that the file does not say."""

    syntax: str
    sop_class: str
    modality: str
    image_type: tuple[str, ...]
    study_uid: str | None
    series_uid: str | None
    series_number: int | None
    series_description: str | None
    study_description: str | None
    protocol: str | None
    study_date: str | None
    frame_uid: str | None
    patient_name: str | None
    patient_id: str | None
    birth_date: str | None
    sex: str | None
    age: str | None
    manufacturer: str | None
    model: str | None
    body_part: str | None
    kvp: float | None
    thickness_mm: float | None
    kernel: str | None
    contrast: str | None
    scan_options: str | None
    cardiac_synchronization: str | None
    heart_rate: float | None
    cardiac_phase: float | None
    triggered: bool
    temporal_position: int | None
    reconstruction_diameter_mm: float | None
    samples: int
    photometric: str
    frames: int
    rows: int
    columns: int
    spacing_mm: tuple[float, float] | None
    spacing_text: str | None
    orientation: tuple[float, ...] | None
    orientation_text: str | None
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    padding: int | None
    rescale_type: str | None
    lossy_declared: bool
    guess: str

    @property
    def localizer(self) -> bool:
        """Whether the header calls it a localizer (scout, surview)."""
        return "LOCALIZER" in self.image_type


@dataclass(frozen=True, slots=True)
class Slice:
    """One plane: where its pixels lie and where it lies in the patient."""

    common: Common
    place: Place
    sop_uid: str | None
    instance: int | None
    acquisition: int | None
    position: tuple[float, float, float] | None
    slope: float | None
    intercept: float | None
    exposure: float | None
    offset: int
    length: int
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """What one file holds: its slices or projections, or the reason why it holds none."""

    common: Common | None
    slices: tuple[Slice, ...] = ()
    reason: str = ""
    shots: tuple[Shot, ...] = ()


class SliceBuilder:
    """Turns scanned elements into slices, sharing :class:`Common` between those that agree."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._seen: dict[tuple[object, ...], Common] = {}
        self._same: dict[Common, Common] = {}

    def common(self, meta: Meta, values: Mapping[int, bytes]) -> Common:
        """The shared part; one object for all files that agree in it."""
        key = (
            meta.syntax,
            meta.guess,
            *(
                bool(values.get(tag, b"").strip(b"\0 ")) if tag in _PRESENCE_ONLY else values.get(tag)
                for tag in _SHARED
            ),
        )
        found = self._seen.get(key)
        if found is None:
            made = _common(meta, values)
            found = self._seen[key] = self._same.setdefault(made, made)
        return found

    def intern(self, common: Common) -> Common:
        """The one object for this value."""
        return self._same.setdefault(common, common)

    def slice(self, place: Place, meta: Meta, scanned: Scan) -> Slice:
        """A classic single-frame image.

        Raises
        ------
        DecodingError, HostileInputError
            The pixels cannot be what the header says, or the rescale is none that an image has.
        GeometryError
            The position lies in no room with a scanner.
        """
        common = self.common(meta, scanned.values)
        check_pixels(common, place, meta, scanned, self.limits)
        values = scanned.values
        position = numbers(values.get(POSITION), 3)
        slope, intercept = _number(values.get(SLOPE)), _number(values.get(INTERCEPT))
        check_rescale(slope, intercept, place.name)
        check_position(position, place.name)
        return Slice(
            common,
            place,
            text(values.get(SOP_UID)) or None,
            _whole(values.get(INSTANCE)),
            _whole(values.get(ACQUISITION)),
            (position[0], position[1], position[2]) if position else None,
            slope,
            intercept,
            _number(values.get(EXPOSURE)),
            scanned.pixel_offset,
            scanned.pixel_length,
        )


def check_pixels(common: Common, place: Place, meta: Meta, scanned: Scan, limits: Limits) -> None:
    """Hold what the header promises against the limits and against the bytes that are there."""
    where = place.name
    if not (0 < common.rows <= limits.side and 0 < common.columns <= limits.side):
        raise HostileInputError(
            "the image has an impossible size",
            where=where,
            found=f"{common.rows} rows, {common.columns} columns",
            expected=f"1 to {limits.side}",
        )
    if not 0 < common.frames <= limits.frames:
        raise HostileInputError(
            "the image has an impossible number of frames",
            where=where,
            found=str(common.frames),
            expected=f"1 to {limits.frames}",
        )
    if common.bits_allocated not in (1, 8, 16, 32) or not (
        0 < common.bits_stored <= common.high_bit + 1 <= common.bits_allocated
    ):
        raise DecodingError(
            "the pixels have an impossible depth",
            where=where,
            found=f"{common.bits_stored} bits up to bit {common.high_bit} in {common.bits_allocated}",
            expected="8, 16 or 32 bits allocated",
        )
    if scanned.pixel_length >= 0:
        needed = (common.rows * common.columns * common.frames * common.samples * common.bits_allocated + 7) // 8
        # In a deflated file the length is in the inflated stream; what the file truly holds shows when it is inflated.
        available = (
            scanned.pixel_length
            if meta.syntax == DEFLATED
            else min(scanned.pixel_length, place.size - scanned.pixel_offset)
        )
        if available < needed:
            raise DecodingError(
                "the pixel data are shorter than the image",
                where=where,
                found=f"{available} bytes",
                expected=f"{needed} bytes",
            )


def _date(value: bytes | None) -> str | None:
    raw = (value or b"").rstrip(b"\0 ").decode("ascii", "replace").replace(".", "").strip()
    # Before 1895 there were no X-rays: such dates are placeholders of a de-identification.
    if len(raw) != 8 or not raw.isdigit() or not 1895 <= int(raw[:4]) <= 2200 or not 1 <= int(raw[4:6]) <= 12:
        return None
    return f"{raw[:4]}-{raw[4:6]}-{raw[6:]}" if 1 <= int(raw[6:]) <= 31 else None


def _common(meta: Meta, values: Mapping[int, bytes]) -> Common:
    named = {name: values.get(tag) for tag, name in _SHARED.items()}
    order = ">" if meta.syntax == BIG_ENDIAN else "<"
    charset = named["charset"] or b""

    def words(name: str) -> str | None:
        return text(named[name], charset) or None

    def short(name: str, default: int = 0) -> int:
        value = named[name]
        return int(struct.unpack_from(order + "H", value)[0]) if value and len(value) >= 2 else default

    def positive(name: str) -> float | None:
        found = _number(named[name])
        return found if found is not None and found > 0 else None

    spacing = numbers(named["pixel_spacing"], 2)
    allocated = short("bits_allocated")
    stored = short("bits_stored", allocated)
    signed = short("signed") == 1
    return Common(
        syntax=meta.syntax,
        sop_class=text(named["sop_class"]) or meta.sop_class,
        modality=(text(named["modality"]) or "").upper(),
        image_type=tuple(p.strip().upper() for p in (text(named["image_type"]) or "").split("\\") if p.strip()),
        study_uid=text(named["study_uid"]) or None,
        series_uid=text(named["series_uid"]) or None,
        series_number=_whole(named["series_number"]),
        series_description=words("series_description"),
        study_description=words("study_description"),
        protocol=words("protocol"),
        study_date=_date(named["study_date"]),
        frame_uid=text(named["frame_uid"]) or None,
        patient_name=words("patient_name"),
        patient_id=words("patient_id"),
        birth_date=_date(named["birth_date"]),
        sex=(text(named["sex"]) or "").upper() or None,
        age=text(named["age"]) or None,
        manufacturer=words("manufacturer"),
        model=words("model"),
        body_part=words("body_part"),
        kvp=positive("kvp"),
        thickness_mm=positive("thickness"),
        kernel=words("kernel"),
        contrast=_contrast(named, charset),
        scan_options=words("scan_options"),
        cardiac_synchronization=(text(named["cardiac_synchronization"]) or "").upper() or None,
        heart_rate=positive("heart_rate"),
        cardiac_phase=_number(named["cardiac_phase"]),
        triggered=named["trigger_time"] is not None and bool(named["trigger_time"].strip(b"\0 ")),
        temporal_position=_whole(named["temporal_position"]),
        reconstruction_diameter_mm=positive("reconstruction_diameter"),
        samples=short("samples", 1),
        photometric=(text(named["photometric"]) or "").upper(),
        frames=_frame_count(named["frames"]),
        rows=short("rows"),
        columns=short("columns"),
        spacing_mm=usable_spacing(spacing),
        spacing_text=text(named["pixel_spacing"]),
        orientation=unit_axes(numbers(named["orientation"], 6)),
        orientation_text=text(named["orientation"]),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=short("high_bit", stored - 1 if stored else 0),
        signed=signed,
        padding=_padding(named["padding"], order, allocated, signed),
        rescale_type=(text(named["rescale_type"]) or "").upper() or None,
        lossy_declared=(text(named["lossy"]) or "") == "01",
        guess=meta.guess,
    )


def usable_spacing(spacing: tuple[float, ...] | None) -> tuple[float, float] | None:
    """Row and column pitch, where both may be those of a CT of a body; else it counts as not known."""
    if spacing is None or not all(map(plausible_spacing, spacing)):
        return None
    return spacing[0], spacing[1]


def _frame_count(value: bytes | None) -> int:
    found = _whole(value)
    return 1 if found is None else found


def _contrast(named: Mapping[str, bytes | None], charset: bytes) -> str | None:
    """The contrast fields as one text; ``""`` where they are there and empty, ``None`` where absent."""
    fields = ("contrast_agent", "contrast_route", "contrast_volume")
    if all(named[f] is None for f in fields) and named["contrast_sequence"] is None:
        return None
    parts = [text(named[f], charset) or "" for f in fields]
    if named["contrast_sequence"]:
        parts.append("contrast sequence")
    return ", ".join(p for p in parts if p)


def _padding(value: bytes | None, order: str, allocated: int, signed: bool) -> int | None:
    """The padding value as stored; writers put the unsigned pattern of a signed number, too."""
    if value is None or len(value) < 2 or allocated > 16:
        return None
    found = int(struct.unpack_from(order + ("h" if signed else "H"), value)[0])
    return found
