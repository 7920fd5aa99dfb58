from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from calcimetry import report
from calcimetry.core.lesion import Alternative
from calcimetry.report.heart import HeartPageSettings, hearts
from calcimetry.report.heart.places import PLACES, name_of
from calcimetry.report.heart.strips import _full_planes

from . import cases, heart_cases
from .test_page import WHEN, Tree


@pytest.fixture(scope="module")
def case():
    return heart_cases.heart_case()


@pytest.fixture(scope="module")
def heart(case):
    (found,) = hearts(case)
    return found


@pytest.fixture(scope="module")
def tree(case):
    return Tree(report.page(case, created=WHEN))


def test_uncertain_ones_come_first_by_weight(heart):
    ids = [first.doubt.lesion.id for first in heart.first]
    assert set(ids) == {"L5", "L8", "L13"}  # an unsure place, two sites, and one left out that may be coronary
    weights = [first.doubt.weight_mm3 for first in heart.first]
    assert weights == sorted(weights, reverse=True)
    circumflex = next(first.doubt for first in heart.first if first.doubt.lesion.id == "L5")
    assert circumflex.name == "Left circumflex"
    assert circumflex.others == (("Mitral annulus", 0.3), ("Left main", 0.1))
    assert any("55 %" in reason for reason in circumflex.reasons)
    assert any("another site" in reason for reason in circumflex.reasons)


def test_an_unsure_kind_is_checked_and_a_sure_one_is_not(case):
    lesions = [replace(x, confidence=0.5) if x.id == "L7" else x for x in case.lesions]
    (found,) = hearts(case.adding(lesions=tuple(lesions)))
    doubt = next(first.doubt for first in found.first if first.doubt.lesion.id == "L7")
    assert doubt.unsure_kind
    sure = [replace(x, probability=1.0, alternatives=(), confidence=0.99) for x in case.lesions]
    page = Tree(report.page(case.adding(lesions=tuple(sure)), created=WHEN)).text
    assert "No lesion is unsure" in page


def test_numbers_by_structure_are_those_of_the_scores(case, heart):
    rows = {row.place.key: row for row in heart.rows}
    lad = next(s for s in case.scores if s.structure == "left_anterior_descending" and s.name == "agatston")
    assert rows["lad"].agatston is lad
    assert len(rows["lad"].lesions) == 3
    assert rows["pericardium"].agatston is None
    assert rows["pericardium"].volume_mm3 == pytest.approx(case.lesions[10].measures["volume"].value)
    assert (rows["arch"].state, rows["abdominal"].state, rows["great"].state) == (
        "none",
        "not assessed",
        "not assessed",
    )
    assert rows["abdominal"].reason == "outside the field"
    assert rows["lcx"].doubtful_share == 1.0


def test_vessels_are_counted_with_what_hangs_on_doubtful_lesions(case, heart):
    assert [place.short for place in heart.vessels.named] == ["LM", "LAD", "LCX", "RCA"]
    assert [place.short for place in heart.vessels.only_doubtful] == ["LCX"]
    nameless = tuple(replace(x, structure="total") if x.id == "L5" else x for x in case.lesions)
    (found,) = hearts(case.adding(lesions=nameless))
    assert found.vessels.unnamed == 1
    assert "LCX" not in [place.short for place in found.vessels.named]
    assert "the number may be higher" in Tree(report.page(case.adding(lesions=nameless), created=WHEN)).text


def test_withheld_numbers_are_not_drawn_as_zero(case):
    held = tuple(
        replace(s, value=None, interval95=None, status="withheld", reason="contrast medium")
        if s.site == "coronary_artery"
        else s
        for s in case.scores
    )
    (found,) = hearts(case.adding(scores=held))
    assert found.vessels is None
    assert {found.scheme.marks[key].numbers for key in ("lm", "lad", "lcx", "rca")} == {"withheld"}
    assert {found.scheme.marks[key].step for key in ("lm", "lad", "lcx", "rca")} == {-1}


