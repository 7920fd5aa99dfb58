from __future__ import annotations

import json

import pytest

from calcimetry.core.errors import UnknownIdError
from calcimetry.knowledge.load import source
from calcimetry.knowledge.tube_voltage import limits
from calcimetry.measure.rule import Minimum, Rule, rule, rule_ids


def test_the_names_that_outsiders_rely_on_exist() -> None:
    assert {"agatston-1990", "siemens", "philips", "canon"} <= set(rule_ids())
    assert rule() == rule("agatston-1990")


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(UnknownIdError, match="agatston-1990"):
        rule("agatston1990")


@pytest.mark.parametrize("name", rule_ids())
def test_every_preset_prints_all_its_choices_as_plain_json(name: str) -> None:
    said = json.loads(json.dumps(rule(name).settings()))
    assert {"threshold", "comparison", "minimum", "dimensions", "connectivity", "peak", "factor", "rounding"} <= set(
        said
    )
    assert source(said["source"]).id == said["source"]
    assert said["id"] == name


@pytest.mark.parametrize("name", rule_ids())
def test_every_preset_has_limits_at_120_kv_and_none_without_a_voltage(name: str) -> None:
    assert rule(name).at_kvp(120).refusal is None
    assert "kV missing" in str(rule(name).at_kvp(None).refusal)


def test_a_rule_of_the_table_follows_the_voltage_and_a_fixed_one_does_not() -> None:
    assert rule().at_kvp(100).threshold_hu == 145
    assert rule("deepcac").at_kvp(100).threshold_hu == 130
    assert not rule("deepcac").at_kvp(100).adapted


def test_a_rule_with_rows_refuses_a_voltage_it_has_no_row_for() -> None:
    refusal = rule("slicer-2014").at_kvp(100).refusal
    assert refusal is not None
    assert "100" in refusal
    assert "80, 120" in refusal


def test_a_calcium_aware_kernel_keeps_the_limits_of_120_kv_in_every_rule() -> None:
    assert rule().at(limits(80.0, "Sa36f")).threshold_hu == 130
    assert rule("slicer-2014").at(limits(80.0, "Sa36f")).threshold_hu == 130


@pytest.mark.parametrize(
    ("name", "factor"),
    [("agatston-1990", 0.5), ("ai-cac", 1.0), ("aocascore", 0.5), ("comp2comp", 1.0)],
)
def test_slices_of_3_mm_every_1_5_mm(name: str, factor: float) -> None:
    assert rule(name).slice_factor(1.5, 3.0) == factor


def test_a_thickness_that_is_not_known_counts_as_the_increment() -> None:
    assert rule("ai-cac").slice_factor(1.5, None) == 0.5


@pytest.mark.parametrize("wrong", [{"connectivity": 6}, {"dimensions": 3}, {"peak": "object"}])
def test_choices_that_do_not_go_together_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"expected|needs"):
        Rule(id="x", title="x", **wrong)  # type: ignore[arg-type]


def test_a_minimum_reads_as_a_phrase() -> None:
    assert str(Minimum(1.0, "mm2")) == "at least 1 mm²"
    assert str(Minimum(1.0, "mm2", strict=True)) == "more than 1 mm²"
    assert str(Minimum(0.5, "mm2", to_pixels="ceil")) == "at least 0.5 mm² rounded up to pixels"
