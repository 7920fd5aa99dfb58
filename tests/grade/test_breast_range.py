"""The suggested range of BI-RADS categories of a breast, row by row, and what withholds it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcimetry.core.case import ImageInfo
from calcimetry.core.group import Group
from calcimetry.core.image import Acquisition, Contrast, Projection
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Grade, Measurement, Score
from calcimetry.core.study import Subject
from calcimetry.core.word import Word
from calcimetry.grade import BreastView, csbi_score, grades, suggested_ranges, tables_used
from calcimetry.grade.range_rows import Reach, judged, spoken, widest
from calcimetry.knowledge.load import table

IMAGE = ImageInfo(
    id="i1", modality="MG", series_uid=None, study_date=None, view="CC", laterality="R", thickness_mm=None, files=1,
    shape=(1, 4, 4), spacing_mm=(0.1, 0.1), kvp=None, kernel=None, contrast=Contrast(), gated=None,
)  # fmt: skip


def view(name: str = "i1", **known: Any) -> Projection:
    known = {"pixel_mm": (0.1, 0.1), "view": "CC", "laterality": "L", "kind": "mammogram", **known}
    return Projection(name, np.zeros((4, 4), np.uint16), Acquisition("MG"), **known)


def group(form: str | None, lies: str | None = "grouped", *words: Word, reported: bool = True) -> Group:
    box = ((0, 0, 0), (1, 1, 1))
    return Group(
        "G1", "i1", (), 0.9, reported, (0.0, 0.0, 0.0), box, morphology=form, distribution=lies, words=words
    )  # fmt: skip


def lesion(*pattern: str, counted: bool = True) -> Lesion:
    where = (0.0, 0.0, 0.0)
    return Lesion(
        "L1", "i1", 1, "calcification", where, None, ((0, 0, 0), (1, 1, 1)), (0, 0, 0), site="breast", counted=counted,
        pattern=pattern,
    )  # fmt: skip


def only(*views: BreastView) -> Grade:
    (found,) = suggested_ranges(views)
    return found


SCREENING = [view("i1"), view("i2", view="MLO")]
MAGNIFIED = [*SCREENING, view("i3", view_modifiers=("magnification",))]
COMPLETE = [*MAGNIFIED, view("i4", view="ML")]


def of(projections: list[Projection], *groups: Group, lesions: tuple[Lesion, ...] = ()) -> Grade:
    views = [BreastView(one) for one in projections]
    return only(replace(views[0], groups=groups, lesions=lesions), *views[1:])


@pytest.mark.parametrize("form", ["br_round", "br_amorphous", "br_fine_linear", None])
@pytest.mark.parametrize("lies", ["grouped", "segmental", "regional", None])
def test_screening_views_say_no_more_than_that_views_are_missing(form: str | None, lies: str | None) -> None:
    found = of(SCREENING, group(form, lies))
    assert (found.category, found.status, found.laterality, found.image) == ("0", "estimated", "L", None)
    assert "magnification" in str(found.reason)
    assert "a reader decides" in str(found.meaning)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (of(SCREENING), "1"),
        (of(SCREENING, group("br_fine_linear", reported=False)), "1"),
        (of(SCREENING, lesions=(lesion("br_amorphous", counted=False),)), "1"),
        (of(SCREENING, lesions=(lesion("br_vascular"), lesion("br_rim"))), "2"),
        (of(SCREENING, lesions=(lesion("br_round"),)), "2"),
        (of(SCREENING, lesions=(lesion("br_rim"), lesion())), "1-2"),
        (of(SCREENING, group("br_rim")), "2"),
        (of(SCREENING, group("br_round", "diffuse")), "2"),
        (of(SCREENING, group("br_rim"), group("br_round")), "0"),
    ],
)
def test_screening_views_without_a_group_of_concern(found: Grade, expected: str) -> None:
    assert found.category == expected


@pytest.mark.parametrize(
    ("projections", "form", "lies", "expected"),
    [
        (COMPLETE, "br_round", "grouped", "2-3"),
        (MAGNIFIED, "br_round", "grouped", "0"),
        (COMPLETE, "br_round", None, "2-4A"),
        (COMPLETE, "br_round", "segmental", "4A-4C"),
        (COMPLETE, "br_round", "diffuse", "2"),
        (MAGNIFIED, "br_amorphous", "grouped", "4B"),
        (MAGNIFIED, "br_amorphous", "linear", "4B-4C"),
        (COMPLETE, "br_amorphous", "diffuse", "3-4B"),
        (MAGNIFIED, "br_amorphous", "diffuse", "0"),
        (MAGNIFIED, "br_coarse_heterogeneous", "grouped", "4B"),
        (MAGNIFIED, "br_fine_pleomorphic", "regional", "4B"),
        (MAGNIFIED, "br_fine_linear", "grouped", "4C"),
        (MAGNIFIED, "br_fine_linear", "segmental", "4C-5"),
        (MAGNIFIED, "br_fine_linear", None, "4C"),
        (MAGNIFIED, "br_dystrophic", "grouped", "2"),
    ],
)
def test_with_magnification_views(projections: list[Projection], form: str, lies: str | None, expected: str) -> None:
    assert of(projections, group(form, lies)).category == expected


def test_a_word_that_is_not_sure_widens_the_range() -> None:
    unsure = group("br_coarse_heterogeneous", "grouped", Word("br_coarse_heterogeneous", 0.45), Word("br_rim", 0.4))
    assert of(MAGNIFIED, unsure).category == "2-4B"
    assert of(SCREENING, unsure).category == "0"
    sure = group("br_coarse_heterogeneous", "grouped", Word("br_coarse_heterogeneous", 0.8), Word("br_rim", 0.2))
    assert of(MAGNIFIED, sure).category == "4B"
    benign = group("br_rim", "grouped", Word("br_rim", 0.5), Word("br_fine_linear", 0.4))
    assert of(SCREENING, benign).category == "0"
    lying = group("br_amorphous", "grouped", Word("br_amorphous", 0.9), Word("grouped", 0.5), Word("linear", 0.45))
    assert of(MAGNIFIED, lying).category == "4B-4C"


def test_the_group_of_most_concern_leads() -> None:
    assert of(MAGNIFIED, group("br_amorphous"), group("br_fine_linear")).category == "4C"
    assert of(MAGNIFIED, group("br_round"), group("br_fine_linear")).category == "4C"
    assert of(MAGNIFIED, group("br_round"), group("br_rim")).category == "0"


def test_a_group_without_a_word_is_not_rated_and_not_outweighed_by_a_benign_one() -> None:
    for groups in [(group(None),), (group(None), group("br_rim"))]:
        found = of(MAGNIFIED, *groups)
        assert (found.category, found.status) == (None, "withheld")
        assert "G1" in str(found.reason)
    found = of(MAGNIFIED, group(None), group("br_fine_linear"))
    assert found.category == "4C"
    assert "no word" in str(found.reason)


def test_each_breast_has_a_row_and_both_sides_count_where_the_same_lies_in_both() -> None:
    scattered = group("br_amorphous", "diffuse")
    views = [BreastView(replace(one, laterality=side), (), (scattered,)) for one in COMPLETE for side in "LR"]
    right, left = suggested_ranges(views)
    assert (right.laterality, left.laterality) == ("R", "L")
    assert right.category == left.category == "2-3"
    one_side = [replace(v, groups=()) if v.projection.laterality == "R" else v for v in views]
    assert [g.category for g in suggested_ranges(one_side)] == ["1", "3-4B"]


def test_views_of_unknown_side_stand_for_themselves() -> None:
    first, second = (
        BreastView(view(name, laterality=None, view=None, kind="picture"), (), groups)
        for name, groups in (("i1", (group("br_amorphous", "diffuse"),)), ("i2", ()))
    )
    rows = suggested_ranges([first, second])
    assert [(g.image, g.laterality, g.category) for g in rows] == [("i1", None, "0"), ("i2", None, "1")]
    assert "picture without header" in str(rows[0].reason)


@pytest.mark.parametrize(
    ("projection", "word"),
    [
        (view(kind="tomosynthesis"), "slices"),
        (view(view="specimen"), "specimen"),
        (view(pixel_mm=None), "--spacing"),
        (view(view_modifiers=("spot",)), "part of the breast"),
        (view(magnification=1.8), "part of the breast"),
        (view(paddle="9CM SPOT CONTACT"), "part of the breast"),
    ],
)
def test_what_withholds_a_row_where_nothing_was_found(projection: Projection, word: str) -> None:
    found = only(BreastView(projection))
    assert (found.category, found.status) == (None, "withheld")
    assert word in str(found.reason)


def test_a_group_is_recalled_even_where_the_pixel_is_unknown() -> None:
    assert only(BreastView(view(pixel_mm=None), (), (group(None, None),))).category == "0"


def test_what_stands_beside_a_range() -> None:
    def reason(**known: Any) -> str:
        return str(only(BreastView(view(**known))).reason)

    assert "masses" in reason()
    assert "one view" in reason()
    assert "computed from slices" in reason(kind="synthetic")
    assert "implant hides" in reason(implant=True)
    assert "implant hides" not in reason(implant=True, view_modifiers=("implant_displaced",))


def test_a_range_of_no_scale_and_one_upside_down_are_refused() -> None:
    from calcimetry.core.errors import KnowledgeError

    for lowest, highest in [("4C", "4B"), ("0", "4B"), ("4D", "5"), ("2", "0")]:
        with pytest.raises(KnowledgeError):
            spoken(lowest, highest, "", "memory")


def test_no_row_of_the_table_gives_3_or_more_from_screening_views_and_each_can_speak() -> None:
    facts = {row["name"]: row.get("words", [True, False]) for row in table("rules/birads_range")["fact"]}
    said = set()
    for form in [*facts["form"], None]:
        for lies in [*facts["distribution"], None]:
            for views in facts["views"]:
                for both in (True, False):
                    known = {"views": views, "form": form, "distribution": lies, "both_sides": both}
                    reach = judged({k: v for k, v in known.items() if v is not None})
                    said.add(reach)
                    if views == "screening":
                        assert reach is not None
                        assert reach.highest in ("0", "2")
                    elif form is not None and "fine" in form:
                        assert reach is not None
                        assert reach.suspicious
    assert len({reach.says for reach in said if reach}) == len(
        {row["says"] for row in table("rules/birads_range")["row"]}
    )


def test_the_least_sure_row_gives_the_status() -> None:
    known, remembered = Reach("4B", "4B", ("a",), "verified"), Reach("4B", "4C", ("b",), "memory")
    assert widest([known, remembered], one_group=True).status == "memory"


def test_the_tables_behind_a_range_are_named() -> None:
    used = {one.id for one in tables_used([of(SCREENING)])}
    assert used == {"rules/birads_range", "reasoning/breast"}


@pytest.mark.parametrize(("every", "thick", "expected"), [(2, 0, 1), (3, 2, 2), (4, 3, 3)])
def test_arteries_of_a_view_are_placed_on_the_four_grades(every: float, thick: float, expected: float) -> None:
    found = csbi_score([_count("artery_count", every), _count("coarse_artery_count", thick)])
    assert found is not None
    assert (found.value, found.status) == (expected, "equivalent")
    (placed,) = grades([found], Subject(), (IMAGE,))
    assert placed.laterality == "R"
    assert (placed.scale, placed.category, placed.status) == (
        "Breast arterial calcification, CSBI", str(expected), "estimated",
    )  # fmt: skip


def test_no_artery_found_is_not_the_grade_of_none() -> None:
    found = csbi_score([_count("artery_count", 0), _count("coarse_artery_count", 0)])
    assert found is not None
    assert (found.value, found.status) == (None, "withheld")
    (placed,) = grades([found], Subject(), (IMAGE,))
    assert (placed.category, placed.status) == (None, "withheld")
    assert str(placed.reason).startswith("no calcified artery was found")
    assert "may be" in str(placed.reason)


def test_arteries_without_a_scale_have_no_grade() -> None:
    for every in (0, 2):
        found = csbi_score([_count("artery_count", every), _count("coarse_artery_count", None)])
        assert found is not None
        assert (found.value, found.status, found.reason) == (None, "withheld", "no pixel")
    assert csbi_score([]) is None


def _count(name: str, value: float | None) -> Score:
    status = "withheld" if value is None else "final"
    return Score(name, "breast", "total", "i1", value, "1", status=status, reason="no pixel" if value is None else None)  # type: ignore[arg-type]


def test_a_group_is_benign_only_where_every_particle_is() -> None:
    def rated(*members: Lesion) -> str | None:
        one = replace(group("br_coarse_popcorn"), lesions=("L1", "L2"))
        return of(SCREENING, one, lesions=members).category

    ring, other = lesion("br_rim"), replace(lesion("br_coarse_popcorn"), id="L2")
    assert rated(ring, other) == "2"
    assert rated(ring) == "0"
    assert rated(ring, replace(other, pattern=())) == "0"
    assert rated(ring, replace(other, pattern=("br_amorphous",))) == "0"
    unsure = (Word("br_coarse_popcorn", 0.5), Word("br_fine_pleomorphic", 0.45))
    assert rated(ring, replace(other, words=unsure)) == "0"
    # Popcorn is 2 mm or more: half a millimeter is not.
    assert rated(ring, replace(other, measures={"diameter": Measurement(2.4, "mm")})) == "2"
    assert rated(ring, replace(other, measures={"diameter": Measurement(0.6, "mm")})) == "0"


def test_a_single_speck_that_is_called_popcorn_is_not_benign_by_that() -> None:
    speck = replace(lesion("br_coarse_popcorn"), measures={"diameter": Measurement(0.6, "mm")})
    assert of(SCREENING, lesions=(speck,)).category == "1-2"
