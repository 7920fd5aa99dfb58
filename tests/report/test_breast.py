from __future__ import annotations

import base64
import csv
import io
import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from calcimetry import report
from calcimetry.core.measurement import Measurement
from calcimetry.core.regions import Region, Regions
from calcimetry.report.breast import BreastPageSettings, breasts, mammograms, without_mammograms
from calcimetry.report.breast.crops import crops
from calcimetry.report.breast.kinds import found_in, role_of
from calcimetry.report.breast.marks import Frame, areas, edges
from calcimetry.report.breast.shades import breast_window, grey, reduced
from calcimetry.report.rows import columns_text, table_names, tsv

from . import breast_cases, cases
from .test_page import WHEN, Tree

S = BreastPageSettings()


@pytest.fixture(scope="module")
def one():
    return breast_cases.one_view()


@pytest.fixture(scope="module")
def four():
    return breast_cases.four_views()


@pytest.fixture(scope="module")
def page(one):
    return report.page(one, created=WHEN)


@pytest.fixture(scope="module")
def four_page(four):
    return report.page(four, created=WHEN)


def test_the_page_shows_each_reported_group_and_its_close_view(one, page):
    text = Tree(page).text
    reported = [g for g in one.groups if g.reported]
    assert len(reported) == 2
    for n, group in enumerate(reported, start=1):
        assert f'id="group{n}"' in page
        assert f'<a href="#group{n}">' in page
        assert re.search(rf"{group.id} row \d+, column \d+ grouped 95 % or linear 5 % fine pleomorphic 62 %", text)
    assert "1 more below the operating point" in text
    assert "2 groups of calcifications are reported" in text
    for nonsense in ("Agatston", "mm³", "Peak, HU", "Kernel", "Lesions by weight"):
        assert nonsense not in text, nonsense


def test_the_answer_comes_first_and_the_range_is_a_proposal(page):
    text = Tree(page).text
    order = ["Result", "Right breast", "groups of calcifications are reported", "BI-RADS 4A to 4B", "suggested range"]
    order += ["never a final category", "Source: ACR BI-RADS", "arterial calcification, CSBI", "No medical device"]
    order += ["Views", "Groups of calcifications", "Larger calcifications", "What was left out", "Not assessed"]
    places = [text.index(one) for one in order]
    assert places == sorted(places)


def test_no_script_no_address_and_texts_of_files_stay_text(page, four_page):
    for made in (page, four_page):
        assert "<script" not in made
        assert "&lt;script&gt;" in made
        tags = Tree(made).tags
        for tag, attrs in tags:
            assert tag not in ("script", "link", "iframe", "object", "embed", "form")
            assert not [name for name in attrs if name.startswith("on") or name == "style"], (tag, attrs)
            for name in ("src", "href"):
                assert attrs.get(name, "#").startswith(("data:image/png;base64,", "data:image/jpeg;base64,", "#"))
        assert {a["href"][1:] for _, a in tags if a.get("href", "").startswith("#")} <= {a.get("id") for _, a in tags}
        policy = next(a["content"] for _, a in tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; img-src data:;")
        assert "url(" not in made


def test_the_page_is_accessible(four_page):
    tags = Tree(four_page).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in pairwise(levels))
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {a["for"] for t, a in tags if t == "label"} == {a["id"] for t, a in tags if t == "input"}
    assert [tag for tag, _ in tags].count("caption") == [tag for tag, _ in tags].count("table")
    named = [a for t, a in tags if t == "svg" and a.get("role") in ("img", "group")]
    assert named
    assert all(a.get("aria-label") for a in named)


def test_each_switch_rules_what_it_names(page):
    css = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    boxes = [attrs for tag, attrs in Tree(page).tags if tag == "input"]
    assert [(b["id"], "checked" in b) for b in boxes] == [
        ("t-outlines", True),
        ("t-lesser", False),
        ("t-areas", False),
        ("t-large", False),
    ]
    for name, layer in (("t-outlines", "outlines"), ("t-lesser", "lesser"), ("t-areas", "areas")):
        assert f".{name}:not(:checked) ~ .hang .{layer}" in css
        assert f'<g class="{layer}">' in page


def test_same_case_same_bytes_and_small(four, four_page):
    assert report.page(four, created=WHEN) == four_page
    assert len(four_page) < 4 * 3_000_000


def test_without_pixels_the_tables_are_the_same(page):
    bare = report.page(breast_cases.header_only(), created=WHEN)
    assert "data:image" not in bare
    rows = re.findall(r"<tr>.*?</tr>", page, re.S)
    told = Tree(bare).text
    assert "fine pleomorphic 62 %" in told
    assert len(re.findall(r"<tr>.*?</tr>", bare, re.S)) == len(rows)


