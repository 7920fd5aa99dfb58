"""The score rows of an image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from measure_phantoms import PHANTOMS, USUAL, Remembering, block, lesion_of, volume_of

from calcimetry import measure
from calcimetry.core.image import Volume
from calcimetry.core.lesion import Lesion
from calcimetry.core.measurement import Score
from calcimetry.core.note import Note
from calcimetry.core.regions import Region, Regions
from calcimetry.knowledge.tube_voltage import VoltageLimits, limits
from calcimetry.measure.scores import SCORE_UNITS

AT_120 = limits(120.0)
ARTERIES = ("left_main", "left_anterior_descending", "left_circumflex", "right_coronary")


def regions_of(volume: Volume, places: Sequence[tuple[str, str | None]]) -> Regions:
    labels = np.zeros(volume.geometry.shape, np.uint8)
    named = tuple(
        Region(n, structure or "a region", site, structure, "given") for n, (site, structure) in enumerate(places, 1)
    )
    return Regions("i1", labels, volume.geometry, named)


CORONARIES = [("coronary_artery", name) for name in ARTERIES]


def scored(
    volume: Volume,
    lesions: Sequence[Lesion],
    places: Sequence[tuple[str, str | None]] = CORONARIES,
    *,
    rule: str = "agatston-1990",
    at: VoltageLimits = AT_120,
    **told: object,
) -> dict[tuple[str, str, str], Score]:
    calibration = measure.nominal(at)
    counting = measure.rule(rule)
    sized = measure.lesions(volume, lesions, rule=counting, calibration=calibration, limits=at)
    rows = measure.scores(
        volume,
        sized,
        regions_of(volume, places) if places else None,
        rule=counting,
        calibration=calibration,
        limits=at,
        **told,  # type: ignore[arg-type]
    )
    found = {(row.name, row.site, row.structure): row for row in rows}
    assert len(found) == len(rows), "a row stands twice"
    json.dumps([row.settings for row in rows])
    return found


def two_lesions() -> tuple[Volume, list[Lesion]]:
    hu = np.full((4, 16, 32), 40.0)
    hu[1, 4:8, 4:8] = 450.0
    hu[2, 4:8, 20:24] = 250.0
    volume = volume_of(hu)
    left, right = hu >= 130, hu >= 130
    left, right = left & (np.arange(32) < 16), right & (np.arange(32) >= 16)
    return volume, [
        lesion_of(left, 1, structure="left_anterior_descending"),
        lesion_of(right, 2, structure="right_coronary"),
    ]


def test_one_row_for_each_score_and_structure() -> None:
    found = scored(*two_lesions())
    assert set(found) == {
        (name, "coronary_artery", structure) for name in SCORE_UNITS for structure in ("total", *ARTERIES)
    }
    assert {(row.name, row.unit) for row in found.values()} == set(SCORE_UNITS.items())


def test_a17_total_is_the_sum_and_an_empty_artery_is_0() -> None:
    found = scored(*two_lesions())
    values = {structure: found["agatston", "coronary_artery", structure].value for structure in ("total", *ARTERIES)}
    assert values == pytest.approx(
        {
            "total": 24.0,
            "left_main": 0.0,
            "left_anterior_descending": 16.0,
            "left_circumflex": 0.0,
            "right_coronary": 8.0,
        }
    )
    assert found["count", "coronary_artery", "total"].value == 2
    assert found["volume", "coronary_artery", "total"].value == pytest.approx(24.0)
    assert found["density_score", "coronary_artery", "total"].value == pytest.approx(3.0)
    assert all(found["agatston", "coronary_artery", s].status == "final" for s in ("total", *ARTERIES))


def test_a10_nothing_found_is_0_and_not_null() -> None:
    volume = volume_of(np.full((3, 8, 8), 40.0))
    found = scored(volume, [])
    for name in SCORE_UNITS:
        row = found[name, "coronary_artery", "total"]
        if name == "density_score":
            assert (row.value, row.status) == (None, "withheld")
            assert "no calcium" in str(row.reason)
        else:
            assert row.value == 0.0
            assert row.status == ("equivalent" if name == "mass" else "final")


def test_rows_are_the_sums_of_what_the_lesions_say() -> None:
    volume, lesions = two_lesions()
    sized = measure.lesions(volume, lesions, rule=measure.rule(), calibration=measure.nominal(AT_120), limits=AT_120)
    found = scored(volume, lesions)
    for name in ("agatston", "volume", "mass"):
        total = sum(float(one.measures[name].value or 0) for one in sized)
        assert found[name, "coronary_artery", "total"].value == pytest.approx(total)


def test_full_precision_is_kept() -> None:
    side = 0.4746093750001
    volume = volume_of(block(450.0, size=3), (3.0, side, side))
    row = scored(volume, [lesion_of(volume.pixels >= 130)])["agatston", "coronary_artery", "total"]
    assert row.value == pytest.approx(9 * side * side * 4, rel=1e-12)


def test_the_whole_rule_stands_in_the_row() -> None:
    volume, lesions = two_lesions()
    said = scored(volume, lesions)["agatston", "coronary_artery", "total"].settings
    assert said["rule"] == measure.rule().settings()
    assert said["limits"]["steps_hu"] == [130.0, 200.0, 300.0, 400.0]
    assert (said["kvp"], said["thickness_mm"], said["increment_mm"], said["slice_factor"]) == (120.0, 3.0, 3.0, 1.0)
    assert said["calibration"]["basis"] == "nominal"
    assert said["adapted"] is False
    assert said["lesions_counted"] == 2


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("kind", ["bone", "contrast", "artefact", "dust", "marker", "unknown"])
def test_what_is_no_calcification_adds_nothing(kind: str, counted: bool) -> None:
    volume = volume_of(block(450.0))
    found = scored(volume, [lesion_of(volume.pixels >= 130, kind=kind, counted=counted)])
    assert found["agatston", "coronary_artery", "total"].value == 0.0
    assert found["count", "coronary_artery", "total"].value == 0.0


def test_a_lesion_that_was_put_aside_adds_nothing() -> None:
    volume = volume_of(block(450.0))
    found = scored(volume, [lesion_of(volume.pixels >= 130, counted=False)])
    assert found["agatston", "coronary_artery", "total"].value == 0.0


def test_a_lesion_below_the_minimum_adds_0_and_is_not_counted() -> None:
    volume = volume_of(PHANTOMS["F"][0])
    lesion = lesion_of(volume.pixels >= 130)
    assert scored(volume, [lesion])["count", "coronary_artery", "total"].value == 0.0
    with_three = scored(volume, [lesion], rule="min3px")
    assert with_three["agatston", "coronary_artery", "total"].value == pytest.approx(3.0)


def test_a12_metal_in_an_artery_is_not_scored_and_the_total_is_no_agatston_score() -> None:
    volume, lesions = two_lesions()
    hu = volume.pixels.copy()
    hu[0, 10:12, 20:30] = 2500.0
    volume = volume_of(hu)
    stent = lesion_of(hu >= 2000, 3, structure="right_coronary", kind="metal")
    found = scored(volume, [*lesions, stent])
    for name in SCORE_UNITS:
        for structure in ("right_coronary", "total"):
            row = found[name, "coronary_artery", structure]
            assert (row.value, row.status) == (None, "withheld")
            assert "not scored" in str(row.reason)
            assert "L3" in str(row.reason)
    assert found["agatston", "coronary_artery", "left_anterior_descending"].value == pytest.approx(16.0)
    assert found["agatston", "coronary_artery", "left_anterior_descending"].status == "final"


def test_metal_elsewhere_does_not_forbid_the_score() -> None:
    volume = volume_of(block(450.0))
    calcium = lesion_of(volume.pixels >= 130, 1, site="aorta_thoracic", structure="arch")
    clip = lesion_of(volume.pixels >= 130, 2, site="aorta_thoracic", structure="arch", kind="metal")
    found = scored(volume, [calcium, clip], [("aorta_thoracic", "arch")])
    assert found["agatston", "aorta_thoracic", "arch"].value == pytest.approx(16.0)


@pytest.mark.parametrize("where", ["refusals", "notes"])
def test_a26_a_refusal_withholds_every_number_and_keeps_the_lesions(where: str) -> None:
    volume, lesions = two_lesions()
    note = Note("contrast-given", "contrast in the blood (400 HU, expected below 60): no plain scan", "withheld")
    if where == "notes":
        volume = replace(volume, notes=(note, Note("x", "only said", "caution")))
    found = scored(volume, lesions, refusals=[note] if where == "refusals" else [])
    assert all((row.value, row.status, row.reason) == (None, "withheld", note.text) for row in found.values())


def test_a25_no_voltage_withholds_score_density_and_mass_but_not_volume() -> None:
    volume = volume_of(block(450.0), kvp=None)
    found = scored(volume, [lesion_of(volume.pixels >= 130)], at=limits(None))
    for name in ("agatston", "density_score", "mass"):
        row = found[name, "coronary_artery", "total"]
        assert (row.value, row.status) == (None, "withheld")
        assert "kV missing" in str(row.reason)
    row = found["volume", "coronary_artery", "total"]
    assert (row.value, row.status) == (pytest.approx(12.0), "equivalent")
    assert str(row.reason).startswith("at 130 HU, not adapted")


def test_an_unpublished_voltage_is_as_an_unknown_one() -> None:
    volume = volume_of(block(450.0), kvp=140.0)
    found = scored(volume, [lesion_of(volume.pixels >= 130)], at=limits(140.0))
    assert found["agatston", "coronary_artery", "total"].value is None
    assert "140 kV" in str(found["agatston", "coronary_artery", "total"].reason)
    assert found["volume", "coronary_artery", "total"].value == pytest.approx(12.0)


def test_a19_another_voltage_is_adapted_and_says_so() -> None:
    volume = volume_of(block(300.0), kvp=100.0)
    row = scored(volume, [lesion_of(volume.pixels >= 130)], at=limits(100.0))["agatston", "coronary_artery", "total"]
    assert (row.value, row.status) == (pytest.approx(8.0), "equivalent")
    assert "kV-adapted, research" in str(row.reason)
    assert row.settings["adapted"] is True


def test_a_rule_that_knows_only_120_kv_says_so_elsewhere() -> None:
    volume = volume_of(block(300.0), kvp=100.0)
    found = scored(volume, [lesion_of(volume.pixels >= 130)], at=limits(100.0), rule="deepcac")
    row = found["agatston", "coronary_artery", "total"]
    assert (row.value, row.status) == (pytest.approx(12.0), "equivalent")
    assert "limits of 120 kV at 100 kV" in str(row.reason)
    refused = scored(volume, [lesion_of(volume.pixels >= 130)], at=limits(100.0), rule="slicer-2014")
    assert "no limits for 100 kV" in str(refused["agatston", "coronary_artery", "total"].reason)


@pytest.mark.parametrize(
    ("told", "spacing_mm", "said"),
    [
        ({"gated": None}, USUAL, "not known whether ECG-gated"),
        ({"gated": False}, USUAL, "not ECG-gated"),
        ({"thickness_mm": 5.0}, (5.0, 0.5, 0.5), "slices every 5 mm"),
        ({"thickness_mm": 5.0}, USUAL, "slices 5 mm thick"),
    ],
)
def test_what_makes_a_score_only_equivalent(told: dict[str, object], spacing_mm: object, said: str) -> None:
    volume = volume_of(block(450.0), spacing_mm, **told)  # type: ignore[arg-type]
    row = scored(volume, [lesion_of(volume.pixels >= 130)])["agatston", "coronary_artery", "total"]
    assert row.status == "equivalent"
    assert said in str(row.reason)
    assert row.value is not None


def test_outside_the_coronaries_the_formula_is_only_equivalent() -> None:
    volume = volume_of(block(450.0), gated=None)
    lesion = lesion_of(volume.pixels >= 130, site="kidney_collecting_system", structure="left")
    found = scored(volume, [lesion], [("kidney_collecting_system", "left")])
    assert found["agatston", "kidney_collecting_system", "total"].status == "equivalent"
    assert found["volume", "kidney_collecting_system", "total"].status == "final"


def test_a_valve_has_published_limits_in_agatston_scores() -> None:
    volume = volume_of(block(450.0))
    lesion = lesion_of(volume.pixels >= 130, site="aortic_valve", structure="")
    found = scored(volume, [lesion], [("aortic_valve", None)])
    assert found["agatston", "aortic_valve", "total"].status == "final"


def test_uncalibrated_mass_is_never_final_and_calibrated_mass_is() -> None:
    volume, lesions = two_lesions()
    row = scored(volume, lesions)["mass", "coronary_artery", "total"]
    assert (row.status, "uncalibrated" in str(row.reason)) == ("equivalent", True)
    rows = measure.scores(volume, lesions, None, rule=measure.rule(), calibration=measure.stated(0.8), limits=AT_120)
    (mass,) = [row for row in rows if (row.name, row.structure) == ("mass", "total")]
    assert mass.status == "final"
    assert mass.value == pytest.approx(12e-3 * (450 + 250) * 0.8)


def test_a_plain_name_is_a_structure_of_unassigned() -> None:
    volume = volume_of(block(450.0))
    lesion = lesion_of(volume.pixels >= 130, site="unassigned", structure="insert A")
    found = scored(volume, [lesion], [("unassigned", "insert A"), ("unassigned", "insert B")])
    assert found["agatston", "unassigned", "insert A"].value == pytest.approx(16.0)
    assert found["agatston", "unassigned", "insert B"].value == 0.0
    assert found["agatston", "unassigned", "total"].value == pytest.approx(16.0)


def test_without_regions_the_sites_are_those_of_the_lesions() -> None:
    volume = volume_of(block(450.0))
    lesion = lesion_of(volume.pixels >= 130, site="unassigned", structure="thorax")
    found = scored(volume, [lesion], [])
    assert {key[2] for key in found} == {"total", "thorax"}
    assert scored(volume, [], []) == {}


def test_a_site_that_was_searched_has_a_total_of_0_where_nothing_was_found() -> None:
    found = scored(volume_of(np.full((3, 8, 8), 40.0)), [], [], looked_at={"coronary_artery": ()})
    assert {key[1:] for key in found} == {("coronary_artery", "total")}
    assert found["agatston", "coronary_artery", "total"].value == 0.0


def test_an_artery_that_is_none_of_the_four_enters_the_total_alone() -> None:
    volume = volume_of(block(450.0))
    lesion = lesion_of(volume.pixels >= 130, structure="coronaries")
    found = scored(volume, [lesion], [("coronary_artery", None)])
    assert {key[2] for key in found} == {"total"}
    assert found["agatston", "coronary_artery", "total"].value == pytest.approx(16.0)


def test_regions_that_only_help_and_those_of_other_images_have_no_rows() -> None:
    volume = volume_of(block(450.0))
    help_only = Regions("i1", np.zeros(volume.geometry.shape, np.uint8), volume.geometry, (Region(1, "body"),))
    other = replace(regions_of(volume, CORONARIES), image="i2")
    rows = measure.scores(volume, [], [help_only, other], rule=measure.rule(), calibration=None, limits=AT_120)
    assert rows == ()


def test_the_spread_stands_inside_the_row() -> None:
    volume = volume_of(PHANTOMS["H"][0])
    found = scored(volume, [lesion_of(volume.pixels >= 130)], spread=True)
    row = found["agatston", "coronary_artery", "total"]
    said = row.settings["spread"]
    assert set(said) == set(measure.rule_ids())
    assert (said["agatston-1990"], said["four-neighbours"], said["comp2comp"]) == pytest.approx((8.0, 5.0, 0.0))
    assert said["agatston-1990"] == row.value
    assert (row.settings["spread_min"], row.settings["spread_max"]) == (min(said.values()), max(said.values()))
    assert "spread" not in found["mass", "coronary_artery", "total"].settings
    assert found["agatston", "coronary_artery", "left_main"].settings["spread_max"] == 0.0


def test_the_spread_sees_what_the_minimum_left_out() -> None:
    volume = volume_of(PHANTOMS["F"][0])
    row = scored(volume, [lesion_of(volume.pixels >= 130)], spread=True)["agatston", "coronary_artery", "total"]
    assert row.value == 0.0
    assert row.settings["spread"]["siemens"] == pytest.approx(3.0)


def test_a_preset_with_a_lower_threshold_grows_the_lesions_each_voxel_once() -> None:
    hu = np.full((3, 12, 12), 40.0)
    hu[1, 4:8, 2:5] = 450.0
    hu[1, 4:8, 6:9] = 450.0
    hu[1, 4:8, 5] = 129.0  # between two lesions; more than 128, less than 130
    volume = volume_of(hu)
    bits = hu >= 130
    lesions = [lesion_of(bits & (np.arange(12) < 5), 1), lesion_of(bits & (np.arange(12) > 5), 2)]
    row = scored(volume, lesions, spread=True)["volume", "coronary_artery", "total"]
    assert row.value == pytest.approx(24 * 0.75)
    assert row.settings["spread"]["calciumscoring-jl"] == pytest.approx(28 * 0.75)


def test_presets_without_limits_at_this_voltage_are_left_out_of_the_spread() -> None:
    volume = volume_of(block(300.0), kvp=100.0)
    row = scored(volume, [lesion_of(volume.pixels >= 145)], at=limits(100.0), spread=True)[
        "agatston", "coronary_artery", "total"
    ]
    assert "slicer-2014" not in row.settings["spread"]
    assert row.settings["spread"]["deepcac"] == pytest.approx(12.0)


def test_intervals_come_from_the_model() -> None:
    volume, lesions = two_lesions()
    rows = measure.scores(
        volume,
        lesions,
        None,
        rule=measure.rule(),
        calibration=measure.stated(0.8),
        limits=AT_120,
        interval=Remembering(),
    )
    for row in rows:
        if row.name in ("agatston", "volume", "mass"):
            assert row.interval95 == pytest.approx((row.value - 2, row.value + 2))
        else:
            assert row.interval95 is None


def test_the_image_is_not_touched() -> None:
    volume, lesions = two_lesions()
    before = volume.pixels.copy()
    scored(volume, lesions, spread=True)
    assert np.array_equal(before, volume.pixels)
