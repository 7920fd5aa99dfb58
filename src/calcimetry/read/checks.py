"""What the header and the range of values must make a reader think of: each finding one note, by table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Acquisition
from calcimetry.core.note import Note
from calcimetry.knowledge.load import table
from calcimetry.read.header import Common
from calcimetry.read.limits import plausible_spacing
from calcimetry.read.order import Stack, short_name, unplaced_words
from calcimetry.read.pixels import LOSSY, SYNTAX_NAMES

__all__ = [
    "acquisition",
    "gated",
    "header_notes",
    "hu_known",
    "kernel_character",
    "lossy_words",
    "padding",
    "range_notes",
]


_SAMPLED_SLICES = 16
"""Ours: padding lies on every slice or on none."""


def rules() -> dict[str, Any]:
    """The table ``checks/series``."""
    return table("checks/series")


@cache
def kernel_character(kernel: str | None) -> Literal["soft", "sharp", "unknown"]:
    r"""Whether a reconstruction kernel is soft or sharp, by the table; iterative strength is ignored.

    >>> kernel_character("B30f"), kernel_character("BONE"), kernel_character("I30f\\3"), kernel_character(None)
    ('soft', 'sharp', 'soft', 'unknown')
    """
    if not kernel:
        return "unknown"
    name = kernel.split("\\")[0].strip()
    for row in rules()["kernel"]:
        if name.upper() in row.get("names", ()) or any(re.fullmatch(p, name) for p in row.get("patterns", ())):
            return "soft" if row["character"] == "soft" else "sharp"
    return "unknown"


def gated(common: Common) -> bool | None:
    """Whether the scan followed the heart beat: what the header means by it, or ``None``."""
    known = rules()["gating"]
    technique = common.cardiac_synchronization
    if technique in known["gated"]:
        return True
    if technique in known["not_gated"]:
        return False
    said = " | ".join(t for t in (common.series_description, common.protocol, common.study_description) if t)
    if any(re.search(p, said, re.IGNORECASE) for p in known["no_words"]):
        return False
    if common.heart_rate is not None or common.cardiac_phase is not None:
        return True
    if any(re.search(p, common.scan_options or "", re.IGNORECASE) for p in known["scan_options"]):
        return True
    return True if any(re.search(p, said, re.IGNORECASE) for p in known["yes_words"]) else None


def lossy_words(common: Common) -> str | None:
    """The lossy compression in words, or ``None``."""
    if common.syntax in LOSSY:
        return SYNTAX_NAMES[common.syntax]
    return "compressed with loss before it was stored" if common.lossy_declared else None


def hu_known(stack: Stack) -> bool:
    """Whether rescale makes Hounsfield units of the stored values."""
    common, refused = stack.first.common, rules()["not_hu"]
    if any(s.slope is None or s.intercept is None or s.slope == 0 for s in stack.slices):
        return False
    return common.rescale_type not in refused["rescale_type"] and not set(common.image_type) & set(
        refused["image_type"]
    )


def acquisition(stack: Stack, *, hu: bool) -> Acquisition:
    """How the stack was taken, as core's value."""
    c = stack.first.common
    return Acquisition(
        modality=c.modality,
        kvp=c.kvp,
        thickness_mm=c.thickness_mm,
        kernel=" ".join(c.kernel.split("\\")) if c.kernel else None,
        gated=gated(c),
        contrast_header=c.contrast,
        hu=hu,
        lossy=lossy_words(c),
        study_uid=c.study_uid,
        series_uid=c.series_uid,
        series_number=c.series_number,
        series_description=c.series_description,
        study_date=c.study_date,
        image_type=c.image_type,
        body_part=c.body_part,
        manufacturer=c.manufacturer,
        model=c.model,
        exposure_mas=stack.first.exposure,
        field_of_view_mm=c.reconstruction_diameter_mm,
    )


