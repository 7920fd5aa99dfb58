"""``calcimetry explain``: the reasoning alone, from typed findings."""

from __future__ import annotations

import datetime
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from calcimetry.cli.options import emit_json

__all__ = ["register"]


class Audience(StrEnum):
    """For whom the text is."""

    clinician = "clinician"
    patient = "patient"


class Form(StrEnum):
    """How the answer is printed."""

    text = "text"
    json = "json"
    html = "html"
    fhir = "fhir"


class Units(StrEnum):
    """How laboratory values are shown."""

    conventional = "mg/dL"
    si = "mmol/L"


EXAMPLES = """\b
Examples:
  calcimetry explain case.json                              what it may be, what to do, how soon, who says so
  calcimetry explain case.toml --audience patient           the same in plain words
  calcimetry explain --template kidney_parenchyma           an empty case for this site
  calcimetry explain case.json --labs bundle.json --format json
"""


def explain(
    case: Path | None = typer.Argument(None, help="Case file: JSON, TOML or YAML (calcimetry-case/1)."),
    audience: Audience = typer.Option(Audience.clinician, "--audience", help="Whose text is printed."),
    template: str | None = typer.Option(None, "--template", metavar="SITE", help="Print an empty case for this site."),
    labs: Path | None = typer.Option(
        None, "--labs", metavar="FILE", help="More laboratory values: FHIR Bundle, NDJSON or CSV."
    ),
    prepare: bool = typer.Option(False, "--prepare", help="What the person takes along to the visit."),
    letter: bool = typer.Option(False, "--letter", help="A referral letter to the proposed service."),
    directory: Path | None = typer.Option(
        None, "--directory", metavar="FILE", help="Services that a site lists itself: FHIR or CSV."
    ),
    near: str | None = typer.Option(
        None, "--near", metavar="LAT,LON", help="Where the person is, for distances in --directory."
    ),
    units: Units = typer.Option(Units.conventional, "--units", help="How laboratory values are shown."),
    region: str | None = typer.Option(None, "--region", metavar="EU|UK|US", help="Whose guidelines come first."),
    language: str = typer.Option("en", "--language", metavar="LANG", help="Language of the texts."),
    emergency_number: str | None = typer.Option(
        None, "--emergency-number", metavar="NUMBER", help="What to call in an emergency, as at this site: 112, 911."
    ),
    as_of: datetime.datetime | None = typer.Option(
        None, "--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="Day from which due dates are counted."
    ),
    format: Form = typer.Option(Form.text, "--format", help="text; json: one document, nothing else; html, fhir."),
) -> None:
    """Say what kind of calcium it may be, why there, which tests, who, how soon, and who says so."""
    from calcimetry import explain as stage
    from calcimetry.core.errors import UsageError

    if template is not None:
        emit_json(stage.template(template))
        return
    if case is None:
        raise UsageError("name a case file, or a site with --template")
    values = dict(stage.read_case(case))
    if labs is not None:
        rows, left = stage.read_labs(labs)
        values["labs"] = [*(values.get("labs") or []), *rows]
        for what in left:
            typer.echo(f"not read from {labs}: {what}", err=True)
    day = as_of.date() if as_of is not None else _today()
    number = _number(emergency_number)
    found = stage.explain(
        values, units=units.value, region=region, as_of=day, language=language, emergency_number=number, where=str(case)
    )
    if prepare or letter or directory is not None:
        from calcimetry.explain import words

        page: str | dict[str, Any]
        if directory is not None and not (prepare or letter):
            page = words.directory(
                found, values, services=directory, language=language, form=format.value, place=_place(near), as_of=day,
                emergency_number=number,
            )  # fmt: skip
        else:
            make = words.prepare if prepare else words.letter
            page = make(found, values, language=language, form=format.value, emergency_number=number)
        if isinstance(page, str):
            typer.echo(page)
        else:
            emit_json(page)
    elif format is Form.json:
        emit_json(found.record())
    elif format is Form.text:
        typer.echo("\n".join(_lines(found, audience.value)))
    else:
        raise UsageError(f"--format {format.value} goes with --prepare, --letter or --directory")


def _number(given: str | None) -> str | None:
    """A telephone number as given: digits, blanks, and the signs that numbers are written with."""
    from calcimetry.core.errors import UsageError

    if given is None:
        return None
    if not re.fullmatch(r"\+?[0-9][0-9 ()/-]{1,19}", given.strip()):
        raise UsageError(f"--emergency-number {given[:30]!r}: expected a telephone number, e.g. 112")
    return given.strip()


def _place(near: str | None) -> tuple[float, float] | None:
    """Latitude and longitude as given, in degrees."""
    from calcimetry.core.errors import UsageError

    if near is None:
        return None
    try:
        latitude, longitude = (float(part) for part in near.split(","))
    except ValueError as error:
        raise UsageError(f"--near {near!r}: expected latitude,longitude in degrees, e.g. 50.78,6.08") from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise UsageError(f"--near {near!r} is no place on earth")
    return latitude, longitude


def _today() -> datetime.date:
    """Today, or the day of ``SOURCE_DATE_EPOCH`` (same input, same bytes)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.datetime.now(datetime.UTC)
    return (datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch.isdigit() else now).date()


def _lines(found: Any, audience: str) -> list[str]:
    """The answer for a terminal."""
    if audience == "patient":
        return list(found.texts["patient"])
    lines = [f"Urgency: {found.urgency}"]
    lines += [f"  {flag.id}  {flag.text}  [{', '.join(flag.sources)}]" for flag in found.red_flags]
    for title, rows in (
        ("Type", found.types), ("Blood", found.metabolic_patterns), ("Causes", found.causes), ("Tests", found.tests),
        ("Who", found.referrals),
    ):  # fmt: skip
        if rows:
            lines.append(f"{title}: {', '.join(row.id for row in rows)}")
    plan = found.follow_up
    due = f", due {plan.due}" if plan.due else ""
    months = f" after {', '.join(map(str, plan.months))} months" if plan.months else ""
    lines.append(f"Follow-up: {plan.kind}{months}{due}")
    for row in found.withheld:
        needs = f" (would settle it: {', '.join(row.needs)})" if row.needs else ""
        lines.append(f"Not used: {row.what}: {row.reason}{needs}")
    return [*lines, "", *found.texts["clinician"]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(explain)
