"""A made-up chest with calcium in every structure of heart and great vessels, labelled as `assign` labels it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcimetry import phantom
from calcimetry.core.case import Case, ImageInfo, NotAssessed
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Contrast, SliceSource, Volume
from calcimetry.core.lesion import Alternative, Lesion, Mask
from calcimetry.core.measurement import Measurement, Score
from calcimetry.core.regions import Region

from .cases import SCRIPT, SHAPE, SPACING_MM, chest, lesion_of

PARTS = {
    "coronary_artery": ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary"),
    "aorta_thoracic": ("ascending", "arch", "descending"),
    "aortic_valve": (),
    "mitral_annulus": (),
}
SPECS = (
    # site, structure, center (slice, row, column), radius in pixels, HU, counted
    ("coronary_artery", "left_main", (20, 118, 164), 2, 300, True),
    ("coronary_artery", "left_anterior_descending", (19, 112, 172), 4, 620, True),
    ("coronary_artery", "left_anterior_descending", (19, 116, 184), 3, 400, True),
    ("coronary_artery", "left_anterior_descending", (12, 104, 190), 2, 340, True),
    ("coronary_artery", "left_circumflex", (17, 150, 215), 3, 280, True),
    ("coronary_artery", "right_coronary", (16, 128, 124), 4, 410, True),
    ("coronary_artery", "right_coronary", (6, 172, 140), 3, 330, True),
    ("aortic_valve", "", (17, 138, 160), 3, 500, True),
    ("mitral_annulus", "", (13, 160, 196), 5, 500, True),
    ("aorta_thoracic", "descending", (15, 205, 202), 4, 700, True),
    ("pericardium", "", (9, 90, 176), 4, 600, True),
    ("myocardium", "", (8, 140, 190), 3, 350, True),
    ("unassigned", "costal_cartilage", (14, 66, 150), 4, 500, False),
    ("coronary_artery", "right_coronary", (10, 150, 122), 1, 200, False),
    ("unassigned", "vertebra", (14, 222, 160), 6, 600, False),
)
CHANGED = {
    5: {"probability": 0.55, "alternatives": (Alternative("", 0.3, "mitral_annulus"), Alternative("left_main", 0.1))},
    2: {"probability": 0.9, "alternatives": (Alternative("left_circumflex", 0.08),)},
    8: {"probability": 0.82, "alternatives": (Alternative("left_main", 0.15, "coronary_artery"),)},
    13: {"probability": 0.6, "alternatives": (Alternative("right_coronary", 0.35, "coronary_artery"),)},
    14: {"probability": 0.95, "reason": f"under 1 mm² in every slice {SCRIPT}"},
}


def heart_case() -> Case:
    """One gated image; the circumflex lesion is doubtful, and so are the valve's and one that was left out."""
    geometry = Geometry.from_spacing(SHAPE, SPACING_MM, (-112.0, -112.0, -40.0))
    hu = chest()
    lesions = []
    for n, spec in enumerate(SPECS, start=1):
        lesion = replace(
            lesion_of(hu, geometry, n, spec),
            confidence=0.97,
            probability=0.95,
            alternatives=(),
            reason=None if spec[-1] else "bone of the chest wall",
        )
        lesions.append(replace(lesion, kind="calcification", **CHANGED.get(n, {})))
    lesions[-1] = replace(lesions[-1], kind="bone")
    sources = tuple(SliceSource(f"f{k}", f"1.2.826.0.1.{k}", k + 1) for k in range(SHAPE[0]))
    acquisition = Acquisition("CT", kvp=120.0, thickness_mm=3.0, kernel="Br36", gated=True, series_uid="1.2.3")
    info = ImageInfo(
        *("i1", "CT", "1.2.3", "2025-11-03", None, None, 3.0, 24, SHAPE, SPACING_MM, 120.0, "Br36"),
        Contrast("none", "blood measures 41 HU", 41.0),
        gated=True,
        used_for=(*PARTS, "pericardium", "myocardium"),
    )
    return Case(
        images=(info,),
        lesions=tuple(lesions),
        scores=tuple(_scores(lesions)),
        not_assessed=(NotAssessed("aorta_abdominal", "outside the field"),),
        pixels={"i1": Volume("i1", np.rint(hu).astype(np.int16), geometry, acquisition, sources)},
    )


def _scores(lesions):
    for site, parts in PARTS.items():
        for name, unit in (("agatston", "1"), ("volume", "mm3")):
            for part in ("total", *parts):
                mine = [x for x in lesions if x.site == site and x.counted and part in ("total", x.structure)]
                value = sum(x.measures[name].value for x in mine)
                yield Score(name, site, part, "i1", value, unit, (0.9 * value, 1.1 * value))


def person_case(seed: int) -> Case:
    """A drawn person, gated, each lesion named from the truth: what lies above 130 HU within an object's reach."""
    drawn = phantom.person(seed, "gated", matrix=256, often={"left_anterior_descending": 9.0})
    volume, labels = drawn.volume, drawn.regions.labels
    lesions = []
    for one in drawn.regions.regions:
        index = np.argwhere((labels == one.label) & (volume.pixels >= 130))
        if len(index):
            lesions.append(_found(volume, one, index, len(lesions) + 1))
    info = ImageInfo(
        *(volume.id, "CT", None, None, None, None, 3.0, len(volume.pixels), volume.geometry.shape),
        *(volume.geometry.spacing_mm, 120.0, None, Contrast("none", "simulated", 41.0)),
        gated=True,
        used_for=(*PARTS, "pericardium", "myocardium"),
    )
    return Case(images=(info,), lesions=tuple(lesions), pixels={volume.id: volume})


def _found(volume: Volume, one: Region, index: np.ndarray, n: int) -> Lesion:
    start = index.min(axis=0)
    bits = np.zeros(tuple(index.max(axis=0) - start + 1), bool)
    bits[tuple((index - start).T)] = True
    mask = Mask(tuple(int(v) for v in start), bits)
    center = index.mean(axis=0)
    peak = index[int(volume.pixels[tuple(index.T)].argmax())]
    calcium = one.site != "unassigned"
    return Lesion(
        *(f"L{n}", volume.id, n, "calcification" if calcium else "bone"),
        center_index=tuple(float(v) for v in center),
        center_mm=tuple(float(v) for v in volume.geometry.to_lps_mm(center)),
        bounds_index=(mask.start, mask.stop),
        peak_index=tuple(int(v) for v in peak),
        site=one.site,
        structure=one.structure,
        probability=0.95,
        confidence=0.95,
        counted=calcium,
        reason=None if calcium else f"a {one.structure.replace('_', ' ')} is not counted",
        measures={"volume": Measurement(len(index) * volume.geometry.voxel_mm3, "mm3")},
        mask=mask,
    )
