"""The list of services: read, checked, written back; what fits a need, in what order, what is said to be missing."""

from __future__ import annotations

import datetime
import json
import random
import re

import pytest

from calcimetry.core.errors import InputError
from calcimetry.explain.words import WordSettings
from calcimetry.explain.words.service_list import COLUMNS, Directory, read, to_bundle, to_csv, without_persons
from calcimetry.explain.words.services import distance_km, match, services

HEAD = "id,organisation,department,service_code,focus,age_group,country,city,source,source_date,active"
ROWS = [
    "b1,Hospital North,Breast unit,breast_clinic,breast,both,DE,Aachen,own list,2026-11-01,true",
    "b2,Hospital South,Breast surgery,309968000,,adult,DE,Bonn,own list,2026-11-01,unknown",
    "b3,Hospital West,Breast unit for children,breast_clinic,breast,child,DE,Celle,own list,2026-11-01,true",
    "b4,Hospital East,Breast operations,breast_surgeon,,adult,DE,Dresden,own list,2024-01-01,true",
    "b5,Hospital Old,Breast unit,breast_clinic,breast,adult,DE,Erfurt,own list,2026-11-01,false",
    "n1,Hospital North,Kidney unit,nephrology,,adult,DE,Aachen,own list,2026-11-01,true",
    "e1,Hospital North,Emergency,225728007,,both,DE,Aachen,own list,2026-11-01,true",
]
TODAY = datetime.date(2026, 11, 25)


@pytest.fixture
def listed(tmp_path):
    def make(rows=ROWS, head=HEAD, name="list.csv"):
        path = tmp_path / name
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return read(path)

    return make


def text(directory, made, **more) -> str:
    return " ".join(services(directory, *made, as_of=TODAY, **more).text().split())


def test_csv_and_fhir_lose_nothing(listed, tmp_path) -> None:
    head = f"{HEAD},latitude,longitude,phone,url,street,postal_code,region,organisation_identifier,languages,hours"
    rows = [
        f"{row},50.77,6.08,+49 1,https://example.org,Way 1,52062,NW,urn:x|7{n},de en,Mo 08:00"
        for n, row in enumerate(ROWS)
    ]
    first = listed(rows, head)
    bundle = tmp_path / "list.json"
    bundle.write_text(json.dumps(to_bundle(first)), encoding="utf-8")
    second = read(bundle)
    assert second.services == first.services
    again = tmp_path / "again.csv"
    again.write_text(to_csv(second), encoding="utf-8")
    assert read(again).services == first.services


def test_a_bundle_of_another_program(tmp_path) -> None:
    resources = [
        {"resourceType": "Organization", "id": "o", "name": "Clinic", "identifier": [{"system": "urn:n", "value": "9"}],
         "address": [{"city": "Oslo", "country": "NO"}]},
        {"resourceType": "Location", "id": "l", "address": {"city": "Oslo", "country": "NO", "line": ["Gate 1"]},
         "position": {"latitude": 59.9, "longitude": 10.7}},
        {"resourceType": "HealthcareService", "id": "h", "name": "Kidney unit", "active": True,
         "providedBy": {"reference": "Organization/o"}, "location": [{"reference": "Location/l"}],
         "specialty": [{"coding": [{"system": "http://snomed.info/sct", "code": "309936008"}]}],
         "telecom": [{"system": "phone", "value": "+47 1"}],
         "meta": {"source": "own", "lastUpdated": "2026-10-01T08:00:00Z"}},
        {"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "Organization/o"},
         "location": [{"reference": "Location/l"}], "practitioner": {"display": "Dr Someone"},
         "specialty": [{"text": "Urology", "coding": [{"system": "http://snomed.info/sct", "code": "309995005"}]}]},
    ]  # fmt: skip
    path = tmp_path / "other.json"
    path.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]})
    )
    found = {one.id: one for one in read(path).services}
    assert found["h"].organisation == "Clinic"
    assert found["h"].service_code == "309936008"
    assert found["h"].place == (59.9, 10.7)
    assert found["h"].source_date == "2026-10-01"
    assert found["h"].age_group == ""
    assert found["r"].department == "Urology"
    assert found["r"].source == ""
    assert "Someone" not in str(found)


