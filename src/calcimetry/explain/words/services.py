"""The services of a list that fit a need, in an order whose rules are printed with it; never rated, never by price."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from calcimetry.explain.words.document import Document, Section, checked
from calcimetry.explain.words.language import listed, name, say, word
from calcimetry.explain.words.sentence import Sentence, from_entry
from calcimetry.explain.words.service_list import Directory, Service, code_of
from calcimetry.explain.words.settings import WordSettings
from calcimetry.explain.words.view import View
from calcimetry.knowledge.load import table

__all__ = ["Match", "distance_km", "match", "services"]

_EARTH_RADIUS_KM = 6371.0
_OLD_MONTHS = 24
_UNCONFIRMED_MONTHS = 12
_URGENT = frozenset({"now", "within_2_weeks"})


@dataclass(frozen=True, slots=True)
class Match:
    """A service that fits a specialist, exactly or as a wider one; with the distance where both places are known."""

    service: Service
    specialist: str
    exact: bool
    focus: bool
    km: float | None


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Straight line over the ground between two places (latitude, longitude in degrees). [degree] -> [km]

    >>> round(distance_km((52.52, 13.40), (48.14, 11.58)))
    504
    """
    (a, b), (c, d) = (tuple(map(math.radians, place)) for place in (here, there))
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def _fits(service: Service, specialist: str, *, focused: bool) -> bool | None:
    """Exactly (true), as a wider service (false), or not at all (``None``)."""
    if service.service_code in {specialist, code_of(specialist)}:
        return True
    row = table("visit/services")["service"].get(specialist, {})
    wider = [*row.get("wider", ()), *(row.get("with_focus", ()) if focused else ())]
    names = {code for one in wider for code in (one, code_of(one)) if code}
    return False if service.service_code in names else None


def match(
    directory: Directory,
    explanation: Any,
    case: Mapping[str, Any],
    *,
    place: tuple[float, float] | None = None,
) -> tuple[Match, ...]:
    """Services for the proposed specialists, in an order that does not depend on the order of the file.

    The order: specialist as proposed (an emergency department first in an emergency), age group stated, exact service,
    focus on the site, open to urgent visits where that matters, last check, then distance or name.

    Parameters
    ----------
    directory : Directory
        The site's own list.
    explanation, case : mapping
        What is needed, and for whom. A child never gets a service for adults only, nor the reverse.
    place : (float, float), optional
        Latitude and longitude of the person, given with consent.
    """
    view = View(explanation, case)
    if view.urgency == "none":
        return ()
    needs = [str(row["id"]) for row in view.referrals]
    if view.urgency == "now":
        needs = list(dict.fromkeys(["emergency_department", *needs]))
    group = "child" if view.child else "adult"
    focus = {str(one.get("site")) for one in view.findings} | {str(row["id"]) for row in view.rows("causes")[:5]}
    found = []
    for need in needs:
        for one in directory.services:
            focused = bool(focus & set(one.focus.split()))
            exact = _fits(one, need, focused=focused)
            if exact is None or one.active == "false" or one.age_group not in {group, "both", ""}:
                continue
            km = distance_km(place, one.place) if place and one.place else None
            found.append(Match(one, need, exact, focused, km))
    found.sort(key=lambda one: _order(one, needs, view.urgency))
    return tuple(
        {one.service.id: one for one in reversed(found)}[key] for key in dict.fromkeys(m.service.id for m in found)
    )


def _order(one: Match, needs: list[str], urgency: str) -> tuple[Any, ...]:
    service = one.service
    urgent = service.accepts_urgent == "true" if urgency in _URGENT else False
    checked_on = service.verified_on or service.source_date
    newest = tuple(-ord(char) for char in checked_on)
    far = one.km if one.km is not None else math.inf
    by_name = (service.city, service.organisation, service.department, service.id)
    place = needs.index(one.specialist)
    return (place, not service.age_group, not one.exact, not one.focus, not urgent, newest, far, *by_name)


