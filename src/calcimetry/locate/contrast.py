"""Contrast medium, from the image first: thick bodies brighter than any plain blood, with softer surroundings."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcimetry.core.image import Contrast, Volume
from calcimetry.core.note import Note
from calcimetry.core.regions import Regions
from calcimetry.knowledge.load import table
from calcimetry.locate.coarse import dilated

__all__ = ["ContrastSettings", "contrast", "contrast_note", "contrast_threshold_hu"]

Bits = NDArray[np.bool_]
Array = NDArray[np.float32]

_TRUNK = ("thorax", "abdomen", "pelvis", "neck", "body")
_NOT_GIVEN = re.compile(r"^\W*(|no|none|without|w/?o|n/?a|nil|unknown|false|0)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastSettings:
    """Choices of the contrast check; the cut-offs themselves are rows of ``knowledge/checks/contrast``.

    sample_mm : the image is sampled on about this grid, each sample averaged over its neighbours; so what is bright
        must be thick as well (three samples): catheters, ports and plaque are not.
    """

    sample_mm: float = 4.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the image shows: share of thick bright bodies in the soft tissue inside the trunk, and blood [HU]."""

    share: float
    blood_hu: float | None
    soft_ml: float
    chest: bool


def contrast(volume: Volume, regions: Regions, settings: ContrastSettings = ContrastSettings()) -> Contrast:
    """Whether contrast medium is in the blood.

    Parameters
    ----------
    volume : Volume
    regions : Regions
        From :func:`calcimetry.locate.body` of this volume.
    settings : ContrastSettings

    Returns
    -------
    Contrast
        ``given`` when the image leaves no doubt, or both image and header speak for it; ``suspected`` when one does
        and the other does not decide; ``none`` when plain blood is seen, whatever a protocol is called; ``unknown``
        when neither tells (a head or a limb without a word in the header).
    """
    cuts = table("checks/contrast")
    header = _header(volume.acquisition.contrast_header)
    seen = _look(volume, regions, settings, float(cuts["bright"]["hu"]))
    judged = seen.soft_ml >= float(cuts["least"]["soft_ml"]) and seen.blood_hu is not None
    share = f"{seen.share:.0%} of the soft tissue inside the trunk is thick and above {cuts['bright']['hu']:g} HU"
    blood = f", blood about {seen.blood_hu:.0f} HU" if seen.blood_hu is not None else ""
    if judged and seen.share >= float(cuts["given"]["share"]):
        return Contrast("given", f"{share}{blood} (plain blood: 30 to 60)", seen.blood_hu)
    if judged and seen.share >= float(cuts["suspected"]["share"]):
        return Contrast("given" if header else "suspected", f"{share}{blood}{_says(header)}", seen.blood_hu)
    if judged and seen.chest:
        return Contrast("none", f"plain blood: {share}{blood}{_says(header)}", seen.blood_hu)
    if header:
        return Contrast("suspected", f"the header names {header!r}; the image shows no blood pool to judge by", None)
    if judged:
        return Contrast("none", f"no enhanced vessel or organ: {share}{blood}", seen.blood_hu)
    return Contrast("unknown", "the header is silent and the field shows no blood pool to judge by", None)


def contrast_note(contrast: Contrast) -> Note | None:
    """What a reader must know of the contrast medium; ``withheld`` where a threshold for plain blood does not hold."""
    if contrast.state == "given":
        return Note("contrast-given", f"Contrast medium in the blood: {contrast.reason}.", "withheld")
    if contrast.state == "suspected":
        text = f"Contrast medium suspected: {contrast.reason}; expected plain blood, 30 to 60 HU."
        return Note("contrast-suspected", text, "withheld")
    if contrast.state == "unknown":
        return Note("contrast-unknown", f"Contrast medium not judged: {contrast.reason}.", "info")
    return None


def contrast_threshold_hu(contrast: Contrast) -> float:
    """Threshold below which everything may be contrast medium [HU]; minus infinity without contrast medium."""
    if contrast.state not in ("given", "suspected") or contrast.blood_hu is None:
        return float("-inf")
    return contrast.blood_hu + float(table("checks/contrast")["above_blood"]["hu"])


