"""A simulated mammogram with its truth as if it had been found: groups, rings, an artery, a marker, less sure spots."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from calcimetry import phantom
from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.geometry import Geometry
from calcimetry.core.group import Group
from calcimetry.core.image import Contrast
from calcimetry.core.lesion import Lesion, Mask
from calcimetry.core.measurement import Grade, Measurement, Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.core.study import Subject
from calcimetry.core.word import Word
from calcimetry.phantom.breast.mammogram import Contents

from .cases import NAME, NUMBER, SCRIPT

FORMS = (Word("br_fine_pleomorphic", 0.62), Word("br_amorphous", 0.3), Word("br_round", 0.08))
LIES = (Word("grouped", 0.95), Word("linear", 0.05))


@cache
def simulated():
    """One film of the right breast with two groups (a second or two to make)."""
    contents = Contents(groups=2, pattern="br_fine_pleomorphic", distribution="grouped", view="MLO")
    made = phantom.mammogram(11, "film-200", contents)
    assert made.projection.laterality == "R"
    assert len(made.groups) == 2
    return made


def view(image: str, laterality: str, name: str, first: int = 0, spacing: bool = True) -> Case:
    """The film as one view of a breast; ``first``: number of lesions and groups before it."""
    made = simulated()
    flip = laterality == "L"
    pixels = made.projection.pixels[:, ::-1] if flip else made.projection.pixels
    labels = made.labels[:, ::-1] if flip else made.labels
    mm = made.projection.pixel_mm if spacing else None
    projection = replace(
        made.projection, id=image, pixels=np.ascontiguousarray(pixels), laterality=laterality, view=name, pixel_mm=mm
    )
    lesions, names = [], {}
    for number, particle in enumerate(made.particles, start=first + 1):
        lesion = _lesion(image, labels, particle, number, laterality, mm)
        if lesion is not None:
            lesions.append(lesion)
            names[particle.id] = lesion.id
    groups = []
    for number, one in enumerate(made.groups, start=first + 1):
        members = [x for x in lesions if x.id in {names.get(p) for p in one.particles}]
        groups.append(_group(f"G{number}", image, members, laterality, reported=True))
    near = [x for x in lesions if x.id not in {m for g in groups for m in g.lesions}][:2]
    groups.append(_group(f"G{first + len(groups) + 1}", image, near, laterality, reported=False))
    info = ImageInfo(
        *(image, "MG", f"1.2.{image}", "2026-01-05", name, laterality, None, 1, (1, *projection.pixels.shape), mm),
        *(28.0, None, Contrast(), None, ("breast",), (Note("lossy-projection", f"squeezed {SCRIPT}", "caution"),)),
        series_description=f"screening {SCRIPT}",
    )
    count = float(sum(x.counted for x in lesions))
    return Case(
        images=(info,),
        regions=(_regions(image, made, flip),),
        lesions=tuple(lesions),
        groups=tuple(groups),
        scores=(Score("count", "breast", "total", image, count, "1"),),
        pixels={image: projection},
    )


def _lesion(image, labels, particle, number, laterality, mm) -> Lesion | None:
    rows, columns = np.nonzero(labels == particle.label)
    if not len(rows):
        return None
    r0, c0, r1, c1 = int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
    bits = labels[r0:r1, c0:c1] == particle.label
    other = number % 17 == 0
    counted = not other and number % 5 > 0
    size = float(np.hypot(r1 - r0, c1 - c0))
    name, value, unit = ("diameter", size * mm[0], "mm") if mm else ("diameter_pixels", size, "{pixel}")
    return Lesion(
        id=f"L{number}",
        image=image,
        label=number,
        kind="marker" if other else "calcification",
        center_index=(0.0, float(rows.mean()), float(columns.mean())),
        center_mm=None,
        bounds_index=((0, r0, c0), (1, r1, c1)),
        peak_index=(0, int(rows[0]), int(columns[0])),
        site="breast",
        laterality=laterality,
        confidence=0.9 if counted else 0.2,
        counted=counted,
        reason=None if counted else "marker" if other else f"below the operating point {SCRIPT}",
        pattern=(particle.pattern,) if counted else (),
        words=(Word(particle.pattern, 0.7),) if counted else (),
        measures={name: Measurement(value, unit, None, "outline")},
        mask=Mask((0, r0, c0), bits[None].copy()),
    )


def _group(name, image, members, laterality, *, reported) -> Group:
    low = np.min([x.bounds_index[0] for x in members], axis=0).tolist()
    high = np.max([x.bounds_index[1] for x in members], axis=0).tolist()
    return Group(
        id=name,
        image=image,
        lesions=tuple(x.id for x in members),
        confidence=0.91 if reported else 0.12,
        reported=reported,
        center_index=tuple(np.mean([low, high], axis=0).tolist()),
        bounds_index=(tuple(low), tuple(high)),
        distribution="grouped" if reported else None,
        morphology="br_fine_pleomorphic" if reported else None,
        laterality=laterality,
        words=(*FORMS, *LIES) if reported else (),
        measures={"extent": Measurement(12.3, "mm"), "count": Measurement(float(len(members)), "1")}
        if reported
        else {},
    )


def _regions(image, made, flip) -> Regions:
    labels = np.zeros(made.projection.pixels.shape, np.uint8)
    labels[made.breast] = 1
    labels[made.muscle] = 2
    labels[:6] = 3
    labels = labels[:, ::-1] if flip else labels
    regions = (
        Region(1, "breast", confidence=0.9),
        Region(2, "pectoral_muscle", confidence=0.8),
        Region(3, "frame", confidence=0.85),
    )
    return Regions(image, labels[None].copy(), Geometry.from_spacing((1, *labels.shape), (1.0, 0.2, 0.2)), regions)


def grades(laterality: str | None, image: str | None = None, category: str | None = "4A to 4B") -> tuple[Grade, ...]:
    """A suggested range and an arterial grade."""
    return (
        Grade(
            *("BI-RADS (suggested range)", "5 (2013)", "breast", category, ("group_count",)),
            *("estimated" if category else "withheld", "bi-rads-5", image, f"a reason {SCRIPT}", "what it means"),
            laterality,
        ),
        Grade(
            *("Breast arterial calcification, CSBI", "2023", "breast", "1", ("csbi_grade",), "final"),
            *("csbi-bac-2023", image, None, "few points", laterality),
        ),
    )


def one_view(**more) -> Case:
    """A single view of the right breast of a named person."""
    case = view("i1", "R", "MLO", **more)
    return case.adding(subject=Subject(NAME, NUMBER, 61.0, "female"), grades=grades("R", "i1"))


def four_views() -> Case:
    """Both breasts in both views, stored in a disorder; groups of the right breast are linked."""
    parts = [
        view("i1", "L", "MLO"),
        view("i2", "R", "MLO", 100),
        view("i3", "R", "CC", 200),
        view("i4", "L", "CC", 300),
    ]
    joined = {
        f: tuple(x for part in parts for x in getattr(part, f)) for f in ("images", "regions", "lesions", "scores")
    }
    links = {"G101": ("G201",), "G201": ("G101",)}
    groups = tuple(
        replace(g, seen_in=links[g.id], structure="upper_outer") if g.id in links else g
        for p in parts
        for g in p.groups
    )
    pixels = {name: x for part in parts for name, x in part.pixels.items()}
    return Case(groups=groups, grades=(*grades("R"), *grades("L", category=None)), pixels=pixels, **joined)


def header_only() -> Case:
    """The same as one reads it back from a record: no pixels, no masks."""
    case = one_view()
    bare = tuple(replace(x, mask=None) for x in case.lesions)
    empty = Regions("i1", np.zeros((1, 1, 1), np.uint8), Geometry.from_spacing((1, 1, 1), (1, 1, 1)), ())
    return case.adding(lesions=bare, pixels={}, regions=(replace(empty, regions=case.regions[0].regions),))
