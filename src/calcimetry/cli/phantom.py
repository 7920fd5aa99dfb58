"""``calcimetry phantom``: simulated images with known calcium, as real DICOM."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["register"]

EXAMPLES = """\b
Examples:
  calcimetry phantom thorax-demo --out chest
  calcimetry phantom qrm --out qrm --seed 7
"""


def phantom(
    recipe: str = typer.Argument(help="Id of a recipe, or a TOML file; 'list' shows the recipes."),
    out: Path | None = typer.Option(None, "--out", metavar="DIR", help="Where the study goes; must not exist."),
    seed: int = typer.Option(0, "--seed", help="Same seed, same bytes."),
) -> None:
    """Simulate a CT study with objects of known hydroxyapatite mass; write DICOM, truth and regions."""
    from calcimetry import phantom as stage
    from calcimetry.core.errors import UsageError

    if recipe == "list":
        for name, title in stage.recipes().items():
            typer.echo(f"{name:16} {title}")
        return
    if out is None:
        raise UsageError("--out DIR is needed: where the study goes")
    if out.exists():
        raise UsageError(f"{out} exists; name a new folder")
    simulation = stage.simulate(recipe, seed=seed)
    stage.write_study(simulation, out, seed=seed)
    typer.echo(
        f"{out / 'dicom'}: {simulation.volume.geometry.shape[0]} slices; truth in {out / 'truth.json'}, "
        f"regions in {out / 'regions.nii.gz'}"
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(phantom)
