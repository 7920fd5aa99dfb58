"""Where nothing is given: calcium is found and counted, what looks like it is listed with its reason."""

import math

import numpy as np
import pytest
from detect_phantoms import AORTA, HEART, at, counted, scene, search


def test_a_plain_chest_counts_nothing():
    lesions = search(scene())
    assert counted(lesions) == []
    assert all(one.reason for one in lesions)


def test_a_plaque_in_the_heart_and_one_in_the_aortic_wall_count():
    (j, i), (y, x) = HEART, AORTA
    lesions = search(scene([((4, 6), (j, j + 4), (i, i + 4), 600.0), ((5, 8), (y - 12, y - 9), (x - 4, x + 4), 500.0)]))
    assert len(counted(lesions)) == 2
    for row, column in ((j + 2, i + 2), (y - 11, x)):
        (one,) = at(counted(lesions), row, column)
        assert one.confidence > 0.9
        assert one.structure == "thorax"
        assert one.site == "unassigned"


def test_noise_lowers_confidence_is_told_and_stays_in_the_list():
    image = scene(sd=24.0)
    specks = [one for one in search(image, min_piece_mm2=0.5) if one.kind == "calcification" and not one.counted]
    assert len(specks) > 20
    for one in specks:
        assert one.confidence < 0.5
        assert one.reason
        assert one.evidence["cnr"] == pytest.approx(
            (one.evidence["peak_hu"] - max(one.evidence["background_hu"], 30.0)) / one.evidence["noise_sd_hu"], abs=0.02
        )
    assert counted(search(image)) == []


def test_the_same_spot_is_less_sure_the_more_noise_there_is():
    spot = [((5, 6), (HEART[0], HEART[0] + 3), (HEART[1], HEART[1] + 3), 260.0)]
    sure = []
    for sd in (8.0, 20.0, 34.0):
        near = at(search(scene(spot, sd=sd)), HEART[0] + 1, HEART[1] + 1, k=5, mm=1.5)
        sure.append(max(one.confidence for one in near))
    assert sure[0] >= sure[1] >= sure[2]
    assert sure[0] > 0.95
    assert sure[2] < 0.9


@pytest.mark.parametrize(
    ("gap_mm", "column"),
    [(gap, column) for gap in (1, 2, 3) for column in (160, 170, 176)],
)
def test_calcium_that_touches_the_spine_is_parted_and_the_spine_does_not_count(gap_mm, column):
    foot = round(165 - 18 * math.sqrt(1 - ((column - 170) / 20) ** 2)) - gap_mm
    box = ((4, 8), (foot - 3, foot), (column - 3, column + 3), 900.0)
    lesions = search(scene([box]))
    (one,) = counted(lesions)
    assert at([one], foot - 2, column)
    assert 0.7 * 4 * 18 < one.mask.bits.sum() < 2.5 * 4 * 18  # the plaque with its blur, not the spine
    drawn = np.zeros((12, 240, 340), dtype=int)
    for each in lesions:
        drawn[each.mask.box][each.mask.bits] += 1
    assert drawn.max() == 1  # no voxel in two lesions


def test_metal_is_told_by_saturation_and_by_streaks():
    (j, i) = HEART
    clip = search(scene([((4, 6), (j, j + 4), (i, i + 4), 9000.0)]))
    (one,) = at(clip, j + 2, i + 2)
    assert (one.kind, one.counted) == ("metal", False)
    dense = [((4, 6), (j, j + 4), (i, i + 4), 2600.0)]
    streaks = [((4, 6), (j - 12, j - 3), (i + 1, i + 3), -500.0), ((4, 6), (j + 7, j + 16), (i + 1, i + 3), -500.0)]
    (plain,) = at(search(scene(dense)), j + 2, i + 2)
    (marred,) = at(search(scene(dense + streaks)), j + 2, i + 2)
    for one, said in ((plain, "denser than any calcium"), (marred, "streaks")):
        assert (one.kind, one.counted) == ("metal", False)
        assert said in one.reason


def test_the_densest_calcium_is_no_metal_and_less_so_at_a_lower_voltage():
    (j, i) = HEART
    for hu, threshold_hu in ((1800.0, 130.0), (2400.0, 190.0)):
        (one,) = at(search(scene([((4, 6), (j, j + 4), (i, i + 4), hu)]), threshold_hu=threshold_hu), j + 2, i + 2)
        assert (one.kind, one.counted) == ("calcification", True)


def test_a_rod_is_a_marker_inside_and_outside_the_body():
    j, i = np.mgrid[:240, :340]
    for row, column in (HEART, (216, 170)):
        image = scene()
        image[:, np.hypot(j - row, i - column) <= 5.0] = 240
        (one,) = at(search(image), row, column)
        assert (one.kind, one.counted) == ("marker", False)
        assert "rod" in one.reason


def test_a_lead_on_the_skin_is_a_marker_and_the_table_is_nothing():
    lesions = search(scene([((5, 7), (12, 16), (168, 172), 1800.0)]))
    (one,) = at(lesions, 14, 170)
    assert (one.kind, one.counted) == ("marker", False)
    assert not at(lesions, 227, 170, mm=3.0)


def test_soft_large_blobs_and_edges_of_gas_do_not_count():
    j, i = HEART
    blob = at(search(scene([((4, 7), (j, j + 9), (i, i + 9), 165.0)])), j + 4, i + 4, k=5)
    assert blob
    assert not counted(blob)
    edge = at(search(scene(_beside_gas(j, i, 190.0))), j + 1, i + 2, k=5)
    assert edge
    assert not counted(edge)


def test_what_is_denser_than_an_edge_of_gas_can_be_counts():
    j, i = HEART
    (one,) = at(search(scene(_beside_gas(j, i, 350.0))), j + 1, i + 2, k=5)
    assert one.counted
    assert one.evidence["peak_hu"] < 320.0  # from there on it would count in any case
    assert one.evidence["gas_share"] > 0.2


def _beside_gas(j, i, hu):
    """Gas before a layer of 2 mm, soft tissue behind it."""
    return [((4, 7), (j - 8, j), (i - 4, i + 8), -950.0), ((4, 7), (j, j + 2), (i - 4, i + 8), hu)]


def test_a_rib_that_lies_apart_in_a_single_slice_does_not_count():
    image = scene(slices=1)
    assert counted(search(image)) == []