def test_views_hang_as_radiologists_hang_them(four):
    rows = breasts(four).rows
    assert [[v.title for v in row] for row in rows] == [["R CC", "L CC"], ["R MLO", "L MLO"]]
    right, left = rows[1]
    assert right.at[0] + right.size[0] == right.canvas[0]  # both chest walls at the middle
    assert left.at[0] == 0
    assert len({v.canvas for row in rows for v in row}) == 1
    assert [i.id for i in mammograms(four)] == ["i3", "i2", "i4", "i1"]


def test_views_of_known_pixel_have_one_scale(four):
    small = four.pixels["i3"]
    cut = replace(small, pixels=small.pixels[:400, :300])
    images = tuple(replace(i, shape=(1, 400, 300)) if i.id == "i3" else i for i in four.images)
    case = four.adding(pixels={**four.pixels, "i3": cut}, images=images, regions=())
    views = {v.image: v for row in breasts(case).rows for v in row}
    per_pixel = {name: v.size[1] / case.pixels[name].pixels.shape[0] for name, v in views.items()}
    assert per_pixel["i3"] == pytest.approx(per_pixel["i4"], rel=0.01)


def test_images_of_unknown_side_hang_by_themselves(four):
    images = tuple(replace(i, laterality=None, view=None) for i in four.images)
    made = breasts(four.adding(images=images))
    assert [len(row) for row in made.rows] == [1, 1, 1, 1]
    assert len({a.title for a in made.answers}) == 4


def test_a_group_in_two_views_is_one(four):
    answers = breasts(four).answers
    right, left = answers
    assert right.sentence.startswith("3 groups of calcifications are reported: G201 in R CC and G101 in R MLO")
    assert left.sentence.startswith("4 groups")
    assert left.ranges == ()
    assert "a reason" in left.no_range[0]
    text = Tree(report.page(four, created=WHEN)).text
    assert "No range of BI-RADS categories: a reason" in text
    assert "G201 (R CC)" in text
    assert "upper outer" in text


def test_grades_of_the_person_stand_apart(four):
    made = breasts(four.adding(grades=breast_cases.grades(None)))
    assert [a.title for a in made.answers] == ["Right breast", "Left breast", "Both breasts together"]
    assert made.answers[-1].scales


def _decoded(src):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(src.split(",")[1]))))


def test_close_views_have_the_pixels_of_the_image(one):
    found = found_in(one, one.images[0], S)
    held = crops(one.pixels["i1"], found, S, 1)
    crop = held.views[found.reported[0].id]
    picture = _decoded(crop.src).astype(float)
    (_, r0, c0), (_, r1, c1) = found.reported[0].bounds_index
    pixels = one.pixels["i1"].pixels
    side = picture.shape[0]
    assert side * 0.2 >= S.field_mm - 0.2
    top = min(max(0, round((r0 + r1) / 2 - side / 2)), pixels.shape[0] - side)
    start = min(max(0, round((c0 + c1) / 2 - side / 2)), pixels.shape[1] - side)
    part = pixels[top : top + side, start : start + side].astype(float)
    assert np.corrcoef(part.ravel(), picture.ravel())[0, 1] > 0.99


def test_close_views_are_counted_where_they_find_no_room(one):
    found = found_in(one, one.images[0], S)
    wanted = len(found.reported) + len(found.larger)
    held = crops(one.pixels["i1"], found, S, 1)
    assert len(held.views) + len(held.shown_by) + held.left == wanted
    few = crops(one.pixels["i1"], found, replace(S, max_crops=1), 1)
    assert len(few.views) == 1
    assert len(few.views) + len(few.shown_by) + few.left == wanted
    assert few.left > 0
    none = crops(one.pixels["i1"], found, replace(S, max_bytes=100), 1)
    assert len(none.views) <= 1


def test_a_large_field_is_reduced_and_says_so(one):
    found = found_in(one, one.images[0], S)
    crop = next(iter(crops(one.pixels["i1"], found, replace(S, max_crop_px=40), 1).views.values()))
    assert max(_decoded(crop.src).shape) == 40
    assert "reduced" in crop.field


def test_without_a_scale_nothing_is_said_in_millimeters():
    case = breast_cases.view("i1", "R", "MLO", spacing=False)
    case = case.adding(groups=tuple(replace(g, measures={}) for g in case.groups))
    text = Tree(report.page(case, created=WHEN)).text
    assert "pixels" in text
    assert "larger than 1 mm" not in text
    assert "the size of a pixel is not known" in text.lower()
    assert not re.search(r"over [\d.]+ mm", text)
    assert not re.search(r"Field [\d.]+ × [\d.]+ mm", text)
    assert all(row[0].bar_px is None for row in breasts(case).rows)


