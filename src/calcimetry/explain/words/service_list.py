"""A list of services that a site keeps itself: read from CSV or a FHIR R4 Bundle, checked, written back as either.

What the list does not say stays unknown; no field is guessed from a name. A row without source and date is refused.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from calcimetry.core.errors import InputError
from calcimetry.explain.words.fhir import collection
from calcimetry.knowledge.load import table

__all__ = ["COLUMNS", "Cost", "Directory", "Service", "code_of", "read", "to_bundle", "to_csv", "without_persons"]

_BASE = "https://directory.invalid"
"""Reserved, so that nobody takes it for a server (RFC 2606)."""

_MOST_BYTES = 8 << 20
_MOST_ROWS = 20_000
_SNOMED = "http://snomed.info/sct"
_WORDS = "urn:calcimetry:words/specialist"
_EXTENSION = "urn:calcimetry:directory"
_NEEDED = (
    "id",
    "organisation",
    "department",
    "service_code",
    "age_group",
    "country",
    "city",
    "source",
    "source_date",
    "active",
)
_AGES = ("adult", "child", "both")


@dataclass(frozen=True, slots=True)
class Cost:
    """A dated figure, shown as it was stated: never converted, never summed."""

    label: str
    low: str
    high: str
    currency: str
    source: str
    date: str

    def missing(self) -> tuple[str, ...]:
        """What it lacks; such a cost is not shown."""
        return tuple(key for key in ("currency", "source", "date") if not getattr(self, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service at one place, in the columns of the CSV; an empty value means that the list does not say."""

    id: str
    organisation: str
    department: str
    service_code: str
    age_group: str
    country: str
    city: str
    source: str
    source_date: str
    active: str
    focus: str = ""
    organisation_identifier: str = ""
    region: str = ""
    postal_code: str = ""
    street: str = ""
    latitude: str = ""
    longitude: str = ""
    phone: str = ""
    email: str = ""
    url: str = ""
    languages: str = ""
    referral_method: str = ""
    appointment_required: str = ""
    accepts_urgent: str = ""
    hours: str = ""
    certificates: str = ""
    procedures: str = ""
    volume_figures: str = ""
    verified_by: str = ""
    verified_on: str = ""
    valid_until: str = ""
    cost_ref: str = ""
    cost_label: str = ""
    cost_low: str = ""
    cost_high: str = ""
    cost_currency: str = ""
    cost_source: str = ""
    cost_date: str = ""

    @property
    def cost(self) -> Cost | None:
        """The stated cost, if there is one."""
        if not (self.cost_low or self.cost_high):
            return None
        low = self.cost_low or self.cost_high
        return Cost(self.cost_label, low, self.cost_high or low, self.cost_currency, self.cost_source, self.cost_date)

    @property
    def place(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees."""
        return (float(self.latitude), float(self.longitude)) if self.latitude and self.longitude else None


@dataclass(frozen=True, slots=True)
class Directory:
    """Services in a fixed order, ids that describe the same service twice, rows that were refused and why."""

    services: tuple[Service, ...]
    duplicates: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


COLUMNS = tuple(one.name for one in fields(Service))


def read(path: str | Path) -> Directory:
    """A directory file: ``.csv``, or a FHIR R4 Bundle as ``.json``.

    Raises
    ------
    InputError
        No such file, too large, no such format, a column that is not known, or no row that can be used. A single row
        that lacks what every row needs (source and date among it) is refused and listed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such directory file", where=str(path))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("the directory file is too large", where=str(path), expected="at most 8 MiB")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the directory is not UTF-8", where=str(path)) from error
    rows = _csv(text, str(path)) if path.suffix.lower() == ".csv" else _bundle(text, str(path))
    strict = path.suffix.lower() == ".csv"
    services: list[Service] = []
    refused: list[tuple[str, str]] = []
    for nth, row in enumerate(rows, start=1):
        fault = _fault(row, strict=strict) or (
            "the id stands twice" if row["id"] in {one.id for one in services} else ""
        )
        if fault:
            refused.append((row.get("id") or f"row {nth}", fault))
        else:
            services.append(Service(**row))
    if not services:
        found = refused[0][1] if refused else "no rows"
        raise InputError("the directory holds no service that can be used", where=str(path), found=found)
    services.sort(key=lambda one: (one.country, one.city, one.organisation, one.department, one.id))
    return Directory(tuple(services), _duplicates(services), tuple(refused))


def _csv(text: str, where: str) -> Iterable[Mapping[str, str]]:
    reader = csv.DictReader(io.StringIO(text))
    unknown = [one for one in reader.fieldnames or () if one not in COLUMNS]
    if unknown:
        raise InputError(
            "a column is not known", where=where, found=", ".join(unknown[:3]), expected=", ".join(COLUMNS)
        )
    for nth, row in enumerate(reader, start=1):
        if nth > _MOST_ROWS:
            raise InputError("the directory has too many rows", where=where, expected=f"at most {_MOST_ROWS}")
        if None in row or None in row.values():
            raise InputError(f"row {nth} has not as many values as there are columns", where=where)
        yield {key: (value or "").strip() for key, value in row.items()}


