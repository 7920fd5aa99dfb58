"""Range and explanation are made apart, from the same words: over many breasts they never contradict each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcimetry.core.case import Case, ImageInfo
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Contrast, Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Grade, Measurement
from calcimetry.core.word import Word
from calcimetry.explain import case_of, explain
from calcimetry.grade import BreastView, suggested_ranges
from calcimetry.knowledge.breast_words import by_concern

BOX = ((0, 0, 0), (1, 1, 1))
LIES = ("diffuse", "regional", "grouped", "linear", "segmental")
FORMS = (*by_concern(), None)
VIEWS = {
    "screening": [("CC", ()), ("MLO", ())],
    "magnification": [("CC", ()), ("MLO", ()), ("CC", ("magnification",))],
    "complete": [("CC", ()), ("MLO", ()), ("CC", ("magnification",)), ("ML", ())],
}
STOPS = {"none", "routine_screening"}


def words(rng: np.random.Generator, first: str | None, others: tuple[Any, ...]) -> tuple[Word, ...]:
    if first is None:
        return ()
    near = str(rng.choice([one for one in others if one not in (None, first)]))
    sure = float(rng.uniform(0.3, 0.95))
    return Word(first, sure), Word(near, float(rng.uniform(0, min(sure, 1 - sure))))


def breast(rng: np.random.Generator, far: str) -> tuple[Case, Grade]:
    projections, lesions, groups = [], [], []
    for n, (seen_from, modifiers) in enumerate(VIEWS[far], 1):
        projections.append(
            Projection(
                f"i{n}",
                np.zeros((4, 4), np.uint16),
                Acquisition("MG"),
                pixel_mm=(0.1, 0.1),
                view=seen_from,
                view_modifiers=modifiers,
                laterality="L",
                kind="mammogram",
            )
        )
        mine = [lesion(rng, f"L{n}.{m}", f"i{n}") for m in range(rng.integers(0, 6))]
        lesions += mine
        for m in range(rng.integers(0, 3)):
            members = tuple(one.id for one in mine[: rng.integers(0, len(mine) + 1)])
            groups.append(group(rng, f"G{n}.{m}", f"i{n}", members))
    if rng.random() < 0.5 and groups and groups[0].image != groups[-1].image:
        groups[0] = replace(groups[0], seen_in=(groups[-1].id,))
    images = tuple(
        ImageInfo(
            id=one.id, modality="MG", series_uid=None, study_date=None, view=one.view, laterality="L",
            thickness_mm=None, files=1, shape=(1, 4, 4), spacing_mm=(0.1, 0.1), kvp=None, kernel=None,
            contrast=Contrast(), gated=None, used_for=("breast",),
        )
        for one in projections
    )  # fmt: skip
    case = Case(
        images=images, lesions=tuple(lesions), groups=tuple(groups), pixels={one.id: one for one in projections}
    )
    views = [
        BreastView(p, [x for x in lesions if x.image == p.id], [g for g in groups if g.image == p.id])
        for p in projections
    ]
    (grade,) = suggested_ranges(views)
    return case, grade


def lesion(rng: np.random.Generator, name: str, image: str) -> Lesion:
    form = FORMS[rng.integers(len(FORMS))]
    return Lesion(
        name, image, 1, "calcification", (0.0, 0.0, 0.0), None, BOX, (0, 0, 0), site="breast", laterality="L",
        counted=bool(rng.random() < 0.7), pattern=() if form is None else (form,), words=words(rng, form, FORMS),
        measures={"diameter": Measurement(float(rng.uniform(0.2, 4.0)), "mm")},
    )  # fmt: skip


def group(rng: np.random.Generator, name: str, image: str, members: tuple[str, ...]) -> Group:
    form, lies = FORMS[rng.integers(len(FORMS))], (*LIES, None)[rng.integers(len(LIES) + 1)]
    return Group(
        name, image, members, 0.9, bool(rng.random() < 0.6), (0.0, 0.0, 0.0), BOX, morphology=form, distribution=lies,
        laterality="L", words=(*words(rng, form, FORMS), *words(rng, lies, LIES)),
    )  # fmt: skip


@pytest.mark.parametrize("far", list(VIEWS))
def test_range_and_explanation_agree(far: str) -> None:
    rng = np.random.default_rng(11)
    seen = set()
    for _ in range(60):
        case, grade = breast(rng, far)
        values = case_of(case)
        seen.add(grade.category)
        record = None if values is None else explain({**values, "sex": "female"}).record()
        steps = [] if record is None else [test["id"] for test in record["tests"]]
        if any(one.reported for one in case.groups) and grade.category != "2":
            # Open, suspicious or not to be rated: never sent home.
            assert record is not None
            assert record["follow_up"]["kind"] not in STOPS
            assert "breast_clinic" in [one["id"] for one in record["referrals"]]
        if far == "screening":
            assert grade.category in ("0", "1", "2", "1-2")
            assert "stereotactic_vacuum_biopsy" not in steps
        if grade.category == "0":
            assert "diagnostic_mammography_magnification" in steps
        if grade.category and grade.category[0] in "45":
            assert record is not None
            assert record["urgency"] == "within_2_weeks"
        if grade.category in ("1", "2", "1-2") and record is not None:
            assert record["follow_up"]["kind"] in STOPS
            assert record["urgency"] in ("none", "routine")
            assert not record["red_flags"]
    assert len(seen) >= 3
