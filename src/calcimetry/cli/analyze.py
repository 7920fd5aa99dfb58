"""``calcimetry analyze``: the main job."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from calcimetry.cli.options import FORMAT, Format, emit_json, progress

__all__ = ["register"]


class Locator(StrEnum):
    """What finds heart and vessels."""

    builtin = "builtin"
    totalsegmentator = "totalsegmentator"


EXAMPLES = """\b
Examples:
  calcimetry analyze scan/                                 what is calcified, on the terminal
  calcimetry analyze scan.zip --out result                 the same with page, tables and label map
  calcimetry analyze scan/ --regions arteries.nii.gz --spread
  calcimetry analyze scan/ --masks segmentations/          organs from TotalSegmentator's masks
  calcimetry analyze scan/ --subject person.toml --format json | jq .scores
  calcimetry analyze mammogram.png --spacing 0.1 --out result
"""


def analyze(
    path: Path = typer.Argument(help="Folder, file, zip or DICOMDIR; NIfTI, NRRD, MHA; PNG, TIFF, JPEG, PGM."),
    out: Path | None = typer.Option(
        None, "--out", metavar="DIR", help="Write page, tables, label map and record here."
    ),
    regions: Path | None = typer.Option(None, "--regions", metavar="MAP", help="Label map: NIfTI, NRRD or DICOM SEG."),
    masks: Path | None = typer.Option(
        None, "--masks", metavar="PATH", help="Masks of TotalSegmentator: their folder, or one image with all labels."
    ),
    locator: Locator = typer.Option(
        Locator.builtin, "--locator", help="What finds heart and vessels: totalsegmentator where it is installed."
    ),
    subject: Path | None = typer.Option(None, "--subject", metavar="CASE", help="What is known of the person."),
    rule: str = typer.Option("agatston-1990", "--rule", metavar="PRESET", help="Preset of the Agatston rule."),
    spread: bool = typer.Option(False, "--spread", help="Show how far all presets lie apart on this scan."),
    mass_factor: float | None = typer.Option(
        None, "--mass-factor", metavar="F", help="Calibration of mass: mg/cm3 per HU, as measured for this scanner."
    ),
    study: str | None = typer.Option(
        None, "--study", metavar="UID", help="Which study, where the input holds several."
    ),
    overwrite: bool = typer.Option(
        False, "--overwrite", help="Replace an existing result; it stays until the new stands."
    ),
    anonymous: bool = typer.Option(False, "--anonymous", help="Leave the person's name and number out of the results."),
    show_settings: bool = typer.Option(
        False, "--show-settings", help="Print every setting with its origin, then stop."
    ),
    settings: Path | None = typer.Option(
        None, "--settings", metavar="TOML", help="Settings that replace the defaults."
    ),
    jobs: int | None = typer.Option(None, "--jobs", min=1, metavar="N", help="Worker processes for compressed pixels."),
    follow_links: bool = typer.Option(False, "--follow-links", help="Read files that links in the folder lead to."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    timings: bool = typer.Option(False, "--timings", help="Seconds of each step, as one JSON line on stderr."),
    spacing: float | None = typer.Option(
        None,
        "--spacing",
        metavar="MM",
        min=0.001,
        max=10.0,
        help="Pixel of a mammogram that states none, in the object.",
    ),
    prior: Path | None = typer.Option(None, "--prior", metavar="DIR", help="An earlier result (to come)."),
    edits: Path | None = typer.Option(None, "--edits", metavar="FILE", help="A reader's corrections (to come)."),
    format: Format = FORMAT,
) -> None:
    """Read, locate, detect, measure, grade, write."""
    from calcimetry.core.errors import UsageError

    for name, value in (("--prior", prior), ("--edits", edits)):
        if value is not None:
            raise UsageError(f"{name} is still to come: this version assesses one study at a time")
    if masks is not None and (locator is not Locator.builtin or regions is not None):
        other = "--regions" if regions is not None else "--locator"
        raise UsageError(f"--masks and {other} exclude each other")
    if regions is not None and locator is not Locator.builtin:
        raise UsageError("--regions and --locator exclude each other: inside a given region nothing is located")
    from calcimetry import report, run

    chosen = run.settings_from(settings, rule=rule, mass_factor_mg_cm3_per_hu=mass_factor, spread=spread)
    if show_settings:
        rows = chosen.explained()
        if format is Format.json:
            emit_json([{"setting": n, "value": v, "origin": o} for n, v, o in rows])
        else:
            for name, value, origin in rows:
                typer.echo(f"{name} = {value}   ({origin})")
        return
    if out is not None:
        report.check_place(out, source=path, overwrite=overwrite)
    shown: dict[str, Any] = {"masks": masks} if masks is not None else {}
    if locator is not Locator.builtin:
        shown["locator"] = locator.value
    case = run.analyze(
        path,
        regions=regions,
        **shown,
        subject=subject,
        settings=chosen,
        study_uid=study,
        spacing_mm=spacing,
        jobs=jobs,
        follow_links=follow_links,
        progress=progress(quiet or format is Format.json),
    )
    if timings:
        typer.echo(json.dumps({step: round(took, 4) for step, took in case.seconds.items()}), err=True)
    if anonymous:
        case = report.anonymised(case)
    if out is not None:
        report.write(case, out, overwrite=overwrite, source=path)
    if format is Format.json:
        emit_json(report.record(case))
    else:
        typer.echo(report.text(case))
        if out is not None:
            typer.echo(f"page: {out / 'page.html'}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(analyze)