def _fault(row: Mapping[str, str], *, strict: bool) -> str:
    """Why a row is refused; empty where it is good. FHIR says less: there age group, source and date may be missing."""
    lacking = [
        key for key in _NEEDED if not row.get(key) and (strict or key not in {"age_group", "source", "source_date"})
    ]
    if lacking:
        return f"lacks {', '.join(lacking)}"
    for key in ("source_date", "verified_on", "valid_until", "cost_date"):
        try:
            datetime.date.fromisoformat(row.get(key) or "2000-01-01")
        except ValueError:
            return f"{key} {row[key][:20]!r} is no date (year-month-day)"
    if row.get("age_group") and row["age_group"] not in _AGES:
        return f"age_group {row['age_group'][:20]!r} is none of {', '.join(_AGES)}"
    for key, most in (("latitude", 90.0), ("longitude", 180.0)):
        try:
            good = abs(float(row.get(key) or 0.0)) <= most
        except ValueError:
            good = False
        if not good:
            return f"{key} {row[key][:20]!r} is no place on earth"
    return ""


def _duplicates(services: Sequence[Service]) -> tuple[tuple[str, str], ...]:
    """Pairs that share the organisation's number and department, or name, city and department."""
    seen: dict[tuple[str, ...], str] = {}
    pairs: list[tuple[str, str]] = []
    for one in services:
        keys: list[tuple[str, ...]] = [(one.organisation.lower(), one.city.lower(), one.department.lower())]
        if one.organisation_identifier:
            keys.append((one.organisation_identifier, one.department.lower()))
        for key in keys:
            if key in seen and (seen[key], one.id) not in pairs:
                pairs.append((seen[key], one.id))
            seen.setdefault(key, one.id)
    return tuple(pairs)