def header_notes(stack: Stack) -> tuple[Note, ...]:
    """Findings from the header alone."""
    c, notes = stack.first.common, list(stack.notes)
    notes += _spacing_notes(stack)
    if stack.first.position is None or c.orientation is None:
        text = f"{short_name(stack.first)}: {unplaced_words(stack.first)}; no side, no comparison"
        notes.append(Note("position-unknown", text, "caution"))
    notes += _scale_notes(stack)
    notes += _thickness_notes(stack)
    if c.kvp is None:
        text = (
            "the header gives no tube voltage: a threshold that depends on it cannot be chosen; state it if you know it"
        )
        notes.append(Note("kvp-missing", text, "caution"))
    character = kernel_character(c.kernel)
    if character == "sharp":
        text = (
            f"kernel {acquisition_kernel(c)} is sharp: edges overshoot, scores come out higher than with a soft kernel"
        )
        notes.append(Note("kernel-sharp", text, "caution"))
    elif character == "unknown":
        text = f"kernel {acquisition_kernel(c)} is in no table: whether it is soft or sharp is not known"
        notes.append(Note("kernel-unknown", text, "info"))
    if c.contrast:
        notes.append(Note("contrast-named", f"the header names a contrast medium: {c.contrast[:80]}", "caution"))
    if gated(c) is None:
        notes.append(Note("gating-unknown", "the header does not tell whether the scan was ECG-gated", "info"))
    lossy = lossy_words(c)
    if lossy and c.bits_stored <= 8:
        text = f"{lossy}, {c.bits_stored} bits for a CT: grey levels are too coarse to be measured; send the original"
        notes.append(Note("lossy-8-bit", text, "withheld"))
    elif lossy:
        text = f"{lossy}: values near edges and small bright spots have changed; scores may differ from the original's"
        notes.append(Note("lossy", text, "caution"))
    if c.image_type[:1] == ("DERIVED",):
        notes.append(Note("derived", f"made from other images ({' '.join(c.image_type[:4])}), not an original", "info"))
    if c.guess:
        notes.append(
            Note("encoding-guessed", f"the file has no complete head; its encoding was guessed: {c.guess}", "caution")
        )
    return tuple(dict.fromkeys(notes))


def acquisition_kernel(common: Common) -> str:
    """The kernel as one word for a sentence."""
    return "not named" if not common.kernel else " ".join(common.kernel.split("\\"))


def _scale_notes(stack: Stack) -> list[Note]:
    c, notes = stack.first.common, []
    if any(s.slope is None or s.intercept is None for s in stack.slices):
        text = "the header gives no rescale slope and intercept: stored values are not known to be HU; no score"
        notes.append(Note("hu-unknown", text, "withheld"))
    elif any(s.slope == 0 for s in stack.slices):
        notes.append(Note("hu-unknown", "the rescale slope is 0: the values carry no HU; no score", "withheld"))
    elif not hu_known(stack):
        what = c.rescale_type if c.rescale_type in rules()["not_hu"]["rescale_type"] else " ".join(c.image_type)
        text = f"the header says that the values are no HU ({what}): no score"
        notes.append(Note("hu-unknown", text, "withheld"))
    scales = {(s.slope, s.intercept) for s in stack.slices}
    if len(scales) > 1:
        shown = ", ".join(
            f"{slope:g} and {shift:g}"
            for slope, shift in sorted(scales, key=str)[:3]
            if slope is not None and shift is not None
        )
        text = (
            f"{len(scales)} pairs of rescale slope and intercept in one series ({shown}); "
            "each slice was read with its own"
        )
        notes.append(Note("mixed-rescale", text, "caution"))
    return notes