def services(
    directory: Directory,
    explanation: Any,
    case: Mapping[str, Any],
    settings: WordSettings | None = None,
    *,
    place: tuple[float, float] | None = None,
    as_of: datetime.date | None = None,
) -> Document:
    """The services that fit, as a sheet: what the list states, and what it does not state said to be missing.

    Parameters
    ----------
    directory : Directory
        The site's own list.
    explanation, case : mapping
        What is needed, and for whom.
    settings : WordSettings, optional
        Language and emergency number.
    place : (float, float), optional
        Latitude and longitude of the person.
    as_of : date, optional
        Today, for the age of figures and checks; without it neither is judged, and no cost is shown.
    """
    settings = settings or WordSettings()
    view = View(explanation, case)
    language = settings.language
    sections = []
    if view.urgency == "now":
        number = settings.emergency_number or word(language, "patient", "emergency_number")
        first = (_own(language, "emergency", number=number), _own(language, "nearest"))
        sections.append(Section(say(language, "visit", "emergency"), first, alarm=True))
    if view.urgency == "none" or not view.referrals:
        sections.append(Section(_say(language, "title"), (_own(language, "no_list"),)))
        return checked(Document(_say(language, "title"), tuple(sections), language))[0]
    found = match(directory, explanation, case, place=place)
    need = listed(language, [name(language, "specialist", row["id"]) for row in view.referrals])
    head = [from_entry(_say(language, "need", who=need), "need", view.referrals[0]), _own(language, "order")]
    for row in view.referrals:
        if not any(one.specialist == row["id"] for one in found):
            who = name(language, "specialist", row["id"])
            head.append(from_entry(_say(language, "none", who=who), "need", row))
    head += [_own(language, "refused", row=row, reason=reason) for row, reason in directory.refused]
    shown = {one.service.id for one in found}
    head += [_own(language, "duplicate", rows=", ".join(two)) for two in directory.duplicates if shown & set(two)]
    head.append(_own(language, "complete"))
    sections.append(Section(_say(language, "title"), tuple(head), bullets=True))
    for one in found:
        said = tuple(_stated(one, language, as_of))
        sections.append(Section(f"{one.service.organisation} ({one.service.id})", said, bullets=True))
    return checked(Document(_say(language, "title"), tuple(sections), language))[0]


def _say(language: str, key: str, **values: object) -> str:
    return say(language, "letter", key, "directory", **values)


def _own(language: str, key: str, **values: object) -> Sentence:
    return Sentence(_say(language, key, **values), "directory", (key,))


def _stated(one: Match, language: str, as_of: datetime.date | None) -> Iterable[Sentence]:
    """What the list says of a service, and what it does not."""
    row = one.service
    given = {"organisation": row.organisation, "department": row.department, "city": row.city, "country": row.country}
    yield _own(language, "row", **given)
    if not one.exact:
        yield _own(language, "wider", who=name(language, "specialist", one.specialist))
    if not row.age_group:
        yield _own(language, "no_age")
    yield _own(language, "no_distance") if one.km is None else _own(language, "distance", km=f"{one.km:.0f}")
    contact = ", ".join(value for value in (row.phone, row.email, row.url) if value)
    yield _own(language, "contact", contact=contact) if contact else _own(language, "no_contact")
    yield _own(language, {"true": "urgent_yes", "false": "urgent_no"}.get(row.accepts_urgent, "urgent_unknown"))
    for key, values in (
        ("languages", {"languages": row.languages}),
        ("referral", {"ways": row.referral_method}),
        ("hours", {"hours": row.hours}),
        ("certificates", {"certificates": row.certificates}),
        ("volume", {"figures": row.volume_figures}),
    ):
        if all(values.values()):
            yield _own(language, key, **values)
    yield _cost(row, language, as_of)
    if row.source and row.source_date:
        yield _own(language, "stated", source=row.source, date=row.source_date)
    else:
        yield _own(language, "no_source")
    if _unconfirmed(row, as_of):
        yield _own(language, "unconfirmed")


def _cost(row: Service, language: str, as_of: datetime.date | None) -> Sentence:
    """A cost only with currency, date and source, and only while it is not old."""
    cost = row.cost
    if cost is None:
        return _own(language, "cost_missing")
    if lacking := cost.missing():
        return _own(language, "cost_incomplete", missing=listed(language, lacking))
    if as_of is None or _months(cost.date, as_of) > _OLD_MONTHS:
        return _own(language, "cost_old")
    label = cost.label or say(language, "letter", "unknown", "letter")
    given = {"low": cost.low, "high": cost.high, "currency": cost.currency, "source": cost.source, "date": cost.date}
    return _own(language, "cost", label=label, **given)


def _months(date: str, as_of: datetime.date) -> int:
    then = datetime.date.fromisoformat(date)
    return (as_of.year - then.year) * 12 + as_of.month - then.month


def _unconfirmed(row: Service, as_of: datetime.date | None) -> bool:
    if row.active not in {"true", "yes"}:
        return True
    last = row.verified_on or row.source_date
    expired = bool(as_of and row.valid_until and datetime.date.fromisoformat(row.valid_until) < as_of)
    return expired or not last or bool(as_of and _months(last, as_of) > _UNCONFIRMED_MONTHS)
