"""``calcimetry check``: what lies there, which images would be used for what, and why. Headers only."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from calcimetry.cli.options import FORMAT, Format, emit_json, progress

if TYPE_CHECKING:
    from calcimetry.read.projections import View

__all__ = ["register"]


def check(
    path: Path = typer.Argument(help="Folder, file, zip or DICOMDIR; NIfTI, NRRD or MHA; PNG, TIFF, JPEG or PGM."),
    study: str | None = typer.Option(
        None, "--study", metavar="UID", help="Which study, where the input holds several."
    ),
    follow_links: bool = typer.Option(False, "--follow-links", help="Read files that links in the folder lead to."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress."),
    format: Format = FORMAT,
) -> None:
    """Say what lies at PATH, which images would be used, which not, and why."""
    from calcimetry.core.errors import AmbiguousInputError
    from calcimetry.read import choose, index

    found = index(path, follow_links=follow_links, progress=progress(quiet or format is Format.json))
    try:
        choice = choose(found, study_uid=study)
    except AmbiguousInputError as error:
        # What lies there is the answer here; only `analyze` must be told which one.
        if format is Format.json:
            emit_json(
                {
                    "files": found.files,
                    "studies": list(error.choices),
                    "used": [],
                    "views": [],
                    "volumes": [],
                    "not_used": [],
                }
            )
        else:
            typer.echo(
                f"{found.files} files, more than one study; choose with --study and what stands first in its line:"
            )
            for one in error.choices:
                typer.echo(f"  {one}")
        raise typer.Exit(3) from None
    used: list[dict[str, Any]] = [
        {
            "what": one.what,
            "modality": one.acquisition.modality,
            "kvp": one.acquisition.kvp,
            "kernel": one.acquisition.kernel,
            "thickness_mm": one.acquisition.thickness_mm,
            "gated": one.acquisition.gated,
            "shape": list(one.shape),
            "spacing_mm": list(one.spacing_mm) if one.spacing_mm else None,
            "files": one.files,
            "why": list(one.reasons),
            "notes": [asdict(note) for note in one.notes],
        }
        for one in choice.used
    ]
    views = [_view(one) for one in choice.views]
    if choice.picture is not None:
        views.append({"what": f"{choice.picture.line()}: {choice.picture.place.name}", "notes": [], "why": []})
    volumes = [str(v) for v in choice.volumes]
    left_out = [asdict(one) for one in choice.not_used]
    if format is Format.json:
        emit_json({"files": choice.index.files, "used": used, "views": views, "volumes": volumes, "not_used": left_out})
    else:
        _print(choice.index.files, used, views, volumes, left_out)
    if not (used or views or volumes):
        raise typer.Exit(3)


def _view(one: View) -> dict[str, Any]:
    """A radiograph or mammogram as plain values."""
    shot = one.first
    return {
        "what": one.what,
        "kind": shot.kind,
        "modality": shot.common.modality,
        "view": shot.view,
        "view_modifiers": list(shot.modifiers),
        "laterality": shot.laterality,
        "intent": shot.intent,
        "implant": shot.implant,
        "paddle": shot.paddle,
        "frames": len(one.shots),
        "shape": [shot.common.rows, shot.common.columns],
        "spacing_mm": list(shot.pitch.mm) if shot.pitch.mm else None,
        "scale_plane": shot.pitch.plane,
        "why": list(one.reasons),
        "notes": [asdict(note) for note in one.notes],
    }


def _print(
    files: int,
    used: list[dict[str, Any]],
    views: list[dict[str, Any]],
    volumes: list[str],
    left_out: list[dict[str, Any]],
) -> None:
    any_used = used or views or volumes
    typer.echo(f"{files} files. Would be used:" if any_used else f"{files} files. Nothing here can be assessed.")
    for one in used:
        facts = [f"{one['kvp']:g} kV" if one["kvp"] else "kV not given", f"kernel {one['kernel'] or 'not given'}"]
        facts.append({True: "gated", False: "not gated", None: "gating not stated"}[one["gated"]])
        typer.echo(f"  {one['what']}  ({', '.join(facts)})")
        for why in one["why"]:
            typer.echo(f"      because: {why}")
        for note in one["notes"]:
            typer.echo(f"      {note['severity']}: {note['text']}")
    for one in views:
        typer.echo(f"  {one['what']}")
        if one.get("shape"):
            pitch = f"{one['spacing_mm'][0]:.4g} mm ({one['scale_plane']})" if one["spacing_mm"] else "scale unknown"
            typer.echo(f"      {one['shape'][0]} x {one['shape'][1]} pixels, {pitch}")
        for why in one["why"]:
            typer.echo(f"      because: {why}")
        for note in one["notes"]:
            typer.echo(f"      {note['severity']}: {note['text']}")
    for name in volumes:
        typer.echo(f"  {name}")
    if left_out:
        typer.echo("Would not be used:")
        for one in left_out:
            typer.echo(f"  {one['what']}: {one['reason']}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)
