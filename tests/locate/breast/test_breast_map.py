"""The map of a mammogram on films made by hand, in every direction; and on the shared films."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from calcimetry.core.image import Acquisition, Projection
from calcimetry.locate.breast import BreastMap, breast_map

ROWS, COLUMNS, MM = 900, 600, 0.2


def film(*, frame: bool = False, label: bool = True, line: int | None = None, seed: int = 0) -> np.ndarray:
    """An oblique view of a left breast, the chest wall at the left: muscle above, nipple to the right."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    reach = 380 * np.sqrt(np.clip(1 - ((y - 440) / 430) ** 2, 0, 1))
    inside = x < reach
    bump = (y - 480) ** 2 + (x - 382) ** 2 < 22**2
    body = (inside | bump).astype(float)
    image = 18 + 110 * ndimage.gaussian_filter(body, 4)
    tissue = ndimage.gaussian_filter(rng.normal(size=(ROWS, COLUMNS)), 12)
    gland = ndimage.gaussian_filter(((x > 60) & (y > 300)).astype(float), 15)
    image += 25 * tissue / tissue.std() * body * gland
    muscle = x < 200 - 0.4 * y
    image += 60 * ndimage.gaussian_filter((muscle & inside).astype(float), 4)
    if label:
        image[40:90, 480:560] = 235
    if frame:
        image[:, -25:] = 245
    if line is not None:
        image[:, line] -= 9
    image += rng.normal(scale=2.0, size=image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint16)


def projection(pixels: np.ndarray, mm: float | None = MM, view: str | None = "MLO") -> Projection:
    return Projection(
        "i1",
        np.ascontiguousarray(pixels),
        Acquisition("MG"),
        None if mm is None else (mm, mm),
        None if mm is None else "object",
        view,
        kind="mammogram",
    )


def mapped(pixels: np.ndarray, mm: float | None = MM, view: str | None = "MLO") -> BreastMap:
    found = breast_map(projection(pixels, mm, view))
    assert found is not None
    return found


def inside_truth() -> np.ndarray:
    y, x = np.mgrid[:ROWS, :COLUMNS]
    reach = 380 * np.sqrt(np.clip(1 - ((y - 440) / 430) ** 2, 0, 1))
    return (x < reach) | ((y - 480) ** 2 + (x - 382) ** 2 < 22**2)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_breast_muscle_nipple_label() -> None:
    found = mapped(film())
    assert found.chest == "left"
    assert dice(found.inside, inside_truth()) > 0.97
    y, x = np.mgrid[:ROWS, :COLUMNS]
    assert dice(found.mask("pectoral_muscle"), (x < 200 - 0.4 * y) & inside_truth()) > 0.85
    assert found.nipple_index is not None
    assert np.hypot(found.nipple_index[0] - 480, found.nipple_index[1] - 390) * MM < 6
    assert found.mask("label", "frame")[45:85, 485:555].all()
    assert not found.mask("label")[inside_truth()].any()
    assert all(0 < r.confidence <= 1 for r in found.regions.regions)


@pytest.mark.parametrize("flip", ["left-right", "upside", "quarter"])
def test_turned_films_give_turned_maps(flip: str) -> None:
    turn = {"left-right": np.fliplr, "upside": np.flipud, "quarter": np.rot90}[flip]
    found = mapped(turn(film()))
    assert dice(found.inside, turn(inside_truth())) > 0.97
    assert found.nipple_index is not None
    want = turn(np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) == 480 * COLUMNS + 390)
    row, column = (int(v[0]) for v in np.nonzero(want))
    assert np.hypot(found.nipple_index[0] - row, found.nipple_index[1] - column) * MM < 8


def test_a_white_strip_is_a_frame_and_a_line_of_the_scanner_is_one() -> None:
    found = mapped(film(frame=True, line=250))
    assert found.mask("frame")[100:800, -24:].all()
    assert found.mask("scanner_line")[300:700, 250].mean() > 0.9
    assert found.mask("scanner_line").sum() < 3 * 4 * ROWS
    clean = mapped(film(label=False))
    assert not clean.mask("frame").any()
    assert clean.mask("scanner_line").mean() < 0.003


