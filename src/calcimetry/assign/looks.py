"""How a piece and its body look: size, form, density, and what the search said of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion

__all__ = ["looks"]

Whole = NDArray[np.int64]


def looks(volume: Volume, lesion: Lesion, index: Whole, own: Whole) -> dict[str, float]:
    """Features of one piece of a lesion.

    Parameters
    ----------
    volume : Volume
    lesion : Lesion
        With the evidence of the search.
    index, own : (n, 3), (m, 3) int64
        Voxels of the piece, and of the whole body.
    """
    spacing = volume.geometry.spacing_mm
    hu = volume.pixels[tuple(index.T)]
    all_hu = volume.pixels[tuple(own.T)]
    voxel = volume.geometry.voxel_mm3
    long = np.ptp(own, axis=0) * spacing + spacing
    evidence = lesion.evidence
    spread = np.cov((own * np.array(spacing)).T) if len(own) > 2 else np.zeros((3, 3))
    axes = np.sqrt(np.maximum(np.linalg.eigvalsh(spread)[::-1], 0.0)) + 0.3
    sd = max(evidence.get("noise_sd_hu", 10.0), 1.0)
    background = evidence.get("background_hu", 40.0)
    return {
        "log_mm3": math.log(len(index) * voxel),
        "log_body_mm3": math.log(len(own) * voxel),
        "peak_hu": math.log(max(float(hu.max()) - 80.0, 10.0)),
        "body_peak_hu": math.log(max(float(all_hu.max()) - 80.0, 10.0)),
        "mean_hu": math.log(max(float(hu.mean()) - 80.0, 10.0)),
        "cnr": math.log(max((float(hu.max()) - background) / sd, 0.5)),
        "tall_mm": math.log(float(long[0])),
        "wide_mm": math.log(float(max(long[1], long[2]))),
        "thin": math.log(float(axes[2] / axes[0])),
        "flat": math.log(float(axes[1] / axes[0])),
        "fill": math.log(max(len(own) * voxel / float(np.prod(long)), 1e-3)),
        "background_hu": background,
        "noise_hu": sd,
        "rim_hu": evidence.get("rim_hu", background),
        "bone_mm": evidence.get("bone_mm", 12.0),
        "wall_share": evidence.get("wall_share", 0.0),
        "gas_share": evidence.get("gas_share", 0.0),
        "confidence": lesion.confidence,
        "metal": 1.0 if lesion.kind == "metal" else 0.0,
        "slice_mm": math.log(spacing[0]),
        "gated": {True: 1.0, False: 0.0, None: 0.5}[volume.acquisition.gated],
    }
