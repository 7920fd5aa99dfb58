"""Arteries of the heart in a mask: each stretch belongs to the course, as found from the image, that runs nearest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from calcimetry.core.anatomy import Tube
from calcimetry.locate.masks.settings import MaskSettings

__all__ = ["drawn_to"]

F64 = NDArray[np.float64]

_HALF = 1.5
"""So many cells of 2 mm pull a course half of the way."""


def drawn_to(courses: dict[str, Tube], cells_mm: F64, settings: MaskSettings = MaskSettings()) -> dict[str, Tube]:
    """Courses, drawn to the artery of the mask where it runs beside them.

    Parameters
    ----------
    courses : dict of str to Tube
    cells_mm : (n, 3) float64
        Voxels of the mask (LPS) [mm].
    """
    if not len(cells_mm) or not courses:
        return courses
    cells = np.unique(np.rint(cells_mm / 2.0), axis=0) * 2.0
    # once to come near, once more as what runs nearest has changed
    for aside_mm in (settings.aside_mm, 0.6 * settings.aside_mm):
        far = np.stack([cKDTree(one.points_mm).query(cells)[0] for one in courses.values()])
        owner, near = far.argmin(axis=0), far.min(axis=0) < aside_mm
        courses = {
            name: _drawn(tube, cells[(owner == number) & near], settings)
            for number, (name, tube) in enumerate(courses.items())
        }
    return courses


def _drawn(tube: Tube, cells: F64, settings: MaskSettings) -> Tube:
    count = len(tube.points_mm)
    if not len(cells):
        return tube
    node = cKDTree(tube.points_mm).query(cells)[1]
    weight = np.bincount(node, minlength=count).astype(np.float64)
    pull = np.zeros((count, 3))
    np.add.at(pull, node, cells - tube.points_mm[node])
    step = float(np.median(np.linalg.norm(np.diff(tube.points_mm, axis=0), axis=1))) if count > 1 else 2.0
    sigma = 4.0 / max(step, 0.5)
    smooth = ndimage.gaussian_filter1d(weight, sigma, mode="constant")
    moved = ndimage.gaussian_filter1d(pull, sigma, axis=0, mode="constant") / np.maximum(smooth, 1e-9)[:, None]
    # cells for one node of a course are few where it is drawn finely
    share = smooth / (smooth + _HALF * step / 8.0)
    sd = np.where(share > 0.5, np.minimum(tube.sd_mm, settings.course_sd_mm), tube.sd_mm)
    shown = float(np.mean(share > 0.5))
    sure = round(max(tube.confidence, settings.believed * shown), 2)
    return replace(tube, points_mm=tube.points_mm + share[:, None] * moved, sd_mm=sd, confidence=sure)
