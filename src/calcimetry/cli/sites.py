"""``calcimetry sites``: what can be assessed, and how well."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from calcimetry.cli.options import FORMAT, Format, emit_json, table

__all__ = ["register"]


def sites(format: Format = FORMAT) -> None:
    """What can be assessed today, by which regions and scores, and what cannot."""
    from calcimetry import sites as known

    rows = [
        {
            "site": word,
            "profile": profile.id,
            "modalities": list(profile.modalities),
            "structures": list(structures),
            "regions": list(profile.locators),
            "scores": list(profile.scores),
            "scales": list(profile.scales.get(word, ())),
            "status": profile.status,
        }
        for profile in known.profiles()
        for word, structures in profile.structures.items()
    ]
    served = {row["site"] for row in rows}
    others = [word for word in known.site_words() if word not in served]
    if format is Format.json:
        emit_json({"sites": rows, "only_in_given_regions": others})
        return
    lines = [
        (
            str(row["site"]),
            "/".join(profile_regions(row)),
            ", ".join(map(str, row["scales"])) or "-",
            str(row["status"]),
        )
        for row in rows
    ]
    typer.echo(table(lines, ("site", "regions", "scales", "today")))
    typer.echo("\nAlso measured inside regions that name them: " + ", ".join(others))


def profile_regions(row: Mapping[str, object]) -> list[str]:
    """How the regions of a row are found."""
    regions = row["regions"]
    return [str(r) for r in regions] if isinstance(regions, list) else []


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sites)
