"""Made-up cases: a rich one that uses every part of the record, with hostile texts, and small ones."""

from __future__ import annotations

import numpy as np

from calcimetry.core.case import Case, ImageInfo, Input, NotAssessed, Provenance, TableUsed
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Contrast, Projection, SliceSource, Volume
from calcimetry.core.lesion import Alternative, Lesion, Mask
from calcimetry.core.measurement import Grade, Measurement, Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.core.study import Skipped, Subject

NAME = "Muster^Erika"
NUMBER = "PAT-90210"
SCRIPT = "<script>alert('x')</script>"
LONG_KERNEL = "Br36f_" + "verylongkernelname" * 12
SPACING_MM = (3.0, 0.7, 0.7)
SHAPE = (24, 320, 320)


def _ellipse(rows, cols, center, radii):
    return ((rows - center[0]) / radii[0]) ** 2 + ((cols - center[1]) / radii[1]) ** 2 <= 1.0


def chest(shape=SHAPE, seed=1) -> np.ndarray:
    """A body with lungs, heart, spine and ribs, in HU, with noise; enough to look like a chest on a picture."""
    rng = np.random.default_rng(seed)
    rows, cols = np.ogrid[: shape[1], : shape[2]]
    r, c = shape[1] / 320, shape[2] / 320
    plane = np.full(shape[1:], -1000.0)
    plane[_ellipse(rows, cols, (165 * r, 160 * c), (112 * r, 150 * c))] = -90
    plane[_ellipse(rows, cols, (165 * r, 160 * c), (103 * r, 140 * c))] = 45
    plane[_ellipse(rows, cols, (160 * r, 85 * c), (78 * r, 52 * c))] = -860
    plane[_ellipse(rows, cols, (160 * r, 235 * c), (78 * r, 52 * c))] = -860
    plane[_ellipse(rows, cols, (140 * r, 170 * c), (62 * r, 58 * c))] = -70
    plane[_ellipse(rows, cols, (145 * r, 172 * c), (54 * r, 50 * c))] = 40
    plane[_ellipse(rows, cols, (222 * r, 160 * c), (24 * r, 24 * c))] = 180
    plane[_ellipse(rows, cols, (222 * r, 160 * c), (17 * r, 17 * c))] = 130
    plane[_ellipse(rows, cols, (205 * r, 190 * c), (14 * r, 14 * c))] = 42
    volume = np.repeat(plane[None], shape[0], axis=0)
    volume += rng.normal(0, 14, shape)
    return volume


LESIONS = (
    # site, structure, center (slice, row, column), radius in pixels, HU, counted
    ("coronary_artery", "left_anterior_descending", (10, 112, 168), 5, 620, True),
    ("coronary_artery", "left_anterior_descending", (12, 118, 178), 3, 340, True),
    ("coronary_artery", "left_circumflex", (12, 150, 215), 3, 280, True),
    ("coronary_artery", "right_coronary", (14, 128, 128), 4, 410, True),
    ("coronary_artery", "left_main", (9, 120, 158), 2, 190, True),
    ("aorta_thoracic", "descending", (15, 205, 202), 4, 700, True),
    ("mitral_annulus", "posterior", (16, 168, 188), 6, 500, True),
    ("unassigned", "thorax", (6, 60, 160), 3, 900, False),
)


