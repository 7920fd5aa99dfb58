from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from calcimetry import report
from calcimetry.core.case import Case
from calcimetry.core.geometry import Geometry
from calcimetry.core.image import Acquisition, Volume
from calcimetry.core.note import Note
from calcimetry.report.outlines import outline_path
from calcimetry.report.page import MAX_ROWS
from calcimetry.report.pictures import PictureSettings, pictures

from . import cases

WHEN = "2026-01-01T00:00:00Z"
VOID = {"meta", "img", "input", "br", "hr", "link", "rect", "path"}


class Tree(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def page(rich):
    return report.page(rich, created=WHEN)


@pytest.fixture(scope="module")
def tree(page):
    return Tree(page)


def test_one_file_without_script_or_address(page, tree):
    assert not [tag for tag, _ in tree.tags if tag in ("script", "link", "iframe", "object", "embed", "base", "form")]
    for tag, attrs in tree.tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style"], (tag, attrs)
        for name in ("src", "href", "srcset", "action"):
            assert attrs.get(name, "#").startswith(("data:image/png;base64,", "#"))
    policy = next(attrs["content"] for _, attrs in tree.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    assert "url(" not in page
    assert "@import" not in page
    assert len(page) < 2_000_000


def test_text_of_files_is_text(page):
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page


def test_the_answer_comes_first_and_the_order_holds(tree):
    text = tree.text
    order = ["Result", "875", "Withheld", "No medical device", "Key images", "Lesions by weight"]
    order += ["Found and not counted", "Not assessed", "How it was made", "Settings in full", "Sources", "Provenance"]
    places = [text.index(one) for one in order]
    assert places == sorted(places)
    expected = ["95 % interval 814 to 945", "CAC-DRS", "2018", "A3/N3", "equivalent", "outside the field", "final"]
    expected += ["a plain series of the same study would settle it", "brighter than 800 HU", "the table needs"]
    expected += ["min_area_mm2", "Quantification of coronary artery calcium", cases.NUMBER, "1990", "kernel-sharp"]
    for needed in expected:
        assert needed in text, needed


def test_notes_stand_before_numbers_where_one_is_withheld(rich):
    mixed = [replace(s, value=None, interval95=None, status="withheld", reason="tube voltage is not known")
             if s.name == "agatston" else s for s in rich.scores if s.site == "coronary_artery"]  # fmt: skip
    text = Tree(report.page(rich.adding(scores=tuple(mixed)), created=WHEN)).text
    assert text.index("No Agatston score: tube voltage is not known") < text.index("812")
    lines = report.text(rich.adding(scores=tuple(mixed)))
    assert lines.index("tube voltage is not known") < lines.index("812")


def test_accessible(tree):
    tags = tree.tags
    assert next(attrs for tag, attrs in tags if tag == "html")["lang"] == "en"
    assert any(tag == "title" for tag, _ in tags)
    assert [tag for tag, _ in tags].count("h1") == 1
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert all(attrs.get("alt") for tag, attrs in tags if tag == "img")
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in tags if tag == "th")
    assert [tag for tag, _ in tags].count("caption") == [tag for tag, _ in tags].count("table")
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {a["for"] for t, a in tags if t == "label"} <= set(ids)
    assert {a["aria-labelledby"] for _, a in tags if "aria-labelledby" in a} <= set(ids)
    assert {a["href"][1:] for t, a in tags if t == "a"} <= set(ids)


def _luminance(color):
    channels = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_contrast_is_aa_in_both_schemes(scheme):
    css = Path(report.page.__code__.co_filename).with_name("templates").joinpath("page.css").read_text()
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", css, re.S)[scheme]))
    pairs = [(ink, ground) for ink in ("ink", "quiet", "accent") for ground in ("bg", "card")]
    pairs += [("accent", "accent-soft"), ("warn", "warn-soft"), ("stop", "stop-soft"), ("ink", "track")]
    pairs += [
        ("ink", "warn-soft"),
        ("ink", "stop-soft"),
        ("quiet", "track"),
        ("quiet", "warn-soft"),
        ("quiet", "stop-soft"),
    ]
    for ink, ground in pairs:
        light, dark = sorted((_luminance(colors[ink]), _luminance(colors[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_same_case_same_bytes_and_a_case_read_back_gives_the_page_without_pictures(rich, page):
    assert report.page(rich, created=WHEN) == page
    again = Tree(report.page(report.read_record(report.record(rich)), created=WHEN))
    assert "875" in again.text
    assert "Key images" not in again.text


def test_empty_case():
    text = Tree(report.page(Case(), created=WHEN)).text
    assert "No score was computed" in text
    assert "No lesion was counted" in text
    assert "No medical device" in report.text(Case()) or "no medical device" in report.text(Case())
    Tree(report.notebook(Case()))


def test_many_lesions_are_cut_and_the_page_stays_small(rich):
    many = tuple(replace(rich.lesions[0], id=f"L{n}", label=n) for n in range(1, 1200))
    page = report.page(rich.adding(lesions=many), created=WHEN)
    assert len(page) < 2_000_000
    assert f"{len(many) - MAX_ROWS} further counted lesions stand in lesions.tsv" in page
    assert "lighter ones without outline" in page


def test_pictures_keep_to_their_room():
    rng = np.random.default_rng(3)
    noise = rng.integers(-150, 350, (4, 512, 512)).astype(np.int16)
    geometry = Geometry.from_spacing(noise.shape, (3, 0.4, 0.4))
    case = cases.rich_case()
    infos = tuple(replace(case.images[0], id=f"i{n}") for n in range(1, 7))
    volumes = {i.id: Volume(i.id, noise, geometry, Acquisition("CT")) for i in infos}
    shown, _ = pictures(Case(images=infos, pixels=volumes))
    assert len(shown) == PictureSettings().max_overviews
    tight = PictureSettings(max_bytes=400_000)
    shown, _ = pictures(Case(images=infos, pixels=volumes), tight)
    assert 1 <= len(shown) < 4


def test_close_views_are_spread_and_the_rest_is_counted(rich):
    shown, left = pictures(rich, PictureSettings(max_crops=3))
    assert [p.title[:2] for p in shown if p.kind == "crop"] == ["L7", "L1", "L6"]  # the heaviest of each site
    assert left == 4
    twin = replace(rich.lesions[0], id="twin", label=99)
    shown, left = pictures(rich.adding(lesions=(*rich.lesions, twin)))
    assert [p.title for p in shown if "twin" in p.title] == []
    assert left == 0


def _inside(path, shape):
    """Fill an outline again: a pixel is inside if an odd number of its vertical edges lies to its left."""
    edges = np.zeros((shape[0], shape[1] + 1), int)
    for x, y0, y1 in re.findall(r"M(\d+) (\d+)V(\d+)", path):
        edges[int(y0) : int(y1), int(x)] += 1
    return edges.cumsum(axis=1)[:, :-1] % 2 == 1


def test_outline_is_the_edge_of_the_mask():
    rng = np.random.default_rng(5)
    for _ in range(20):
        bits = rng.random((7, 9)) < 0.5
        assert (_inside(outline_path(bits, (0, 0)), bits.shape) == bits).all()
        flat = re.findall(r"M(\d+) (\d+)H(\d+)", outline_path(bits.T, (0, 0)))
        turned = "".join(f"M{y} {x0}V{x1}" for x0, y, x1 in flat)
        assert (_inside(turned, bits.shape) == bits).all()


def test_sides_follow_the_geometry(rich):
    shown, _ = pictures(rich)
    assert shown[0].sides == ("R", "L", "A", "P")
    affine = rich.pixels["i1"].geometry.affine.copy()
    affine[:3, 2] *= -1
    turned = replace(rich.pixels["i1"], geometry=Geometry(cases.SHAPE, affine))
    assert pictures(rich.adding(pixels={"i1": turned}))[0][0].sides == ("L", "R", "A", "P")


def test_projection_has_a_picture():
    shown, left = pictures(cases.projection_case())
    assert [p.kind for p in shown] == ["overview", "crop"]
    assert left == 0
    assert shown[0].bar_px is not None
    Tree(report.page(cases.projection_case(), created=WHEN))


def test_terminal_summary(rich):
    text = report.text(rich)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert max(len(line) for line in lines) <= 100
    assert "875      (814 to 945)" in text
    assert "Muster" not in text
    assert cases.NUMBER not in text
    loud = rich.adding(
        images=tuple(replace(i, study_date="\x1b[2J") for i in rich.images),
        notes=(Note("x", "bell \x07 and \u202e turned", "withheld"),) * 60,
        lesions=rich.lesions * 40,
    )
    text = report.text(loud)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert len(text.splitlines()) <= 40


def test_notebook_is_an_escaped_fragment_without_the_name(rich):
    fragment = report.notebook(rich)
    tree = Tree(fragment)
    assert "<script" not in fragment
    assert "Muster" not in tree.text
    assert "875" in tree.text
    assert "No medical device" in tree.text
