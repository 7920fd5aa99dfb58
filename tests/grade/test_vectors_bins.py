"""Numeric vectors, section B: which class a number falls into, at and around every limit."""

from __future__ import annotations

import pytest

from calcimetry.grade import aac24_points, csbi_grade, mac_points, place, scale


def category(scale_id: str, value: float, edition: int = 0, sex: str | None = None) -> str:
    groups = scale(scale_id).editions[edition].groups
    group = groups[0] if sex is None else next(g for g in groups if g.when == {"sex": sex})
    return place(value, group.bands).category


NEW = ("acc_aha", 1)
RUMBERGER, CAC_DRS = ("rumberger", 0), ("cac_drs", 0)


@pytest.mark.parametrize(
    "vector, scale_edition, value, expected",
    [
        ("B1", RUMBERGER, 0, "none"),
        ("B1", CAC_DRS, 0, "A0"),
        ("B1", NEW, 0, "zero"),
        ("B1", ("acc_aha", 0), 0, "0"),
        ("B1", ("rumberger_six", 0), 0, "none"),
        ("B1", ("non_gated_words", 0), 0, "none"),
        ("B2", RUMBERGER, 0.4, "minimal"),
        ("B2", CAC_DRS, 0.4, "A1"),
        ("B2", NEW, 0.4, "minimal"),
        ("B3", NEW, 1, "minimal"),
        ("B3", NEW, 9.99, "minimal"),
        ("B3", NEW, 10, "mild"),
        ("B4", RUMBERGER, 10, "minimal"),
        ("B4", RUMBERGER, 10.5, "mild"),
        ("B5", CAC_DRS, 99.99, "A1"),
        ("B5", CAC_DRS, 100, "A2"),
        ("B6", RUMBERGER, 100, "mild"),
        ("B6", RUMBERGER, 100.01, "moderate"),
        ("B7", CAC_DRS, 299.99, "A2"),
        ("B7", CAC_DRS, 300, "A3"),
        ("B7", NEW, 299.99, "moderate"),
        ("B7", NEW, 300, "severe"),
        ("B8", RUMBERGER, 400, "moderate"),
        ("B8", RUMBERGER, 401, "extensive"),
        ("B8, six levels", ("rumberger_six", 0), 1000, "extensive, up to 1000"),
        ("B8, six levels", ("rumberger_six", 0), 1000.5, "extensive, above 1000"),
        ("B9", NEW, 999.9, "severe"),
        ("B9", NEW, 1000, "extensive"),
        ("B14", ("mac_guerrero", 0), 3, "mild"),
        ("B14", ("mac_guerrero", 0), 4, "moderate"),
        ("B14", ("mac_guerrero", 0), 6, "moderate"),
        ("B14", ("mac_guerrero", 0), 7, "severe"),
        ("B17", ("aac24", 0), 1, "0-1"),
        ("B17", ("aac24", 0), 2, "2-5"),
        ("B17", ("aac24", 0), 5, "2-5"),
        ("B17", ("aac24", 0), 6, "6 or more"),
        ("B19", ("bac_12_point", 0), 4, "mild"),
        ("B19", ("bac_12_point", 0), 5, "moderate"),
        ("B19", ("bac_12_point", 0), 6, "moderate"),
        ("B19", ("bac_12_point", 0), 7, "severe"),
        ("B20", ("weston", 0), 0, "none"),
        ("B20", ("weston", 0), 3, "mild"),
        ("B20", ("weston", 0), 4, "moderate"),
        ("B20", ("weston", 0), 6, "moderate"),
        ("B20", ("weston", 0), 7, "severe"),
    ],
)
def test_bins(vector, scale_edition, value, expected) -> None:
    assert category(scale_edition[0], value, scale_edition[1]) == expected, vector


@pytest.mark.parametrize("edition", [0, 1])
@pytest.mark.parametrize(
    "vector, sex, values",
    [
        ("B10", "female", (799, 800, 1199, 1200, 1599, 1600)),
        ("B11", "male", (1599, 1600, 1999, 2000, 2999, 3000)),
    ],
)
def test_valve_by_sex(vector, sex, values, edition) -> None:
    words = ["unlikely", "grey", "grey", "likely", "likely", "very likely"]
    assert [category("avc_esc", v, edition, sex) for v in values] == words, vector


def test_b13_acc_aha_valve_limit() -> None:
    limits = [category("avc_acc_aha", v, sex="female") for v in (1299, 1300)]
    assert limits == ["below the limit", "at or above the limit"]
    assert [category("avc_acc_aha", v, sex="male") for v in (1999, 2000)] == limits


def test_b15_mitral_points() -> None:
    points = mac_points(6, 200, trigones=1, leaflets=0)
    assert points == 2 + 2 + 1 + 0
    assert category("mac_guerrero", points) == "moderate"
    assert mac_points(0, 0, trigones=0, leaflets=0) == 0
    assert mac_points(12, 300, trigones=2, leaflets=2) == 10
    with pytest.raises(ValueError):
        mac_points(5, 400, trigones=0, leaflets=0)


def test_b16_abdominal_aorta() -> None:
    points = aac24_points([1, 0, 2, 1, 3, 0, 0, 0])
    assert (points, category("aac24", points)) == (7, "6 or more")
    with pytest.raises(ValueError):
        aac24_points([1, 0, 4, 1, 3, 0, 0, 0])


def test_b18_breast_arteries() -> None:
    graded = [
        csbi_grade(coarse_or_tram_track_vessels=vessels, few_punctate=few)
        for vessels, few in ((2, False), (3, False), (0, True), (0, False))
    ]
    assert graded == [2, 3, 1, 0]
    assert [category("bac_csbi", g) for g in graded] == ["2", "3", "1", "0"]


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_is_no_score_has_no_class(value) -> None:
    with pytest.raises(ValueError):
        category("rumberger", value)
