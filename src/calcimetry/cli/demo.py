"""``calcimetry demo``: the whole main job on a simulated study, measured beside true."""

from __future__ import annotations

from pathlib import Path

import typer

from calcimetry.cli.options import progress

__all__ = ["register"]


def demo(
    out: Path = typer.Option(Path("calcimetry-demo"), "--out", metavar="DIR", help="Where study and result go."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace an earlier demo."),
    seed: int = typer.Option(1, "--seed", help="Same seed, same bytes."),
) -> None:
    """Make a simulated chest CT with known calcium as DICOM, analyze it, print measured and true values."""
    from calcimetry import phantom, report, run
    from calcimetry.cli.demo_table import side_by_side

    tell = progress(False)
    study, result = out / "study", out / "result"
    report.check_place(result, overwrite=overwrite)
    if not study.exists():
        if tell:
            tell("simulating a chest with known calcium", 0, 0)
        phantom.write_study(phantom.simulate("thorax-demo", seed=seed), study, seed=seed)
    case = run.analyze(
        study / "dicom",
        regions=study / "regions.nii.gz",
        subject=study / "subject.toml" if (study / "subject.toml").exists() else None,
        progress=tell,
    )
    report.write(case, result, overwrite=overwrite)
    typer.echo(side_by_side(case, phantom.read_truth(study / "truth.json")))
    typer.echo(f"\npage: {(result / 'page.html').resolve()}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
