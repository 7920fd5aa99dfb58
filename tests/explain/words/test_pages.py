"""The three pages in every form, and from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from calcimetry.cli import app
from calcimetry.core.errors import UsageError
from calcimetry.explain.words import directory, letter, prepare

LIST = (
    "id,organisation,department,service_code,focus,age_group,country,city,source,source_date,active,latitude,longitude,"
    "cost_label,cost_low,cost_high,cost_currency,cost_source,cost_date\n"
    "b1,Hospital North,Breast unit,breast_clinic,breast,both,DE,Aachen,own list,2026-11-01,true,50.78,6.08,"
    "visit,80,120,EUR,price list,2026-05-01\n"
)


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def test_every_form_of_the_sheet_and_the_letter(made) -> None:
    for page in (prepare, letter):
        assert str(page(*made("breast_sample"))).startswith(("For your visit", "Referral to breast clinic"))
        assert str(page(*made("breast_sample"), form="html")).startswith("<!doctype html>")
        record = page(*made("breast_sample"), form="json")
        assert isinstance(record, dict)
        sentences = [one for section in record["sections"] for one in section["sentences"]]
        assert all(one["because"] and one["sources"] for one in sentences)
        proposals = page(*made("breast_sample"), form="fhir")
        assert isinstance(proposals, dict)
        assert {one["resource"]["status"] for one in proposals.get("entry", ())} == {"draft"}
        with pytest.raises(UsageError, match="text, html, json or fhir"):
            page(*made("breast_sample"), form="pdf")


def test_the_number_of_the_site_stands_in_the_sheet(made) -> None:
    assert "Please call 112 today." in str(prepare(*made("chest_pain"), emergency_number="112"))


def test_a_letter_goes_out_only_with_a_referral(made) -> None:
    assert "No referral is proposed for the calcification." in str(letter(*made("granuloma")))
    assert "entry" not in letter(*made("granuloma"), form="fhir")
    kinds = {one["resource"]["resourceType"] for one in letter(*made("breast_sample"), form="fhir").get("entry", ())}
    assert kinds == {"ServiceRequest"}


def test_services_as_fhir_are_those_that_fit(made, listed) -> None:
    found = directory(*made("breast_sample"), services=listed, form="fhir")
    assert isinstance(found, dict)
    assert [one["resource"]["id"] for one in found.get("entry", ())] == ["b1-org", "b1-loc", "b1"]
    assert "entry" not in directory(*made("vitamin_d"), services=listed, form="fhir")


def test_from_the_command_line(made, listed, tmp_path) -> None:
    _, case = made("breast_sample")
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    run = CliRunner()

    def said(*words: str) -> str:
        done = run.invoke(app, ["explain", str(path), "--as-of", "2026-11-25", *words])
        assert done.exit_code == 0, done.output
        return " ".join(done.stdout.split())

    assert "How to get ready: a needle sample guided by X-ray" in said("--prepare")
    assert "Referral to breast clinic" in said("--letter")
    services = said("--directory", str(listed), "--near", "50.94,6.96")
    assert "Hospital North, Breast unit, Aachen (DE)." in services
    assert "About 64 km in a straight line." in services
    assert "80 to 120 EUR, visit; price list, 2026-05-01" in services
    assert "Für Ihren Besuch" in said("--prepare", "--language", "de")
    assert json.loads(said("--letter", "--format", "json"))["title"] == "Referral to breast clinic"


@pytest.mark.parametrize("near", ["here", "1,2,3", "95,0", "0,200"])
def test_a_place_that_is_none(made, listed, tmp_path, near) -> None:
    _, case = made("breast_sample")
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    done = CliRunner().invoke(app, ["explain", str(path), "--directory", str(listed), "--near", near])
    assert isinstance(done.exception, UsageError) or done.exit_code == 2