def to_csv(directory: Directory) -> str:
    """The directory as CSV with the columns that are used."""
    used = [key for key in COLUMNS if key in _NEEDED or any(getattr(one, key) for one in directory.services)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(used)
    writer.writerows([getattr(one, key) for key in used] for one in directory.services)
    return out.getvalue()


def to_bundle(directory: Directory) -> dict[str, Any]:
    """The directory as a FHIR R4 Bundle: Organization, Location and HealthcareService for each row.

    What R4 has no place for travels as an extension, so that reading it again loses nothing.
    """
    entries = [_entry(one) for service in directory.services for one in _resources(service)]
    return collection(entries)


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    """An entry whose address makes the references between the entries resolve; no server stands behind it."""
    return {"fullUrl": f"{_BASE}/{resource['resourceType']}/{resource['id']}", "resource": resource}


def _resources(one: Service) -> list[dict[str, Any]]:
    organization: dict[str, Any] = {"resourceType": "Organization", "id": f"{one.id}-org", "name": one.organisation}
    if one.organisation_identifier:
        system, _, value = one.organisation_identifier.rpartition("|")
        organization["identifier"] = [{"system": system, "value": value}]
    address = {"country": one.country, "city": one.city, "state": one.region, "postalCode": one.postal_code}
    address = {key: value for key, value in address.items() if value}
    location: dict[str, Any] = {
        "resourceType": "Location",
        "id": f"{one.id}-loc",
        "address": address | ({"line": [one.street]} if one.street else {}),
    }
    if one.place:
        location["position"] = {"latitude": one.place[0], "longitude": one.place[1]}
    system = _SNOMED if one.service_code.isdigit() else _WORDS
    contacts = [("phone", one.phone), ("email", one.email), ("url", one.url)]
    kept = {key: getattr(one, key) for key in COLUMNS if key not in _IN_FHIR and getattr(one, key)}
    service: dict[str, Any] = {
        "resourceType": "HealthcareService",
        "id": one.id,
        "providedBy": {"reference": f"Organization/{one.id}-org"},
        "location": [{"reference": f"Location/{one.id}-loc"}],
        "name": one.department,
        "type": [{"coding": [{"system": system, "code": one.service_code}]}],
        "extension": [{"url": f"{_EXTENSION}/{key}", "valueString": value} for key, value in kept.items()],
    }
    if one.active in {"true", "false"}:
        service["active"] = one.active == "true"
    telecom = [{"system": kind, "value": value} for kind, value in contacts if value]
    return [organization, location, service | ({"telecom": telecom} if telecom else {})]


_IN_FHIR = frozenset({
    "id", "organisation", "organisation_identifier", "department", "service_code", "country", "city", "region",
    "postal_code", "street", "phone", "email", "url",
})  # fmt: skip


def _bundle(text: str, where: str) -> Iterable[Mapping[str, str]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("the directory is neither CSV nor JSON", where=where) from error
    if not isinstance(values, Mapping) or values.get("resourceType") != "Bundle":
        raise InputError("the directory is no FHIR Bundle", where=where, expected='"resourceType": "Bundle"')
    try:
        resources = [one["resource"] for one in values.get("entry") or ()]
        by_id = {f"{one['resourceType']}/{one.get('id')}": one for one in resources}
        by_id |= {str(e["fullUrl"]): e["resource"] for e in values.get("entry") or () if e.get("fullUrl")}
        services = [one for one in resources if one["resourceType"] == "HealthcareService"]
        roles = [one for one in resources if one["resourceType"] == "PractitionerRole"]
        costs = [one for one in resources if one["resourceType"] == "ChargeItemDefinition"]
        found = [
            _row(one, by_id)
            for one in services + [_as_service(role) for role in roles if not role.get("healthcareService")]
        ]
        return [_priced(row, costs) for row in found]
    except (AttributeError, KeyError, TypeError, IndexError) as error:
        raise InputError("the FHIR Bundle does not hold together", where=where, found=str(error)[:60]) from error


def _as_service(role: Mapping[str, Any]) -> dict[str, Any]:
    """A role that names no service of its own, read as the service of its specialty; the person's name is left out."""
    return {
        **role,
        "providedBy": role.get("organization"),
        "type": role.get("specialty"),
        "name": _text(role.get("specialty")),
    }


def _text(concepts: Any) -> str:
    first = (concepts or [{}])[0]
    coding = (first.get("coding") or [{}])[0]
    return str(first.get("text") or coding.get("display") or coding.get("code") or "")


def _row(one: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    organization = by_id.get(str((one.get("providedBy") or {}).get("reference")), {})
    place = by_id.get(str(((one.get("location") or [{}])[0]).get("reference")), {})
    address = place.get("address") or (organization.get("address") or [{}])[0]
    position = place.get("position") or {}
    identifier = (organization.get("identifier") or [{}])[0]
    coding = [c for key in ("type", "specialty") for concept in one.get(key) or () for c in concept.get("coding") or ()]
    ours = next(
        (c["code"] for c in coding if c.get("system") in {_WORDS, _SNOMED}), coding[0]["code"] if coding else ""
    )
    extra = {str(e.get("url")).rpartition("/")[2]: str(e.get("valueString") or "") for e in one.get("extension") or ()
             if str(e.get("url")).startswith(_EXTENSION)}  # fmt: skip
    telecom = {t.get("system"): str(t.get("value") or "") for t in one.get("telecom") or place.get("telecom") or ()}
    # Who says so: the resource itself, else the organisation that publishes it.
    meta = (organization.get("meta") or {}) | (one.get("meta") or {})
    active = one.get("active")
    row = {
        "id": str(one.get("id") or ""),
        "organisation": str(organization.get("name") or (one.get("providedBy") or {}).get("display") or ""),
        "organisation_identifier": f"{identifier.get('system') or ''}|{identifier['value']}"
        if identifier.get("value")
        else "",
        "department": str(one.get("name") or ""),
        "service_code": str(ours),
        "country": str(address.get("country") or ""),
        "city": str(address.get("city") or ""),
        "region": str(address.get("state") or ""),
        "postal_code": str(address.get("postalCode") or ""),
        "street": ", ".join(address.get("line") or ()),
        "latitude": str(position.get("latitude", "")),
        "longitude": str(position.get("longitude", "")),
        "phone": telecom.get("phone", ""),
        "email": telecom.get("email", ""),
        "url": telecom.get("url", ""),
        "source": str(meta.get("source") or ""),
        "source_date": str(meta.get("lastUpdated") or "")[:10],
        "active": "unknown" if active is None else str(active).lower(),
        "age_group": "",
    }
    return row | {key: value for key, value in extra.items() if key in COLUMNS and value}


def _priced(row: dict[str, str], costs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A ``ChargeItemDefinition`` whose id or identifier is the row's ``cost_ref`` gives the cost."""
    for one in costs if row.get("cost_ref") else ():
        names = {one.get("id"), *(i.get("value") for i in one.get("identifier") or ())}
        if row["cost_ref"] not in names:
            continue
        parts = [p for group in one.get("propertyGroup") or () for p in group.get("priceComponent") or ()]
        amounts = [p["amount"] for p in parts if p.get("amount", {}).get("value") is not None]
        if amounts:
            values = sorted(float(a["value"]) for a in amounts)
            currencies = {str(a.get("currency") or "") for a in amounts}
            row |= {
                "cost_low": f"{values[0]:g}",
                "cost_high": f"{values[-1]:g}",
                # Two currencies are never mixed in one range.
                "cost_currency": currencies.pop() if len(currencies) == 1 else "",
                "cost_source": str(one.get("publisher") or one.get("url") or ""),
                "cost_date": str(one.get("date") or one.get("lastReviewDate") or "")[:10],
                "cost_label": str(one.get("title") or ""),
            }
    return row


def without_persons(directory: Directory) -> Directory:
    """The directory without the names of those who checked its rows."""
    return replace(directory, services=tuple(replace(one, verified_by="") for one in directory.services))


def code_of(specialist: str) -> str | None:
    """The department's code in DICOM PS3.16, where there is one."""
    code = table("visit/services")["service"].get(specialist, {}).get("code")
    return None if code is None else str(code)