def test_what_fits_and_what_does_not(listed, made) -> None:
    found = match(listed(), *made("breast_sample"))
    # The unit whose focus fits first, then the exact code, then a wider service; no child's unit, no closed one.
    assert [one.service.id for one in found] == ["b1", "b2", "b4"]
    assert [one.exact for one in found] == [True, True, False]
    explanation, case = made("breast_sample")
    child = {**case, "age": {"value": 9, "unit": "a"}}
    assert [one.service.id for one in match(listed(), explanation, child)] == ["b1", "b3"]


def test_the_order_does_not_depend_on_the_file(listed, made) -> None:
    wanted = [one.service.id for one in match(listed(), *made("vitamin_d"))]
    for seed in range(5):
        rows = random.Random(seed).sample(ROWS, len(ROWS))
        assert [one.service.id for one in match(listed(rows), *made("vitamin_d"))] == wanted


def test_distance_and_nearer_first_among_equals(listed, made) -> None:
    assert distance_km((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20015, abs=1)
    head = f"{HEAD},latitude,longitude"
    rows = [
        "x1,A,Unit,nephrology,,adult,DE,Aachen,list,2026-11-01,true,50.0,6.0",
        "x2,B,Unit,nephrology,,adult,DE,Bonn,list,2026-11-01,true,51.0,7.0",
        "x3,C,Unit,nephrology,,adult,DE,Celle,list,2026-11-01,true,,",
    ]
    directory = listed(rows, head)
    explanation, case = made("vitamin_d")
    found = match(directory, explanation, case, place=(51.0, 7.0))
    assert [one.service.id for one in found] == ["x2", "x1", "x3"]
    said = text(directory, (explanation, case), place=(51.0, 7.0))
    assert "About 0 km in a straight line." in said
    assert "Distance is not known." in said
    assert "About" not in text(directory, (explanation, case))


COST = f"{HEAD},cost_label,cost_low,cost_high,cost_currency,cost_source,cost_date"


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("visit,80,120,EUR,price list,2026-05-01", "80 to 120 EUR, visit; price list, 2026-05-01; not an offer"),
        ("visit,80,120,,price list,2026-05-01", "lacks currency and is not shown"),
        ("visit,80,120,EUR,,2026-05-01", "lacks source and is not shown"),
        ("visit,80,120,EUR,price list,", "lacks date and is not shown"),
        ("visit,80,120,EUR,price list,2024-01-01", "older than 24 months and not shown"),
        (",,,,,", "Cost is not stated in the list."),
    ],
)
def test_a_cost_only_with_currency_date_and_source(listed, made, cost, said) -> None:
    directory = listed([f"{ROWS[5]},{cost}"], COST)
    found = text(directory, made("vitamin_d"))
    assert said in found
    assert ("120" in found) == said.startswith("80")


def test_without_a_date_no_cost_is_shown(listed, made) -> None:
    directory = listed([f"{ROWS[5]},visit,80,120,EUR,price list,2026-05-01"], COST)
    assert "120" not in services(directory, *made("vitamin_d")).text()


def test_costs_of_a_bundle_are_never_mixed_between_currencies(tmp_path, listed, made) -> None:
    directory = listed([f"{ROWS[5]},c1"], f"{HEAD},cost_ref")
    bundle = to_bundle(directory)
    for currencies, shown in (("EUR", True), ("USD", False)):
        amounts = [{"value": 10, "currency": "EUR"}, {"value": 20, "currency": currencies}]
        parts = [{"priceComponent": [{"type": "base", "amount": one} for one in amounts]}]
        price = {"resourceType": "ChargeItemDefinition", "id": "c1", "title": "visit", "publisher": "tariff",
                 "date": "2026-05-01", "propertyGroup": parts}  # fmt: skip
        path = tmp_path / "list.json"
        path.write_text(json.dumps({**bundle, "entry": [*bundle["entry"], {"resource": price}]}))
        said = text(read(path), made("vitamin_d"))
        assert ("10 to 20 EUR" in said) == shown
        assert ("lacks currency" in said) != shown