def test_outlines_lie_where_the_masks_lie(one):
    lesion = next(x for x in one.lesions if x.counted)
    _, row, column = lesion.mask.start
    marks, bare = edges([("speck", lesion)], Frame(row - 4, column - 3, 1.0, 1.0), (60, 60), 10_000)
    assert bare == 0
    xs = [int(x) for x in re.findall(r"M(\d+) \d+V", marks[0].path)]
    assert (min(xs), max(xs)) == (3, 3 + lesion.mask.bits.shape[2])
    assert edges([("speck", lesion)], Frame(row - 4, column - 3, 1.0, 1.0), (60, 60), 3) == ((), 1)


def test_lines_one_pixel_wide_stay_visible_on_the_map():
    labels = np.zeros((1, 900, 700), np.uint8)
    labels[0, :, 333] = 7
    regions = Regions("i1", labels, None, (Region(7, "scanner_line"),))
    (area,) = areas(regions, (900, 700), Frame(0, 0, 1.0, 1.0))
    assert (area.title, area.shut) == ("Line of the scanner", True)
    x0, x1 = re.match(r"M([\d.]+) 0H([\d.]+)V90\dH", area.path).groups()
    assert float(x0) <= 333 < float(x1)
    assert area.path.count("z") == 1


def test_reduction_is_an_average_in_the_order_of_the_image():
    pixels = np.arange(12 * 9, dtype=np.uint16).reshape(12, 9)
    small = reduced(pixels, 4)
    assert small.shape == (4, 3)
    assert small[1, 2] == pixels[3:6, 6:9].mean()
    assert grey(np.array([[-5.0, 0.0, 5.0, np.nan]]), (-5.0, 5.0)).tolist() == [[0, 128, 255, 0]]


def test_the_grey_scale_is_that_of_the_breast(one):
    projection, regions = one.pixels["i1"], one.regions[0]
    pixels = projection.pixels.copy()
    pixels[:6] = 60_000  # a white frame must not darken the breast
    low, high = breast_window(replace(projection, pixels=pixels), regions, S)
    assert high < 1000
    assert low < float(np.percentile(projection.pixels[regions.labels[0] == 1], 5))


def test_what_a_thing_is_to_the_reader(one):
    lesion = next(x for x in one.lesions if x.counted and x.pattern == ("br_fine_pleomorphic",))
    sized = lesion.measures["diameter"]
    small, large = (replace(lesion, measures={"diameter": replace(sized, value=v)}) for v in (0.4, 1.4))
    assert (role_of(small, S), role_of(large, S)) == ("speck", "larger")
    assert role_of(replace(large, pattern=("br_vascular",)), S) == "artery"
    assert role_of(replace(large, counted=False), S) == "faint"
    assert role_of(replace(large, kind="metal", counted=False), S) == "other"
    assert role_of(replace(small, measures={}, pattern=("br_rim",)), S) == "larger"


def test_a_case_of_both_kinds_shows_both(one, rich):
    second = tuple(replace(x, id="i3") for x in one.images)
    moved = {
        f: tuple(replace(x, image="i3") for x in getattr(one, f)) for f in ("lesions", "groups", "scores", "regions")
    }
    both = rich.adding(
        images=(*rich.images, *second),
        pixels={**rich.pixels, "i3": replace(one.pixels["i1"], id="i3")},
        grades=(*rich.grades, *one.grades),
        **{f: (*getattr(rich, f), *held) for f, held in moved.items()},
    )
    text = Tree(report.page(both, created=WHEN)).text
    for needed in ("Right breast", "Views", "Agatston score", "875", "Lesions by weight", "Kernel", "R MLO"):
        assert needed in text.replace("Right, medio-lateral oblique", "R MLO"), needed
    assert without_mammograms(both).lesions == rich.lesions
    told = report.text(both)
    assert "Right breast" in told
    assert "875" in told


def test_terminal_names_groups_first(one, four):
    for case in (one, four):
        text = report.text(case)
        lines = text.splitlines()
        assert len(lines) <= 40
        assert max(len(line) for line in lines) <= 100
        assert "Agatston" not in text
        assert "peak HU" not in text
        assert "Muster" not in text
        assert re.search(r"G\d+ .*grouped 95 %.*fine pleomorphic 62 %.*0\.91", text)
        assert "never a final category" in text
        assert not re.search("[\x00-\x09\x0b-\x1f]", text)
    told = report.text(one)
    assert told.index("groups of calcifications are reported") < told.index("BI-RADS") < told.index("Not counted")
    (group,) = [line for line in told.splitlines() if line.startswith("  G1 ")]
    _, row, column = one.groups[0].center_index
    assert f"{row:.0f}, {column:.0f}" in group
    assert "! No range of BI-RADS categories: a reason" in report.text(four)