def _spacing_notes(stack: Stack) -> list[Note]:
    c, where = stack.first.common, short_name(stack.first)
    low, high = rules()["plausible"]["spacing_mm"]
    notes = []
    if c.spacing_mm is None:
        shown = (c.spacing_text or "").replace("\\", " x ")[:60] or "no value"
        text = (
            f"{where}: the pixel spacing is not known (found {shown}, "
            f"expected two numbers from {low:g} to {high:g} mm): no length, area or score"
        )
        notes.append(Note("spacing-unknown", text, "withheld"))
    step = stack.geometry.spacing_mm[0]
    if len(stack.slices) > 1 and not plausible_spacing(step):
        text = (
            f"{where}: the step between slices is none of a CT of a body (found {step:.4g} mm, "
            f"expected {low:g} to {high:g} mm): no volume or score"
        )
        notes.append(Note("spacing-implausible", text, "withheld"))
    return notes


def _thickness_notes(stack: Stack) -> list[Note]:
    limits, thickness = rules()["thickness"], stack.first.common.thickness_mm
    if len(stack.slices) == 1:
        text = "one slice only: areas can be measured, volume and score cannot; send the whole series"
        return [Note("single-slice", text, "withheld")]
    step = stack.geometry.spacing_mm[0]
    notes = []
    if thickness is None:
        notes.append(
            Note("thickness-missing", f"the header gives no slice thickness; the step is {step:.2f} mm", "caution")
        )
    else:
        off = abs(thickness - limits["reference_mm"]) > limits["tolerance_mm"]
        if thickness > limits["too_thick_mm"]:
            text = (
                f"slices are {thickness:g} mm thick: small calcifications vanish; "
                "no comparison with scores of 3 mm slices"
            )
            notes.append(Note("thickness-above-5mm", text, "caution"))
        elif thickness > limits["thick_mm"]:
            text = f"slices are {thickness:g} mm thick: scores are lower and less certain than with 3 mm slices"
            notes.append(Note("thickness-above-3mm", text, "caution"))
        elif off:
            text = (
                f"slices are {thickness:g} mm thick, not 3 mm: scores differ from those that published scales rest on"
            )
            notes.append(Note("thickness-not-3mm", text, "caution"))
        if abs(thickness - step) > limits["increment_tolerance"] * max(thickness, step):
            what = "overlap" if step < thickness else "leave gaps between them"
            text = f"slices are {thickness:g} mm thick at steps of {step:.2f} mm: they {what}; volumes use the step"
            notes.append(Note("thickness-not-increment", text, "caution" if step > thickness else "info"))
    return notes


def padding(pixels: NDArray[np.generic], low: float, stack: Stack) -> float | None:
    """The value outside the scanned field, from the header where it occurs, else from the image.

    The image's own lowest value counts as padding where no tissue can have it and many voxels do. Compression with
    loss spreads it: then the highest value that no tissue can have stands for all below.
    """
    limits, first = rules()["range"], stack.first
    if not np.isfinite(low) or low > limits["padding_below_hu"]:
        return None
    sample: NDArray[Any] = pixels[:: max(1, len(pixels) // _SAMPLED_SLICES)]
    if lossy_words(first.common):
        below = sample[sample <= limits["padding_below_hu"]]
        return float(below.max()) if below.size >= limits["padding_share"] * sample.size else None
    named = first.common.padding
    hu = named * (first.slope or 1.0) + (first.intercept or 0.0) if named is not None else None
    if hu is not None and low <= hu <= limits["padding_below_hu"] and bool((sample == hu).any()):
        return float(hu)
    return float(low) if float((sample == low).mean()) >= limits["padding_share"] else None


def range_notes(low: float, high: float, padded: float | None) -> tuple[Note, ...]:
    """Values that no CT of a body has (the padding value itself aside)."""
    limits = rules()["range"]
    too_low = low < limits["lowest_hu"] and not (padded is not None and low >= padded)
    if high < limits["water_above_hu"] or too_low or high > limits["highest_hu"]:
        text = (
            f"values from {low:.0f} to {high:.0f} are no HU of a body (expected air near -1000 and water near 0): "
            "no score"
        )
        return (Note("hu-implausible", text, "withheld"),)
    return ()
