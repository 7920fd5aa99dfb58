from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from calcimetry import report
from calcimetry.core.case import Case

from . import breast_cases, browser, heart_cases

pytestmark = pytest.mark.browser

WHEN = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def page(rich, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(report.page(rich, created=WHEN), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def heart_page(tmp_path_factory):
    path = tmp_path_factory.mktemp("heart") / "page.html"
    path.write_text(report.page(heart_cases.heart_case(), created=WHEN), encoding="utf-8")
    return path


def test_no_console_message_and_no_request(chromium, page, tmp_path):
    _, log = browser.run(chromium, page, f"--screenshot={tmp_path / 'a.png'}", f"--log-net-log={tmp_path / 'net.json'}")
    assert browser.console(log) == []
    assert browser.requests(tmp_path / "net.json") == []


def test_the_check_itself_sees_a_message_and_a_request(chromium, tmp_path):
    loud = tmp_path / "loud.html"
    loud.write_text("<!doctype html><img src='http://asked-for.invalid/x.png'><script>console.error('heard')</script>")
    _, log = browser.run(chromium, loud, f"--screenshot={tmp_path / 'a.png'}", f"--log-net-log={tmp_path / 'net.json'}")
    assert any("heard" in line for line in browser.console(log))
    assert browser.requests(tmp_path / "net.json") == ["http://asked-for.invalid/x.png"]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window_and_outlines_can_be_hidden(chromium, page, tmp_path, width):
    found = browser.measured(chromium, page, width, tmp_path)
    assert found["scroll"] <= found["client"] <= width
    assert found["beyond"] == []
    assert found["outlines"] == [[["inline"], ["none"]]] * 2  # the heart's part and the other pictures, each by itself
    assert (found["scripts"], found["alerted"]) == (0, False)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_heart_fits_too(chromium, heart_page, tmp_path, width):
    found = browser.measured(chromium, heart_page, width, tmp_path)
    assert found["scroll"] <= found["client"] <= width
    assert found["beyond"] == []
    assert [["inline"], ["none"]] in found["outlines"]


@pytest.fixture(scope="module")
def breast_page(tmp_path_factory):
    path = tmp_path_factory.mktemp("breast") / "page.html"
    path.write_text(report.page(breast_cases.four_views(), created=WHEN), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_mammograms_fit_and_their_outlines_can_be_hidden(chromium, breast_page, tmp_path, width):
    found = browser.measured(chromium, breast_page, width, tmp_path)
    assert found["scroll"] <= found["client"] <= width
    assert found["beyond"] == []
    assert found["outlines"] == [[["inline"], ["none"]]]
    assert (found["scripts"], found["alerted"]) == (0, False)


@pytest.mark.parametrize("flags", [(), ("--blink-settings=preferredColorScheme=0",)], ids=["light", "dark"])
def test_mammograms_are_drawn_with_their_marks(chromium, breast_page, tmp_path, flags):
    target = tmp_path / "breast.png"
    _, log = browser.run(chromium, breast_page, f"--screenshot={target}", "--window-size=1200,6000", *flags)
    assert browser.console(log) == []
    assert all(_has(target, color) for color in ("ffd23f", "ff9d5c"))  # boxes of groups, rings of particles


def test_mammograms_are_printed_whole(chromium, breast_page, tmp_path):
    pdf = tmp_path / "breast.pdf"
    _, log = browser.run(chromium, breast_page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    assert browser.console(log) == []
    if shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None:
        pytest.skip("no poppler-utils: the printed page is not looked into")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for needed in ("Right breast", "R MLO", "Groups of calcifications", "They stand in groups.tsv", "Pectoral muscle"):
        assert needed in text, needed
    # Switches are for the screen, and lesser groups stand in the file: of some films they would be pages of numbers.
    assert "Parts of the map" not in text
    assert "Not reported" not in text
    subprocess.run(["pdftoppm", "-r", "60", "-png", pdf, tmp_path / "b"], check=True)
    assert any(_has(sheet, "ffd23f") for sheet in sorted(tmp_path.glob("b-*.png")))


def _has(png, color):
    """Whether a picture has more than a few pixels of just this colour (hexadecimal)."""
    with Image.open(png) as image:
        red, green, blue = (np.asarray(band) for band in image.convert("RGB").split())
    r, g, b = bytes.fromhex(color)
    return int(((red == r) & (green == g) & (blue == b)).sum()) > 20


def test_the_drawing_shows_its_steps_in_both_schemes(chromium, heart_page, tmp_path):
    steps = {"light": ("f8dca6", "f0a04b", "d2501e"), "dark": ("6b4718", "b3651a", "f08f3c")}
    for name, flags in {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}.items():
        target = tmp_path / f"{name}.png"
        _, log = browser.run(chromium, heart_page, f"--screenshot={target}", "--window-size=1200,4000", *flags)
        assert browser.console(log) == []
        assert all(_has(target, step) for step in steps[name]), name


def test_an_empty_case_fits_too(chromium, tmp_path):
    path = tmp_path / "empty.html"
    path.write_text(report.page(Case(), created=WHEN), encoding="utf-8")
    assert browser.measured(chromium, path, 360, tmp_path)["beyond"] == []


def test_dark_and_light(chromium, page, tmp_path):
    brightness = {}
    for name, flags in {"light": (), "dark": ("--blink-settings=preferredColorScheme=0",)}.items():
        target = tmp_path / f"{name}.png"
        _, log = browser.run(chromium, page, f"--screenshot={target}", "--window-size=1200,1000", *flags)
        assert browser.console(log) == []
        with Image.open(target) as image:
            pixels = np.asarray(image.convert("L"))
        brightness[name] = float(np.median(pixels))
        assert (np.abs(pixels.astype(int) - np.median(pixels)) > 90).mean() > 0.005, "no text seen"
    assert brightness["light"] > 200
    assert brightness["dark"] < 60


def test_the_heart_is_printed_in_colour_and_whole(chromium, heart_page, tmp_path):
    pdf = tmp_path / "heart.pdf"
    _, log = browser.run(chromium, heart_page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    assert browser.console(log) == []
    if shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None:
        pytest.skip("no poppler-utils: the printed page is not looked into")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for needed in ("To check first", "Mitral annulus", "By structure, from head to foot", "bone of the chest wall"):
        assert needed in text, needed  # the last stands in a folded list
    subprocess.run(["pdftoppm", "-r", "60", "-png", pdf, tmp_path / "h"], check=True)
    sheets = sorted(tmp_path.glob("h-*.png"))
    assert 2 <= len(sheets) <= 8
    assert any(_has(sheet, "d2501e") for sheet in sheets)


def test_printed(chromium, page, tmp_path):
    pdf = tmp_path / "page.pdf"
    _, log = browser.run(
        chromium, page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", "--blink-settings=preferredColorScheme=0"
    )
    assert browser.console(log) == []
    if shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None:
        pytest.skip("no poppler-utils: the printed page is not looked into")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for needed in ("Agatston score", "Withheld", "No medical device", "min_area_mm2", "Show outlines"):
        assert (needed in text) == (needed != "Show outlines"), needed
    subprocess.run(["pdftoppm", "-r", "40", "-gray", pdf, tmp_path / "p"], check=True)
    sheets = sorted(tmp_path.glob("p-*.pgm"))
    assert 2 <= len(sheets) <= 8
    for sheet in sheets:
        with Image.open(sheet) as image:
            assert np.median(np.asarray(image)) > 240, "paper is white"