def lesion_of(volume: np.ndarray, geometry: Geometry, n: int, spec, image="i1") -> Lesion:
    """Draw a ball into the volume and describe it."""
    site, structure, center, radius, hu, counted = spec
    half = 1
    start = (center[0] - half, center[1] - radius, center[2] - radius)
    k, j, i = np.ogrid[-half : half + 1, -radius : radius + 1, -radius : radius + 1]
    bits = (k / (half + 0.5)) ** 2 + (j / (radius + 0.5)) ** 2 + (i / (radius + 0.5)) ** 2 <= 1.0
    mask = Mask(start, bits)
    volume[mask.box][bits] = hu
    count = int(bits.sum())
    mm3 = count * geometry.voxel_mm3
    agatston = bits.sum() * geometry.pixel_mm2 * (4 if hu >= 400 else 3 if hu >= 300 else 2 if hu >= 200 else 1)
    return Lesion(
        id=f"L{n}",
        image=image,
        label=n,
        kind="calcification" if counted else "metal",
        center_index=tuple(float(x) for x in center),
        center_mm=tuple(float(x) for x in geometry.to_lps_mm(center)),
        bounds_index=(mask.start, mask.stop),
        peak_index=center,
        site=site,
        structure=structure,
        alternatives=(Alternative("left_main", 0.2),) if n == 1 else (),
        probability=0.78 if n == 1 else 0.95,
        confidence=0.97 - 0.05 * n,
        counted=counted,
        reason=None if counted else f"metal: brighter than 800 HU with streaks {SCRIPT}",
        sop_instance_uid=f"1.2.826.0.1.{n}",
        instance_number=center[0] + 1,
        pattern=("cv_plaque",),
        measures={
            "volume": Measurement(mm3, "mm3", (mm3 * 0.9, mm3 * 1.12), "voxels at least 130 HU"),
            "agatston": Measurement(agatston, "1", (agatston * 0.92, agatston * 1.1), "agatston-1990"),
            "mass": Measurement(mm3 * 0.25, "mg", (mm3 * 0.22, mm3 * 0.29), "uncalibrated: factor 0.8 assumed"),
            "area": Measurement(count * geometry.pixel_mm2, "mm2", None, "sum over slices"),
            "peak": Measurement(float(hu), "HU", (hu - 20.0, hu + 20.0), "brightest voxel"),
            "mean": Measurement(hu * 0.9, "HU", None, "mean of voxels"),
            "diameter": Measurement(2 * radius * geometry.spacing_mm[1], "mm", None, "largest in plane"),
            "count": Measurement(1.0, "1", None, "components"),
        },
        evidence={"cnr": np.float64(12.5), "slices": 3, "edge_hu": 250.0},
        mask=mask,
    )