def test_what_the_list_does_not_say_is_said_to_be_missing(listed, made) -> None:
    said = text(listed(), made("breast_sample"))
    missing = (
        "Telephone, mail and page are not stated",
        "Whether urgent visits are accepted is not stated",
        "Cost is not stated",
        "Distance is not known",
        "Not confirmed.",
        "The list may be incomplete.",
    )
    assert [one for one in missing if one not in said] == []
    assert "Stated by own list on 2026-11-01." in said


def test_no_match_is_said_plainly(listed, made) -> None:
    said = text(listed(ROWS[5:6]), made("breast_sample"))
    assert "No service in this list matches breast clinic." in said


def test_a_unit_of_another_field_with_the_fitting_focus_comes_last(listed, made) -> None:
    rows = [
        "g1,Hospital A,Gynaecology,gynaecology,breast,both,DE,Aachen,list,2026-11-01,true",
        "g2,Hospital B,Gynaecology,gynaecology,,both,DE,Aachen,list,2026-11-01,true",
        *ROWS[:1],
    ]
    assert [one.service.id for one in match(listed(rows), *made("breast_sample"))] == ["b1", "g1"]
    assert "A wider service, not exactly breast clinic." in text(listed(rows), made("breast_sample"))


def test_no_list_where_no_visit_is_proposed(listed, made) -> None:
    said = text(listed(), made("granuloma"))
    assert "No list is shown" in said
    assert "Hospital" not in said
    assert match(listed(), *made("granuloma")) == ()


def test_an_emergency_shows_the_number_first(listed, made) -> None:
    sheet = services(listed(), *made("chest_pain"), WordSettings(emergency_number="112"), as_of=TODAY)
    assert sheet.sections[0].sentences[0].text == "First call 112 or go to the emergency department."
    assert sheet.sections[2].heading == "Hospital North (e1)"


def test_nothing_is_praised_or_ranked(listed, made) -> None:
    for name in ("breast_sample", "vitamin_d", "chest_pain"):
        assert not re.search(
            r"\b(best|leading|top|number one|guaranteed|rank)", text(listed(), made(name)), re.IGNORECASE
        )


def test_rows_are_refused_with_their_reason(listed, made) -> None:
    bad = [
        ROWS[0].replace("own list", ""),
        ROWS[1].replace("2026-11-01", "1.11.2026"),
        ROWS[2].replace("child", "young"),
        ROWS[5],
        ROWS[5],
    ]
    directory = listed(bad)
    assert dict(directory.refused) == {
        "b1": "lacks source",
        "b2": "source_date '1.11.2026' is no date (year-month-day)",
        "b3": "age_group 'young' is none of adult, child, both",
        "n1": "the id stands twice",
    }
    assert "Refused: b1, lacks source." in text(directory, made("vitamin_d"))


def test_the_same_service_twice_is_reported(listed, made) -> None:
    twin = ROWS[5].replace("n1,", "n2,")
    directory = listed([ROWS[5], twin])
    assert directory.duplicates == (("n1", "n2"),)
    assert "Listed twice: n1, n2." in text(directory, made("vitamin_d"))


def test_names_of_persons_are_left_out_on_request(listed) -> None:
    directory = listed([f"{ROWS[5]},Dr Someone"], f"{HEAD},verified_by")
    assert without_persons(directory).services[0].verified_by == ""
    assert "verified_by" in COLUMNS


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", "id,stars\n1,5\n", "a column is not known"),
        ("x.csv", f"{HEAD}\n1,2\n", "not as many values"),
        ("x.csv", f"{HEAD}\n", "no service that can be used"),
        ("x.json", "{", "neither CSV nor JSON"),
        ("x.json", '{"resourceType": "Patient"}', "no FHIR Bundle"),
        ("x.json", '{"resourceType": "Bundle", "entry": [1]}', "does not hold together"),
        ("x.json", '{"resourceType": "Bundle"}', "no service that can be used"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, content, said) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        read(path)


def test_a_missing_and_a_binary_file(tmp_path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        read(tmp_path / "none.csv")
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not UTF-8"):
        read(path)


def test_an_empty_directory_has_no_services(made) -> None:
    assert match(Directory(()), *made("breast_sample")) == ()
