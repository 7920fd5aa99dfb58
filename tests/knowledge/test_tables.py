"""Every table under knowledge/: editions, sources, units, status and date of each row, bands without gap."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import calcimetry.knowledge
from calcimetry.core.errors import KnowledgeError, UnknownIdError
from calcimetry.core.source import Source, Status
from calcimetry.grade.kinds import KINDS
from calcimetry.grade.scales import _bands, scales
from calcimetry.knowledge import logic
from calcimetry.knowledge.load import check_facts, fingerprint, source, sources, table, table_ids
from calcimetry.knowledge.units import convert, known_units

TABLES = [t for t in table_ids() if not t.startswith("phantoms/")]  # recipes are input, not published facts
FOLDER = Path(calcimetry.knowledge.__file__).parent
MINE = [t for t in table_ids() if t.startswith(("scales/", "references/"))]


def rows(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from rows(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from rows(inner, f"{path}[{n}]")


@pytest.mark.parametrize("table_id", TABLES)
def test_every_table_has_an_edition_and_listed_sources(table_id) -> None:
    values = table(table_id)  # check_facts runs on loading: sources listed, status one of ours
    assert re.fullmatch(r"\d{4}(-\d\d)?", str(values["edition"])), "edition: year or year-month"
    assert fingerprint(table_id).edition
    assert len(fingerprint(table_id).sha256) == 64


@pytest.mark.parametrize("table_id", TABLES)
def test_every_unit_is_in_the_fixed_list(table_id) -> None:
    for path, row in rows(table(table_id)):
        for key, unit in row.items():
            if isinstance(unit, str) and (key == "unit" or key.endswith("_unit")) and "minimum" not in path:
                assert unit in known_units(), f"{table_id}{path}.{key}"


def test_the_fixed_list_is_ucum_and_without_doubles() -> None:
    codes = [row["code"] for row in table("units")["unit"]]
    assert len(codes) == len(set(codes))
    assert "µ" not in "".join(codes)


@pytest.mark.parametrize("table_id", MINE)
def test_every_row_of_a_scale_or_reference_has_status_source_and_date(table_id) -> None:
    head = table(table_id)
    facts = [r for _, r in rows(head) if {"bands", "when", "scores", "anchors", "coefficients"} & set(r)]
    inherited = {k: head.get(k) for k in ("status", "source", "checked")}
    editions = head.get("editions", [])
    for row in facts + editions:
        owner = next((e for e in editions if row in e.get("groups", [])), {})
        merged = inherited | {k: owner[k] for k in inherited if k in owner} | {k: row[k] for k in inherited if k in row}
        assert merged["status"] in get_args(Status), row
        assert merged["source"] in sources(), row
        assert isinstance(merged["checked"], datetime.date), row
    if not facts and not editions:  # one formula: its head carries them, or each of its parts does
        parts = [head] if "status" in head else [v for v in head.values() if isinstance(v, dict)]
        assert parts
        for part in parts:
            assert part["status"] in get_args(Status)
            assert "source" in part or "sources" in part
        assert isinstance(head["checked"], datetime.date)


def test_sources_are_listed_once_and_say_where() -> None:
    listed = [row["id"] for row in table("sources")["source"]]
    assert sorted(listed) == sorted(set(listed))
    for one in sources().values():
        assert isinstance(one, Source)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.id), one.id
        assert one.kind in {"guideline", "study", "standard", "program", "manual", "project"}, one.id
        assert one.title
    with pytest.raises(UnknownIdError, match="agatston-1990"):
        source("agatston")


@pytest.mark.parametrize("scale_id", list(scales()))
def test_scales_hold_together(scale_id) -> None:
    one = scales()[scale_id]
    assert one.kind in KINDS
    assert one.unit in known_units()
    assert one.site in table("words/sites")["site"]
    for edition in one.editions:
        assert edition.reference is None or f"references/{edition.reference}" in table_ids()
        assert edition.groups or edition.reference
        assert edition.seen_in is None or edition.seen_in in sources()
        for group in edition.groups:
            assert bool(group.when) == bool(group.label)
            for band in group.bands:
                assert band.meaning.endswith(".")
                assert band.category
            # Every number has one band, and one only: at, just below and just above each limit, and far beyond.
            limits = [b.low for b in group.bands]
            for value in [v + d for v in limits for d in (-1e-6, 0.0, 1e-6) if v + d >= 0] + [1e9]:
                assert sum(band.holds(value) for band in group.bands) == 1, (edition.id, value)


def test_no_meaning_gives_advice() -> None:
    text = " ".join(path.read_text("utf-8").lower() for path in sorted((FOLDER / "scales").glob("*.toml")))
    assert not re.search(r"aspirin|statin\b|should|recommend", text)


BAND = {"category": "x", "meaning": "X."}


@pytest.mark.parametrize(
    "bands, said",
    [
        ([{"from": 0, "to": 10}, {"above": 11}], "gap or overlap"),
        ([{"from": 0, "to": 10}, {"from": 10}], "gap or overlap"),
        ([{"from": 0, "below": 10}, {"above": 10}], "gap or overlap"),
        ([{"above": 0, "below": 10}, {"from": 10}], "begin at 0"),
        ([{"from": 0, "below": 10}, {"from": 10, "below": 20}], "end open"),
        ([{"from": 0, "above": 0}], "a band is"),
        ([{"from": 0, "to": 3, "below": 3}], "a band is"),
        ([{"from": 0, "until": 3}], "a band is"),
    ],
)
def test_bands_with_a_fault_do_not_load(bands, said) -> None:
    with pytest.raises(KnowledgeError, match=said):
        _bands([row | BAND for row in bands], "ours", "here")


def test_an_unlisted_source_or_status_stops_the_load() -> None:
    check_facts("x", {"row": [{"source": "agatston-1990", "status": "verified"}]})
    with pytest.raises(KnowledgeError, match=r"x, row\[0\]: source 'nobody'"):
        check_facts("x", {"row": [{"source": "nobody"}]})
    with pytest.raises(KnowledgeError, match="status 'sure'"):
        check_facts("x", {"status": "sure"})


def test_conversions_know_what_they_convert() -> None:
    for row in table("units")["conversion"]:
        there = convert(row["quantity"], 3.7, row["from"], row["to"])
        assert convert(row["quantity"], there, row["to"], row["from"]) == pytest.approx(3.7)
        assert convert(row["quantity"], 3.7, row["to"], row["to"]) == 3.7
    for quantity, unit, to in (
        ("cholesterol", "g/L", "mg/dL"),
        ("glucose", "mmol/L", "mg/dL"),
        ("glucose", "mg/dL", "mg/dL"),
    ):
        with pytest.raises(UnknownIdError, match="unknown conversion"):
            convert(quantity, 1.0, unit, to)


def test_files_are_small_and_parse_alone() -> None:
    for path in sorted(FOLDER.rglob("*.toml")):
        assert path.stat().st_size < 200_000
        tomllib.loads(path.read_text("utf-8"))


def test_every_fact_that_a_scale_asks_for_is_in_the_vocabulary() -> None:
    asked = {n for s in scales().values() for need in s.needs for n in logic.facts_in(need.when)}
    assert asked <= set(logic.vocabulary())
