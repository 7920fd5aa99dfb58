"""How large a pixel of a projection is, in which plane, and who says so. Nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from calcimetry.core.note import Note
from calcimetry.knowledge.load import table

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Pitch", "find_pitch", "pitch_note", "stated_pitch"]


@dataclass(frozen=True, slots=True)
class Pitch:
    """Row and column pitch [mm], the plane it holds in, the magnification, and the words for all that."""

    mm: tuple[float, float] | None = None
    plane: Literal["object", "detector"] | None = None
    magnification: float | None = None
    words: str = "the header gives no pixel spacing"


def _pair(value: Any) -> tuple[float, float] | None:
    low, high = table("projections/limits")["plausible"]["pitch_mm"]
    try:
        found = (float(value[0]), float(value[1]))
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return found if all(math.isfinite(v) and low <= v <= high for v in found) else None


def _factor(value: Any) -> float | None:
    low, high = table("projections/limits")["plausible"]["magnification"]
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    # Rounding in the writer: 0.999 is meant as 1.
    return max(found, low) if math.isfinite(found) and low - 0.01 <= found <= high else None


def find_pitch(ds: Dataset, own: Sequence[Dataset], shared: Sequence[Dataset], *, film: bool = False) -> Pitch:
    """The object's pixel pitch, as far as the header carries it.

    Slices of tomosynthesis state it for their own plane. Otherwise: calibrated Pixel Spacing; Imager Pixel Spacing over
    the magnification that is stated, or follows from the distances; the detector's pitch alone; a Pixel Spacing of
    which nobody says in which plane it holds, as the detector's.
    """
    for group in (*own, *shared):
        measures = group.get("PixelMeasuresSequence")
        found = _pair(measures[0].get("PixelSpacing")) if measures else None
        if found:
            return Pitch(found, "object", None, "pixel spacing of the slice's own plane")
    imager = _pair(ds.get("ImagerPixelSpacing"))
    nominal = _pair(ds.get("NominalScannedPixelSpacing"))
    spacing = _pair(ds.get("PixelSpacing"))
    calibration = str(ds.get("PixelSpacingCalibrationType") or "").strip().upper()
    factor, factor_words = _factor(ds.get("EstimatedRadiographicMagnificationFactor")), "the stated magnification"
    if factor is None:
        source, middle = _length(ds.get("DistanceSourceToDetector")), _length(ds.get("DistanceSourceToPatient"))
        if source and middle:
            factor, factor_words = _factor(source / middle), "the distances of detector and patient"
    if spacing and calibration in ("GEOMETRY", "FIDUCIAL"):
        return Pitch(spacing, "object", factor, f"pixel spacing calibrated by {calibration.lower()}")
    if spacing and imager and not _same(spacing, imager):
        # PS3.3, 10.7.1.3: where the two differ, Pixel Spacing has been corrected, by what is not said.
        return Pitch(
            spacing, "object", factor, "pixel spacing that differs from the detector's: calibrated, not said how"
        )
    base, what = (imager, "detector pixel") if imager else (nominal, "scanned film") if nominal else (spacing, "pixel")
    if base is None:
        return Pitch(magnification=factor)
    if factor is not None and (imager or nominal):
        return Pitch(
            (base[0] / factor, base[1] / factor), "object", factor, f"{what} spacing over {factor_words} ({factor:g})"
        )
    if imager or nominal or film:
        return Pitch(base, "detector", factor, f"{what} spacing; the magnification is not stated")
    return Pitch(base, "detector", factor, "pixel spacing of which the header does not say in which plane it holds")


def _length(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and found > 0 else None


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) <= 0.001 * y for x, y in zip(a, b, strict=True))


def stated_pitch(pitch: Pitch, stated_mm: float | None) -> tuple[Pitch, tuple[Note, ...]]:
    """The pitch with what was stated for images that carry none (or only the detector's)."""
    if stated_mm is None:
        return pitch, ()
    if pitch.mm is not None and pitch.plane == "object":
        text = (
            f"the spacing that was stated ({stated_mm:g} mm) is not used: the image carries its own "
            f"({pitch.mm[0]:.4g} mm, {pitch.words})"
        )
        return pitch, (Note("spacing-not-used", text, "caution"),) if not _same(pitch.mm, (stated_mm,) * 2) else ()
    said = Pitch((stated_mm, stated_mm), "object", pitch.magnification, "spacing as stated with --spacing")
    return said, (Note("spacing-stated", f"a pixel is {stated_mm:g} mm because it was stated so", "info"),)


def pitch_note(pitch: Pitch, *, magnified: bool, resolution: str = "") -> tuple[Note, ...]:
    """What a reader must know about the scale of this image."""
    if pitch.mm is None:
        hint = f"; it names a resolution of {resolution} mm, which need not be its pixel" if resolution else ""
        text = (
            f"{pitch.words}{hint}: sizes are in pixels, and what needs millimeters is withheld; state it (--spacing MM)"
        )
        return (Note("scale-unknown", text, "caution"),)
    if pitch.plane == "detector":
        most = table("projections/limits")["plausible"]["contact_magnification"]
        how = (
            "a magnification view without its factor: sizes are too large by an unknown factor"
            if magnified
            else f"sizes come out too large by the magnification (contact views up to {most:g})"
        )
        return (Note("scale-of-detector", f"{pitch.words} ({pitch.mm[0]:.4g} mm): {how}", "caution"),)
    return ()