def test_a_breast_without_findings_says_so(one):
    quiet = one.adding(lesions=(), groups=(), scores=(), grades=())
    assert "No group of calcifications is reported, and none was counted." in report.text(quiet)
    text = Tree(report.page(quiet, created=WHEN)).text
    assert "That says nothing of calcium that was not found" in text
    assert tsv(quiet, "groups").count("\n") == 1


def test_of_many_slices_those_with_the_surest_groups_are_shown(one):
    images = tuple(replace(one.images[0], id=f"i{n}") for n in range(1, 21))
    groups = tuple(replace(one.groups[0], id=f"G{n}", image=f"i{n}", confidence=0.4 + n / 100) for n in range(1, 21))
    pixels = {i.id: replace(one.pixels["i1"], id=i.id) for i in images}
    made = breasts(one.adding(images=images, groups=groups, lesions=(), regions=(), pixels=pixels))
    assert sorted(v.image for row in made.rows for v in row) == sorted(f"i{n}" for n in range(13, 21))
    assert made.views_left == 12
    assert made.answers[0].views[-1] == ("further", "12 views stand in the files")
    assert made.answers[0].sentence.startswith("20 groups")


def test_a_note_on_all_views_is_said_once(four, four_page):
    assert Tree(four_page).text.count("squeezed") == 2  # among the cautions and beside the images
    assert "i1, i2, i3, i4: squeezed" in Tree(four_page).text
    assert report.text(four).count("squeezed") == 1


def test_the_table_tells_as_many_members_as_the_measures(four):
    joined = replace(four.groups[0], measures={**four.groups[0].measures, "count": Measurement(99.0, "1")})
    case = replace(four, groups=(joined, *four.groups[1:]))
    rows = list(csv.DictReader(io.StringIO(tsv(case, "groups")), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert all(float(row["members"]) == float(row["count"]) for row in rows if row["count"])
    assert rows[0]["members"] == "99"


def test_a_notebook_shows_it_too(one):
    fragment = report.notebook(one)
    assert "<script" not in fragment
    assert "Number of calcifications" in Tree(fragment).text
    assert "Muster" not in fragment


def test_table_of_groups(one, four, rich):
    rows = list(csv.DictReader(io.StringIO(tsv(four, "groups")), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) == len(four.groups)
    row = next(r for r in rows if r["id"] == "G101")
    group = next(g for g in four.groups if g.id == "G101")
    assert (row["laterality"], row["view"], row["reported"]) == ("R", "MLO", "true")
    assert (row["distribution"], float(row["distribution_probability"])) == ("grouped", 0.95)
    assert (row["morphology"], float(row["morphology_probability"])) == ("br_fine_pleomorphic", 0.62)
    assert float(row["extent_mm"]) == 12.3
    assert row["lesions"].split() == list(group.lesions)
    assert (row["seen_in"], row["quadrant"]) == ("G201", "upper_outer")
    assert (int(row["first_row"]), int(row["end_column"])) == (group.bounds_index[0][1], group.bounds_index[1][2])
    described = json.loads(columns_text(one))
    assert [c["name"] for c in described["groups.tsv"]] == tsv(one, "groups").splitlines()[0].split("\t")
    assert all(c["meaning"] for c in described["groups.tsv"])
    assert table_names(rich) == ("lesions", "scores")
    assert "groups.tsv" not in json.loads(columns_text(rich))
    assert report.frame(one, "groups")["extent_mm"].dtype == "float64"


def test_the_folder_has_groups_and_a_label_map_of_each_view(four, tmp_path):
    out = report.write(four, tmp_path / "out")
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("analysis.json", "page.html", "lesions.tsv", "scores.tsv", "groups.tsv", "columns.json"),
        *("labels.png", "labels_i2.png", "labels_i3.png", "labels_i4.png"),
    }
    with Image.open(out / "labels_i2.png") as image:
        labels = np.asarray(image)
    lesion = next(x for x in four.lesions if x.image == "i2")
    assert labels.dtype in (np.uint16, np.int32)
    assert labels.shape == four.pixels["i2"].pixels.shape
    assert (labels[lesion.mask.box[1:]][lesion.mask.bits[0]] == lesion.label).mean() > 0.5
    report.write(four, tmp_path / "out", overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}  # all files are known as ours


def test_an_anonymous_page_names_nobody(one, tmp_path):
    out = report.write(one, tmp_path / "out", anonymous=True)
    for path in out.iterdir():
        if path.suffix in (".html", ".json", ".tsv"):
            assert "Muster" not in path.read_text(), path
            assert cases.NUMBER not in path.read_text(), path
