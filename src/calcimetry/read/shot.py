"""Header of a radiograph or mammogram as the few values that reading needs. Pixels stay where they lie."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from calcimetry.core.errors import DecodingError, InputError
from calcimetry.core.image import ProjectionKind
from calcimetry.knowledge.load import table
from calcimetry.read.enhanced import data_set
from calcimetry.read.header import Common, Slice, SliceBuilder, check_pixels, text
from calcimetry.read.pitch import Pitch, find_pitch
from calcimetry.read.place import Place
from calcimetry.read.scan import Meta, Scan

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Grey", "Shot", "is_projection", "refusal", "shots"]


@dataclass(frozen=True, slots=True)
class Grey:
    """Everything in the header that says what a stored value means and how it is shown.

    Tables are (first stored value, entries); ``voi_table`` with the bits of its entries behind.
    """

    inverse: bool = False
    doubt: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    modality_table: tuple[int, tuple[int, ...]] | None = None
    center: float | None = None
    width: float | None = None
    function: Literal["linear", "linear_exact", "sigmoid"] = "linear"
    voi_table: tuple[int, tuple[int, ...], int] | None = None
    padding: tuple[int, int] | None = None
    linear: bool = False


@dataclass(frozen=True, slots=True)
class Shot:
    """One projection that could be used."""

    slice: Slice
    kind: ProjectionKind
    grey: Grey
    pitch: Pitch
    view: str | None = None
    modifiers: tuple[str, ...] = ()
    laterality: str | None = None
    intent: Literal["presentation", "processing"] | None = None
    implant: bool | None = None
    paddle: str | None = None
    orientation: tuple[str, str] | None = None
    height_mm: float | None = None
    acquired: str | None = None
    made_from: tuple[str, ...] = ()
    frames: int = 1
    view_unknown: str = ""
    resolution: str = field(default="")

    @property
    def common(self) -> Common:
        """What the header shares with other images of its series."""
        return self.slice.common

    @property
    def place(self) -> Place:
        """Where its bytes lie."""
        return self.slice.place

    def line(self) -> str:
        """What it is, in words: never a name."""
        side = {"L": "left ", "R": "right ", "B": "both sides "}.get(self.laterality or "", "")
        view = self.view or "view not stated"
        more = f", {', '.join(self.modifiers).replace('_', ' ')}" if self.modifiers else ""
        raw = ", raw (for processing)" if self.intent == "processing" else ""
        slices = f", {self.frames} slices" if self.frames > 1 else ""
        return f"{self.kind} {side}{view}{more}{raw}{slices}"


def _rules() -> dict[str, Any]:
    return table("projections/limits")


def is_projection(modality: str, sop_class: str, body_part: str | None) -> bool:
    """Whether an object of this modality is a radiograph, a mammogram or film."""
    used = _rules()["used"]
    if modality in used["modalities"] or sop_class in (*used["mammogram_classes"], used["tomosynthesis_class"]):
        return True
    breast = (body_part or "").upper() in used["breast_body_parts"]
    return breast and modality in used["capture_modalities"]


def refusal(sop_class: str) -> str:
    """Why images of this class are not used, or nothing."""
    return next((str(row["words"]) for row in _rules()["refuse"] if sop_class in row["classes"]), "")


def shots(place: Place, meta: Meta, scanned: Scan, body: bytes, builder: SliceBuilder) -> tuple[Shot, ...]:
    """All frames of one projection object.

    Raises
    ------
    DecodingError, HostileInputError
        The header is damaged or promises pixels that are not there.
    """
    common = builder.common(meta, scanned.values)
    check_pixels(common, place, meta, scanned, builder.limits)
    ds = data_set(place, meta, scanned, body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = tuple(_shots(ds, common, place, scanned))
    except InputError:
        raise
    except Exception as error:  # values are parsed when asked for: whatever a damaged one makes the parser throw
        raise DecodingError(
            "the header of a projection cannot be read", where=place.name, found=str(error)[:200]
        ) from error
    return made


def _shots(ds: Dataset, common: Common, place: Place, scanned: Scan) -> Iterator[Shot]:
    uid = text(scanned.values.get(0x00080018)) or None
    instance = _number(ds.get("InstanceNumber"))
    view, modifiers, unknown = _view(ds)
    kind = _kind(ds, common, view)
    raw = common.sop_class in _rules()["used"]["processing_classes"] or ds.get("PresentationIntentType") == (
        "FOR PROCESSING"
    )
    shown = ds.get("PresentationIntentType") == "FOR PRESENTATION" or kind in ("tomosynthesis", "synthetic")
    groups = list(ds.get("PerFrameFunctionalGroupsSequence") or [])
    shared = list(ds.get("SharedFunctionalGroupsSequence") or [])[:1]
    anatomy = _first(shared, groups[:1], "FrameAnatomySequence")
    side = _word(ds, "ImageLaterality") or _word(ds, "Laterality") or (_word(anatomy, "FrameLaterality"))
    for n in range(common.frames):
        own = groups[n : n + 1]
        yield Shot(
            slice=Slice(
                common,
                place,
                uid,
                int(instance) if instance is not None and common.frames == 1 else n + 1,
                None,
                None,
                None,
                None,
                None,
                scanned.pixel_offset,
                scanned.pixel_length,
                n,
            ),
            kind=kind,
            grey=_grey(ds, (*own, *shared), raw, place.name),
            pitch=find_pitch(ds, own, shared, film=common.sop_class.startswith("1.2.840.10008.5.1.4.1.1.7")),
            view=view,
            modifiers=modifiers,
            laterality=side if side in ("L", "R", "B") else None,
            intent="processing" if raw else "presentation" if shown else None,
            implant={"YES": True, "NO": False}.get(_word(ds, "BreastImplantPresent") or ""),
            paddle=_word(ds, "PaddleDescription"),
            orientation=_orientation(ds),
            height_mm=_height(own, shared),
            acquired=" ".join(filter(None, (_word(ds, "AcquisitionDate"), _word(ds, "AcquisitionTime")))) or None,
            made_from=tuple(str(i.get("ReferencedSOPInstanceUID", "")) for i in ds.get("SourceImageSequence") or []),
            frames=common.frames,
            view_unknown=unknown,
            resolution=str(ds.get("SpatialResolution") or "")[:16],
        )


def _word(ds: Dataset | None, name: str) -> str | None:
    value = ds.get(name) if ds is not None else None
    if value is None or isinstance(value, bytes):
        return None
    return str(value).strip().upper() or None


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _first(*where: Any) -> Dataset | None:
    """First item of a sequence, looked for in several groups; the last argument names it."""
    *groups, name = where
    for items in groups:
        for item in items:
            found = item.get(name)
            if found:
                return found[0]
    return None


def _kind(ds: Dataset, common: Common, view: str | None) -> ProjectionKind:
    used = _rules()["used"]
    if common.sop_class == used["tomosynthesis_class"]:
        flat = common.frames == 1 and set(common.image_type) & set(used["synthetic_types"])
        return "synthetic" if flat else "tomosynthesis"
    breast = (
        common.modality == "MG"
        or common.sop_class in used["mammogram_classes"]
        or (common.body_part or "").upper() in used["breast_body_parts"]
        or view is not None
    )
    if not breast:
        return "radiograph"
    return "synthetic" if set(common.image_type) & set(used["synthetic_types"]) else "mammogram"


def _view(ds: Dataset) -> tuple[str | None, tuple[str, ...], str]:
    """View word, modifiers, and what could not be understood: by code, else by the older short words."""
    rows = table("projections/views")
    view, modifiers, unknown = None, [], ""
    for item in ds.get("ViewCodeSequence") or []:
        code = str(item.get("CodeValue", ""))
        view = next((r["word"] for r in rows["view"] if code in r["codes"]), None)
        unknown = "" if view else str(item.get("CodeMeaning", code))[:60]
        for changed in item.get("ViewModifierCodeSequence") or []:
            code = str(changed.get("CodeValue", ""))
            modifiers += [r["word"] for r in rows["modifier"] if code in r["codes"]]
        break
    spelled = (_word(ds, "ViewPosition") or "").replace("-", " ").replace("_", " ").split()
    breast = (
        _word(ds, "Modality") == "MG" or (_word(ds, "BodyPartExamined") or "") in _rules()["used"]["breast_body_parts"]
    )
    if view is None and spelled and breast:
        view, found = _spelled("".join(spelled), rows) if len(spelled) == 1 else _apart(spelled, rows)
        modifiers += found
        unknown = "" if view else " ".join(spelled)[:60]
    factor = _number(ds.get("EstimatedRadiographicMagnificationFactor"))
    if breast and factor is not None and factor > _rules()["plausible"]["contact_magnification"] * 1.2:
        modifiers.append("magnification")
    return view, tuple(dict.fromkeys(modifiers)), unknown


def _spelled(word: str, rows: dict[str, Any]) -> tuple[str | None, list[str]]:
    """``MCC`` or ``CCID``: a view with a modifier before or behind it."""
    for row in rows["view"]:
        for name in row["spelled"]:
            if word == name:
                return row["word"], []
    for row in rows["view"]:
        for name in row["spelled"]:
            rest = word.removeprefix(name) if word.startswith(name) else word.removesuffix(name)
            for modifier in rows["modifier"]:
                if rest != word and rest in modifier["spelled"]:
                    return row["word"], [modifier["word"]]
    return None, []


def _apart(words: Sequence[str], rows: dict[str, Any]) -> tuple[str | None, list[str]]:
    view = next((r["word"] for w in words for r in rows["view"] if w in r["spelled"]), None)
    return view, [r["word"] for w in words for r in rows["modifier"] if w in r["spelled"]]


def _orientation(ds: Dataset) -> tuple[str, str] | None:
    value = ds.get("PatientOrientation")
    if value is None or isinstance(value, str) or len(value) != 2 or not all(str(v) for v in value):
        return None
    return str(value[0]).upper(), str(value[1]).upper()


def _height(own: Sequence[Dataset], shared: Sequence[Dataset]) -> float | None:
    """Where a slice lies along the normal of its plane."""
    place = _first(own, shared, "PlanePositionSequence")
    turned = _first(own, shared, "PlaneOrientationSequence")
    if place is None or place.get("ImagePositionPatient") is None:
        return None
    position = [float(v) for v in place.ImagePositionPatient]
    axes = [float(v) for v in turned.ImageOrientationPatient] if turned is not None else [1.0, 0, 0, 0, 1.0, 0]
    a, b = axes[:3], axes[3:]
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    found = sum(n * p for n, p in zip(normal, position, strict=True))
    return found if math.isfinite(found) else None


def _grey(ds: Dataset, groups: Sequence[Dataset], raw: bool, where: str) -> Grey:
    from calcimetry.read.grey import modality_table, voi

    photometric, shape = _word(ds, "PhotometricInterpretation"), _word(ds, "PresentationLUTShape")
    inverse, doubt = photometric == "MONOCHROME1", ""
    if shape == "INVERSE" and not inverse:
        inverse, doubt = True, f"{photometric or 'no photometric interpretation'} with the presentation shape INVERSE"
    elif shape == "IDENTITY" and inverse:
        doubt = "MONOCHROME1 with the presentation shape IDENTITY"
    sign = _number(ds.get("PixelIntensityRelationshipSign"))
    if raw and sign in (1, -1):
        # 1: more X rays behind the breast, higher values: dense is low (PS3.3, C.8.11.3.1.2).
        if (sign == 1) != inverse:
            doubt = f"{photometric} with a pixel intensity relationship sign of {sign:g}"
        inverse = sign == 1
    rescale = _first(groups, "PixelValueTransformationSequence") or ds
    slope, intercept = _number(rescale.get("RescaleSlope")), _number(rescale.get("RescaleIntercept"))
    slope = 1.0 if slope is None or slope == 0 else slope
    intercept = 0.0 if intercept is None else intercept
    most = _rules()["plausible"]["highest_slope"]
    if not 1 / most <= abs(slope) <= most or abs(intercept) > most:
        raise DecodingError("the rescale is none that an image has", where=where, found=f"{slope:g} and {intercept:g}")
    center, width, function, shown = voi(_first(groups, "FrameVOILUTSequence") or ds, where)
    padding = _number(ds.get("PixelPaddingValue"))
    limit = _number(ds.get("PixelPaddingRangeLimit"))
    ends = None if padding is None else (int(padding), int(padding if limit is None else limit))
    return Grey(
        inverse=inverse,
        doubt=doubt,
        slope=slope,
        intercept=intercept,
        modality_table=modality_table(ds, where),
        center=center,
        width=width,
        function=function,
        voi_table=shown,
        padding=(min(ends), max(ends)) if ends else None,
        linear=raw and (_word(ds, "PixelIntensityRelationship") in ("LIN", None)),
    )