def _header(text: str | None) -> str:
    return "" if text is None or _NOT_GIVEN.match(text) else text.strip()


def _says(header: str) -> str:
    return f"; the header names {header!r}" if header else "; the header names none"


def _look(volume: Volume, regions: Regions, settings: ContrastSettings, bright_hu: float) -> _Seen:
    nothing = _Seen(0.0, None, 0.0, False)
    if not regions.regions or min(regions.labels.shape) == 0:
        return nothing
    hu, labels, sample_ml = _samples(volume, regions, settings.sample_mm)
    by_name = {region.name: region.label for region in regions.regions}
    trunk = np.isin(labels, [by_name[name] for name in _TRUNK if name in by_name])
    bone = labels == by_name.get("bone", -1)
    box = (1, 3, 3)
    inside = trunk | (bone & dilated(trunk, (1, 7, 7)))
    soft = inside & (hu > -20.0) & (hu < 1000.0)
    enhanced = inside & _pools(hu, bright_hu)
    plain = soft & ~bone & ~enhanced
    bright_ml, soft_ml = float(enhanced.sum()) * sample_ml, float((plain | enhanced).sum()) * sample_ml
    thick = plain & (ndimage.minimum_filter(soft.view(np.uint8), box, mode="nearest") > 0)
    blood = hu[enhanced] if bright_ml > 0.02 * soft_ml else hu[thick]
    chest = any(name in by_name for name in ("lung_left", "lung_right")) and "thorax" in by_name
    # of an enhanced field the brightest pools are blood; of a plain one the middle of all soft tissue is near it
    level = float(np.percentile(blood, 95.0 if bright_ml > 0.02 * soft_ml else 50.0)) if len(blood) else None
    return _Seen(bright_ml / max(soft_ml, 1e-9), level, soft_ml, chest)


def _samples(volume: Volume, regions: Regions, mm: float) -> tuple[Array, NDArray[np.generic], float]:
    """The image on a grid of about ``mm``, each sample the mean of nine in-plane neighbours, and the labels there."""
    steps = [max(1, round(mm / spacing)) for spacing in regions.geometry.spacing_mm]
    shape = regions.labels.shape
    index = [np.arange(min(step // 2, (size - 1) // 2), size, step) for step, size in zip(steps, shape, strict=True)]
    labels = regions.labels[np.ix_(*index)]
    link = np.linalg.inv(volume.geometry.affine) @ regions.geometry.affine
    at = [
        np.clip(np.rint(link[axis, axis] * index[axis] + link[axis, 3]).astype(int), 0, volume.geometry.shape[axis] - 1)
        for axis in range(3)
    ]
    hu = np.zeros(labels.shape, dtype=np.float32)
    pixels, (height, width) = volume.pixels, volume.geometry.shape[1:]
    for dj in (-1, 0, 1):
        for di in (-1, 0, 1):
            rows, columns = np.clip(at[1] + dj, 0, height - 1), np.clip(at[2] + di, 0, width - 1)
            hu += pixels[np.ix_(at[0], rows, columns)]
    hu = ndimage.uniform_filter(np.nan_to_num(hu / 9.0, nan=-1024.0), (1, 3, 3), mode="nearest")
    sample_ml = regions.geometry.voxel_mm3 * float(np.prod(steps)) / 1000.0
    return hu, labels, sample_ml


def _pools(hu: Array, bright_hu: float) -> Bits:
    """Where a pool of blood or an organ is bright: even over three samples, and nothing much harder near by.

    The marrow of a vertebra may be as bright and as even; its cortex lies within three samples.
    """
    low, high = (one(hu, (1, 3, 3), mode="nearest") for one in (ndimage.minimum_filter, ndimage.maximum_filter))
    hardest = ndimage.maximum_filter(hu, (1, 7, 7), mode="nearest")
    return np.asarray((low > bright_hu - 15.0) & (hu > bright_hu) & (high - low < 70.0) & (hardest - hu < 60.0))
