"""From a body of voxels and a verdict to a lesion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.detect.judge import Verdict, deviations
from calcimetry.detect.parting import Profile
from calcimetry.detect.shape import Shape
from calcimetry.detect.surroundings import Around

__all__ = ["Candidate", "lesion", "numbered"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A body of voxels with all that was measured on it.

    ``start`` and ``bits`` are its mask, ``index`` (n, 3) its voxels, ``hu`` (n,) their values, ``word`` the part of
    the human body around it, ``parted`` what lies before and behind where it was parted from bone, ``rim_share`` how
    much of it lies along a round soft body where it is a strip that leaves bone.
    """

    start: tuple[int, int, int]
    bits: NDArray[np.bool_]
    index: NDArray[np.int64]
    hu: NDArray[np.generic]
    shape: Shape
    around: Around
    word: str
    parted: Profile | None = None
    rim_share: float | None = None


def lesion(
    volume: Volume, candidate: Candidate, verdict: Verdict, *, site: str = "unassigned", structure: str = ""
) -> Lesion:
    """The lesion, not yet numbered."""
    center = candidate.index.mean(axis=0)
    mm = volume.geometry.to_lps_mm(center)
    peak = candidate.index[int(np.argmax(candidate.hu))]
    source = volume.sources[int(peak[0])] if int(peak[0]) < len(volume.sources) else None
    mask = Mask(candidate.start, candidate.bits)
    return Lesion(
        id="",
        image=volume.id,
        label=0,
        kind=verdict.kind,
        center_index=(float(center[0]), float(center[1]), float(center[2])),
        center_mm=(float(mm[0]), float(mm[1]), float(mm[2])),
        bounds_index=(mask.start, mask.stop),
        peak_index=(int(peak[0]), int(peak[1]), int(peak[2])),
        site=site,
        structure=structure or candidate.word,
        confidence=verdict.confidence,
        counted=verdict.reason is None and verdict.kind == "calcification",
        reason=verdict.reason,
        sop_instance_uid=source.sop_instance_uid if source else None,
        instance_number=source.instance_number if source else None,
        evidence=_evidence(candidate),
        mask=mask,
    )


def _evidence(candidate: Candidate) -> dict[str, float]:
    """The numbers behind kind and confidence."""
    shape, around = candidate.shape, candidate.around
    numbers = {
        "cnr": deviations(shape, around),
        "noise_sd_hu": around.noise_sd_hu,
        "background_hu": around.background_hu,
        "peak_hu": shape.peak_hu,
        "mean_hu": shape.mean_hu,
        "voxels": float(shape.voxels),
        "slices": float(shape.slices),
        "piece_mm2": shape.piece_mm2,
        "rim_hu": around.rim_hu,
        "bone_mm": around.bone_mm,
        "wall_share": around.wall_share,
        "gas_share": around.gas_share,
    }
    return {name: round(float(value), 3) for name, value in numbers.items()}


def numbered(lesions: Iterable[Lesion]) -> tuple[Lesion, ...]:
    """Sorted by place, with ids and labels from 1."""
    ordered = sorted(lesions, key=lambda one: (one.center_index, one.bounds_index, one.site, one.structure))
    return tuple(replace(one, id=f"L{n}", label=n) for n, one in enumerate(ordered, start=1))