def rich_case(name: str = NAME) -> Case:
    """Two volumes: one scored, one withheld for contrast medium; lesions of several sites; hostile texts."""
    geometry = Geometry.from_spacing(SHAPE, SPACING_MM, (-112.0, -112.0, -40.0))
    hu = chest()
    lesions = tuple(lesion_of(hu, geometry, n, spec) for n, spec in enumerate(LESIONS, start=1))
    sources = tuple(SliceSource(f"f{k}", f"1.2.826.0.1.{k}", k + 1) for k in range(SHAPE[0]))
    plain = Acquisition("CT", kvp=120.0, thickness_mm=3.0, kernel=LONG_KERNEL, gated=True, series_uid="1.2.3")
    first = Volume("i1", np.rint(hu).astype(np.int16), geometry, plain, sources)
    second_shape = (8, 128, 128)
    second_geometry = Geometry.from_spacing(second_shape, (5.0, 1.75, 1.75), (-112.0, -112.0, 0.0))
    enhanced = chest(second_shape, 2)
    enhanced[:, 40:60, 60:76] += 260
    second = Volume(
        "i2", np.rint(enhanced).astype(np.int16), second_geometry, Acquisition("CT", kvp=100.0, series_uid="1.2.4")
    )
    withheld = Note(
        "contrast-given",
        "Blood measures 312 HU; plain blood lies near 40 HU. An Agatston score needs a scan without contrast medium; "
        "a plain series of the same study would settle it.",
        "withheld",
    )
    images = (
        ImageInfo(
            *("i1", "CT", "1.2.3", "2025-11-03", None, None, 3.0, 24, SHAPE, SPACING_MM, 120.0, LONG_KERNEL),
            Contrast("none", "the blood pool measures 41 HU and the header names no agent", 41.0),
            gated=True,
            used_for=("coronary_artery", "aorta_thoracic", "mitral_annulus"),
            notes=(
                Note(
                    "kernel-sharp",
                    "Kernel is sharper than the score was made for; noise counts as calcium more easily.",
                    "caution",
                ),
            ),
            series_description=f"CaSc {SCRIPT} of {name.replace('^', ' ')}",
            manufacturer="SIMULATED",
        ),
        ImageInfo(
            *("i2", "CT", "1.2.4", "2025-11-03", None, None, 5.0, 8, second_shape, (5.0, 1.75, 1.75), 100.0, "B30f"),
            Contrast("given", "blood measures 312 HU, header names an agent", 312.0),
            gated=None,
            used_for=("aorta_thoracic",),
            notes=(withheld,),
            series_description="Thorax with contrast",
        ),
    )
    rule = {
        "rule": "agatston-1990",
        "threshold_hu": 130.0,
        "comparison": ">=",
        "min_area_mm2": 1.0,
        "connectivity": {"in_plane": 8, "in_volume": 26},
        "weight_from_hu": (130, 200, 300, 400),
        "spread": {"siemens": 391.2, "philips": 398.0},
    }
    total = sum(x.measures["agatston"].value for x in lesions if x.site == "coronary_artery")
    scores = []
    for structure in ("total", "left_main", "left_anterior_descending", "left_circumflex", "right_coronary"):
        value = (
            total
            if structure == "total"
            else sum(x.measures["agatston"].value for x in lesions if x.structure == structure)
        )
        interval = (value * 0.93, value * 1.08)
        scores.append(Score("agatston", "coronary_artery", structure, "i1", value, "1", interval, settings=rule))
    scores += [
        Score(
            "volume", "coronary_artery", "total", "i1", 812.4, "mm3", (780.0, 850.0), settings={"threshold_hu": 130.0}
        ),
        Score(
            "mass", "coronary_artery", "total", "i1", 151.2, "mg", (120.0, 190.0), settings={"calibration": "assumed"}
        ),
        Score(
            "agatston",
            "aorta_thoracic",
            "total",
            "i1",
            211.0,
            "1",
            (190.0, 240.0),
            "equivalent",
            "no published rule for this vessel; the coronary rule is used",
            rule,
        ),
        Score(
            "agatston",
            "aorta_thoracic",
            "total",
            "i2",
            None,
            "1",
            None,
            "withheld",
            "contrast medium: blood measures 312 HU",
            rule,
        ),
        Score(
            "volume",
            "aorta_thoracic",
            "total",
            "i2",
            None,
            "mm3",
            None,
            "withheld",
            "contrast medium: blood measures 312 HU",
            {},
        ),
        Score(
            "volume", "mitral_annulus", "total", "i1", 402.0, "mm3", (350.0, 460.0), settings={"threshold_hu": 130.0}
        ),
    ]
    grades = (
        Grade(
            "CAC-DRS",
            "2018",
            "coronary_artery",
            "A3/N3",
            ("agatston",),
            "final",
            "agatston-1990",
            "i1",
            None,
            "severe; three vessels",
        ),
        Grade(
            "percentile-mesa",
            "2006",
            "coronary_artery",
            None,
            ("agatston",),
            "withheld",
            "agatston-1990",
            "i1",
            "the table needs the ethnic group, which is not given; `--subject` can give it",
        ),
    )
    regions = (
        Regions(
            "i1",
            np.zeros((2, 2, 2), np.uint16),
            Geometry.from_spacing((2, 2, 2), (30.0, 60.0, 60.0)),
            (
                Region(1, "heart", None, None, "builtin", 0.93, True),
                Region(2, f"=insert {SCRIPT}", "unassigned", "x", "given", 1.0, False),
            ),
        ),
        Regions("i2", np.zeros((1, 1, 1), np.uint8), Geometry.from_spacing((1, 1, 1), (1, 1, 1)), (Region(1, "body"),)),
    )
    return Case(
        subject=Subject(name, NUMBER, 61.0, "female", None, {"smoker": False, "total_cholesterol_mg_dl": 212.0}),
        images=images,
        regions=regions,
        lesions=lesions,
        scores=tuple(scores),
        grades=grades,
        not_assessed=(
            NotAssessed("kidney_parenchyma", "outside the field"),
            NotAssessed("aortic_valve", "no locator yet; give a region with --regions"),
        ),
        skipped=(
            Skipped(f"/scans/{name.replace('^', '_')}/loc.dcm", "a localizer, not a stack of slices", "localizer"),
            Skipped("notes.txt", "no image", "not-an-image"),
        ),
        notes=(Note("hostile-text", "=cmd|' /C calc'!A0\tnext\nline", "info"),),
        provenance=Provenance(
            {"jobs": 1, "rule": "agatston-1990", "detect": {"threshold_hu": np.float32(130.0)}},
            (TableUsed("scales/cac_drs", "2018", "0" * 64),),
            (Input(f"/scans/{name.replace('^', '_')}", 32, "a" * 64),),
        ),
        study_uid="1.2.840.99",
        pixels={"i1": first, "i2": second},
        seconds={"read": 0.5},
    )


def projection_case() -> Case:
    """A mammogram with one grain."""
    pixels = np.zeros((64, 48), np.uint16)
    mask = Mask((0, 10, 12), np.ones((1, 2, 3), bool))
    lesion = Lesion(
        "L1",
        "i1",
        300,
        "calcification",
        (0.0, 10.5, 13.0),
        (1.3, 1.05, 0.0),
        ((0, 10, 12), (1, 12, 15)),
        (0, 10, 12),
        site="breast",
        structure="total",
        laterality="L",
        mask=mask,
    )
    projection = Projection("i1", pixels, Acquisition("MG"), (0.1, 0.1), "detector", "MLO", "L")
    info = ImageInfo(
        "i1", "MG", "1.2", None, "MLO", "L", None, 1, (64, 48), None, None, None, Contrast(), None, ("breast",)
    )
    return Case(images=(info,), lesions=(lesion,), pixels={"i1": projection})