def test_drawing_has_every_structure_in_words_and_numbers(heart, tree):
    assert set(heart.scheme.marks) == {place.key for place in PLACES}
    titles = [attrs for tag, attrs in tree.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(titles) == 1
    ids = {attrs["id"] for _, attrs in tree.tags if "id" in attrs}
    assert {titles[0]["aria-labelledby"], titles[0]["aria-describedby"]} <= ids
    assert "Left circumflex: Agatston score" in heart.scheme.description
    assert "Abdominal aorta: not assessed" in heart.scheme.description
    steps = [mark.step for mark in heart.scheme.marks.values()]
    assert min(steps) == -1
    assert max(steps) <= len(HeartPageSettings().step_mm3)


def test_strips_show_each_lesion_where_it_is_cut_well(case, heart):
    by_id = {x.id: x for x in case.lesions}
    assert [strip.place.key for strip in heart.strips] == [
        *("lm", "lad", "lcx", "rca", "valve", "annulus", "descending", "pericardium", "myocardium"),
    ]
    for strip in heart.strips:
        assert strip.left == 0
        shown = [said.id for view in strip.views for said in view.lesions]
        assert sorted(shown) == sorted(x.id for x in case.lesions if x.counted and x.id in shown)
        assert len(shown) == strip.lesions
        planes = [int(re.search(r"\d+", view.picture.title).group()) for view in strip.views]
        assert planes == sorted(planes, reverse=True)  # instance numbers rise with z here: from the head down
        for view, number in zip(strip.views, planes, strict=True):
            for said in view.lesions:
                assert number - 1 in _full_planes(by_id[said.id])
                roles = {outline.id: outline.role for outline in view.picture.outlines}
                assert roles[said.id] == "counted"
    lad = next(strip for strip in heart.strips if strip.place.key == "lad")
    assert [[said.id for said in view.lesions] for view in lad.views] == [["L2", "L3"], ["L4"]]


def test_head_comes_first_whichever_way_the_planes_run(case):
    volume = case.pixels["i1"]
    affine = volume.geometry.affine.copy()
    affine[2, 0] *= -1
    turned = replace(volume, geometry=type(volume.geometry)(volume.geometry.shape, affine))
    (found,) = hearts(case.adding(pixels={"i1": turned}))
    lad = next(strip for strip in found.strips if strip.place.key == "lad")
    assert [[said.id for said in view.lesions] for view in lad.views] == [["L4"], ["L2", "L3"]]


def test_pictures_are_bounded_and_the_rest_is_told(case):
    rng = np.random.default_rng(0)
    crowd = []
    for n in range(300):
        one = case.lesions[int(rng.integers(0, 7))]
        crowd.append(replace(one, id=f"L{n + 100}", label=n + 100, mask=one.mask))
    spread = [
        replace(x, mask=replace(x.mask, start=(int(rng.integers(0, 20)), *(int(v) for v in rng.integers(40, 250, 2)))))
        for x in crowd
    ]
    big = case.adding(lesions=(*case.lesions, *spread))
    s = HeartPageSettings()
    (found,) = hearts(big)
    views = sum(len(strip.views) for strip in found.strips)
    assert views <= s.max_views
    assert all(strip.views for strip in found.strips)
    assert any(strip.left for strip in found.strips)
    text = report.page(big, created=WHEN)
    assert len(text) < 2_000_000
    assert "without a picture, to keep this page small" in text
    (tight,) = hearts(big, HeartPageSettings(max_bytes=60_000))
    assert sum(len(strip.views) for strip in tight.strips) < views


def test_two_images_share_the_room(case):
    second = replace(case.images[0], id="i2")
    more = tuple(replace(x, image="i2", id=f"M{x.label}", label=x.label + 100) for x in case.lesions)
    volume = replace(case.pixels["i1"], id="i2")
    both = case.adding(
        images=(*case.images, second), lesions=(*case.lesions, *more), pixels={**case.pixels, "i2": volume}
    )
    found = hearts(both)
    assert [one.image for one in found] == ["i1", "i2"]
    assert all(any(strip.views for strip in one.strips) for one in found)
    text = Tree(report.page(both, created=WHEN)).text
    assert "Heart and great vessels, image i2" in text
    (one,) = hearts(both, HeartPageSettings(max_images=1))
    assert one.image == "i1"


def test_left_out_ones_stand_with_the_reason(heart, tree):
    assert [x.lesion.id for x in heart.left_out] == ["L13", "L14"]
    assert ("bone, vertebra", 1) in heart.others
    assert "under 1 mm² in every slice <script>" in tree.text


def test_page_is_accessible_without_script_and_in_order(case, tree):
    text = report.page(case, created=WHEN)
    assert "<script" not in text
    levels = [int(tag[1]) for tag, _ in tree.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in pairwise(levels))
    ids = [attrs["id"] for _, attrs in tree.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all("alt" in attrs and attrs["alt"] for tag, attrs in tree.tags if tag == "img")
    order = [
        "To check first",
        "Calcium is counted in",
        "By structure, from head to foot",
        "Left out",
        "Lesions by weight",
    ]
    places = [tree.text.index(one) for one in order]
    assert places == sorted(places)
    assert not [name for _, attrs in tree.tags for name in attrs if name == "style"]


def test_same_bytes_and_a_case_read_back_keeps_names_and_numbers(case):
    text = report.page(case, created=WHEN)
    assert report.page(case, created=WHEN) == text
    again = report.read_record(report.record(case))
    read_back = Tree(report.page(again, created=WHEN)).text
    assert "To check first" in read_back
    assert "without a picture" not in read_back
    (found,) = hearts(again)
    assert [first.doubt.lesion.id for first in found.first] == [f.doubt.lesion.id for f in hearts(case)[0].first]


def test_terminal_names_the_doubtful_first_and_keeps_to_its_lines(case):
    lines = report.text(case).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    assert "left circumflex 55 %, or mitral annulus 30 %" in text
    assert "Calcium in 4 of 4 coronary arteries (LM, LAD, LCX, RCA); to be checked: LCX" in text
    assert text.index("check first") < text.index("Left anterior descending")
    assert sum(line.startswith("  Left anterior descending  ") for line in lines) == 1


def test_table_of_lesions_ranks_what_to_check(case):
    from calcimetry.report.rows import table

    rows = {row["id"]: row for row in table(case, "lesions")}
    ranked = sorted((row for row in rows.values() if row["check_rank"]), key=lambda row: row["check_rank"])
    assert [row["check_rank"] for row in ranked] == [1, 2, 3]
    assert [row["id"] for row in ranked] == [f.doubt.lesion.id for f in hearts(case)[0].first]
    assert "55 %" in rows["L5"]["check_reason"]
    assert rows["L1"]["check_rank"] is None
    assert rows["L5"]["alternatives"] == "mitral_annulus 0.30; left_main 0.10"
    odd = replace(case.lesions[0], alternatives=(Alternative("arch", 0.2, "aorta_thoracic"),))
    assert table(case.adding(lesions=(odd,)), "lesions")[0]["alternatives"] == "aorta_thoracic/arch 0.20"


def test_no_heart_no_section():
    case = cases.projection_case()
    assert hearts(case) == ()
    assert "Heart and great vessels" not in report.page(case, created=WHEN)


@pytest.mark.heavy
def test_a_drawn_person_is_laid_open_with_every_lesion_under_its_own_name():
    case = heart_cases.person_case(3)
    (found,) = hearts(case)
    truth = {x.id: x for x in case.lesions}
    assert sum(len(row.lesions) for row in found.rows) == sum(x.counted for x in case.lesions)
    for strip in found.strips:
        assert strip.views
        for view in strip.views:
            assert view.picture.src.startswith("data:image/png")
            for said in view.lesions:
                assert said.name == name_of(truth[said.id].site, truth[said.id].structure)
    assert "LAD" in [place.short for place in found.vessels.named]
    assert not found.first  # all names are sure here
    assert sum(n for _, n in found.others) == sum(not x.counted for x in case.lesions)
    assert len(report.page(case, created=WHEN)) < 2_000_000