def test_a_hair_is_a_scratch_and_a_vessel_is_not() -> None:
    pixels = film()
    n = np.arange(80)
    pixels[500 + n, 150 + n // 3] = 250
    pixels = np.maximum(pixels, np.rint(ndimage.gaussian_filter(_vessel(), 3.0)).astype(np.uint16) + pixels)
    found = breast_map(Projection("i1", pixels, Acquisition("RG"), (MM, MM), "object", "MLO", kind="mammogram"))
    assert found is not None
    assert found.mask("scratch")[500 + n, 150 + n // 3].mean() > 0.8
    assert not found.mask("scratch")[600:640, 100:300].any()


def _vessel() -> np.ndarray:
    out = np.zeros((ROWS, COLUMNS))
    out[620, 100:300] = 300.0
    return out


def test_without_scale_the_masks_are_found_all_the_same() -> None:
    found = mapped(film(), mm=None)
    assert found.assumed
    assert {n.code for n in found.notes} == {"masks-unscaled"}
    assert dice(found.inside, inside_truth()) > 0.96


def test_half_resolution_and_inverted_depth_change_little() -> None:
    half = film()[: ROWS // 2 * 2, : COLUMNS // 2 * 2].reshape(ROWS // 2, 2, COLUMNS // 2, 2).mean(axis=(1, 3))
    assert dice(mapped(half.astype(np.uint16), 2 * MM).inside, inside_truth()[::2, ::2]) > 0.96
    assert dice(mapped(film().astype(np.uint16) * 16).inside, mapped(film()).inside) > 0.999


def test_without_air_the_whole_image_is_breast_and_says_so() -> None:
    rng = np.random.default_rng(1)
    pixels = np.rint(120 + 30 * ndimage.gaussian_filter(rng.normal(size=(500, 400)), 6) * 10).astype(np.uint16)
    found = mapped(np.clip(pixels, 40, 255))
    if "breast-uncertain" in {n.code for n in found.notes}:
        assert found.inside.mean() > 0.9
    assert found.inside.mean() > 0.5


def test_nothing_is_found_on_nothing() -> None:
    assert breast_map(projection(np.zeros((300, 200), np.uint16))) is None


def test_no_muscle_on_a_cranio_caudal_view() -> None:
    assert mapped(film(), view="CC").regions.named("pectoral_muscle") is None


@pytest.mark.shared_data
def test_the_shared_films(shared_data: Path) -> None:
    """Every marked place lies in the breast and is not masked; the known frames and lines are."""
    from calcimetry import read

    maps: dict[str, BreastMap] = {}
    lost = []
    with (shared_data / "breast/mias/truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = row["file"].removesuffix(".png")
        if name not in maps:
            (image,) = read.study(shared_data / f"breast/mias/{name}.png", spacing_mm=0.2).images
            assert isinstance(image, Projection)
            found = breast_map(image)
            assert found is not None, name
            maps[name] = found
        if row["x"] and row["status"] in ("ok", "weak", "seen"):
            usable = maps[name].mask("breast", "pectoral_muscle", "nipple")
            if not usable[int(float(row["y"])), int(float(row["x"]))]:
                lost.append((name, row["x"], row["y"], row["status"]))
    assert not lost
    for name, column in (("mdb051", slice(72, 82)), ("mdb136", slice(975, 985))):
        assert maps[name].mask("frame", "label", "air")[200:800, column].all()
    assert maps["mdb053"].mask("scanner_line")[300:700, 667:672].any(axis=1).mean() > 0.45
    assert sum(m.nipple_index is not None for m in maps.values()) >= 42
    assert sum(m.regions.named("pectoral_muscle") is not None for m in maps.values()) >= 38


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
@pytest.mark.parametrize("mm", [0.05, 0.2])
def test_an_image_of_hardly_a_pixel_shows_no_breast(shape: tuple[int, int], mm: float) -> None:
    for pixels in (np.full(shape, 7, np.uint16), np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)):
        assert breast_map(projection(pixels, mm)) is None
