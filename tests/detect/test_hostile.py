"""Odd, hostile and reordered images: bounded time, no error, the same answer."""

import time

import numpy as np
import pytest
from detect_phantoms import AORTA, HEART, counted, look, scene, search
from locate_phantoms import volume

from calcimetry import detect, locate
from calcimetry.core.geometry import Geometry

SPOTS = [((4, 6), (85, 89), (175, 179), 600.0), ((7, 10), (128, 131), (146, 154), 500.0)]


def told(lesions):
    return [
        (one.id, one.label, one.kind, one.confidence, one.center_index, int(one.mask.bits.sum())) for one in lesions
    ]


def test_ids_and_labels_count_up_in_the_order_of_places_and_repeat():
    image = scene(SPOTS, sd=20.0)
    lesions = search(image, min_piece_mm2=0.5)
    assert len(lesions) > 10
    assert [one.label for one in lesions] == list(range(1, len(lesions) + 1))
    assert [one.id for one in lesions] == [f"L{n}" for n in range(1, len(lesions) + 1)]
    assert [one.center_index for one in lesions] == sorted(one.center_index for one in lesions)
    assert told(lesions) == told(search(image, min_piece_mm2=0.5))


@pytest.mark.parametrize("axes", [(0,), (2,), (0, 2)])
def test_the_order_of_slices_and_columns_changes_nothing(axes):
    """Arrays flipped together with their geometry are the same image."""
    image = scene(SPOTS)
    grid = Geometry.from_spacing(image.shape, (3.0, 1.0, 1.0)).affine
    flipped = grid.copy()
    for axis in axes:
        flipped[:3, 3] += flipped[:3, axis] * (image.shape[axis] - 1)
        flipped[:3, axis] *= -1
    answers = []
    for pixels, affine in ((image, grid), (np.flip(image, axes).copy(), flipped)):
        one = volume(pixels, affine=affine)
        lesions = counted(detect.find(one, [locate.body(one)], threshold_hu=130.0))
        answers.append(
            sorted(
                (tuple(round(x, 3) for x in each.center_mm), each.kind, int(each.mask.bits.sum())) for each in lesions
            )
        )
    assert len(answers[0]) == 2
    assert answers[0] == answers[1]


def test_a_dense_image_and_one_of_noise_alone_end_soon_and_say_what_was_left_out():
    rng = np.random.default_rng(0)
    third = np.where(rng.random((40, 256, 256)) < 0.3, 400, 40).astype(np.int16)
    noise = rng.normal(130, 300, (40, 256, 256)).astype(np.int16)
    for image in (third, noise):
        start = time.process_time()
        seen = look(image)
        assert time.process_time() - start < 20.0
        assert len(seen.lesions) <= 2 * 600 + 600 + 50
    seen = look(noise, max_runs=100_000, body=False)
    assert {note.code for note in seen.notes} == {"detect-cut-short"}
    assert any("runs" in note.text or "pieces of rows" in note.text for note in seen.notes)


def test_the_cap_of_the_list_keeps_the_weightiest_and_counts_the_rest():
    image = scene(SPOTS, sd=24.0)
    seen = look(image, max_listed=5, min_piece_mm2=0.5)
    assert len(counted(seen.lesions)) == 2
    assert any("not listed" in note.text for note in seen.notes)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (2, 5, 5), (1, 64, 64), (0, 8, 8), (3, 1, 400)])
@pytest.mark.parametrize("body", [True, False])
def test_tiny_and_empty_images(shape, body):
    image = np.full(shape, 40, dtype=np.int16)
    image[..., shape[2] // 2] = 500
    lesions = search(image, body=body)
    assert all(0.0 <= one.confidence <= 1.0 for one in lesions)


def test_nan_infinity_and_float_pixels():
    image = scene(SPOTS).astype(np.float32)
    plain = [int(one.mask.bits.sum()) for one in counted(search(image))]
    image[0, 100:110, 150:160] = np.nan
    image[-1, 0, 0] = -np.inf
    lesions = search(image)
    assert [int(one.mask.bits.sum()) for one in counted(lesions)] == plain
    assert all(np.isfinite(list(one.evidence.values())).all() for one in lesions)
    empty = np.full((3, 40, 40), np.nan, dtype=np.float32)
    assert search(empty) == ()


def test_a_single_slice():
    j, i = HEART
    (one,) = counted(search(scene([((0, 1), (j, j + 4), (i, i + 4), 600.0)], slices=1)))
    assert one.center_index[0] == 0.0
    assert abs(one.center_index[1] - j - 1.5) < 1.0


def test_without_any_region_the_whole_image_is_the_body():
    y, x = AORTA
    lesions = search(scene([((5, 8), (y - 12, y - 9), (x - 4, x + 4), 500.0)]), body=False)
    assert {one.structure for one in lesions} == {"unknown"}
    assert any(one.kind == "calcification" and abs(one.center_index[1] - y + 10.5) < 2.0 for one in lesions)
